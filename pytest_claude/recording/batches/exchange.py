"""What the rounds share: which calls wait, which batches they are in, what these answered."""

from __future__ import annotations

import secrets
import threading
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pytest_claude.clock import elapsed_s
from pytest_claude.recording.batches import answers
from pytest_claude.recording.batches.api import Batches, Busy, Refused, Unanswered, item
from pytest_claude.recording.batches.items import Endpoint, Question, calls
from pytest_claude.recording.batches.journal import Journal, Submitted
from pytest_claude.recording.batches.patience import patiently, pauses, read
from pytest_claude.recording.batches.verdicts import NoAnswer, Stopped, Verdict
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.json_values import integer, mapping

MOST_ITEMS = 100_000
MOST_BYTES = 250_000_000
"""What the API takes in one batch: 100,000 items, 256 MB."""
MOST_TRIES = 3
"""How many batches hold an item that expires, or that the service fails to answer."""

_OTHER_CLOCK = timedelta(minutes=10)
_ARRIVES_WITHIN_S = 10.0
"""A batch that is not in the list so long after it was sent has not arrived."""


class Purse:
    """What batches may cost, and did; here without a limit."""

    def reserve(self, run: str, questions: Sequence[Question]) -> None:
        """Before the batch `run` of these calls is submitted.

        Raises:
            Stopped: It may cost too much.
        """

    def pay(self, question: Question, answer: Response) -> None:
        """A call was answered in a batch."""

    def settle(self, run: str) -> None:
        """The batch `run` has ended, and what it answered was paid; or it was not taken."""


