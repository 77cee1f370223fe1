"""The one patch per session: replay, record, guard and model swap, below every SDK surface.

Two class attributes of the SDK (`SyncAPIClient.request` and its async twin) see every call before
the request is built: there the model is swapped and the replay credential supplied. Two class
attributes of the HTTP library (`HTTPTransport.handle_request` and its async twin, in httpx2 for
SDK ≥ 1.0 and in httpx for 0.x) see every request on its way out: there it is answered or
recorded. Patching classes catches clients that were built before, and leaves an app's own
`MockTransport` alone.

What answers is a plain process-global, not a ContextVar: context does not reach
`threading.Thread`, and a call from a thread must never go live.
"""

from __future__ import annotations

import inspect
import re
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

from pytest_claude.errors import CallOutsideTrial, RecordingProblem
from pytest_claude.models.ids import model_of
from pytest_claude.recording.recorder import Call, Recorder
from pytest_claude.recording.redaction import API_HOST
from pytest_claude.transcript.interaction import Request, Response, Timing

# A problem is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

_HTTP_LIBRARIES = ("httpx", "httpx2")
_AIOHTTP = ("anthropic._vendor.httpx_aiohttp.transport", "httpx_aiohttp.transport")
_MODEL_PATH = re.compile(
    r"/v1/(messages|complete)\b"  # first party, Foundry, gateways
    r"|/model/[^/]+/(invoke|converse)"  # Bedrock
    r"|/publishers/anthropic/models/"  # Vertex
)
_END_OF_STREAM = b"event: message_stop"
# A client refuses to start without a credential; the value never leaves the process.
_REPLAY_HEADERS = {"Authorization": "Bearer replay", "X-Api-Key": "replay"}


