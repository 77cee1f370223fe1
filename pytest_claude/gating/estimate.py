"""What a gate will take before its first trial is made: simulated gates on what is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pytest_claude.comparison.trial import Stream
from pytest_claude.gating.counted import counted_gate
from pytest_claude.gating.duel import duel_rule, rounded_up
from pytest_claude.gating.policy import Policy

Range = tuple[float, float]
"""The smallest and the largest of an estimate."""

_RUNS = 200
_LEFT_OUT = 0.04
"""The share of the simulated gates that is left out at either end of a range."""

_WIDEST = 3
"""The top of a range over its bottom: a wider one says nothing that the most does not say."""

_UNCHANGED = 0.4
"""The share of the simulated candidates that drop no test."""

_DROPPED = (1, 14)
"""Beta distribution of the share of tests that another candidate drops: 7 % in the mean."""


@dataclass(frozen=True)
class Recorded:
    """What a gate finds recorded of one test.

    Attributes:
        passes: Passed trials of the baseline.
        of: All trials of the baseline.
        missing: Trials of the baseline that are made because too few are recorded.
        fresh: Fresh trials of the baseline that are there and not paid again.
        cand: Trials of the candidate that are there and not paid again.
        base_usd: What one trial of the baseline costs; None where it is unknown.
        cand_usd: What one trial of the candidate costs, least and most; None where it is unknown.
        decided: Whether the gate has its verdict on the test, and takes no more of it.
    """

    passes: int
    of: int
    missing: int = 0
    fresh: int = 0
    cand: int = 0
    base_usd: float | None = None
    cand_usd: Range | None = None
    decided: bool = False


@dataclass(frozen=True)
class Estimate:
    """What a gate will take.

    Attributes:
        trials: Range of the trials to pay; nine of ten gates end inside, as simulated.
        most_trials: The most that the policy can take.
        usd: Range of their cost; None where no trial's cost is known.
        most_usd: Cost of the most that the policy can take; None where it is unknown.
        priced: Tests whose own recording gives the cost of a trial; others count as their mean.
        base_trials: Range of the trials to pay of the baseline.
        cand_trials: The same of the candidate.
    """

    trials: tuple[int, int]
    most_trials: int
    usd: Range | None
    most_usd: float | None
    priced: int
    base_trials: tuple[int, int] = (0, 0)
    cand_trials: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Taken:
    """Trials that one test takes: recorded for its baseline, fresh of it, of the candidate."""

    base: int = 0
    fresh: int = 0
    cand: int = 0


def estimate(tests: Sequence[Recorded], policy: Policy) -> Estimate:
    """What a gate will take of trials and dollars.

    The range is that of 200 simulated gates, the lowest and the highest 4 % left out and cut at
    three times its bottom. A test's pass rate is drawn from what is recorded of it, taken a little
    towards the suite's. Two of five candidates drop no test; the others drop 7 % of all in the
    mean, each by a share of its rate that is drawn evenly. Void trials, the second look at a suite,
    and tests that the API refuses after two trials are left out. The same recordings give the same
    range.

    Args:
        tests: What is recorded of each test.
        policy: The settings.

    >>> estimate([Recorded(5, 5)] * 50, Policy()).trials[0] >= 200
    True
    """
    random = Random(0)
    pooled = (sum(t.passes for t in tests) + 1) / (sum(t.of for t in tests) + 1)
    runs = [
        [*map(_unpaid, tests, _gate(tests, policy, pooled, random))]
        for _ in range(_RUNS if tests else 1)
    ]
    counts = sorted(map(_count, runs))
    out = int(len(runs) * _LEFT_OUT)
    bottom, top = counts[out], counts[-1 - out]
    top = min(top, _WIDEST * bottom) if bottom else top
    inside = [run for run in runs if bottom <= _count(run) <= top]
    prices, most = _Prices(tests), _most(tests, policy)
    least_usd = min(prices.usd(run, 0) for run in inside)
    most_usd = max(prices.usd(run, 1) for run in inside)
    return Estimate(
        (bottom, max(map(_count, inside))),
        _count(most),
        (least_usd, most_usd) if prices.known else None,
        prices.usd(most, 1) if prices.known else None,
        prices.priced,
        _ends([sum(each.base + each.fresh for each in run) for run in inside]),
        _ends([sum(each.cand for each in run) for run in inside]),
    )


def _ends(counts: Sequence[int]) -> tuple[int, int]:
    return min(counts), max(counts)


class _Prices:
    """What the trials of each test cost; a test without a price costs the mean of the others."""

    def __init__(self, tests: Sequence[Recorded]) -> None:
        known = [t for t in tests if t.base_usd is not None and t.cand_usd is not None]
        self.priced = len(known)
        self.known = bool(known)
        base = _mean([t.base_usd or 0 for t in known])
        ends = tuple(_mean([t.cand_usd[end] for t in known if t.cand_usd]) for end in (0, 1))
        self._base = [base if t.base_usd is None else t.base_usd for t in tests]
        self._cand = [t.cand_usd or ends for t in tests]

    def usd(self, taken: Sequence[_Taken], end: int) -> float:
        """What these trials cost, by the least (0) or the most (1) that a candidate's costs."""
        return sum(
            (each.base + each.fresh) * base + each.cand * cand[end]
            for each, base, cand in zip(taken, self._base, self._cand, strict=True)
        )


