"""What all formats share: the parts of an interaction, checked, and bodies as bytes."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from pytest_claude.recording.readers import packed
from pytest_claude.transcript.interaction import Ended, Request, Response, Timing

_NOT_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


def as_request(method: Any, url: Any, body: bytes, headers: Any) -> Request:
    """The request of one entry.

    Raises:
        TypeError: Method or URL is no text.
    """
    for name, value in (("method", method), ("URL", url)):
        if not isinstance(value, str):
            raise TypeError(f"its {name} is {value!r}")
    # Ruby writes the method as a symbol.
    return Request(method.lstrip(":").upper(), url, body, as_headers(headers))


def as_response(status: Any, body: bytes, headers: Any, **measured: Any) -> Response:
    """The response of one entry; `measured` is its timing and how it ended.

    Raises:
        TypeError: The status is no number.
    """
    if not isinstance(status, int):
        raise TypeError(f"its status is {status!r}")
    given = as_headers(headers, dropped=())
    kept = {name: value for name, value in given.items() if name not in _NOT_OF_THE_BODY}
    body = _unpacked(body, given.get("content-encoding", ""))
    return Response(status, body, kept, **measured)


def as_json(body: Any) -> Any:
    """A body that is stored as the JSON itself, as its text; any other as it is."""
    if isinstance(body, Mapping | list):
        # Dates in YAML are dates; on the wire they were text.
        return json.dumps(body, default=str, ensure_ascii=False)
    return body


def request_of(entry: Mapping[str, Any]) -> Request:
    """The request of an entry that we wrote."""
    sent = _plain_bytes(entry["body"])
    return as_request(entry["method"], entry["uri"], sent, entry["headers"])


def response_of(entry: Mapping[str, Any], *, ours: bool = False) -> Response:
    """The response of an entry in vcrpy's format, with our `timing` where it has one.

    What we wrote ourselves (`ours`) is stored decoded: gzip in it is what the app received.
    """
    timing, ended = timing_of(entry.get("timing"))
    read = _plain_bytes if ours else as_bytes
    return as_response(
        entry["status"]["code"],
        read(entry["body"]["string"]),
        entry.get("headers"),
        timing=timing,
        ended=ended,
    )


def as_bytes(body: Any) -> bytes:
    """A stored body as plain bytes: text encoded, gzip and Zstandard undone.

    Raises:
        TypeError: It is neither text nor bytes.
        ValueError: It is packed, and can't be unpacked.
    """
    plain = _plain_bytes(body)
    if plain[:4] == b"\x28\xb5\x2f\xfd":
        return packed.zstd(plain)
    if plain[:2] != b"\x1f\x8b":
        return plain
    try:
        return gzip.decompress(plain)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"a gzip body is damaged: {error}") from error


def _plain_bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogateescape")
    if not isinstance(body, bytes | bytearray):
        raise TypeError(f"a body is a {type(body).__name__}, not text")
    return bytes(body)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """A body without the encoding that its header tells; most tools leave it on plain bodies.

    Raises:
        ValueError: It is packed, and can't be unpacked.
    """
    if encoding == "deflate":
        for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):  # with a zlib header, or bare
            with suppress(zlib.error):
                return zlib.decompress(body, window)
    elif encoding == "br":
        try:
            body.decode()
        except UnicodeDecodeError:
            return packed.brotli(body)
    return body


def as_headers(headers: Any, dropped: Collection[str] = _NOT_OF_THE_BODY) -> dict[str, str]:
    """Stored headers, the first value of each; those that describe the encoding are dropped."""
    if not isinstance(headers, Mapping):
        return {}
    first = {
        str(name).lower(): str(value[0] if isinstance(value, list) and value else value)
        for name, value in headers.items()
    }
    return {name: value for name, value in first.items() if name not in dropped}


# No API keeps a connection for a day. A frozen clock once wrote some 57 years.
_LONGEST_S = 86_400


def timing_of(value: Any) -> tuple[Timing | None, Ended]:
    """The times measured, and how the response ended."""
    if not isinstance(value, Mapping):
        return None, "whole"
    first, total = _number(value.get("first_byte_s")), _number(value.get("total_s"))
    timing = None
    if first is not None and total is not None and 0 <= first <= total <= _LONGEST_S:
        timing = Timing(first, total, _number(value.get("first_token_s")), _chunks(value))
    ended: Ended = "whole" if value.get("complete") is not False else "unknown"
    match value.get("ended"):
        case "cut" | "left" | "timed out" as known if ended != "whole":
            ended = known
    return timing, ended


def _chunks(value: Mapping[str, Any]) -> tuple[tuple[float, int], ...]:
    match value.get("chunks"):
        case [*pairs]:
            with suppress(TypeError, ValueError, OverflowError):
                return tuple((float(at), int(size)) for at, size in pairs)
    return ()


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
