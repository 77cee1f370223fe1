"""A gate's folder: which attempt of the gate each test is at, and the ledger of each attempt."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import inf
from pathlib import Path
from typing import Any

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy, TestVerdict
from pytest_claude.gating.policy import Baseline
from pytest_claude.gating.screen import screen_test
from pytest_claude.recording import naming
from pytest_claude.recording.files import write_atomically
from pytest_claude.settings import RunSettings

LEDGER = "ledger.jsonl"


class Attempts:
    """The attempts of a gate, from the first to the one that a run makes, goes on with or replays.

    A later attempt may ask a few tests only (`-k`): the others stay at the one before.

    Attributes:
        last: The latest.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.last = settings.attempt
        self._settings = settings
        # Asked of every test; a ledger holds all trials, and is written when the run has ended.
        self.of, self._waiting = cache(self._of), cache(self._open)

    @property
    def numbers(self) -> range:
        """All attempts, the latest first."""
        return range(self.last, 0, -1)

    def root(self, attempt: int) -> Path:
        """The folder of an attempt's trials and its ledger."""
        return _root(self._settings, attempt)

    def _of(self, test: str) -> int:
        """Which attempt a test is at: the latest that asked it, or is to ask it."""
        if self._settings.record_mode == "all":
            return self.last
        return next((n for n in self.numbers if n > 1 and self._has(n, test)), 1)

    def _has(self, attempt: int, test: str) -> bool:
        root, place = self.root(attempt), naming.test_dir(test)
        asked = any((root / stream / place).is_dir() for stream in ("cand", "base_fresh"))
        return asked or test in self._waiting(attempt)

    def _open(self, attempt: int) -> frozenset[str]:
        return frozenset(self.about(attempt).get("open") or ())

    def about(self, attempt: int) -> Mapping[str, Any]:
        """What the head of an attempt's ledger says; empty where there is none.

        Raises:
            SettingsError: The ledger can't be read.
        """
        return read_ledger(self.root(attempt) / LEDGER)[1]

    def voids(self) -> tuple[Trial, ...]:
        """The trials without evidence that keep their index, each of the attempt its test is at.

        Raises:
            SettingsError: A ledger can't be read.
        """
        return tuple(trial for number in self.numbers for trial in self._voids(number))

    def _voids(self, number: int) -> Sequence[Trial]:
        """Those of one attempt.

        Of a test that waits, nothing was decided since its last look: while recording, the voids
        after it are tried again. Those before it stay, or what it has looked at would change.
        """
        ledger, about = read_ledger(self.root(number) / LEDGER)
        voids = [t for t in ledger if t.outcome == "void" and self.of(t.test) == number]
        if not voids or not self._settings.recording:
            return voids
        # Trials that the looks of a test have read, by stream; None in an old ledger.
        waiting: Mapping[str, list[int]] | None = about.get("open")
        if waiting is not None:
            read = _ends(ledger, waiting)
            return [t for t in voids if t.index < read.get((t.test, t.stream), inf)]
        policy = Policy.named(self._settings.gate, attempt=number)
        screens = {t.test: screen_test(ledger.of(t.test, policy), policy).why for t in voids}
        in_errors = {
            t for t, why in screens.items() if why and why.reason in ("errors", "not_sent")
        }
        return [trial for trial in voids if trial.test not in in_errors]

    def begin(self, tests: Iterable[str], baseline: Baseline) -> None:
        """Keep which tests the latest attempt is to ask, before its first call.

        However it ends, they are at it: what the attempt before said of them holds no more.

        Raises:
            SettingsError: The disk refuses it.
        """
        path = self.root(self.last) / LEDGER
        waiting = {test: [0, 0] for test in tests}
        if not waiting or path.exists():
            return
        try:
            write_atomically(path, f"{_head(baseline, waiting)}\n".encode())
        except OSError as error:
            raise SettingsError(
                f"{path}: the ledger could not be written: {error.strerror}"
            ) from None

    def write(self, ledger: Ledger, decision: Decision, baseline: Baseline) -> None:
        """Keep which trials a gate read, beside their cassettes, and which tests wait for more.

        Each test is kept with the attempt it is at. What is there of other tests stays.

        Raises:
            OSError: The disk refuses it.
        """
        for number in self.numbers:
            path = self.root(number) / LEDGER
            verdicts = [v for v in decision.tests if (v.attempt or decision.attempt) == number]
            if verdicts and path.parent.is_dir():
                text = _updated(path, ledger, verdicts, decision, baseline)
                if not path.exists() or path.read_text("utf-8") != text:
                    write_atomically(path, text.encode())


