"""A gate that is cut: lost workers, ^C, errors of the service, broken fixtures."""

from __future__ import annotations

import json

import pytest
from simulator import asks, by_prompt, calls, overloaded
from simulator.personas import Request
from simulator.wire import Reply

from pytest_claude import cli

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
BUMP = f"--claude-bump={OLD}={NEW}"
ASKS = asks("Which order do you mean?")
CALLS = calls(("lookup_order", {"order_id": "1234"}))
WORDS = ["-p", "pytest_claude.plugin", "-W", "ignore"]


def run_file(project, name: str) -> dict:
    found: dict = json.loads((project.path / name).read_text())
    return found


@pytest.mark.child
def test_a_test_that_a_worker_lost_is_screened_before_the_bump_goes_on(project, capfd) -> None:
    project.app(sdk_in_children=True)
    project.tests(
        """
import os

def test_turns(claude):
    ask("turns")
    assert claude.calls_tool("lookup_order")

def test_dies(claude):
    ask("dies")
    if os.path.exists("die"):
        os.unlink("die")
        os._exit(1)
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=by_prompt({"turns": ASKS}, CALLS))
    project.record()
    capfd.readouterr()
    (project.path / "die").touch()
    rest = [*WORDS, "-p", "xdist", "-n2", "--claude-record", "--claude-report=a.json"]
    with project.server():
        assert cli.main(["bump", f"{OLD}={NEW}", "--", *rest]) == 1
    assert capfd.readouterr().out.count("test session starts") == 3
    told = {t["test"]: t["verdict"] for t in run_file(project, "a.json")["decision"]["tests"]}
    assert told == {"test_app.py::test_turns": "regressed", "test_app.py::test_dies": "unchanged"}
    project.run(BUMP, "--claude-report=alone.json")
    assert run_file(project, "alone.json")["decision"] == run_file(project, "a.json")["decision"]


def test_bump_passes_on_that_pytest_broke(project) -> None:
    project.tests(
        """
def test_a(claude):
    ask()
    assert claude.calls_tool("lookup_order")

def test_plain():
    pass
"""
    )
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP).assert_outcomes(passed=2)
    project.pytester.makeconftest(
        "def pytest_runtest_logfinish(nodeid):\n    assert 'plain' not in nodeid"
    )
    before = project.cassettes
    for command in ("bump", "adopt"):
        assert cli.main([command, f"{OLD}={NEW}", "--", *WORDS]) == pytest.ExitCode.INTERNAL_ERROR
    assert project.cassettes == before


def test_a_second_look_at_the_suite_counts_no_test_twice(project) -> None:
    project.tests(
        """
@pytest.mark.parametrize("n", range(7))
@pytest.mark.claude(trials=4, pass_rate=0.5)
def test_steady(claude, n):
    ask(f"steady {n}")
    assert claude.calls_tool("lookup_order")
"""
    )

    def asks_first(request: Request, seen: int) -> Reply:
        return (CALLS if seen else ASKS)(request, seen)

    project.personas(new=asks_first)
    project.record()
    result = project.record(BUMP, "--junitxml=junit.xml")
    result.assert_outcomes(passed=7)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    junit = (project.path / "junit.xml").read_text()
    assert junit.count("<testcase") == junit.count("<testcase classname=") == 7
    result.stdout.fnmatch_lines(
        ["FAIL  the suite passes less often *", "trials * + 56 fresh of the baseline, $* in all"]
    )


def test_what_was_paid_before_an_interrupt_is_in_the_run(project) -> None:
    project.tests(
        """
import os
taken = []

def test_a(claude):
    ask()
    taken.append(1)
    if len(taken) == 15 and os.path.exists("stop"):
        os.unlink("stop")
        raise KeyboardInterrupt
    assert claude.calls_tool("lookup_order")
"""
    )
    project.record()
    (project.path / "stop").touch()
    with project.server():
        cut = project.run(BUMP, "--claude-record", "--claude-report=cut.json")
        assert cut.ret == pytest.ExitCode.INTERRUPTED
        cut.stdout.fnmatch_lines(["UNDECIDED  1 of 1 test: the run was stopped before a decision"])
        assert len(run_file(project, "cut.json")["tests"][0]["trials"]) == 14
        project.run(BUMP, "--claude-record", "--claude-report=whole.json")
        assert len(project.simulator.bodies) == 8 + 4 + 20
    project.run(BUMP, "--claude-report=replay.json")
    decisions = [run_file(project, f"{name}.json")["decision"] for name in ("whole", "replay")]
    assert decisions[0] == decisions[1]


def test_an_attempt_that_was_cut_goes_on_when_all_is_recorded_anew(project) -> None:
    project.tests(
        """
import os
taken = []

def test_a(claude):
    ask()
    taken.append(1)
    if len(taken) == 3 and os.path.exists("stop"):
        os.unlink("stop")
        raise KeyboardInterrupt
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=CALLS)
    project.record()
    (project.path / "stop").touch()
    assert project.record(BUMP).ret == pytest.ExitCode.INTERRUPTED
    project.record(BUMP, mode="all").assert_outcomes(passed=1)
    assert not [path for path in project.cassettes if "attempt2" in path]
    project.record(BUMP, mode="all").assert_outcomes(passed=1)
    assert [path for path in project.cassettes if "attempt2" in path]