class Exchange:
    """Gives the processes that run tests the answers of batches, and submits what they wait for.

    Attributes:
        journal: The batches that were submitted.
        is_last: Whether the last run is on: what has no answer is sent by itself.
        stopped: Why nothing more is submitted, and calls have no answer; None while it is.
        alone: How many calls were, or are, sent by themselves, by why.
        changing: The trials that ask something else whenever they are run.
        told: What the user should know, one sentence each.
        rounds: How many rounds have ended.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        anew: bool = False,
        tell: Callable[[str], object] = lambda line: None,
        purse: Purse | None = None,
        reach: Callable[[Endpoint], Batches] = Batches,
    ) -> None:
        """Begin with what an earlier run left in `journal`.

        Args:
            journal: The batches that were submitted.
            anew: Whether each run records anew, whatever partial files hold.
            tell: Shows a line of progress.
            purse: Pays.
            reach: Gives the batches of an endpoint.
        """
        self.journal = journal
        self.is_last = False
        self.stopped: NoAnswer | None = None
        self.alone: Counter[str] = Counter()
        self.changing: dict[str, None] = {}
        self.told: dict[str, None] = {}
        self.rounds = 0
        self._anew = anew
        self._tell = tell
        self._purse = purse or Purse()
        self._reach = reach
        self._reached: dict[Endpoint, Batches] = {}
        self._takes: dict[Endpoint, bool] = {}
        self._lock = threading.Lock()
        self._waiting: dict[str, Question] = {}
        self._waited: set[str] = set()
        self._served: set[str] = set()
        self._answers: dict[str, Response] = {}
        self._used: set[str] = set()
        self._again: set[str] = set()
        self._given_up: dict[str, str] = {}
        self._asked: set[str] = set()
        self._lost = 0
        self._opened: set[str] = set()

    # --- asked while tests run --------------------------------------------------------------

    def ask(self, question: Question) -> Verdict:
        """What is to become of a call that nothing recorded answers."""
        with self._lock:
            is_new = question.identity not in self._asked
            self._asked.add(question.identity)
            return self._verdict(question, is_new=is_new)

    def open(self, owner: str) -> None:
        """The last run begins this trial."""
        with self._lock:
            self._opened.add(owner)

    def _verdict(self, question: Question, *, is_new: bool) -> Verdict:
        owner, identity = question.owner, question.identity
        if (answer := self._answers.get(identity)) is not None:
            self._served.add(owner)
            if self.is_last:
                self._used.add(identity)
            return replace(answer, body=zlib.decompress(answer.body))
        if identity in self._given_up:
            return NoAnswer(self._given_up[identity])
        if (why := question.alone or self._why_not_there(question.endpoint)) is not None:
            return self._by_itself(why)
        if self.stopped is not None:
            return self.stopped
        if is_new and owner in self._waited and owner not in self._served:
            self.changing.setdefault(owner)
        if self.is_last:
            return self._by_itself(_CHANGES if owner in self.changing else _ONLY_NOW)
        if owner in self.changing:
            return "later"
        self._waiting[identity] = question
        return "wait"

    def _by_itself(self, why: str) -> Verdict:
        if not self.is_last and self._anew:
            return "later"  # in each round it would be paid
        self.alone[why] += 1
        return "alone"

    def _why_not_there(self, endpoint: Endpoint) -> str | None:
        if endpoint not in self._takes:
            try:
                self._takes[endpoint] = self._batches(endpoint).are_taken()
            except (Unanswered, Busy):
                return "a server that was not reached"
        return None if self._takes[endpoint] else "a gateway without batches"

    # --- rounds -----------------------------------------------------------------------------

    def run(self, collect: Callable[[], object]) -> None:
        """Have `collect` run the tests until none waits for an answer.

        It stops early where nothing more can be done: `stopped` says why.
        """
        try:
            while True:
                self._waiting, self._served = {}, set()
                collect()
                if not self._waiting:
                    return
                self._waited = {question.owner for question in self._waiting.values()}
                self.rounds += 1
                self._tell(f"round {self.rounds}: {calls(len(self._waiting))} to answer")
                self._answer()
        except Stopped as error:
            self.stopped = error.no_answer
        finally:
            self._waiting = {}
            self.is_last = True

    def end(self, *, whole: bool) -> None:
        """Forget what the last run has recorded, and what is given up.

        `whole` says whether it ran all tests: then no other answer is waited for.
        """
        answered = self._answers.keys() if whole else self._used
        given_up = self._given_up.keys()
        # A trial that was run and asked no more was recorded before an earlier run was killed.
        recorded = self._opened if whole and self.stopped is None else ()
        self.journal.forget(answered | given_up, recorded)
        if whole and (unused := len(answered - self._used)):
            self.told.setdefault(f"{calls(unused)} answered in a batch, paid, and not made again")

    def _answer(self) -> None:
        """Submit what waits and is in no batch yet, and wait for all that waits."""
        for entry in self.journal.entries:
            if entry.batch is None and self._asker(entry) is not None:
                self._find(entry)
        held = self.journal.holders()
        groups: dict[Endpoint, list[Question]] = defaultdict(list)
        for identity, question in self._waiting.items():
            if identity not in held or identity in self._again:
                groups[question.endpoint].append(question)
        self._again.clear()
        for endpoint, questions in groups.items():
            for chunk in _chunks(questions):
                self._submit(endpoint, chunk)
        self._wait()

    def _asker(self, entry: Submitted) -> Question | None:
        """A call that waits for a batch: it has the credentials to ask for it."""
        return next((self._waiting[i] for i in entry.items if i in self._waiting), None)

    def _batches(self, endpoint: Endpoint) -> Batches:
        if endpoint not in self._reached:
            self._reached[endpoint] = self._reach(endpoint)
        return self._reached[endpoint]

    # --- submitting -------------------------------------------------------------------------

    def _submit(self, endpoint: Endpoint, chunk: Sequence[Question]) -> None:
        trials = {question.identity: question.owner for question in chunk}
        now = datetime.now(UTC).isoformat()
        entry = Submitted(secrets.token_hex(6), now, len(trials), trials)
        self._purse.reserve(entry.run, chunk)
        self.journal.add(entry)

        def create() -> str:
            items = (item(entry.custom_id(q.identity), q.params) for q in chunk)
            return self._batches(endpoint).create(items)

        try:
            batch = patiently(create, Busy)
        except (Refused, Busy) as error:
            self.journal.remove(entry)
            self._purse.settle(entry.run)
            raise Stopped(f"no batch of {calls(len(chunk))} was taken: {error}") from None
        except Unanswered:
            self._find(entry)
        else:
            self._arrived(entry, batch)

    def _arrived(self, entry: Submitted, batch: str) -> None:
        self.journal.know(entry, batch)
        self._tell(f"{calls(entry.size)} submitted in the batch {batch}")

    def _find(self, entry: Submitted) -> None:
        """Find out whether a batch arrived whose submit had no answer; submit nothing before.

        The list of batches shows no custom_ids, so the results of those of its size are awaited.
        """
        asker = self._asker(entry)
        assert asker is not None, "whoever calls this saw it"
        batches = self._batches(asker.endpoint)
        self._tell("the answer to a submit was lost: its batch is looked for in the list")
        for pause_s in pauses():
            candidates = read(lambda: list(self._candidates(batches, entry)))
            for batch in candidates:
                if _has_ended(batch) and self._is_of(batches, str(batch.get("id")), entry):
                    self._arrived(entry, str(batch.get("id")))
                    return
            age_s = (datetime.now(UTC) - entry.at).total_seconds()
            if all(map(_has_ended, candidates)) and age_s > _ARRIVES_WITHIN_S:
                self.journal.remove(entry)
                self._purse.settle(entry.run)
                self._lost += 1
                if self._lost > MOST_TRIES:
                    raise Stopped("the API answers no submit of a batch")
                self._tell("it has not arrived")
                return
            time.sleep(pause_s)

    def _candidates(self, batches: Batches, entry: Submitted) -> Iterator[Mapping[str, Any]]:
        """The batches of the list that may be the one of an entry."""
        known = {each.batch for each in self.journal.entries}
        for batch in batches.since(entry.at - _OTHER_CLOCK):
            counts = mapping(batch.get("request_counts")).values()
            is_so_large = sum(integer(count) or 0 for count in counts) == entry.size
            if is_so_large and batch.get("id") not in known:
                yield batch

    def _is_of(self, batches: Batches, batch: str, entry: Submitted) -> bool:
        def first() -> object:
            with closing(batches.results(batch)) as lines:
                return next((line.get("custom_id") for line, _ in lines), None)

        try:
            return entry.identity(patiently(first, Busy, Unanswered)) is not None
        except Refused:
            return False  # its results are not there any more
        except (Busy, Unanswered) as error:
            raise Stopped(f"the batches can't be read: {error}") from None

    # --- answers ----------------------------------------------------------------------------

    def _wait(self) -> None:
        """Wait until the batches of all that waits have ended, and take their answers."""
        held = self.journal.holders()
        latest = (held[identity][-1] for identity in self._waiting if identity in held)
        open_ = list(dict.fromkeys(latest))
        began = elapsed_s()
        for pause_s in pauses():
            for entry in list(open_):
                assert entry.batch is not None, "it was found, or sent again"
                asker = self._asker(entry)
                assert asker is not None, "its calls wait"
                batches, batch = self._batches(asker.endpoint), entry.batch
                if _has_ended(read(partial(batches.retrieve, batch))):
                    tries = {i: len(e) for i, e in held.items() if e[-1] is entry}
                    read(partial(self._take, entry, tries, batches))
                    open_.remove(entry)
            if not open_:
                return
            number = calls(sum(len(entry.items) for entry in open_))
            self._tell(f"{number} under way for {int(elapsed_s() - began) // 60} min")
            time.sleep(pause_s)

    def _take(self, entry: Submitted, tries: Mapping[str, int], batches: Batches) -> None:
        """Take the results of a batch; `tries` says how many batches held an item of it so far.

        Raises:
            Unanswered: They broke off; what was taken is not counted twice.
            Busy: There are none now.
            Refused: They are not there.
        """
        assert entry.batch is not None, "it has ended"
        left = {i: self._waiting[i] for i in entry.items if i in self._waiting and i in tries}
        failed: dict[str, str] = {}
        for line, headers in batches.results(entry.batch):
            identity = entry.identity(line.get("custom_id"))
            question = left.pop(identity, None) if identity is not None else None
            if identity is None or question is None or identity in self._answers:
                continue
            result = mapping(line.get("result"))
            if (why := answers.why_none(result)) is not None:
                failed[identity] = why
                continue
            named = {k: v for k in _KEPT_HEADERS if (v := headers.get(k)) is not None}
            answer = answers.response(result, named, streams=question.streams)
            self._answers[identity] = replace(answer, body=zlib.compress(answer.body))
            self._purse.pay(question, answer)
        self._purse.settle(entry.run)
        failed |= dict.fromkeys(left, "missing in its results")
        for why, number in Counter(failed.values()).items():
            self.told.setdefault(f"{calls(number)} of {entry.batch}: {why}")
        for identity, why in failed.items():
            if why == "canceled":
                self._given_up[identity] = f"the batch {entry.batch} was cancelled"
            elif tries[identity] >= MOST_TRIES:
                self._given_up[identity] = f"{tries[identity]} batches gave no answer: {why}"
            else:
                self._again.add(identity)


_KEPT_HEADERS = ("x-simulated-by",)
_CHANGES = "calls of trials that ask something else in each run"
_ONLY_NOW = "calls that came up in the last run alone"


def _has_ended(batch: Mapping[str, Any]) -> bool:
    return batch.get("processing_status") == "ended"


def _chunks(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """The calls, as many together as one batch takes."""
    chunk: list[Question] = []
    whole = 0
    for question in questions:
        size = len(question.params) + _AROUND
        whole += size
        if chunk and (len(chunk) == MOST_ITEMS or whole > MOST_BYTES):
            yield chunk
            chunk, whole = [], size
        chunk.append(question)
    yield chunk


_AROUND = 100  # bytes of an item beside its parameters, its custom_id among them