class ClosedLine:
    """No claude test is running: model traffic is refused and remembered.

    Attributes:
        problems: One for each refused request.
    """

    replaying = True

    def __init__(self) -> None:
        self.problems: list[RecordingProblem] = []

    def prepare(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return body

    def refuse(self, request: Any) -> CallOutsideTrial:
        """The problem to raise for `request`."""
        problem = CallOutsideTrial(
            f"{request.method} {request.url.host}{request.url.path} outside a claude test",
            [
                ("expected", "no model traffic outside the claude tests of this session"),
                ("observed", f"{request.method} {request.url.host}{request.url.path} was refused"),
                ("to replay", "request the fixture `claude` in the test that calls the model"),
                ("on purpose", "claude_guard = tests lets other tests reach the API"),
            ],
        )
        self.problems.append(problem)
        return problem


_line: Recorder | ClosedLine | None = None
_asked_model: ContextVar[str | None] = ContextVar("asked_model", default=None)
_patched: list[tuple[type, str, Any]] = []
_installs = 0


def install() -> None:
    """Patch the SDK and the HTTP libraries that are imported; safe to call again and again.

    Raises:
        RuntimeError: The SDK is not the one we know how to patch; the text names its version.
    """
    global _installs
    _installs += 1
    patch_imported()


def uninstall() -> None:
    """Take the patch back when the session that asked for it first has ended."""
    global _installs
    _installs -= 1
    if _installs == 0:
        while _patched:
            owner, name, original = _patched.pop()
            setattr(owner, name, original)


def patch_imported() -> None:
    """Patch what has been imported since the last time."""
    import anthropic
    from anthropic import _base_client as client

    done = {(owner, name) for owner, name, _ in _patched}
    sdk = f"anthropic {anthropic.__version__}"
    targets: list[tuple[type, str, str, Callable[..., Any]]] = [
        (client.SyncAPIClient, "request", sdk, _sync_request),
        (client.AsyncAPIClient, "request", sdk, _async_request),
    ]
    for name in _HTTP_LIBRARIES:
        if (library := sys.modules.get(name)) is not None:
            targets += [
                (library.HTTPTransport, "handle_request", name, _sync_transport),
                (library.AsyncHTTPTransport, "handle_async_request", name, _async_transport),
            ]
    for name in _AIOHTTP:  # no subclass of the HTTP library's own transport
        if (module := sys.modules.get(name)) is not None:
            targets.append(
                (module.AiohttpTransport, "handle_async_request", name, _async_transport)
            )
    for owner, attribute, package, wrapper in targets:
        if (owner, attribute) not in done:
            original = vars(owner).get(attribute)
            _check_target(owner, attribute, original, package)
            _patched.append((owner, attribute, original))
            setattr(owner, attribute, wraps(original)(wrapper(original)))  # type: ignore[arg-type]


@contextmanager
def line(new: Recorder | ClosedLine | None) -> Iterator[None]:
    """Put `new` in force; what was before comes back at the end. None lets calls through."""
    global _line
    before, _line = _line, new
    try:
        yield
    finally:
        _line = before


def is_model_traffic(request: Any) -> bool:
    """Whether a request of the HTTP library goes to a Claude model or its API.

    True for the API's host, for every request of an SDK client (they carry
    `anthropic-version`), and for the paths of the Messages API, Bedrock and Vertex on any host.
    """
    return (
        request.url.host == API_HOST
        or "anthropic-version" in request.headers
        or _MODEL_PATH.search(request.url.path) is not None
    )


def _check_target(owner: type, attribute: str, original: Any, package: str) -> None:
    first = {"request": ["self", "cast_to", "options"]}.get(attribute, ["self", "request"])
    if original is None or list(inspect.signature(original).parameters)[: len(first)] != first:
        raise RuntimeError(
            f"pytest-claude can't record or replay with this {package}: "
            f"{owner.__module__}.{owner.__name__}.{attribute} is not what it was. "
            "Pin an older version, or look for a newer pytest-claude."
        )


# --- the SDK: swap the model, supply a credential -------------------------------------------


def _sync_request(original: Callable[..., Any]) -> Callable[..., Any]:
    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        options, asked = _prepared(options)
        token = _asked_model.set(asked)
        try:
            return original(self, cast_to, options, **kwargs)
        finally:
            _asked_model.reset(token)

    return request


def _async_request(original: Callable[..., Any]) -> Callable[..., Any]:
    async def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        options, asked = _prepared(options)
        token = _asked_model.set(asked)
        try:
            return await original(self, cast_to, options, **kwargs)
        finally:
            _asked_model.reset(token)

    return request


def _prepared(options: Any) -> tuple[Any, str | None]:
    """The options to send, and the model the app asked for."""
    current = _line
    if current is None:
        return options, None
    changed: dict[str, Any] = {}
    asked = None
    if isinstance(options.json_data, Mapping):
        # extra_body would win over what we change; on SDK ≥ 1 it is the only way to a temperature.
        body = {**options.json_data, **(options.extra_json or {})}
        asked = model_of(body)
        changed = {"json_data": dict(current.prepare(body)), "extra_json": None}
    if current.replaying:
        given = options.headers if isinstance(options.headers, Mapping) else {}
        changed["headers"] = {**given, **_REPLAY_HEADERS}
    return options.model_copy(update=changed), asked


# --- the transport: answer or record --------------------------------------------------------


def _sync_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    def handle_request(self: Any, request: Any) -> Any:
        if _line is None or not is_model_traffic(request):
            return original(self, request)
        recorder = _open_line(request)
        request.read()
        call = recorder.begin(_request_of(request, recorder), _asked_model.get())
        if call.response is not None:
            return _replayed(request, call.response)
        try:
            response = original(self, request)
        except BaseException:
            recorder.drop(call)
            raise
        return _recorded(response, recorder, call)

    return handle_request


def _async_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_async_request(self: Any, request: Any) -> Any:
        if _line is None or not is_model_traffic(request):
            return await original(self, request)
        recorder = _open_line(request)
        await request.aread()
        call = recorder.begin(_request_of(request, recorder), _asked_model.get())
        if call.response is not None:
            return _replayed(request, call.response)
        try:
            response = await original(self, request)
        except BaseException:
            recorder.drop(call)
            raise
        return _recorded(response, recorder, call)

    return handle_async_request


def _open_line(request: Any) -> Recorder:
    if isinstance(_line, Recorder):
        return _line
    assert _line is not None, "the caller looked"
    raise _line.refuse(request)


def _request_of(request: Any, recorder: Recorder) -> Request:
    redaction = recorder.redaction
    return Request(
        method=request.method.upper(),
        url=redaction.url(str(request.url)),
        body=redaction.body(request.content),
        headers=redaction.request_headers(request.headers.items()),
    )


def _replayed(request: Any, recorded: Response) -> Any:
    library = _library_of(request)
    headers = dict(recorded.headers)
    if recorded.status >= 400:
        headers.pop("retry-after", None)
        headers["retry-after-ms"] = "1"  # the app's retries are exercised, without the waiting
    if recorded.complete:
        return library.Response(recorded.status, headers=headers, content=recorded.body)
    stream = _cut_stream(library)(recorded.body)
    return library.Response(recorded.status, headers=headers, stream=stream)


def _recorded(response: Any, recorder: Recorder, call: Call) -> Any:
    library = _library_of(response)

    def keep(raw: bytes, first_byte_s: float, total_s: float, complete: bool) -> None:
        # The library's own decoder: gzip, deflate and whatever else it negotiated.
        body = library.Response(200, headers=response.headers, content=raw).content
        recorder.end(
            call,
            Response(
                status=response.status_code,
                headers=recorder.redaction.response_headers(response.headers.items()),
                body=recorder.redaction.body(body),
                timing=Timing(first_byte_s, total_s),
                complete=complete or _END_OF_STREAM in body[-400:],
            ),
        )

    response.stream = _tee_stream(library)(response.stream, call.started, keep)
    return response


def _library_of(message: Any) -> Any:
    return sys.modules[type(message).__module__.partition(".")[0]]


Keep = Callable[[bytes, float, float, bool], None]


@cache
def _tee_stream(library: Any) -> Any:
    """A response stream that passes chunks on as they arrive and keeps them.

    httpx demands instances of its own classes, so there is one class per library.
    """

    class Tee(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, stream: Any, started: float, keep: Keep) -> None:
            self._stream, self._started, self._keep = stream, started, keep
            self._chunks: list[bytes] = []
            self._first_s: float | None = None
            self._kept = False

        def __iter__(self) -> Iterator[bytes]:
            for chunk in self._stream:
                self._note(chunk)
                yield chunk
            self._done(complete=True)

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for chunk in self._stream:
                self._note(chunk)
                yield chunk
            self._done(complete=True)

        def close(self) -> None:
            self._stream.close()
            self._done(complete=False)

        async def aclose(self) -> None:
            await self._stream.aclose()
            self._done(complete=False)

        def _note(self, chunk: bytes) -> None:
            if self._first_s is None:
                self._first_s = time.perf_counter() - self._started
            self._chunks.append(chunk)

        def _done(self, *, complete: bool) -> None:
            if not self._kept:
                self._kept = True
                total_s = time.perf_counter() - self._started
                first_s = total_s if self._first_s is None else self._first_s
                self._keep(b"".join(self._chunks), first_s, total_s, complete)

    return Tee


@cache
def _cut_stream(library: Any) -> Any:
    """A response stream that ends as the recorded one did: in the middle."""

    class Cut(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]
        def __init__(self, body: bytes) -> None:
            self._body = body

        def __iter__(self) -> Iterator[bytes]:
            yield self._body
            raise self._error()

        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield self._body
            raise self._error()

        def _error(self) -> Exception:
            error: Exception = library.RemoteProtocolError("the recorded stream was cut here")
            return error

    return Cut
