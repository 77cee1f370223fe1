"""Several candidates beside one baseline: the errors that docs/gate.md promises, simulated."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from random import Random
from typing import Any

import pytest
from ledgers import Written, decided, letters, trials

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import (
    Decision,
    Key,
    Ledger,
    Need,
    Policy,
    conclude,
    count_contenders,
    plan,
)
from pytest_claude.gating.counted import counted_gates
from pytest_claude.gating.sight import catch_probability

RUNS = 500


def noise(rate: float) -> float:
    """Two standard errors of a rate over so many runs."""
    return 2 * sqrt(rate * (1 - rate) / RUNS)


@pytest.mark.parametrize("rate", [0.7, 0.9, "mix"])
@pytest.mark.parametrize("number", range(2, 7))
def test_of_equal_candidates_any_is_failed_wrongly_in_5_percent_of_runs_at_most(
    benchmark: Any, number: int, rate: float | str
) -> None:
    suite = benchmark.null(10, 5, rate)
    assert benchmark.candidates("", Policy(arms=number), suite, RUNS).fails <= 0.05 + noise(0.05)


@pytest.mark.parametrize("number", [2, 3, 6])
def test_a_drop_of_one_candidate_is_caught_as_often_as_the_report_says(
    benchmark: Any, number: int
) -> None:
    suite = benchmark.drop("", 10, 5, 0, 1.0, 0.5)
    caught, told = 0, 0.0
    for gates in benchmark.gates(Random(number), Policy(arms=number), suite, RUNS):
        suspects = sum(len(gate.suspects) for gate in gates)
        caught += 0 in gates[0].regressed
        told += catch_probability(Policy(arms=number), suspects) / RUNS
    assert told > 0.89
    assert caught / RUNS >= told - noise(told)


def test_one_of_several_bad_candidates_passes_as_rarely_as_gate_any_says(benchmark: Any) -> None:
    policy = Policy(arms=4)
    suite = benchmark.drop("", 3, 5, 0, 1.0, 0.5, 1.0)
    drawn = benchmark.Drawn(
        Random(10), {"base": suite.base, "base_fresh": suite.today, "cand": suite.cand}
    )
    passed = 0
    for _ in range(RUNS):
        shared: dict[Any, int] = {}
        arms = [benchmark.Beside(drawn, shared) for _ in range(policy.arms)]
        passed += not all(gate.failed for gate in counted_gates([5] * 3, arms, policy))
    told = 1 - catch_probability(policy, policy.arms) ** policy.arms
    assert 0 < passed / RUNS <= told + noise(told)


def test_the_suite_of_each_candidate_has_its_share_of_the_chance_of_a_false_alarm() -> None:
    suite = {f"t{n}": {"base": "P" * 10, "cand": "FPPPPPPP"} for n in range(4)}
    alone, of_three = (
        decided(Ledger(trials(suite)), Policy(baseline="retired", arms=number), [*suite])
        for number in (1, 3)
    )
    assert alone.p_suite == pytest.approx((4 / 14) ** 4)
    assert (alone.overall, of_three.overall) == ("fail", "pass")
    assert of_three.p_suite == alone.p_suite


@pytest.mark.parametrize(
    "policy",
    [Policy(arms=3), Policy(arms=3, baseline="retired"), Policy.standard(arms=3)],
    ids=["quick", "retired", "standard"],
)
def test_candidates_that_are_judged_one_by_one_come_to_what_is_simulated(policy: Policy) -> None:
    chance = Random(7)
    seen = set()
    for run in range(12):
        rates = [chance.choice((1.0, 0.95, 0.6)) for _ in range(5)]
        base = {f"t{n}": {"base": letters(chance, rate, 10), "fresh": letters(chance, rate, 130)}
                for n, rate in enumerate(rates)}  # fmt: skip
        arms = []
        for worse in (0.0, 0.0, chance.choice((0.2, 0.5))):
            cand = {f"t{n}": {"cand": letters(chance, max(0, rate - worse), 160)}
                    for n, rate in enumerate(rates)}  # fmt: skip
            arms.append({test: {**of, **cand[test]} for test, of in base.items()})
        counted = counted_gates([10] * 5, [Written(arm) for arm in arms], policy)
        decisions, fresh = side_by_side([trials(arm) for arm in arms], policy, [*base])
        for gate, decision in zip(counted, decisions, strict=True):
            assert gate.failed == (decision.overall == "fail"), run
            assert [f"t{n}" for n in gate.suspects] == list(decision.suspects)
            assert [f"t{n}" for n in gate.regressed] == [
                v.test for v in decision.named("regressed")
            ]
            assert sum(gate.cand) == decision.candidate_trials
            assert sum(gate.fresh) == decision.fresh_baseline_trials
            seen.add(decision.overall)
        most = [max(of) for of in zip(*(gate.fresh for gate in counted), strict=True)]
        assert len(fresh) == sum(most), "shared"
    assert {"pass", "fail"} <= seen


def side_by_side(
    arms: Sequence[list[Trial]], policy: Policy, tests: Sequence[str]
) -> tuple[list[Decision], set[Key]]:
    """The decisions on candidates as a run makes them, and the fresh trials of the baseline.

    Each screens by itself; then the suspects of all say how much a duel takes.
    """
    made = [{Key(t.test, t.stream, t.index, t.attempt): t for t in arm} for arm in arms]
    ledgers = [Ledger(t for t in arm if t.stream == "base") for arm in arms]
    fresh: set[Key] = set()
    for number, of in enumerate(made):
        for test in tests:
            while isinstance(need := plan(ledgers[number], policy, [test]), Need):
                if any(key.stream == "base_fresh" for key in need):
                    break  # a suspect
                if policy.baseline == "retired" and _is_suspect(ledgers[number], policy, test):
                    break
                ledgers[number] |= [of[key] for key in need]
    suspects = sum(count_contenders(ledger, policy, tests) for ledger in ledgers)
    decisions: list[Decision] = []
    for number, of in enumerate(made):
        while isinstance(
            need := plan(ledgers[number], policy, tests, least_suspects=suspects), Need
        ):
            ledgers[number] |= [of[key] for key in need]
            fresh.update(key for key in need if key.stream == "base_fresh")
        decisions.append(conclude(ledgers[number], policy, tests, least_suspects=suspects))
    return decisions, fresh


def _is_suspect(ledger: Ledger, policy: Policy, test: str) -> bool:
    return bool(conclude(ledger, policy, [test]).suspects)
