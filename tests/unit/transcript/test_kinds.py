"""What the API can say besides text and tool calls: all of it is in the transcript."""

from __future__ import annotations

import json
from typing import Any

import pytest
from simulator.platforms import event_stream

from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_transcript

API = "https://api.anthropic.com"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-v2"
ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def sse(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {e.get('type')}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def call(
    said: bytes, asked: Any = ASKED, url: str = f"{API}/v1/messages", **more: Any
) -> Interaction:
    method = "POST" if asked is not None else "GET"
    sent = b"" if asked is None else dumped(asked)
    return Interaction(Request(method, url, sent), Response(more.pop("status", 200), said, **more))


def answered(said: bytes, **more: Any) -> Answer:
    [answer] = parse_transcript([call(said, **more)]).answers
    return answer


def message(*content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "model": "m-1", "content": list(content), "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 2}, **more}  # fmt: skip


def streamed(*events: dict[str, Any]) -> bytes:
    return sse(
        {"type": "message_start", "message": {"model": "m-1", "content": []}},
        *events,
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    )


PROMPT = {"prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 9}
PIECES = [
    {"type": "completion", "completion": " Hel", "stop_reason": None, "model": "claude-2.1"},
    {"type": "ping"},
    {
        "type": "completion",
        "completion": "lo",
        "stop_reason": "stop_sequence",
        "model": "claude-2.1",
    },
]
WHOLE = {"type": "completion", "completion": " Hello", "stop_reason": "stop_sequence"}
COMPLETIONS = {
    "JSON": (f"{API}/v1/complete", dumped(WHOLE)),
    "a stream": (f"{API}/v1/complete", sse(*PIECES)),
    "a stream with CRLF": (f"{API}/v1/complete", sse(*PIECES).replace(b"\n", b"\r\n")),
    "Bedrock": (f"{BEDROCK}/invoke", dumped(WHOLE)),
    "a stream of Bedrock": (
        f"{BEDROCK}/invoke-with-response-stream",
        b"".join(event_stream(sse(piece) for piece in PIECES)),
    ),
}


@pytest.mark.parametrize(("url", "said"), COMPLETIONS.values(), ids=COMPLETIONS)
def test_a_text_completion_of_the_first_models(url: str, said: bytes) -> None:
    answer = answered(said, url=url, asked={**PROMPT, "model": "claude-2.1"})
    assert (answer.text, answer.stop_reason, answer.complete) == (" Hello", "stop_sequence", True)
    assert answer.request.messages == ({"role": "user", "content": PROMPT["prompt"]},)
    assert answer.request.max_tokens == 9
    assert answer.blocks == ("text",)


def test_a_text_completion_that_is_cut_is_incomplete() -> None:
    answer = answered(sse(*PIECES[:-1]), url=f"{API}/v1/complete", asked=PROMPT)
    assert (answer.text, answer.complete, answer.ok) == (" Hel", False, False)


CREATED = call(
    dumped({"id": "msgbatch_1", "type": "message_batch"}),
    {"requests": [{"custom_id": "a", "params": ASKED}, {"custom_id": "b", "params": ASKED}]},
    f"{API}/v1/messages/batches",
)
INVALID = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"},
           "request_id": "req_1"}  # fmt: skip
RESULTS = call(
    b"\n".join(map(dumped, [
        {"custom_id": "b", "result": {"type": "errored", "error": INVALID}},
        {"custom_id": "a", "result": {"type": "succeeded",
                                      "message": message({"type": "text", "text": "Hello."})}},
        {"custom_id": "c", "result": {"type": "expired"}},
    ])),
    None,
    f"{API}/v1/messages/batches/msgbatch_1/results",
)  # fmt: skip


def test_the_results_of_a_batch_are_answers_to_what_it_asked() -> None:
    answers = parse_transcript([CREATED, RESULTS, RESULTS]).answers
    assert [(a.number, a.custom_id, a.model, a.text, a.ok) for a in answers] == [
        (2, "b", "m", "", False),
        (2, "a", "m", "Hello.", True),
        (2, "c", None, "", False),
    ]
    assert answers[1].request.messages == tuple(ASKED["messages"])
    first, last = answers[0].error, answers[2].error
    assert first is not None
    assert last is not None
    assert (first.type, first.message, first.request_id) == ("invalid_request_error", "no", "req_1")
    assert last.type == "expired"


def test_results_whose_request_is_not_recorded_are_answers_too() -> None:
    assert [a.text for a in parse_transcript([RESULTS]).answered] == ["Hello."]


@pytest.mark.parametrize("body", [b"", b"[1]\n5\n{}", b'{"result": 1}', b"\xff"])
def test_results_that_are_none_raise_nothing(body: bytes) -> None:
    results = call(body, None, f"{API}/v1/messages/batches/x/results")
    assert parse_transcript([results]).answers == ()


def test_compaction_and_context_management() -> None:
    edits = [{"type": "clear_tool_uses_20250919", "cleared_tool_uses": 3}]
    compaction = {"type": "compaction", "content": "They talked."}
    whole = answered(dumped(message(compaction, context_management={"applied_edits": edits})))
    stream = answered(
        streamed(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "compaction"}},
            {"type": "content_block_delta", "index": 0,
             "delta": {"type": "compaction_delta", "content": "They talked."}},
            {"type": "message_delta", "delta": {}, "context_management": {"applied_edits": edits}},
        )
    )  # fmt: skip
    for answer in (whole, stream):
        assert answer.content == (compaction,)
        assert answer.context_edits == tuple(edits)
        assert answer.unknown_events == ()


