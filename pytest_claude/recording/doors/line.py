"""What answers model traffic in this process at this moment.

A plain process-global, not a ContextVar: context does not reach `threading.Thread`, and a call
from a thread must never go live.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pytest_claude.errors import CallOutsideTrial, RecordingProblem
from pytest_claude.recording.problems import Problems
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.slugs import as_label


class ClosedLine:
    """No claude test is running: model traffic is refused and remembered.

    Attributes:
        problems: One for each refused request.
    """

    replaying = True

    def __init__(self) -> None:
        self.problems = Problems()

    def refuse(self, target: str) -> RecordingProblem:
        """The problem that a request to `target`, a method, a host and a path, is."""
        target = as_label(target)  # a gateway may have keys in its paths
        problem = CallOutsideTrial(
            f"{target} outside a claude test",
            [
                ("expected", "no model traffic outside the claude tests of this session"),
                ("observed", f"{target} was refused"),
                ("to replay", "request the fixture `claude` in the test that calls the model"),
                ("on purpose", "@pytest.mark.claude(live=True) lets this test reach the API"),
            ],
        )
        return self.problems.take(problem)


Line = Recorder | ClosedLine

own_ports: set[int] = set()
"""Loopback ports at which a server of ours serves other programs."""

_current: Line | None = None


_aside: ContextVar[bool] = ContextVar("aside", default=False)


def current() -> Line | None:
    """What is in force; None lets calls through."""
    return None if _aside.get() else _current


@contextmanager
def aside() -> Iterator[None]:
    """Let the calls of this thread or task through: they are ours, and not the app's."""
    token = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(token)


@contextmanager
def line(new: Line | None) -> Iterator[None]:
    """Put `new` in force; what was before comes back at the end."""
    global _current
    before, _current = _current, new
    try:
        yield
    finally:
        _current = before
