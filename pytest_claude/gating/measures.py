"""Costs, tokens and times of two models over the suite: ratios with intervals, reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import median

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.ledger import TestTrials
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.statistics import t_quantile

_MOST_EXACT = 25  # units; the exact signed-rank distribution has 2**n points


@dataclass(frozen=True)
class Ratio:
    """How a number changed, each test compared with itself.

    Attributes:
        measure: What is compared: "cost_usd", "calls", "input_tokens", "cache_read_tokens",
            "output_tokens" or "thinking_tokens".
        ratio: Geometric mean over the tests of the candidate's mean per trial over the
            baseline's; variants of one parametrized test count as one, and so do tests that ask
            in a set-up that they share. None where every test has a zero on a side.
        interval: Its 95 % interval (t, of the logarithms); None for fewer than two tests.
        p: Wilcoxon's signed-rank p, two-sided; None for more than 25 tests that differ.
        baseline: Sum over the tests of the baseline's mean per trial: what one trial of each
            test takes, a set-up that they share once. A ratio of sums is never formed: its false
            alarms are not held.
        candidate: The same of the candidate.
        tests: How many tests are in the sums: all where each trial's number is known.
        left_out: Tests with a zero on either model, sorted: they are in the sums alone.
    """

    measure: str
    ratio: float | None
    interval: tuple[float, float] | None
    p: float | None
    baseline: float
    candidate: float
    tests: int
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Times:
    """Medians of a time over trials that both models made in the same hours; reported only.

    Attributes:
        measure: "time_to_first_token_s" or "total_s".
        baseline_s: Median in seconds.
        candidate_s: Median in seconds.
        trials: Trials of the baseline, and of the candidate.
    """

    measure: str
    baseline_s: float
    candidate_s: float
    trials: tuple[int, int]


def compare_ratios(base: Sequence[float], cand: Sequence[float]) -> tuple[
    float, tuple[float, float] | None
]:  # fmt: skip
    """The geometric mean of the ratios of pairs, and its 95 % interval.

    >>> compare_ratios([1.0, 1.0], [2.0, 2.0])
    (2.0, (2.0, 2.0))
    """
    logs = [log(b) - log(a) for a, b in zip(base, cand, strict=True)]
    mean = sum(logs) / len(logs)
    if len(logs) < 2:
        return exp(mean), None
    spread = sqrt(sum((d - mean) ** 2 for d in logs) / (len(logs) - 1) / len(logs))
    reach = t_quantile(0.95, len(logs) - 1) * spread
    return exp(mean), (exp(mean - reach), exp(mean + reach))


def signed_rank(differences: Sequence[float]) -> tuple[float, float] | None:
    """Wilcoxon's exact p, two-sided and for "greater"; None for more than 25 differences.

    Zero differences are left out, equal ones share their mean rank.

    >>> signed_rank([1.0, 2.0, 3.0])
    (0.25, 0.125)
    """
    found = [d for d in differences if d]
    if len(found) > _MOST_EXACT:
        return None
    if not found:
        return 1.0, 1.0
    doubled = _doubled_ranks([abs(d) for d in found])
    ways = [1]
    for rank in doubled:
        ways = [a + b for a, b in zip([*ways, *[0] * rank], [*[0] * rank, *ways], strict=True)]
    reached = sum(rank for rank, d in zip(doubled, found, strict=True) if d > 0)
    greater = sum(ways[reached:]) / 2 ** len(found)
    less = sum(ways[: reached + 1]) / 2 ** len(found)
    return min(1.0, 2 * min(greater, less)), greater


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Twice the mean rank of each, so that shared ranks stay whole."""
    order = sorted(sizes)
    first = {size: place for place, size in reversed(list(enumerate(order)))}
    return [2 * first[size] + order.count(size) + 1 for size in sizes]


Value = Callable[[Trial], float | None]


def _of_profile(name: str) -> Value:
    return lambda trial: None if trial.profile is None else getattr(trial.profile, name)


