"""The editions of an app under one gate: what is counted, and what the ledger keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Ledger, Policy, conclude
from pytest_claude.models.ids import NO_NAMES
from pytest_claude.recording.fingerprint import own_part
from pytest_claude.run.editions import Edition, Marks, Past, marks_of
from pytest_claude.run.ledger_file import LedgerFile, by_test

A, B, C = (frozenset({(("base", 1), mark)}) for mark in "abc")
LATER = [A | {(("base", 2), mark), (("cand", 1), "a")} for mark in "ab"]
"""The same first request, and another second one; the candidate asks only the first."""


def edition(marks: Marks, trials: int = 4, verdict: Any = "regressed") -> Edition:
    return Edition(marks, trials, 0, verdict)


@pytest.mark.parametrize(
    ("history", "today", "past"),
    [
        ([], A, Past(0, 0)),
        ([edition(A)], B, Past(1, 0)),
        ([edition(A), edition(B)], C, Past(2, 0)),
        # One that was stopped before its verdict counts, one of which nothing was read does not.
        ([edition(A, verdict=None)], B, Past(1, 0)),
        ([edition(A, trials=0, verdict=None)], B, Past(0, 0)),
        # One that came back was not left for another: what repeats is the verdict.
        ([edition(A), edition(B)], A, Past(1, 1)),
        ([edition(A), edition(B), edition(A)], A, Past(1, 2)),
        ([edition(A, verdict=None), edition(B)], A, Past(1, 0)),
        ([edition(A), edition(B), edition(A)], C, Past(2, 0)),
        # Two first requests at once are one edition, whichever comes first.
        ([edition(A | B)], B, Past(0, 1)),
        # A later request was edited, and the edit undone: the first is as it was.
        ([edition(LATER[0])], LATER[1], Past(1, 0)),
        ([edition(LATER[0]), edition(LATER[1])], LATER[0], Past(1, 1)),
        # As far as both go: one run ended before the second request.
        ([edition(LATER[0])], A, Past(0, 1)),
        # What the candidate is asked was adapted otherwise: the baseline's is as it was.
        ([edition(A | {(("cand", 1), "x")})], A | {(("cand", 1), "y")}, Past(1, 0)),
        # An app that never asks the same has one edition.
        ([edition(frozenset())], frozenset(), Past(0, 1)),
        ([edition(frozenset())], A, Past(0, 0)),
    ],
)
def test_what_was_judged_before(history: list[Edition], today: Marks, past: Past) -> None:
    assert Past.of(history, today) == past


def test_an_app_that_never_asks_the_same_has_no_edition() -> None:
    trials = [Trial("t", "base", n, "pass", edition=(mark,)) for n, mark in enumerate("abcd")]
    assert marks_of(trials) == frozenset()
    again = Trial("t", "base_fresh", 0, "pass", edition=("a",))
    assert marks_of([*trials, again]) == {(("base", 1), mark) for mark in "abcd"}
    assert marks_of(trials[:1]) == A
    assert marks_of([Trial("t", "cand", 0, "pass")]) == frozenset()


def test_what_depends_on_what_the_model_said_makes_no_other_edition() -> None:
    """The second requests differ from trial to trial; the first are as they were."""
    trials = [Trial("t", "base", n, "pass", edition=("a", mark)) for n, mark in enumerate("xyz")]
    assert marks_of(trials) == A


def test_what_an_app_says_in_later_requests_is_its_own_and_not_the_models() -> None:
    def later(said: str, call: str, result: str, told: str = "Help.") -> str:
        turns = [
            {"role": "user", "content": told},
            {"role": "assistant", "content": [{"type": "tool_use", "id": call, "input": said}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": call, "content": result}]},
        ]  # fmt: skip
        return own_part({"model": "claude-sonnet-4-5", "messages": turns}, None, NO_NAMES)

    one = later("1234", "toolu_1", "shipped")
    assert one == later("12-34", "toolu_2", "shipped")
    assert one != later("1234", "toolu_1", "it has shipped")
    assert one != later("1234", "toolu_1", "shipped", told="Please help.")


def test_a_rule_of_the_test_gets_the_requests_as_they_are_sent() -> None:
    def rule(body: Any) -> Any:
        roles = [turn["role"] for turn in body["messages"]]
        return {**body, "messages": body["messages"][:1], "roles": roles}

    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    body = {"messages": [*turns, {"role": "user", "content": "c"}]}
    assert own_part(body, rule, NO_NAMES) == own_part(body, rule, NO_NAMES, whole=True)


def taken(test: str, mark: str, base: str, cand: str, fresh: str = "") -> list[Trial]:
    """Trials of a test, one letter each: p passes, f fails."""
    outcomes = {"p": "pass", "f": "fail"}
    streams: Any = {"base": base, "cand": cand, "base_fresh": fresh}
    return [
        Trial(test, stream, index, outcomes[letter], edition=(mark,))  # type: ignore[arg-type]
        for stream, letters in streams.items()
        for index, letter in enumerate(letters)
    ]


def test_the_ledger_keeps_one_line_of_an_edition_that_was_left() -> None:
    policy = Policy.quick()
    first = [*taken("a", "1", "p", "f" * 12, "p" * 20), *taken("b", "9", "p", "p" * 4)]
    verdict = conclude(Ledger(first), policy, ["a", "b"])
    file = LedgerFile().updated(Ledger(first), verdict.tests, verdict)
    assert (file.editions, file.suspects) == ({}, 0)
    assert "editions" not in file.dumps(), "a ledger of an app that stays has no more lines"

    second = [*taken("a", "2", "p", "p" * 4), *taken("b", "9", "p", "p" * 4)]
    verdict = conclude(Ledger(second), policy, ["a", "b"])
    file = file.updated(Ledger(second), verdict.tests, verdict)
    kept = Edition(frozenset({(("base", 1), "1"), (("cand", 1), "1")}), 12, 0, "regressed")
    assert file.editions == {"a": [kept]}
    assert file.suspects == 1
    assert {t.edition for t in file.ledger if t.test == "a"} == {("2",)}
    assert LedgerFile.loads(file.dumps(), "ledger") == file
    assert file.past("a", second[:5]) == Past(1, 0)
    assert file.following(by_test(second), policy) is file, "a replay leaves nothing"


def test_the_suspects_of_all_candidates_count_after_an_edit_of_one() -> None:
    policy = replace(Policy.quick(), arms=3)
    first, edited = taken("a", "1", "p", "f" * 8), by_test(taken("a", "2", "p", "p" * 4))
    verdict = conclude(Ledger(first), policy, ["a"], least_suspects=3)
    beside = LedgerFile(arms=("a", "b", "c"))
    file = beside.updated(Ledger(first), verdict.tests, verdict, suspects=3)
    assert LedgerFile.loads(file.dumps(), "ledger") == file
    assert (file.calibrated, file.following(edited, policy).suspects) == (3, 3)
    alone = beside.updated(Ledger(first), verdict.tests, verdict)
    assert alone.following(edited, policy).suspects == 1


@pytest.mark.parametrize(("preset", "then"), [("quick", "thorough"), ("thorough", "quick")])
def test_an_edition_is_kept_as_the_preset_judged_it_that_was_used(preset: str, then: str) -> None:
    of = Policy.named(preset)
    fails = of.screen_looks[-1] + of.duel_base_first
    first = taken("a", "1", "p", "f" * fails, "p" * of.duel_base_cap)
    verdict = conclude(Ledger(first), of, ["a"])
    assert verdict.verdicts["a"].verdict == "regressed"
    file = LedgerFile().updated(Ledger(first), verdict.tests, verdict)
    assert LedgerFile.loads(file.dumps(), "ledger") == file
    edited = taken("a", "2", "p", "p" * 24)
    verdict = conclude(Ledger(edited), Policy.named(then), ["a"])
    file = file.updated(Ledger(edited), verdict.tests, verdict)
    assert [each.verdict for each in file.editions["a"]] == ["regressed"]
    assert file.past("a", first) == Past(0, 1)


def test_requests_that_hold_the_date_are_no_edit_and_their_verdicts_add_up() -> None:
    policy, file = Policy.quick(), LedgerFile()
    for day in "123":
        trials = taken("a", day, "p", "p" * 4)
        verdict = conclude(Ledger(trials), policy, ["a"])
        file = file.updated(Ledger(trials), verdict.tests, verdict, superseded={"a": True})
    assert file.past("a", trials) == Past(0, 2)
    assert file.following(by_test(trials), policy) is file, "a replay leaves nothing"


def test_the_duels_are_never_calibrated_for_fewer_suspects_than_before_an_edit() -> None:
    """A test that was not edited keeps its verdict when others are no suspects any more."""
    policy = Policy.quick()
    stays = taken("stays", "9", "p", "f" * 8 + "fppppppp" + "p" * 12, "p" * 36)
    others = [f"t{n}" for n in range(40)]
    before = [*stays, *(t for test in others for t in taken(test, "1", "p", "f" * 8))]
    suspects = conclude(Ledger(before), policy, ["stays", *others]).rounded_suspects
    mended = [*stays, *(t for test in others for t in taken(test, "2", "p", "p" * 4))]
    tests = ["stays", *others]
    kept = conclude(Ledger(mended), policy, tests, least_suspects=suspects)
    assert kept.rounded_suspects == suspects == 50
    assert conclude(Ledger(mended), policy, tests).rounded_suspects == 1


def random(run: str, cand: str) -> list[Trial]:
    """Trials of a test that asks another first request each time."""
    trials = taken("a", "", "pp", cand, "p" * 20)
    return [replace(trial, edition=(f"{run} {n}",)) for n, trial in enumerate(trials)]


def test_requests_that_no_rule_covers_are_another_attempt_each_time_they_are_taken_again() -> None:
    policy, file = Policy.quick(), LedgerFile()
    for run, cand in (("1", "f" * 12), ("2", "f" * 12), ("3", "p" * 4)):
        trials = random(run, cand)
        assert marks_of(trials) == frozenset()
        verdict = conclude(Ledger(trials), policy, ["a"])
        file = file.updated(Ledger(trials), verdict.tests, verdict, superseded={"a": False})
    assert [each.trials for each in file.editions["a"]] == [12, 12]
    assert file.past("a", trials) == Past(0, 2)
    assert file.following(by_test(trials), policy) is file, "a replay leaves nothing"
    steady = taken("a", "x", "p", "p" * 4)  # a rule leaves the random value out since
    verdict = conclude(Ledger(steady), policy, ["a"])
    file = file.updated(Ledger(steady), verdict.tests, verdict, superseded={"a": False})
    assert file.past("a", steady) == Past(0, 3)


def test_an_app_that_begins_to_ask_what_is_random_is_judged_by_today_s_trials() -> None:
    policy, file = Policy.quick(), LedgerFile()
    for trials in (taken("a", "1", "pp", "f" * 12, "p" * 20), random("2", "p" * 4)):
        verdict = conclude(Ledger(trials), policy, ["a"])
        file = file.updated(Ledger(trials), verdict.tests, verdict, superseded={"a": False})
    assert sorted(file.ledger, key=str) == sorted(trials, key=str)
    assert file.past("a", trials) == Past(1, 0)


def test_trials_that_were_left_for_an_edit_are_an_edition() -> None:
    policy, file = Policy.quick(), LedgerFile()
    for mark in "12":
        trials = taken("a", mark, "p", "p" * 4)
        verdict = conclude(Ledger(trials), policy, ["a"])
        file = file.updated(Ledger(trials), verdict.tests, verdict, superseded={"a": False})
    assert file.past("a", trials) == Past(1, 0)


def test_a_ledger_of_an_earlier_version_says_of_an_app_that_stays_what_it_said() -> None:
    """Its editions were made in another way: one string of each trial, and of each in its past."""
    today = taken("a", "now", "p", "p" * 4)
    old = LedgerFile(waiting={}).dumps() + "".join(
        json.dumps({**trial.to_json(), "edition": "0123456789abcdef"}) + "\n" for trial in today
    )
    file = LedgerFile.loads(old, "ledger")
    assert len(file.ledger) == len(today)
    assert file.following(by_test(today), Policy.quick()) is file
    assert file.past("a", today) == Past(0, 0)


def test_what_an_earlier_version_kept_of_an_edition_counts_and_equals_none_of_today() -> None:
    kept = {"marks": ["a"], "trials": 4, "passes": 0, "verdict": "regressed", "later": False}
    edition = Edition.from_json(kept)
    today = frozenset({(("base", 1), "a"), (("cand", 1), "a")})
    assert Past.of([edition], today) == Past(1, 0)
    assert Edition.from_json(edition.to_json()) == edition


def test_an_edition_that_was_judged_by_an_unknown_preset_is_kept_as_today_s_judges_it() -> None:
    policy = Policy.thorough()
    first = taken("a", "1", "p", "f" * 8 + "p" * 24, "p" * policy.duel_base_cap)
    file = LedgerFile(Ledger(first), waiting={})
    edited = taken("a", "2", "p", "p" * 24)
    kept = file.following(by_test(edited), policy).editions["a"]
    of = conclude(Ledger(first), policy, ["a"]).verdicts["a"]
    assert [each.trials for each in kept] == [of.used[0]]
    assert of.used[0] > conclude(Ledger(first), Policy.quick(), ["a"]).verdicts["a"].used[0]
