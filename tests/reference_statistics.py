"""Methods that the gate was compared with and does not use, so that the reference cases of all
of them can be checked. Short and slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, comb, exp, lgamma, log
from typing import Any

from pytest_claude.gating.statistics import (
    binomial,
    fisher_worse,
    hypergeometric,
    incomplete_beta,
)


def grid() -> list[float]:
    close = [10 ** (-4 + 3 * i / 59) for i in range(60)]
    return sorted({*(i / 200 for i in range(201)), *close, *(1 - g for g in close)})


def fisher_two_sided(base_pass: int, base_n: int, cand_pass: int, cand_n: int) -> float:
    fails = base_n + cand_n - base_pass - cand_pass
    chances = hypergeometric(base_n + cand_n, fails, cand_n)
    return sum(p for p in chances if p <= chances[cand_n - cand_pass] * (1 + 1e-9))


def boschloo(
    base_pass: int, base_n: int, cand_pass: int, cand_n: int, rates: Sequence[float]
) -> float:
    """The largest chance, over `rates`, of a Fisher p as small as the one observed."""
    observed = fisher_worse(base_pass, base_n, cand_pass, cand_n) * (1 + 1e-9)
    region = [
        (a, b)
        for a in range(base_n + 1)
        for b in range(cand_n + 1)
        if fisher_worse(a, base_n, b, cand_n) <= observed
    ]

    def chance(p: float) -> float:
        base, cand = binomial(base_n, p), binomial(cand_n, p)
        return sum(base[a] * cand[b] for a, b in region)

    return max(chance(p) for p in rates)


def _root(below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2


def _beta_quantile(q: float, a: float, b: float) -> float:
    return _root(lambda x: incomplete_beta(x, a, b) < q)


def clopper_pearson(passes: int, n: int) -> tuple[float, float]:
    fails = n - passes
    return (
        _beta_quantile(0.025, passes, fails + 1) if passes else 0.0,
        _beta_quantile(0.975, passes + 1, fails) if fails else 1.0,
    )


def jeffreys(passes: int, n: int) -> tuple[float, float]:
    a, b = passes + 0.5, n - passes + 0.5
    return _beta_quantile(0.025, a, b), _beta_quantile(0.975, a, b)


def bonferroni(ps: Sequence[float]) -> list[float]:
    return [min(1.0, p * len(ps)) for p in ps]


def hochberg(ps: Sequence[float]) -> list[float]:
    return _step_up(ps, lambda rank, n: n - rank + 1)


def benjamini_yekutieli(ps: Sequence[float]) -> list[float]:
    total = sum(1 / k for k in range(1, len(ps) + 1))
    return _step_up(ps, lambda rank, n: total * n / rank)


def _step_up(ps: Sequence[float], factor: Callable[[int, int], float]) -> list[float]:
    ordered = sorted(ps)
    return [
        min(
            1.0,
            *(factor(j + 1, len(ps)) * ordered[j] for j in range(len(ps)) if ordered[j] >= p),
        )
        for p in ps
    ]


def hommel(ps: Sequence[float]) -> list[float]:
    """By closure: the largest Simes p of a set of hypotheses that holds the one asked for."""
    n = len(ps)

    def simes(members: Sequence[float]) -> float:
        ordered = sorted(members)
        return min(len(ordered) * p / (k + 1) for k, p in enumerate(ordered))

    sets = [[i for i in range(n) if bits >> i & 1] for bits in range(1, 2**n)]
    worst = {tuple(of): simes([ps[i] for i in of]) for of in sets}
    return [max(p for of, p in worst.items() if i in of) for i in range(n)]


def mcnemar(pass_to_fail: int, fail_to_pass: int) -> tuple[float, float]:
    """Two-sided, and that more tests went from pass to fail."""
    n = pass_to_fail + fail_to_pass
    chances = binomial(n, 0.5)
    less = sum(chances[: min(pass_to_fail, fail_to_pass) + 1])
    return min(1.0, 2 * less), sum(chances[pass_to_fail:])


def wald(p0: float, p1: float, alpha: float, beta: float) -> dict[str, Any]:
    """Wald's sequential test of the fail rates 1 - p0 against 1 - p1."""
    upper, lower = log((1 - beta) / alpha), log(beta / (1 - alpha))
    fail, passed = log((1 - p1) / (1 - p0)), log(p1 / p0)
    drift = p0 * passed + (1 - p0) * fail
    return {
        "upper_log": upper,
        "lower_log": lower,
        "inc_fail": fail,
        "inc_pass": passed,
        "E_n_under_p0_wald": (alpha * upper + (1 - alpha) * lower) / drift,
        "consecutive_passes_to_accept": ceil(lower / passed),
    }


def universal_e(base_pass: int, base_n: int, cand_pass: int, cand_n: int) -> float:
    """A Jeffreys mixture over the largest likelihood with the candidate not worse."""

    def mixture(passes: int, n: int) -> float:
        return lgamma(passes + 0.5) + lgamma(n - passes + 0.5) - lgamma(n + 1) - 2 * lgamma(0.5)

    def likelihood(passes: int, n: int, p: float) -> float:
        return (passes * log(p) if passes else 0.0) + (
            (n - passes) * log(1 - p) if n > passes else 0
        )

    pooled = (base_pass + cand_pass) / (base_n + cand_n)
    rates = (base_pass / base_n, cand_pass / cand_n)
    if rates[1] < rates[0]:
        rates = (pooled, pooled)
    most = likelihood(base_pass, base_n, rates[0]) + likelihood(cand_pass, cand_n, rates[1])
    return exp(mixture(base_pass, base_n) + mixture(cand_pass, cand_n) - most)


def two_stream_e(base: Sequence[int], cand: Sequence[int], prior: float) -> float:
    """Turner, Ly and Grünwald's e-value for two streams in blocks of one trial each."""
    e, passes = 1.0, [0, 0]
    for n, (was, now) in enumerate(zip(base, cand, strict=True)):
        rates = [(passed + prior) / (n + 2 * prior) for passed in passes]
        shared = sum(rates) / 2
        for outcome, rate in ((was, rates[0]), (now, rates[1])):
            e *= (rate if outcome else 1 - rate) / (shared if outcome else 1 - shared)
        passes = [passes[0] + was, passes[1] + now]
    return e


def mann_whitney(base: Sequence[float], cand: Sequence[float]) -> float:
    """The exact two-sided p, without ties."""
    n, m = len(base), len(cand)
    above = sum(b > a for a in base for b in cand)
    ways = [[[0] * (n * m + 1) for _ in range(m + 1)] for _ in range(n + 1)]
    for i in range(n + 1):
        for j in range(m + 1):
            for u in range(i * j + 1):
                ways[i][j][u] = (
                    1 if i == j == 0
                    else (ways[i - 1][j][u] if i else 0)
                    + (ways[i][j - 1][u - i] if j and u >= i else 0)
                )  # fmt: skip
    least = min(above, n * m - above)
    return min(1.0, 2 * sum(ways[n][m][: least + 1]) / comb(n + m, n))
