"""How small a drop a gate can see, and with which probability."""

from __future__ import annotations

from functools import lru_cache

from pytest_claude.gating.calibration import calibrate, power
from pytest_claude.gating.duel import duel_rule
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import held_back_of
from pytest_claude.gating.walk import accept_bounds, walk

POWER = 0.8
"""The power that a detectable drop is told for."""

_MOST = 200  # trials of a side


def catch_probability(
    policy: Policy, suspects: int, *, drop: float | None = None, recorded: int | None = None
) -> float:
    """The chance that a test which always passed is named when it drops.

    It must not be cleared by the screen, and its duel must reject before it clears: the two use
    different trials, so the chances multiply.

    Args:
        policy: The settings.
        suspects: How many suspects there are; none counts as one.
        drop: Of the pass rate, from 1; the policy's `delta` unless given.
        recorded: Recorded trials of a retired baseline.

    >>> round(catch_probability(Policy(), 1), 3)
    0.911
    """
    fails = policy.delta if drop is None else drop
    bounds = accept_bounds(policy.screen_looks, 1.0, policy.delta, policy.screen_miss)
    suspected = 1 - walk(policy.screen_looks, bounds, None, fails).cleared
    held_back = None
    if policy.baseline == "retired":
        held_back = held_back_of(recorded or 0)
        if not held_back:
            return 0.0
    rule = duel_rule(policy, suspects, held_back=held_back)
    return suspected * rule.walk(rule.base_n, fails).rejected


@lru_cache(maxsize=256)
def detectable_drop(policy: Policy, suspects: int, recorded: int | None = None) -> float | None:
    """The smallest drop from 1, in steps of .01, that is named with probability .8; None if none.

    >>> detectable_drop(Policy(), 2)
    0.43
    """
    for hundredths in range(1, 101):
        drop = hundredths / 100
        if catch_probability(policy, suspects, drop=drop, recorded=recorded) >= POWER:
            return drop
    return None


@lru_cache(maxsize=1024)
def fixed_drop(
    base_pass: int, base_n: int, cand_n: int, tests: int, alpha: float = 0.05
) -> float | None:
    """The smallest drop that recorded trials of both models can show in one of `tests` tests.

    One look at `cand_n` trials, Fisher's p calibrated at `alpha` over `tests`, power .8. Of more
    than 200 trials a side 200 count: more would take long and hardly show less.

    Returns:
        The drop from the test's own recorded rate, in steps of .01; None when not even a fall
        to zero is seen.

    >>> fixed_drop(10, 10, 5, 50)
    0.96
    """
    rate = base_pass / base_n
    base_n, cand_n = min(base_n, _MOST), min(cand_n, _MOST)
    base_pass = round(rate * base_n)
    found = calibrate(base_n, (cand_n,), alpha / tests)
    for hundredths in range(1, int(rate * 100 + 1e-9) + 1):
        drop = hundredths / 100
        if power(found.rejects(base_pass), found.looks, 1 - rate + drop) >= POWER:
            return drop
    return None
