"""Exact tests and intervals for counts of passes and fails, from the standard library alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import comb, exp, lgamma, log, log1p, sqrt

Z_95 = 1.959963984540054  # the 97.5 % point of the normal distribution


def binomial(n: int, p: float) -> list[float]:
    """The probabilities of 0, 1, … n successes of `n`, each of probability `p`.

    >>> binomial(2, 0.5)
    [0.25, 0.5, 0.25]
    """
    return [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


@lru_cache(maxsize=4096)
def hypergeometric(population: int, marked: int, drawn: int) -> tuple[float, ...]:
    """The probabilities of 0, 1, … `drawn` marked ones among `drawn` of a `population`."""
    whole = comb(population, drawn)
    return tuple(
        comb(marked, k) * comb(population - marked, drawn - k) / whole for k in range(drawn + 1)
    )


def fisher_worse(base_pass: int, base_n: int, cand_pass: int, cand_n: int) -> float:
    """Fisher's one-sided p that the candidate fails more often than the baseline.

    >>> round(fisher_worse(10, 10, 5, 10), 6)
    0.016254
    """
    fails = cand_n - cand_pass
    return _tail(base_n + cand_n, base_n - base_pass + fails, cand_n, fails)


def fisher_better(base_pass: int, base_n: int, cand_pass: int, cand_n: int) -> float:
    """Fisher's one-sided p that the candidate passes more often than the baseline."""
    return _tail(base_n + cand_n, base_pass + cand_pass, cand_n, cand_pass)


@cache
def _tail(population: int, marked: int, drawn: int, at_least: int) -> float:
    """P(at least so many marked ones are drawn), rounded once."""
    ways = sum(
        comb(marked, k) * comb(population - marked, drawn - k)
        for k in range(at_least, min(marked, drawn) + 1)
    )
    return ways / comb(population, drawn)


def wilson(passes: int, n: int, *, z: float = Z_95) -> tuple[float, float]:
    """Wilson's interval for a rate of passes (95 % unless `z` says otherwise).

    >>> low, high = wilson(10, 10)
    >>> round(low, 4), round(high, 4)
    (0.7225, 1.0)
    """
    rate, slack = passes / n, z * z / n
    middle = rate + slack / 2
    spread = z * sqrt(rate * (1 - rate) / n + slack / (4 * n))
    low = 0.0 if passes == 0 else (middle - spread) / (1 + slack)
    high = 1.0 if passes == n else (middle + spread) / (1 + slack)
    return low, high


def newcombe(base_pass: int, base_n: int, cand_pass: int, cand_n: int) -> tuple[float, float]:
    """Newcombe's 95 % interval for the candidate's rate minus the baseline's.

    Only descriptive where the trials were ended by a stop rule: stopping biases it.

    >>> low, high = newcombe(10, 10, 5, 10)
    >>> round(low, 4), round(high, 4)
    (-0.7634, -0.1174)
    """
    was, now = base_pass / base_n, cand_pass / cand_n
    (was_low, was_high), (low, high) = wilson(base_pass, base_n), wilson(cand_pass, cand_n)
    drop = now - was
    return (
        drop - sqrt((now - low) ** 2 + (was_high - was) ** 2),
        drop + sqrt((high - now) ** 2 + (was - was_low) ** 2),
    )


@dataclass(frozen=True)
class Stratum:
    """The counts of one test, for a test over the suite.

    Attributes:
        base_pass: Passed trials of the baseline.
        base_n: All trials of the baseline.
        cand_pass: Passed trials of the candidate.
        cand_n: All trials of the candidate.
    """

    base_pass: int
    base_n: int
    cand_pass: int
    cand_n: int

    @property
    def mirrored(self) -> Stratum:
        """The same with passes and fails exchanged."""
        return Stratum(
            self.base_n - self.base_pass, self.base_n, self.cand_n - self.cand_pass, self.cand_n
        )


def stratified_worse(strata: Sequence[Stratum]) -> float:
    """The exact one-sided p that the candidate fails more often over all tests together.

    Conditional on each test's number of fails, whatever its own rate: the chance of at least as
    many of them on the candidate's side. Exact for any rates; the tests may differ in size.
    """
    observed = sum(s.cand_n - s.cand_pass for s in strata)
    total = [1.0]
    for s in strata:
        population = s.base_n + s.cand_n
        fails = population - s.base_pass - s.cand_pass
        # So many fails fall on the candidate's side in any case.
        least = max(0, fails - s.base_n)
        observed -= least
        part = hypergeometric(population, fails, s.cand_n)[least : min(fails, s.cand_n) + 1]
        if len(part) > 1:
            total = _convolved(total, part)
    return min(1.0, sum(total[observed:])) if observed > 0 else 1.0


def stratified_better(strata: Sequence[Stratum]) -> float:
    """The mirror of `stratified_worse`: the candidate passes more often."""
    return stratified_worse([s.mirrored for s in strata])


def _convolved(total: Sequence[float], part: Sequence[float]) -> list[float]:
    length = len(total) + len(part) - 1
    result = [0.0] * length
    for shift, weight in enumerate(part):
        for k, value in enumerate(total, start=shift):
            result[k] += weight * value
    return result


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given: family-wise error.

    >>> holm([0.01, 0.04])
    [0.02, 0.04]
    """
    order = sorted(range(len(ps)), key=ps.__getitem__)
    adjusted, worst = [0.0] * len(ps), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = worst
    return adjusted


def benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p values, in the order given: false discovery rate.

    >>> benjamini_hochberg([0.01, 0.04])
    [0.02, 0.04]
    """
    order = sorted(range(len(ps)), key=ps.__getitem__, reverse=True)
    adjusted, best = [0.0] * len(ps), 1.0
    for behind, place in enumerate(order):
        best = min(best, ps[place] * (len(ps) / (len(ps) - behind)))
        adjusted[place] = best
    return adjusted


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function I_x(a, b), by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 300):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction


def _away_from_zero(value: float) -> float:
    return value if abs(value) > 1e-300 else 1e-300


def t_quantile(confidence: float, freedom: int) -> float:
    """The t that a share `confidence` of the t distribution lies within, on both sides of 0.

    >>> round(t_quantile(0.95, 11), 4)
    2.201
    """
    low, high = 0.0, 1.0
    while _t_within(high, freedom) < confidence:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, freedom) < confidence else (low, middle)
    return (low + high) / 2


def _t_within(t: float, freedom: int) -> float:
    return 1 - incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)
