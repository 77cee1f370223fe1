"""Answers shortened as a fault shortens them; what the SDK makes of them is tested elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import Reply
from simulator.platforms import event_stream
from simulator.wire import events, message

from pytest_claude.recording import event_text
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.stream import assemble, read_events

REQUEST = {"model": "claude-sonnet-4-5", "messages": []}


def streamed(text: str, **more: Any) -> bytes:
    return b"".join(events(message(Reply(text, **more), REQUEST, "1")))


def kinds(body: bytes) -> list[str]:
    return [event["type"] for event in read_events(body) if event]


@given(st.text(min_size=1), st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_the_pieces_of_a_stream_are_the_stream(text: str, binary: bool, end: bytes) -> None:
    body = streamed(text)
    number = body.count(b"\n\n")
    if binary:
        body = b"".join(event_stream(events(message(Reply(text), REQUEST, "1"))))
    else:
        body = body.replace(b"\n", end)
    found = list(event_text.pieces(body))
    assert b"".join(found) == body
    assert len(found) == number


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize(
    ("kind", "key"),
    [("text_delta", "text"), ("thinking_delta", "thinking"), ("compaction_delta", "content")],
)
def test_a_secret_in_two_events_goes_whatever_ends_the_lines(
    kind: str, key: str, end: bytes
) -> None:
    def delta(text: str) -> bytes:
        data = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, key: text}}
        return event_text.event(data).replace(b"\n", end)

    halves = "sk-ant-api03-abcDEF", "_123-456789"
    answer = Response(200, b"".join(delta(half) for half in halves))
    stored = read_events(Redaction().response(answer).body)
    found = [dict(event or {})["delta"][key] for event in stored]
    assert found == ["[redacted]", ""]


@given(st.text(min_size=1), st.integers(0, 12))
def test_a_cut_stream_begins_like_the_whole_and_never_ends(text: str, deltas: int) -> None:
    whole = streamed(text)
    found = event_text.cut(whole, deltas)
    assert whole.startswith(found)
    assert kinds(found)[0] == "message_start"
    assert "message_stop" not in kinds(found)
    there = kinds(whole).count("content_block_delta")
    assert kinds(found).count("content_block_delta") == min(deltas, there)


def test_a_stream_without_content_is_cut_before_its_end() -> None:
    assert kinds(event_text.cut(streamed(""), 3)) == ["message_start"]


@given(st.text(min_size=1), st.integers(1, 100))
def test_a_stream_that_stops_says_what_the_whole_answer_would(text: str, characters: int) -> None:
    stopped = assemble(read_events(event_text.stopped(streamed(text), characters, 7)))
    plain = json.dumps(message(Reply(text), REQUEST, "1")).encode()
    message_ = json.loads(event_text.stopped(plain, characters, 7))
    assert stopped.complete
    assert stopped.message["content"][0]["text"] == text[:characters]
    assert message_["content"][0]["text"] == text[:characters]
    assert stopped.message["stop_reason"] == message_["stop_reason"] == "max_tokens"
    assert stopped.message["usage"]["output_tokens"] <= 7


def test_thinking_does_not_count_and_nothing_follows_what_does_not_fit() -> None:
    reply = {"tools": (("save", {"text": "a long argument"}), ("other", {}))}
    body = streamed("Hello.", thinking="Hm, hm, hm.", **reply)
    found = assemble(read_events(event_text.stopped(body, 10, 3))).message["content"]
    assert [block["type"] for block in found] == ["thinking", "text", "tool_use"]
    assert found[0]["thinking"] == "Hm, hm, hm."
    assert found[2]["input"] == '{"te'


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"completion": "x"}'])
def test_what_is_no_message_raises_nothing(body: bytes) -> None:
    event_text.stopped(body, 3, 1)
    event_text.cut(body, 3)
