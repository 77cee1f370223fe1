"""What one more test costs a run: as much in a large suite as in a small one."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from simulator import says

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
HALF = 6
TESTS = "\n".join(
    f"def test_{number}(claude):\n    ask('{number}')\n    assert claude.stops_with('end_turn')"
    for number in range(HALF)
)
FEW = ["test_one.py"]
TWICE_AS_MANY = ["test_one.py", "test_two.py"]
SPARE = 2 * HALF
"""Calls that a function may be made more often than in proportion: what is tried once a folder."""


@pytest.fixture
def suite(project: Any) -> Any:
    """Two modules of tests that pass on both models, recorded."""
    project.personas(old=says("Hi."), new=says("Hi."))
    project.tests(TESTS, "test_one")
    project.tests(TESTS, "test_two")
    return project


def calls_of(run: Callable[[], object]) -> Counter[str]:
    """How often each function of ours is called meanwhile; generators count by their steps."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        module = str(frame.f_globals.get("__name__"))
        if event == "call" and module.startswith("pytest_claude."):
            calls[f"{module}:{frame.f_code.co_qualname}"] += 1

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return calls


def grown(suite: Any, *options: str) -> tuple[Counter[str], list[str]]:
    """The calls of a run of all tests, and those that grow faster than the number of tests."""
    suite.run(*TWICE_AS_MANY, *options)  # what a process does once is done
    few = calls_of(lambda: suite.run(*FEW, *options).assert_outcomes(passed=HALF))
    many = calls_of(lambda: suite.run(*TWICE_AS_MANY, *options).assert_outcomes(passed=2 * HALF))
    faster = [
        f"{name}: {few[name]} → {number}"
        for name, number in sorted(many.items())
        if number > 2 * few[name] + SPARE
    ]
    return many, faster


def test_a_plain_run_with_a_junit_file_grows_with_its_tests(suite: Any) -> None:
    suite.record().assert_outcomes(passed=2 * HALF)
    calls, faster = grown(suite, "--junitxml=junit.xml", "--claude-report=run.json")
    assert not faster
    assert calls["pytest_claude.report.story:story"] == 1
    assert calls["pytest_claude.report.row:plain_row"] == 2 * (2 * HALF), "once more for JUnit"


def test_a_gate_grows_with_its_tests(suite: Any) -> None:
    suite.record()
    suite.record(BUMP).assert_outcomes(passed=2 * HALF)
    calls, faster = grown(suite, BUMP, "--junitxml=junit.xml", "--claude-report=run.json")
    assert not faster
    assert calls["pytest_claude.report.story:story"] == 1
    assert calls["pytest_claude.gating.planning:conclude"] == 1
    assert calls["pytest_claude.plugin.gate.comparison:GatedRun.__init__"] == 1
    assert calls["pytest_claude.plugin.arms:Arms.__init__"] == 1
