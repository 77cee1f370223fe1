"""The one patch per session: replay, record, guard and model swap, below every SDK surface.

Two class attributes of the SDK (`SyncAPIClient.request` and its async twin) see every call before
the request is built: there the model is swapped and the replay credential supplied. One class
attribute of each HTTP transport sees every request on its way out: there it is answered or
recorded. Patching classes catches clients that were built before, and leaves an app's own
`MockTransport` alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.models.ids import model_of
from pytest_claude.recording.call import Call
from pytest_claude.recording.doors import streams, traffic
from pytest_claude.recording.doors.line import ClosedLine, Line, current, own_ports
from pytest_claude.recording.faults import INJECTED
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import STORED_HEADERS
from pytest_claude.transcript.interaction import Ended, Request, Response, Timing

# A problem is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

# A client refuses to start without a credential; the value never leaves the process.
_REPLAY_HEADERS = {"Authorization": "Bearer replay", "X-Api-Key": "replay"}

_asked_model: ContextVar[str | None] = ContextVar("asked_model", default=None)


# --- the SDK: swap the model, supply a credential -------------------------------------------


def sync_request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`SyncAPIClient.request`, with what the line in force makes of its options."""

    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        options, asked = _prepared(self, options)
        token = _asked_model.set(asked)
        try:
            return original(self, cast_to, options, **kwargs)
        finally:
            _asked_model.reset(token)

    return request


def async_request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`AsyncAPIClient.request`, likewise."""

    async def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        options, asked = _prepared(self, options)
        token = _asked_model.set(asked)
        try:
            return await original(self, cast_to, options, **kwargs)
        finally:
            _asked_model.reset(token)

    return request


def sync_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    """A platform client's `_prepare_request`: in replay nothing is signed, no token fetched."""

    def _prepare_request(self: Any, request: Any) -> Any:
        return None if _replaying() else original(self, request)

    return _prepare_request


def async_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    """The asynchronous `_prepare_request`, likewise."""

    async def _prepare_request(self: Any, request: Any) -> Any:
        return None if _replaying() else await original(self, request)

    return _prepare_request


def _replaying() -> bool:
    line = current()
    return line is not None and line.replaying


def _prepared(client: Any, options: Any) -> tuple[Any, str | None]:
    """The options to send, and the model the app asked for."""
    line = current()
    if line is None:
        return options, None
    changed: dict[str, Any] = {}
    asked = None
    if isinstance(options.json_data, Mapping):
        # extra_body would win over what we change; on SDK ≥ 1 it is the only way to a temperature.
        body = {**options.json_data, **(options.extra_json or {})}
        asked = model_of(body)
        prepared = prepared_body(line, body)
        if prepared is not body:
            changed = {"json_data": dict(prepared), "extra_json": None}
    if line.replaying and not getattr(client, "api_key", None):
        given = options.headers if isinstance(options.headers, Mapping) else {}
        changed["headers"] = {**given, **_REPLAY_HEADERS}
    return options.model_copy(update=changed) if changed else options, asked


@contextmanager
def asking(body: bytes) -> Iterator[bytes]:
    """For a request that no SDK of this process builds: the body to send in the place of `body`."""
    line = current()
    try:
        value = json.loads(body) if body else None
    except ValueError:
        value = None
    if line is None or not isinstance(value, dict):
        yield body
        return
    prepared = prepared_body(line, value)
    token = _asked_model.set(model_of(value))
    try:
        yield body if prepared == value else json.dumps(prepared).encode()
    finally:
        _asked_model.reset(token)


