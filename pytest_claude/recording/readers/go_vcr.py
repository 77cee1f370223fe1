"""go-vcr, versions 1 to 4: `interactions[]` with `request.url` and `response.code`."""

from __future__ import annotations

from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "go-vcr"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of go-vcr's."""
    match data:
        case {"interactions": [{"request": {"url": _}, "response": {"code": _}}, *_]}:
            return True
    return False


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    return [_interaction(entry["request"], entry["response"]) for entry in data["interactions"]]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    sent, received = as_bytes(request.get("body")), as_bytes(response.get("body"))
    return Interaction(
        as_request(request["method"], request["url"], sent, request.get("headers")),
        as_response(response["code"], received, response.get("headers")),
    )
