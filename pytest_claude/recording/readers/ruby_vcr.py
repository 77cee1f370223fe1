"""Ruby VCR and its kin in R: `http_interactions[]`."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "ruby-vcr"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of Ruby's or R's vcr."""
    return isinstance(data, dict) and isinstance(data.get("http_interactions"), list)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    entries = data["http_interactions"]
    return [_interaction(entry["request"], entry["response"]) for entry in entries]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    status = response["status"]
    if isinstance(status, dict):  # R writes the bare number
        status = status["status_code"] if "status_code" in status else status["code"]
    sent, received = _body(request.get("body")), _body(response.get("body"))
    return Interaction(
        as_request(_plain(request["method"]), request["uri"], sent, request.get("headers")),
        as_response(status, received, response.get("headers")),
    )


def _plain(method: Any) -> Any:
    """A method that Ruby wrote as a symbol."""
    return method.lstrip(":") if isinstance(method, str) else method


def _body(body: Any) -> bytes:
    if not isinstance(body, dict):
        return as_bytes(body)
    if "base64_string" in body:  # preserve_exact_body_bytes
        return as_bytes(b64decode(body["base64_string"]))
    return as_bytes(body.get("string"))