def prepared_body(line: Line, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body to send, `body` itself where it stays; of a batch, each request is prepared."""
    requests = body.get("requests")
    if not isinstance(requests, list | tuple):
        return line.prepare(body)
    return {**body, "requests": [_batched(line, request) for request in requests]}


def _batched(line: Line, request: Any) -> Any:
    params = request.get("params") if isinstance(request, Mapping) else None
    if not isinstance(params, Mapping):
        return request
    return {**request, "params": dict(line.prepare(params))}


# --- the transport: answer or record --------------------------------------------------------


def sync_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_request` of a transport: answered or recorded by the line in force."""

    def handle_request(self: Any, request: Any) -> Any:
        line = current()
        if line is None or not _is_model_traffic(request):
            return original(self, request)
        recorder = _open(line, request)
        request.read()
        call = recorder.begin(_request_of(request, recorder), _asked_model.get())
        if call.recorded:
            return _replayed(request, call)
        try:
            response = original(self, request)
        except BaseException as error:
            recorder.drop(call, error)
            raise
        response = _recorded(response, recorder, call)
        if call.fault is None:
            return response
        response.read()  # the whole answer is kept, whatever the app will get of it
        return _replayed(request, call)

    return handle_request


def async_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_async_request` of a transport, likewise."""

    async def handle_async_request(self: Any, request: Any) -> Any:
        line = current()
        if line is None or not _is_model_traffic(request):
            return await original(self, request)
        recorder = _open(line, request)
        await request.aread()
        call = recorder.begin(_request_of(request, recorder), _asked_model.get())
        if call.recorded:
            return _replayed(request, call)
        try:
            response = await original(self, request)
        except BaseException as error:
            recorder.drop(call, error)
            raise
        response = _recorded(response, recorder, call)
        if call.fault is None:
            return response
        await response.aread()
        return _replayed(request, call)

    return handle_async_request


def shared(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A transport's method, synchronous or not: model traffic is ours, the rest is theirs."""

    def handle(self: Any, request: Any) -> Any:
        is_ours = current() is not None and _is_model_traffic(request)
        return ours(self, request) if is_ours else theirs(self, request)

    return handle


def aiohttp_request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`aiohttp.ClientSession._request`: not replayed, so a call to a model is refused in replay."""

    async def _request(self: Any, method: str, str_or_url: Any, **kwargs: Any) -> Any:
        line = current()
        if line is not None and line.replaying:
            url = urlsplit(str(str_or_url))
            host, headers = url.hostname or "", kwargs.get("headers") or ()
            body = f"{json.dumps(kwargs.get('json'), default=str)}{kwargs.get('data')}".encode()
            if traffic.is_model_traffic(host, url.path, headers, lambda: body):
                raise line.refuse(f"{method} {host}{url.path}")
        return await original(self, method, str_or_url, **kwargs)

    return _request


def _is_model_traffic(request: Any) -> bool:
    url = request.url
    if url.port in own_ports and traffic.is_loopback(url.host):
        return False  # our own server: it forwards through here
    return traffic.is_model_traffic(url.host, url.path, request.headers, lambda: _body_of(request))


def _body_of(request: Any) -> bytes:
    try:
        return bytes(request.content)
    except Exception as error:
        # A body that is a stream and not read yet. It is no Messages call: those are JSON.
        if type(error).__name__ != "RequestNotRead":
            raise
        return b""


def _open(line: Line, request: Any) -> Recorder:
    if isinstance(line, ClosedLine):
        raise line.refuse(f"{request.method} {request.url.host}{request.url.path}")
    return line


def _request_of(request: Any, recorder: Recorder) -> Request:
    redaction = recorder.redaction
    return Request(
        method=request.method.upper(),
        url=redaction.url(str(request.url)),
        body=request.content,
        headers=redaction.request_headers(_headers_of(request)),
    )


def _headers_of(message: Any) -> list[tuple[str, str]]:
    """Those of the headers that may be stored."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in message.headers.raw
        if name.lower() in STORED_HEADERS
    ]


def replay_headers(recorded: Response) -> dict[str, str]:
    """The headers to replay: an app's retries are exercised, without the waiting."""
    headers = dict(recorded.headers)
    if recorded.status >= 400 and INJECTED not in headers:
        headers.pop("retry-after", None)
        headers["retry-after-ms"] = "1"
    return headers


def _replayed(request: Any, call: Call) -> Any:
    served = call.served
    assert served is not None, "it was answered"
    library = _library_of(request)
    headers = replay_headers(served)
    pause_s = (call.fault and call.fault.slow_stream_s) or 0
    chunks = served.timing.chunks if served.timing is not None else ()
    if served.complete and not chunks and not pause_s:
        return library.Response(served.status, headers=headers, content=served.body)
    stream = streams.replay(library)(served, pause_s)
    return library.Response(served.status, headers=headers, stream=stream)


def _recorded(response: Any, recorder: Recorder, call: Call) -> Any:
    library = _library_of(response)

    def keep(raw: bytes, timing: Timing, ended: Ended) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            # The library's own decoder; the chunks are of the compressed bytes.
            raw = library.Response(200, headers=response.headers, content=raw).content
            timing = Timing(timing.first_byte_s, timing.total_s, timing.first_token_s)
        headers = recorder.redaction.response_headers(_headers_of(response))
        recorder.end(call, Response(response.status_code, raw, headers, timing, ended))

    meter = streams.Meter(call.started, keep)
    call.leave = meter.leave
    response.stream = streams.tee(library)(response.stream, meter)
    return response


def _library_of(message: Any) -> Any:
    return sys.modules[type(message).__module__.partition(".")[0]]
