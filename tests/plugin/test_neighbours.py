"""Beside other plugins the same tests give the same results."""

from __future__ import annotations

import pytest

TESTS = """
@pytest.mark.claude(trials=2)
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order")

def test_fails(claude):
    ask()
    assert claude.calls_no_tool()

def test_plain(): pass
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["-p", "xdist", "-n2"],
        ["-p", "xdist", "-n2", "--dist=worksteal"],
        ["-p", "xdist", "-n0"],
        ["-p", "no:xdist"],
        ["-p", "pytest_randomly"],
        ["-p", "pytest_recording.plugin"],
        ["-p", "pytest_recording.plugin", "--block-network"],
        ["-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function"],
    ],
    ids=" ".join,
)
@pytest.mark.fault("U05")
def test_the_same_result_with(project, arguments: list[str]) -> None:
    project.app(sdk_in_children=True)
    project.tests(TESTS)
    project.record()
    result = project.run(*arguments)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["E   *assert <no: calls `lookup_order`>", "-* claude -*"])


def test_a_test_with_another_plugins_marker_alone_is_not_ours(project) -> None:
    project.tests("@pytest.mark.vcr\ndef test_a(): pass\ndef test_b(claude): ask()")
    project.record("-p", "pytest_recording.plugin").assert_outcomes(passed=2)
    assert project.cassettes == ["test_app/test_b/claude-sonnet-4-5.yaml"]


def test_an_exception_group_of_pytest_itself_is_shown(project) -> None:
    """Several warnings of destructors are one exception group, raised where no test frame is."""
    project.tests(
        """
import gc, warnings

class Noisy:
    def __del__(self):
        raise ValueError("noisy")

def test_calls(claude):
    ask()

def test_other():
    for number in range(2):
        Noisy()
"""
    )
    project.record("-k", "test_calls")
    errors = ("-W", "error::pytest.PytestUnraisableExceptionWarning")
    result = project.pytester.runpytest_subprocess("-p", "pytest_claude.plugin", *errors)
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
