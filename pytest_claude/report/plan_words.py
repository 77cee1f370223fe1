"""A plan in words, before it is paid: what it will take, and what recorded trials can show."""

from __future__ import annotations

from collections.abc import Collection
from math import floor

from pytest_claude.gating.ledger import Ledger
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.sight import POWER, catch_probability, expected, fixed_drop
from pytest_claude.report.numbers import at_least, plural


def plan_text(
    ledger: Ledger, policy: Policy, tests: Collection[str], *, trial_cost_usd: float | None = None
) -> str:
    """What a plan will probably take.

    `quick: 50 tests gated, about 240 trials expected (<= 8 per test, then <= 2*20 per suspect),
    about $1.90`

    Args:
        ledger: The recorded trials.
        policy: The settings.
        tests: Node ids of the tests to gate.
        trial_cost_usd: Mean price of a trial; None when unknown.
    """
    plan = expected(ledger, policy, tests)
    half = plan.per_suspect // 2
    most = f"2*{half}" if plan.per_suspect == 2 * half and policy.baseline == "callable" else (
        f"{plan.per_suspect}"
    )  # fmt: skip
    unit = max(1, 5 * floor(plan.trials / 100))
    trials = round(plan.trials / unit) * unit
    text = (
        f"{policy.preset}: {plural(len(tests), 'test')} gated, about {trials} trials expected "
        f"(<= {plan.per_test} per test, then <= {most} per suspect)"
    )
    if trial_cost_usd is None:
        return f"{text}, cost unknown"
    return f"{text}, about ${plan.trials * trial_cost_usd:.2f}"


def blind_text(policy: Policy, recorded: int) -> list[str]:
    """That a gate can't see the drop it looks for, and what to type first; nothing where it can.

    A baseline that can't be asked again has the trials that were recorded, and no more.

    Args:
        policy: The settings.
        recorded: Recorded trials of the test with the fewest.

    >>> blind_text(Policy(baseline="retired"), 25)
    []
    >>> blind_text(Policy(baseline="retired"), 5)[0]
    'with 5 recorded baseline trials a drop of 0.5 is seen with probability 0.35'
    """
    if policy.baseline == "callable":
        return []
    chance = catch_probability(policy, 1, recorded=recorded)
    if chance >= _WORTH_IT:
        return []
    trials = plural(recorded, "recorded baseline trial")
    enough = next((n for n in _ENOUGH if catch_probability(policy, 1, recorded=n) >= POWER), None)
    seen = f"with {trials} a drop of {policy.delta:g} is seen with probability {at_least(chance)}"
    if enough is None:
        return [seen]
    more = f"pytest --claude-record --claude-trials {enough}"
    return [seen, f"  to see it, record more of the baseline  {more}"]


_WORTH_IT = 0.5
_ENOUGH = (15, 20, 25, 40, 60, 80)


def offline_text(tests: int, base_n: int, cand_n: int, policy: Policy) -> str:
    """What recorded trials alone can show.

    >>> offline_text(50, 10, 5, Policy())
    'offline gate: 50 tests, 10 recorded + 5 candidate trials each: only drops of >= 0.96 in one \
test are seen (80% of the time, 5% false alarms over the suite)'
    """
    alpha = policy.duel_alpha + policy.suite_alpha
    drop = fixed_drop(base_n, base_n, cand_n, tests, alpha)
    seen = (
        "no drop in one test is seen, not even to zero"
        if drop is None
        else f"only drops of >= {drop:.2f} in one test are seen"
    )
    return (
        f"offline gate: {plural(tests, 'test')}, {base_n} recorded + {cand_n} candidate trials "
        f"each: {seen} ({POWER:.0%} of the time, {alpha:.0%} false alarms over the suite)"
    )
