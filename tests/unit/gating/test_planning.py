"""What a plan asks for, and what it decides: hand-made ledgers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ledgers import because, decided, line, needed, played, stream, trials

from pytest_claude import gating
from pytest_claude.behavior.profile import Profile
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Need, Policy, Trial, conclude, plan
from pytest_claude.gating.status import Why
from pytest_claude.report.words import headline, notes

ALL_PASS = "P" * 60
QUICK = Policy()
OFFLINE = Policy(offline=True)
RETIRED = Policy(baseline="retired")


def ledger(**tests: dict[str, str]) -> Ledger:
    return Ledger(trials(tests))


# --- what is asked for ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        ({}, ["t base 0", "t cand 0,1,2,3"]),
        ({"base": "P"}, ["t cand 0,1,2,3"]),
        ({"base": "V"}, None),
        ({"base": "P", "cand": "PP"}, ["t cand 2,3"]),
        ({"base": "P", "cand": ".P.P"}, ["t cand 0,2"]),
        ({"base": "P", "cand": "PVP"}, ["t cand 3,4"]),
        ({"base": "P", "cand": "PPPF"}, ["t cand 4,5,6,7"]),
        ({"base": "P", "cand": "PPPFP..P"}, ["t cand 5,6"]),
        ({"base": "F", "cand": "PP"}, ["t cand 2,3"]),
        (
            {"base": "P", "cand": "FFPPPPPP"},
            ["t base_fresh " + ",".join(map(str, range(20))), "t cand 8,9,10,11"],
        ),
        (
            {"base": "P", "cand": "FFPPPPPPPF", "fresh": "P" * 19},
            ["t base_fresh 19", "t cand 10,11"],
        ),
        ({"base": "P", "cand": "FFPPPPPPFPPP", "fresh": "P" * 20}, ["t cand 12,13"]),
    ],
)
def test_the_next_trials(of: dict[str, str], wanted: list[str] | None) -> None:
    if wanted is None:
        assert decided(ledger(t=of), QUICK, ["t"]).overall == "undecided"
    else:
        assert needed(ledger(t=of), QUICK, ["t"]) == wanted


def test_all_open_tests_are_asked_for_at_once_and_suspects_wait_for_the_last_screen() -> None:
    suspect = {"base": "P", "cand": "FFPPPPPP"}
    asked = ledger(a=suspect, b={"base": "P", "cand": "PPPF"}, c={"base": "P"})
    assert needed(asked, QUICK, ["c", "b", "a"]) == ["b cand 4,5,6,7", "c cand 0,1,2,3"]


def test_a_suite_that_fires_alone_is_looked_at_again_with_todays_baseline() -> None:
    tests = {f"t{n}": {"base": "P" * 10, "cand": "FPPPPPPP"} for n in range(10)}
    asked = needed(Ledger(trials(tests)), QUICK, tests)
    assert asked == [f"t{n} base_fresh 0,1,2,3,4,5,6,7" for n in range(10)]
    worse_today = {name: {**of, "fresh": "FPPPPPPF"} for name, of in tests.items()}
    found = decided(Ledger(trials(worse_today)), QUICK, tests)
    assert (found.overall, found.suite) == ("pass", "stale_baseline")
    assert notes(found) == (
        "recorded baseline may be stale: today's baseline model is worse than the recording",
    )
    good_today = {name: {**of, "fresh": "P" * 8} for name, of in tests.items()}
    found = decided(Ledger(trials(good_today)), QUICK, tests)
    assert (found.overall, found.suite, found.fresh_baseline_trials) == ("fail", "confirmed", 80)
    assert str(headline(found)) == (
        "the suite passes less often (p 3.6e-06 <= 0.01), no single test is named"
    )


def test_trials_of_one_test_can_be_mixed_in_time() -> None:
    asked = plan(ledger(t={"base": "P", "cand": "F" * 8}), QUICK, ["t"])
    assert isinstance(asked, Need)
    mixed = "".join(key.stream[0] for key in asked.interleaved)
    assert mixed == "bbbcbbbbbcbbbbbcbbbbbcbb"  # 20 of the baseline, 4 of the candidate
    assert sorted(asked.interleaved) == list(asked.trials)


# --- voids, copies, aborts ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cand", "says"),
    [
        ("VPPPP", "unchanged"),
        ("PPVPP", "unchanged"),
        ("VVPPPP", "2 of 2 trials ended in errors of the service"),
        ("VV", "2 of 2 trials ended in errors of the service"),
        ("FVVPPPPPPP", "2 of 3 trials ended in errors of the service"),
        ("FVPPPVPPPP", "unchanged"),
    ],
)
def test_a_void_is_replaced_by_the_next_index_until_there_are_too_many(
    cand: str, says: str
) -> None:
    found = decided(ledger(t={"base": "P" * 10, "cand": cand}), QUICK, ["t"])
    verdict = found.verdicts["t"]
    assert says in (verdict.verdict, because(verdict))
    if verdict.verdict == "undecided":
        assert (found.overall, verdict.reason) == ("undecided", "errors")


@pytest.mark.parametrize(
    ("cand", "overall", "detail"),
    [
        ("PPPV", "undecided", "its 1 void trial could decide either way"),
        ("PPPPFFFV", "pass", None),
        ("FPVPPPPP", "undecided", "its 1 void trial could decide either way"),
        ("FVPPPPPP", "undecided", "its 1 void trial could decide either way"),
    ],
)
def test_a_void_that_cannot_be_replaced_is_taken_both_ways(
    cand: str, overall: str, detail: str | None
) -> None:
    found = decided(ledger(t={"base": "P" * 10, "cand": cand}), OFFLINE, ["t"])
    assert (found.overall, because(found.verdicts["t"])) == (overall, detail)


def test_a_void_that_changes_nothing_either_way_does_not_stop_an_offline_plan() -> None:
    flaky = {"base": "PPPPPPFFFF", "cand": "FPVP"}  # two fails of four are allowed
    found = decided(ledger(t=flaky), OFFLINE, ["t"])
    assert found.overall == "pass"
    assert line(found.verdicts["t"], found) == (
        "t 6/10 → 2/4; unchanged; whether its 1 void trial failed or passed"
    )


def test_an_aborted_test_is_undecided_and_its_neighbours_go_on() -> None:
    broken = ledger(a={"base": "P", "cand": "P"}, b={"base": "P"})
    broken |= [Trial("a", "cand", 1, "abort", "no cassette")]
    assert needed(broken, QUICK, ["a", "b"]) == ["b cand 0,1,2,3"]
    found = decided(broken | ledger(b={"cand": "PPPP"}), QUICK, ["a", "b"])
    assert (found.overall, found.verdicts["a"].reason) == ("undecided", "aborted")
    assert found.verdicts["b"].verdict == "unchanged"
    assert str(headline(found)) == "1 of 2 tests: no cassette"
    unread = ledger(a={"base": "P", "cand": "PPPPA"})
    assert decided(unread, QUICK, ["a"]).overall == "pass"


def test_a_skipped_test_is_not_run_and_a_skip_on_the_candidate_alone_decides_nothing() -> None:
    found = decided(ledger(a={"base": "S"}, b={"base": "P", "cand": "PPPP"}), QUICK, ["a", "b"])
    assert (found.overall, found.verdicts["a"].verdict) == ("pass", "not run")
    found = decided(ledger(a={"base": "P", "cand": "S"}), QUICK, ["a"])
    assert (found.overall, because(found.verdicts["a"])) == ("undecided", "skipped")


def test_copies_of_one_paid_answer_count_once() -> None:
    same = [
        *stream("t", "base", "P" * 10),
        *stream("t", "cand", "PPPP", replies=("req-1", "req-2")),
    ]
    assert needed(Ledger(same), QUICK, ["t"]) == ["t cand 4,5,6"]
    cached = [*same, *[Trial("t", "cand", n, "pass", replies=("req-1", "req-2"))
                       for n in range(4, 7)]]  # fmt: skip
    found = decided(Ledger(cached), QUICK, ["t"])
    assert found.overall == "undecided"
    assert because(found.verdicts["t"]) == "5 of 6 trials repeat a paid answer"


def test_copies_in_the_recorded_baseline_are_one_trial() -> None:
    copied = stream("t", "base", "P" * 10, replies=("x",))
    found = decided(Ledger([*copied, *stream("t", "cand", "PPPP")]), QUICK, ["t"])
    assert found.verdicts["t"].baseline == (1, 1)


def test_other_answers_are_no_copies() -> None:
    other = [Trial("t", "cand", n, "pass", replies=(f"req-{n}",)) for n in range(4)]
    silent = [Trial("u", "cand", n, "pass") for n in range(4)]
    found = decided(
        Ledger([*other, *silent, *trials({"t": {"base": "P"}, "u": {"base": "P"}})]),
        QUICK,
        ["t", "u"],
    )
    assert found.overall == "pass"


def test_a_test_that_never_calls_a_model_is_listed_and_not_run() -> None:
    silent = Profile("silent")
    quiet = [
        *stream("t", "base", "P", profile=silent),
        *stream("t", "cand", "PPPP", profile=silent),
    ]
    found = decided(Ledger(quiet), QUICK, ["t"])
    assert (found.overall, found.verdicts["t"].verdict) == ("fail", "not run")
    assert str(headline(found)) == "nothing was compared: 1 test, no model call: not gateable (1)"
    calls = Profile("answered", calls=1)
    one = [*stream("t", "base", "P", profile=silent), *stream("t", "cand", "PPPP", profile=calls)]
    found = decided(Ledger(one), QUICK, ["t"])
    assert line(found.tests[0], found) == "t 1/1 → 4/4; unchanged; only the candidate is called"
    other = [*stream("t", "base", "P", profile=calls), *stream("t", "cand", "PPPP", profile=silent)]
    found = decided(Ledger(other), QUICK, ["t"])
    assert line(found.tests[0], found) == "t 1/1 → 4/4; unchanged; only the baseline is called"


def test_an_app_that_remembers_its_answer_makes_one_trial() -> None:
    calls, silent = Profile("answered", calls=1), Profile("silent")
    remembered = [
        *stream("t", "base", "P", profile=calls),
        Trial("t", "cand", 0, "pass", profile=calls),
        *(Trial("t", "cand", n, "pass", profile=silent) for n in range(1, 4)),
    ]
    assert needed(Ledger(remembered), QUICK, ["t"]) == ["t cand 4,5,6"]


# --- what is missing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "detail"),
    [
        ({}, "no trial of the baseline is recorded"),
        ({"cand": "PPPP"}, "no trial of the baseline is recorded"),
        ({"base": "PPP"}, "0 of 4 candidate trials recorded, too few to judge"),
        ({"base": "PPP", "cand": "PPP"}, "3 of 4 candidate trials recorded, too few to judge"),
        ({"base": "P" * 10, "cand": "PPPF"}, "4 of 8 candidate trials recorded, too few to judge"),
        ({"base": "P" * 10, "cand": "F" * 60},
         "a suspect: lacks fresh trials, 20 of the baseline"),
        ({"base": "P" * 10, "cand": "FFPPPPPPFF", "fresh": "P" * 19},
         "a suspect: lacks fresh trials, 1 of the baseline and 2 of the candidate"),
        ({"base": "P" * 10, "cand": "FFPPPPPP" "PPPP", "fresh": "P" * 20},
         "a suspect: lacks fresh trials, 2 of the candidate"),
    ],
)  # fmt: skip
def test_offline_what_is_missing_is_undecided(of: dict[str, str], detail: str) -> None:
    found = decided(ledger(t=of), OFFLINE, ["t"])
    assert found.overall == "undecided"
    assert because(found.verdicts["t"]) == detail
    assert found.open_trials > 0
    told = detail if "no trial" in detail else "too few trials to judge"
    assert str(headline(found)) == f"1 of 1 test: {told}"


def test_offline_a_suite_that_fires_alone_and_cannot_be_looked_at_again_is_undecided() -> None:
    tests = {f"t{n}": {"base": "P" * 10, "cand": "FPPPPPPP"} for n in range(10)}
    found = decided(Ledger(trials(tests)), OFFLINE, tests)
    assert (found.overall, found.suite) == ("undecided", "unconfirmed")
    assert str(headline(found)) == (
        "the suite passes less often (p 3.6e-06 <= 0.01) than the recorded baseline, "
        "and today's baseline was not asked for all tests"
    )


@pytest.mark.parametrize(
    ("tests", "not_run", "says"),
    [
        ([], {}, "nothing was compared: 0 tests"),
        ([], {"a": Why("no_check"), "b": Why("no_check")},
         "nothing was compared: 2 tests, no claude check (2)"),
        (["dead"], {}, "nothing was compared: 1 test, already failing (1)"),
    ],
)  # fmt: skip
@pytest.mark.fault("G01")
def test_nothing_to_compare_is_no_pass(
    tests: list[str], not_run: dict[str, Why], says: str
) -> None:
    dead = ledger(dead={"base": "FFFF", "cand": "FFFF"})
    found = plan(dead, QUICK, tests, not_run=not_run)
    assert isinstance(found, Decision)
    assert (found.overall, str(headline(found))) == ("fail", says)


def test_a_plan_that_was_cut_says_why_and_goes_on_as_the_same_attempt() -> None:
    half = ledger(a={"base": "P" * 10, "cand": "PPPP"}, b={"base": "P" * 10, "cand": "FF"})
    found = conclude(half, QUICK, ["a", "b"], because="the budget of $1.15 ended")
    assert found.overall == "undecided"
    assert str(headline(found)) == "1 of 2 tests: the budget of $1.15 ended before a decision"
    assert line(found.verdicts["b"], found) == (
        "b 10/10 → 0/2; undecided; 2 of 4 candidate trials recorded, too few to judge"
    )
    assert needed(half, QUICK, ["a", "b"]) == ["b cand 2,3"]


def test_a_test_that_is_still_open_counts_as_a_suspect_when_the_plan_is_cut() -> None:
    cut = ledger(
        a={"base": "P", "cand": "FF" + "P" * 6 + "PPFF", "fresh": "P" * 20}, b={"base": "P"}
    )
    assert conclude(cut, QUICK, ["a"]).verdicts["a"].verdict == "regressed"
    found = conclude(cut, QUICK, ["a", "b"])
    assert (found.rounded_suspects, found.suspects) == (2, ("a",))
    assert found.verdicts["a"].verdict == "undecided"


# --- a retired baseline ---------------------------------------------------------------------------


def test_a_retired_baseline_is_split_before_any_outcome_is_looked_at() -> None:
    recorded = "PPPPP" + "P" * 20
    assert needed(ledger(t={"base": recorded}), RETIRED, ["t"]) == ["t cand 0,1,2,3"]
    asked = ledger(t={"base": recorded, "cand": "F" * 8})
    assert needed(asked, RETIRED, ["t"]) == ["t cand 8,9,10,11"]
    found = decided(ledger(t={"base": recorded, "cand": "F" * 12}), RETIRED, ["t"])
    assert (found.overall, found.fresh_baseline_trials) == ("fail", 0)
    assert line(found.verdicts["t"], found) == (
        "t 20/20 → 0/4; regressed; in the duel 0 of 4 trials passed, 20 of 20 before: "
        "p 9.4e-05 <= 0.0309 (1 of 1 suspect); first failing duel trial: 9"
    )
    assert notes(found) == (
        "the baseline is retired: drift since its recording is not excluded",
        "a candidate that is no worse fails this gate with a chance of at most 5%",
    )


def test_very_many_recorded_trials_of_a_retired_baseline_are_not_too_many() -> None:
    found = decided(ledger(t={"base": "P" * 1500, "cand": "F" * 12}), RETIRED, ["t"])
    verdict = found.verdicts["t"]
    assert (verdict.baseline, verdict.candidate) == ((200, 200), (0, 4))
    assert str(headline(found)) == "1 of 1 test regressed"


@pytest.mark.fault("G04")
def test_one_recorded_trial_of_a_retired_baseline_confirms_nothing() -> None:
    found = decided(ledger(t={"base": "P", "cand": "F" * 20}), RETIRED, ["t"])
    assert (found.overall, found.verdicts["t"].reason) == ("undecided", "one_baseline_trial")
    assert str(headline(found)) == (
        "1 of 1 test: 1 baseline trial per test: this gate cannot see any single-test regression "
        "offline; record more or allow fresh baseline calls."
    )


def test_a_retired_baseline_without_a_trial_is_undecided_and_asks_for_nothing() -> None:
    found = decided(ledger(t={"cand": "PPPP"}), RETIRED, ["t"])
    assert (found.overall, found.verdicts["t"].reason) == ("undecided", "no_baseline")


def test_a_suite_of_a_retired_baseline_fails_with_the_words_that_it_could_be_drift() -> None:
    tests = {f"t{n}": {"base": "P" * 25, "cand": "FPPPPPPP"} for n in range(10)}
    found = decided(Ledger(trials(tests)), RETIRED, tests)
    assert (found.overall, found.suite) == ("fail", "could_be_drift")
    assert any(note.startswith("could be drift") for note in notes(found))


# --- attempts, accepted changes -------------------------------------------------------------------


def test_a_second_attempt_has_trials_and_words_of_its_own() -> None:
    first = ledger(t={"base": "P" * 10, "cand": "F" * 12, "fresh": "P" * 20})
    assert decided(first, QUICK, ["t"]).overall == "fail"
    again = Policy(attempt=2)
    assert needed(first, again, ["t"]) == ["t cand 0,1,2,3"]
    second = first | stream("t", "cand", "PPPP", attempt=2)
    found = decided(second, again, ["t"])
    assert (found.overall, found.attempt) == ("pass", 2)
    assert notes(found) == ("attempt 2: false alarms at most 10% over both attempts",)
    assert decided(second, QUICK, ["t"]).overall == "fail"


def test_a_second_attempt_counts_no_answer_of_the_first() -> None:
    cand = [
        Trial("t", "cand", index, "pass", replies=(f"r{index}",), attempt=attempt)
        for index in range(4)
        for attempt in (1, 2)
    ]
    first = [*stream("t", "base", "P" * 10), *cand]
    assert needed(Ledger(first), Policy(attempt=2), ["t"]) == ["t cand 4,5,6,7"]


def test_a_test_that_an_attempt_leaves_out_is_read_at_the_one_before() -> None:
    both = ledger(
        a={"base": "P" * 10, "cand": "F" * 12, "fresh": "P" * 20},
        b={"base": "P" * 10, "cand": "PPPP"},
    ) | stream("a", "cand", "PPPP", attempt=2)
    assert both.attempts() == {"a": 2, "b": 1}
    found = plan(both, Policy(attempt=2), ["a", "b"], attempts=both.attempts())
    assert isinstance(found, Decision)
    assert (found.overall, found.attempt) == ("pass", 2)
    assert [(v.test, v.attempt) for v in found.tests] == [("a", None), ("b", 1)]
    assert needed(both, Policy(attempt=2), ["a", "b"]) == ["b cand 0,1,2,3"]


def test_an_accepted_regression_does_not_fail_the_gate_and_is_told() -> None:
    found = plan(
        ledger(a={"base": "P" * 10, "cand": "F" * 12, "fresh": "P" * 20},
               b={"base": "P" * 10, "cand": "PPPP"}),
        QUICK, ["a", "b"], accepted={"a": "the new format is wanted"},
    )  # fmt: skip
    assert isinstance(found, Decision)
    assert (found.overall, found.verdicts["a"].verdict) == ("pass", "regressed")
    assert line(found.tests[0], found).startswith(
        "a 20/20 → 0/4; accepted; accepted: the new format is wanted; in the duel 0 of 4 trials"
    )


# --- labels ---------------------------------------------------------------------------------------


def test_a_test_that_passes_more_often_is_improved() -> None:
    tests = {"a": {"base": "F" * 10, "cand": "PPPP"}, "b": {"base": "P" * 10, "cand": "PPPP"}}
    found = decided(Ledger(trials(tests)), QUICK, tests)
    assert (found.overall, found.verdicts["a"].verdict) == ("pass", "improved")
    assert line(found.verdicts["a"], found) == (
        "a 0/10 → 4/4; improved; failed on the baseline, passes in 4 of 4 trials of the candidate"
    )


def test_a_test_that_passes_more_often_by_chance_is_not_improved() -> None:
    found = decided(ledger(t={"base": "PPPPPFFFFF", "cand": "PPPP"}), QUICK, ["t"])
    assert found.verdicts["t"].verdict == "unchanged"


def test_a_behavior_that_moved_is_changed_and_does_not_gate() -> None:
    base = stream("t", "base", "P" * 10, profile=Profile("answered", calls=1))
    cand = stream("t", "cand", "PPPP", profile=Profile("asked", question="Which?", calls=1))
    found = decided(Ledger([*base, *cand]), QUICK, ["t"])
    assert (found.overall, found.verdicts["t"].verdict) == ("pass", "changed")
    assert line(found.verdicts["t"], found) == "t 10/10 → 4/4; changed"
    assert found.verdicts["t"].differences[0].counted == 'asks "Which?" in 4 of 4 trials'


# --- the ledger -----------------------------------------------------------------------------------


def test_two_trials_at_one_place_are_an_error_that_names_both() -> None:
    one = Trial("t", "cand", 0, "pass", cassette="a.yaml")
    other = Trial("t", "cand", 0, "fail", cassette="b.yaml")
    assert len(Ledger([one, one])) == 1
    with pytest.raises(SettingsError) as caught:
        Ledger([other, one])
    assert str(caught.value) == (
        "t: two different trials are cand 0 of attempt 1: a.yaml (pass) and b.yaml (fail)"
    )


def test_a_ledger_file_has_a_line_per_trial_and_reads_older_ones() -> None:
    written = ledger(t={"base": "PF", "cand": "V"})
    text = written.dumps()
    assert text.count("\n") == 3
    assert Ledger.loads(text) == written
    old = '{"test": "t", "stream": "base", "index": 0, "outcome": "pass"}\n'
    assert Ledger.loads(old).trials == (Trial("t", "base", 0, "pass"),)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[]", "ledger.jsonl:1: not a trial (no JSON object)"),
        ('{"v": 4}', "ledger.jsonl:1: a trial of version 4: this pytest-claude reads version 3; "
         "update it"),
        ('{"tset": 1}', "ledger.jsonl:1: not a trial (Trial.__init__() got an unexpected keyword "
         "argument 'tset')"),
    ],
)  # fmt: skip
def test_a_line_that_is_no_trial_is_told(line: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Ledger.loads(line, "ledger.jsonl")
    assert str(caught.value) == says


def test_a_decision_survives_its_json() -> None:
    found, rounds = played(
        trials({"a": {"base": "P" * 10, "cand": "F" * 60, "fresh": ALL_PASS}}), QUICK, ["a"]
    )
    assert rounds == 3
    assert Decision.from_json(json.loads(found.dumps())) == found
    with pytest.raises(SettingsError, match="a verdict of version 9"):
        Decision.from_json({"v": 9})


def test_the_names_of_the_package_are_there() -> None:
    assert sorted(gating.__all__) == list(gating.__all__)
    for name in gating.__all__:
        assert getattr(gating, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        gating.plann  # noqa: B018


def test_one_string_is_no_collection_of_tests() -> None:
    with pytest.raises(TypeError, match="tests='t': node ids, not one string"):
        plan(Ledger(), QUICK, "t")


def test_a_replay_without_a_network_gives_the_bytes_of_the_live_run() -> None:
    every = trials({"a": {"base": "P" * 10, "cand": "FFPPPPPPPFFF", "fresh": ALL_PASS},
                    "b": {"base": "P" * 10, "cand": "PPPP"}})  # fmt: skip
    live, _ = played(every, QUICK, ["a", "b"])
    assert decided(Ledger(every), OFFLINE, ["b", "a"]).dumps() == live.dumps()


def test_the_suite_reads_the_candidate_up_to_the_first_gap() -> None:
    """What came in behind a gap is there by chance of arrival."""
    found = decided(ledger(t={"base": "P" * 10, "cand": "F.FFFF"}), OFFLINE, ["t"])
    assert found.p_suite == pytest.approx(1 / 11)


def test_tests_that_share_set_ups_are_one_stratum_whatever_was_void() -> None:
    def sharing(test: str, letters: str) -> list[Trial]:
        cand = stream(test, "cand", letters)
        return [replace(trial, set_ups=(f"set-up {trial.index}",)) for trial in cand]

    base = [*stream("a", "base", "P"), *stream("b", "base", "P")]
    apart = [*base, *stream("a", "cand", "FPPP"), *stream("b", "cand", "FPPP")]
    assert decided(Ledger(apart), OFFLINE, ["a", "b"]).p_suite == pytest.approx(0.64)
    together = [*base, *sharing("a", "FPPP"), *sharing("b", "FPPP")]
    assert decided(Ledger(together), OFFLINE, ["a", "b"]).p_suite == pytest.approx(0.8)
    # The second test has a void first trial, and reads a fifth: 1 of 5 set-ups is bad.
    voided = [*base, *sharing("a", "FPPP"), *sharing("b", "VPPPP")]
    assert decided(Ledger(voided), OFFLINE, ["a", "b"]).p_suite == pytest.approx(5 / 6)
