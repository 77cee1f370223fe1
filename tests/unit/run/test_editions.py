"""The editions of an app under one gate: what is counted, and what the ledger keeps."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Ledger, Policy, conclude
from pytest_claude.run.editions import Edition, Past, marks_of
from pytest_claude.run.ledger_file import LedgerFile, by_test

A, B, C = (frozenset({mark}) for mark in "abc")


def edition(marks: frozenset[str], trials: int = 4, verdict: Any = "regressed") -> Edition:
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
        # A later request was edited: the first is as it was.
        ([Edition(A, 4, 0, "regressed", later=True)], A, Past(1, 0)),
    ],
)
def test_what_was_judged_before(history: list[Edition], today: frozenset[str], past: Past) -> None:
    assert Past.of(history, today) == past


def test_an_app_that_never_asks_the_same_has_no_edition() -> None:
    trials = [Trial("t", "cand", n, "pass", edition=mark) for n, mark in enumerate("abcd")]
    assert marks_of(trials) == frozenset()
    assert marks_of([*trials, Trial("t", "base", 0, "pass", edition="a")]) == frozenset("abcd")
    assert marks_of(trials[:1]) == A
    assert marks_of([Trial("t", "cand", 0, "pass")]) == frozenset()


def taken(test: str, mark: str, base: str, cand: str, fresh: str = "") -> list[Trial]:
    """Trials of a test, one letter each: p passes, f fails."""
    outcomes = {"p": "pass", "f": "fail"}
    streams: Any = {"base": base, "cand": cand, "base_fresh": fresh}
    return [
        Trial(test, stream, index, outcomes[letter], edition=mark)  # type: ignore[arg-type]
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
    kept = Edition(frozenset("1"), 12, 0, "regressed")
    assert file.editions == {"a": [kept]}
    assert file.suspects == 1
    assert {t.edition for t in file.ledger if t.test == "a"} == {"2"}
    assert LedgerFile.loads(file.dumps(), "ledger") == file
    assert file.past("a", second[:5]) == Past(1, 0)
    assert file.following(by_test(second), policy) is file, "a replay leaves nothing"


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
