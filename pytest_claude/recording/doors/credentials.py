"""What a replay does without: credentials, and the certificates of TLS."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from pytest_claude.recording.doors.line import current, is_replaying
from pytest_claude.recording.recorder import Recorder

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

# A client refuses to start without a credential; the value never leaves the process.
_REPLAY_HEADERS = {"Authorization": "Bearer replay", "X-Api-Key": "replay"}


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


def remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    """`create_ssl_context`, made once per setting while a claude test replays.

    Loading the certificates takes 20 ms, and no byte is sent; apps build one client per call or per
    test. While recording, and outside claude tests, each client gets a context of its own as ever.
    """
    made: dict[tuple[Any, ...], Any] = {}

    def create_ssl_context(*args: Any, **kwargs: Any) -> Any:
        line = current()
        usual = not args and kwargs.get("verify") is True and kwargs.get("cert") is None
        if not isinstance(line, Recorder) or not line.replaying or not usual:
            return original(*args, **kwargs)
        files = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        key = (kwargs.get("trust_env"), kwargs.get("http2"), *files)
        if key not in made:
            made[key] = original(*args, **kwargs)
        return made[key]

    return create_ssl_context
