"""botocore: Bedrock calls made through boto3, without the Anthropic SDK.

The one method that every AWS request passes is patched, and looks at Bedrock's model calls only:
vcrpy's patch of the connection classes would take an app's S3 and DynamoDB traffic with it.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording import problems
from pytest_claude.recording.call import Way
from pytest_claude.recording.doors import edge, neighbours, streams, traffic
from pytest_claude.recording.doors.edge import received, replayed_headers, sent_for
from pytest_claude.recording.doors.line import (
    ClosedLine,
    Line,
    OpenLine,
    Outgoing,
    aside,
    current,
    is_replaying,
)
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.recording.recorder import Recorder
from pytest_claude.transcript.interaction import Ended, Response, Timing

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

Send = Callable[[str, bytes], Response]
_KEY = re.compile("AWS4-HMAC-SHA256 Credential=([^/]+)/")
_OF_BODY = ("content-length", "accept")


def _load(original: Callable[..., Any]) -> Callable[..., Any]:
    def load(self: Any) -> Any:
        if is_replaying():
            return None  # no credentials are needed, and the metadata service is a network call
        return original(self)

    return load


def _sign(original: Callable[..., Any]) -> Callable[..., Any]:
    def sign(self: Any, operation_name: str, request: Any, *args: Any, **kwargs: Any) -> Any:
        if is_replaying() and _is_bedrock(request.url):
            return None  # nothing is sent, and there may be no credentials to sign with
        return original(self, operation_name, request, *args, **kwargs)

    return sign


def _add_auth(original: Callable[..., Any]) -> Callable[..., Any]:
    """The signer under boto3, the SDK and litellm: it signs what will be sent for the request."""

    def add_auth(self: Any, request: Any) -> Any:
        line = current()
        if not isinstance(line, Recorder) or not _is_signed_for_a_model(request):
            return original(self, request)
        if line.replaying:
            return None
        _signers[str(self.credentials.access_key)] = self
        before = request.url, request.data, request.body
        try:
            sent = sent_for(line, request.url, request.body or b"")
        except Exception as error:
            line.problems.take(error)
            return None  # it is refused where it is sent
        request.url, request.data = sent.url, sent.body
        _set_length(request, sent.body)
        try:
            return original(self, request)
        finally:
            request.url, request.data, body = before
            _set_length(request, body or b"")

    return add_auth


_signers: dict[str, Any] = {}  # by access key: who signed a call to a model while recording
_OF_SIGNATURE = ("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")


def sign_again(request: Any) -> None:
    """Sign a request for what it holds now, where it has a signature; by who signed it before.

    Raises:
        LookupError: Nobody of this process has signed for its access key.
    """
    signature = _KEY.search(request.headers.get("authorization", ""))
    if signature is None:
        return
    from botocore.awsrequest import AWSRequest

    signer = _signers.get(signature[1])
    if signer is None:
        raise LookupError("it is signed by other means than botocore's")
    for name in _OF_SIGNATURE:
        request.headers.pop(name, None)
    kind = {"content-type": "application/json"}
    signed = AWSRequest("POST", str(request.url), data=request.content, headers=kind)
    with aside():
        signer.add_auth(signed)
    for name, value in signed.headers.items():
        request.headers[name] = value


def _send_again(original: Callable[..., Any], session: Any, request: Any) -> Send:
    """What sends a body by a session of botocore, as `request` is sent."""
    from botocore.awsrequest import AWSRequest

    headers = {name: _text(value) for name, value in request.headers.items()}

    def send(url: str, body: bytes) -> Response:
        signature = _KEY.search(headers.get("Authorization", ""))
        kept = {n: v for n, v in headers.items() if n.lower() not in (*_OF_SIGNATURE, *_OF_BODY)}
        again = AWSRequest("POST", url, data=body, headers=kept)
        with aside():
            if signature is not None:
                _signers[signature[1]].add_auth(again)
            elif "Authorization" in headers:
                again.headers["Authorization"] = headers["Authorization"]
            response = original(session, again.prepare())
        return received(response)

    return send


def _is_signed_for_a_model(request: Any) -> bool:
    parts = urlsplit(request.url)
    return neighbours.is_model_traffic(
        parts.hostname or "", parts.port, parts.path, request.headers, lambda: request.body or b""
    )


def _set_length(request: Any, body: bytes) -> None:
    if "Content-Length" in request.headers:
        del request.headers["Content-Length"]
        request.headers["Content-Length"] = str(len(body))


def _send(original: Callable[..., Any]) -> Callable[..., Any]:
    def send(self: Any, request: Any) -> Any:
        line = current()
        if line is None or not _is_bedrock(request.url) or _is_left_alone(line, request):
            with _outgoing(request):
                return original(self, request)
        assert not isinstance(line, OpenLine), "it lets everything through"
        try:
            if isinstance(line, ClosedLine):
                raise line.refuse(_target_of(request).words)
            body = request.body or b""
            body = body.encode() if isinstance(body, str) else bytes(body)
            sent = sent_for(line, request.url, body)
            headers = partial(_all_headers_of, request)
            stored = sent.stored(request.method, headers(), line.redaction)
            call = line.begin(stored, sent.asked_model, alterable=False, headers=headers)
            if not line.replaying:
                call.again = Way(sent.url, _send_again(original, self, request))
            if call.recorded:
                assert call.response is not None, "it comes from the cassette"
                raw = io.BytesIO(call.response.body)
                kept = replayed_headers(call.response, stored.url)
                replayed = _response(request, call.response.status, kept, raw)
                if not call.response.complete:
                    rest = partial(
                        pieces_until_its_end, call.response, partial(line.read_past, call)
                    )
                    replayed.raw.stream = lambda *_, rest=rest: rest()
                return replayed
            line.asked_of_a_batch(call, sent.url, sent.body, headers())  # no batch takes it
        except Exception as error:
            refusal = io.BytesIO(problems.refusal(line.problems.take(error)))
            return _response(request, 400, problems.REFUSED, refusal)
        request.url, request.body = sent.url, sent.body
        _set_length(request, sent.body)
        try:
            with _outgoing(request, partial(line.drop, call)):
                response = edge.send(
                    call, partial(original, self, request), lambda answer: answer.raw.close()
                )
        except RecordingProblem as error:
            refusal = io.BytesIO(problems.refusal(line.problems.take(error)))
            return _response(request, 400, problems.REFUSED, refusal)
        return _recorded(request, response, line, call)

    return send


def _is_left_alone(line: Line, request: Any) -> bool:
    if isinstance(line, ClosedLine | OpenLine):
        return neighbours.is_left_alone(line, _target_of(request))
    return False


def _target_of(request: Any) -> Target:
    url = urlsplit(request.url)
    return Target(url.hostname or "", url.port, request.method.upper(), url.path)


def _outgoing(request: Any, drop: Callable[[BaseException], None] | None = None) -> Outgoing:
    url = urlsplit(request.url)
    return Outgoing(url.hostname or "", traffic.port_of(url), drop)


def _is_bedrock(url: str) -> bool:
    parts = urlsplit(url)
    return neighbours.is_model_traffic(parts.hostname or "", parts.port, parts.path, (), bytes)


def _all_headers_of(request: Any) -> list[tuple[str, str]]:
    return [(name, _text(value)) for name, value in request.headers.items()]


def _recorded(request: Any, response: Any, recorder: Recorder, call: Any) -> Any:
    redaction = recorder.redaction

    def keep(body: bytes, timing: Timing, ended: Ended) -> None:
        headers = redaction.response_headers(response.headers.items())
        answer = Response(response.status_code, body, headers, timing, ended)
        recorder.end(call, answer)

    meter = streams.Meter(call.started, recorder.problems.taking(keep))
    if not request.stream_output:
        meter.note(response.content)
        meter.done()
        return response
    call.leave = meter.leave
    raw = _Tee(response.raw, meter)
    return _response(request, response.status_code, response.headers, raw)


def _response(request: Any, status: int, headers: Any, raw: Any) -> Any:
    from botocore.awsrequest import AWSResponse
    from urllib3 import HTTPResponse

    kept = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    body = HTTPResponse(body=raw, headers=kept, status=status, preload_content=False)
    response = AWSResponse(request.url, status, body.headers, body)
    if not request.stream_output:
        response.content  # noqa: B018  # botocore reads it here too
    return response


def pieces_until_its_end(recorded: Response, read_past: Callable[[], object]) -> Iterator[bytes]:
    """The body of a streamed answer that is not whole; it ends in the error that it ended in."""
    from urllib3.exceptions import ProtocolError, ReadTimeoutError

    yield from streams.pieces(recorded)
    if recorded.ended == "timed out":
        raise ReadTimeoutError(None, None, streams.TIMED_OUT)  # type: ignore[arg-type]
    if recorded.ended == "left":
        time.sleep(streams.silence_s(recorded))
        read_past()
    raise ProtocolError(streams.LEFT if recorded.ended == "left" else streams.CUT)


class _Tee(io.RawIOBase):
    """A body that is metered while botocore reads it."""

    def __init__(self, raw: Any, meter: streams.Meter) -> None:
        self._raw = raw
        self._meter = meter

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        try:
            data: bytes = self._raw.read(None if size is None or size < 0 else size)
        except ReadTimeoutError:
            self._meter.time_out()
            raise
        except HTTPError:
            self._meter.cut()
            raise
        if data:
            self._meter.note(data)
        if not data or size is None or size < 0:
            self._meter.done()
        return data

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
            self._meter.leave()
        super().close()


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


CLASSES = (
    ("botocore.httpsession", "URLLib3Session", "send", _send),
    ("botocore.signers", "RequestSigner", "sign", _sign),
    ("botocore.credentials", "InstanceMetadataProvider", "load", _load),
    ("botocore.auth", "SigV4Auth", "add_auth", _add_auth),
    ("botocore.crt.auth", "CrtSigV4Auth", "add_auth", _add_auth),
)
"""What to patch: a module, a class, its method, and what to put in the place of that."""
