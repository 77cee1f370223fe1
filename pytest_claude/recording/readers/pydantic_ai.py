"""pydantic-ai's serializer for vcrpy: `parsed_body`, the JSON itself, in the place of `body`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "pydantic-ai"


def claims(data: Any) -> bool:
    """Whether an entry of the parsed file has a parsed body."""
    entries = data.get("interactions") if isinstance(data, dict) else None
    return isinstance(entries, list) and any(_has_parsed_body(entry) for entry in entries)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    return [_interaction(entry["request"], entry["response"]) for entry in data["interactions"]]


def _has_parsed_body(entry: Any) -> bool:
    sides = entry.values() if isinstance(entry, Mapping) else ()
    return any(isinstance(side, Mapping) and "parsed_body" in side for side in sides)


def _interaction(request: Mapping[str, Any], response: Mapping[str, Any]) -> Interaction:
    sent, received = _body(request, request.get("body")), response.get("body")
    if isinstance(received, Mapping):
        received = received.get("string")
    return Interaction(
        as_request(request["method"], request["uri"], sent, request.get("headers")),
        as_response(response["status"]["code"], _body(response, received), response.get("headers")),
    )


def _body(side: Mapping[str, Any], plain: Any) -> bytes:
    if "parsed_body" not in side or isinstance(side["parsed_body"], str):
        return as_bytes(side.get("parsed_body", plain))
    # Dates in YAML are dates; on the wire they were text.
    return json.dumps(side["parsed_body"], default=str, ensure_ascii=False).encode()
