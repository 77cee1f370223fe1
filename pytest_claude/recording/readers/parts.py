"""What all formats share: the parts of an interaction, checked, and bodies as bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

from pytest_claude.transcript.interaction import Request, Response

_NOT_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


def as_request(method: Any, url: Any, body: bytes, headers: Any) -> Request:
    """The request of one entry.

    Raises:
        TypeError: Method or URL is no text.
    """
    for name, value in (("method", method), ("URL", url)):
        if not isinstance(value, str):
            raise TypeError(f"its {name} is {value!r}")
    return Request(method.upper(), url, body, as_headers(headers))


def as_response(status: Any, body: bytes, headers: Any, **measured: Any) -> Response:
    """The response of one entry; `measured` is its timing and whether it is complete.

    Raises:
        TypeError: The status is no number.
    """
    if not isinstance(status, int):
        raise TypeError(f"its status is {status!r}")
    return Response(status, body, as_headers(headers), **measured)


def as_bytes(body: Any) -> bytes:
    """A stored body as plain bytes: text encoded, gzip undone.

    Raises:
        TypeError: It is neither text nor bytes.
    """
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogateescape")
    if not isinstance(body, bytes | bytearray):
        raise TypeError(f"a body is a {type(body).__name__}, not text")
    if body[:2] == b"\x1f\x8b":
        try:
            return gzip.decompress(bytes(body))
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"a gzip body is damaged: {error}") from error
    return bytes(body)


def as_headers(headers: Any) -> dict[str, str]:
    """Stored headers, the first value of each; those that describe the encoding are dropped."""
    if not isinstance(headers, Mapping):
        return {}
    first = {
        str(name).lower(): str(value[0] if isinstance(value, list) and value else value)
        for name, value in headers.items()
    }
    return {name: value for name, value in first.items() if name not in _NOT_OF_THE_BODY}
