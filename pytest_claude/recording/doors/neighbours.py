"""What is beside the API: the bases that the environment names, and a project's own servers.

A team's own mock is no model: what asks it is left alone outside claude tests, and in one it is
named where its answers are taken for a model's, or missed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from functools import lru_cache
from typing import Any

from pytest_claude.recording.doors import traffic
from pytest_claude.recording.doors.line import ClosedLine, Line, OpenLine, outgoing, own_ports, sent
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.recording.recorder import Recorder

# Where the clients of the SDK look for their base URL.
_PLATFORMS = ("", "AWS_", "BEDROCK_", "BEDROCK_MANTLE_", "FOUNDRY_", "GOOGLE_CLOUD_", "VERTEX_")
_VARIABLES = tuple(f"ANTHROPIC_{platform}BASE_URL" for platform in _PLATFORMS)


def is_model_traffic(
    host: str,
    port: int | None,
    path: str,
    headers: Container[str],
    body: Callable[[], bytes],
) -> bool:
    """Whether a request goes to a Claude model or its API, and not to `claude_server`.

    See `traffic.is_model_traffic`.
    """
    if port in own_ports and traffic.is_loopback(host):
        return False  # it forwards through a door of ours
    return traffic.is_model_traffic(
        host, path, headers, body, below_a_base=lambda: is_below_a_base(host, port, path)
    )


def is_model_server(host: str, port: int | None) -> bool:
    """Whether all that goes to a server goes to a model."""
    return traffic.is_model_host(host) or is_below_a_base(host, port, None)


def is_below_a_base(host: str, port: int | None, path: str | None) -> bool:
    """Whether the environment says that a request goes to the API, whatever it looks like.

    Without a path, whether all that goes to that server does.
    """
    return any(
        (base := _base(url)) is not None and base.holds(host, port, path)
        for name in _VARIABLES
        if (url := os.environ.get(name))
    )


_base = lru_cache(traffic.Base.of)


# --- what is left alone ---------------------------------------------------------------------


def is_left_alone(line: ClosedLine | OpenLine, target: Target, mock: str | None = None) -> bool:
    """Whether model traffic outside the claude tests goes on to where the app sends it.

    Args:
        line: What is in force.
        target: Where it goes.
        mock: The library that will answer it, where that is known.
    """
    is_mocked = mock is not None or own_server(target) is not None
    if isinstance(line, OpenLine) and not is_mocked:
        line.targets.setdefault(target.words)
    return is_mocked or isinstance(line, OpenLine)


def is_refused(line: Line, target: Target) -> bool:
    """Whether model traffic by a road that is not replayed is stopped."""
    if isinstance(line, ClosedLine | OpenLine):
        return not (_is_let_through(target) or is_left_alone(line, target))
    is_request = target.method is not None
    if not line.replaying and (sent() is not None if is_request else _is_a_model_asked()):
        return False
    server = own_server(target)
    if server is None or not is_request:
        return server is None
    if is_below_a_base(target.host, target.port, target.path):
        return True
    line.note(f"{server} looks like the API: what it answers a claude test is not recorded")
    return False


def _is_let_through(target: Target) -> bool:
    """Whether a connection is that of a request that a door of ours has let through."""
    if (request := sent()) is None or request.port != target.port:
        return False
    hosts = (request.host, target.host)
    return len({*hosts}) == 1 or all(map(traffic.is_loopback, hosts))


def _is_a_model_asked() -> bool:
    """Whether a request to a server of models is on its way through a door of ours.

    Its name may be resolved, and its connection opened, in another thread than that of the request.
    """
    return any(each.to_a_model or is_model_server(each.host, each.port) for each in outgoing())


def note_own_server(recorder: Recorder, target: Target) -> None:
    """Say so where what is recorded is what a server of the tests answers, and no base names it."""
    if is_below_a_base(target.host, target.port, target.path):
        return
    if (server := own_server(target)) is not None:
        recorder.note(f"{server} answered what is recorded as answers of a model")


def own_server(target: Target) -> str | None:
    """What serves there, where this process or one that the tests started does.

    A gateway that a developer has started on the machine is not one of them.
    """
    host, port = target.host, target.port
    if port is None or not traffic.is_loopback(host):
        return None
    import psutil  # late: few tests ask a server of their own

    this = psutil.Process()
    if _listens(this, port):
        return f"{host}:{port}, a server of this process,"
    children = this.children(recursive=True)
    child = next((child for child in children if _listens(child, port)), None)
    return None if child is None else f"{host}:{port}, a server that the tests started,"


def _listens(process: Any, port: int) -> bool:
    import psutil

    try:
        connections = process.net_connections("tcp")
    except psutil.Error:  # it has ended, or is another user's
        return False
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for connection in connections
    )
