"""One trial's model traffic: answered from its cassette, recorded into it, every problem kept."""

from __future__ import annotations

import mmap
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.errors import CassetteMiss, RecordingProblem, Unrecorded
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.models.platforms import Platform
from pytest_claude.recording import miss, problems
from pytest_claude.recording.call import Call, Calls, note_made
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.faults import Fault, Faults, Injection
from pytest_claude.recording.fingerprint import Known, Normalize, model_in, platform_in
from pytest_claude.recording.header_secrets import Headers, left_alone_in_headers
from pytest_claude.recording.made import Made
from pytest_claude.recording.matching import Index
from pytest_claude.recording.open_cassette import OpenCassette, Summarize, Take
from pytest_claude.recording.opening import Place, Shelf
from pytest_claude.recording.problems import Problems
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secret_shapes import REPLACEMENT
from pytest_claude.recording.store import Store
from pytest_claude.settings import RecordMode
from pytest_claude.transcript.interaction import Interaction, Request, Response

if TYPE_CHECKING:
    from pytest_claude.recording.admission import Admission, Ticket
    from pytest_claude.recording.altering import Altering
    from pytest_claude.recording.batches.asking import Asking

Prepare = Callable[[Mapping[str, Any], Platform | None], Mapping[str, Any]]
"""Gives the body to send for one that names its model, and that one where it stays."""
Veto = Callable[[Request], RecordingProblem | None]
"""What forbids a call that would be paid for; None lets it pass."""

_REPLACED = REPLACEMENT.encode()
_NO_BETAS = "the recording kept no `anthropic-beta`: it answers a request with any betas"

# Shared with the processes that are forked from this one: the id of the last that asked a model.
_FORK = mmap.mmap(-1, 8)


