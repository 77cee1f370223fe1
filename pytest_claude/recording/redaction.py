"""Secrets out before bytes reach the disk. Pure: the secrets of the environment come in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording import event_text, own_redaction
from pytest_claude.recording.doors.traffic import API_HOST, is_loopback
from pytest_claude.recording.entry import LIMITS
from pytest_claude.recording.header_secrets import Headers, credentials_in_headers
from pytest_claude.recording.own_redaction import Hook
from pytest_claude.recording.secret_shapes import REPLACEMENT
from pytest_claude.recording.secrets import Secrets, credentials_in
from pytest_claude.transcript.event_stream import is_event_stream
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.json_values import parsed
from pytest_claude.transcript.utf8 import utf8

# Allow-lists: what is not named here never reaches a file (keys, cookies, organisation ids).
_REQUEST_HEADERS = ("accept", "content-type", "anthropic-version", "anthropic-beta")
_RESPONSE_HEADERS = (
    "content-type",
    "content-disposition",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "x-simulated-by",
)
# As the HTTP libraries hold them: decoding all headers of a request costs more than finding these.
_STORED_HEADERS = frozenset(name.encode() for name in (*_REQUEST_HEADERS, *_RESPONSE_HEADERS))
_LIMITS = tuple(prefix.encode() for prefix in LIMITS)
# An ARN holds an account number, a Vertex path a project; the model's id follows both.
_ACCOUNT = re.compile(r"(?i)(?<=/model/)arn(?::|%3a)[^/]*?(?:/|%2f)|(?<=/)projects/[^/]+/")


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of headers, URLs and bodies.

    Attributes:
        secrets: What must not be stored.
        own: The project's hook, if it has one.
    """

    secrets: Secrets = field(default_factory=Secrets)
    own: Hook | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> Redaction:
        """The redaction of the credentials that `environment` holds, and of all known shapes."""
        return cls(Secrets.of_environment(environment))

    def text(self, text: str) -> str:
        """`text` with every secret replaced; applied twice it changes nothing more."""
        return self.secrets.redacted(text)

    def body(self, body: bytes) -> bytes:
        """`body` with every secret replaced, also among bytes that are not UTF-8.

        What was JSON stays JSON.

        Raises:
            RecordingProblem: The project's own redaction fails.
        """
        try:
            text, errors = body.decode(), None
        except UnicodeDecodeError:
            text, errors = body.decode("utf-8", "surrogateescape"), "surrogateescape"
        after = self._json_kept(text)
        if after is text:
            return body
        return utf8(after) if errors is None else after.encode("utf-8", errors)

    def _json_kept(self, before: str) -> str:
        after = self.text(before)
        if after != before and not _is_json(after) and _is_json(before):  # it was a number
            after = json.dumps(self._value(json.loads(before)), ensure_ascii=False)
        if self.own is not None:
            stored = own_redaction.redacted(self.own, after)
            if stored != after and _is_json(after) and not _is_json(stored):
                raise own_redaction.failed("it returned no JSON for a text that is")
            after = stored
        return after

    def knowing(self, request: Request, headers: Headers = ()) -> Redaction:
        """This redaction, with the credentials that `request` shows; itself where it knows all.

        Args:
            request: What is asked.
            headers: All its headers, those too that are not stored.
        """
        texts = (request.url, request.body.decode("utf-8", "surrogateescape"))
        shown = (each for text in texts for each in credentials_in(text))
        return self._knowing([*credentials_in_headers(headers), *shown])

    def knowing_answer(self, response: Response) -> Redaction:
        """The same with the credentials that an answer shows."""
        body = response.body.decode("utf-8", "surrogateescape")
        texts = event_text.texts(response.body) or [body]
        return self._knowing(each for text in texts for each in credentials_in(text))

    def _knowing(self, credentials: Iterable[tuple[str, str]]) -> Redaction:
        secrets = self.secrets.knowing(credentials)
        return self if secrets is self.secrets else replace(self, secrets=secrets)

    def request(self, request: Request) -> Request:
        """`request` as it is stored and matched; itself where nothing in it is replaced.

        Raises:
            RecordingProblem: As for `body`.
        """
        all_known = self.knowing(request)
        stored = replace(
            request,
            url=all_known.text(request.url),
            body=all_known.body(request.body),
            headers={name: all_known.text(value) for name, value in request.headers.items()},
        )
        return request if stored == request else stored

    def response(self, response: Response) -> Response:
        """`response`, likewise; a secret may lie in several pieces of a stream.

        Raises:
            RecordingProblem: As for `body`; or it is one of Bedrock's streams, which can't be
                altered.
        """
        before = response.body
        if is_event_stream(before):
            if any(self._whole(text) != text for text in event_text.texts(before)):
                raise _unalterable()
            return response
        body = self.body(event_text.rewritten(before, self._whole, self._json_kept))
        if body == before:
            return response
        timing = response.timing and replace(response.timing, chunks=())  # they were of other bytes
        return replace(response, body=body, timing=timing)

    def _value(self, value: Any) -> Any:
        match value:
            case dict():
                return {self.text(key): self._value(each) for key, each in value.items()}
            case list():
                return [self._value(each) for each in value]
            case str():
                return self.text(value)
        return value if self.text(written := json.dumps(value)) == written else REPLACEMENT

    def _whole(self, text: str) -> str:
        """A text that is no piece of a body: without secrets, and through the project's hook."""
        text = self.text(text)
        return text if self.own is None else own_redaction.redacted(self.own, text)

    def url(self, url: str) -> str:
        """`url` without credentials; a loopback host is written as the API's.

        The host is not matched on replay. Written as it was, a recording made through a local
        server or gateway would change with every port.
        """
        return self.text(_public_url(url))

    def interaction(self, foreign: Interaction) -> Interaction:
        """An interaction that another tool recorded, as we would have stored it."""
        request, response = foreign.request, foreign.response
        known = self.knowing(request, request.headers.items()).knowing_answer(response)
        return Interaction(
            replace(
                known.request(replace(request, url=known.url(request.url))),
                headers=known.request_headers(request.headers.items()),
            ),
            replace(
                known.response(response),
                headers=known.response_headers(response.headers.items()),
            ),
        )

    @staticmethod
    def may_store(header: bytes) -> bool:
        """Whether the value of the header with this name, in lower case, may be stored."""
        return header in _STORED_HEADERS or header.startswith(_LIMITS)

    def request_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The request headers that may be stored."""
        return self._kept(headers, _REQUEST_HEADERS)

    def response_headers(self, headers: Iterable[tuple[str, str]]) -> dict[str, str]:
        """The response headers that may be stored; the account's limits are the last of them."""
        headers = [(name.lower(), value) for name, value in headers]
        limits = sorted(name for name, _ in headers if name.startswith(LIMITS))
        return self._kept(headers, (*_RESPONSE_HEADERS, *limits))

    def _kept(self, headers: Iterable[tuple[str, str]], names: tuple[str, ...]) -> dict[str, str]:
        kept = {lower: value for name, value in headers if (lower := name.lower()) in names}
        return {name: self.text(kept[name]) for name in names if name in kept}


def _unalterable() -> RecordingProblem:
    return RecordingProblem(
        "a binary stream holds what must not be stored: nothing is written",
        [
            ("expected", "an answer that can be redacted"),
            ("observed", "a secret in a stream of Bedrock's frames, which carry checksums"),
            ("to go on", "ask without a stream, or keep the secret out of what is asked"),
        ],
    )


def _is_json(text: str) -> bool:
    return parsed(text, _NO_JSON) is not _NO_JSON


_NO_JSON = object()


@lru_cache(maxsize=256)
def _public_url(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host):
        parts = parts._replace(scheme="https", netloc=API_HOST)
    elif "@" in parts.netloc:
        parts = parts._replace(netloc=parts.netloc.rsplit("@", 1)[1])
    return urlunsplit(parts._replace(path=_ACCOUNT.sub("", parts.path)))
