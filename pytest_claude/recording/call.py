"""One request of a trial, from the moment it is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_claude.clock import elapsed_s
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.faults import Fault
from pytest_claude.recording.fingerprint import Known
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.judging import is_judge

if TYPE_CHECKING:
    from pytest_claude.recording.admission import Ticket


@dataclass(frozen=True)
class Way:
    """Where and how the app reaches its model: by what a judge of its replies is asked.

    Attributes:
        url: Where the request goes, as it was sent.
        send: Sends a body to a URL with the credentials of the app, and gives what came back;
            raises what the library raises.
    """

    url: str
    send: Callable[[str, bytes], Response] = field(repr=False)


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
        again: The way by which it was sent, or would be where a recording answered it; None in
            replay.
        batched: Whether a batch answered it: nothing is known of its time.
        leave: Keeps what has arrived of an answer that the app never read to its end or closed.
        ticket: Lets it go to the API; None for one that is not sent.
    """

    request: Request
    known: Known
    asked_model: str | None
    entry: Recorded | None = None
    recorded: bool = False
    started: float = field(default_factory=elapsed_s)
    fault: Fault | None = None
    again: Way | None = None
    batched: bool = False
    leave: Callable[[], None] = lambda: None
    ticket: Ticket | None = None

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
        """The same with the request as the cassette has it.

        What `claude_ignore` takes out of a request changes from run to run.
        """
        return self.entry.interaction if self.recorded and self.entry else self.interaction

    @property
    def judges(self) -> bool:
        """Whether it is our judge's, not the app's."""
        return is_judge(self.request)


class Calls(list[Call]):
    """The calls of one trial, in the order their requests were sent.

    Attributes:
        names: What the project's own names of models stand for.
        unconnected: Why the API was not reached, by fingerprint of the request.
    """

    def __init__(self, names: ModelNames = NO_NAMES) -> None:
        super().__init__()
        self.names = names
        self.unconnected: dict[str, Exception] = {}

    def drop(self, call: Call, error: BaseException) -> None:
        """Forget a live call that got no answer at all: it was cancelled, or not connected."""
        if call in self:
            self.remove(call)
        if isinstance(error, Exception):
            self.unconnected[call.known.fingerprint] = error

    @property
    def models(self) -> list[str]:
        """Canonical ids of the models that the app asked, after any swap, in order."""
        models = (call.known.model for call in self if not call.judges)
        return [self.names.canonical(model) for model in models if model]

    @property
    def replies(self) -> tuple[str, ...]:
        """One id per good answer, of its content: two trials that share all of them are copies.

        A message carries an id of its own, so no two paid ones are equal; errors, counts of
        tokens and Converse's answers do not.
        """
        calls = (call for call in self if not call.judges and "/converse" not in call.request.url)
        answers = (call.response for call in calls)
        ids = [_content_id(answer) for answer in answers if answer and answer.status < 400]
        return tuple(each for each in ids if each is not None)

    @property
    def simulated_by(self) -> str | None:
        """What played the model, where the answers are not a model's."""
        answers = (call.response for call in self if call.response is not None)
        return next((by for a in answers if (by := a.headers.get("x-simulated-by"))), None)


def _content_id(answer: Response) -> str | None:
    """The same for an answer as it came and as its cassette holds it; None for one without id."""
    value = answer.json()
    if isinstance(value, dict) and "id" not in value:
        return None
    body = answer.body if value is None else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest()[:16]


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
