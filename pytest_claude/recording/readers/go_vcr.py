"""go-vcr, version 2: `interactions[]` with `request.url` and `response.code`."""

from __future__ import annotations

from typing import Any

from pytest_claude.recording.readers.bodies import as_bytes, as_headers
from pytest_claude.transcript.interaction import Interaction, Request, Response

FORMAT = "go-vcr"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of go-vcr's."""
    match data:
        case {"interactions": [{"request": {"url": _}}, *_]}:
            return True
    return False


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    return [_interaction(entry["request"], entry["response"]) for entry in data["interactions"]]


def _interaction(request: dict[str, Any], response: dict[str, Any]) -> Interaction:
    method, url, status = request["method"], request["url"], response["code"]
    for key, value, kind in (("method", method, str), ("url", url, str), ("code", status, int)):
        if not isinstance(value, kind):
            raise TypeError(f"its {key} is {value!r}")
    return Interaction(
        Request(
            method=method.upper(),
            url=url,
            body=as_bytes(request.get("body")),
            headers=as_headers(request.get("headers")),
        ),
        Response(
            status=status,
            body=as_bytes(response.get("body")),
            headers=as_headers(response.get("headers")),
        ),
    )
