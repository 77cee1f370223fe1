"""The plain rule: what it asks for, and what it says."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.gating.plain import Verdict, decide, judge, plan_plain
from pytest_claude.gating.plan import Step

OLD = frozenset({"old"})
NOTE = (CheckNote("x", True, ""),)


def trial(stream: Any, outcome: Any, index: int = 0, **more: Any) -> Trial:
    defaults: dict[str, Any] = {"models": ("old",), "checks": NOTE, "profile": Profile("answered")}
    return Trial("t", stream, index, outcome, **{**defaults, **more})


def side(stream: Any, outcomes: str, **more: Any) -> list[Trial]:
    words = {"P": "pass", "F": "fail", "A": "abort", "V": "void", "S": "skip"}
    return [trial(stream, words[o], n, cause=words[o], **more) for n, o in enumerate(outcomes)]


def steps(trials: int, base: str, cand: str, olds: frozenset[str] = OLD) -> Step | None:
    return plan_plain(trials, olds=olds)([*side("base", base), *side("cand", cand)])


@pytest.mark.parametrize(
    ("base", "cand", "expected"),
    [
        ("", "", Step("base", 0)),
        ("P", "", Step("base", 1)),
        ("PF", "", Step("cand", 0)),
        ("PF", "P", Step("cand", 1)),
        ("PF", "PF", None),
        ("PS", "", None),
        ("A", "", None),
        ("PP", "A", None),
        ("PP", "V", None),
    ],
)
def test_the_plan(base: str, cand: str, expected: Step | None) -> None:
    assert steps(2, base, cand) == expected


def test_the_candidate_is_left_out_where_the_old_model_is_not_asked() -> None:
    assert steps(1, "P", "", frozenset()) is None
    assert steps(1, "P", "", frozenset({"other"})) is None


@pytest.mark.parametrize(
    ("base", "cand", "needed", "kind", "reason"),
    [
        ("PP", "FF", 2, "regressed", "fail"),
        ("PP", "PF", 2, "regressed", "fail"),
        ("PP", "PF", 1, "unchanged", None),
        ("FF", "PP", 2, "improved", None),
        ("FF", "FF", 2, "unchanged", "already failing"),
        ("PP", "PP", 2, "unchanged", None),
        ("PP", "", 2, "undecided", "no trial on the candidate"),
        ("PP", "PA", 2, "undecided", "abort"),
        ("PP", "V", 2, "undecided", "void"),
        ("S", "", 2, "not gated", "skipped"),
    ],
)
def test_the_verdict(base: str, cand: str, needed: int, kind: str, reason: str | None) -> None:
    verdict = judge([*side("base", base), *side("cand", cand)], needed, OLD)
    assert (verdict.kind, verdict.reason) == (kind, reason)


def test_a_test_without_a_check_or_on_another_model_is_not_gated() -> None:
    plain = [*side("base", "P", checks=()), *side("cand", "F", checks=())]
    assert judge(plain, 1, OLD).reason == "no claude check"
    other = side("base", "P", models=("haiku",))
    assert judge(other, 1, OLD).reason == "asks haiku"


def test_a_changed_behavior_that_still_passes_is_changed() -> None:
    asks = Profile("asked", question="Which?")
    verdict = judge([*side("base", "P"), *side("cand", "P", profile=asks)], 1, OLD)
    assert verdict.kind == "changed"
    assert verdict.sentence == 'asks "Which?" in 1 of 1 trial'
    assert verdict.rates == "1/1 → 1/1"
    assert Verdict.from_json(verdict.to_json()) == verdict


def verdicts(**kinds: Any) -> dict[str, Verdict]:
    return {name: Verdict(kind, "no claude check", (1, 1), (1, 1)) for name, kind in kinds.items()}


@pytest.mark.parametrize(
    ("found", "collected", "overall", "sentence"),
    [
        (verdicts(a="unchanged"), "a", "pass", "0 of 1 test regressed"),
        (verdicts(a="changed", b="improved"), "ab", "pass", "0 of 2 tests regressed"),
        (verdicts(a="regressed", b="unchanged"), "ab", "fail", "1 of 2 tests regressed"),
        (verdicts(a="regressed", b="undecided"), "ab", "fail",
         "1 of 2 tests regressed; 1 undecided"),
        (verdicts(a="undecided"), "a", "undecided", "1 of 1 test undecided"),
        (verdicts(a="unchanged"), "ab", "undecided", "1 of 2 tests undecided: 1 did not arrive"),
        ({}, "ab", "undecided", "2 of 2 tests undecided: 2 did not arrive"),
        (verdicts(a="not gated"), "a", "fail", "nothing was compared: 1 test, no claude check"),
        ({}, "", "fail", "nothing was compared: 0 tests, none ran"),
    ],
)  # fmt: skip
def test_the_run_is_never_passed_on_missing_data(
    found: dict[str, Verdict], collected: str, overall: str, sentence: str
) -> None:
    assert decide(found, list(collected)) == (overall, sentence)
