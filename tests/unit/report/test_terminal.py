"""Lines for people: within 80 columns, without control characters, nothing lost silently."""

from __future__ import annotations

import pytest

from pytest_claude.report.terminal import plain_lines, rows_text, usage_text
from pytest_claude.run.record import TestResult
from pytest_claude.transcript.quoting import printable


def test_rows_are_labelled_and_wrapped() -> None:
    rows = [
        ("expected", "a " * 60),
        ("evidence", "cassettes/" + "folder/" * 12 + "x.yaml, interaction 1 of 2"),
        ("", "  call(x=1)"),
        ("to go on", "inject before the app calls; " * 4),
        ("to record", "pytest " + "x" * 90),
    ]
    lines = rows_text(rows)
    assert lines[0].startswith("  expected   a a a")
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1] == f"  to record  pytest {'x' * 90}", "a command is never broken"
    assert [line[:13] for line in lines[-3:-1]] == ["  to go on   ", " " * 13]
    assert "".join(line[13:] for line in lines[2:-4]).replace(" ", "") == (
        "cassettes/" + "folder/" * 12 + "x.yaml,interaction1of2"
    )


@pytest.mark.fault("R03")
def test_control_characters_are_written_out() -> None:
    assert printable("a\x1b]0;x\x07\n::error::\u202e") == r"a\x1b]0;x\x07\n::error::\u202e"


def test_a_quiet_run_says_nothing() -> None:
    assert plain_lines([TestResult("t")]) == []


def test_a_usage_error_fits_and_breaks_no_command() -> None:
    command = "       pytest --claude-bump claude-sonnet-4-5=claude-sonnet-5-5 --claude-record"
    told = "--claude-bump claude-sonnet-5=claude-sonnet-5-5: no selected test asks claude-sonnet-5"
    shown = "ERROR: " + usage_text(f"{told}; they ask claude-sonnet-4-5 (1)\n{command}")
    assert shown.splitlines() == [
        "ERROR: --claude-bump claude-sonnet-5=claude-sonnet-5-5: no selected test asks",
        "       claude-sonnet-5; they ask claude-sonnet-4-5 (1)",
        command,
    ]
