"""TLS contexts while replaying: loading the certificates takes 20 ms, and no byte is sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from pytest_claude.recording.doors.line import current
from pytest_claude.recording.recorder import Recorder


def remembered(original: Callable[..., Any]) -> Callable[..., Any]:
    """`create_ssl_context`, made once per setting while a claude test replays.

    Apps build one client per call or per test. While recording, and outside claude tests, each
    client gets a context of its own as ever.
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
