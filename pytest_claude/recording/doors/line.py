"""What answers model traffic in this process at this moment.

A plain process-global, not a ContextVar: context does not reach `threading.Thread`, and a call
from a thread must never go live.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

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

    def __init__(self, *, dry: bool = False) -> None:
        """`dry` says that a dry run refuses it, whatever is guarded."""
        self.problems = Problems()
        self._why = "--claude-dry-run" if dry else "claude_guard = session"

    def refuse(self, target: str) -> RecordingProblem:
        """The problem that a request to `target`, a method, a host and a path, is."""
        target = as_label(target)  # a gateway may have keys in its paths
        problem = CallOutsideTrial(
            f"{target} outside a claude test was refused ({self._why})",
            [
                ("expected", "no model traffic outside the claude tests of this session"),
                ("observed", f"{target} was refused"),
                ("to replay", "request the fixture `claude` in the test that calls the model"),
                ("on purpose", "@pytest.mark.claude(live=True) lets this test reach the API"),
                ("or for all", "claude_guard = tests (ini): only claude tests are guarded"),
            ],
        )
        return self.problems.take(problem)


class OpenLine:
    """Test modules are being imported: model traffic goes where it would go, and is noted.

    Attributes:
        targets: Of its requests, each a method, a host and a path.
    """

    replaying = False

    def __init__(self) -> None:
        self.problems = Problems()
        self.targets: dict[str, None] = {}

    def refuse(self, target: str) -> RecordingProblem:
        assert False, f"because it lets everything through: {target}"


Line = Recorder | ClosedLine | OpenLine

own_ports: set[int] = set()
"""Loopback ports at which a server of ours serves other programs."""

_current: Line | None = None


_aside: ContextVar[bool] = ContextVar("aside", default=False)
_sends: ContextVar[Outgoing | None] = ContextVar("sends", default=None)
_sending: set[Outgoing] = set()  # one for each request that a door of ours has on its way


def current() -> Line | None:
    """What is in force; None lets calls through."""
    return None if _aside.get() else _current


def is_replaying() -> bool:
    """Whether what is in force calls no model."""
    return (line := current()) is not None and line.replaying


@contextmanager
def aside() -> Iterator[None]:
    """Let the calls of this thread or task through: they are ours, and not the app's."""
    token = _aside.set(True)
    try:
        yield
    finally:
        _aside.reset(token)


class Outgoing:
    """While it lasts, what this thread or task sends was seen by a door of ours.

    Attributes:
        host: Where it goes.
        port: Its port.
        to_a_model: Whether it is recorded.
    """

    def __init__(
        self, host: str, port: int | None, drop: Callable[[BaseException], None] | None = None
    ) -> None:
        """`drop` gets the error of a request that is recorded; None for any other request."""
        self.host = host
        self.port = port
        self.to_a_model = drop is not None
        self._drop = drop

    def __enter__(self) -> None:
        _sending.add(self)
        self._token = _sends.set(self)

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        self._end()
        if self._drop is not None and error is not None:
            self._drop(error)

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(self, _: object, error: BaseException | None, *__: object) -> None:
        """The same; the error is dropped in a thread, for that waits for other processes."""
        self._end()
        if self._drop is None or error is None:
            return
        if isinstance(error, GeneratorExit):  # its event loop is gone
            self._drop(error)
        else:
            from pytest_claude.recording.doors.streams import in_a_thread  # late: it needs anyio

            await in_a_thread(partial(self._drop, error))

    def _end(self) -> None:
        _sends.reset(self._token)
        _sending.discard(self)


def sent() -> Outgoing | None:
    """The request of this thread or task that a door of ours has on its way."""
    return _sends.get()


def outgoing() -> tuple[Outgoing, ...]:
    """All that the doors of ours have on its way."""
    return tuple(_sending)


def is_recorded() -> bool:
    """Whether what this thread or task sends goes to a model, and is recorded."""
    return (sent := _sends.get()) is not None and sent.to_a_model


@contextmanager
def line(new: Line | None) -> Iterator[None]:
    """Put `new` in force; what was before comes back at the end."""
    global _current
    before, _current = _current, new
    try:
        yield
    finally:
        _current = before