def next_attempt(settings: RunSettings) -> int:
    """Which attempt a bump's run is: one more when the last one has its verdict.

    Only recording anew asks again; every other run goes on with the last attempt, or replays it.
    """
    attempt = 1
    while _root(settings, attempt + 1).is_dir():
        attempt += 1
    ledger = _root(settings, attempt) / LEDGER
    # Old ledgers don't say which tests wait.
    ended = ledger.exists() and not read_ledger(ledger)[1].get("open")
    return attempt + 1 if settings.record_mode == "all" and ended else attempt


def read_ledger(path: Path) -> tuple[Ledger, Mapping[str, Any]]:
    """A ledger and what its head says of it; both empty where there is no file.

    Raises:
        SettingsError: It can't be read.
    """
    try:
        head, _, lines = path.read_text("utf-8").partition("\n")
    except FileNotFoundError:
        return Ledger(), {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the ledger could not be read: {error}") from None
    try:
        about: Mapping[str, Any] = dict(json.loads(head)["gate"])
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{path}: no ledger of a gate (its first line says nothing of it)"
        ) from None
    return Ledger.loads(lines, str(path)), about


def _updated(
    path: Path,
    ledger: Ledger,
    verdicts: Sequence[TestVerdict],
    decision: Decision,
    baseline: Baseline,
) -> str:
    """The text of a ledger with the trials of the tests that have these verdicts."""
    before, about = read_ledger(path)
    taken = {verdict.test for verdict in verdicts}
    waiting = {test: read for test, read in (about.get("open") or {}).items() if test not in taken}
    for verdict in verdicts:
        confirms = decision.suite == "unconfirmed" and verdict.verdict != "not run"
        if verdict.waits or confirms:
            waiting[verdict.test] = list(verdict.decided_on)
    others = Ledger(trial for trial in before if trial.test not in taken)
    trials = others | (trial for trial in ledger if trial.test in taken)
    return f"{_head(baseline, waiting)}\n{trials.dumps()}"


def _head(baseline: Baseline, waiting: Mapping[str, Sequence[int]]) -> str:
    return json.dumps({"gate": {"v": 1, "baseline": baseline, "open": waiting}}, sort_keys=True)


def _ends(ledger: Ledger, waiting: Mapping[str, Sequence[int]]) -> dict[tuple[str, Stream], int]:
    """The index after the usable trials that each stream of a waiting test has looked at."""
    usable: dict[tuple[str, Stream], list[int]] = {}
    for trial in ledger:
        if trial.outcome in ("pass", "fail"):
            usable.setdefault((trial.test, trial.stream), []).append(trial.index)
    streams: tuple[Stream, ...] = ("cand", "base_fresh")
    ends = {}
    for test, lengths in waiting.items():
        for stream, length in zip(streams, lengths, strict=True):
            looked = usable.get((test, stream), [])[:length]
            ends[test, stream] = looked[-1] + 1 if looked else 0
    return ends


def _root(settings: RunSettings, attempt: int) -> Path:
    if settings.baseline is not None:
        return settings.cassette_root / naming.baseline_dir(settings.baseline)
    pairs = [(swap.old, swap.new) for swap in settings.bump]
    return settings.cassette_root / naming.gate_dir(pairs, attempt)
