"""HAR, the archive of browsers, proxies and Polly.js: `log.entries`."""

from __future__ import annotations

import base64
import json
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "HAR"


def claims(data: Any) -> bool:
    """Whether the parsed file is an archive."""
    match data:
        case {"log": {"entries": [*_]}}:
            return True
    return False


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    return [_interaction(entry["request"], entry["response"]) for entry in data["log"]["entries"]]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    sent = as_bytes((request.get("postData") or {}).get("text"))
    content = response.get("content") or {}
    received = content.get("text")
    if content.get("encoding") == "base64" and isinstance(received, str):
        # Polly.js writes a list of pieces.
        pieces = json.loads(received) if received.startswith("[") else [received]
        received = b"".join(base64.b64decode(piece) for piece in pieces)
    return Interaction(
        as_request(request["method"], request["url"], sent, _headers(request)),
        as_response(response["status"], as_bytes(received), _headers(response)),
    )


def _headers(side: dict[str, Any]) -> dict[str, str]:
    return {header["name"]: header["value"] for header in side.get("headers") or ()}
