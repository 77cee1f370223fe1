"""The self-test: does a request of the installed SDK pass through our patch?

A tool that patches a library the SDK no longer uses replays nothing and goes live, in silence.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from pytest_claude.errors import UnknownSDK
from pytest_claude.recording.call import Call
from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import known
from pytest_claude.recording.problems import Problems
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Interaction, Request, Response

# Nothing listens on the discard port: a request that we don't see goes nowhere.
_NOWHERE = "http://127.0.0.1:9"


def probe() -> UnknownSDK | None:
    """What is in the way of recording and replaying with the SDK that is imported, or None."""
    if patching.flaws:
        return _problem(patching.flaws[0])
    anthropic = sys.modules.get("anthropic")
    if anthropic is None:
        return None
    version = f"anthropic {anthropic.__version__}"
    heard = _Probe()
    cause, asynchronous = "", True
    try:
        with line(heard):  # type: ignore[arg-type]  # as much of a recorder as a request needs
            _send(anthropic)
            asynchronous = _asynchronous_is_patched(anthropic)
    except Exception as error:
        cause = f" ({error})"
    if not heard.requests:
        return _problem(f"a request of {version} did not pass our patch{cause}")
    if not asynchronous:
        return _problem(f"{version} sends asynchronous requests through what we don't patch")
    return None


class _Probe:
    replaying = True
    redaction = Redaction()
    is_ready = True

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.problems = Problems()

    def prepared(self, body: Mapping[str, Any], platform: None) -> Mapping[str, Any]:
        return body

    def begin(self, request: Request, asked_model: str | None, *, headers: object) -> Call:
        self.requests.append(request)
        answer = Response(200, b"{}", {"content-type": "application/json"})
        entry = Recorded.of(Interaction(request, answer))
        return Call(request, known(request), asked_model, entry, recorded=True)


def _send(anthropic: Any) -> None:
    with anthropic.Anthropic(api_key="probe", base_url=_NOWHERE, max_retries=0) as client:
        client.post("/v1/messages", cast_to=object, body={"model": "probe", "messages": []})


def _asynchronous_is_patched(anthropic: Any) -> bool:
    """Whether the async client's own transport is of a patched class; nothing is run."""
    client = anthropic.AsyncAnthropic(api_key="probe", base_url=_NOWHERE)
    transport = type(getattr(client._client, "_transport", None))
    return any(patching.is_patched(owner, "handle_async_request") for owner in transport.__mro__)


def _problem(what: str) -> UnknownSDK:
    return UnknownSDK(
        f"pytest-claude can't record or replay here: {what}",
        [
            ("expected", "every request of the SDK seen before it is sent"),
            ("observed", what),
            ("to go on", "pin the version of the SDK that worked, or update pytest-claude"),
        ],
    )
