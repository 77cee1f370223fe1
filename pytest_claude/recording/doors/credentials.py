"""What a replay does without: credentials, and the certificates of TLS."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
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
    """`create_ssl_context` of the transports, made once per setting while a claude test runs.

    Loading the certificates takes 20 ms and most of a megabyte, and apps build one client per call
    or per test. What an app makes itself, or makes otherwise than usual, is its own as ever, and so
    is each one outside claude tests.
    """
    made: dict[tuple[Any, ...], Any] = {}

    def create_ssl_context(*args: Any, **kwargs: Any) -> Any:
        usual = not args and kwargs.get("verify") is True and kwargs.get("cert") is None
        if not isinstance(current(), Recorder) or not usual:
            return original(*args, **kwargs)
        # The transport that is being made tells its context at each connection what to offer.
        offers = sys._getframe(1).f_locals.get("http2")
        key = (kwargs.get("trust_env"), offers, *_trusted())
        if key not in made:
            made[key] = original(*args, **kwargs)
        return made[key]

    return create_ssl_context


def _trusted() -> Iterator[Any]:
    """What decides whom a new context trusts."""
    import ssl

    yield ssl.SSLContext  # of the system's certificates, once `truststore` is in force
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        yield (path := os.environ.get(name))
        with suppress(OSError):
            yield path and os.stat(path).st_mtime_ns  # noqa: PTH116  # as fast as it can be
