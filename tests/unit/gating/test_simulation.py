"""The stages on counts, of benchmark and estimate, are the stages of `plan`."""

from __future__ import annotations

from random import Random
from types import ModuleType

import pytest
from ledgers import played, trials

from pytest_claude.gating import Policy
from pytest_claude.gating.counted import counted_gate


class Written:
    """Outcomes written as letters."""

    def __init__(self, suite: list[dict[str, str]]) -> None:
        self._suite = suite

    def fails(self, test: int, stream: str, start: int, stop: int) -> int:
        letters = self._suite[test][{"base_fresh": "fresh"}.get(stream, stream)]
        return letters[start:stop].count("F")


@pytest.mark.parametrize(
    "policy",
    [Policy(), Policy(baseline="retired"), Policy.standard()],
    ids=["quick", "retired", "standard"],
)
def test_a_simulated_gate_decides_and_counts_like_the_plan(policy: Policy) -> None:
    random = Random(7)
    seen = set()
    for run in range(20):
        rates = [random.choice((1.0, 0.95, 0.6, 0.1)) for _ in range(8)]
        worse = random.choice((0.0, 0.2, 0.5))
        suite = [
            {
                name: "".join("PF"[random.random() >= p] for _ in range(length))
                for name, length, p in (
                    ("base", 10, rate), ("fresh", 130, rate), ("cand", 160, max(0, rate - worse)),
                )
            }
            for rate in rates
        ]  # fmt: skip
        tests = {f"t{n}": of for n, of in enumerate(suite)}
        if all(of["base"].count("P") <= 2 for of in suite):
            continue
        expected, _ = played(trials(tests), policy, tests)
        found = counted_gate([10] * len(suite), Written(suite), policy)
        assert found.failed == (expected.overall == "fail"), run
        assert [f"t{n}" for n in found.regressed] == [v.test for v in expected.named("regressed")]
        assert [f"t{n}" for n in found.suspects] == list(expected.suspects)
        assert sum(found.cand) == expected.candidate_trials
        assert sum(found.fresh) == expected.fresh_baseline_trials
        seen.add(expected.overall)
    assert {"pass", "fail"} <= seen


def test_the_goals_are_checked(benchmark: ModuleType) -> None:
    row = benchmark.Row("null", "quick", "p=1.0", 10, 10, 300, 0.2, 0.0, 0.2, 4.1, 0.0)
    assert benchmark.shortfalls([row]) == [
        "null, quick, K=10, nA=10, p=1.0: false alarms 0.200 > .05 + 2 SE",
        "null, quick, K=10, nA=10, p=1.0: 4.10 trials per test where 4 are enough",
    ]
    few = benchmark.measured("null", Policy(), benchmark.null(10, 10, 1.0), 5)
    assert (few.fails, few.cand, few.fresh) == (0, 4, 0)
    assert benchmark.shortfalls([few]) == []
