"""The cassette of one trial, open: answers from it, records into it, remembers every problem."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.errors import CassetteMiss, RecordingProblem, Row, SpoiledTrial
from pytest_claude.models.ids import canonical_model, model_of, same_model
from pytest_claude.recording import cassette
from pytest_claude.recording.matching import Change, Index, fingerprint, nearest
from pytest_claude.recording.naming import cassette_name, recorded_models
from pytest_claude.recording.redaction import Redaction
from pytest_claude.settings import RecordMode
from pytest_claude.transcript.interaction import Interaction, Request, Response

# A problem is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

Prepare = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Summarize = Callable[[Sequence[Interaction]], Sequence[str]]

_OVERLOADED = (408, 409, 429)


@dataclass
class Call:
    """One request of the trial, from the moment it is sent.

    Attributes:
        request: As it went out, after any swap.
        asked_model: The model the app asked for, before any swap.
        response: None while the answer has not arrived whole.
        recorded: Whether the answer comes from the cassette.
        started: Clock at sending, in seconds.
    """

    request: Request
    asked_model: str | None
    response: Response | None = None
    recorded: bool = False
    started: float = field(default_factory=time.perf_counter)

    @property
    def model(self) -> str | None:
        """The model that the app asked for, or that the request names."""
        return self.asked_model or _model_in(self.request)

    @property
    def interaction(self) -> Interaction | None:
        """The call with its answer, or None while there is none."""
        return None if self.response is None else Interaction(self.request, self.response)


@dataclass(frozen=True)
class Place:
    """Where the cassettes of one test and stream lie.

    Attributes:
        folder: The folder of the test.
        shown: The folder as it is shown to the user, relative to the project.
        index: Number of the trial, from 0.
        command: The command that runs this one test.
        stem: The main model of the test, once its first trial has named it.
    """

    folder: Path
    shown: str
    index: int
    command: str
    stem: str | None = None


class Recorder:
    """Answers the model traffic of one trial and keeps what was seen.

    One trial runs at a time in a process, and its calls may come from many threads and tasks:
    all state is behind one lock.

    Attributes:
        calls: In the order their requests were sent.
        problems: Every problem of the recording edge; one is enough to fail the test, also
            when the app swallowed the exception.
    """

    def __init__(
        self,
        place: Place,
        mode: RecordMode,
        *,
        redaction: Redaction,
        prepare: Prepare,
        summarize: Summarize = lambda interactions: (),
    ) -> None:
        self.calls: list[Call] = []
        self.problems: list[RecordingProblem] = []
        self.path: Path | None = None
        self.prepare = prepare
        self.redaction = redaction
        self._place = place
        self._mode = mode
        self._summarize = summarize
        self._lock = threading.RLock()
        self._index = Index(())
        self._on_disk = False

    @property
    def replaying(self) -> bool:
        """Whether the API is never called."""
        return self._mode == "none"

    @property
    def rerecord(self) -> str:
        """The command that records this test again."""
        return f"{self._place.command} --claude-record=all"

    @property
    def simulated_by(self) -> str | None:
        """What played the model, where the answers are no model's."""
        answers = (call.response for call in self.calls if call.response is not None)
        return next((by for a in answers if (by := a.headers.get("x-simulated-by"))), None)

    @property
    def shown_path(self) -> str | None:
        """The cassette as it is shown to the user; None before the first call."""
        return None if self.path is None else f"{self._place.shown}/{self.path.name}"

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers of the recorded interactions that were not played."""
        return self._index.unused

    def begin(self, request: Request, asked_model: str | None) -> Call:
        """The call for `request`, answered if the cassette holds an answer.

        Raises:
            RecordingProblem: The cassette can't be read, or holds no answer and the mode
                allows no call.
        """
        with self._lock:
            try:
                if self.path is None:
                    self._open(asked_model or _model_in(request), _model_in(request))
                return self._begin(request, asked_model)
            except RecordingProblem as problem:
                self.problems.append(problem)
                raise

    def end(self, call: Call, response: Response) -> None:
        """Keep the answer of a live call; on disk before the app goes on.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        with self._lock:
            call.response = response
            assert self.path is not None, "begin() opened it"
            try:
                if call.interaction is not None:
                    cassette.append_partial(self.path, call.interaction)
            except RecordingProblem as problem:
                self.problems.append(problem)
                raise

    def drop(self, call: Call) -> None:
        """Forget a live call that got no answer at all: the connection failed."""
        with self._lock:
            if call in self.calls:
                self.calls.remove(call)

    def close(self, *, ended: bool) -> None:
        """End the trial; `ended` says whether it came to its end, passed or not.

        An ended trial that called the API is saved as its cassette, whatever its outcome;
        keeping only those that passed would bias every baseline. An interrupted or spoiled one
        stays a partial file.
        """
        with self._lock:
            if self.path is None or self._only_replays or not self._changed():
                return
            if (spoiled := self._spoiled()) is not None:
                self.problems.append(spoiled)
            if not ended or self.problems:
                return
            self._save(self.path)

    def _save(self, path: Path) -> None:
        kept = [i for i in (call.interaction for call in self.calls) if i is not None]
        kept = self._unchanged(path, kept)
        try:
            cassette.save(path, kept, self._summarize(kept))
            cassette.partial_of(path).unlink(missing_ok=True)
        except RecordingProblem as problem:
            self.problems.append(problem)
        except OSError as error:
            self.problems.append(cassette.unsaved(path, error))

    def _unchanged(self, path: Path, recorded: list[Interaction]) -> list[Interaction]:
        """`recorded`, with the old entry wherever the answer is the same: only times differ."""
        if not self._on_disk:
            return recorded
        try:
            old = Index(cassette.load(path, path.name))
        except RecordingProblem:
            return recorded  # it is being replaced
        pairs = ((new, old.take(new.request)) for new in recorded)
        return [
            before
            if before is not None
            and cassette.content_hash([before]) == cassette.content_hash([new])
            else new
            for new, before in pairs
        ]

    @property
    def _only_replays(self) -> bool:
        return self.replaying or (self._mode == "once" and self._on_disk)

    def _changed(self) -> bool:
        return any(not call.recorded for call in self.calls) or bool(self._index.unused)

    def _open(self, asked: str | None, sent: str | None) -> None:
        model = self._place.stem or sent or asked or "no-model"
        self.path = self._place.folder / cassette_name(model, self._place.index)
        self._on_disk = self.path.exists()
        assert self.shown_path is not None, "self.path is set"
        if self._mode == "all":
            return
        recorded = cassette.load(self.path, self.shown_path) if self._on_disk else []
        if not self.replaying:
            # Paid for by a run that was interrupted: not paid again.
            recorded = [*recorded, *cassette.load_partial(self.path)]
        self._index = Index(recorded)

    def _begin(self, request: Request, asked_model: str | None) -> Call:
        call = Call(request, asked_model)
        found = self._index.take(request)
        if found is not None:
            call.response, call.recorded = found.response, True
        elif self._only_replays:
            raise self._miss(request)
        self.calls.append(call)
        return call

    def _spoiled(self) -> SpoiledTrial | None:
        """The trial ends in an infrastructure error: no behavior of the model was seen."""
        last = self.calls[-1].response if self.calls else None
        if last is None or not (last.status in _OVERLOADED or last.status >= 500):
            return None
        return SpoiledTrial(
            f"the API answered {last.status}: nothing was recorded",
            [
                ("expected", "an answer of the model to record"),
                ("observed", f"HTTP {last.status} to call {len(self.calls)}, retries included"),
                ("to record", f"{self._place.command} --claude-record"),
            ],
        )

    def _miss(self, request: Request) -> CassetteMiss:
        number = len(self.calls) + 1
        target = f"call {number}, {_model_in(request) or request.method}"
        expected = ("expected", f"a recorded answer to {_path(request)} ({target})")
        if not self._on_disk:
            return self._nothing_recorded(number, request, expected)
        recorded = self._index.interactions
        if not recorded:
            headline, observed = f"no recording answers call {number}", "0 recorded interactions"
            return self._told(headline, [expected, ("observed", observed)])
        played = [i for i in recorded if fingerprint(i.request) == fingerprint(request)]
        if played:
            headline = f"no recording is left for call {number}"
            observed = f"all {len(played)} matching interactions were already played"
            return self._told(headline, [expected, ("observed", observed)])
        found = nearest(request, recorded)
        assert found is not None, "there is at least one recording"
        return self._differs(number, expected, *found)

    def _nothing_recorded(self, number: int, request: Request, expected: Row) -> CassetteMiss:
        models = recorded_models(self._place.folder)
        model = canonical_model(_model_in(request) or "")
        trial = self._place.index + 1
        if models and model not in models:
            observed = f"recorded for {', '.join(models)}, not for {model}"
        elif models:
            observed = f"trial {trial} is not recorded"
        else:
            observed = "nothing is recorded for this test"
        headline = f"no recording answers call {number}: {observed}"
        return self._told(headline, [expected, ("observed", observed)])

    def _differs(self, number: int, expected: Row, nearest: int, change: Change) -> CassetteMiss:
        headline = f"no recording answers call {number}: `{change.field}` differs"
        equal = f"; {', '.join(change.equal)} are equal" if change.equal else ""
        where = f", word {change.word[0]} of {change.word[1]}" if change.word else ""
        of = len(self._index.interactions)
        shown = [
            ("observed", f"`{change.field}` differs from the nearest recording{equal}"),
            ("evidence", f"{self.shown_path}, interaction {nearest} of {of}{where}"),
            ("", f"-  {_or_absent(change.recorded)}"),
            ("", f"+  {_or_absent(change.sent)}"),
        ]
        cause = f"{change.field}: {change.recorded} → {change.sent}"
        return CassetteMiss(headline, [expected, *shown, self._to_record()], cause)

    def _told(self, headline: str, rows: list[Row]) -> CassetteMiss:
        evidence = ("evidence", self.shown_path or self._place.shown)
        return CassetteMiss(headline, [*rows, evidence, self._to_record()])

    def _to_record(self) -> Row:
        return "to record", f"{self._place.command} --claude-record"


def asks(recorded: Sequence[Interaction], model: str) -> bool:
    """Whether any of `recorded` asks `model`, under whatever name."""
    return any(same_model(asked, model) for asked in models_in(recorded))


def models_in(recorded: Sequence[Interaction]) -> list[str]:
    """The canonical ids that `recorded` asks, each once."""
    found = {canonical_model(model) for i in recorded if (model := _model_in(i.request))}
    return sorted(found)


def _model_in(request: Request) -> str | None:
    return model_of(request.json())


def _path(request: Request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"


def _or_absent(text: str | None) -> str:
    return "(absent)" if text is None else text
