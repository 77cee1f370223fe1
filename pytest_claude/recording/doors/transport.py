"""The one patch per session: replay, record, guard and model swap, below every SDK surface.

One class attribute of each HTTP transport sees every request on its way out: there the model is
swapped, and the request answered or recorded. Two of the SDK (`SyncAPIClient.request` and its async
twin) see every call before it is built: there the replay credential is supplied. Patching classes
catches clients that were built before, and leaves an app's own `MockTransport` alone.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeGuard

import anyio  # what the HTTP libraries wait with

from pytest_claude.errors import CassetteMiss, RecordingProblem
from pytest_claude.recording import problems
from pytest_claude.recording.call import Call, Way
from pytest_claude.recording.doors import aws, edge, neighbours, streams, traffic
from pytest_claude.recording.doors.edge import received, replayed_headers, sent_for
from pytest_claude.recording.doors.line import (
    ClosedLine,
    Line,
    OpenLine,
    Outgoing,
    aside,
    current,
    is_recorded,
    is_replaying,
    sent,
)
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Ended, Response, Timing
from pytest_claude.transcript.utf8 import utf8

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

# A client refuses to start without a credential; the value never leaves the process.
_REPLAY_HEADERS = {"Authorization": "Bearer replay", "X-Api-Key": "replay"}

Send = Callable[[Any], Any]
"""Sends a request of an HTTP library by a transport of the app."""


# --- the SDK: supply a credential ------------------------------------------------------------


def request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`SyncAPIClient.request` and its asynchronous twin: no key is needed to replay."""

    def request(self: Any, cast_to: Any, options: Any, **kwargs: Any) -> Any:
        if is_replaying() and not getattr(self, "api_key", None):
            given = options.headers if isinstance(options.headers, Mapping) else {}
            options = options.model_copy(update={"headers": {**given, **_REPLAY_HEADERS}})
        return original(self, cast_to, options, **kwargs)

    return request


def sync_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    """A platform client's `_prepare_request`: in replay nothing is signed, no token fetched."""

    def _prepare_request(self: Any, request: Any) -> Any:
        return None if is_replaying() else original(self, request)

    return _prepare_request


def async_credentials(original: Callable[..., Any]) -> Callable[..., Any]:
    """The asynchronous `_prepare_request`, likewise."""

    async def _prepare_request(self: Any, request: Any) -> Any:
        return None if is_replaying() else await original(self, request)

    return _prepare_request


# --- the client: name a mock above its transport --------------------------------------------


def client_send(original: Callable[..., Any]) -> Callable[..., Any]:
    """`Client.send` of an HTTP library, and of its asynchronous client."""

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        line = current()
        if isinstance(line, Recorder) and (mock := neighbours.mock_above(self)) is not None:
            if _is_model_traffic(request):
                line.mocks.setdefault(mock)
        return original(self, request, *args, **kwargs)

    return send


# --- the transport: answer or record --------------------------------------------------------


