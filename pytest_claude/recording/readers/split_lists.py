"""langchain's serializer for vcrpy: `requests` and `responses` side by side, usually gzipped."""

from __future__ import annotations

from typing import Any

from pytest_claude.recording.readers import parts
from pytest_claude.transcript.interaction import Interaction

FORMAT = "vcrpy, split lists"


def claims(data: Any) -> bool:
    """Whether the parsed file has two lists."""
    match data:
        case {"requests": [*_], "responses": [*_]}:
            return True
    return False


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    pairs = zip(data["requests"], data["responses"], strict=True)
    return [_interaction(request, response) for request, response in pairs]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    sent = parts.as_bytes(request.get("body"))
    return Interaction(
        parts.as_request(request["method"], request["uri"], sent, request.get("headers")),
        parts.response_of(response),
    )
