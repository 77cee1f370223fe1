"""The requests and responses of an HTTP library, and ours of the same."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording import problems
from pytest_claude.recording.call import Call, Way
from pytest_claude.recording.doors import aws, mocks, neighbours, streams, traffic
from pytest_claude.recording.doors.edge import received, replayed_headers, sent_for
from pytest_claude.recording.doors.line import Outgoing, aside
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Ended, Response, Timing

Send = Callable[[Any], Any]
"""Sends a request of an HTTP library by a transport of the app."""


def is_model_traffic(request: Any) -> bool:
    """Whether a request goes to a Claude model or its API."""
    url = request.url
    return neighbours.is_model_traffic(
        url.host, traffic.port_of(url), url.path, request.headers, lambda: _body_of(request)
    )


def target_of(request: Any) -> Target:
    """Where a request goes."""
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


def outgoing(request: Any, drop: Callable[[BaseException], None] | None = None) -> Outgoing:
    """A request on its way, as `Outgoing` has it."""
    return Outgoing(request.url.host, traffic.port_of(request.url), drop)


def begun(recorder: Recorder, request: Any, send: Send | None = None) -> tuple[Any, Call]:
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
            neighbours.note_own_server(recorder, target_of(request))
    if call.recorded or (sent.url, sent.body) == (url, request.content):
        return request, call
    headers = [pair for pair in request.headers.raw if pair[0].lower() != b"content-length"]
    return type(request)(
        request.method, sent.url, headers=headers, content=sent.body, extensions=request.extensions
    ), call


def keep_client(request: Any, client: Any) -> None:
    """Let `client` live as long as its request does, by whose way a judge may be asked.

    The SDK's client closes its connections when it is collected, also while one is in use: the
    thread that is inside the pool then waits for the pool's lock, which it has itself, for ever.
    """
    request.extensions = {**request.extensions, "pytest_claude_client": client}


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


def of_a_batch(request: Any, recorder: Recorder, call: Call, transport: Any) -> Any:
    """`Recorder.asked_of_a_batch`, as a response of the app's library."""
    if mocks.below(transport) is not None:
        return None
    url, headers = str(request.url), _all_headers_of(request)
    answer = recorder.asked_of_a_batch(call, url, request.content, headers)
    if answer is None:
        return None
    library = _library_of(request)
    stream = library.ByteStream(answer.body)
    return library.Response(answer.status, headers=answer.headers, stream=stream)


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


def replayed(request: Any, recorder: Recorder, call: Call) -> Any:
    """The response that answers a call from its cassette, or by a fault."""
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


def refused(request: Any, problem: RecordingProblem) -> Any:
    """The answer to a request that has none: the app meets an error of its library."""
    words = {"reason_phrase": problem.headline.encode("ascii", "replace")}  # for raise_for_status
    return _library_of(request).Response(
        400, headers=problems.REFUSED, content=problems.refusal(problem), extensions=words
    )


def recorded(response: Any, recorder: Recorder, call: Call) -> Any:
    """A response of the API, which is kept while the app reads it."""
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
