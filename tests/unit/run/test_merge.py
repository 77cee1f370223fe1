"""Shards that become one run, and two runs that are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples
from ledgers import because

from pytest_claude.errors import SettingsError
from pytest_claude.gating.duel import rounded_up
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.decide import contenders
from pytest_claude.run.merge import compared, merged
from pytest_claude.run.record import Run, TestResult, dumps


def shard(run: Run, part: int) -> Run:
    results = run.results[part::2]
    tests = tuple(result.test for result in results)
    return replace(run, results=results, collected=tests)


def test_the_order_of_shards_is_irrelevant() -> None:
    one, two = shard(samples.FAILED, 0), shard(samples.FAILED, 1)
    assert dumps(merged([("1", one), ("2", two)])) == dumps(merged([("2", two), ("1", one)]))


def test_shards_of_a_gate_are_decided_together() -> None:
    run = merged([("1", shard(samples.FAILED, 0)), ("2", shard(samples.FAILED, 1))])
    assert run.collected == samples.FAILED.collected
    assert run.decision is not None
    assert [v.test for v in run.decision.tests] == list(samples.FAILED.collected)


def shard_of_several(run: Run, part: int) -> Run:
    arms = tuple(shard(arm, part) for arm in run.arms)
    return replace(run, arms=arms, collected=tuple({t for arm in arms for t in arm.collected}))


def test_shards_of_several_candidates_are_decided_together() -> None:
    whole = merged([("whole", samples.THREE)])
    parts = [(f"{n}", shard_of_several(samples.THREE, n)) for n in (0, 1)]
    assert dumps(merged(parts)) == dumps(merged(parts[::-1])) == dumps(whole)
    decided = [(arm, arm.decision) for arm in whole.arms if arm.decision is not None]
    each = [contenders(arm, decision.policy) for arm, decision in decided]
    assert sum(each) > max(each)
    calibrated = {decision.rounded_suspects for _, decision in decided if decision.suspects}
    assert calibrated == {rounded_up(sum(each))}


def test_shards_of_other_candidates_are_refused() -> None:
    fewer = replace(samples.THREE, arms=samples.THREE.arms[:2])
    with pytest.raises(SettingsError, match=r"the candidates of a\.json and b\.json differ"):
        merged([("a.json", samples.THREE), ("b.json", fewer)])


def test_shards_of_a_plain_run_are_joined() -> None:
    run = merged([("1", shard(samples.PLAIN, 0)), ("2", shard(samples.PLAIN, 1))])
    assert run == samples.PLAIN


def test_a_trial_that_differs_names_both_files() -> None:
    result = samples.PLAIN.results[0]
    other = replace(result, trials=(replace(result.trials[0], outcome="fail"),))
    with pytest.raises(SettingsError) as raised:
        merged([("a.json", samples.PLAIN), ("b.json", replace(samples.PLAIN, results=(other,)))])
    assert str(raised.value) == (
        "merge: trial 1 of tests/test_a.py::test_green (base) is in a.json and in b.json, "
        "and not the same"
    )


def test_shards_of_two_comparisons_are_refused() -> None:
    other = replace(samples.FAILED, comparison=Comparison("files", before="a", after="b"))
    with pytest.raises(SettingsError, match=r"merge: the models of a.json and b.json differ"):
        merged([("a.json", samples.FAILED), ("b.json", other)])


def plain(outcomes: str) -> Run:
    test = "tests/test_a.py::test_green"
    trials = samples.trials(test, "base", outcomes, tools=("lookup_order",))
    return Run(collected=(test,), results=(TestResult(test, trials),))


@pytest.mark.parametrize(
    ("before", "after", "overall"),
    [("p" * 25, "p" * 25, "pass"), ("p" * 25, "f" * 25, "fail"), ("p", "f", "undecided")],
)
def test_two_runs_are_gated_by_the_trials_they_have(before: str, after: str, overall: str) -> None:
    run = compared(("a.json", plain(before)), ("b.json", plain(after)))
    assert run.decision is not None
    assert run.decision.overall == overall
    assert run.comparison is not None
    assert run.comparison.title == "a.json → b.json"


def test_a_test_that_only_one_run_has_is_not_gated() -> None:
    run = compared(("a.json", plain("ppp")), ("b.json", Run()))
    assert run.decision is not None
    assert because(run.decision.tests[0]) == "only in a.json"
    assert run.decision.overall == "fail", "nothing was compared"
