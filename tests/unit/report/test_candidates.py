"""Several candidates beside one baseline: which is best, what it cost, what is not claimed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import report_samples as samples

from pytest_claude.gating.sight import catch_probability
from pytest_claude.report.annotations import error_commands
from pytest_claude.report.candidates import Candidates, candidates
from pytest_claude.report.charts import LEFT, RIGHT, Point, picture
from pytest_claude.report.commands import next_commands
from pytest_claude.report.html import render_page
from pytest_claude.report.markdown import markdown
from pytest_claude.report.overview import Origin
from pytest_claude.report.plan_words import plan_lines, split_text
from pytest_claude.report.properties import candidate_properties
from pytest_claude.report.terminal import side_by_side_lines
from pytest_claude.run.record import Run
from pytest_claude.run.typed import Typed

KEPT = samples.bump("pass", *samples.KEPT)
REFUND = samples.REFUND[0].test


def of(*arms: Run, any_arm: bool = False) -> Candidates:
    return candidates(samples.beside(*arms, any_arm=any_arm))


def arm(name: str, run: Run = KEPT, *, usd: float = 0.01, seconds: float = 1.5) -> Run:
    return samples.arm(name, run, usd=usd, seconds=seconds, arms=2)


def without(run: Run, **changed: object) -> Run:
    """The run with fields of its trials replaced, as the candidate's and the baseline's."""
    results = tuple(
        replace(r, trials=tuple(replace(t, **changed) for t in r.trials))  # type: ignore[arg-type]
        for r in run.results
    )
    decision = run.decision
    assert decision is not None
    if "cost_usd" in changed:
        decision = replace(decision, ratios=())
    return replace(run, results=results, decision=decision)


def test_one_that_is_cheaper_and_faster_and_no_worse_beats_another() -> None:
    told = of(arm("a-1", usd=0.02, seconds=3), arm("a-2", usd=0.01, seconds=1))
    assert [each.beaten_by for each in told.arms] == [("a-2",), ()]
    assert told.order == (
        "not beaten by another: a-2",
        "beaten: a-1 by a-2, no worse, and cheaper and faster (95% intervals exclude equality)",
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (arm("a-1", usd=0.02, seconds=1), arm("a-2", usd=0.01, seconds=1)),
        (arm("a-1", usd=0.01, seconds=3), arm("a-2", usd=0.01, seconds=1)),
        (arm("a-1", usd=0.02, seconds=1), arm("a-2", usd=0.01, seconds=3)),
        (arm("a-1"), arm("a-2")),
        (arm("a-1", usd=0.02, seconds=3), arm("a-2", samples.FAILED, usd=0.01, seconds=1)),
    ],
    ids=["as fast", "as dear", "slower", "equal", "fails"],
)
def test_what_is_not_better_in_both_beats_nothing(one: Run, other: Run) -> None:
    assert of(one, other).arms[0].beaten_by == ()


def test_a_difference_within_the_noise_beats_nothing() -> None:
    slower = arm("a-1", usd=0.0101, seconds=1.51)
    noisy = replace(slower, results=tuple(
        replace(r, trials=tuple(
            replace(t, cost_usd=(t.cost_usd or 0) * (0.8 if n % 2 else 1.2)) for t in r.trials
        ))
        for n, r in enumerate(slower.results)
    ))  # fmt: skip
    assert of(noisy, arm("a-2")).unbeaten == ("a-1", "a-2")


def test_one_that_passes_more_often_is_not_beaten_by_a_cheaper_one() -> None:
    worse = samples.bump("pass", samples.result(REFUND, "unchanged", "p" * 10, "pppf"),
                         *samples.KEPT[1:])  # fmt: skip
    told = of(arm("a-1", usd=0.02, seconds=3), arm("a-2", worse, usd=0.01, seconds=1))
    assert told.unbeaten == ("a-1", "a-2")


def test_the_cheapest_that_is_not_worse_is_the_cheapest_that_passes() -> None:
    told = candidates(samples.THREE)
    assert told.cheapest is told.arms[0], "a cheaper one fails"
    assert candidates(samples.EFFORTS).best.startswith(
        "the cheapest that is not worse is claude-sonnet-5-5@low, at x0.5"
    )


def test_of_two_as_cheap_the_first_is_named() -> None:
    told = of(arm("a-1"), arm("a-2"))
    assert told.cheapest is told.arms[0]


def test_without_a_price_no_candidate_is_called_the_cheapest() -> None:
    unknown = without(arm("a-2"), cost_usd=None)
    told = of(arm("a-1"), unknown)
    assert told.cheapest is None
    assert told.best == "which of these is the cheapest is unknown: a price is missing"
    assert told.arms[1].shown_cost == "unknown"
    alone = of(arm("a-1", samples.FAILED), unknown)
    assert alone.best == "the cheapest that is not worse is a-2, its cost unknown"


def test_where_nothing_is_measured_nobody_is_told_to_be_beaten() -> None:
    bare = [without(arm(name), cost_usd=None, profile=None) for name in ("a-1", "a-2")]
    told = of(*bare)
    assert told.order == ("no cost is known, so no candidate is told to beat another",)
    assert told.arms[0].shown_times == "unknown"


def test_one_that_is_faster_at_an_unknown_price_beats_nothing() -> None:
    slow, fast = arm("a-1", usd=0.02, seconds=3), arm("a-2", seconds=1)
    told = of(slow, without(fast, cost_usd=None))
    assert [each.shown_beaten for each in told.arms] == ["no other", "unknown"]
    assert told.order == ("not beaten by another: a-1",)


def test_where_no_times_are_known_the_cost_decides() -> None:
    both = arm("a-1", usd=0.02, seconds=1), arm("a-2", seconds=3)
    told = of(*(without(each, simulated_by="the simulator") for each in both))
    assert (
        told.order[1]
        == "beaten: a-1 by a-2, no worse, and cheaper (95% intervals exclude equality)"
    )


def test_times_of_simulated_models_and_of_another_day_are_not_compared() -> None:
    simulated = [without(arm(n), simulated_by="the simulator") for n in ("a-1", "a-2")]
    assert [each.time for each in of(*simulated).arms] == [None, None]
    later = arm("a-2")
    assert later.decision is not None
    second = replace(later.decision, policy=replace(later.decision.policy, attempt=2))
    told = of(arm("a-1"), replace(later, decision=second))
    assert [each.time for each in told.arms] == [None, None]


def test_fresh_trials_of_the_baseline_count_once() -> None:
    one, two = arm("a-1", samples.FAILED), arm("a-2", samples.FAILED)
    told = of(one, two)
    made = [t.stream for r in one.results for t in r.trials]
    assert told.trials == (2 * made.count("cand"), made.count("base_fresh"))
    cand, fresh = (
        sum(t.cost_usd or 0 for r in one.results for t in r.trials if t.stream == stream)
        for stream in ("cand", "base_fresh")
    )
    assert told.spent_usd == pytest.approx(2 * cand + fresh)


@pytest.mark.parametrize(
    ("any_arm", "overall", "verdict"),
    [
        (False, "fail", "1 of 3 candidates fails, 1 is undecided, 1 passes"),
        (True, "pass", "1 of 3 candidates passes, 1 is undecided, 1 fails"),
    ],
)
def test_the_exit_goes_by_the_worst_or_by_the_best(
    any_arm: bool, overall: str, verdict: str
) -> None:
    told = candidates(replace(samples.THREE, any_arm=any_arm))
    assert (told.overall, told.verdict) == (overall, verdict)
    assert ("the exit status is that of the worst candidate" in told.notes) is not any_arm


def test_that_one_is_enough_is_told_with_its_price() -> None:
    told = candidates(replace(samples.THREE, any_arm=True))
    decision = samples.THREE.arms[0].decision
    assert decision is not None
    missed = 1 - catch_probability(decision.policy, 2) ** 3
    assert 0.26 < missed < 0.28
    assert told.notes[1] == (
        "one candidate that passes is enough (--claude-gate-any): where each of 3 candidates "
        "drops a test by 0.5, some passes with probability <= 0.27 (<= 0.10 of one)"
    )


def test_the_plan_says_what_the_split_costs() -> None:
    decision = samples.THREE.arms[0].decision
    assert decision is not None
    assert f"  {split_text(decision.policy)}" in plan_lines([], decision.policy)
    assert not any("together" in line for line in plan_lines([], replace(decision.policy, arms=1)))


def test_commands_name_all_candidates_and_adopt_one() -> None:
    typed = Typed(preset="--claude-gate thorough", workers="4")
    lines = [command.line for command in next_commands(candidates(samples.THREE, typed), "r.json")]
    whole = "claude-sonnet-4-5=claude-sonnet-5-5,claude-haiku-5-5,claude-opus-5-5"
    assert lines == [
        "pytest-claude show r.json test_extracts_invoice_as_json",
        f"pytest --claude-bump {whole} --claude-gate thorough --claude-record -n 4",
        "pytest-claude adopt claude-sonnet-4-5=claude-sonnet-5-5 -- --claude-gate thorough",
        f"pytest --claude-bump {whole} --claude-gate thorough",
    ]


def test_variables_that_pass_are_adopted_as_they_were_typed() -> None:
    lines = [command.line for command in next_commands(candidates(samples.ENVIRONMENTS), None)]
    assert "pytest-claude adopt --candidate APP_MODEL=gpt-4o" in lines


def test_where_no_candidate_passes_the_worst_can_be_mended() -> None:
    told = of(arm("a-1", samples.FAILED), arm("a-2", samples.FAILED))
    assert told.verdict == "all 2 candidates fail"
    labels = [command.label for command in next_commands(told, None)]
    assert labels == ["to read it", "to try a fix", "to accept it", "to repeat it"]


def test_an_annotation_says_a_cause_once_and_names_the_candidates() -> None:
    told = of(arm("a-1", samples.FAILED), arm("a-2", samples.FAILED), arm("a-3"))
    refund = [line for line in error_commands(told, {}) if "test_refund" in line]
    assert refund == [
        "::error file=tests/test_refund.py,line=1,title=test_refund_looks_up_the_order_first::"
        "a-1 regressed 30/30 → 5/12, a-2 regressed 30/30 → 5/12: "
        "`lookup_order` not called in 7 of 7 failed trials"
    ]


def test_junit_has_the_properties_of_each_candidate() -> None:
    found = dict(candidate_properties(candidates(samples.THREE), REFUND))
    assert found["claude.verdict[claude-haiku-5-5]"] == "regressed"
    assert found["claude.verdict[claude-sonnet-5-5]"] == "unchanged"
    assert found["claude.trials[claude-opus-5-5]"] == "10/10 → 1/2"


def test_a_comment_of_many_tests_and_candidates_fits() -> None:
    whole = samples.many(400, 2, regressed=300)
    run = samples.beside(*(samples.arm(f"a-{n}", whole, arms=6) for n in range(6)))
    text = markdown(candidates(run), run_file="bump.json", page="bump.html")
    assert len(text.encode()) <= 65_536
    assert "more: see the full report" in text


def test_points_that_lie_together_share_a_label() -> None:
    same = (0.5, 0.4, 0.6)
    drawn = picture([Point("1", same, same), Point("2", same, same), Point("3", (1, 1, 1), same)])
    assert [label for *_, label, _ in drawn.labels] == ["1, 2", "3"]
    assert [side for *_, side in drawn.labels] == ["start", "end"]
    assert drawn.points[0].x[0] == (LEFT + RIGHT) / 2
    assert drawn.points[2].x == (RIGHT, RIGHT, RIGHT)


def test_what_was_adapted_and_what_is_simulated_is_told_of_each_candidate() -> None:
    adapted = without(arm("a-2"), rewrites=("temperature dropped",), simulated_by="a script")
    told = of(arm("a-1"), adapted)
    lines = side_by_side_lines(told)
    assert lines.index("a-2: PASS") < lines.index("    temperature dropped (6 tests)")
    assert "models           simulated by a script: no real model's answers" in lines
    assert "- temperature dropped (6 tests)" in markdown(told)


def test_columns_stand_below_their_headings() -> None:
    lines = side_by_side_lines(candidates(samples.THREE))
    heading = next(line for line in lines if line.startswith("tests "))
    row = lines[lines.index(heading) + 2]
    for name, text in (("baseline", "10/10"), ("haiku-5-5", "regressed"), ("opus-5-5", "unch")):
        assert row[heading.index(name) :].startswith(text)


@pytest.mark.parametrize("payload", [*samples.PAYLOADS, "a|b", "@octocat"], ids=ascii)
def test_the_name_of_a_candidate_is_text_on_every_surface(payload: str) -> None:
    named = samples.environment(f"APP_PROMPT={payload}")
    told = of(samples.arm(named, samples.FAILED, usd=0.02, seconds=3, arms=2), arm("a-2"))
    page = render_page(told, samples.two_turns, origin=Origin("bot"))
    assert not re.search("<script>window|<img|<svg/", page)
    text = "\n".join([*side_by_side_lines(told), *error_commands(told, {}), markdown(told)])
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", text)
    row = next(line for line in markdown(told).splitlines() if line.startswith("| APP"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6, "five cells"
    assert not re.search(r"(?<!\\)[<*\[]|@\w", row)