@pytest.mark.fault("A07")
def test_what_is_unknown_is_kept_as_it_was_sent() -> None:
    event = {"type": "brand_new", "x": 1}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "new_delta", "y": 2}}
    answer = answered(
        streamed(
            {"type": "content_block_start", "index": 0, "content_block": {"type": "hologram"}},
            delta,
            event,
            {"type": "message_delta", "delta": {"mood": "calm"}},
        )
    )
    assert answer.unknown_events == (delta, event)
    assert answer.blocks == ("hologram",)
    assert answer.content == ({"type": "hologram"},)
    assert answer.other_fields == {"mood": "calm"}
    assert answer.ok


def test_stop_details_and_the_sequence_that_stopped_it() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "No."}
    answer = answered(dumped(message(stop_reason="refusal", stop_details=details)))
    assert (answer.stop_details, answer.refusal_category) == (details, "cyber")
    answer = answered(dumped(message(stop_reason="stop_sequence", stop_sequence="END")))
    assert answer.stop_sequence == "END"


def test_server_tools_have_their_results_and_counts() -> None:
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
    found = [{"type": "web_search_result", "url": "https://e.example"}]
    failed = {"type": "web_fetch_tool_result_error", "error_code": "unavailable"}
    usage = {"server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 2}}
    answer = answered(
        dumped(
            message(
                use,
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": found},
                {"type": "web_fetch_tool_result", "tool_use_id": "t", "content": failed},
                usage=usage,
            )
        )
    )
    assert [use.name for use in answer.server_tool_uses] == ["web_search"]
    assert [(r.tool_use_id, r.is_error) for r in answer.server_tool_results] == [
        ("s", False),
        ("t", True),
    ]
    assert answer.server_tool_results[0].content == found
    assert (answer.usage.web_searches, answer.usage.web_fetches) == (1, 2)


def test_images_and_documents_are_references() -> None:
    png = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    inner = {"type": "image", "source": png}
    content = [
        inner,
        {"type": "document", "title": "Terms",
         "source": {"type": "url", "url": "https://e.example/x.pdf"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "tool_result", "tool_use_id": "t", "content": [inner]},
    ]  # fmt: skip
    asked = {"model": "m", "messages": [{"role": "user", "content": content}]}
    found = answered(dumped(message()), asked=asked).request.attachments
    assert [(a.kind, a.media_type, a.title, a.size_bytes) for a in found] == [
        ("image", "image/png", None, 3),
        ("document", None, "Terms", None),
        ("document", None, None, None),
        ("image", "image/png", None, 3),
    ]
    assert [a.reference for a in found[1:3]] == ["https://e.example/x.pdf", "file_1"]
    assert found[0].reference == found[3].reference
    assert found[0].reference.startswith("sha256:")


CONVERSE = f"{BEDROCK.replace('v2', 'sonnet-4-5')}/converse"


def test_converse_states_citations_cache_split_and_tier_in_its_own_words() -> None:
    cited = {"content": [{"text": "So."}], "citations": [{"title": "x"}]}
    usage = {
        "inputTokens": 1,
        "outputTokens": 2,
        "cacheWriteInputTokens": 5,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 2}, {"ttl": "1h", "inputTokens": 3}],
    }
    said = {
        "output": {"message": {"role": "assistant", "content": [{"citationsContent": cited}]}},
        "stopReason": "end_turn",
        "usage": usage,
        "serviceTier": {"type": "priority"},
    }
    answer = answered(dumped(said), url=CONVERSE, asked={"messages": []})  # fmt: skip
    assert (answer.text, answer.citations, answer.service_tier) == ("So.", 1, "priority")
    assert (answer.usage.cache_write_5m_tokens, answer.usage.cache_write_1h_tokens) == (2, 3)


@pytest.mark.parametrize("ttl", [None, 5, ["5m"], {"a": 1}, "2h"])
def test_a_cache_time_that_is_none_is_passed_over(ttl: Any) -> None:
    said = {"usage": {"cacheWriteInputTokens": 5, "cacheDetails": [{"ttl": ttl}]}}
    answer = answered(dumped(said), url=CONVERSE, asked={"messages": []})
    assert (answer.usage.cache_write_5m_tokens, answer.usage.cache_write_1h_tokens) == (5, None)


def test_the_id_of_a_failed_request_is_in_the_body_the_event_or_the_header() -> None:
    error = {"type": "error", "error": {"type": "api_error", "message": "no"}}
    header = {"request-id": "req_h"}
    ids = [
        answered(dumped({**error, "request_id": "req_b"}), status=500, headers=header),
        answered(dumped(error), status=500, headers=header),
        answered(b"<html>Bad gateway</html>", status=502, headers=header),
        answered(sse({**error, "request_id": "req_e"})),
    ]
    found = [answer.error.request_id for answer in ids if answer.error is not None]
    assert found == ["req_b", "req_h", "req_h", "req_e"]


@pytest.mark.parametrize("first", [b": ok\n\n", b"id: 1\n", b"retry: 5\n\n", b"\xef\xbb\xbf"])
def test_a_stream_is_known_without_its_content_type(first: bytes) -> None:
    block = {"type": "content_block_start", "index": 0,
             "content_block": {"type": "text", "text": "Hello."}}  # fmt: skip
    answer = answered(first + streamed(block))
    assert (answer.text, answer.stream, answer.complete) == ("Hello.", True, True)


def test_json_under_the_content_type_of_a_stream_is_json() -> None:
    kind = {"content-type": "text/event-stream"}
    answer = answered(dumped(message({"type": "text", "text": "Hello."})), headers=kind)
    assert (answer.text, answer.complete) == ("Hello.", True)
