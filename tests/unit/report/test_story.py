"""A run as reports tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples

from pytest_claude.gating import Policy
from pytest_claude.report.commands import commands_for, next_commands
from pytest_claude.report.overview import Origin, change, overview_page
from pytest_claude.report.story import Typed, story
from pytest_claude.report.unfolded import opening_pair
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.decide import decided
from pytest_claude.run.record import Run, TestResult


def test_the_worst_comes_first_and_zero_counts_stay() -> None:
    told = story(samples.FAILED)
    assert [row.word for row in told.rows] == [
        "regressed", "regressed", "improved", "changed", "unchanged", "unchanged",
    ]  # fmt: skip
    assert told.counts == {
        "refused": 0, "regressed": 2, "undecided": 0, "accepted": 0, "improved": 1, "changed": 1,
        "unchanged": 2, "not run": 0,
    }  # fmt: skip


def test_accepted_and_refused_are_regressions_told_apart() -> None:
    for run, word in ((samples.ACCEPTED, "accepted"), (samples.REFUSED, "refused")):
        (row,) = story(run).of(word)  # type: ignore[arg-type]
        assert (row.status, row.reason) == ("regressed", word)
        assert row.fails == (word == "refused")


def test_a_row_counts_the_trials_of_all_its_stages() -> None:
    row = next(row for row in story(samples.FAILED).rows if row.test == samples.REFUND[0].test)
    assert row.rates == "30/30 → 5/12"
    lanes = [(lane.label, lane.good, lane.of) for side in row.sides for lane in side.lanes]
    assert lanes == [("recorded", 10, 10), ("fresh", 20, 20), ("screen", 4, 8), ("duel", 1, 4)]
    assert row.evidence is not None
    assert row.evidence.startswith("in the duel 1 of 4 trials passed, 20 of 20 before: p 0.0020")


def test_trials_that_the_gate_did_not_read_are_not_counted() -> None:
    test = "tests/test_a.py::test_more"
    result, verdict = samples.result(test, "unchanged", "pp", "pppp")
    more = replace(result, trials=(*result.trials, samples.trial(test, "cand", 4, "fail")))
    (row,) = story(samples.bump("pass", (more, verdict))).rows
    assert row.rates == "2/2 → 4/4"


def test_voids_and_copies_are_drawn_and_not_counted() -> None:
    test = "tests/test_a.py::test_voids"
    result, verdict = samples.result(test, "unchanged", "pp", "pvpp")
    run = samples.bump("pass", (result, replace(verdict, used=(3, 0))))
    (row,) = story(run).rows
    assert row.rates == "2/2 → 3/3"
    assert row.sides[1].marks == ("pass", "void", "pass", "pass")


def test_a_changed_test_shows_which_trials_behave_so_and_counts_those_that_passed() -> None:
    (row,) = story(samples.CHANGED).of("changed")
    assert row.behaves
    assert [set(side.marks) for side in row.sides] == [{"no"}, {"yes"}]
    assert row.rates == "10/10 → 4/4"


def test_a_test_that_did_not_arrive_is_undecided() -> None:
    lost = "tests/test_z.py::test_z"
    run = replace(samples.PASSED, collected=(*samples.PASSED.collected, lost))
    decision = decided(run, Policy(offline=True))
    (row,) = story(replace(run, decision=decision)).of("undecided")
    assert (row.test, row.reason) == (lost, "not_arrived")
    assert row.text == "did not arrive: not collected, a lost worker, or the run was stopped"


@pytest.mark.parametrize(
    ("outcomes", "word", "text"),
    [
        ("ppf", "passed", "`lookup_order` not called"),
        ("pff", "failed", "`lookup_order` not called"),
        ("ppp", "passed", None),
        ("s", "not run", "skipped: assert it"),
        ("pa", "failed", "assert it"),
    ],
)
def test_a_plain_run_goes_by_the_pass_rate(outcomes: str, word: str, text: str | None) -> None:
    cause = "assert it" if set(outcomes) & {"s", "a"} else None
    trials = samples.trials("t.py::t", "base", outcomes, cause=cause)
    (row,) = story(Run(results=(TestResult("t.py::t", trials, planned=3, needed=2),))).rows
    assert (row.word, row.text) == (word, text)


def test_the_first_failing_candidate_opens_against_the_first_passing_baseline() -> None:
    by_test = {row.test: row for row in story(samples.FAILED).rows}
    assert opening_pair(by_test[samples.REFUND[0].test]) == [0, 8]
    assert opening_pair(by_test[samples.UNITS[0].test]) == [0, 0]


def test_a_test_and_a_suite_of_it_alone_have_one_ratio() -> None:
    told = story(samples.bump("pass", samples.CITIES))
    (tokens,) = (figure for figure in told.figures if figure.measure == "output_tokens")
    assert tokens.ratio == pytest.approx(told.rows[0].cost_ratio)
    assert change(told.rows[0]) == "×1.48"


def test_the_first_screen_is_composed_from_data() -> None:
    page = overview_page(
        story(samples.FAILED), origin=Origin("bot", "1 Jan", "abcdef012"), run_file="r.json"
    )
    assert page["headline"] == "Fail: 2 of 6 tests regressed"
    assert page["rest"] == (
        "1 more test still passes but behaves differently. Not gateable: 1 (already failing). "
        "1 test passed less than 0.5 of the baseline's trials: said of it is only that not every "
        "trial fails now. A candidate that is no worse fails this gate with a chance of at most 5%."
    )
    assert page["origin"] == "1 Jan · bot@abcdef0"
    assert page["shorts"] == ("4-5", "5-5")
    assert page["figures"] == (
        ("×1.00", "calls per test"), ("×1.48", "output tokens per test"),
        ("≥ 0.5", "drop is caught with 0.90"),
    )  # fmt: skip


def test_without_a_run_file_the_commands_read_the_cassette() -> None:
    first = next_commands(story(samples.FAILED), None)[0]
    assert first.line.startswith("pytest-claude inspect --transcript cassettes/_gate/")


GATE = f"--claude-bump {samples.OLD}={samples.NEW}"


@pytest.mark.parametrize(
    ("typed", "repeat", "finish"),
    [
        (None, f"pytest {GATE}", f"pytest {GATE} --claude-record"),
        (
            Typed(tests="tests -k x"),
            f"pytest {GATE} tests -k x",
            f"pytest {GATE} tests -k x --claude-record",
        ),
        (
            Typed("--claude-gate quick", workers="4"),
            f"pytest {GATE} --claude-gate quick",
            f"pytest-claude bump {samples.OLD}={samples.NEW} -- -n 4 --claude-gate quick "
            "--claude-record",
        ),
    ],
    ids=["unknown", "selected", "with workers"],
)
def test_what_goes_on_says_what_was_typed(typed: Typed | None, repeat: str, finish: str) -> None:
    told = [command.line for command in next_commands(story(samples.UNDECIDED, typed), None)]
    assert (told[0], told[-1]) == (finish, repeat)


def test_a_command_for_one_test_runs_no_other() -> None:
    told = story(samples.UNDECIDED, Typed("--claude-gate quick", "-k x tests"))
    lines = [command.line for command in commands_for(told.rows[0], told, "bump.json")]
    again = f"pytest {told.rows[0].test} {GATE} --claude-gate quick"
    assert lines[1:] == [f"{again} --claude-record=all", again]


def test_a_run_file_tells_a_preset_that_is_not_the_usual() -> None:
    decision = replace(samples.UNDECIDED.decision, policy=Policy.standard())
    run = replace(samples.UNDECIDED, decision=decision)
    assert story(run).repeat == f"pytest {GATE} --claude-gate standard"


def test_a_comparison_of_run_files_has_nothing_to_record() -> None:
    files = Comparison("files", before="a.json", after="b.json")
    run = replace(samples.UNDECIDED, comparison=files)
    labels = [command.label for command in next_commands(story(run), None)]
    assert labels == ["to read it", "to repeat it"]


def test_what_was_not_recorded_is_not_to_be_read() -> None:
    test = "tests/test_a.py::test_void"
    run = samples.bump("undecided", samples.result(test, "undecided", "", "vv"))
    labels = [command.label for command in next_commands(story(run), None)]
    assert labels == ["to repeat it"]
    mixed = samples.bump("undecided", samples.result(test, "undecided", "p", "vv"))
    line = next_commands(story(mixed), None)[0].line
    assert line == f"pytest-claude inspect --transcript {mixed.results[0].trials[0].cassette}"
