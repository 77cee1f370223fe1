"""What is asked of a batch, and whether a batch takes it. Pure."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.recording.doors.traffic import API_HOST
from pytest_claude.recording.fingerprint import platform_in
from pytest_claude.recording.header_secrets import is_harmless
from pytest_claude.recording.spelling import BETA
from pytest_claude.transcript.utf8 import utf8

_MESSAGES = "/v1/messages"
_OF_ONE_CALL = ("cookie", "idempotency-key")


@dataclass(frozen=True)
class Endpoint:
    """Where an app sends its calls, and as whom: what one batch can hold.

    It is kept in memory alone.

    Attributes:
        url: Of the Messages API.
        headers: Sorted; those with credentials, the API version and the betas.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, url: str, headers: Iterable[tuple[str, str]]) -> Endpoint:
        """The endpoint of a call with all its headers."""
        kept = {}
        for name, value in ((name.lower(), value) for name, value in headers):
            if name == BETA:
                kept[name] = ",".join(sorted({beta.strip() for beta in value.split(",")}))
            elif name == "anthropic-version" or not is_harmless(name):
                kept[name] = value
        return cls(url, tuple(sorted((n, v) for n, v in kept.items() if n not in _OF_ONE_CALL)))

    @property
    def is_the_api(self) -> bool:
        """Whether it is Anthropic's own, and not a gateway before it."""
        return urlsplit(self.url).hostname == API_HOST

    def batches(self, below: str = "", **query: object) -> str:
        """The URL of its batches, or of what is below that path."""
        parts = urlsplit(self.url)
        pairs = [f"{name}={value}" for name, value in query.items() if value is not None]
        words = "&".join([*filter(None, [parts.query]), *pairs])
        return parts._replace(path=f"{parts.path}/batches{below}", query=words).geturl()


@dataclass(frozen=True)
class Question:
    """A call of a test that nothing recorded answers.

    Attributes:
        owner: The trial.
        identity: Of the call, the same whenever the trial is run: 32 hexadecimal digits.
        endpoint: Where it would go.
        packed: What would be sent, compressed: thousands may wait.
        alone: Why no batch takes it; None where one does.
    """

    owner: str
    identity: str
    endpoint: Endpoint
    packed: bytes
    alone: str | None = None

    @classmethod
    def of(
        cls, owner: str, identity: str, endpoint: Endpoint, body: bytes, alone: str | None = None
    ) -> Question:
        """The question that a call with this body is."""
        return cls(owner, identity, endpoint, zlib.compress(body), alone)

    @property
    def body(self) -> bytes:
        """What would be sent."""
        return zlib.decompress(self.packed)

    @property
    def streams(self) -> bool:
        """Whether the app wants a stream."""
        return bool(json.loads(self.body).get("stream"))

    @property
    def params(self) -> bytes:
        """The parameters of its item in a batch, which has no streams."""
        body = json.loads(self.body)
        body.pop("stream", None)
        return utf8(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def identity(owner: str, mark: str, before: int) -> str:
    """The identity of a call of a trial, with this fingerprint, that so many equal ones precede."""
    return hashlib.sha256(f"{owner}\n{mark}\n{before}".encode()).hexdigest()[:32]


def why_alone(method: str, url: str, body: Any) -> str | None:
    """Why a call is in no batch, in words that follow "N calls: "; None where one can hold it."""
    path = urlsplit(url).path
    if path.endswith("/count_tokens"):
        return "counts of tokens"
    if platform_in(url) is not None or "/model/" in path:
        return "Bedrock, Vertex AI or Foundry"
    if method != "POST" or not path.endswith(_MESSAGES) or not isinstance(body, Mapping):
        return "no calls of the Messages API"
    if "speed" in body:
        return "`speed`"
    return "`max_tokens` of 0" if body.get("max_tokens") == 0 else None


def calls(number: int) -> str:
    """`1 call`, `2 calls`."""
    return f"{number:,} call{'' if number == 1 else 's'}"
