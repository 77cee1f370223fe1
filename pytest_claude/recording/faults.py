"""Faults that a test injects: errors of the API, cut and slow streams, stops at max_tokens.

An injected answer is no answer of the model. It is never stored and is no evidence; it takes
nothing from the recordings, so that what the app does next is answered as ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_claude.recording import event_text
from pytest_claude.transcript.interaction import Request, Response
from pytest_claude.transcript.judging import asks_judge
from pytest_claude.transcript.model import RequestView
from pytest_claude.transcript.parse import parse_request

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

INJECTED = "x-injected-by"
"""A header of each injected answer."""

_REQUEST_ID = "req_011injected"
_CHARACTERS_PER_TOKEN = 4
# As documented on platform.claude.com (errors), November 2026.
_ERRORS = {
    400: ("invalid_request_error", "The request is invalid."),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "Your credit balance is too low to access the Anthropic API."),
    403: ("permission_error", "Your API key has no permission to use this resource."),
    404: ("not_found_error", "The requested resource could not be found."),
    409: ("conflict_error", "The request conflicts with another one."),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This request would exceed your account's rate limit."),
    500: ("api_error", "Internal server error"),
    504: ("timeout_error", "The request timed out."),
    529: ("overloaded_error", "Overloaded"),
}
_AWS_ERRORS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


@dataclass(frozen=True)
class Fault:
    """What happens to a call.

    >>> str(Fault(status=529, cut_stream_after=2))
    'status=529, cut_stream_after=2'

    Attributes:
        status: The API answers with this HTTP error; with `cut_stream_after`, the stream ends in
            this error.
        cut_stream_after: The connection breaks after so many pieces of content.
        max_tokens: The answer stops at max_tokens, cut to about so many tokens.
        slow_stream_s: Time in seconds before each event of a stream.
        headers: Headers of the error, over the usual ones.
        message: Text of the error.

    Raises:
        TypeError: The arguments don't name one fault.
        ValueError: One is out of range.
    """

    status: int | None = None
    cut_stream_after: int | None = None
    max_tokens: int | None = None
    slow_stream_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in _KINDS if getattr(self, name) is not None]
        if len(given) != 1 and given != ["status", "cut_stream_after"]:
            raise TypeError(
                f"claude.inject({', '.join(given)}): name one fault: {', '.join(_KINDS)}; "
                "only status and cut_stream_after go together"
            )
        if self.status is None and (self.headers or self.message is not None):
            raise TypeError("claude.inject: headers and message belong to a status")
        for name, (accepts, words) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not accepts(value)):
                raise ValueError(f"claude.inject({name}={value!r}): {words}")

    def __str__(self) -> str:
        given = ((name, getattr(self, name)) for name in _KINDS)
        return ", ".join(f"{name}={value}" for name, value in given if value is not None)

    @property
    def alters(self) -> bool:
        """Whether the app gets another answer than the model's."""
        return self.slow_stream_s is None

    @property
    def replaces(self) -> bool:
        """Whether no answer of the model is needed."""
        return self.status is not None and self.cut_stream_after is None

    def fits(self, request: RequestView, *, alterable: bool) -> bool:
        """Whether a request can meet this fault; `alterable` says whether its door can alter an
        answer on its way.
        """
        if self.replaces:
            return True
        if "/converse" in request.path:
            return False
        if not alterable or (self.max_tokens is None and not request.stream):
            return False
        binary = request.stream and "/model/" in request.path
        return not binary or (self.status is None and self.max_tokens is None)

    def error(self, request: Request) -> Response:
        """The error that answers `request`."""
        assert self.status is not None, "it replaces an answer"
        kind, message = self._error
        body: dict[str, Any] = {"type": "error", "error": {"type": kind, "message": message}}
        body["request_id"] = _REQUEST_ID
        # The SDK waits no longer than this, whatever `retry-after` tells the app.
        headers = {"content-type": "application/json", "request-id": _REQUEST_ID}
        headers |= {"retry-after-ms": "1", INJECTED: "pytest-claude"}
        if "/model/" in request.url:
            body = {"message": message}
            headers["x-amzn-errortype"] = _AWS_ERRORS.get(self.status, "ServiceUnavailable")
        headers |= {name.lower(): value for name, value in self.headers.items()}
        return Response(self.status, json.dumps(body).encode(), headers)

    def applied(self, answer: Response) -> Response:
        """What the app gets of the model's `answer`; an error stays as it is."""
        if answer.status >= 400 or not self.alters:
            return answer
        headers = {**answer.headers, INJECTED: "pytest-claude"}
        changed = replace(answer, headers=headers, timing=None)
        if self.max_tokens is not None:
            characters = self.max_tokens * _CHARACTERS_PER_TOKEN
            body = event_text.stopped(answer.body, characters, self.max_tokens)
            return replace(changed, body=body)
        assert self.cut_stream_after is not None, "the only other fault that alters"
        body = event_text.cut(answer.body, self.cut_stream_after)
        if self.status is None:
            return replace(changed, body=body, ended="cut")
        kind, message = self._error
        error = {"type": "error", "error": {"type": kind, "message": message}}
        return replace(changed, body=body + event_text.event(error), ended="whole")

    @property
    def _error(self) -> tuple[str, str]:
        assert self.status is not None, "an error has one"
        usual = _ERRORS[500] if self.status >= 500 else ("invalid_request_error", "Refused.")
        kind, message = _ERRORS.get(self.status, usual)
        return kind, message if self.message is None else self.message


