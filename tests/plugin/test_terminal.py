"""The section on every kind of terminal: right output, right exit status."""

from __future__ import annotations

import subprocess
import sys

import pytest
from simulator import asks, by_prompt, calls

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
CALL = ("lookup_order", {"order_id": "1234"})
TESTS = """
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order", order_id="1234")

def test_stays(claude):
    ask("stays")
    assert claude.stops_with("tool_use")
"""


@pytest.fixture
def bumped(project, recorded_once):
    """A project of which one test regresses."""
    project.app(sdk_in_children=True)
    project.tests(TESTS)
    question = asks("Which order – the 1st or the 2nd – do you want to return?")
    project.personas(new=by_prompt({"stays": calls(CALL)}, question))

    def record() -> None:
        project.record("--claude-trials=5")
        project.record(BUMP)

    recorded_once(project, "terminal", record)
    return project


def section(result: pytest.RunResult) -> list[str]:
    lines = result.outlines
    start = next((n for n, line in enumerate(lines) if f"{OLD} → {NEW} =" in line), None)
    return [] if start is None else lines[start + 1 :]


def test_a_hidden_run_file_is_not_told(bumped) -> None:
    result = bumped.run(BUMP, "-q", "--claude-report=.run1.json")
    assert (bumped.path / ".run1.json").exists()
    result.stdout.no_fnmatch_line("  run file *")


def test_quiet_is_the_headline_and_the_commands(bumped) -> None:
    result = bumped.run(BUMP, "-q")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = section(result)
    assert told[:2] == ["FAIL  1 of 2 tests regressed", "  to read it"]
    assert f"  to repeat it  pytest --claude-bump {OLD}={NEW}" in told


@pytest.mark.parametrize("how", ["-v", "-vv", "--tb=no", "--color=no"])
def test_the_section_is_there_however_pytest_speaks(bumped, how: str) -> None:
    result = bumped.run(BUMP, how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert section(result)[0] == "FAIL  1 of 2 tests regressed"


@pytest.mark.parametrize("how", [["--no-summary"], ["--no-summary", "-q"], ["-x"], ["-qq"]])
def test_the_exit_status_does_not_hang_on_what_is_printed(bumped, how: list[str]) -> None:
    result = bumped.run(BUMP, *how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    if "--no-summary" in how:
        assert section(result) == []


def test_collecting_alone_says_nothing(bumped) -> None:
    result = bumped.run(BUMP, "--co")
    assert result.ret == pytest.ExitCode.OK
    assert section(result) == []


def test_last_failed_repeats_the_regressed_test_alone(bumped) -> None:
    bumped.run(BUMP)
    result = bumped.run(BUMP, "--lf")
    result.assert_outcomes(failed=1)
    assert section(result)[0] == (
        "FAIL  1 of 1 test regressed; 1 of 2 tests not run on the candidate"
    )


def child(project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_claude.plugin", "-W", "ignore", *arguments],
        cwd=project.path, env={**os.environ, **environment}, capture_output=True, check=False,
    )  # fmt: skip


@pytest.mark.child
@pytest.mark.usefixtures("cold_python")
@pytest.mark.fault("R08")
def test_a_terminal_of_windows_gets_words_for_signs(bumped) -> None:
    result = child(bumped, BUMP, PYTHONIOENCODING="cp1252")
    told = result.stdout.decode("cp1252")
    assert result.returncode == 1
    assert f"{OLD} -> {NEW} =" in told
    assert "\\u2192" not in told.partition(f"{OLD} -> {NEW} =")[2].partition("short test")[0]
    assert b"UnicodeEncodeError" not in result.stdout + result.stderr
    assert "FAIL  1 of 2 tests regressed" in told


@pytest.mark.child
def test_a_terminal_without_colour_loses_nothing(bumped) -> None:
    plain = child(bumped, BUMP, "--color=no").stdout.decode()
    coloured = child(bumped, BUMP, "--color=yes").stdout.decode()
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert "FAIL  1 of 2 tests regressed" in plain


@pytest.mark.child
@pytest.mark.fault("R08")
def test_a_reader_that_has_seen_enough_gets_no_traceback(
    bumped, monkeypatch: pytest.MonkeyPatch
) -> None:
    bumped.run(BUMP, "--claude-report=bump.json")
    command = f"{sys.executable} -m pytest_claude.cli show bump.json test_calls"
    result = subprocess.run(
        f"{command} | head -n 1", shell=True, cwd=bumped.path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert result.stdout.startswith("test_app.py::test_calls  regressed")
    assert result.stderr == ""


@pytest.mark.child
@pytest.mark.usefixtures("cold_python")
@pytest.mark.fault("R08")
def test_a_closed_output_does_not_turn_red_into_green(bumped) -> None:
    command = f"{sys.executable} -m pytest -p pytest_claude.plugin -W ignore {BUMP} >&-"
    result = subprocess.run(command, shell=True, cwd=bumped.path, stderr=subprocess.PIPE)
    assert result.returncode != 0
