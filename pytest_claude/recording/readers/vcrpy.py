"""vcrpy and pytest-recording, read with vcrpy's own loader; also our own files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction, Timing

FORMAT = "vcrpy"


def claims(data: Any) -> bool:
    """Whether the parsed file is one of vcrpy's."""
    return isinstance(data, dict) and isinstance(data.get("interactions"), list)


def read(data: Any) -> list[Interaction]:
    """The interactions of a parsed file."""
    from vcr.serialize import deserialize

    for number, entry in enumerate(data["interactions"], start=1):
        _check(number, entry)
    requests, responses, *_ = deserialize("", _Parsed(data))
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


def _check(number: int, entry: Any) -> None:
    for key in ("request", "response"):
        if not isinstance(_dict(entry).get(key), dict):
            raise ValueError(f"interaction {number} has no {key}")
    for key in ("method", "uri", "headers", "body"):
        if key not in entry["request"]:
            raise ValueError(f"interaction {number}: its request has no {key}")
    body = entry["response"].get("body")
    if not isinstance(body, dict) or "string" not in body:
        raise ValueError(f"interaction {number}: its response has no body.string")
    if not isinstance(_dict(entry["response"].get("status")).get("code"), int):
        raise ValueError(f"interaction {number}: its response has no status.code, a number")


def _interaction(request: Any, response: dict[str, Any]) -> Interaction:
    timing, complete = _timing(response.get("timing"))
    received = as_bytes(response["body"]["string"])
    return Interaction(
        as_request(request.method, request.uri, as_bytes(request.body), request.headers),
        as_response(
            response["status"]["code"],
            received,
            response.get("headers"),
            timing=timing,
            complete=complete,
        ),
    )


def _timing(value: Any) -> tuple[Timing | None, bool]:
    """Our own key in vcrpy's format: the times measured, and whether the stream was whole."""
    if not isinstance(value, Mapping):
        return None, True
    first, total = value.get("first_byte_s"), value.get("total_s")
    numbers = isinstance(first, int | float) and isinstance(total, int | float)
    timing = Timing(float(first), float(total)) if numbers else None  # type: ignore[arg-type]
    return timing, value.get("complete") is not False


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
