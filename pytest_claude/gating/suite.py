"""The suite channel: does the suite as a whole pass less often, where no single test is named?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

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


def suite_p(tests: Iterable[TestTrials], policy: Policy) -> float | None:
    """The exact p that the candidate passes less often over the suite; None without data.

    It reads all recorded trials of the baseline and exactly the first look of the candidate,
    both fixed before any outcome could choose them.
    """
    strata = []
    for trials in tests:
        base, cand = _recorded(trials), _first(trials, policy)
        if base[1] and cand[1]:
            strata.append((*base, *cand))
    return _p(tuple(sorted(strata))) if strata else None


def suite_better_p(tests: Iterable[TestTrials], policy: Policy) -> float | None:
    """The mirror of `suite_p`: that the candidate passes more often; reported only."""
    strata = [Stratum(*_recorded(of), *_first(of, policy)) for of in tests]
    strata = [s for s in strata if s.base_n and s.cand_n]
    return stratified_better(strata) if strata else None


def recheck_suite(tests: Iterable[TestTrials], policy: Policy) -> Recheck:
    """The same with the first fresh trials of the baseline, or what it needs for that."""
    needs: list[Key] = []
    troubled, strata = [], []
    for trials in tests:
        cand = _first(trials, policy)
        if not (cand[1] and _recorded(trials)[1]):
            continue
        fresh = trials.read("base_fresh", 2 * policy.first_look)
        if trouble(fresh) is not None:
            troubled.append(trials.test)
            continue
        needs.extend(trials.keys("base_fresh", fresh.missing))
        strata.append((fresh.passes, len(fresh.trials), *cand))
    if needs:
        return Recheck(tuple(needs), None, tuple(troubled))
    return Recheck((), _p(tuple(sorted(strata))) if strata else None, tuple(troubled))


def _recorded(trials: TestTrials) -> Counts:
    return trials.base.passes, len(trials.base.trials)


def _first(trials: TestTrials, policy: Policy) -> Counts:
    reading = trials.read("cand", policy.first_look)
    ready = reading.trials[: reading.ready]
    return sum(trial.outcome == "pass" for trial in ready), len(ready)


@lru_cache(maxsize=64)
def _p(strata: tuple[tuple[int, int, int, int], ...]) -> float:
    return stratified_worse([Stratum(*counts) for counts in strata])
