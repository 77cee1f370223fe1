"""One HTTP request and its recorded response, as plain data.

This is what `recording` hands to `transcript`: nothing here knows of files, of
httpx or of the Messages API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_claude.transcript.json_values import parsed

Ended = Literal["whole", "cut", "left", "timed out", "unknown"]
"""How an answer ended: at its end; cut by the server or the network; left by the app, which read
no further; by the client's own limit of time; or not whole, in a recording that does not say who
ended it."""


@dataclass(frozen=True)
class Timing:
    """When the bytes of a response arrived, as measured while recording.

    Attributes:
        first_byte_s: Time in seconds from sending the request to the first body byte.
        total_s: Time in seconds from sending the request to the last body byte.
        first_token_s: Time in seconds from sending the request to the first part of a streamed
            answer's content; None where the answer was not streamed.
        chunks: Time in seconds and size in bytes of each chunk of a stream, as it arrived.
    """

    first_byte_s: float
    total_s: float
    first_token_s: float | None = None
    chunks: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Request:
    """A request as it went over the wire, secrets already out.

    Attributes:
        method: Upper-case HTTP method.
        url: The whole URL, query included.
        headers: Lower-case names; only the ones that may be stored.
        body: The bytes of the body, empty when there was none.
    """

    method: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The body parsed as JSON, or None when it is not JSON."""
        return parsed(self.body)


@dataclass(frozen=True)
class Response:
    """A response as it was recorded, its body decoded (no gzip).

    Attributes:
        status: HTTP status code.
        headers: Lower-case names; only the ones that may be stored.
        body: The decoded bytes: a JSON document or the text of a stream.
        timing: Measured while recording; None where the recording has none.
        ended: How it ended.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    timing: Timing | None = None
    ended: Ended = "whole"

    @property
    def complete(self) -> bool:
        """Whether it was received to its end."""
        return self.ended == "whole"

    def json(self) -> Any:
        """The body parsed as JSON, or None when it is not JSON."""
        return parsed(self.body)


@dataclass(frozen=True)
class Interaction:
    """One request with its recorded response."""

    request: Request
    response: Response