MEASURES: dict[str, Value] = {
    "cost_usd": lambda trial: trial.cost_usd,
    **{name: _of_profile(name) for name in
       ("calls", "input_tokens", "cache_read_tokens", "output_tokens", "thinking_tokens")},
}  # fmt: skip
"""What is compared in ratios, by the name of the measure: a trial's own number."""
TIMES: dict[str, Value] = {name: _of_profile(name) for name in ("time_to_first_token_s", "total_s")}
"""What is compared in medians of trials made side by side, in seconds."""


def ratios(tests: Iterable[TestTrials], policy: Policy) -> tuple[Ratio, ...]:
    """How cost, calls and tokens changed, on the first look of both models.

    Args:
        tests: The trials of the tests that are compared.
        policy: Says how many trials the first look has.
    """
    tests = tuple(tests)
    compared = (ratio(measure, tests, policy) for measure in MEASURES)
    return tuple(found for found in compared if found is not None)


def means(of: TestTrials, measure: str, policy: Policy) -> tuple[float, float] | None:
    """The means per trial of one test on both models, on the first look of each.

    Args:
        of: The trials of the test.
        measure: A name in `MEASURES` or `TIMES`.
        policy: Says how many trials the first look has.

    Returns:
        Baseline's and candidate's, in the measure's unit; None where a trial's number is unknown.
    """
    look, value = policy.first_look, {**MEASURES, **TIMES}[measure]
    base, cand = _mean(of.base.trials[:look], value), _mean(of.read("cand", look).trials, value)
    return None if base is None or cand is None else (base, cand)


def times(base: Sequence[Trial], cand: Sequence[Trial]) -> tuple[Times, ...]:
    """Medians over trials that a duel made on both models side by side.

    A replay says nothing about latency, and neither does a trial of another day.
    """
    found = []
    for measure, value in TIMES.items():
        was = [v for trial in base if (v := value(trial)) is not None]
        now = [v for trial in cand if (v := value(trial)) is not None]
        if was and now:
            found.append(Times(measure, median(was), median(now), (len(was), len(now))))
    return tuple(found)


def ratio(measure: str, tests: Iterable[TestTrials], policy: Policy) -> Ratio | None:
    """How one number changed, on the first look of both sides; None where it is nowhere known.

    Args:
        measure: A name in `MEASURES` or `TIMES`.
        tests: The trials of the tests that are compared.
        policy: Says how many trials the first look has.
    """
    known = [(of, pair) for of in tests if (pair := means(of, measure, policy)) is not None]
    pairs = {_asked_in(of): pair for of, pair in known}
    if not any(map(any, pairs.values())):
        return None
    # Variants of a parametrized test may share a prompt: they are not independent units.
    families: dict[str, list[tuple[float, float]]] = {}
    for asked_in, pair in pairs.items():
        if all(pair):
            families.setdefault(asked_in.partition("[")[0], []).append(pair)
    sides = [[sum(side) / len(side) for side in zip(*of, strict=True)] for of in families.values()]
    base, cand = [side[0] for side in sides], [side[1] for side in sides]
    mean, interval = compare_ratios(base, cand) if sides else (None, None)
    ranks = signed_rank([log(b) - log(a) for a, b in zip(base, cand, strict=True)])
    return Ratio(
        measure, mean, interval, ranks[0] if ranks is not None and sides else None,
        sum(base for base, _ in pairs.values()), sum(cand for _, cand in pairs.values()),
        len(known), tuple(sorted(of.test for of, pair in known if not all(pair))),
    )  # fmt: skip


def _asked_in(of: TestTrials) -> str:
    """The test, or the set-up that its numbers are of: those of its scope have the same."""
    first = of.usable("cand", 1)
    return (first[0].shared_set_up if first else None) or of.test


def _mean(trials: Sequence[Trial], value: Value) -> float | None:
    """The mean over trials; None when there is none, or one is unknown."""
    values = [value(trial) for trial in trials]
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
