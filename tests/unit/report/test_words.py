"""The texts of the gate, read whole."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ledgers import decided, line, stream, trials

from pytest_claude.behavior.profile import Profile
from pytest_claude.gating import Decision, Ledger, Policy, TestVerdict, Trial
from pytest_claude.gating.estimate import Recorded
from pytest_claude.report.figures import gate_figures
from pytest_claude.report.plan_words import offline_text, plan_lines
from pytest_claude.report.words import because, headline, notes, sight

ALL_PASS = "P" * 60
UNCHANGED_FAILS = "a candidate that is no worse fails this gate with a chance of at most 5%"


def decision(policy: Policy | None = None, **tests: dict[str, str]) -> Decision:
    return decided(Ledger(trials(tests)), policy or Policy(), list(tests))


def test_a_pass_says_what_could_be_seen_and_never_that_nothing_changed() -> None:
    found = decision(a={"base": "P" * 10, "cand": "PPPP"}, b={"base": "FFFF", "cand": "FFFF"})
    assert str(headline(found)) == (
        "no test dropped by >= 0.5 (each such drop is caught with probability >= 0.91; "
        "smaller drops may be missed)"
    )
    assert notes(found) == ("not gateable: 1 (already failing)",)
    assert sight(found) == "a drop of 0.5 in one test with probability 0.91, 0.42 with 0.80"
    assert [line(verdict, found) for verdict in found.tests] == [
        "a 10/10 → 4/4; unchanged",
        "b 0/4 → 0/4; unchanged; already failing",
    ]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        (Policy.standard(), "no test dropped by >= 0.3 (each such drop is caught with probability "
         ">= 0.91; smaller drops may be missed)"),
        (Policy.thorough(), "no test dropped by >= 0.2 (each such drop is caught with probability "
         ">= 0.90; smaller drops may be missed)"),
    ],
)  # fmt: skip
def test_each_preset_says_its_own_drop(policy: Policy, says: str) -> None:
    assert str(headline(decision(policy, a={"base": "P" * 10, "cand": "P" * 12}))) == says


def test_a_fail_names_counts_p_threshold_and_the_first_failing_trial() -> None:
    suspect = {"base": "P" * 10, "fresh": ALL_PASS}
    found = decision(
        a={**suspect, "cand": "FFPPPPPPPFFF"},
        b={**suspect, "cand": "FFPPPPPPFFFF"},
        c={"base": "P" * 10, "cand": "PPPP"},
    )
    assert str(headline(found)) == "2 of 3 tests regressed"
    assert [line(verdict, found) for verdict in found.tests] == [
        "a 20/20 → 1/4; regressed; in the duel 1 of 4 trials passed, 20 of 20 before: "
        "p 0.0020 <= 0.0163 (1 of 2 suspects); first failing duel trial: 10",
        "b 20/20 → 0/4; regressed; in the duel 0 of 4 trials passed, 20 of 20 before: "
        "p 9.4e-05 <= 0.0163 (1 of 2 suspects); first failing duel trial: 9",
        "c 10/10 → 4/4; unchanged",
    ]
    assert notes(found) == (UNCHANGED_FAILS,)


def test_a_fail_counts_what_is_undecided_too() -> None:
    found = decision(
        a={"base": "P" * 10, "cand": "F" * 12, "fresh": ALL_PASS},
        b={"base": "P" * 10, "cand": "VVPP"},
    )
    assert str(headline(found)) == "1 of 2 tests regressed; 1 undecided"
    assert line(found.tests[1], found) == (
        "b 10/10 → 0/0; undecided; 2 of 2 trials ended in errors of the service"
    )


def test_a_suspect_that_is_cleared_and_one_that_is_not_decided() -> None:
    cleared = decision(a={"base": "PPPPPPPPFF", "cand": "FFFFPPPP" + ALL_PASS, "fresh": ALL_PASS})
    assert str(headline(cleared)).startswith("no test dropped by >= 0.5")
    assert line(cleared.tests[0], cleared) == (
        "a 20/20 → 8/8; unchanged; in the duel 8 of 8 trials passed, 20 of 20 before: "
        "no drop of 0.5 or more"
    )


def test_tests_that_passed_less_often_than_the_drop_are_told_apart() -> None:
    found = decision(a={"base": "PPPFFFFFFF", "cand": "PPFF"}, b={"base": "PPPF", "cand": "PPPP"})
    assert notes(found) == (
        "1 test passed less than 0.5 of the baseline's trials: said of it is only that not every "
        "trial fails now",
    )


def test_undecided_names_the_most_common_reason() -> None:
    missing = {"base": "P" * 10, "cand": "PP"}
    found = decision(Policy(offline=True), a=missing, b=missing, c={"base": "P" * 10, "cand": "VV"})
    assert str(headline(found)) == (
        "3 of 3 tests: too few trials to judge, and 1 for other reasons"
    )


@pytest.mark.fault("G04")
def test_a_retired_baseline_of_one_trial_says_what_it_cannot_see() -> None:
    found = decision(Policy(baseline="retired"), a={"base": "P", "cand": "PPPP"})
    assert notes(found) == (
        "the baseline is retired: drift since its recording is not excluded",
        "1 baseline trial per test: this gate cannot see any single-test regression offline; "
        "record more or allow fresh baseline calls.",
    )
    assert (
        str(headline(found)) == "no suspect was found, and this gate could not have confirmed one"
    )


@pytest.mark.parametrize(
    ("attempt", "says"),
    [
        (2, "attempt 2: false alarms at most 10% over both attempts"),
        (3, "attempt 3: false alarms at most 15% over all attempts"),
        (40, "attempt 40: false alarms at most 100% over all attempts"),
    ],
)
def test_attempts(attempt: int, says: str) -> None:
    found = replace(decision(a={"base": "P", "cand": "PPPP"}), policy=Policy(attempt=attempt))
    assert notes(found) == (says,)


def test_an_attempt_of_some_tests_says_of_how_many() -> None:
    both = {"base": "P", "cand": "PPPP"}
    found = replace(decision(a=both, b=both), policy=Policy(attempt=2))
    found = replace(found, tests=(found.tests[0], replace(found.tests[1], attempt=1)))
    says = "attempt 2 (of 1 of 2 tests): false alarms at most 10% over both attempts"
    assert notes(found) == (says,)


def test_what_an_offline_gate_can_see() -> None:
    assert offline_text(50, 10, 5, Policy()) == (
        "offline gate: 50 tests, 10 recorded + 5 candidate trials each: only drops of >= 0.96 in "
        "one test are seen (80% of the time, 5% false alarms over the suite)"
    )
    assert offline_text(1, 1, 3, Policy()) == (
        "offline gate: 1 test, 1 recorded + 3 candidate trials each: no drop in one test is seen, "
        "not even to zero (80% of the time, 5% false alarms over the suite)"
    )


@pytest.mark.parametrize(
    ("of", "says"),
    [
        ({"base": "P" * 10, "cand": "PPPFP"}, "offline gate: 1 test, 10 recorded + 5 candidate "
         "trials each: only drops of >= 0.50 in one test are seen (80% of the time, 5% false "
         "alarms over the suite)"),
        ({"base": "P", "cand": "PPPFP"}, "1 baseline trial per test: this gate cannot see any "
         "single-test regression offline; record more or allow fresh baseline calls."),
        ({"base": "P" * 10}, None),
        ({"base": "P", "cand": "PPPP"}, None),
    ],
)  # fmt: skip
def test_an_offline_gate_that_lacks_trials_says_what_those_it_has_can_show(
    of: dict[str, str], says: str | None
) -> None:
    assert notes(decision(Policy(offline=True), t=of)) == (() if says is None else (says,))


def test_what_a_plan_takes() -> None:
    tests = [Recorded(10 - (n % 10 == 0), 10, 0, 0, 0, 0.005, (0.006, 0.008)) for n in range(50)]
    assert plan_lines(tests, Policy()) == [
        "quick: 50 tests gated, 200 to 480 trials expected (at most 3,600), "
        "$1.20 to $3.27 (at most $24.00)",
        "  estimated: a recorded trial that no gate has read counts as passed; a test that fails "
        "its screen takes 24 to 40 trials more",
    ]
    assert plan_lines([Recorded(10, 10)] * 50, Policy.standard(baseline="retired"))[:1] == [
        "standard: 50 tests gated, 400 to 660 trials expected (at most 4,000), cost unknown"
    ]
    begun = [Recorded(5, 5, 0, 0, 4, 0.5, (0.5, 0.5)), Recorded(0, 0, missing=3)]
    assert plan_lines(begun, Policy())[:3] == [
        "quick: 2 tests gated, 7 to 11 trials expected (at most 95), "
        "$3.50 to $5.50 (at most $47.50)",
        "  by the recorded usage of 1 test",
        "  a test whose app was edited takes its trials anew; all: 11 to 15 trials expected "
        "(at most 99), $5.50 to $7.50 (at most $49.50)",
    ]
    lacks_one = [Recorded(5, 5, 0, 0, 3, 0.5, (0.5, 0.5))]
    assert plan_lines(lacks_one, Policy())[0].startswith("quick: 1 test gated, 1 trial expected (")


def test_no_text_claims_that_nothing_regressed() -> None:
    every = Decision("pass", (TestVerdict("a", "unchanged"),))
    assert "no regression" not in " ".join([str(headline(every)), *notes(every), sight(every)])


def priced(test: str, was: float, now: float | None, cand: str = "PPPP") -> list[Trial]:
    old = Profile("answered", calls=1, output_tokens=212, time_to_first_token_s=0.84)
    new = Profile("asked", question="Which?", calls=1, output_tokens=318,
                  time_to_first_token_s=1.12)  # fmt: skip
    return [*stream(test, "base", "P" * 10, cost_usd=was, profile=old),
            *stream(test, "base_fresh", "P" * 20, cost_usd=was, profile=old),
            *stream(test, "cand", cand, cost_usd=now, profile=new)]  # fmt: skip


def test_numbers_and_behaviors_that_moved() -> None:
    cand = "FFPPPPPP" + "P" * 20
    every = [t for n in range(3) for t in priced(f"t{n}", 0.0066, 0.0061 + n / 10_000, cand)]
    found = decided(Ledger(every), Policy(), ["t0", "t1", "t2"])
    figures = gate_figures(found, simulated=False)
    assert [(figure.label, str(figure)) for figure in figures] == [
        ("cost", "x0.94 (95%: 0.90 to 0.98), $0.020 → $0.019"),
        ("calls", "x1.00 (95%: 1.00 to 1.00), 3 → 3"),
        ("output tokens", "x1.50 (95%: 1.50 to 1.50), 636 → 954"),
        ("first token", "0.84 s → 1.12 s  median, 60 and 24 trials run side by side"),
    ]
    assert [figure.label for figure in gate_figures(found, simulated=True)] == [
        "cost", "calls", "output tokens",
    ]  # fmt: skip
    (asks,) = (rate for rate in found.behaviors if rate.changed)
    assert (asks.behavior, asks.baseline, asks.candidate) == ("asks", (0, 30), (12, 12))


@pytest.mark.parametrize(
    ("now", "overall", "says"),
    [
        (0.02, "fail", "the candidate costs x3.03 (95%: 3.03 to 3.03), more than x1.20"),
        (None, "undecided", "the cost is unknown, so it can't be held below x1.20"),
    ],
)
def test_a_cost_that_gates(now: float | None, overall: str, says: str) -> None:
    every = [trial for n in range(3) for trial in priced(f"t{n}", 0.0066, now)]
    found = decided(Ledger(every), Policy(max_cost_ratio=1.2), ["t0", "t1", "t2"])
    assert (found.overall, str(headline(found))) == (overall, says)


@pytest.mark.parametrize(
    ("base", "cand", "verdict", "says"),
    [
        ("F", "PPPP", "unchanged", "failed on the baseline, passes in 4 of 4 trials of the"),
        ("F" * 10, "PPPP", "improved", "failed on the baseline, passes in 4 of 4 trials of the"),
        ("F" * 10, "PPPF", "improved", "already failing"),
        ("F" * 10, "PFFF", "unchanged", None),
        ("F" * 10, "FFFF", "unchanged", None),
    ],
)
def test_what_the_candidate_does_better_is_in_the_headline_and_gates_nothing(
    base: str, cand: str, verdict: str, says: str | None
) -> None:
    found = decision(a={"base": base, "cand": cand}, b={"base": "P", "cand": "PPPP"})
    assert found.overall == "pass"
    of = found.verdicts["a"]
    assert (of.verdict, of.gateable) == (verdict, False)
    gain = "; 1 test that failed on the baseline passes on the candidate"
    assert (gain in str(headline(found))) == (says is not None)
    assert (because(of.reason, of.values) or "").startswith(says or "already failing")
