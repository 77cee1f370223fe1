"""Lines for people: within 80 columns, without control characters, nothing lost silently."""

from __future__ import annotations

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating.plain import Verdict
from pytest_claude.report.artifact import Run, TestResult, dumps, loads
from pytest_claude.report.terminal import bump_lines, plain_lines, rows_text
from pytest_claude.transcript.quoting import printable


def test_rows_are_labelled_and_wrapped() -> None:
    rows = [
        ("expected", "a " * 60),
        ("evidence", "cassettes/" + "folder/" * 12 + "x.yaml, interaction 1 of 2"),
        ("", "  call(x=1)"),
        ("to record", "pytest " + "x" * 90),
    ]
    lines = rows_text(rows)
    assert lines[0].startswith("  expected   a a a")
    assert all(len(line) <= 80 for line in lines[:-1])
    assert lines[-1] == f"  to record  pytest {'x' * 90}", "a command is never broken"
    assert "".join(line[13:] for line in lines[2:-2]).replace(" ", "") == (
        "cassettes/" + "folder/" * 12 + "x.yaml,interaction1of2"
    )


def test_control_characters_are_written_out() -> None:
    assert printable("a\x1b]0;x\x07\n::error::\u202e") == r"a\x1b]0;x\x07\n::error::\u202e"


def result(test: str, kind: str, **more: object) -> TestResult:
    verdict = Verdict(kind, "why", (1, 1), (1, 1))  # type: ignore[arg-type]
    return TestResult(test, (Trial(test, "base", 0, "pass"),), verdict, **more)  # type: ignore[arg-type]


def test_long_lists_are_cut_and_counted_unless_all_are_asked_for() -> None:
    results = tuple(result(f"t{n}", "changed") for n in range(9))
    run = Run(("a=b",), "pass", "0 of 9", "rule", tuple(r.test for r in results), results)
    assert "  … 4 more (-vv shows all)" in bump_lines(run)
    assert any(line.startswith("  t8") for line in bump_lines(run, whole=True))


def test_every_regressed_test_is_named() -> None:
    results = tuple(result(f"t{n}", "regressed") for n in range(9))
    run = Run(("a=b",), "fail", "9 of 9", "rule", (), results)
    assert any(line.startswith("  t8") for line in bump_lines(run))


def test_a_test_that_did_not_arrive_is_named() -> None:
    run = Run(("a=b",), "undecided", "1 of 2", "rule", ("t0", "t1"), (result("t0", "unchanged"),))
    lines = bump_lines(run)
    assert (
        lines[lines.index("did not arrive (a lost worker, or the run was stopped)") + 1] == "  t1"
    )


def test_a_quiet_run_says_nothing() -> None:
    assert plain_lines([TestResult("t")]) == []


def test_a_run_has_a_json_form() -> None:
    run = Run(("a=b",), "pass", "s", "r", ("t0",), (result("t0", "changed", notes=("n",)),))
    assert loads(dumps(run), "x") == run


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "pytest-claude run 99"}'])
def test_what_is_no_run_file_is_one_sentence(text: str) -> None:
    with pytest.raises(SettingsError, match=r"x.json: no run file"):
        loads(text, "x.json")
