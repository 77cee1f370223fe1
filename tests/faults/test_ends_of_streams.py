"""A replayed stream ends as the recorded one did."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Any

import httpx
import pytest
from anthropic._streaming import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.recording.doors import aws, streams
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.interaction import Ended, Interaction, Request, Response, Timing
from pytest_claude.transcript.json_values import parsed
from pytest_claude.transcript.stream import assemble, read_events

REQUEST = Request("POST", "https://api.anthropic.com/v1/messages", b"{}")


def event(kind: str, blank: str = " ", **fields: Any) -> bytes:
    data = json.dumps({"type": kind, **fields})
    return f"event:{blank}{kind}\ndata:{blank}{data}\n\n".encode()


PIECE = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hi"})


def metered(error: Exception | None, *chunks: bytes) -> Response:
    """What is kept of a stream that the app reads as far as it goes."""
    kept: list[Response] = []

    def keep(body: bytes, timing: Timing, ended: Ended) -> None:
        kept.append(Response(200, body, {"content-type": "text/event-stream"}, timing, ended))

    def live() -> Any:
        yield from chunks
        if error is not None:
            raise error

    stream = streams.tee(httpx)(live(), streams.Meter(0.0, keep))
    with suppress(httpx.HTTPError):
        list(stream)
    return kept[0]


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")])
@pytest.mark.fault("T04")
def test_a_stream_ends_in_the_error_it_was_recorded_with(error: httpx.HTTPError) -> None:
    recorded = metered(error, PIECE)
    assert not recorded.complete
    entry = Recorded.of(Interaction(REQUEST, recorded))
    reread = Recorded.read(entry.text).response
    assert reread.ended == recorded.ended
    pieces = iter(streams.replay(httpx)(reread))
    assert next(pieces) == PIECE
    with pytest.raises(type(error)):
        next(pieces)


@pytest.mark.parametrize(
    "behind", [b"", b"data: [DONE]\n\n", b": keep-alive\n\n"], ids=["nothing", "DONE", "comment"]
)
@pytest.mark.parametrize("blank", ["", " "], ids=["no blank", "blank"])
def test_a_stream_whose_last_event_arrived_is_whole(blank: str, behind: bytes) -> None:
    recorded = metered(httpx.ReadError("closed"), PIECE, event("message_stop", blank) + behind)
    assert recorded.ended == "whole"


def test_a_text_that_speaks_of_the_last_event_does_not_end_a_stream() -> None:
    text = "event: message_stop\ndata: {}"
    piece = event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
    assert metered(httpx.ReadError("closed"), piece).ended == "cut"


@pytest.mark.parametrize("heartbeat", [b"event: ping\ndata: \n\n", b"event: alive\ndata:\n\n"])
def test_an_event_without_data_says_nothing(heartbeat: bytes) -> None:
    start = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    body = start + PIECE + heartbeat + PIECE + event("message_stop")
    assert list(read_events(body)) == list(read_events(body.replace(heartbeat, b"")))
    assert assemble(read_events(body)).complete


def lines_of(field: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda blank, value: f"{field}:{blank}{value}", st.sampled_from(["", " "]), values
    )


KINDS = ("message_start", "content_block_delta", "ping", "message_stop", "error", "made_up")
DATA = st.one_of(
    st.builds(
        lambda kind, n: json.dumps({"type": kind, "n": n}), st.sampled_from(KINDS), st.integers()
    ),
    st.sampled_from(["", "[DONE]", '{"type":', '"text": "a\\u2028b"}', "{\u2028}", "null"]),
)
LINES = st.one_of(
    lines_of("event", st.sampled_from(["", *KINDS])),
    lines_of("data", DATA),
    lines_of("id", st.just("1")),
    lines_of("retry", st.sampled_from(["1", "soon"])),
    st.sampled_from([": heartbeat", ":", "data", "event", "junk", "data : {}", " data: {}"]),
)


@given(
    st.lists(st.lists(LINES, max_size=4), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(1, 40), max_size=5),
)
def test_a_stream_is_read_as_the_sdk_reads_it(
    events: list[list[str]], line_end: str, sizes: list[int]
) -> None:
    text = "".join(line_end.join([*event, "", ""]) for event in events)
    body = text.encode()
    cuts = [0, *accumulate(sizes), len(body)]
    chunks = [body[start:end] for start, end in pairwise(cuts) if body[start:end]]
    theirs = [parsed(sse.data) for sse in SSEDecoder().iter_bytes(iter(chunks)) if sse.data.strip()]
    ours = list(read_events(body))
    assert ours == [value if isinstance(value, dict) else None for value in theirs]


@pytest.mark.parametrize(
    ("ended", "error"),
    [("cut", "ProtocolError"), ("timed out", "ReadTimeoutError"), ("left", "ProtocolError")],
)
def test_a_stream_of_boto3_ends_as_the_recorded_one_did(
    ended: Ended, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urllib3 = pytest.importorskip("urllib3", reason="boto3 brings it, and is not installed")
    monkeypatch.setattr(streams, "PATIENCE_S", 0)
    told: list[bool] = []
    recorded = Response(200, PIECE + PIECE, {}, Timing(0, 0, chunks=((0, len(PIECE)),)), ended)
    stream = aws.pieces_until_its_end(recorded, lambda: told.append(True))
    assert [next(stream), next(stream)] == [PIECE, PIECE]
    with pytest.raises(getattr(urllib3.exceptions, error)):
        next(stream)
    assert told == [True] * (ended == "left")


@pytest.mark.parametrize(("total_s", "silence_s"), [(3, 5), (60, 32), (86_400, 32)])
def test_a_stream_that_the_app_left_is_silent_for_half_a_minute_at_most(
    total_s: float, silence_s: float
) -> None:
    recorded = Response(200, PIECE, {}, Timing(0, total_s), "left")
    assert streams.silence_s(recorded) == silence_s