@pytest.mark.usefixtures("cold_python")
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n1")])
def test_an_attempt_that_was_killed_leaves_no_test_at_the_one_before(project, workers) -> None:
    project.tests(
        """
import os

def test_a(claude):
    ask("a")
    assert claude.calls_tool("lookup_order")

def test_b(claude, request):
    if os.path.exists("die"):
        if hasattr(request.config, "workerinput"):
            os.kill(os.getppid(), 9)
        os._exit(1)
    ask("b")
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=CALLS)
    project.record()
    project.record(BUMP).assert_outcomes(passed=2)
    (project.path / "die").touch()
    with project.server():
        project.pytester.runpytest_subprocess(*WORDS, BUMP, "--claude-record=all", *workers)
        (project.path / "die").unlink()
        asked = len(project.simulator.bodies)
        project.run(BUMP, "--claude-record", "--claude-report=a.json").assert_outcomes(passed=2)
        assert project.simulator.bodies[asked:], "test_b is asked again"
    decision = run_file(project, "a.json")["decision"]
    assert [test["attempt"] or decision["attempt"] for test in decision["tests"]] == [2, 2]
    asked_of = {path.split("/")[-2] for path in project.cassettes if "/attempt2/cand/" in path}
    assert asked_of == {"test_a", "test_b"}


def test_a_duel_that_errors_of_the_service_ended_goes_on(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    down = overloaded(99, CALLS)

    def breaks_down(request: Request, seen: int) -> Reply:
        return (ASKS if seen < 8 else down)(request, seen)

    project.personas(new=breaks_down)
    project.record()
    first = project.record(BUMP)
    first.stdout.fnmatch_lines(["UNDECIDED  1 of 1 test: * trials ended in errors *"])
    project.personas(new=ASKS)
    project.record(BUMP, "--claude-report=a.json").assert_outcomes(failed=1)
    found = run_file(project, "a.json")["decision"]
    assert (found["overall"], found["attempt"]) == ("fail", 1)
    project.run(BUMP, "--claude-report=b.json")
    assert run_file(project, "b.json")["decision"] == found


def test_what_errors_of_the_service_ended_is_tried_again_and_others_keep_their_ledger(
    project,
) -> None:
    project.tests(
        """
def test_a(claude):
    ask("a")
    assert claude.calls_tool("lookup_order")

def test_b(claude):
    ask("b")
    assert claude.calls_tool("lookup_order")
"""
    )
    project.personas(new=by_prompt({"a": overloaded(6, CALLS)}, CALLS))
    project.record()
    again = f"    pytest {BUMP.replace('=', ' ', 1)} --claude-gate quick --claude-record"
    with project.server():
        first = project.run(BUMP, "--claude-gate=quick", "--claude-record")
        assert first.outlines[first.outlines.index("  to try again") + 1] == again
        # A run of another test says nothing of this one.
        project.run(BUMP, "--claude-record", "-k", "test_b").assert_outcomes(passed=1, deselected=1)
        offline = project.run(BUMP)
        offline.stdout.fnmatch_lines(["UNDECIDED  1 of 2 tests: 2 of 2 trials ended in errors *"])
        project.run(BUMP, "--claude-record", "--claude-report=a.json").assert_outcomes(passed=2)
    project.run(BUMP, "--claude-report=b.json").assert_outcomes(passed=2)
    assert run_file(project, "a.json")["decision"] == run_file(project, "b.json")["decision"]
