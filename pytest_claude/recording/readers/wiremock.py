"""WireMock's mappings: what a request must look like, and the response to give."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "WireMock"

_URLS = ("url", "urlPath", "urlPattern", "urlPathPattern")


def claims(data: Any) -> bool:
    """Whether the parsed file is a mapping, or a list of them under `mappings`."""
    entries = _entries(data)
    return bool(entries) and all(_is_mapping(entry) for entry in entries)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file.

    Raises:
        ValueError: A body is in a file of its own.
    """
    return [_interaction(entry["request"], entry["response"]) for entry in _entries(data)]


def _entries(data: Any) -> list[Any]:
    if not isinstance(data, Mapping):
        return []
    mappings = data.get("mappings")
    return mappings if isinstance(mappings, list) else [data]


def _is_mapping(entry: Any) -> bool:
    match entry:
        case {"request": {"method": str(), **request}, "response": {"status": int(), **response}}:
            bodies = {"body", "jsonBody", "base64Body", "bodyFileName"} & response.keys()
            return any(name in request for name in _URLS) and (
                "bodyPatterns" in request or bool(bodies - {"body"}) or "mappingBuilder" in request
            )
    return False


def _interaction(request: Mapping[str, Any], response: Mapping[str, Any]) -> Interaction:
    url = next(request[name] for name in _URLS if name in request)
    if "bodyFileName" in response:
        raise ValueError(f"its body lies in another file, {response['bodyFileName']}")
    received = response.get("jsonBody", response.get("body"))
    if "base64Body" in response:
        received = b64decode(response["base64Body"])
    return Interaction(
        as_request(request["method"], url, _sent(request), None),
        as_response(response["status"], _body(received), response.get("headers")),
    )


def _sent(request: Mapping[str, Any]) -> bytes:
    """The body that a pattern demands whole; nothing where there is only part of one."""
    for pattern in request.get("bodyPatterns") or ():
        for kind in ("equalToJson", "equalTo"):
            if kind in pattern:
                return _body(pattern[kind])
    return b""


def _body(value: Any) -> bytes:
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False).encode()
    return as_bytes(value)