_KINDS = ("status", "cut_stream_after", "max_tokens", "slow_stream_s")
_RANGES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "status": (lambda v: isinstance(v, int) and 400 <= v <= 599, "an HTTP error, 400 to 599"),
    "cut_stream_after": (lambda v: isinstance(v, int) and v >= 0, "a whole number, 0 or more"),
    "max_tokens": (lambda v: isinstance(v, int) and v >= 1, "a whole number, 1 or more"),
    "slow_stream_s": (lambda v: isinstance(v, int | float) and v > 0, "seconds, more than 0"),
}


class Injection:
    """A fault that a test injected, and the requests that met it.

    Attributes:
        requests: What was asked, in order: `.system`, `.messages`, `.tools`, `.body`.
        times: How many calls it is to meet.
    """

    def __init__(self, fault: Fault, times: int) -> None:
        if isinstance(times, bool) or not isinstance(times, int) or times < 1:
            raise ValueError(f"claude.inject(times={times!r}): a whole number, 1 or more")
        self.requests: tuple[RequestView, ...] = ()
        self.times = times
        self._fault = fault

    def __repr__(self) -> str:
        return f"<injected {self._fault}: met by {len(self.requests)} of {self.times} calls>"


class Faults:
    """The faults of one trial, in the order they were injected.

    Not locked: the recorder that owns it holds the lock.
    """

    def __init__(self) -> None:
        self._injected: list[Injection] = []

    def add(self, injection: Injection) -> None:
        """Let the next calls meet it."""
        self._injected.append(injection)

    def take(self, request: Request, *, alterable: bool) -> Fault | None:
        """The fault that a call to a model meets; the judge's meet none."""
        waiting = [i for i in self._injected if len(i.requests) < i.times]
        view = parse_request(request) if waiting else None
        if view is None or asks_judge(view.body):
            return None
        for injection in waiting:
            if injection._fault.fits(view, alterable=alterable):
                injection.requests += (view,)
                return injection._fault
        return None

    def give_back(self, fault: Fault) -> None:
        """Let the next call meet a fault in the place of the last one: that had no answer."""
        for injection in self._injected:
            if injection._fault is fault:
                injection.requests = injection.requests[:-1]

    @property
    def met(self) -> int:
        """How many calls got another answer than the model's."""
        return sum(len(i.requests) for i in self._injected if i._fault.alters)

    @property
    def idle(self) -> Iterator[str]:
        """A sentence on each fault that fewer calls met than it was injected for."""
        for injection in self._injected:
            met, times = len(injection.requests), injection.times
            if met < times:
                calls = "no call" if not met else f"{met} of {times} calls"
                yield f"claude.inject({injection._fault}, times={times}) was met by {calls}"
