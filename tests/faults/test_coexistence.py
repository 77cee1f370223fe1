"""Beside pytest's own settings: names that are nearly right, switches, optimised Python."""

from __future__ import annotations

import subprocess
import sys

import pytest

CALLS = """
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order")

def test_fails(claude):
    ask()
    assert claude.calls_no_tool()
"""
WRONG = {
    "--claude-recrod": "--claude-recrod: unknown option; did you mean '--claude-record'?",
    "--claude-trails=2": "--claude-trails: unknown option; did you mean '--claude-trials'?",
    "-o claude_gaurd=tests": "claude_gaurd: unknown ini key; did you mean 'claude_guard'?",
}


@pytest.mark.parametrize(("words", "told"), WRONG.items(), ids=WRONG)
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n2")], ids=["alone", "workers"])
@pytest.mark.fault("U03")
def test_a_misspelt_name_is_a_usage_error_with_the_nearest(
    project, words: str, told: str, workers: tuple[str, ...]
) -> None:
    project.tests(CALLS)
    result = project.run(*words.split(), *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {told}"])


@pytest.mark.fault("U03")
def test_a_misspelt_key_in_the_ini_file_is_one_too(project) -> None:
    project.tests(CALLS)
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_ignroe = ['dates']\n"
    )
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = "ERROR: claude_ignroe: unknown ini key; did you mean 'claude_ignore'?"
    result.stderr.fnmatch_lines([told])


@pytest.mark.parametrize(
    "text", ["\ufeff[pytest]\n", "[pytest]\n[other]\n= x\n"], ids=["mark", "odd"]
)
def test_an_ini_file_that_pytest_reads_is_no_error(project, text: str) -> None:
    project.tests("def test_calls(claude):\n    ask()\n")
    project.record()
    (project.path / "pytest.ini").write_text(text, "utf-8")
    project.run("-o", "pythonpath=.").assert_outcomes(passed=1)


def test_names_that_others_have_declared_are_theirs(project) -> None:
    project.tests("def test_calls(claude):\n    ask()\n")
    project.record()
    project.pytester.makeconftest(
        "def pytest_addoption(parser):\n    parser.addoption('--claude-flavour')\n"
        "    parser.addoption('--claude-reports')\n"
        "    parser.addini('claude_flavour', 'theirs')\n"
    )
    words = ("--claude-flavour=mint", "--claude-reports=none", "-o", "claude_flavour=mint")
    project.run(*words).assert_outcomes(passed=1)


OTHERS = ("logging", "junitxml", "cacheprovider", "xdist", "capture", "warnings", "doctest",
          "recording", "faulthandler")  # fmt: skip


@pytest.mark.parametrize("plugin", OTHERS)
@pytest.mark.fault("U04")
def test_without_another_plugin_the_same_tests_pass(project, plugin: str) -> None:
    project.tests(CALLS)
    project.record()
    project.run("-p", f"no:{plugin}").assert_outcomes(passed=1, failed=1)


@pytest.mark.usefixtures("cold_python")
@pytest.mark.fault("U04")
def test_optimised_python_checks_and_fails_as_any_other(project) -> None:
    project.tests(CALLS)
    project.record()
    words = [sys.executable, "-O", "-m", "pytest", "-q", "-p", "pytest_claude.plugin"]
    done = subprocess.run(words, cwd=project.path, capture_output=True, text=True)
    assert "1 failed, 1 passed" in done.stdout
    assert "- claude -" in done.stdout
    assert "  expected  " in done.stdout


SUBTESTS = """
def test_parts(claude, subtests):
    with subtests.test("asks"):
        ask()
    with subtests.test("calls"):
        assert claude.calls_tool("lookup_order")
"""


@pytest.mark.fault("U06")
def test_a_skipped_test_needs_no_cassette_and_an_error_in_set_up_is_one(project) -> None:
    project.tests(
        """
@pytest.mark.skip(reason="not now")
def test_skips(claude):
    ask("never recorded")

@pytest.mark.skipif(True, reason="nor here")
def test_skips_too(claude):
    ask("never recorded")

@pytest.mark.xfail(reason="it is known")
def test_known(claude):
    ask()
    assert claude.calls_no_tool()

@pytest.fixture
def broken():
    raise RuntimeError("set-up")

def test_broken(claude, broken):
    ask()
"""
        + (SUBTESTS if hasattr(pytest, "Subtests") else "")
    )
    for result in (project.record(), project.run("--claude-strict")):
        outcomes = result.parseoutcomes()
        wanted = {"skipped": 2, "xfailed": 1, "errors": 1, "failed": 0}
        assert {name: outcomes.get(name, 0) for name in wanted} == wanted
    recorded = {name.split("/")[1] for name in project.cassettes}
    assert recorded - {"test_parts"} == {"test_known"}
    assert ("test_parts" in recorded) == hasattr(pytest, "Subtests")
