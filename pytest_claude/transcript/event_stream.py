"""AWS event streams: binary frames → the events they carry.

A frame is the length of all and of its headers, a checksum of both, headers, payload, and a
checksum of all (docs.aws.amazon.com, "Event stream encoding").
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.transcript.json_values import mapping, parsed

_PRELUDE = struct.Struct(">III")
# Bytes of a header value by its type; 6 and 7 state their length.
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


@dataclass(frozen=True)
class Frame:
    """One message of an event stream.

    Attributes:
        kind: `:event-type`, or `:exception-type` of an error.
        payload: Its JSON object.
        failed: Whether it is an exception.
    """

    kind: str
    payload: Mapping[str, Any]
    failed: bool = False


def is_event_stream(body: bytes) -> bool:
    """Whether a body begins with a frame of an AWS event stream."""
    if len(body) < 16:
        return False
    total, headers, checksum = _PRELUDE.unpack_from(body)
    return bool(16 + headers <= total and zlib.crc32(body[:8]) == checksum)


def read_frames(body: bytes) -> Iterator[Frame | None]:
    """The frames of a body, in order; None for one that is cut or damaged, which is the last."""
    at = 0
    while at < len(body):
        if not is_event_stream(body[at : at + 16]):
            yield None
            return
        total, length, _ = _PRELUDE.unpack_from(body, at)
        frame = body[at : at + total]
        if len(frame) < total or zlib.crc32(frame[:-4]) != int.from_bytes(frame[-4:], "big"):
            yield None
            return
        headers = _headers(frame[12 : 12 + length])
        payload = mapping(parsed(frame[12 + length : -4]))
        failed = headers.get(":message-type") in ("exception", "error")
        kind = headers.get(":event-type") or headers.get(":exception-type") or ""
        yield Frame(kind, payload, failed)
        at += total


def message_events(body: bytes) -> Iterator[Mapping[str, Any] | None]:
    """The Messages API's events in a stream of Bedrock's `invoke-with-response-stream`."""
    for frame in read_frames(body):
        if frame is None:
            yield None
        elif frame.failed:
            yield {"type": "error", "error": {"type": frame.kind, **frame.payload}}
        else:
            yield mapping(parsed(_decoded(frame.payload.get("bytes"))))


def _decoded(value: Any) -> bytes:
    try:
        return base64.b64decode(value)
    except (TypeError, ValueError):
        return b""


def _headers(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    at = 0
    while at < len(data):
        size = data[at]
        name = data[at + 1 : at + 1 + size].decode("utf-8", "replace")
        at += 1 + size
        kind = data[at] if at < len(data) else 0
        at += 1
        if kind in (6, 7):
            length = int.from_bytes(data[at : at + 2], "big")
            headers[name] = data[at + 2 : at + 2 + length].decode("utf-8", "replace")
            at += 2 + length
        else:
            at += _SIZES.get(kind, len(data))
    return headers
