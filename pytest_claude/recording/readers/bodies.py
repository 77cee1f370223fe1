"""What all formats share: bodies as bytes, header names in lower case."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from typing import Any

_NOT_OF_THE_BODY = ("content-encoding", "content-length", "transfer-encoding")


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
