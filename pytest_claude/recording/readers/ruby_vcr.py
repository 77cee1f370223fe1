"""Ruby VCR and its kin in R: `http_interactions[]`."""

from __future__ import annotations

from typing import Any

from pytest_claude.recording.readers.bodies import as_bytes, as_headers
from pytest_claude.transcript.interaction import Interaction, Request, Response

FORMAT = "ruby-vcr"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of Ruby's or R's vcr."""
    return isinstance(data, dict) and isinstance(data.get("http_interactions"), list)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    entries = data["http_interactions"]
    return [_interaction(entry["request"], entry["response"]) for entry in entries]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    status = response["status"]  # R writes the bare number
    return Interaction(
        Request(
            method=str(request["method"]).upper(),
            url=request["uri"],
            body=_body(request.get("body")),
            headers=as_headers(request.get("headers")),
        ),
        Response(
            status=int(status["code"] if isinstance(status, dict) else status),
            body=_body(response.get("body")),
            headers=as_headers(response.get("headers")),
        ),
    )


def _body(body: Any) -> bytes:
    return as_bytes(body.get("string") if isinstance(body, dict) else body)
