"""A stop rule with bounds at its looks: where it clears, where it rejects, and what to expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

from pytest_claude.gating.statistics import binomial

NEVER = -1
"""The bound of a look that clears nothing."""


@dataclass(frozen=True)
class Walk:
    """What a stop rule does with a test of a given fail rate.

    Attributes:
        cleared: The chance that it is cleared at some look.
        rejected: The chance that it is rejected at some look.
        trials: Expected number of trials until it stops.
    """

    cleared: float
    rejected: float
    trials: float


def walk(
    looks: Sequence[int], accepts: Sequence[int], rejects: Sequence[int] | None, fail_rate: float
) -> Walk:
    """What the bounds do with trials that fail independently with `fail_rate`.

    Args:
        looks: Numbers of trials at which the rule is applied, ascending.
        accepts: The most fails that clear at each look.
        rejects: The fewest fails that reject at each look; None when nothing does.
        fail_rate: From 0 to 1.
    """
    at = {t: i for i, t in enumerate(looks)}
    inside, cleared, rejected, trials = [1.0], 0.0, 0.0, 0.0
    for t in range(1, looks[-1] + 1):
        trials += sum(inside)
        stay = [p * (1 - fail_rate) for p in inside]
        inside = [a + b for a, b in zip([*stay, 0.0], [0.0, *(p * fail_rate for p in inside)],
                                        strict=True)]  # fmt: skip
        if t in at:
            first = accepts[at[t]] + 1
            cleared += sum(inside[:first])
            inside[:first] = [0.0] * first
            if rejects is not None:
                rejected += sum(inside[rejects[at[t]] :])
                inside[rejects[at[t]] :] = [0.0] * max(0, t + 1 - rejects[at[t]])
    return Walk(cleared, rejected, trials)


@cache
def accept_bounds(
    looks: tuple[int, ...], pass_rate: float, drop: float, miss: float
) -> tuple[int, ...]:
    """The most fails that clear a test at each look; `NEVER` where none does.

    A test whose rate fell from `pass_rate` by `drop` is cleared at any look with a chance of at
    most `miss`: one level for the binomial tail at all looks, the largest attainable one for
    which the exact total stays at or below `miss`.

    >>> accept_bounds((4, 8), 1.0, 0.5, 0.08)
    (0, 1)
    """
    dropped = max(pass_rate - drop, 0.0)
    if dropped == 0:
        return tuple(t - 1 for t in looks)
    tails = [list(accumulate(binomial(t, 1 - dropped))) for t in looks]
    levels = sorted({tail for of in tails for tail in of if tail <= miss * (1 + 1e-12)})
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        bounds = _bounds(tails, levels[middle])
        if walk(looks, bounds, None, 1 - dropped).cleared <= miss * (1 + 1e-9):
            low = middle + 1
        else:
            high = middle
    return _bounds(tails, levels[low - 1] if low else 0.0)


def _bounds(tails: Sequence[Sequence[float]], level: float) -> tuple[int, ...]:
    allowed = level * (1 + 1e-12)
    return tuple(sum(tail <= allowed for tail in of) - 1 for of in tails)
