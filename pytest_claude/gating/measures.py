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
    """How a number changed, over the tests that have it on both models.

    Attributes:
        measure: What is compared: "cost_usd", "input_tokens", "output_tokens" or
            "thinking_tokens".
        baseline: Mean of the tests' means per trial on the baseline.
        candidate: The same on the candidate.
        ratio: Geometric mean over the tests of candidate over baseline.
        interval: Its 95 % interval (t, of the logarithms); None for a single test.
        p: Wilcoxon's signed-rank p, two-sided; None for more than 25 tests that differ.
        of_sums: Sum of the candidate's means over the baseline's: the money. Never gated: its
            false alarms are not held.
        tests: How many tests are compared; variants of one parametrized test count as one.
        left_out: Tests with a zero on either model, sorted.
    """

    measure: str
    baseline: float
    candidate: float
    ratio: float
    interval: tuple[float, float] | None
    p: float | None
    of_sums: float
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

_MEASURES: dict[str, Value] = {
    "cost_usd": lambda trial: trial.cost_usd,
    "input_tokens": lambda trial: trial.profile.input_tokens if trial.profile else None,
    "output_tokens": lambda trial: trial.profile.output_tokens if trial.profile else None,
    "thinking_tokens": lambda trial: trial.profile.thinking_tokens if trial.profile else None,
}
_TIMES: dict[str, Value] = {
    "time_to_first_token_s": lambda t: t.profile.time_to_first_token_s if t.profile else None,
    "total_s": lambda trial: trial.profile.total_s if trial.profile else None,
}


def ratios(tests: Iterable[TestTrials], policy: Policy) -> tuple[Ratio, ...]:
    """What costs and tokens came to, on the first look of both models."""
    pairs = [
        (of.test, of.base.trials[: policy.first_look], of.read("cand", policy.first_look).trials)
        for of in tests
    ]
    found = (_ratio(measure, value, pairs) for measure, value in _MEASURES.items())
    return tuple(ratio for ratio in found if ratio is not None)


def times(base: Sequence[Trial], cand: Sequence[Trial]) -> tuple[Times, ...]:
    """Medians over trials that a duel made on both models side by side.

    A replay says nothing about latency, and neither does a trial of another day.
    """
    found = []
    for measure, value in _TIMES.items():
        was = [v for trial in base if (v := value(trial)) is not None]
        now = [v for trial in cand if (v := value(trial)) is not None]
        if was and now:
            found.append(Times(measure, median(was), median(now), (len(was), len(now))))
    return tuple(found)


def _ratio(
    measure: str, value: Value, pairs: Iterable[tuple[str, Sequence[Trial], Sequence[Trial]]]
) -> Ratio | None:
    families: dict[str, list[tuple[float, float]]] = {}
    left_out = []
    for test, base, cand in pairs:
        was, now = _mean(base, value), _mean(cand, value)
        if was is None or now is None:
            continue
        if was == 0 or now == 0:
            left_out.append(test)
        else:
            # Variants of a parametrized test may share a prompt: they are no independent units.
            families.setdefault(test.partition("[")[0], []).append((was, now))
    if not families:
        return None
    was_of = [sum(was for was, _ in of) / len(of) for of in families.values()]
    now_of = [sum(now for _, now in of) / len(of) for of in families.values()]
    ratio, interval = compare_ratios(was_of, now_of)
    ranks = signed_rank([log(b) - log(a) for a, b in zip(was_of, now_of, strict=True)])
    return Ratio(
        measure,
        sum(was_of) / len(was_of),
        sum(now_of) / len(now_of),
        ratio,
        interval,
        ranks[0] if ranks is not None else None,
        sum(now_of) / sum(was_of),
        len(families),
        tuple(sorted(left_out)),
    )


def _mean(trials: Sequence[Trial], value: Value) -> float | None:
    """The mean over trials; None when there is none, or one is unknown."""
    values = [value(trial) for trial in trials]
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None
