"""One request of a trial, from the moment it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.faults import Fault
from pytest_claude.recording.fingerprint import Known
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.judging import is_judge


@dataclass
class Call:
    """One request of the trial, from the moment it is sent.

    Attributes:
        request: As it went out, after any swap.
        known: What was read from it.
        asked_model: The model the app asked for, before any swap.
        entry: None while the answer has not arrived whole.
        recorded: Whether the answer comes from the cassette.
        started: Clock at sending, in seconds.
        fault: What a test injected into it; None for an ordinary call.
        leave: Keeps what has arrived of an answer that the app never read to its end or closed.
    """

    request: Request
    known: Known
    asked_model: str | None
    entry: Recorded | None = None
    recorded: bool = False
    started: float = field(default_factory=time.perf_counter)
    fault: Fault | None = None
    leave: Callable[[], None] = lambda: None

    @property
    def model(self) -> str | None:
        """The model that the app asked for, or that the request names."""
        return self.asked_model or self.known.model

    @property
    def response(self) -> Response | None:
        """The answer, or None while there is none."""
        return None if self.entry is None else self.entry.response

    @property
    def served(self) -> Response | None:
        """What the app gets for it."""
        if self.fault is None or self.fault.replaces or self.response is None:
            return self.response
        return self.fault.applied(self.response)

    @property
    def interaction(self) -> Interaction | None:
        """The call with its answer, or None while there is none."""
        return None if self.entry is None else Interaction(self.request, self.entry.response)

    @property
    def as_recorded(self) -> Interaction | None:
        """The same with the request as it stands in the cassette: what `claude_ignore` takes out
        of a request changes from run to run.
        """
        return self.entry.interaction if self.recorded and self.entry else self.interaction

    @property
    def judges(self) -> bool:
        """Whether it is our judge's and none of the app's."""
        return is_judge(self.request)


_made: ContextVar[list[Call] | None] = ContextVar("made", default=None)


@contextmanager
def calls_made() -> Iterator[list[Call]]:
    """The calls that begin in this thread or task while it lasts, in order."""
    made: list[Call] = []
    token = _made.set(made)
    try:
        yield made
    finally:
        _made.reset(token)


def note_made(call: Call) -> None:
    """Tell whoever listens in this thread or task that a call begins."""
    if (made := _made.get()) is not None:
        made.append(call)
