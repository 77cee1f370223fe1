"""Interactions of the Messages API become a transcript."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.transcript.interaction import Ended, Interaction, Request, Response
from pytest_claude.transcript.model import Usage
from pytest_claude.transcript.parse import parse_answer, parse_transcript

URL = "https://api.anthropic.com/v1/messages"
BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def interaction(
    answer: Any, *, status: int = 200, body: Any = BODY, stream: bool = False, url: str = URL
) -> Interaction:
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    kind = "text/event-stream" if stream else "application/json"
    return Interaction(
        Request("POST", url, json.dumps(body).encode()),
        Response(status, data, {"content-type": kind}),
    )


def sse(*events: dict[str, Any], end: str = "\n") -> bytes:
    lines = (f"event: {e['type']}{end}data: {json.dumps(e)}{end}{end}" for e in events)
    return "".join(lines).encode()


MESSAGE = {
    "id": "msg_1",
    "model": "m-20250101",
    "stop_reason": "tool_use",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "Let me "},
        {"type": "text", "text": "look.", "citations": [{}, {}]},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"a": 1}},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        {"type": "something_new", "x": 1},
    ],
    "usage": {
        "input_tokens": 10,
        "output_tokens": 20,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 1},
        "output_tokens_details": {"thinking_tokens": 7},
    },
}
STREAM = (
    # It names a reason already, as no answer of the API does.
    {"type": "message_start", "message": {**MESSAGE, "content": [], "usage": {"input_tokens": 10}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hé"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "llo"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "x": 1}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1,
     "content_block": {"type": "tool_use", "id": "t", "name": "look", "input": {}}},
    {"type": "content_block_delta", "index": 1,
     "delta": {"type": "input_json_delta", "partial_json": ""}},
    {"type": "content_block_delta", "index": 1,
     "delta": {"type": "input_json_delta", "partial_json": '{"a": '}},
    {"type": "content_block_delta", "index": 1,
     "delta": {"type": "input_json_delta", "partial_json": "[1]}"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "brand_new_event"},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
)  # fmt: skip


def test_a_message_with_every_kind_of_block() -> None:
    answer = parse_answer(interaction(MESSAGE))
    assert answer is not None
    assert answer.ok
    assert (answer.model, answer.served_model) == ("m", "m-20250101")
    assert (answer.text, answer.thinking) == ("Let me look.", "Hm.")
    assert [(use.name, use.input, use.index) for use in answer.tool_uses] == [("look", {"a": 1}, 3)]
    assert [use.name for use in answer.server_tool_uses] == ["web_search"]
    assert answer.blocks[-1] == "something_new"
    assert answer.citations == 2
    assert answer.usage == Usage(10, 20, 3, 4, 1, 7)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_a_stream_spells_out_a_message(end: str) -> None:
    answer = parse_answer(interaction(sse(*STREAM, end=end), stream=True))
    assert answer is not None
    assert answer.ok
    assert answer.stream
    assert answer.text == "Héllo"
    assert answer.tool_uses[0].input == {"a": [1]}
    assert answer.stop_reason == "tool_use"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (10, 9)


def test_a_stream_that_ends_in_an_error_is_an_error() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    answer = parse_answer(interaction(sse(*STREAM[:5], error), stream=True))
    assert answer is not None
    assert not answer.ok
    assert answer.error is not None
    assert answer.error.type == "overloaded_error"


LAST_EVENTS = {"whole": b'"message_stop"}', "left": b'"usage": {"output_tokens": 9}}'}


@pytest.mark.parametrize("ended", get_args(Ended))
def test_a_stream_is_whole_at_its_end_or_where_the_app_leaves_at_its_stop_reason(
    ended: Ended,
) -> None:
    whole = sse(*STREAM)
    for end in range(len(whole)):
        cut = interaction(whole[:end], stream=True)
        answer = parse_answer(replace(cut, response=replace(cut.response, ended=ended)))
        assert answer is not None
        assert answer.ok == (ended in LAST_EVENTS and LAST_EVENTS[ended] in whole[:end]), end


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_an_answer_or_an_error(data: bytes, stream: bool) -> None:
    assert parse_answer(interaction(data, stream=stream)) is not None


def test_an_error_reply() -> None:
    error = {"type": "error", "error": {"type": "not_found_error", "message": "no"},
             "request_id": "req_1"}  # fmt: skip
    answer = parse_answer(interaction(error, status=404))
    assert answer is not None
    assert not answer.ok
    assert answer.error is not None
    assert (answer.status, answer.error.message, answer.error.request_id) == (404, "no", "req_1")


@pytest.mark.parametrize("data", [b"<html>Bad gateway</html>", b"", b"[1]", b"null"])
def test_what_is_no_answer_of_the_api_is_an_error(data: bytes) -> None:
    answer = parse_answer(interaction(data, status=200))
    assert answer is not None
    assert answer.error is not None


@pytest.mark.parametrize("url", [f"{URL}/count_tokens", "https://api.anthropic.com/v1/models"])
def test_other_endpoints_are_no_answers(url: str) -> None:
    assert parse_answer(interaction({"input_tokens": 3}, url=url)) is None


@pytest.mark.parametrize(
    "body",
    [None, [], {"messages": "x", "tools": 3, "model": 7}, {"messages": [1, None, {"role": 2}]}],
)
def test_any_request_can_be_viewed(body: Any) -> None:
    answer = parse_answer(interaction(MESSAGE, body=body))
    assert answer is not None
    view = answer.request
    assert view.model is None
    assert (view.system, view.tools, view.tool_names) == ("", (), ())
    assert parse_transcript([interaction(MESSAGE, body=body)] * 2).last is not None


def said(*turns: str) -> dict[str, Any]:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": t} for n, t in enumerate(turns)]}


def test_conversations_are_told_apart() -> None:
    ok = {"content": [], "stop_reason": "end_turn"}
    bodies = [said("a"), said("x"), said("a", "b", "c"), said("x", "y", "z"), said("a")]
    transcript = parse_transcript([interaction(ok, body=body) for body in bodies])
    assert [[a.number for a in c] for c in transcript.conversations] == [[1, 3], [2, 4], [5]]
    assert transcript.last is not None
    assert transcript.last.number == 5


PREFILLS: list[tuple[Any, str]] = [
    ("{", "{"),
    ([{"type": "text", "text": "```"}, {"type": "text", "text": "json"}], "```json"),
    ([], ""),
    ([{"type": "server_tool_use", "name": "web_search"}, {"type": "text", "text": "So"}], ""),
    ([{"type": "thinking", "thinking": "Hm."}], ""),
]


@pytest.mark.parametrize(("content", "prefill"), PREFILLS, ids=str)
def test_a_beginning_of_the_answer_is_part_of_its_text(content: Any, prefill: str) -> None:
    body = {
        "messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": content}]
    }
    answers = parse_transcript([interaction(MESSAGE, body=body)]).answers
    assert answers[0].request.prefill == prefill
    plain = parse_transcript([interaction(MESSAGE)]).answers[0].text
    assert plain
    assert answers[0].text == prefill + plain
    silent = parse_transcript([interaction({"content": []}, body=body)]).answers[0]
    assert silent.text == "", "what was refused or never said has no text"


def test_a_retry_stays_in_its_conversation() -> None:
    bad = interaction({"type": "error", "error": {}}, status=529)
    transcript = parse_transcript([bad, interaction(MESSAGE)])
    assert len(transcript.conversations) == 1
    assert transcript.last is not None
    assert transcript.last.ok


def test_tool_results_are_found_in_later_requests() -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "ok", "is_error": True}
    body = {"messages": [{"role": "user", "content": [result]}]}
    found = parse_transcript([interaction(MESSAGE, body=body)]).tool_results
    assert (found["t1"].content, found["t1"].is_error) == ("ok", True)


def test_usage_adds_what_is_known() -> None:
    assert Usage(1, None, 2) + Usage(3, 4) == Usage(4, 4, 2)
    assert parse_transcript([]).usage == Usage()


WRITTEN: dict[str, tuple[dict[str, Any], tuple[int | None, int | None]]] = {
    "before the split": ({"cache_creation_input_tokens": 5}, (5, None)),
    "split": (
        {
            "cache_creation_input_tokens": 5,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 1},
        },
        (4, 1),
    ),
    "split, one of them stated": (
        {
            "cache_creation_input_tokens": 5,
            "cache_creation": {"ephemeral_1h_input_tokens": 5},
        },
        (None, 5),
    ),
    "not stated": ({"cache_creation": None}, (None, None)),
    "of another type": ({"cache_creation_input_tokens": "5"}, (None, None)),
}


@pytest.mark.parametrize(("usage", "written"), WRITTEN.values(), ids=WRITTEN)
def test_no_cache_write_is_counted_twice(
    usage: dict[str, Any], written: tuple[int | None, int | None]
) -> None:
    answer = parse_answer(interaction({"content": [], "usage": usage}))
    assert answer is not None
    assert (answer.usage.cache_write_5m_tokens, answer.usage.cache_write_1h_tokens) == written


def test_what_is_not_stated_gets_no_made_up_name() -> None:
    use = {"type": "tool_use", "id": None, "name": None, "input": {}}
    body = {
        "max_tokens": True,
        "messages": [{"role": "user", "content": [{"type": "tool_result"}]}],
    }
    transcript = parse_transcript([interaction({"content": [use]}, body=body)])
    (found,) = transcript.tool_uses
    assert (found.id, found.name) == ("", "")
    assert transcript.answers[0].request.max_tokens is None
    assert transcript.tool_results == {}
