"""The reference cases of the gate: computed elsewhere, by other code."""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import pytest
import reference_statistics as reference
from ledgers import decided, played, trials

from pytest_claude.gating import Ledger, Policy
from pytest_claude.gating.calibration import calibrate, power
from pytest_claude.gating.duel import duel_rule
from pytest_claude.gating.measures import compare_ratios, signed_rank
from pytest_claude.gating.statistics import (
    Stratum,
    benjamini_hochberg,
    binomial,
    fisher_worse,
    holm,
    newcombe,
    stratified_worse,
    wilson,
)
from pytest_claude.gating.walk import accept_bounds

Case = dict[str, Any]


@pytest.fixture(scope="module")
def cases(shared_dir: Path) -> dict[str, list[Case]]:
    data = json.loads((shared_dir / "gate" / "golden.json").read_text())
    found: dict[str, list[Case]] = {}
    for case in data["cases"]:
        found.setdefault(case["kind"], []).append(case)
    assert sum(map(len, found.values())) == data["n"]
    return found


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-9)


def test_whole_gates(cases: dict[str, list[Case]]) -> None:
    for case in cases["gate"]:
        every, expected = trials(case["input"]), case["output"]
        decision = decided(Ledger(every), Policy(), list(case["input"]))
        assert decision.overall == expected["overall"], case["id"]
        assert {v.test: v.verdict for v in decision.tests} == expected["verdicts"], case["id"]
        assert list(decision.suspects) == expected["suspects"]
        assert decision.p_suite == near(expected["p_suite"])
        assert decision.candidate_trials == expected["candidate_calls"]
        if decision.suite == "silent":  # the reference counts before any second look
            assert decision.fresh_baseline_trials == expected["fresh_baseline_calls"]
        assert played(every, Policy(), list(case["input"]))[0] == decision


def test_thresholds(cases: dict[str, list[Case]]) -> None:
    for case in cases["seq_boschloo"]:
        given, expected = case["input"], case["output"]
        found = calibrate(given["base_n"], tuple(given["looks"]), given["alpha"])
        assert (found.c, found.size) == near((expected["c"], expected["size"])), case["id"]
        rejects = found.rejects(given["base_n"])
        assert list(rejects) == expected["min_fails_to_reject_at_base_all_pass"]
        for drop, chance in expected["power_no_futility_at_all_pass_base"].items():
            rate = 1 - float(drop.removeprefix("1->"))
            assert power(rejects, found.looks, rate) == near(chance), case["id"]


def test_duels(cases: dict[str, list[Case]]) -> None:
    for case in cases["duel_table"]:
        given, expected = case["input"], case["output"]
        looks = tuple(given["looks"])
        found = calibrate(given["base_n"], looks, given["alpha"])
        assert (found.c, found.size) == near((expected["c"], expected["size"])), case["id"]
        seen = power(found.rejects(given["base_n"]), looks, given["delta"])
        assert seen == near(expected["power_no_futility_at_all_pass_base"]), case["id"]
        for key, fails in expected["min_fails_to_reject"].items():
            assert list(found.rejects(int(key.removeprefix("base_pass=")))) == fails, case["id"]
        for key, fails in expected["max_fails_to_accept"].items():
            rate = int(key.removeprefix("base_pass=")) / given["base_n"]
            bounds = accept_bounds(looks, rate, given["delta"], given["futility_beta"])
            assert list(bounds) == fails, case["id"]
        rule = duel_rule(Policy.named(given["preset"]), given["suspects"])
        if given["preset"] == "quick":  # the others fix the number of baseline trials
            assert (rule.base_n, rule.looks) == (given["base_n"], looks)
            assert rule.c == near(expected["c"])


def test_screens(cases: dict[str, list[Case]]) -> None:
    for case in cases["screen_accept_bounds"]:
        given = case["input"]
        for key, fails in case["output"].items():
            rate = int(key.removeprefix("base_pass=")) / given["base_n"]
            bounds = accept_bounds(tuple(given["looks"]), rate, given["delta"], given["beta"])
            assert list(bounds) == fails, case["id"]


