"""The suite channel: does the suite as a whole pass less often, where no single test is named?

A data set has a channel of its own, which reads its tests alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.ledger import Key, TestTrials
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Counts, trouble
from pytest_claude.gating.statistics import Stratum, stratified_better, stratified_worse


@dataclass(frozen=True)
class Recheck:
    """The second look at a suite that fired, with today's baseline instead of the recorded one.

    Attributes:
        needs: The trials it needs; empty when it has them all.
        p: The exact p with the fresh baseline; None while trials are needed.
        troubled: Tests whose fresh trials can't be had.
    """

    needs: tuple[Key, ...]
    p: float | None
    troubled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Channel:
    """Tests that are looked at together: all, or those of a data set.

    Attributes:
        name: Of the data set; "" for the suite.
        tests: The tests.
        level: The p at or below which it fires.
        p: The exact p that the candidate passes them less often; None without data.
        recheck: The second look, where it fired alone; None where none was made.
    """

    name: str
    tests: Sequence[TestTrials]
    level: float
    p: float | None
    recheck: Recheck | None

    @property
    def fires(self) -> bool:
        """Whether it fires on the recorded baseline."""
        return self.p is not None and self.p <= self.level


def suite_p(tests: Iterable[TestTrials], policy: Policy) -> float | None:
    """The exact p that the candidate passes less often over the suite; None without data.

    It reads all recorded trials of the baseline and exactly the first look of the candidate,
    both fixed before any outcome could choose them.
    """
    strata = _strata(tests, policy)
    return _p(tuple(sorted(strata))) if strata else None


def suite_better_p(tests: Iterable[TestTrials], policy: Policy) -> float | None:
    """The mirror of `suite_p`: that the candidate passes more often; reported only."""
    strata = _strata(tests, policy)
    return stratified_better([Stratum(*counts) for counts in strata]) if strata else None


def recheck_suite(tests: Iterable[TestTrials], policy: Policy) -> Recheck:
    """The same with the first fresh trials of the baseline, or what it needs for that."""
    needs: list[Key] = []
    troubled: list[str] = []
    strata: list[tuple[int, int, int, int]] = []
    for group in _groups(tests, policy):
        cand = _counts([_first(of, policy) for of in group])
        if not (cand[1] and _counts([of.base.trials for of in group])[1]):
            continue
        fresh = [of.read("base_fresh", 2 * policy.first_look) for of in group]
        spoiled = [of.test for of, read in zip(group, fresh, strict=True) if trouble(read)]
        if spoiled:
            troubled += spoiled
            continue
        for of, read in zip(group, fresh, strict=True):
            needs.extend(of.keys("base_fresh", read.missing))
        strata.append((*_counts([read.trials for read in fresh]), *cand))
    if needs:
        return Recheck(tuple(needs), None, tuple(troubled))
    return Recheck((), _p(tuple(sorted(strata))) if strata else None, tuple(troubled))


def _strata(tests: Iterable[TestTrials], policy: Policy) -> list[tuple[int, int, int, int]]:
    """Passed trials and all, of the baseline and of the candidate; a stratum for each group."""
    strata = []
    for group in _groups(tests, policy):
        base = _counts([of.base.trials for of in group])
        cand = _counts([_first(of, policy) for of in group])
        if base[1] and cand[1]:
            strata.append((*base, *cand))
    return strata


def _groups(tests: Iterable[TestTrials], policy: Policy) -> list[list[TestTrials]]:
    """The tests, together where they share the set-ups of wider fixtures.

    Such tests fail together when an answer to the fixture is bad: they are no independent units.
    """
    alone: list[list[TestTrials]] = []
    groups: list[tuple[set[str], list[TestTrials]]] = []
    for of in tests:
        first = of.usable("cand", policy.first_look)
        shared = {name for trial in first for name in trial.set_ups}
        if not shared:
            alone.append([of])
            continue
        joined, apart = [of], []
        for names, group in groups:
            if names & shared:
                shared |= names
                joined = [*group, *joined]
            else:
                apart.append((names, group))
        groups = [*apart, (shared, joined)]
    return [*alone, *(group for _, group in groups)]


def _first(trials: TestTrials, policy: Policy) -> Sequence[Trial]:
    reading = trials.read("cand", policy.first_look)
    return reading.trials[: reading.ready]


def _counts(tests: Sequence[Sequence[Trial]]) -> Counts:
    """Trials that passed, and all; of tests that share set-ups a trial passes if all pass it."""
    passed: dict[int, bool] = {}
    for trial in (trial for trials in tests for trial in trials):
        passed[trial.index] = passed.get(trial.index, True) and trial.outcome == "pass"
    return sum(passed.values()), len(passed)


@lru_cache(maxsize=64)
def _p(strata: tuple[tuple[int, int, int, int], ...]) -> float:
    return stratified_worse([Stratum(*counts) for counts in strata])
