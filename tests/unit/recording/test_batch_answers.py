"""The response that is made of a batch's result is one that a call of its own could have had."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest
from simulator.batches import CANCELED, EXPIRED, errored

from pytest_claude.recording.batches import answers
from pytest_claude.recording.doors.server import http_library
from pytest_claude.transcript.interaction import Interaction, Request
from pytest_claude.transcript.parse import parse_answer

USAGE = {
    "input_tokens": 9,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 2,
    "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 21,
    "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
    "service_tier": "batch",
}
LONG = "A text that is longer than one piece of it, with ünïcödé and 🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂."
PLACE = {"type": "char_location", "cited_text": "x", "document_index": 0, "document_title": None,
         "start_char_index": 0, "end_char_index": 1, "file_id": None}  # fmt: skip
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "a text": [{"type": "text", "text": LONG}],
    "an empty answer": [],
    "a text with citations": [{"type": "text", "text": LONG, "citations": [PLACE, PLACE]}],
    "thinking": [
        {"type": "thinking", "thinking": LONG, "signature": "Eq" * 40},
        {"type": "text", "text": "So."},
    ],
    "thinking that is not shown": [{"type": "thinking", "thinking": "", "signature": "Eq"}],
    "redacted thinking": [{"type": "redacted_thinking", "data": "abc"}],
    "tools": [
        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": [1, LONG, None]}},
        {"type": "tool_use", "id": "toolu_2", "name": "none", "input": {}},
    ],
    "a tool of the server": [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
         "input": {"query": LONG}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
         "content": [{"type": "web_search_result", "title": "t", "url": "u",
                      "encrypted_content": "e", "page_age": None}]},
    ],
}  # fmt: skip


def message(content: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": content, "stop_reason": "end_turn", "stop_sequence": None, "usage": USAGE,
        **more,
    }  # fmt: skip


@pytest.mark.parametrize("content", BLOCKS.values(), ids=BLOCKS)
def test_a_stream_spells_out_the_message_of_a_batch_for_the_sdk_and_for_us(
    content: list[dict[str, Any]],
) -> None:
    whole = message(content, stop_reason="stop_sequence", stop_sequence="END")
    made = answers.response({"type": "succeeded", "message": whole}, {}, streams=True)
    library = http_library()

    def play(request: Any) -> Any:
        return library.Response(made.status, headers=made.headers, content=made.body)

    client = library.Client(transport=library.MockTransport(play))
    body: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 9}
    messages: Any = [{"role": "user", "content": "x"}]
    with (
        anthropic.Anthropic(api_key="k", http_client=client) as app,
        app.messages.stream(**body, messages=messages) as stream,
    ):
        final = stream.get_final_message()
    plain = anthropic.types.Message.model_validate(whole)
    assert final.model_dump(exclude_none=True) == plain.model_dump(exclude_none=True)
    request = Request("POST", "https://api.anthropic.com/v1/messages", json.dumps(body).encode())
    ours = parse_answer(Interaction(request, made))
    alone = answers.response({"type": "succeeded", "message": whole}, {}, streams=False)
    theirs = parse_answer(Interaction(request, alone))
    assert ours is not None
    assert theirs is not None
    assert (ours.content, ours.usage, ours.stop_reason, ours.service_tier, ours.complete) == (
        theirs.content, theirs.usage, theirs.stop_reason, "batch", True
    )  # fmt: skip


def test_a_refusal_keeps_its_details_in_a_stream() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "no"}
    whole = message([], stop_reason="refusal", stop_details=details)
    made = answers.response({"type": "succeeded", "message": whole}, {}, streams=True)
    answer = parse_answer(Interaction(Request("POST", "https://x/v1/messages"), made))
    assert answer is not None
    assert answer.stop_reason == "refusal"
    assert b'"category": "cyber"' in made.body


@pytest.mark.parametrize(
    ("kind", "status"),
    [("invalid_request_error", 400), ("not_found_error", 404), ("request_too_large", 413)],
)
def test_an_error_of_the_request_is_the_answer_that_it_would_have_had(kind, status) -> None:
    result = errored(kind, "no such thing")
    assert answers.why_none(result) is None
    made = answers.response(result, {}, streams=True)
    assert made.status == status
    assert made.json()["error"] == {"type": kind, "message": "no such thing"}


@pytest.mark.parametrize(
    ("result", "why"),
    [(EXPIRED, "expired"), (CANCELED, "canceled"), (errored("api_error", "x"), "api_error"),
     (errored("overloaded_error", "x"), "overloaded_error"), ({}, "None")],
)  # fmt: skip
def test_what_the_service_did_not_answer_is_no_answer(result, why) -> None:
    assert answers.why_none(result) == why