def test_two_samples(cases: dict[str, list[Case]]) -> None:
    finer = sorted({*reference.grid(), *(i / 20000 for i in range(20001))})
    for case in cases["two_sample"]:
        given, expected = tuple(case["input"].values()), case["output"]
        assert fisher_worse(*given) == near(expected["fisher_one_sided_cand_worse"])
        assert reference.fisher_two_sided(*given) == near(expected["fisher_two_sided"])
        found = reference.boschloo(*given, reference.grid())
        assert found == near(expected["boschloo_grid_unconditional"]), case["id"]
        assert newcombe(*given) == near(tuple(expected["newcombe95_diff_cand_minus_base"]))
        if expected["boschloo_one_sided_cand_worse"] is not None:
            exact = reference.boschloo(*given, finer)
            assert exact == pytest.approx(expected["boschloo_one_sided_cand_worse"], rel=1e-4)


def test_one_sample(cases: dict[str, list[Case]]) -> None:
    for case in cases["one_sample"]:
        passes, n = case["input"]["passes"], case["input"]["n"]
        expected = case["output"]
        assert reference.clopper_pearson(passes, n) == near(tuple(expected["clopper_pearson95"]))
        assert wilson(passes, n) == near(tuple(expected["wilson95"]))
        assert reference.jeffreys(passes, n) == near(tuple(expected["jeffreys95"]))
        assert sum(binomial(n, 0.9)[: passes + 1]) == near(expected["binom_p_less_than_0_9"])


def test_many_tests(cases: dict[str, list[Case]]) -> None:
    methods = {
        "bonferroni": reference.bonferroni,
        "holm": holm,
        "simes-hochberg": reference.hochberg,
        "hommel": reference.hommel,
        "fdr_bh": benjamini_hochberg,
        "fdr_by": reference.benjamini_yekutieli,
    }
    for case in cases["multiplicity"]:
        assert set(case["output"]) == set(methods)
        for name, adjusted in case["output"].items():
            assert methods[name](case["input"]["p"]) == near(adjusted), (case["id"], name)


def test_the_suite(cases: dict[str, list[Case]]) -> None:
    for case in cases["exact_stratified_one_sided"]:
        strata = [Stratum(**counts) for counts in case["input"]["strata"]]
        assert stratified_worse(strata) == near(case["output"]["p_exact"])


def test_pairs(cases: dict[str, list[Case]]) -> None:
    for case in cases["mcnemar_exact"]:
        found = reference.mcnemar(**case["input"])
        assert found == near(tuple(case["output"].values())), case["id"]


def test_sequential_methods_of_others(cases: dict[str, list[Case]]) -> None:
    for case in cases["wald_sprt"]:
        assert reference.wald(**case["input"]) == near(case["output"])
    for case in cases["e_value_universal"]:
        counts = [case["input"][name] for name in ("base_pass", "base_n", "cand_pass", "cand_n")]
        assert reference.universal_e(*counts) == near(case["output"]["e"])
    for case in cases["e_value_TLG_unrestricted"]:
        given = case["input"]
        found = reference.two_stream_e(given["base"], given["cand"], given["beta_prior"])
        assert found == near(case["output"]["e"])


def test_numbers(cases: dict[str, list[Case]]) -> None:
    for case in cases["numeric_paired"]:
        base, cand, expected = case["input"]["base"], case["input"]["cand"], case["output"]
        ratio, interval = compare_ratios(base, cand)
        assert ratio == near(expected["geo_mean_ratio"])
        assert interval == near(tuple(expected["ratio_ci95_t_log"]))
        ranks = signed_rank([log(b / a) for a, b in zip(base, cand, strict=True)])
        wanted = expected["wilcoxon_two_sided_exact"], expected["wilcoxon_greater_exact"]
        assert ranks == near(wanted)
    for case in cases["numeric_unpaired"]:
        found = reference.mann_whitney(**case["input"])
        assert found == near(case["output"]["mannwhitney_two_sided"])


def test_no_kind_of_case_is_left_out(cases: dict[str, list[Case]]) -> None:
    assert set(cases) == {
        "two_sample", "one_sample", "multiplicity", "exact_stratified_one_sided",
        "mcnemar_exact", "wald_sprt", "e_value_universal", "e_value_TLG_unrestricted",
        "seq_boschloo", "screen_accept_bounds", "duel_table", "numeric_paired",
        "numeric_unpaired", "gate",
    }  # fmt: skip
