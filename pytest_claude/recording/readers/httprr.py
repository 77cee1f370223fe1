"""Go's httprr: a first line, then for each call two byte counts and the raw HTTP of both sides."""

from __future__ import annotations

from typing import Any

from pytest_claude.recording.readers.parts import as_bytes, as_request, as_response
from pytest_claude.transcript.interaction import Interaction

FORMAT = "httprr"
FIRST_LINE = "httprr trace v1\n"


def claims(data: Any) -> bool:
    """Whether the text is a trace."""
    return isinstance(data, str) and data.startswith(FIRST_LINE)


def read(data: str) -> list[Interaction]:
    """The interactions of a trace.

    Raises:
        ValueError: It is cut, or its counts do not fit.
    """
    rest = data.removeprefix(FIRST_LINE).encode("utf-8", "surrogateescape")
    interactions: list[Interaction] = []
    while rest.strip():
        counts, _, rest = rest.partition(b"\n")
        sent, received = (int(count) for count in counts.split())
        if len(rest) < sent + received:
            raise ValueError(f"interaction {len(interactions) + 1} is cut")
        interactions.append(_interaction(rest[:sent], rest[sent : sent + received]))
        rest = rest[sent + received :]
    return interactions


def _interaction(sent: bytes, received: bytes) -> Interaction:
    (method, url, *_), request_headers, request_body = _message(sent)
    (_, status, *_), response_headers, response_body = _message(received)
    chunked = response_headers.get("transfer-encoding", "").lower() == "chunked"
    body = _joined(response_body) if chunked else response_body
    if url.startswith("/"):
        url = f"https://{request_headers.get('host', '')}{url}"
    return Interaction(
        as_request(method, url, request_body, request_headers),
        as_response(int(status), as_bytes(body), response_headers),
    )


def _message(raw: bytes) -> tuple[list[str], dict[str, str], bytes]:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first.split(" "), {name.lower(): value.strip() for name, _, value in pairs}, body


def _joined(body: bytes) -> bytes:
    """The chunks of a chunked body."""
    joined = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        joined, body = joined + body[:length], body[length + 2 :]
    return joined
