"""Data sets in a gate: each has a channel of its own; the errors that are promised, simulated."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from random import Random
from typing import Any

import pytest
from ledgers import Written, letters, trials

from pytest_claude.gating import Decision, Ledger, Need, Policy, conclude, plan
from pytest_claude.gating.counted import CountedGate, counted_gates
from pytest_claude.gating.decision import FIRED
from pytest_claude.report import words

RUNS = 500
NOISE = 2 * sqrt(0.05 * 0.95 / RUNS)
RETIRED = Policy(baseline="retired")


def simulated(
    benchmark: Any, cand: list[float], sets: list[range], *, base: float, arms: int, runs: int
) -> list[list[CountedGate]]:
    """Gates of a suite with data sets; the arms after the first are as the baseline is."""
    same = [base] * len(cand)
    random = Random(f"{cand} {base} {arms}")
    rates = {"base": same, "base_fresh": same}
    drawn = [benchmark.Drawn(random, {**rates, "cand": of}) for of in (cand, same)]
    gates, policy = [], Policy(arms=arms)
    for _ in range(runs):
        shared: dict[Any, int] = {}
        outcomes = [benchmark.Beside(drawn[min(arm, 1)], shared) for arm in range(arms)]
        gates.append(counted_gates([5] * len(cand), outcomes, policy, sets=sets))
    return gates


@pytest.mark.parametrize("arms", [1, 3])
@pytest.mark.parametrize("rate", [0.7, 0.9])
def test_of_equal_models_any_channel_is_failed_wrongly_in_5_percent_of_runs_at_most(
    benchmark: Any, rate: float, arms: int
) -> None:
    sets = [range(20), range(20, 30)]  # ten more tests are cases of none
    runs = simulated(benchmark, [rate] * 40, sets, base=rate, arms=arms, runs=RUNS)
    assert sum(any(gate.failed for gate in run) for run in runs) / RUNS <= 0.05 + NOISE


def test_the_channels_of_recorded_trials_alone_share_their_part_of_the_errors(
    benchmark: Any,
) -> None:
    # Without the second look on fresh trials, which makes them rarer still.
    random, fired = Random(5), 0
    policy, sets = Policy(baseline="retired", suite_alpha=0.1), [range(20), range(20, 30)]
    same = [0.8] * 40
    drawn = benchmark.Drawn(random, {"base": same, "base_fresh": same, "cand": same})
    for _ in range(RUNS):
        (gate,) = counted_gates([5] * 40, [drawn], policy, sets=sets)
        fired += bool(gate.suite or gate.sets)
    assert 0 < fired / RUNS <= 0.1


def test_a_shift_of_a_whole_set_that_no_single_test_shows_is_found(benchmark: Any) -> None:
    cand = [0.8] * 100 + [0.9] * 200
    runs = simulated(benchmark, cand, [range(100), range(100, 120)], base=0.9, arms=1, runs=150)
    quiet = [gate for (gate,) in runs if not gate.regressed]
    assert len(quiet) > 100
    found = sum(gate.sets == [0] for gate in quiet) / len(quiet)
    assert found > 0.8
    assert sum(gate.suite for gate in quiet) / len(quiet) < 0.6 * found, "the suite hides it"


def suite(fresh: str = "") -> dict[str, dict[str, str]]:
    """Five cases of a set that fail once in eight trials, and four tests of none that do not."""
    worse = {"base": "P" * 10, "cand": "FPPPPPPP", "fresh": fresh}
    other = {"base": "PPPPPPPPPF", "cand": "P" * 8, "fresh": ""}
    return {**{f"a{n}": worse for n in range(5)}, **{f"b{n}": other for n in range(4)}}


SETS = {f"a{n}": "t.py::a" for n in range(5)}


def of(policy: Policy, fresh: str = "", sets: Mapping[str, str] = SETS) -> Decision:
    tests = suite(fresh)
    return conclude(Ledger(trials(tests)), policy, [*tests], sets=sets)


def told(decision: Decision) -> str:
    return f"{decision.overall}: {words.headline(decision).text}"


NAMED = "the data set t.py::a passes less often (p 0.0019 <= 0.005)"


def test_a_set_fails_a_gate_that_the_suite_passes() -> None:
    decision = of(RETIRED)
    (found,) = decision.sets
    assert (found.name, found.tests, found.status) == ("t.py::a", 5, "could_be_drift")
    assert (found.p, decision.suite) == (pytest.approx((4 / 14) ** 5), "silent")
    assert told(decision) == f"fail: {NAMED}, no single test is named"
    assert words.COULD_BE_DRIFT in " ".join(words.notes(decision))
    assert told(of(RETIRED, sets={})).startswith("pass: no test dropped")
    assert Decision.from_json(decision.to_json()) == decision


def test_a_set_that_fires_is_looked_at_again_on_fresh_trials_of_its_own_cases() -> None:
    tests = suite()
    need = plan(Ledger(trials(tests)), Policy(), [*tests], sets=SETS)
    assert isinstance(need, Need)
    assert {(key.test, key.stream) for key in need} == {(test, "base_fresh") for test in SETS}
    unasked = "than the recorded baseline, and today's baseline was not asked for all tests"
    assert told(of(Policy())) == f"undecided: {NAMED} {unasked}"
    assert told(of(Policy(), "PPPPPPPP")) == f"fail: {NAMED}, no single test is named"
    stale = of(Policy(), "PPPPPPFF")
    assert (stale.overall, stale.sets[0].status) == ("pass", "stale_baseline")
    assert words.STALE_BASELINE in words.notes(stale)


def test_a_set_of_which_void_trials_decide_is_undecided() -> None:
    tests = suite("PPPPPPPP")
    voided = {test: {**tests[test], "cand": "PPPV"} for test in ("a0", "a1")}
    decision = conclude(Ledger(trials({**tests, **voided})), Policy(), [*tests], sets=SETS)
    assert (decision.sets[0].status, decision.overall) == ("unconfirmed", "undecided")


def test_suite_sets_and_candidates_divide_the_chance() -> None:
    policy = Policy(suite_alpha=0.012, arms=2)
    assert policy.suite_level() == pytest.approx(0.006)
    assert policy.suite_level(3) + 3 * policy.set_level(3) == pytest.approx(0.006)


@pytest.mark.parametrize(
    ("sets", "names"),
    [
        (dict.fromkeys(suite(), "all"), []),
        ({"a0": "one"}, []),
        ({**SETS, "b0": "b", "b1": "b", "gone": "c"}, ["b", "t.py::a"]),
    ],
)
def test_a_set_of_one_test_or_of_all_has_no_channel_of_its_own(
    sets: dict[str, str], names: list[str]
) -> None:
    assert [each.name for each in of(RETIRED, sets=sets).sets] == names


@pytest.mark.parametrize("baseline", ["callable", "retired"])
def test_the_gate_comes_to_what_is_simulated(baseline: Any) -> None:
    policy = Policy(baseline=baseline, suite_alpha=0.2)
    chance, seen = Random(3), set()
    for _ in range(30):
        shift = chance.choice((0.0, 0.2))
        written = {
            f"t{n}": {
                "base": letters(chance, 0.9, 10),
                "fresh": letters(chance, 0.9, 60),
                "cand": letters(chance, 0.9 - shift * (n < 6), 60),
            }
            for n in range(10)
        }
        (gate,) = counted_gates([10] * 10, [Written(written)], policy, sets=[range(6)])
        sets = {f"t{n}": "t.py::a" for n in range(6)}
        decision = conclude(Ledger(trials(written)), policy, [*written], sets=sets)
        assert [status in FIRED for status in decision.channels] == [gate.suite, gate.sets == [0]]
        assert sum(gate.fresh) == decision.fresh_baseline_trials
        seen.add((gate.suite, gate.sets == [0]))
    assert {(False, False), (False, True), (True, True)} <= seen
