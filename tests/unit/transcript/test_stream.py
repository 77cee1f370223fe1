"""Server-sent events spell out a message; whatever the bytes are, reading them raises nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer
from pytest_claude.transcript.stream import Assembled, assemble, read_events

START: dict[str, Any] = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m", "content": [], "stop_reason": None,
                "usage": {"input_tokens": 10, "output_tokens": 1, "cache_read_input_tokens": 4}},
}  # fmt: skip
END: dict[str, Any] = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"output_tokens": 9, "input_tokens": None},
}
STOP: dict[str, Any] = {"type": "message_stop"}
OVERLOADED: dict[str, Any] = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_delta(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def json_delta(text: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": text}


def message(*events: dict[str, Any]) -> list[dict[str, Any]]:
    return [START, *events, END, STOP]


def sse(*events: dict[str, Any]) -> bytes:
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


def answered(body: bytes, status: int = 200, content_type: str = "text/event-stream") -> Answer:
    request = Request("POST", "https://api.anthropic.com/v1/messages", b'{"model": "m"}')
    response = Response(status, body, {"content-type": content_type})
    answer = parse_answer(Interaction(request, response))
    assert answer is not None
    return answer


READ = {
    "LF": (b'event: ping\ndata: {"a": 1}\n\n', [{"a": 1}]),
    "CRLF": (b'event: ping\r\ndata: {"a": 1}\r\n\r\n', [{"a": 1}]),
    "CR": (b'event: ping\rdata: {"a": 1}\r\rdata: {"b": 2}\r', [{"a": 1}, {"b": 2}]),
    "a byte order mark": (b'\xef\xbb\xbfdata: {"a": 1}\n\n', [{"a": 1}]),
    "no blank after the colon": (b'data:{"a": 1}\n\n', [{"a": 1}]),
    "padding before the brace": (b'data: {"a": 1       }\n\n', [{"a": 1}]),
    "several data lines": (b'data: {"a":\ndata: 1}\n\n', [{"a": 1}]),
    "a comment": (b': keep-alive\n\ndata: {"a": 1}\n\n', [{"a": 1}]),
    "other fields": (b'id: 7\nretry: 10\ndata: {"a": 1}\n\n', [{"a": 1}]),
    "blank lines between": (b'data: {"a": 1}\n\n\n\ndata: {"b": 2}\n\n', [{"a": 1}, {"b": 2}]),
    "no blank line at the end": (b'data: {"a": 1}', [{"a": 1}]),
    "an event without data": (b"event: ping\n\n", []),
    "a separator inside a text": ('data: {"a": "\u2028"}\n\n'.encode(), [{"a": "\u2028"}]),
    "no JSON": (b"data: [DONE]\n\n", [None]),
    "no object": (b"data: 5\n\n", [None]),
    "JSON nested without end": (b"data: " + b"[" * 100_000 + b"\n\n", [None]),
    "half a character": ('data: {"a": "é"}'.encode()[:-3], [None]),
    "nothing": (b"", []),
}


@pytest.mark.parametrize(("body", "events"), READ.values(), ids=READ)
def test_events_are_read(body: bytes, events: list[Any]) -> None:
    assert list(read_events(body)) == events


BLOCKS = {
    "text": (
        block(0, {"type": "text", "text": ""}, text_delta("Hé"), text_delta("llo")),
        [{"type": "text", "text": "Héllo"}],
    ),
    "text that the start already holds": (
        block(0, {"type": "text", "text": "He"}, text_delta("llo")),
        [{"type": "text", "text": "Hello"}],
    ),
    "tool input in pieces": (
        block(
            0,
            {"type": "tool_use", "id": "t", "name": "n", "input": {}},
            json_delta(""),
            json_delta('{"a": '),
            json_delta("[1]}"),
        ),
        [{"type": "tool_use", "id": "t", "name": "n", "input": {"a": [1]}}],
    ),
    "tool without input": (
        block(0, {"type": "tool_use", "id": "t", "name": "n", "input": {}}, json_delta("")),
        [{"type": "tool_use", "id": "t", "name": "n", "input": {}}],
    ),
    "tool input that is cut stays text": (
        block(0, {"type": "tool_use", "id": "t", "name": "n", "input": {}}, json_delta('{"a": ')),
        [{"type": "tool_use", "id": "t", "name": "n", "input": '{"a": '}],
    ),
    "thinking and signature": (
        block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm"},
            {"type": "thinking_delta", "thinking": "."},
            {"type": "signature_delta", "signature": "Eq"},
        ),
        [{"type": "thinking", "thinking": "Hm.", "signature": "Eq"}],
    ),
    "citations": (
        block(
            0,
            {"type": "text", "text": "", "citations": []},
            {"type": "citations_delta", "citation": {"n": 1}},
            text_delta("So."),
            {"type": "citations_delta", "citation": {"n": 2}},
        ),
        [{"type": "text", "text": "So.", "citations": [{"n": 1}, {"n": 2}]}],
    ),
    "citations that are no list": (
        block(
            0,
            {"type": "text", "text": "", "citations": 5},
            {"type": "citations_delta", "citation": {"n": 1}},
        ),
        [{"type": "text", "text": "", "citations": [{"n": 1}]}],
    ),
    "blocks that interleave": (
        [
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text"}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": "content_block_delta", "index": 1, "delta": text_delta("second")},
            {"type": "content_block_delta", "index": 0, "delta": text_delta("first")},
        ],
        [{"type": "text", "text": "first"}, {"type": "text", "text": "second"}],
    ),
    "unknown events and deltas": (
        [
            {"type": "ping"},
            {"type": "brand_new_event", "index": 0},
            *block(0, {"type": "text", "text": ""}, {"type": "new_delta"}, text_delta("Hi")),
            {"type": ["unhashable"]},
            {},
        ],
        [{"type": "text", "text": "Hi"}],
    ),
    "events of the wrong shape": (
        [
            {"type": "content_block_start", "index": 0, "content_block": "text"},
            {"type": "content_block_delta", "index": 0, "delta": None},
        ],
        [{}],
    ),
}


@pytest.mark.parametrize(("events", "content"), BLOCKS.values(), ids=BLOCKS)
def test_deltas_are_put_together(
    events: list[dict[str, Any]], content: list[dict[str, Any]]
) -> None:
    found = assemble(message(*events))
    assert found.message["content"] == content
    assert found.complete


def test_the_message_has_the_shape_of_the_json_answer() -> None:
    events = message(*block(0, {"type": "text", "text": ""}, text_delta("Hi")))
    assert assemble(events) == Assembled(
        message={
            "id": "msg_1",
            "model": "m",
            "content": [{"type": "text", "text": "Hi"}],
            "stop_reason": "end_turn",
            "usage": {"input_tokens": 10, "output_tokens": 9, "cache_read_input_tokens": 4},
        },
        complete=True,
        stopped=True,
        error=None,
    )


def test_the_last_cumulative_usage_wins() -> None:
    counts = ({"type": "message_delta", "usage": {"output_tokens": n}} for n in (3, 5, 8))
    assert assemble([START, *counts, STOP]).message["usage"]["output_tokens"] == 8


ENDS = {
    "whole": ([START, END, STOP], True, None),
    "no message_stop": ([START, END], False, None),
    "nothing at all": ([], False, None),
    "no JSON in the middle": ([START, None, END, STOP], False, None),
    "no JSON behind the end": ([START, END, STOP, None], True, None),
    "an error": ([START, OVERLOADED], False, OVERLOADED["error"]),
    "an error, then the end": ([START, OVERLOADED, STOP], False, OVERLOADED["error"]),
    "an error without details": ([START, {"type": "error"}], False, {}),
}


@pytest.mark.parametrize(("events", "complete", "error"), ENDS.values(), ids=ENDS)
def test_an_end_is_told_from_a_cut_and_from_an_error(
    events: list[Any], complete: bool, error: dict[str, Any] | None
) -> None:
    found = assemble(events)
    assert (found.complete, found.error) == (complete, error)


WHOLE = sse(
    *message(
        *block(
            0, {"type": "thinking", "thinking": ""}, {"type": "thinking_delta", "thinking": "…"}
        ),
        *block(1, {"type": "text", "text": ""}, text_delta("Hé"), {"type": "new_delta"}),
        {"type": "ping"},
        *block(
            2,
            {"type": "tool_use", "id": "t", "name": "n", "input": {}},
            json_delta('{"a": '),
            json_delta('"€"}'),
        ),
    )
)


@given(st.integers(0, len(WHOLE.rstrip()) - 1), st.sampled_from([b"\n", b"\r\n"]))
def test_no_truncation_passes_for_an_answer(end: int, newline: bytes) -> None:
    answer = answered(WHOLE[:end].replace(b"\n", newline))
    assert not answer.ok
    assert answer.error is not None or not answer.complete


def test_only_the_blank_lines_at_the_end_may_be_missing() -> None:
    assert answered(WHOLE.rstrip()).ok


def test_a_cut_tool_call_is_no_tool_call_of_the_transcript() -> None:
    cut = WHOLE[: WHOLE.index(b'"partial_json": "\\"')]
    answer = answered(cut)
    assert [use.input for use in answer.tool_uses] == ['{"a": ']
    assert not answer.complete


STREAMS = {
    "by its content type": (sse(STOP), "text/event-stream", True),
    "by a content type with a charset": (sse(STOP), "text/event-stream; charset=utf-8", True),
    "by a content type in capitals": (b": hello\n\n" + sse(STOP), "Text/Event-Stream", True),
    "by a body that starts with event": (sse(STOP), "", True),
    "by a body that starts with data": (b'data: {"type": "message_stop"}\n\n', "", True),
    "by data without a blank": (b'data:{"type":"message_stop"}\n\n', "", True),
    "not by text in a JSON answer": (b'{"content": "event: data:"}', "application/json", False),
}


@pytest.mark.parametrize(("body", "content_type", "stream"), STREAMS.values(), ids=STREAMS)
def test_a_stream_is_recognized(body: bytes, content_type: str, stream: bool) -> None:
    answer = answered(body, content_type=content_type)
    assert (answer.stream, answer.complete) == (stream, True)


@pytest.mark.parametrize("status", [200, 529])
def test_an_error_event_makes_an_error_answer_whatever_the_status(status: int) -> None:
    answer = answered(sse(OVERLOADED), status=status)
    assert answer.error is not None
    assert (answer.error.type, answer.error.message) == ("overloaded_error", "Overloaded")
    assert (answer.status, answer.ok) == (status, False)


def test_many_small_deltas_are_joined_once() -> None:
    pieces = [text_delta("ab")] * 20_000
    found = assemble(message(*block(0, {"type": "text", "text": ""}, *pieces)))
    assert found.message["content"][0]["text"] == "ab" * 20_000