class Recorder:
    """Answers the model traffic of one trial and keeps what was seen.

    One trial runs at a time in a process, and its calls may come from many threads and tasks:
    all state is behind one lock.

    Attributes:
        calls: In the order their requests were sent.
        problems: Every problem of the recording edge; one is enough to fail the test.
        turns: The locks of tasks that wait while another of their event loop begins a call, by
            the thread of the loop.
        mocks: What answered, or would answer, requests of the app in the place of the API.
        faults: What a test injected. Calls that meet an altering one are not among `calls`: what
            they got is not an answer of the model.
        redaction: What is taken out before anything is stored.
        replaying: Whether the API is never called.
        asking: Asks for the answers that batches have; None where each call is sent by itself.
        admission: Lets its calls go to the API; None in replay.
        altering: Alters the answers in a rehearsal; None otherwise. There a request that no
            recording answers, as it follows from another answer, gets the next one.
    """

    def __init__(
        self,
        place: Place,
        mode: RecordMode,
        *,
        redaction: Redaction,
        prepare: Prepare = lambda body, platform: body,
        summarize: Summarize = lambda interactions: (),
        normalize: Normalize | None = None,
        veto: Veto | None = None,
        names: ModelNames = NO_NAMES,
        store: Store | None = None,
        asking: Asking | None = None,
        admission: Admission | None = None,
        dry: bool = False,
        made: Made | None = None,
    ) -> None:
        self.calls = Calls(names)
        self.problems = Problems()
        self.turns: dict[int, Any] = {}
        self.mocks: dict[str, None] = {}
        self.faults = Faults()
        self._prepare = prepare
        self.redaction = redaction
        self.replaying = dry or mode == "none"
        self.asking = asking
        self.admission = admission
        self.altering: Altering | None = None
        self._place = place
        self._shelf = Shelf(place, mode, redaction, normalize, names, store, dry)
        self._cassette = OpenCassette(self._shelf, self.calls)
        self._summarize = summarize
        self._veto = veto
        self._made = made
        self._tickets: set[Ticket] = set()  # of all calls that are sent, with a fault or not
        self._lock = threading.RLock()
        self._closed = False
        self._process = os.getpid()

    # --- what was seen ----------------------------------------------------------------------

    @property
    def command(self) -> str:
        """The command that runs this test."""
        return self._place.command

    @property
    def notes(self) -> list[str]:
        """What the user should know though nothing failed, one sentence each."""
        return self._cassette.notes

    @property
    def model(self) -> str | None:
        """The model that names the cassette; None before the first call."""
        opened = self._cassette.opened
        return opened.model or None if opened is not None else None

    @property
    def path(self) -> Path | None:
        """The cassette; None before the first call."""
        return None if self._cassette.opened is None else self._cassette.opened.path

    @property
    def shown_path(self) -> str | None:
        """The cassette as it is shown to the user; None before the first call."""
        return None if self.path is None else self._place.folder.shows(self.path)

    @property
    def shared(self) -> bool:
        """Whether other tests use the same cassette."""
        return self._place.label.shared

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where the calls are in a saved cassette that tests share, from 1; else nothing."""
        return self._cassette.numbers

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers of the recorded interactions that were not played; other tests may play them."""
        return self._cassette.unused

    @property
    def edited(self) -> bool | None:
        """Whether a call asks what the recording of the trial does not hold: the app was edited.

        None where there was no recording of its main model, and where other tests use it too.
        """
        opened = self._cassette.opened
        if opened is None or self.shared or not opened.on_disk:
            return None
        return self._first_edit is not None

    @property
    def _first_edit(self) -> tuple[int, Call] | None:
        """The first call, with its number, that asks what the recording does not hold."""
        opened = self._cassette.opened
        asked = (
            (number, call)
            for number, call in enumerate(self.calls, start=1)
            if not (call.judges or call.recorded)
        )
        return next(
            (
                found
                for found in asked
                if opened is not None and not opened.index.matching(found[1].known.fingerprint)
            ),
            None,
        )

    @property
    def ignorable(self) -> CassetteMiss | None:
        """How an edited trial differs from its recording, where that is no edit.

        What changes from run to run differs then, such as a date, and nothing else.
        """
        if (found := self._first_edit) is None:
            return None
        number, call = found
        miss = self._miss(call.request, call.known, number)
        return miss if miss.ignorable else None

    @property
    def unasked(self) -> str | None:
        """The recording of this trial, where it made no call, in recording too; None if none."""
        if self.path is not None or self.shared:
            return None
        held = self._place.folder.recordings(self._place.index)
        return self._place.folder.shows(held[0].path) if held else None

    @property
    def unopened(self) -> str | None:
        """A recording of this trial that was not even looked at: the trial made no call."""
        return self.unasked if self.replaying and not self._place.index else None

    @property
    def is_ready(self) -> bool:
        """Whether the next call begins without a file being opened."""
        return self._cassette.is_ready

    # --- how a judge read its replies -------------------------------------------------------

    @property
    def rulings(self) -> Mapping[str, Mapping[str, Any]]:
        """How a judge read replies of the trial, by key: recorded, or added since."""
        return self._cassette.rulings

    @property
    def takes_rulings(self) -> bool:
        """Whether a ruling that is paid for now would be kept."""
        return not (self._closed or self._cassette.only_replays or self.problems)

    def add_rulings(self, ask: Callable[[], Sequence[Mapping[str, Any]]]) -> None:
        """Keep the rulings that `ask` pays for, once it is sure that they can be kept.

        Raises:
            RecordingProblem: Another process is recording the cassette, or the disk refuses it.
        """
        with self._lock:
            self._cassette.lock()
        rulings = ask()
        with self._lock:
            for ruling in rulings:
                self._cassette.add_ruling(ruling)

    # --- what a test does with it -----------------------------------------------------------

    def adopt(self, path: Path) -> None:
        """Replay from `path`, a recording of another tool, where the test has none of ours."""
        self._cassette.adopt(path)

    def inject(self, fault: Fault, times: int) -> Injection:
        """Let the next `times` calls of the app that can meet `fault`."""
        injection = Injection(fault, times)
        with self._lock:
            self.faults.add(injection)
        return injection

    # --- one call ---------------------------------------------------------------------------

    def prepared(self, body: Mapping[str, Any], platform: Platform | None) -> Mapping[str, Any]:
        """The body to send, or to look for, in the place of `body`; itself where it stays.

        Raises:
            RecordingProblem: Nothing may be sent.
        """
        return self._prepare(body, platform)

    def begin(
        self,
        request: Request,
        asked_model: str | None,
        *,
        alterable: bool = True,
        headers: Callable[[], Headers] = tuple,
    ) -> Call:
        """The call for `request`, answered if the cassette or a fault holds an answer.

        Args:
            request: As it is sent, with the headers that are stored.
            asked_model: What the app asked for, before any swap.
            alterable: Whether the caller can alter an answer on its way to the app.
            headers: Gives all headers, for the credentials in them; a replay seldom needs it.

        Raises:
            RecordingProblem: The cassette can't be read, holds no answer and the mode allows no
                call, or could not be written once the answer is paid for; or this is a forked
                process, whose answers nobody would see.
        """
        if os.getpid() != self._process:
            _FORK[:] = os.getpid().to_bytes(8)
            raise problems.forked(os.getpid())
        with self._lock:
            fault = self.faults.take(request, alterable=alterable)
            if fault is not None or not self._is_matched_as_sent:
                request = self._redacted(request, headers)
            asked = self._shelf.known(request)
            if fault is not None and fault.replaces:
                entry = Recorded.of(Interaction(request, fault.error(request)))
                call = Call(request, asked, asked_model, entry, recorded=True, fault=fault)
            else:
                call = self._begin(request, asked, asked_model, fault, headers)
            note_made(call)
            return call

    def asked_of_a_batch(
        self, call: Call, url: str, body: bytes, headers: Headers
    ) -> Response | None:
        """The answer that a batch has for a live call; None where it is to be sent by itself.

        Args:
            call: As it is stored.
            url: Where it would go.
            body: What would be sent.
            headers: All of them.

        Raises:
            RecordingProblem: There is none yet, or none will come; the call is forgotten.
        """
        if self.asking is None:
            return None
        try:
            answer = self.asking.ask(self.calls, call, url, body, headers)
        except RecordingProblem as error:
            self.drop(call, self.problems.take(error))
            raise
        if answer is not None:
            call.batched, call.ticket = True, None  # it was paid for with its batch
        return answer

    def end(self, call: Call, response: Response) -> None:
        """Keep the answer of a live call, redacted; on disk before the app goes on.

        Raises:
            RecordingProblem: The disk refuses it, or it can't be redacted.
        """
        try:
            self._keep(call, response)
        finally:
            if call.ticket is not None:
                call.ticket.settle(response)

    def _keep(self, call: Call, response: Response) -> None:
        with self._lock:
            self.redaction = redaction = self.redaction.knowing_answer(response)
        stored = redaction.response(response)
        entry = Recorded.of(Interaction(call.request, stored), self._shelf.store)
        with self._lock:
            call.entry = entry
            if stored.body.count(_REPLACED) > response.body.count(_REPLACED):
                self._note_redacted_answer()
            if call.fault is not None and call.fault.alters:
                self._keep_shown(call, call.fault, entry)
            if not call.batched and self._made is not None:
                self._made.answer(Interaction(call.request, stored))
            if not (call.batched and self._collects):
                self._cassette.add(entry)

    def refuse(self, target: str) -> RecordingProblem:
        """The problem that a request to `target`, by a road that is not replayed, is."""
        return self.problems.take(problems.another_road(target))

    def read_past(self, call: Call) -> None:
        """Keep it as a problem that the app waits for more of an answer than it read before."""
        number = self.calls.index(call) + 1 if call in self.calls else len(self.calls)
        self.problems.take(problems.read_past(number, self.shown_path or "", self.command))

    def note(self, sentence: str) -> None:
        """Tell the user something though nothing failed; once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def leave_to_mock(self, call: Call, mock: str) -> None:
        """Forget a call that a mock of the test answered: it says nothing of a model."""
        if call.ticket is not None:
            call.ticket.settle(None)
        with self._lock:
            self.mocks.setdefault(mock)
            if call in self.calls:
                self.calls.remove(call)

    def drop(self, call: Call, error: BaseException) -> None:
        """Forget a live call that got no answer at all: it was cancelled, or not connected."""
        if call.ticket is not None:
            call.ticket.drop(error)
        with self._lock:
            self.calls.drop(call, error)

    def close(self, *, ended: bool, passed: bool = True) -> None:
        """End the trial; `ended` says whether it came to its end, passed or not.

        An ended trial that called the API is saved as its cassette, whatever its outcome;
        keeping only those that passed would bias every baseline. An interrupted or spoiled one
        stays a partial file. What the trial did not use is dropped when it passed: a trial that
        failed may have ended before the calls that paid answers wait for. From a cassette that
        tests share nothing is dropped.
        """
        with self._lock:
            self._closed = True
            for ticket in self._tickets:
                ticket.withdraw()
            unread = [call for call in self.calls if call.entry is None]
        for call in unread:  # without the lock: it waits for the state that processes share
            call.leave()
        with self._lock:
            try:
                if (child := int.from_bytes(_FORK[:])) and self._process == os.getpid():
                    _FORK[:] = bytes(8)
                    self.problems.take(problems.forked(child))
                if self._cassette.is_changed(passed=passed):
                    if not self.problems:
                        self.problems += problems.flaws(self.calls, self.command)
                    if ended and not self.problems and not self._collects:
                        again = self._redacted_again
                        self._cassette.save(self._summarize, passed=passed, redacted=again)
                self._cassette.remove_used_up()
            except Exception as error:
                self.problems.take(error)
            finally:
                self._cassette.unlock()

    @property
    def _collects(self) -> bool:
        """Whether this is a round of batches: what they answer is recorded by the last run."""
        return self.asking is not None and self.asking.collects

    def _begin(
        self,
        request: Request,
        asked: Known,
        asked_model: str | None,
        fault: Fault | None,
        headers: Callable[[], Headers],
    ) -> Call:
        altered = fault is not None and fault.alters
        take = Index.show if altered else Index.take
        entry = self._cassette.find(take, asked.fingerprint, asked.model or asked_model)
        if entry is None and self._is_matched_as_sent:
            redacted = self._redacted(request, headers)
            if redacted is not request:
                known = self._shelf.known(redacted)
                return self._begin(redacted, known, asked_model, fault, headers)
        if entry is None and self.altering is not None:
            entry = self._cassette.index.next_of_app()
        if entry is None:
            entry = self._found_late(take, request, asked)
        if fault is not None and entry is not None and entry.response.status >= 400:
            self.faults.give_back(fault)
            entry = self._cassette.index.take(asked.fingerprint) if altered else entry
            fault, altered = None, False
        if entry is not None and " " in asked.fingerprint and Index.keeps_no_betas(entry):
            self.note(_NO_BETAS)
        if self.altering is not None and entry is not None:
            entry = self.altering.altered(entry)
        call = Call(request, asked, asked_model, entry, recorded=entry is not None, fault=fault)
        if entry is None and self.admission is not None:
            call.ticket = self.admission.ticket(request)
            self._tickets.add(call.ticket)
        if not altered:
            self.calls.append(call)
        return call

    def _note_redacted_answer(self) -> None:
        whose = self._place.label.test or self._place.command
        self.note(f"{whose}: an answer held a secret, its recording says {REPLACEMENT} instead")

    def _redacted(self, request: Request, headers: Callable[[], Headers]) -> Request:
        """`request` without the secrets that are known by now, those in its own headers too."""
        sent = tuple(headers())
        self.redaction = self.redaction.knowing(request, sent)
        if not self.replaying:
            text = request.body.decode("utf-8", "replace")
            for name, why in left_alone_in_headers(sent, text):
                self.note(f"the header {name} {why}: its value is not redacted elsewhere")
        return self.redaction.request(request)

    def _redacted_again(self, entry: Recorded) -> Recorded:
        """An entry without what later calls showed to be a secret; itself where it holds none."""
        if self.redaction.secrets is self._shelf.redaction.secrets:
            return entry
        stored = self.redaction.interaction(entry.interaction)
        return entry if stored == entry.interaction else Recorded.of(stored, self._shelf.store)

    def _found_late(self, take: Take, request: Request, asked: Known) -> Recorded | None:
        """The answer that no fingerprint finds; None where the API may be called for it.

        Raises:
            RecordingProblem: There is none, and the API may not be called.
        """
        mark = self._cassette.index.alike(request, self.redaction)
        if mark is not None and (entry := take(self._cassette.index, mark)) is not None:
            return entry
        if self._shelf.dry and not self._cassette.is_kept:
            raise self._unrecorded(request)
        if not self._cassette.only_replays:
            entry = self._cassette.claim(take, asked.fingerprint)
            if entry is not None:
                return entry
        if self._cassette.only_replays:  # also what another process has recorded meanwhile
            raise self._miss(request, asked)
        if self.problems:
            raise self.problems[0]  # nothing more is paid for a trial that is not kept
        if self._veto and (forbidden := self._veto(request)) is not None:
            raise forbidden
        return None

    def _unrecorded(self, request: Request) -> RecordingProblem:
        """What a dry run says of a request that would be sent, or be held back as refused."""
        if self._veto and (forbidden := self._veto(request)) is not None:
            return forbidden
        place, number = self._place, len(self.calls) + 1
        model = model_in(request) or "a model"
        headline = f"dry run: call {number} of trial {place.index + 1} would ask {model}"
        shared = self._shelf.known(request).fingerprint if self.shared else ""
        return Unrecorded(headline, request, place.folder.shown, number - 1, shared)

    def _keep_shown(self, call: Call, fault: Fault, entry: Recorded) -> None:
        """Keep the answer behind a fault for the app's next try.

        Where the answer is itself an error, that is all that happens to the call.
        """
        if entry.response.status < 400:
            self._cassette.add_shown(entry)
        else:
            call.fault = None
            self.calls.append(call)
            self.faults.give_back(fault)

    @property
    def _is_matched_as_sent(self) -> bool:
        """Whether a request is looked for before it is redacted: almost none holds a secret.

        One that is found so holds none that its recording does not hold. Not where a rule of the
        test takes something out of both, nor where the project's own redaction must see it.
        """
        return self.replaying and self._shelf.normalize is None and self.redaction.own is None

    def _miss(self, request: Request, asked: Known, number: int | None = None) -> CassetteMiss:
        opened, folder = self._cassette.opened, self._place.folder
        assert opened is not None, "it was looked into"
        models = [] if opened.on_disk else sorted(r.model for r in folder.recordings(0))
        nothing = not opened.on_disk and not models
        facts = miss.Asked(
            request,
            asked,
            number=number or len(self.calls) + 1,
            cassette=folder.shows(opened.path),
            exists=opened.on_disk,
            models=models,
            trial=self._place.index + 1,
            neighbours=not opened.on_disk and folder.has_neighbours,
            command=f"{self.command} --claude-record",
            shared=self.shared,
            elsewhere=self._place.elsewhere() if nothing else None,
        )
        return miss.explain(facts, opened.index, self.redaction)


def models_in(recorded: Sequence[Recorded]) -> set[tuple[str, Platform | None]]:
    """The models that the app's calls in a cassette ask, as sent, each with its platform."""
    requests = [entry.request for entry in recorded if not entry.judges]
    return {(model, platform_in(r.url)) for r in requests if (model := model_in(r))}
