"""The cassette of one trial, open: answers from it, records into it, remembers every problem."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import CallOutsideTrial, CassetteMiss, RecordingProblem
from pytest_claude.models.ids import canonical_model, same_model
from pytest_claude.recording import cassette, files, miss, partial, problems
from pytest_claude.recording.call import Call, note_made
from pytest_claude.recording.entry import Recorded, same_exchange
from pytest_claude.recording.faults import Fault, Faults, Injection
from pytest_claude.recording.fingerprint import Known, Normalize, known, model_in
from pytest_claude.recording.locking import WriteLock
from pytest_claude.recording.matching import Index
from pytest_claude.recording.opening import Opened, Place, Shelf
from pytest_claude.recording.redaction import Redaction
from pytest_claude.settings import RecordMode
from pytest_claude.transcript.interaction import Interaction, Request, Response

# A problem is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

Prepare = Callable[[Mapping[str, Any]], Mapping[str, Any]]
Summarize = Callable[[Sequence[Interaction]], Sequence[str]]
Veto = Callable[[Request], RecordingProblem | None]
"""What forbids a call that would be paid for; None lets it pass."""


class Recorder:
    """Answers the model traffic of one trial and keeps what was seen.

    One trial runs at a time in a process, and its calls may come from many threads and tasks:
    all state is behind one lock.

    Attributes:
        calls: In the order their requests were sent.
        problems: Every problem of the recording edge; one is enough to fail the test, also
            when the app swallowed the exception.
        faults: What a test injected. Calls that meet an altering one are not among `calls`: what
            they got is no answer of the model.
        notes: What the user should know though nothing failed, one sentence each.
    """

    def __init__(
        self,
        place: Place,
        mode: RecordMode,
        *,
        redaction: Redaction,
        prepare: Prepare,
        summarize: Summarize = lambda interactions: (),
        normalize: Normalize | None = None,
        veto: Veto | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self.problems: list[RecordingProblem] = []
        self.notes: list[str] = []
        self.faults = Faults()
        self.prepare = prepare
        self.redaction = redaction
        self._place = place
        self._mode = mode
        self._summarize = summarize
        self._veto = veto
        self._shelf = Shelf(place, mode, redaction, normalize)
        self._opened: Opened | None = None
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._writing: WriteLock | None = None
        self._saved: Sequence[Recorded] = ()
        self._paid_for_show = False
        self._unconnected: dict[str, Exception] = {}

    @property
    def replaying(self) -> bool:
        """Whether the API is never called."""
        return self._mode == "none"

    @property
    def command(self) -> str:
        """The command that runs this test."""
        return self._place.command

    @property
    def simulated_by(self) -> str | None:
        """What played the model, where the answers are no model's."""
        answers = (call.response for call in self.calls if call.response is not None)
        return next((by for a in answers if (by := a.headers.get("x-simulated-by"))), None)

    @property
    def models(self) -> list[str]:
        """Canonical ids of the models that the app asked, after any swap, in order."""
        asked = (call.known.model for call in self.calls if not call.judges)
        return [canonical_model(model) for model in asked if model]

    @property
    def replies(self) -> tuple[str, ...]:
        """One id per good answer, of its content: two trials that share all of them are copies.

        An answer carries an id of its own, so no two paid ones are equal; errors do not.
        """
        answers = [
            call.response
            for call in self.calls
            if call.response and call.response.status < 400 and not call.judges
        ]
        return tuple(_content_id(answer) for answer in answers)

    @property
    def path(self) -> Path | None:
        """The cassette; None before the first call."""
        return None if self._opened is None else self._opened.path

    @property
    def model(self) -> str | None:
        """The model that names the cassette; None before the first call."""
        return self._opened.model or None if self._opened is not None else None

    @property
    def shown_path(self) -> str | None:
        """The cassette as it is shown to the user; None before the first call."""
        return None if self._opened is None else self._place.folder.shows(self._opened.path)

    def adopt(self, path: Path) -> None:
        """Replay from `path`, a recording of another tool, where the test has none of ours.

        It is one trial: told again for the others it would be evidence that nobody gathered.
        """
        if self.replaying and self._place.index == 0 and path.exists():
            self._shelf = replace(self._shelf, place=replace(self._place, adopted=path))

    @property
    def shared(self) -> bool:
        """Whether other tests use the same cassette."""
        return self._place.label.shared

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where the calls stand in a saved cassette that tests share, from 1; else nothing."""
        if self._opened is None or not self.shared:
            return ()
        index = Index(self._saved or self._opened.index.entries, self._shelf.normalize)
        places = {id(entry): number for number, entry in enumerate(index.entries, start=1)}
        taken = [index.take(index.mark(call.entry)) for call in self.calls if call.entry]
        return () if None in taken else tuple(places[id(entry)] for entry in taken)

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers of the recorded interactions that were not played; other tests may play them."""
        return () if self._opened is None or self.shared else self._opened.index.unused

    @property
    def unopened(self) -> str | None:
        """A recording of this trial that was not even looked at: the trial made no call."""
        if self.path is not None or not self.replaying or self._place.index or self.shared:
            return None
        paths = self._place.folder.paths()
        return self._place.folder.shows(paths[0]) if paths else None

    def inject(self, fault: Fault, times: int) -> Injection:
        """Let the next `times` calls of the app that can meet `fault`."""
        injection = Injection(fault, times)
        with self._lock:
            self.faults.add(injection)
        return injection

    def begin(self, request: Request, asked_model: str | None, *, alterable: bool = True) -> Call:
        """The call for `request`, answered if the cassette or a fault holds an answer.

        `alterable` says whether the caller can alter an answer on its way to the app.

        Raises:
            RecordingProblem: The cassette can't be read, holds no answer and the mode allows no
                call, or could not be written once the answer is paid for; or this is a forked
                process, whose answers nobody would see.
        """
        if os.getpid() != self._process:
            raise problems.forked(self._process, os.getpid())
        with self._lock:
            try:
                fault = self.faults.take(request, alterable=alterable)
                if fault is not None or not self._is_matched_as_sent:
                    request = self.redaction.request(request)
                asked = known(request, self._shelf.normalize)
                if fault is not None and fault.replaces:
                    entry = Recorded.of(Interaction(request, fault.error(request)))
                    call = Call(request, asked, asked_model, entry, recorded=True, fault=fault)
                else:
                    call = self._begin(request, asked, asked_model, fault)
                note_made(call)
                return call
            except RecordingProblem as problem:
                self.problems.append(problem)
                raise

    def end(self, call: Call, response: Response) -> None:
        """Keep the answer of a live call, redacted; on disk before the app goes on.

        Raises:
            RecordingProblem: The disk refuses it, or it can't be redacted.
        """
        try:
            entry = Recorded.of(Interaction(call.request, self.redaction.response(response)))
        except RecordingProblem as problem:
            with self._lock:
                self.problems.append(problem)
                self.drop(call, problem)
            raise
        with self._lock:
            call.entry = entry
            assert self._opened is not None, "begin() opened it"
            if call.fault is not None and call.fault.alters:
                self._keep_shown(call, call.fault, entry, self._opened)
            try:
                partial.append(self._opened.path, entry)
            except RecordingProblem as problem:
                self.problems.append(problem)
                raise

    def _keep_shown(self, call: Call, fault: Fault, entry: Recorded, opened: Opened) -> None:
        """Keep the answer behind a fault for the app's next try, or, where it is itself an error,
        let that be all that happens to the call.
        """
        if entry.response.status < 400:
            opened.index.add_shown(entry)
            self._paid_for_show = True
        else:
            call.fault = None
            self.calls.append(call)
            self.faults.give_back(fault)

    def refuse(self, target: str) -> CallOutsideTrial:
        """The problem to raise for a request by a road that is not replayed, to `target`."""
        problem = problems.another_road(target)
        with self._lock:
            self.problems.append(problem)
        return problem

    def drop(self, call: Call, error: BaseException) -> None:
        """Forget a live call that got no answer at all: it was cancelled, or not connected."""
        with self._lock:
            if call in self.calls:
                self.calls.remove(call)
            if isinstance(error, Exception):
                self._unconnected[call.known.fingerprint] = error

    def close(self, *, ended: bool, passed: bool = True) -> None:
        """End the trial; `ended` says whether it came to its end, passed or not.

        An ended trial that called the API is saved as its cassette, whatever its outcome;
        keeping only those that passed would bias every baseline. An interrupted or spoiled one
        stays a partial file. What the trial did not use is dropped when it passed: a trial that
        failed may have ended before the calls that paid answers wait for. From a cassette that
        tests share nothing is dropped.
        """
        with self._lock:
            for call in [call for call in self.calls if call.entry is None]:
                call.leave()
            try:
                if self._opened is not None and not self._only_replays and self._changed(passed):
                    flaws = (
                        problems.unconnected(self._unconnected, self.calls, self.command),
                        problems.pending(self.calls),
                        problems.spoiled(self.calls, self.command),
                    )
                    self.problems += filter(None, flaws)
                    if ended and not self.problems:
                        self._save(self._opened, passed=passed)
            finally:
                self._unlock()

    def _save(self, opened: Opened, *, passed: bool) -> None:
        path = opened.path
        entries = self._joined(opened) if self.shared else self._own(opened, passed=passed)
        try:
            summary = self._summarize([entry.interaction for entry in entries])
            label = replace(self._place.label, model=opened.model)
            cassette.save(path, entries, summary, label=label)
            self._saved = entries
            partial.partial_of(path).unlink(missing_ok=True)
        except RecordingProblem as problem:
            self.problems.append(problem)
        except OSError as error:
            self.problems.append(files.unsaved(path, error))

    def _own(self, opened: Opened, *, passed: bool) -> list[Recorded]:
        played = [call.entry for call in self.calls if call.entry is not None]
        played += opened.index.shown
        return [*self._unchanged(opened, played), *(() if passed else opened.index.left)]

    def _joined(self, opened: Opened) -> list[Recorded]:
        """What was there, as it is since we hold the lock, and what this trial adds."""
        added = [call.entry for call in self.calls if call.entry and not call.recorded]
        return [*opened.index.entries, *added]

    def _unchanged(self, opened: Opened, recorded: list[Recorded]) -> list[Recorded]:
        """`recorded`, with the old entry wherever the answer is the same: only times differ."""
        if self._mode != "all" or not opened.on_disk:
            return recorded
        try:
            old = Index(cassette.load(opened.path, opened.path.name))
        except RecordingProblem:
            return recorded  # it is being replaced
        pairs = ((new, old.take(old.mark(new))) for new in recorded)
        return [
            before
            if before is not None and same_exchange(before.interaction, new.interaction)
            else new
            for new, before in pairs
        ]

    @property
    def _only_replays(self) -> bool:
        opened = self._opened
        kept = opened is not None and opened.on_disk and self._shelf.is_once_for_all(opened.path)
        return self.replaying or kept

    def _changed(self, passed: bool) -> bool:
        assert self._opened is not None, "the caller looked"
        live = self._paid_for_show or any(not call.recorded for call in self.calls)
        live = live or bool(self._unconnected)
        return live or (passed and bool(self.unused)) or self._opened.resumed

    @property
    def _is_matched_as_sent(self) -> bool:
        """Whether a request is looked for before it is redacted: almost none holds a secret.

        One that is found so holds none that its recording does not hold. Not where a rule of the
        test takes something out of both, nor where the project's own redaction must see it.
        """
        return self.replaying and self._shelf.normalize is None and self.redaction.own is None

    def _begin(
        self, request: Request, asked: Known, asked_model: str | None, fault: Fault | None
    ) -> Call:
        altered = fault is not None and fault.alters
        take = Index.show if altered else Index.take
        opened = self._opened or self._open(self._shelf.open(asked.model or asked_model))
        found = take(opened.index, asked.fingerprint)
        if found is None and not self.calls:
            other = self._shelf.other(asked.fingerprint, opened)
            if other is not None:
                self._unlock()
                opened = self._open(other)
                found = take(opened.index, asked.fingerprint)
        if found is None and self._is_matched_as_sent:
            redacted = self.redaction.request(request)
            if redacted is not request:
                return self._begin(redacted, known(redacted), asked_model, fault)
        if found is None and (mark := opened.index.alike(request, self.redaction)) is not None:
            found = take(opened.index, mark)
        if found is None and not self._only_replays:
            opened = self._claim(opened)
            found = take(opened.index, asked.fingerprint)
        if found is None and self._only_replays:
            raise self._miss(request, asked, opened)
        if found is None and self._veto and (forbidden := self._veto(request)) is not None:
            raise forbidden
        if fault is not None and found is not None and found.response.status >= 400:
            self.faults.give_back(fault)
            found = opened.index.take(asked.fingerprint) if altered else found
            fault, altered = None, False
        call = Call(request, asked, asked_model, found, recorded=found is not None, fault=fault)
        if not altered:
            self.calls.append(call)
        return call

    def _open(self, opened: Opened) -> Opened:
        if opened.resumed and self._writing is None:
            return self._claim(opened)  # another process may be writing what looks left over
        self._opened = opened
        self.notes += opened.notes
        return opened

    def _claim(self, opened: Opened) -> Opened:
        """Make sure that paid answers can be kept, before more are paid for.

        Returns:
            The cassette as it is now: another process may have recorded it in the meantime.
        """
        if self._writing is not None:
            return opened
        self._writing = WriteLock(opened.path, self._place.patience_s)
        if self._mode == "all" or not (opened.resumed or opened.is_outdated):
            return opened
        opened = self._open(self._shelf.reopen(opened))
        for call in self.calls:
            if call.entry is not None:
                opened.index.take(opened.index.mark(call.entry))
        return opened

    def _unlock(self) -> None:
        if self._writing is not None:
            self._writing.release()
            self._writing = None

    def _miss(self, request: Request, known: Known, opened: Opened) -> CassetteMiss:
        asked = miss.Asked(
            request,
            known,
            number=len(self.calls) + 1,
            cassette=self._place.folder.shows(opened.path),
            exists=opened.on_disk,
            models=sorted(r.model for r in self._place.folder.recordings(0)),
            trial=self._place.index + 1,
            neighbours=self._place.folder.has_neighbours,
            command=f"{self._place.command} --claude-record",
            shared=self.shared,
        )
        return miss.explain(asked, opened.index, self.redaction)


def _content_id(answer: Response) -> str:
    """The same for an answer as it came and as its cassette holds it."""
    value = answer.json()
    body = answer.body if value is None else json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest()[:16]


def asks(recorded: Sequence[Recorded], model: str) -> bool:
    """Whether any of `recorded` asks `model`, under whatever name."""
    return any(same_model(asked, model) for asked in models_in(recorded))


def models_in(recorded: Sequence[Recorded]) -> list[str]:
    """The canonical ids that the app's calls in `recorded` ask, each once."""
    asked = (model_in(entry.request) for entry in recorded if not entry.judges)
    found = {canonical_model(model) for model in asked if model}
    return sorted(found)
