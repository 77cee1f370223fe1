"""The one patch per session: replay, record, guard and model swap, below every SDK surface.

One class attribute of each HTTP transport sees every request on its way out: there the model is
swapped, and the request answered or recorded. Patching classes catches clients that were built
before, and leaves an app's own `MockTransport` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeGuard

import anyio  # what the HTTP libraries wait with

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording.call import Call
from pytest_claude.recording.doors import edge, messages, mocks, neighbours, streams
from pytest_claude.recording.doors.line import ClosedLine, Line, OpenLine, current, is_recorded
from pytest_claude.recording.recorder import Recorder

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True


def client_send(original: Callable[..., Any]) -> Callable[..., Any]:
    """`Client.send` of an HTTP library, and of its asynchronous client."""

    def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
        line = current()
        if isinstance(line, Recorder) and (mock := mocks.above(self)) is not None:
            if messages.is_model_traffic(request):
                line.mocks.setdefault(mock)
        if isinstance(line, Recorder) and not line.replaying:
            messages.keep_client(request, self)
        return original(self, request, *args, **kwargs)

    return send


def sync_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_request` of a transport: answered or recorded by the line in force."""

    def handle_request(self: Any, request: Any) -> Any:
        line = current()
        if not _is_for(line, request, self):
            with messages.outgoing(request):
                return original(self, request)
        request.read()
        try:
            recorder = _open(line, request)
            request, call = messages.begun(recorder, request, partial(original, self))
            if call.recorded:
                return messages.replayed(request, recorder, call)
            response = recorder.asking and messages.of_a_batch(request, recorder, call, self)
        except Exception as error:
            named = mocks.named(error, messages.target_of(request), self)
            return messages.refused(request, line.problems.take(named))
        try:
            with messages.outgoing(request, partial(recorder.drop, call)):
                response = response or edge.send(
                    call, partial(original, self, request), lambda answer: answer.close(),
                    held=mocks.below(self) is None,
                )  # fmt: skip
        except RecordingProblem as error:
            return messages.refused(request, recorder.problems.take(error))
        if (mock := mocks.that_answered(response, self)) is not None:
            recorder.leave_to_mock(call, mock)
            return response
        response = messages.recorded(response, recorder, call)
        if call.fault is None:
            return response
        response.read()  # the whole answer is kept, whatever the app will get of it
        return messages.replayed(request, recorder, call)

    return handle_request


def async_transport(original: Callable[..., Any]) -> Callable[..., Any]:
    """`handle_async_request` of a transport, likewise."""

    async def handle_async_request(self: Any, request: Any) -> Any:
        line = current()
        if not await _is_for_aside(line, request, self):
            with messages.outgoing(request):
                return await original(self, request)
        assert line is not None, "it is for it"
        await request.aread()
        try:
            recorder = _open(line, request)
            request, call = await _begun_aside(recorder, request)
            if call.recorded:
                return messages.replayed(request, recorder, call)
            response = recorder.asking and await anyio.to_thread.run_sync(
                messages.of_a_batch, request, recorder, call, self,
                limiter=anyio.CapacityLimiter(1),  # whatever number of other tasks wait in threads
            )  # fmt: skip
        except Exception as error:
            target = messages.target_of(request)
            named = await anyio.to_thread.run_sync(mocks.named, error, target, self)
            return messages.refused(request, line.problems.take(named))
        try:
            async with messages.outgoing(request, partial(recorder.drop, call)):
                response = response or await edge.send_async(
                    call, partial(original, self, request), lambda answer: answer.aclose(),
                    held=mocks.below(self) is None,
                )  # fmt: skip
        except RecordingProblem as error:
            return messages.refused(request, recorder.problems.take(error))
        if (mock := mocks.that_answered(response, self)) is not None:
            await streams.in_a_thread(partial(recorder.leave_to_mock, call, mock))
            return response
        response = messages.recorded(response, recorder, call)
        if call.fault is None:
            return response
        await response.aread()
        return messages.replayed(request, recorder, call)

    return handle_async_request


async def _begun_aside(recorder: Recorder, request: Any) -> tuple[Any, Call]:
    """`messages.begun`, in a thread where it takes a file: none is opened in the app's event loop.

    Tasks of one loop begin in the order in which they asked.
    """
    turn = recorder.turns.get(threading.get_ident())
    if recorder.is_ready and (turn is None or not turn.locked()):
        return messages.begun(recorder, request)
    turn = recorder.turns.setdefault(threading.get_ident(), anyio.Lock())
    async with turn:  # whoever asked first has it first
        if not recorder.is_ready:
            return await anyio.to_thread.run_sync(messages.begun, recorder, request)
        return messages.begun(recorder, request)


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


def _is_for(line: Line | None, request: Any, transport: Any) -> TypeGuard[Line]:
    """Whether a request is answered, recorded or refused by the line in force."""
    if line is None or not messages.is_model_traffic(request):
        return False
    if isinstance(line, ClosedLine | OpenLine):
        mock = mocks.below(transport)
        return not neighbours.is_left_alone(line, messages.target_of(request), mock)
    return True


async def _is_for_aside(line: Line | None, request: Any, transport: Any) -> bool:
    """The same, in a thread where that reads which servers there are: those lists are files."""
    if isinstance(line, ClosedLine | OpenLine) and messages.is_model_traffic(request):
        return await anyio.to_thread.run_sync(_is_for, line, request, transport)
    return _is_for(line, request, transport)


def _open(line: Line, request: Any) -> Recorder:
    if isinstance(line, ClosedLine):
        raise line.refuse(messages.target_of(request).words)
    assert not isinstance(line, OpenLine), "it lets everything through"
    return line
