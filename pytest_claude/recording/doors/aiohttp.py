"""aiohttp: a call to a model that no transport of ours makes is refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import anyio  # what the HTTP libraries wait with

from pytest_claude.recording.doors import neighbours, traffic
from pytest_claude.recording.doors.line import Outgoing, current, sent
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.transcript.utf8 import utf8

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True


def request(original: Callable[..., Any]) -> Callable[..., Any]:
    """`aiohttp.ClientSession._request`: a call to a model that no transport of ours makes.

    It can't be replayed. It is refused while recording too: it would be paid, and not kept.
    """

    async def _request(self: Any, method: str, str_or_url: Any, **kwargs: Any) -> Any:
        line = current()
        if line is None:
            return await original(self, method, str_or_url, **kwargs)
        if sent() is None:
            target = _target(self, method, str_or_url, kwargs)
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


def _target(session: Any, method: str, url: Any, given: Mapping[str, Any]) -> Target | None:
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
