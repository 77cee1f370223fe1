"""What a gate will take, foretold from what is recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import stream

from pytest_claude.gating import Decision, Ledger, Need, Policy, plan
from pytest_claude.gating.estimate import Recorded, estimate


@st.composite
def recorded(draw: st.DrawFn) -> Recorded:
    of = draw(st.integers(0, 12))
    return Recorded(
        draw(st.integers(0, of)), of, draw(st.integers(0, 3)), draw(st.integers(0, 30)),
        draw(st.integers(0, 30)), 0.01, (0.01, 0.013),
    )  # fmt: skip


@given(st.lists(recorded(), min_size=1, max_size=6))
def test_a_range_is_ordered_lies_below_the_most_and_is_the_same_every_time(
    tests: list[Recorded],
) -> None:
    found = estimate(tests, Policy())
    assert found == estimate(tests, Policy())
    assert 0 <= found.trials[0] <= found.trials[1] <= found.most_trials
    assert found.trials[1] <= 3 * found.trials[0] or found.trials[0] == 0
    assert found.usd is not None
    assert found.most_usd is not None
    assert found.usd[0] <= found.usd[1] <= found.most_usd + 1e-9
    assert found.usd[0] >= 0.01 * found.trials[0] - 1e-9


@given(st.lists(recorded(), min_size=1, max_size=4))
def test_what_is_recorded_is_not_paid_again(tests: list[Recorded]) -> None:
    anew = estimate([replace(test, fresh=0, cand=0) for test in tests], Policy())
    assert estimate(tests, Policy()).trials[0] <= anew.trials[0]
    all_there = [replace(test, missing=0, fresh=200, cand=200) for test in tests]
    assert estimate(all_there, Policy()).trials == (0, 0)


def test_a_test_without_a_price_costs_what_the_others_do() -> None:
    priced = Recorded(9, 9, 0, 0, 0, 2.0, (1.0, 1.0))
    both = estimate([priced, Recorded(9, 9)], Policy())
    assert both.priced == 1
    assert both.usd == (2 * 4 * 1.0, both.trials[1] * 1.0)
    assert estimate([Recorded(9, 9)], Policy()).usd is None


@pytest.mark.parametrize("preset", ["quick", "standard", "thorough"])
def test_a_long_duel_takes_no_more_than_the_most(preset: str) -> None:
    """The candidate fails its screen and then one trial of four: its duel goes on for long."""
    policy = Policy.named(preset)
    ledger = Ledger(stream("a", "base", "P" * 9))
    outcomes = {"cand": "F" * 24 + "PPPF" * 60, "base_fresh": "P" * 200}
    paid = 0
    while isinstance(need := plan(ledger, policy, ["a"]), Need):
        for key in need:
            made = stream("a", key.stream, outcomes[key.stream])
            ledger |= [next(trial for trial in made if trial.index == key.index)]
            paid += 1
    assert isinstance(need, Decision)
    most = estimate([Recorded(9, 9)], policy).most_trials
    assert policy.screen_looks[-1] < paid <= most
