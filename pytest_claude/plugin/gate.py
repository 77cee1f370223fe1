"""Which trials a gated run takes: of each test in turn, then of all tests together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

import pytest

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.gating import Decision, Ledger, Need, Policy, TestVerdict, plan
from pytest_claude.gating.ledger import Key
from pytest_claude.gating.status import Status
from pytest_claude.gating.steps import LATER, Later, Plan, Step
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.run.decide import left_out
from pytest_claude.settings import RunSettings

_NO_DROP: tuple[Status, ...] = ("unchanged", "improved", "changed")
_OF_THE_GATE: tuple[Stream, ...] = ("base_fresh", "cand")


class Gate:
    """Plans the trials of one process.

    Offline, a test takes every trial that has a recording: the verdict reads of them what it
    needs. While recording, a test takes the trials of its screen; what depends on the trials of
    others waits for `rounds`.

    Attributes:
        policy: What the gate must be able to see.
    """

    def __init__(
        self,
        settings: RunSettings,
        arms: Arms,
        policy: Policy,
        known: Iterable[Trial],
        tests: Iterable[str] = (),
    ) -> None:
        """`known` are trials not to be taken again: of an earlier run, or known to be void.

        `tests` are all tests of a run that is gone on with; one that did not arrive there is
        screened before any test goes on.
        """
        self.policy = policy
        self._settings = settings
        self._arms = arms
        self._ledger: dict[Key, Trial] = {_place(trial): trial for trial in known}
        self._earlier = frozenset(t.test for t in self._ledger.values() if t.stream == "base")
        self._gateable: dict[str, None] = {}
        if settings.go_on is not None:
            for test in sorted(self._earlier.union(tests)):
                self.consider(test)

    def plan(self, item: pytest.Item, leave_out: Callable[[], bool] = lambda: False) -> Plan:
        """The plan of one test; it ends in LATER where the trials of others must be known.

        `leave_out` says, once the baseline's trials are there, whether the test can't be gated.
        """
        start = self._start(item)

        def next_step(taken: Sequence[Trial]) -> Step | Literal[Later.LATER] | None:
            self.take(taken)
            if taken and taken[-1].outcome in ("skip", "abort"):
                return None
            following = start[len(taken)] if len(taken) < len(start) else None
            if following is not None and following.stream == "base":
                return following
            if leave_out() or not self.consider(item.nodeid):
                return None
            if following is None and self._settings.recording:
                return self._of_its_own(item.nodeid)
            return following

        return next_step

    def trials(self, test: str) -> list[Trial]:
        """What is known of a test, by stream and index."""
        return [self._ledger[key] for key in sorted(self._ledger) if key.test == test]

    def take(self, trials: Iterable[Trial]) -> None:
        """Keep what was taken."""
        self._ledger.update((_place(trial), trial) for trial in trials)

    def consider(self, test: str) -> bool:
        """Whether a test can be gated, by what its trials show so far."""
        if left_out(self.trials(test), self._arms.olds) is not None:
            self._gateable.pop(test, None)
            return False
        self._gateable[test] = None
        return True

    def settled(self, test: str) -> bool:
        """Whether what a test has shown is enough, whatever the others show: it did not drop."""
        return not self.consider(test) or self._alone(test).verdict in _NO_DROP

    def first_failure(self, test: str) -> int | None:
        """Index of the first fresh trial of the candidate that failed in the duel of a test."""
        return self._alone(test).first_failure if self.consider(test) else None

    def rounds(self) -> dict[str, list[Step]]:
        """What each test must take next, now that all have ended their screens."""
        if not self._settings.recording:
            return {}
        need = self._planned(Ledger(self._ledger.values()), self.policy, list(self._gateable))
        steps: dict[str, list[Step]] = {}
        for key in need.interleaved if isinstance(need, Need) else ():
            steps.setdefault(key.test, []).append(Step(key.stream, key.index))
        return steps

    def _start(self, item: pytest.Item) -> list[Step]:
        """The trials that a test takes whatever they show."""
        recorded = self._untaken(item, "base")
        if self._settings.baseline is not None or item.nodeid in self._earlier:
            base = []  # the earlier run has them
        else:
            wanted = max(1, item.stash[TEST_SETTINGS].trials) if self._settings.recording else 1
            base = recorded or list(range(wanted))
        steps = [Step("base", index) for index in base]
        if not self._settings.recording:
            for stream in _OF_THE_GATE:
                untaken = self._untaken(item, stream)
                self._fill_gaps(item.nodeid, stream, untaken)
                steps += [Step(stream, index) for index in untaken]
        return steps

    def _fill_gaps(self, test: str, stream: Stream, recorded: Sequence[int]) -> None:
        """A trial that left no recording between others was spoiled: it keeps its index."""
        for index in range(max(recorded, default=0)):
            attempt = self._arms.attempt(test, stream)
            key = Key(test, stream, index, attempt)
            if index not in recorded and key not in self._ledger:
                self.take([Trial(test, stream, index, "void", "it has no recording",
                                 attempt=attempt)])  # fmt: skip

    def _untaken(self, item: pytest.Item, stream: Stream) -> list[int]:
        known = {k.index for k in self._ledger if (k.test, k.stream) == (item.nodeid, stream)}
        return [n for n in self._arms.available(item, stream) if n not in known]

    def _of_its_own(self, test: str) -> Step | Literal[Later.LATER] | None:
        """The next trial that a test takes without regard to the others."""
        alone = self._settings.go_on is None or test not in self._earlier
        tests = [test] if alone else list(self._gateable)
        ledger = self._of(test) if alone else Ledger(self._ledger.values())
        need = self._planned(ledger, self.policy, tests)
        if not isinstance(need, Need):
            return None
        mine = [key for key in need.interleaved if key.test == test]
        if alone and any(key.stream == "base_fresh" for key in mine):
            return LATER  # a suspect: how much it takes depends on how many there are
        return Step(mine[0].stream, mine[0].index) if mine else None

    def _alone(self, test: str) -> TestVerdict:
        """What a test's own trials say, were there no other test."""
        told = self._planned(self._of(test), replace(self.policy, offline=True), [test])
        assert not isinstance(told, Need), "an offline policy always decides"
        return told.verdicts[test]

    def _planned(self, ledger: Ledger, policy: Policy, tests: Sequence[str]) -> Need | Decision:
        attempts = {test: self._arms.attempt(test, "cand") for test in tests}
        return plan(ledger, policy, tests, attempts=attempts)

    def _of(self, test: str) -> Ledger:
        return Ledger(self.trials(test))


def _place(trial: Trial) -> Key:
    return Key(trial.test, trial.stream, trial.index, trial.attempt)