class _Simulated:
    """The trials of one simulated gate, by what is recorded.

    A test's pass rate is drawn from its recorded trials; some tests of some candidates drop.
    """

    def __init__(self, tests: Sequence[Recorded], pooled: float, random: Random) -> None:
        self._tests = tests
        self._random = random.random
        dropped = 0 if random.random() < _UNCHANGED else random.betavariate(*_DROPPED)
        self._rates: list[dict[Stream, float]] = []
        for test in tests:
            fails = test.of - test.passes
            rate = random.betavariate(test.passes + pooled, fails + 1.001 - pooled)
            now = rate * random.random() if random.random() < dropped else rate
            self._rates.append({"base_fresh": rate, "cand": now})

    def fails(self, test: int, stream: Stream, start: int, stop: int) -> int:
        """Failed trials; those that are recorded failed evenly over their number."""
        of = self._tests[test]
        if stream == "base":
            fails = of.of - of.passes
            return fails * stop // of.of - fails * start // of.of if of.of else 0
        rate = self._rates[test][stream]
        return sum(self._random() >= rate for _ in range(start, stop))


def _gate(tests: Sequence[Recorded], policy: Policy, pooled: float, random: Random) -> list[_Taken]:
    """The trials that each test takes in one simulated gate."""
    outcomes = _Simulated(tests, pooled, random)
    found = counted_gate([max(1, t.of) for t in tests], outcomes, policy, suite=False)
    taken = zip(tests, found.fresh, found.cand, strict=True)
    return [_Taken(test.missing, fresh, cand) for test, fresh, cand in taken]


def _unpaid(test: Recorded, taken: _Taken) -> _Taken:
    """What of the trials is not recorded yet."""
    if test.decided:
        return _Taken()
    return _Taken(taken.base, max(0, taken.fresh - test.fresh), max(0, taken.cand - test.cand))


def _most(tests: Sequence[Recorded], policy: Policy) -> list[_Taken]:
    """The most that the policy takes: every test is a suspect, and its duel has all its looks.

    Where so many suspects could not be confirmed there is no duel, and as many duels as can be.
    """
    again = 2 * policy.first_look if policy.baseline == "callable" else 0  # the second look
    duels, rule = len(tests), duel_rule(policy, len(tests))
    while policy.baseline == "callable" and rule.c == 0 and duels > 1:
        duels = max(n for n in range(1, duels) if rounded_up(n) < rule.suspects)
        rule = duel_rule(policy, duels)
    fresh = max(rule.base_n, again) if policy.baseline == "callable" else 0
    screen = policy.screen_looks[-1]
    each = _Taken(0, fresh, screen + rule.looks[-1])
    rest = _Taken(0, again, screen)
    return [
        _unpaid(test, _Taken(test.missing, of.fresh, of.cand))
        for number, test in enumerate(tests)
        for of in [each if number < duels else rest]
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _count(taken: Sequence[_Taken]) -> int:
    return sum(each.base + each.fresh + each.cand for each in taken)