def sync_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_request` of a transport: answered or recorded by the line in force."""

    def handle_request(self: Any, request: Any) -> Any:
        line = current()
        if not _is_for(line, request, self):
            with _outgoing(request):
                return original(self, request)
        request.read()
        try:
            recorder = _open(line, request)
            request, call = _begun(recorder, request, partial(original, self))
            if call.recorded:
                return _replayed(request, recorder, call)
            response = recorder.asking and _of_a_batch(request, recorder, call, self)
        except Exception as error:
            return _refused(request, line.problems.take(_naming_mocks(error, request, self)))
        try:
            with _outgoing(request, partial(recorder.drop, call)):
                response = response or edge.send(
                    call, partial(original, self, request), lambda answer: answer.close(),
                    held=neighbours.mock_below(self) is None,
                )  # fmt: skip
        except RecordingProblem as error:
            return _refused(request, recorder.problems.take(error))
        if (mock := _mock_of(response, self)) is not None:
            recorder.leave_to_mock(call, mock)
            return response
        response = _recorded(response, recorder, call)
        if call.fault is None:
            return response
        response.read()  # the whole answer is kept, whatever the app will get of it
        return _replayed(request, recorder, call)

    return handle_request


def async_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_async_request` of a transport, likewise."""

    async def handle_async_request(self: Any, request: Any) -> Any:
        line = current()
        if not await _is_for_aside(line, request, self):
            with _outgoing(request):
                return await original(self, request)
        assert line is not None, "it is for it"
        await request.aread()
        try:
            recorder = _open(line, request)
            request, call = await _begun_aside(recorder, request)
            if call.recorded:
                return _replayed(request, recorder, call)
            response = recorder.asking and await _in_a_thread_of_its_own(
                _of_a_batch, request, recorder, call, self
            )
        except Exception as error:
            named = await anyio.to_thread.run_sync(_naming_mocks, error, request, self)
            return _refused(request, line.problems.take(named))
        try:
            async with _outgoing(request, partial(recorder.drop, call)):
                response = response or await edge.send_async(
                    call, partial(original, self, request), lambda answer: answer.aclose(),
                    held=neighbours.mock_below(self) is None,
                )  # fmt: skip
        except RecordingProblem as error:
            return _refused(request, recorder.problems.take(error))
        if (mock := _mock_of(response, self)) is not None:
            await streams.in_a_thread(partial(recorder.leave_to_mock, call, mock))
            return response
        response = _recorded(response, recorder, call)
        if call.fault is None:
            return response
        await response.aread()
        return _replayed(request, recorder, call)

    return handle_async_request


async def _begun_aside(recorder: Recorder, request: Any) -> tuple[Any, Call]:
    """`_begun`, in a thread where that takes a file: none is opened in the app's event loop.

    Tasks of one loop begin in the order in which they asked.
    """
    turn = recorder.turns.get(threading.get_ident())
    if recorder.is_ready and (turn is None or not turn.locked()):
        return _begun(recorder, request)
    turn = recorder.turns.setdefault(threading.get_ident(), anyio.Lock())
    async with turn:  # whoever asked first has it first
        if not recorder.is_ready:
            return await anyio.to_thread.run_sync(_begun, recorder, request)
        return _begun(recorder, request)


async def _in_a_thread_of_its_own(act: Callable[..., Any], *arguments: Any) -> Any:
    """What `act` gives, whatever number of other tasks wait in threads."""
    limiter = anyio.CapacityLimiter(1)
    return await anyio.to_thread.run_sync(act, *arguments, limiter=limiter)


def _of_a_batch(request: Any, recorder: Recorder, call: Call, transport: Any) -> Any:
    """`Recorder.asked_of_a_batch`, as a response of the app's library."""
    if neighbours.mock_below(transport) is not None:
        return None
    url, headers = str(request.url), _all_headers_of(request)
    answer = recorder.asked_of_a_batch(call, url, request.content, headers)
    if answer is None:
        return None
    library = _library_of(request)
    stream = library.ByteStream(answer.body)
    return library.Response(answer.status, headers=answer.headers, stream=stream)


