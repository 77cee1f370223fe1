"""The request that is sent for the one an app makes: the same for every door.

A model is swapped, and a request rewritten for it, here alone: on the way out, in the body or in
the path, whatever library made the request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.clock import elapsed_s
from pytest_claude.models.ids import model_of
from pytest_claude.models.platforms import Platform
from pytest_claude.recording.call import Call
from pytest_claude.recording.faults import INJECTED
from pytest_claude.recording.fingerprint import model_in_path, platform_in, with_model_in_path
from pytest_claude.recording.header_secrets import Headers
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript import converse
from pytest_claude.transcript.interaction import Request, Response
from pytest_claude.transcript.json_values import mapping, parsed
from pytest_claude.transcript.utf8 import utf8


@dataclass(frozen=True)
class Sent:
    """A request on its way out.

    Attributes:
        url: Where to.
        body: What is sent, the app's own bytes where nothing is changed.
        asked_model: The model the app asked for, before any swap; None where it names none.
    """

    url: str
    body: bytes
    asked_model: str | None = None

    def stored(self, method: str, headers: Headers, redaction: Redaction) -> Request:
        """The same as it is stored."""
        kept = redaction.request_headers(headers)
        return Request(method.upper(), redaction.url(self.url), self.body, kept)


def sent_for(recorder: Recorder, url: str, body: bytes) -> Sent:
    """What to send for a request to `url`.

    Raises:
        RecordingProblem: Nothing may be sent; the recorder keeps it.
    """
    value = parsed(body) if body else None
    if not isinstance(value, dict):
        return Sent(url, body)
    platform = platform_in(url)
    if isinstance(requests := value.get("requests"), list):
        new = {**value, "requests": [_batched(recorder, each, platform) for each in requests]}
        return Sent(url, body if new == value else _written(new))
    inside = model_of(value)
    asked = inside or model_in_path(url)
    if asked is None:
        return Sent(url, body)
    speaks_converse = "/converse" in urlsplit(url).path
    whole = {**(converse.parameters(value) if speaks_converse else value), "model": asked}
    prepared = recorder.prepared(whole, platform)
    if prepared is whole:
        return Sent(url, body, asked)
    if inside is not None:
        return Sent(url, _written(prepared), asked)
    rest = {key: each for key, each in prepared.items() if key != "model"}
    rest = converse.with_parameters(rest) if speaks_converse else rest
    return Sent(with_model_in_path(url, str(prepared["model"])), _written(rest), asked)


def send(
    call: Call, sends: Callable[[], Any], close: Callable[[Any], Any], *, held: bool = True
) -> Any:
    """What `sends` gets, once the limits of the account and the budget let the call go.

    Args:
        call: What is sent.
        sends: Sends it.
        close: Closes it, where it is not for the app: the call is sent again.
        held: Whether it is for the account: a mock has no limits, and costs nothing.

    Raises:
        NotSent: They do not.
    """
    if call.ticket is None or not held:
        return sends()
    return call.ticket.send(lambda: _start(call, sends), _head, close)


async def send_async(
    call: Call,
    sends: Callable[[], Awaitable[Any]],
    close: Callable[[Any], Awaitable[Any]],
    *,
    held: bool = True,
) -> Any:
    """The same where the app's event loop must go on."""
    if call.ticket is None or not held:
        return await sends()
    return await call.ticket.send_async(lambda: _start(call, sends), _head, close)


def _head(response: Any) -> tuple[int, Mapping[str, str]]:
    return response.status_code, response.headers


def _start(call: Call, sends: Callable[[], Any]) -> Any:
    call.started = elapsed_s()  # what is recorded does not count how long it was held
    return sends()


def received(response: Any) -> Response:
    """An answer that is not stored, with all its headers."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, response.content, headers)


def replayed_headers(recorded: Response, url: str) -> dict[str, str]:
    """The headers of a recorded answer to a request for `url`, as the app gets them.

    An app's retries are exercised without the waiting: `retry-after` is 0. The id of the request
    is made up, of what the answer holds; that of an error is in its body.
    """
    headers = dict(recorded.headers)
    if INJECTED in headers:
        return headers
    if "retry-after" in headers:
        headers["retry-after"] = "0"
    if recorded.status >= 400:
        headers["retry-after-ms"] = "1"
    name = "x-amzn-requestid" if "/model/" in url else "request-id"
    if name not in headers:
        told = mapping(recorded.json()).get("request_id") if recorded.status >= 400 else None
        made_up = f"req_replayed{hashlib.sha256(recorded.body).hexdigest()[:16]}"
        headers[name] = told if isinstance(told, str) else made_up
    return headers


def _batched(recorder: Recorder, request: Any, platform: Platform | None) -> Any:
    params = request.get("params") if isinstance(request, Mapping) else None
    if not isinstance(params, Mapping):
        return request
    return {**request, "params": recorder.prepared(params, platform)}


def _written(body: Mapping[str, Any]) -> bytes:
    return utf8(json.dumps(body, ensure_ascii=False, separators=(",", ":")))
