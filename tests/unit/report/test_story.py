"""A run as reports tell it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples

from pytest_claude.gating import Policy
from pytest_claude.report.commands import commands_for, next_commands
from pytest_claude.run.record import Run, TestResult
from pytest_claude.report.story import Typed, story
from pytest_claude.report.overview import Origin, change, overview_page
from pytest_claude.report.unfolded import opening_pair


def test_the_worst_comes_first_and_zero_counts_stay() -> None:
    told = story(samples.FAILED)
    assert [entry.kind for entry in told.entries] == [
        "regressed", "regressed", "improved", "changed", "unchanged", "ungated",
    ]  # fmt: skip
    assert told.counts == {
        "regressed": 2, "improved": 1, "changed": 1, "undecided": 0, "unchanged": 1, "ungated": 1,
    }  # fmt: skip


def test_a_changed_test_shows_which_trials_behave_so() -> None:
    (entry,) = story(samples.CHANGED).of("changed")
    assert entry.behaves
    assert [set(side.marks) for side in entry.sides] == [{"no"}, {"yes"}]


def test_a_test_that_did_not_arrive_is_undecided() -> None:
    run = replace(samples.PASSED, collected=(*samples.PASSED.collected, "tests/test_z.py::test_z"))
    lost = story(run).of("undecided")
    assert [entry.test for entry in lost] == ["tests/test_z.py::test_z"]
    assert lost[0].sentence == "did not arrive: a lost worker, or the run was stopped"


@pytest.mark.parametrize(
    ("outcomes", "kind", "sentence"),
    [
        ("ppf", "passed", "`lookup_order` not called"),
        ("pff", "failed", "`lookup_order` not called"),
        ("ppp", "passed", None),
        ("s", "not run", "skipped: assert it"),
        ("pa", "failed", "assert it"),
    ],
)
def test_a_plain_run_goes_by_the_pass_rate(outcomes: str, kind: str, sentence: str | None) -> None:
    cause = "assert it" if set(outcomes) & {"s", "a"} else None
    trials = samples.trials("t.py::t", "base", outcomes, cause=cause)
    (entry,) = story(Run(results=(TestResult("t.py::t", trials, planned=3, needed=2),))).entries
    assert (entry.kind, entry.sentence) == (kind, sentence)


def test_the_first_failing_candidate_opens_against_the_first_passing_baseline() -> None:
    by_test = {entry.test: entry for entry in story(samples.FAILED).entries}
    assert opening_pair(by_test[samples.REFUND[0].test]) == [0, 8]
    assert opening_pair(by_test[samples.UNITS[0].test]) == [0, 0]


def test_the_change_of_a_test_is_in_percent() -> None:
    entry = next(entry for entry in story(samples.FAILED).entries if entry.kind == "changed")
    assert change(entry) == "+36%"


def test_the_first_screen_is_composed_from_data() -> None:
    page = overview_page(
        story(samples.FAILED), origin=Origin("bot", "1 Jan", "abcdef012"), run_file="r.json"
    )
    assert page.headline == "Fail: 2 of 6 tests regressed"
    assert page.rest == (
        "1 more test still passes but behaves differently. Not gateable: 1 (already failing). "
        "1 test passed less than 0.5 of the baseline's trials: said of it is only that not every "
        "trial fails now. A candidate that is no worse fails this gate with a chance of at most 5%."
    )
    assert page.origin == "1 Jan · bot@abcdef0"
    assert page.shorts == ("4-5", "5-5")
    assert [figure[1] for figure in page.figures] == [
        "calls per trial", "output tokens", "time to first token", "drop is caught with 0.90",
    ]  # fmt: skip


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
    lines = [command.line for command in commands_for(told.entries[0], told, "bump.json")]
    again = f"pytest {told.entries[0].test} {GATE} --claude-gate quick"
    assert lines[1:] == [f"{again} --claude-record=all", again]


def test_a_run_file_tells_a_preset_that_is_not_the_usual() -> None:
    decision = replace(samples.UNDECIDED.decision, policy=Policy.standard())
    run = replace(samples.UNDECIDED, decision=decision)
    assert story(run).repeat == f"pytest {GATE} --claude-gate standard"


def test_a_comparison_of_run_files_has_nothing_to_record() -> None:
    run = replace(samples.UNDECIDED, title="a.json → b.json", pairs=())
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
