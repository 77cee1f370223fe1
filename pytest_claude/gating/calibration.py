"""Sequential Boschloo: how small a Fisher p must be at a look, so that chance rarely gets there.

The statistic is Fisher's one-sided p at each look, the threshold one number `c` for all looks.
Its size is computed by counting paths with integers, as one polynomial in the pass rate, and
proved over all pass rates by the polynomial's Bernstein coefficients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import comb
from operator import mul

from pytest_claude.gating.statistics import fisher_worse

_SAME = 1 + 1e-12  # equal Fisher values differ in the last bit
_LARGEST_C = 0.5
_PROOF_GAP = 1e-6

Looks = tuple[int, ...]


@dataclass(frozen=True)
class Calibration:
    """The threshold of a comparison that looks several times.

    Attributes:
        base_n: Trials of the baseline.
        looks: Numbers of candidate trials at which it may stop.
        c: Fisher's p at or below which a look rejects; 0 when no threshold is small enough.
        size: The largest chance of rejecting, over the pass rates looked at, when both models
            pass equally often.
    """

    base_n: int
    looks: Looks
    c: float
    size: float

    def rejects(self, base_pass: int) -> tuple[int, ...]:
        """The fewest fails that reject, at each look; one more than the look when none does."""
        return _rejects(self.base_n, self.looks, self.c, base_pass)


@cache
def calibrate(base_n: int, looks: Looks, alpha: float) -> Calibration:
    """The largest threshold whose chance of a false rejection is at most `alpha`.

    The walk is not stopped by anything but a rejection, so the level holds whatever else ends it.
    """
    values = _attainable(base_n, looks)
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if _size(base_n, looks, values[middle]) <= alpha:
            low = middle + 1
        else:
            high = middle
    for c in reversed(values[:low]):
        coefficients = _bernstein(base_n, looks, c)
        if _is_at_most(coefficients, alpha):
            return Calibration(base_n, looks, c, _largest_on_grid(coefficients))
    return Calibration(base_n, looks, 0.0, 0.0)


def power(rejects: Sequence[int], looks: Looks, fail_rate: float) -> float:
    """The chance that a candidate of this fail rate is rejected at some look."""
    last = looks[-1]
    crossed = _crossing_paths(tuple(rejects), looks)
    return sum(
        ways * fail_rate**fails * (1 - fail_rate) ** (last - fails)
        for fails, ways in enumerate(crossed)
    )


@cache
def _rejects(base_n: int, looks: Looks, c: float, base_pass: int) -> tuple[int, ...]:
    return tuple(
        next(
            (f for f in range(t + 1) if _fisher(base_n, base_pass, t)[f] <= c * _SAME),
            t + 1,
        )
        for t in looks
    )


@cache
def _fisher(base_n: int, base_pass: int, cand_n: int) -> tuple[float, ...]:
    """Fisher's p for 0, 1, … fails of the candidate."""
    return tuple(fisher_worse(base_pass, base_n, cand_n - f, cand_n) for f in range(cand_n + 1))


@cache
def _attainable(base_n: int, looks: Looks) -> tuple[float, ...]:
    """All values a Fisher p can take below one half, each once, ascending."""
    found: list[float] = []
    values = (p for t in looks for s in range(base_n + 1) for p in _fisher(base_n, s, t))
    for p in sorted(values, reverse=True):
        if p < _LARGEST_C and (not found or found[-1] > p * _SAME):
            found.append(p)
    return tuple(reversed(found))


@cache
def _crossing_paths(rejects: tuple[int, ...], looks: Looks) -> tuple[int, ...]:
    """Sequences of outcomes up to the last look that reject somewhere, by number of fails."""
    at = dict(zip(looks, rejects, strict=True))
    inside = [1]
    for t in range(1, looks[-1] + 1):
        inside = list(map(int.__add__, [*inside, 0], [0, *inside]))
        if t in at and at[t] <= t:
            inside[at[t] :] = [0] * (t + 1 - at[t])
    return tuple(comb(looks[-1], f) - ways for f, ways in enumerate(inside))


def _size(base_n: int, looks: Looks, c: float) -> float:
    return _largest_on_grid(_bernstein(base_n, looks, c))


@cache
def _bernstein(base_n: int, looks: Looks, c: float) -> tuple[float, ...]:
    """The chance of rejecting at equal rates, as Bernstein coefficients in the fail rate."""
    degree = base_n + looks[-1]
    ways = [0] * (degree + 1)
    for s in range(base_n + 1):
        weight = comb(base_n, s)
        for fails, paths in enumerate(_crossing_paths(_rejects(base_n, looks, c, s), looks)):
            ways[base_n - s + fails] += weight * paths
    return tuple(count / comb(degree, j) for j, count in enumerate(ways))


def _largest_on_grid(coefficients: Sequence[float]) -> float:
    degree = len(coefficients) - 1
    return max(float(sum(map(mul, coefficients, row))) for row in _weights(degree))


@cache
def _weights(degree: int) -> tuple[tuple[float, ...], ...]:
    """Bernstein polynomials of this degree at each pass rate of the grid."""
    return tuple(
        tuple(comb(degree, j) * (1 - p) ** j * p ** (degree - j) for j in range(degree + 1))
        for p in _grid()
    )


@cache
def _grid() -> tuple[float, ...]:
    """Pass rates to look at: every .005, and closer towards 0 and 1."""
    close = [10 ** (-4 + 3 * i / 59) for i in range(60)]
    return tuple(sorted({*(i / 200 for i in range(201)), *close, *(1 - g for g in close)}))


def _is_at_most(coefficients: Sequence[float], level: float) -> bool:
    """Whether a polynomial is proved to stay at or below `level` on the whole of [0, 1].

    A polynomial lies below its largest Bernstein coefficient, and meets the first and the last;
    halving an interval brings the coefficients closer to it.
    """
    open_parts = [list(coefficients)]
    while open_parts:
        part = open_parts.pop()
        if max(part) <= level:
            continue
        reached = max(part[0], part[-1])
        if reached > level or max(part) - reached <= _PROOF_GAP * level:
            return False
        open_parts.extend(_halves(part))
    return True


def _halves(part: list[float]) -> tuple[list[float], list[float]]:
    """The Bernstein coefficients on the two halves (de Casteljau)."""
    left, right = [part[0]], [part[-1]]
    while len(part) > 1:
        part = [(a + b) / 2 for a, b in pairwise(part)]
        left.append(part[0])
        right.append(part[-1])
    return left, right[::-1]
