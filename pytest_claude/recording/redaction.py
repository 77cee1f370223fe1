"""Secrets out before bytes reach the disk. Pure: the secrets of the environment come in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from pytest_claude.recording.doors.traffic import API_HOST, is_loopback
from pytest_claude.transcript.interaction import Interaction

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
# As the HTTP libraries hold them: decoding all headers of a request costs more than finding these.
STORED_HEADERS = frozenset(name.encode() for name in (*_REQUEST_HEADERS, *_RESPONSE_HEADERS))
_KEY = re.compile(r"sk-ant-[A-Za-z0-9_-]{8,}")
_KEY_BYTES = re.compile(_KEY.pattern.encode())
_SHORTEST_SECRET = 8
_SECRET_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY",
                     "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")  # fmt: skip
# An ARN holds an account number, a Vertex path a project; the model's id follows both.
_ACCOUNT = re.compile(r"(?i)(?<=/model/)arn(?::|%3a)[^/]*?(?:/|%2f)|(?<=/)projects/[^/]+/")


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
        return _KEY.sub(REPLACEMENT, text) if "sk-ant-" in text else text

    def body(self, body: bytes) -> bytes:
        """`body` with every key replaced, also among bytes that are no UTF-8."""
        if b"sk-ant-" not in body and not any(key.encode() in body for key in self.secrets):
            return body
        try:
            text = body.decode()
        except UnicodeDecodeError:
            for secret in self.secrets:
                body = body.replace(secret.encode(), REPLACEMENT.encode())
            return _KEY_BYTES.sub(REPLACEMENT.encode(), body)
        return self.text(text).encode()

    def url(self, url: str) -> str:
        """`url` without credentials; a loopback host is written as the API's.

        The host is not matched on replay. Written as it was, a recording made through a local
        server or gateway would change with every port.
        """
        return self.text(_public_url(url))

    def interaction(self, foreign: Interaction) -> Interaction:
        """An interaction that another tool recorded, as we would have stored it."""
        request, response = foreign.request, foreign.response
        return Interaction(
            replace(
                request,
                url=self.url(request.url),
                body=self.body(request.body),
                headers=self.request_headers(request.headers.items()),
            ),
            replace(
                response,
                body=self.body(response.body),
                headers=self.response_headers(response.headers.items()),
            ),
        )

    def request_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The request headers that may be stored."""
        return self._kept(headers, _REQUEST_HEADERS)

    def response_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The response headers that may be stored."""
        return self._kept(headers, _RESPONSE_HEADERS)

    def _kept(self, headers: Iterable[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
        found = {lower: value for name, value in headers if (lower := name.lower()) in names}
        return {name: self.text(found[name]) for name in names if name in found}


@lru_cache(maxsize=256)
def _public_url(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        parts = parts._replace(scheme="https", netloc=API_HOST)
    elif "@" in parts.netloc:
        parts = parts._replace(netloc=parts.netloc.rsplit("@", 1)[1])
    return urlunsplit(parts._replace(path=_ACCOUNT.sub("", parts.path)))