def shared(ours: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A transport's method, synchronous or not: model traffic is ours, the rest is theirs."""

    def handle(self: Any, request: Any) -> Any:
        is_ours = _is_for(current(), request, self)
        return ours(self, request) if is_ours else theirs(self, request)

    async def handle_async(self: Any, request: Any) -> Any:
        is_ours = await _is_for_aside(current(), request, self)
        return await (ours if is_ours else theirs)(self, request)

    return handle_async if ours.__name__ == "handle_async_request" else handle


def beneath(real: Callable[..., Any], theirs: Callable[..., Any]) -> Callable[..., Any]:
    """A method below a transport that another tool has replaced: what is recorded passes it by."""

    def handle(self: Any, request: Any) -> Any:
        return (real if is_recorded() else theirs)(self, request)

    return handle


def aiohttp_request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`aiohttp.ClientSession._request`: a call to a model that no transport of ours makes.

    It can't be replayed. It is refused while recording too: it would be paid, and not kept.
    """

    async def _request(self: Any, method: str, str_or_url: Any, **kwargs: Any) -> Any:
        line = current()
        if line is None:
            return await original(self, method, str_or_url, **kwargs)
        if sent() is None:
            target = _aiohttp_target(self, method, str_or_url, kwargs)
            refused = target is not None and await anyio.to_thread.run_sync(
                neighbours.is_refused, line, target
            )
            if target is not None and refused:
                problem = line.refuse(target.words)
                raise sys.modules["aiohttp"].ClientConnectionError(problem.headline) from problem
        url = self._build_url(str_or_url)
        with Outgoing(url.host or "", url.port or 0):
            return await original(self, method, str_or_url, **kwargs)

    return _request


def _aiohttp_target(session: Any, method: str, url: Any, given: Mapping[str, Any]) -> Target | None:
    """Where a request of aiohttp goes; None if not to a model."""
    url = session._build_url(url)
    headers = given.get("headers") or {}
    names = {name.lower() for name in (*dict(headers), *session.headers)}

    def body() -> bytes:
        data = given.get("data")
        if data is None:
            return utf8(json.dumps(given.get("json"), default=str))
        if isinstance(data, str | bytes):
            return utf8(data) if isinstance(data, str) else data
        return traffic.ANY_SHAPE  # to be read while it is sent

    if not neighbours.is_model_traffic(url.host or "", url.port, url.path, names, body):
        return None
    return Target(url.host or "", url.port, method.upper(), url.path)


def _is_for(line: Line | None, request: Any, transport: Any) -> TypeGuard[Line]:
    """Whether a request is answered, recorded or refused by the line in force."""
    if line is None or not _is_model_traffic(request):
        return False
    if isinstance(line, ClosedLine | OpenLine):
        mock = neighbours.mock_below(transport)
        return not neighbours.is_left_alone(line, _target_of(request), mock)
    return True


async def _is_for_aside(line: Line | None, request: Any, transport: Any) -> bool:
    """The same, in a thread where that reads which servers there are: those lists are files."""
    if isinstance(line, ClosedLine | OpenLine) and _is_model_traffic(request):
        return await anyio.to_thread.run_sync(_is_for, line, request, transport)
    return _is_for(line, request, transport)


def _is_model_traffic(request: Any) -> bool:
    url = request.url
    return neighbours.is_model_traffic(
        url.host, traffic.port_of(url), url.path, request.headers, lambda: _body_of(request)
    )


def _target_of(request: Any) -> Target:
    url = request.url
    return Target(url.host, traffic.port_of(url), request.method.upper(), url.path)


def _body_of(request: Any) -> bytes:
    try:
        return bytes(request.content)
    except Exception as error:
        # A body that is a stream and not read yet. It is no Messages call: those are JSON.
        if type(error).__name__ != "RequestNotRead":
            raise
        return b""


def _outgoing(request: Any, drop: Callable[[BaseException], None] | None = None) -> Outgoing:
    return Outgoing(request.url.host, traffic.port_of(request.url), drop)


def _open(line: Line, request: Any) -> Recorder:
    if isinstance(line, ClosedLine):
        raise line.refuse(_target_of(request).words)
    assert not isinstance(line, OpenLine), "it lets everything through"
    return line


def _naming_mocks(error: Exception, request: Any, transport: Any) -> Exception:
    """A miss that names what the test itself has put in the place of the API."""
    if isinstance(error, CassetteMiss):
        mock = neighbours.mock_below(transport) or neighbours.own_server(_target_of(request))
        if mock is not None:
            what = f"{mock} stands in for the API here; recordings answer a claude test, no mock"
            error.rows = (*error.rows, ("a mock", what))
    return error


def _mock_of(response: Any, transport: Any) -> str | None:
    """The test's own mock that answered, which is no answer of a model; None for the network."""
    mock = neighbours.mock_below(transport)
    return None if "network_stream" in response.extensions else mock


def _begun(recorder: Recorder, request: Any, send: Send | None = None) -> tuple[Any, Call]:
    """The request to send in the place of the app's, and its call.

    `send` is the app's own transport; None where it is asynchronous.
    """
    url = str(request.url)
    sent = sent_for(recorder, url, request.content)
    stored = sent.stored(request.method, _headers_of(request), recorder.redaction)
    call = recorder.begin(stored, sent.asked_model, headers=partial(_all_headers_of, request))
    if not recorder.replaying:
        call.again = Way(sent.url, partial(_send_again, request, send))
        if recorder.calls and recorder.calls[0] is call:  # in a thread: files are read for it
            neighbours.note_own_server(recorder, _target_of(request))
    if call.recorded or (sent.url, sent.body) == (url, request.content):
        return request, call
    headers = [pair for pair in request.headers.raw if pair[0].lower() != b"content-length"]
    return type(request)(
        request.method, sent.url, headers=headers, content=sent.body, extensions=request.extensions
    ), call


_NOT_AGAIN = ("content-length", "accept", "accept-encoding", "anthropic-beta", "idempotency-key")


def _send_again(request: Any, send: Send | None, url: str, body: bytes) -> Response:
    """What comes back for `body`, sent with the headers of `request`.

    An asynchronous transport belongs to the app's event loop, which may be busy or gone: a client
    of its library is made in its place.
    """
    library = _library_of(request)
    raw = [pair for pair in request.headers.raw if pair[0].lower().decode() not in _NOT_AGAIN]
    timeout = {key: request.extensions[key] for key in ("timeout",) if key in request.extensions}
    again = library.Request("POST", url, headers=raw, content=body, extensions=timeout)
    aws.sign_again(again)
    with aside():
        if send is not None:
            response = send(again)
            response.read()
        else:
            with library.Client() as client:
                response = client.send(again)
    return received(response)


def _all_headers_of(request: Any) -> list[tuple[str, str]]:
    raw = request.headers.raw
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


def _headers_of(message: Any) -> list[tuple[str, str]]:
    """Those of the headers that may be stored."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in message.headers.raw
        if Redaction.may_store(name.lower())
    ]


def _replayed(request: Any, recorder: Recorder, call: Call) -> Any:
    served = call.served
    assert served is not None, "it was answered"
    library = _library_of(request)
    headers = replayed_headers(served, call.request.url)
    pause_s = (call.fault and call.fault.slow_stream_s) or 0
    chunks = served.timing.chunks if served.timing is not None else ()
    if served.complete and not chunks and not pause_s:
        return library.Response(served.status, headers=headers, content=served.body)
    stream = streams.replay(library)(served, pause_s, partial(recorder.read_past, call))
    return library.Response(served.status, headers=headers, stream=stream)


def _refused(request: Any, problem: RecordingProblem) -> Any:
    """The answer to a request that has none: the app meets an error of its library."""
    words = {"reason_phrase": problem.headline.encode("ascii", "replace")}  # for raise_for_status
    return _library_of(request).Response(
        400, headers=problems.REFUSED, content=problems.refusal(problem), extensions=words
    )


def _recorded(response: Any, recorder: Recorder, call: Call) -> Any:
    library = _library_of(response)

    def keep(raw: bytes, timing: Timing, ended: Ended) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            # The library's own decoder; the chunks are of the compressed bytes.
            raw = library.Response(200, headers=response.headers, content=raw).content
            timing = Timing(timing.first_byte_s, timing.total_s, timing.first_token_s)
        measured = None if call.batched else timing
        headers = recorder.redaction.response_headers(_headers_of(response))
        recorder.end(call, Response(response.status_code, raw, headers, measured, ended))

    meter = streams.Meter(call.started, recorder.problems.taking(keep))
    call.leave = meter.leave
    response.stream = streams.tee(library)(response.stream, meter)
    return response


def _library_of(message: Any) -> Any:
    return sys.modules[type(message).__module__.partition(".")[0]]
