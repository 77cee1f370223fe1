"""Response bodies that are measured while they pass, or that end as the recorded one did."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache
from typing import Any

import anyio  # what the HTTP libraries wait with

from pytest_claude.clock import elapsed_s
from pytest_claude.recording import event_text
from pytest_claude.recording.faults import INJECTED
from pytest_claude.transcript.interaction import Ended, Response, Timing

Keep = Callable[[bytes, Timing, Ended], None]
"""Gets the body as it arrived, when, and how it ended."""

_MOST_CHUNKS = 1_000
CUT = "the recorded stream was cut here"
TIMED_OUT = "the client's timeout ended the recorded stream here"
LEFT = "the app left the recorded stream here"
PATIENCE_S = 2.0
"""How much longer than while recording a replayed stream waits for the app to leave it."""
_MOST_SILENCE_S = 30.0
"""As long as a replayed stream is silent at most, but for that."""
_FIRST_TOKEN = b"content_block_delta"
# The last event itself: a text may speak of it. Comments and the marker of other APIs may follow.
_END_OF_STREAM = re.compile(
    rb"(?:^|[\r\n])event: ?(?:message_stop|error)(?:\r\n|\r|\n)data: ?[^\r\n]*"
    rb"(?:[\r\n]+(?::[^\r\n]*|data: ?\[DONE\])?)*$"
)


def _ends(body: bytes) -> bool:
    return _END_OF_STREAM.search(body[-400:]) is not None


class Meter:
    """Notes the chunks of one body as they pass, and hands all over once, at the end."""

    def __init__(self, started: float, keep: Keep) -> None:
        self._started = started
        self._keep = keep
        self._chunks: list[bytes] = []
        self._at: list[float] = []
        self._kept = False

    @property
    def kept(self) -> bool:
        """Whether all was handed over."""
        return self._kept

    def note(self, chunk: bytes) -> None:
        """A chunk arrived."""
        self._at.append(self._elapsed_s())
        self._chunks.append(chunk)

    def leave(self) -> None:
        """The app reads no further."""
        self._end("left")

    def cut(self) -> None:
        """The server or the network ended it before its end, or the app's library gave it up."""
        self._end("cut")

    def time_out(self) -> None:
        """The client's own limit of time has ended it."""
        self._end("timed out")

    def done(self) -> None:
        """All has arrived."""
        self._end("whole")

    def _end(self, ended: Ended) -> None:
        """No more will arrive; only the first call counts."""
        if self._kept:
            return
        self._kept = True
        total_s = self._elapsed_s()
        body = b"".join(self._chunks)
        # An app that has read the last event may leave before the end of the connection.
        self._keep(body, self._timing(body, total_s), "whole" if _ends(body) else ended)

    def _elapsed_s(self) -> float:
        # Rounded where it is measured: a run that records must see the times that replay reads.
        return round(elapsed_s() - self._started, 4)

    def _timing(self, body: bytes, total_s: float) -> Timing:
        first_s = self._at[0] if self._at else total_s
        if len(self._chunks) < 2:
            return Timing(first_s, total_s)
        pairs = zip(self._at, map(len, self._chunks), strict=True)
        return Timing(first_s, total_s, self._first_token(body), tuple(pairs)[:_MOST_CHUNKS])

    def _first_token(self, body: bytes) -> float | None:
        place = body.find(_FIRST_TOKEN)
        if place < 0:
            return None
        arrived = 0
        for at, chunk in zip(self._at, self._chunks, strict=True):
            arrived += len(chunk)
            if arrived >= place + len(_FIRST_TOKEN):
                return at
        return None


@cache
def tee(library: Any) -> Any:
    """A response stream that passes chunks on as they arrive and meters them.

    httpx demands instances of its own classes, so there is one class per library.
    """

    class Tee(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any, meter: Meter) -> None:
            self._stream, self._meter = stream, meter

        def __iter__(self) -> Iterator[bytes]:
            try:
                for chunk in self._stream:
                    self._meter.note(chunk)
                    yield chunk
            except library.TimeoutException:
                self._meter.time_out()
                raise
            except Exception:  # an app that leaves closes, or is cancelled
                self._meter.cut()
                raise
            self._meter.done()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            try:
                async for chunk in self._stream:
                    self._meter.note(chunk)
                    yield chunk
            except library.TimeoutException:
                await in_a_thread(self._meter.time_out)
                raise
            except Exception:
                await in_a_thread(self._meter.cut)
                raise
            await in_a_thread(self._meter.done)

        def close(self) -> None:
            self._stream.close()
            self._meter.leave()

        async def aclose(self) -> None:
            await self._stream.aclose()
            if not self._meter.kept:
                await in_a_thread(self._meter.leave)

    return Tee


@cache
def replay(library: Any) -> Any:
    """A response stream with the recorded chunks; one that was cut ends in the same error, and one
    that the client's timeout ended in that, at once.

    One that the app left goes on, without a word, for as long as it did, within half a minute:
    what made the app leave, a limit of time as a rule, does so again. Where the app waits for more
    all the same, `read_past` is called, and it ends in an error. With `pause_s` it comes event by
    event, each after so many seconds.
    """

    class Replayed(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(
            self,
            recorded: Response,
            pause_s: float = 0,
            read_past: Callable[[], object] = lambda: None,
        ) -> None:
            self._recorded = recorded
            self._read_past = read_past
            self._pause_s = pause_s
            self._closed = threading.Event()

        def __iter__(self) -> Iterator[bytes]:
            for piece in pieces(self._recorded, by_event=self._pause_s > 0):
                if self._pause_s:
                    time.sleep(self._pause_s)
                yield piece
            self._closed.wait(silence_s(self._recorded))
            self._end()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in pieces(self._recorded, by_event=self._pause_s > 0):
                if self._pause_s:
                    await anyio.sleep(self._pause_s)
                yield piece
            if silence := silence_s(self._recorded):
                await anyio.sleep(silence)
            self._end()

        def close(self) -> None:
            self._closed.set()

        def _end(self) -> None:
            if self._recorded.complete or self._closed.is_set():
                return
            if self._recorded.ended == "timed out":
                raise library.ReadTimeout(TIMED_OUT)
            if self._recorded.ended == "left":
                self._read_past()
            what = LEFT if self._recorded.ended == "left" else CUT
            if INJECTED in self._recorded.headers:
                what = "claude.inject cut the stream here"
            raise library.RemoteProtocolError(what)

    return Replayed


def silence_s(recorded: Response) -> float:
    """For how many seconds a replayed answer says no more, until it is ended for the app."""
    if recorded.ended != "left" or recorded.timing is None:
        return 0
    return min(recorded.timing.total_s, _MOST_SILENCE_S) + PATIENCE_S


async def in_a_thread(keep: Callable[[], object]) -> None:
    """Keep an answer, or forget a call, also of a task that is cancelled.

    No file is opened in an event loop.
    """
    with anyio.CancelScope(shield=True):
        await anyio.to_thread.run_sync(keep)


def pieces(recorded: Response, *, by_event: bool = False) -> Iterator[bytes]:
    """The body in the chunks it arrived in, as far as they are known, or in its events."""
    if by_event:
        yield from event_text.pieces(recorded.body)
        return
    start = 0
    chunks = () if recorded.timing is None else recorded.timing.chunks
    for _, size in chunks:
        yield recorded.body[start : start + size]
        start += size
    if start < len(recorded.body):
        yield recorded.body[start:]
