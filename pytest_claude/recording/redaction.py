"""Secrets out before bytes reach the disk. Pure: the secrets of the environment come in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

API_HOST = "api.anthropic.com"
REPLACEMENT = "[redacted]"

# Allow-lists: what is not named here never reaches a file (keys, cookies, organisation ids).
_REQUEST_HEADERS = ("accept", "content-type", "anthropic-version", "anthropic-beta")
_RESPONSE_HEADERS = (
    "content-type",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-simulated-by",
)
_KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
_SHORTEST_SECRET = 8
_SECRET_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY",
                     "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")  # fmt: skip
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of headers, URLs and bodies.

    Attributes:
        secrets: Values that must not be stored, longest first.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Redaction:
        """The redaction of the credentials that `environment` holds.

        Values shorter than 8 characters are no credentials and are left alone.
        """
        values = {environment.get(name, "").strip() for name in _SECRET_VARIABLES}
        return cls(tuple(sorted((v for v in values if len(v) >= _SHORTEST_SECRET), key=len))[::-1])

    def text(self, text: str) -> str:
        """`text` with every key replaced; applied twice it changes nothing more."""
        for secret in self.secrets:
            text = text.replace(secret, REPLACEMENT)
        return _KEY.sub(REPLACEMENT, text)

    def body(self, body: bytes) -> bytes:
        """`body` with every key replaced; bytes that are no UTF-8 come back as they are."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return body
        return self.text(text).encode()

    def url(self, url: str) -> str:
        """`url` without credentials; a loopback host is written as the API's.

        The host is not matched on replay. Written as it was, a recording made through a local
        server or gateway would change with every port.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in _LOOPBACK:
            parts = parts._replace(scheme="https", netloc=API_HOST)
        elif "@" in parts.netloc:
            parts = parts._replace(netloc=parts.netloc.rsplit("@", 1)[1])
        return self.text(urlunsplit(parts))

    def request_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The request headers that may be stored."""
        return self._kept(headers, _REQUEST_HEADERS)

    def response_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The response headers that may be stored."""
        return self._kept(headers, _RESPONSE_HEADERS)

    def _kept(self, headers: Iterable[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
        found = {name.lower(): value for name, value in headers}
        return {name: self.text(found[name]) for name in names if name in found}
