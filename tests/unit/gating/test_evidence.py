"""Trials that are no evidence, and two that are enough: hand-made ledgers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ledgers import because, decided, needed, stream

from pytest_claude.behavior.profile import Profile
from pytest_claude.gating import Ledger, Policy
from pytest_claude.gating.status import WAITING

QUICK, OFFLINE = Policy(), Policy(offline=True)
BASE = stream("t", "base", "P" * 5, profile=Profile("acted", calls=1))
OTHER = Profile("refused", refusal="HTTP 400: top_k: no", calls=1)
REFUSED = Profile("refused", refusal="HTTP 400: no prefill", calls=1)
RESTED = Profile("answered", calls=1)


def suite(letters: str, *profiles: Profile, **more: Any) -> Ledger:
    of = zip(stream("t", "cand", letters, **more), [*profiles, *[RESTED] * 99], strict=False)
    return Ledger([*BASE, *(replace(trial, profile=p, refused=p.refusal) for trial, p in of)])


def test_two_refusals_in_the_same_words_end_a_test() -> None:
    assert needed(suite("F", REFUSED), QUICK, ["t"]) == ["t cand 1,2,3"]
    found = decided(suite("FF", REFUSED, REFUSED), QUICK, ["t"])
    verdict = found.verdicts["t"]
    assert (found.overall, verdict.verdict, verdict.reason) == ("fail", "regressed", "refused")
    assert (verdict.stage, verdict.candidate, verdict.used) == ("screen", (0, 2), (2, 0))
    assert (found.suspects, found.suite, found.ratios) == ((), "silent", ())
    voided = decided(suite("VFF", RESTED, REFUSED, REFUSED), QUICK, ["t"])
    assert voided.verdicts["t"].reason == "refused"


def test_what_was_recorded_beyond_them_changes_nothing() -> None:
    more = decided(suite("FF" + "F" * 10, *[REFUSED] * 12), QUICK, ["t"])
    assert more == decided(suite("FF", REFUSED, REFUSED), QUICK, ["t"])


@pytest.mark.parametrize(
    ("letters", "profiles"),
    [
        ("FF", (REFUSED, OTHER)),
        ("FF", (REFUSED, RESTED)),
        ("PFF", (RESTED, REFUSED, REFUSED)),
        (".FF", (REFUSED, REFUSED)),
    ],
    ids=["other words", "one", "later", "not the first two"],
)
def test_other_refusals_are_counted_as_failed_trials(
    letters: str, profiles: tuple[Profile, ...]
) -> None:
    assert needed(suite(letters, *profiles), QUICK, ["t"])


def test_an_accepted_refusal_does_not_gate_and_the_others_are_judged() -> None:
    from pytest_claude.gating import Decision, plan

    other = [*stream("u", "base", "P"), *stream("u", "cand", "PPPP")]
    ledger = suite("FF", REFUSED, REFUSED) | other
    found = plan(ledger, QUICK, ["t", "u"], accepted={"t": "meant"})
    assert isinstance(found, Decision)
    assert (found.overall, found.verdicts["t"].reason) == ("pass", "accepted")
    assert decided(ledger, QUICK, ["t", "u"]).overall == "fail"


def test_a_refusal_that_the_app_copes_with_is_one() -> None:
    verdict = decided(suite("PP", REFUSED, REFUSED), QUICK, ["t"]).verdicts["t"]
    assert (verdict.verdict, verdict.reason, verdict.candidate) == ("regressed", "refused", (0, 2))


def test_a_test_of_a_refusal_that_both_models_give_is_no_news() -> None:
    base = stream("t", "base", "P", profile=REFUSED, refused="no prefill")
    cand = stream("t", "cand", "PPPP", profile=REFUSED, refused="no prefill")
    assert decided(Ledger([*base, *cand]), QUICK, ["t"]).verdicts["t"].verdict == "unchanged"


def test_a_baseline_that_is_refused_too_is_no_news() -> None:
    base = stream("t", "base", "F", profile=REFUSED)
    cand = stream("t", "cand", "FFFF", profile=REFUSED)
    assert decided(Ledger([*base, *cand]), QUICK, ["t"]).verdicts["t"].reason == "already_failing"


@pytest.mark.parametrize(
    ("voids", "reason", "says"),
    [
        (("service", "service"), "errors", "2 of 2 trials ended in errors of the service"),
        (("cut", "service"), "errors", "2 of 2 trials ended in errors of the service"),
        (("account", "account"), "account", "2 of 2 trials were denied: what was seen"),
        (("other_model", "other_model"), "other_model", "in 2 of 2 trials what was seen"),
        (("other_model", "service"), "errors", "2 of 2 trials ended in errors of the service"),
        ((None, None), "errors", "2 of 2 trials ended in errors of the service"),
    ],
)
@pytest.mark.parametrize("policy", [QUICK, OFFLINE], ids=["live", "offline"])
def test_a_first_look_that_is_all_void_ends_and_says_why(
    voids: Any, reason: Any, says: str, policy: Policy
) -> None:
    cand = [
        replace(trial, void=void, cause="what was seen")
        for trial, void in zip(stream("t", "cand", "VV"), voids, strict=True)
    ]
    found = decided(Ledger([*BASE, *cand]), policy, ["t"])
    verdict = found.verdicts["t"]
    assert (found.overall, verdict.reason, because(verdict)) == ("undecided", reason, says)
    # Another model is what NEW is: the same request would be answered the same.
    assert (reason in WAITING) == (reason != "other_model")
