"""A plan in words, before it is paid: what it will take, and what recorded trials can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor

from pytest_claude.gating.duel import duel_rule
from pytest_claude.gating.estimate import Estimate, Recorded, estimate
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.sight import POWER, catch_probability, fixed_drop
from pytest_claude.models.bill import Bill
from pytest_claude.report.numbers import at_least, dollars, plural, probability


def plan_lines(
    tests: Sequence[Recorded], policy: Policy, plan: Estimate | None = None
) -> list[str]:
    """What a gate will take, as a range, and the most that it can take.

    Where trials of the gate are recorded already, a second line says what an edit makes new.

    Args:
        tests: What is recorded of each test to gate.
        policy: The settings.
        plan: The estimate, where it was made before.

    >>> plan_lines([Recorded(5, 5, base_usd=0.01, cand_usd=(0.01, 0.012))] * 2, Policy())[:1]
    ['quick: 2 tests gated, 8 trials expected (at most 96), $0.080 to $0.10 (at most $1.07)']
    """
    plan = plan or estimate(tests, policy)
    lines = [f"{policy.preset}: {plural(len(tests), 'test')} gated, {expected_text(plan)}"]
    if plan.usd is not None and plan.priced < len(tests):
        lines.append(f"  by the recorded usage of {plural(plan.priced, 'test')}")
    if any(test.cand or test.fresh for test in tests):
        anew = estimate([replace(test, cand=0, fresh=0, decided=False) for test in tests], policy)
        lines.append(
            f"  a test whose app was edited takes its trials anew; all: {expected_text(anew)}"
        )
    lines += [f"  {split_text(policy)}"] if policy.arms > 1 else []
    return [*lines, _suspect_text(policy)] if plan.most_trials else lines


def split_text(policy: Policy) -> str:
    """What comparing several candidates in one run costs: a stricter test of each suspect.

    >>> split_text(Policy(arms=3))
    'false alarms at most 5% over all 3 candidates together: with one suspect in each, a test is \
regressed at p <= 0.0110, with one candidate alone at p <= 0.0309'
    """
    alpha = policy.duel_alpha + policy.suite_alpha
    together, alone = (duel_rule(policy, suspects).c for suspects in (policy.arms, 1))
    return (
        f"false alarms at most {alpha:.0%} over all {policy.arms} candidates together: with one "
        f"suspect in each, a test is regressed at p <= {probability(together)}, "
        f"with one candidate alone at p <= {probability(alone)}"
    )


def _suspect_text(policy: Policy) -> str:
    """What the range does not hold of a few tests, and rests on."""
    rule = duel_rule(policy, 1)
    fresh = rule.base_n if policy.baseline == "callable" else 0
    least, most = fresh + rule.looks[0], fresh + rule.looks[-1]
    return (
        f"  estimated: a recorded trial that no gate has read counts as passed; a test that fails "
        f"its screen takes {least} to {most} trials more"
    )


def quick_bump(bill: Bill) -> Estimate:
    """What a bump with the quick gate would take of the tests in a bill, nothing recorded of it."""
    tests = (
        Recorded(
            cost.recorded, cost.recorded,
            base_usd=None if cost.old is None else cost.old.usd,
            cand_usd=None if cost.new is None else (cost.new.low_usd, cost.new.high_usd),
        )
        for cost in bill.tests.values()
    )  # fmt: skip
    return estimate(list(tests), Policy())


def expected_text(plan: Estimate) -> str:
    """The ranges of an estimate, each with its most.

    Args:
        plan: What a gate will take.
    """
    least, most = plan.trials
    unit = max(1, 5 * floor(least / 100))
    trials = _between(f"{floor(least / unit) * unit:,}", f"{ceil(most / unit) * unit:,}")
    noun = "trial" if trials == "1" else "trials"
    text = f"{trials} {noun} expected (at most {plan.most_trials:,})"
    if plan.usd is None:
        return f"{text}, cost unknown"
    usd = _between(*map(dollars, plan.usd))
    return f"{text}, {usd} (at most {dollars(plan.most_usd)})"


def _between(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


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
