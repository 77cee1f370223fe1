"""vcrpy and pytest-recording, read with vcrpy's own loader."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, response_of
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.json_values import mapping

FORMAT = "vcrpy"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of vcrpy's."""
    return isinstance(data, dict) and isinstance(data.get("interactions"), list)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    from vcr.serialize import deserialize

    entries = [_checked(number, e) for number, e in enumerate(data["interactions"], start=1)]
    requests, responses, *_ = deserialize("", _Parsed({"version": 1, "interactions": entries}))
    return [
        _interaction(request, response)
        for request, response in zip(requests, responses, strict=True)
    ]


class _Parsed:
    """A serializer for vcrpy's loader that hands over what is already parsed."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def deserialize(self, cassette_string: str) -> Any:
        return self._data


def _checked(number: int, entry: Any) -> dict[str, Any]:
    """One entry with all that vcrpy's loader needs; what does not matter may be absent.

    Raises:
        ValueError: Something that matters is.
    """
    for key in ("request", "response"):
        if not isinstance(mapping(entry).get(key), dict):
            raise ValueError(f"interaction {number} has no {key}")
    request, response = entry["request"], entry["response"]
    for key in ("method", "uri"):
        if key not in request:
            raise ValueError(f"interaction {number}: its request has no {key}")
    body = response.get("body")
    if not isinstance(body, dict) or not {"string", "base64_string"} & body.keys():
        raise ValueError(f"interaction {number}: its response has no body.string")
    if not isinstance(mapping(response.get("status")).get("code"), int):
        raise ValueError(f"interaction {number}: its response has no status.code, a number")
    if "string" not in body:  # as vcrpy wrote bytes long ago
        response = {**response, "body": {"string": b64decode(body["base64_string"])}}
    kept = {key: request.get(key) for key in ("method", "uri", "body")}
    return {"request": {**kept, "headers": request.get("headers") or {}}, "response": response}


def _interaction(request: Any, response: dict[str, Any]) -> Interaction:
    return Interaction(
        as_request(request.method, request.uri, as_bytes(request.body), request.headers),
        response_of(response),
    )
