"""Costs, tokens, times and behaviors of two models."""

from __future__ import annotations

from typing import Any

import pytest
from ledgers import decided, stream

from pytest_claude.behavior.profile import Profile, ToolFact
from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Decision, Ledger, Policy
from pytest_claude.gating.measures import compare_ratios, signed_rank


def suite(base: dict[str, Any], cand: dict[str, Any], tests: int = 6) -> list[Trial]:
    """Tests whose trials all pass and have these facts."""
    return [
        trial
        for n in range(tests)
        for name, more, letters in (("base", base, "P" * 10), ("cand", cand, "PPPP"))
        for trial in stream(f"t{n}", name, letters, **more)
    ]


def judged(trials: list[Trial], policy: Policy | None = None) -> Decision:
    return decided(Ledger(trials), policy or Policy(), {trial.test for trial in trials})


def test_costs_and_tokens_are_compared_test_by_test() -> None:
    found = judged(
        suite(
            {"cost_usd": 0.01, "profile": Profile("answered", calls=1, output_tokens=200)},
            {"cost_usd": 0.02, "profile": Profile("answered", calls=1, output_tokens=300)},
        )
    )
    assert [(r.measure, r.baseline, r.candidate, r.tests) for r in found.ratios] == [
        ("cost_usd", pytest.approx(0.06), pytest.approx(0.12), 6),
        ("calls", 6, 6, 6),
        ("output_tokens", 1200, 1800, 6),
    ]
    cost = found.ratios[0]
    assert cost.ratio == pytest.approx(2)
    assert cost.interval == pytest.approx((2, 2))
    assert cost.p == pytest.approx(2 / 64)


@pytest.mark.fault("G02")
def test_a_cost_that_is_unknown_once_is_unknown_for_its_test_and_zeros_are_listed() -> None:
    trials = suite({"cost_usd": 0.01}, {"cost_usd": 0.01}, tests=3)
    trials += [
        *stream("free", "base", "P", cost_usd=0.0),
        *stream("free", "cand", "PPPP", cost_usd=0.1),
    ]
    trials += [*stream("dark", "base", "P", cost_usd=0.1), *stream("dark", "cand", "PPPP")]
    found = judged(trials).ratios[0]
    assert (found.tests, found.left_out) == (4, ("free",))
    assert (found.baseline, found.candidate) == (pytest.approx(0.03), pytest.approx(0.13))


def test_variants_of_a_parametrized_test_are_one_unit() -> None:
    trials = [
        trial
        for test, now in (("t[a]", 4.0), ("t[b]", 4.0), ("u", 1.0))
        for name, letters, cost in (("base", "P", 1.0), ("cand", "PPPP", now))
        for trial in stream(test, name, letters, cost_usd=cost)
    ]
    ratio = judged(trials).ratios[0]
    assert ratio.ratio == pytest.approx(2)  # of 4 and 1, not of 4, 4 and 1
    assert (ratio.tests, ratio.baseline, ratio.candidate) == (3, 3, 9)


@pytest.mark.parametrize(
    ("limit", "cand", "cost", "overall"),
    [
        (None, 0.05, "not gated", "pass"),
        (1.5, 0.01, "within", "pass"),
        (1.5, 0.02, "above", "fail"),
        (1.5, None, "unknown", "undecided"),
    ],
)
def test_a_cost_gates_only_with_a_margin_and_never_passes_unknown(
    limit: float | None, cand: float | None, cost: str, overall: str
) -> None:
    found = judged(suite({"cost_usd": 0.01}, {"cost_usd": cand}), Policy(max_cost_ratio=limit))
    assert (found.cost, found.overall) == (cost, overall)


def test_times_are_those_of_the_duel_alone() -> None:
    slow = Profile("answered", calls=1, time_to_first_token_s=0.8, total_s=2.0)
    fast = Profile("answered", calls=1, time_to_first_token_s=0.6, total_s=1.0)
    screen = stream("t", "cand", "FFPPPPPP", profile=slow)
    duel = [Trial("t", "cand", 8 + n, "pass", profile=fast) for n in range(8)]
    fresh = stream("t", "base_fresh", "P" * 20, profile=slow)
    found = judged([*stream("t", "base", "P" * 10), *screen, *duel, *fresh])
    assert [(t.measure, t.baseline_s, t.candidate_s, t.trials) for t in found.times] == [
        ("time_to_first_token_s", 0.8, 0.6, (20, 8)),
        ("total_s", 2.0, 1.0, (20, 8)),
    ]
    assert judged(suite({"profile": slow}, {"profile": fast})).times == ()


def test_behaviors_are_counted_over_the_suite() -> None:
    acts = Profile("acted", tools=(ToolFact("lookup", {}, 1),), stop_reason="tool_use", calls=1)
    asks = Profile("asked", question="Which?", stop_reason="end_turn", calls=1)
    found = judged(suite({"profile": acts}, {"profile": asks}))
    assert [(b.behavior, b.baseline, b.candidate, b.changed) for b in found.behaviors] == [
        ("asks", (0, 60), (24, 24), True),
        ("calls `lookup`", (60, 60), (0, 24), True),
        ("stops with `end_turn`", (0, 60), (24, 24), True),
        ("stops with `tool_use`", (60, 60), (0, 24), True),
    ]
    assert found.overall == "pass"
    same = judged(suite({"profile": acts}, {"profile": acts}))
    assert [(b.behavior, b.p, b.changed) for b in same.behaviors] == [
        ("calls `lookup`", 1.0, False),
        ("stops with `tool_use`", 1.0, False),
    ]
    assert Decision.from_json(found.to_json()) == found


def test_a_trial_of_which_it_is_unread_whether_it_asks_has_no_say_in_that() -> None:
    answers = Profile("answered", stop_reason="end_turn", calls=1)
    asks = Profile("asked", question="Which?", stop_reason="end_turn", calls=1)
    unread = Profile("unread", stop_reason="end_turn", calls=1)
    rates = {
        (old.manner, new.manner): [
            (b.baseline, b.candidate, b.changed)
            for b in judged(suite({"profile": old}, {"profile": new})).behaviors
            if b.behavior == "asks"
        ]
        for old in (answers, asks, unread)
        for new in (answers, asks, unread)
    }
    assert rates[("answered", "unread")] == rates[("unread", "unread")] == []
    assert rates[("asked", "unread")] == [((60, 60), (0, 0), False)]
    assert rates[("unread", "asked")] == [((0, 0), (24, 24), False)]
    assert rates[("answered", "asked")] == [((0, 60), (24, 24), True)]


def test_the_signed_ranks() -> None:
    assert signed_rank([]) == (1.0, 1.0)
    assert signed_rank([0.0, 1.0, -1.0]) == (1.0, 0.75)
    assert signed_rank([1.0, 2.0, -3.0, 4.0]) == (0.625, 0.3125)
    assert signed_rank([1.0] * 26) is None


def test_a_single_test_has_a_ratio_and_no_interval() -> None:
    assert compare_ratios([2.0], [1.0]) == (0.5, None)
