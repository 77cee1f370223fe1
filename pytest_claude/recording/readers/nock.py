"""nock, for Node: a list of calls with `scope`, `path` and `response`."""

from __future__ import annotations

import json
from binascii import unhexlify
from collections.abc import Mapping
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "nock"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of nock's."""
    match data:
        case [{"scope": str(), "path": str(), "status": int()}, *_]:
            return True
    return False


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    return [_interaction(entry) for entry in data]


def _interaction(entry: Mapping[str, Any]) -> Interaction:
    url = entry["scope"].removesuffix(":443") + entry["path"]
    return Interaction(
        as_request(
            entry.get("method", "GET"), url, _body(entry.get("body")), entry.get("reqheaders")
        ),
        as_response(entry["status"], _body(entry.get("response")), _headers(entry)),
    )


def _body(value: Any) -> bytes:
    """Text, JSON, or, of a packed body, its pieces in hexadecimal digits."""
    if isinstance(value, list) and value and all(isinstance(piece, str) for piece in value):
        return as_bytes(unhexlify("".join(value)))
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False).encode()
    return as_bytes(value)


def _headers(entry: Mapping[str, Any]) -> Any:
    raw = entry.get("rawHeaders", entry.get("headers"))
    if isinstance(raw, list):  # name, value, name, value, …
        return dict(zip(raw[::2], raw[1::2], strict=False))
    return raw
