"""Trials: one test run several times, published as one."""

from __future__ import annotations

import json

import pytest
from simulator import flaky, says


def test_each_trial_has_its_cassette_and_the_test_is_one_dot(project) -> None:
    project.tests("@pytest.mark.claude(trials=3)\ndef test_calls(): ask()")
    project.record().assert_outcomes(passed=1)
    assert project.cassettes == [
        f"test_app/test_calls/claude-sonnet-4-5{n}.yaml" for n in (".2", ".3", "")
    ]
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_app.py . *"])


def test_what_is_fresh_in_each_trial_and_what_stays(project) -> None:
    project.tests(
        """
seen = []

@pytest.fixture(scope="module")
def wide():
    seen.append("module up")
    yield
    seen.append("module down")

@pytest.fixture
def narrow(tmp_path):
    seen.append("up")
    (tmp_path / "x").touch(exist_ok=False)
    yield
    seen.append("down")

@pytest.mark.claude(trials=2)
class TestIt:
    def test_a(self, wide, narrow, monkeypatch, capsys, record_property):
        assert not hasattr(self, "mark")
        self.mark = 1
        print("hi")
        assert capsys.readouterr().out == "hi\\n"
        record_property("k", "v")

def test_last():
    assert seen == ["module up", "up", "down", "up", "down"]
"""
    )
    project.run("-p", "no:cacheprovider").assert_outcomes(passed=2)


FLAKY = """
trials = iter([{outcomes}])

@pytest.mark.claude(trials=5, pass_rate=0.8)
def test_flaky(claude):
    print("trial speaks")
    assert next(trials), "it broke"
"""


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [("1, 1, 0, 1, 1", "passed"), ("1, 0, 1, 0, 1", "failed"), ("0, 0, 0, 0, 0", "failed")],
)
def test_the_pass_rate_decides(project, outcomes: str, expected: str) -> None:
    project.tests(FLAKY.format(outcomes=outcomes))
    project.run().assert_outcomes(**{expected: 1})


def test_a_failed_test_says_how_many_trials_passed(project) -> None:
    project.tests(FLAKY.format(outcomes="1, 0, 1, 0, 1"))
    result = project.run()
    result.stdout.fnmatch_lines(
        ["FAILED test_app.py::test_flaky - 3 of 5 trials passed, 4 needed; Ass*"]
    )
    assert result.outlines.count("trial speaks") == 5
    result.stdout.fnmatch_lines(["-* trial 2: Captured stdout call -*"])


def test_a_failed_check_names_its_trial(project) -> None:
    project.personas(old=flaky(says("Hello."), says("Bye."), 0.5, "x"))
    project.tests(
        """
@pytest.mark.claude(trials=4)
def test_calls(claude):
    ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E       AssertionError: assert <no: `lookup_order` not called>",
            "-* claude -*",
            "claude-sonnet-4-5, trial 1 of 4 (0 of 4 trials passed, 4 needed: pass_rate 1.0)",
            "  expected    `lookup_order` called",
            '  observed    no tool call; the reply says: "*"',
            "  evidence    cassettes/test_app/test_calls/claude-sonnet-4-5.yaml,",
            "              interaction 1 of 1",
            '                "*"',
            "  to redo it  pytest test_app.py::test_calls --claude-record=all",
        ]
    )


def test_the_command_line_sets_the_trials(project) -> None:
    project.tests("n = []\ndef test_a(claude): n.append(1)\ndef test_b(): assert len(n) == 3")
    project.run("--claude-trials=3").assert_outcomes(passed=2)


def test_a_miss_in_one_trial_fails_the_test_and_ends_it(project) -> None:
    test = "@pytest.mark.claude(trials={0}, pass_rate=0.1)\ndef test_calls(): print('ran'); ask()"
    project.tests(test.format(2))
    project.record()
    project.tests(test.format(5))
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *CassetteMiss: * trial 3 is not recorded"])
    assert result.stdout.str().count("\nran\n") == 3


@pytest.mark.parametrize(
    ("source", "outcomes"),
    [
        ("def test_a(claude): pytest.skip('no')", {"skipped": 1}),
        ("@pytest.mark.skip\ndef test_a(claude): pass", {"skipped": 1}),
        ("@pytest.mark.xfail\ndef test_a(claude): assert 0", {"xfailed": 1}),
        ("@pytest.mark.xfail\ndef test_a(claude): pass", {"xpassed": 1}),
        ("@pytest.mark.xfail(strict=True)\ndef test_a(claude): pass", {"failed": 1}),
        ("@pytest.fixture\ndef bad(): 1 / 0\ndef test_a(claude, bad): pass", {"errors": 1}),
        (
            "@pytest.fixture\ndef bad():\n    yield\n    1 / 0\ndef test_a(claude, bad): pass",
            {"passed": 1, "errors": 1},
        ),
        (
            "@pytest.fixture(scope='module')\ndef bad():\n    yield\n    1 / 0\n"
            "def test_a(claude, bad): pass",
            {"passed": 1, "errors": 1},
        ),
        ("@pytest.mark.parametrize('x', [1, 2])\ndef test_a(claude, x): pass", {"passed": 2}),
        (
            "def test_a(claude, subtests):\n    with subtests.test('x'):\n        assert 0",
            {"failed": 1},
        ),
    ],
    ids=["skip", "skip marker", "xfail", "xpass", "strict xpass", "set-up error",
         "teardown error", "wide teardown error", "parametrize", "sub-test"],
)  # fmt: skip
@pytest.mark.parametrize("trials", [1, 2])
@pytest.mark.fault("U06")
def test_pytests_own_meanings_stay(project, source: str, outcomes: dict, trials: int) -> None:
    if "subtests" in source:
        pytest.importorskip("_pytest.subtests", reason="pytest 8 has no sub-tests")
    project.tests(source)
    result = project.run(f"--claude-trials={trials}")
    found = result.parseoutcomes()
    found.pop("subtests passed", None)
    found.pop("subtest passed", None)
    assert {key.rstrip("s"): n for key, n in found.items()} == {
        key.rstrip("s"): n for key, n in outcomes.items()
    }


def test_a_failed_subtest_is_forgiven_by_the_pass_rate(project) -> None:
    pytest.importorskip("_pytest.subtests", reason="pytest 8 has no sub-tests")
    project.tests(
        """
trials = iter([0, 1, 1])

@pytest.mark.claude(trials=3, pass_rate=0.6)
def test_a(claude, subtests):
    with subtests.test("x"):
        assert next(trials)
"""
    )
    result = project.run()
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == 1


def test_unittest_classes_get_self_claude(project) -> None:
    project.tests(
        """
import unittest

@pytest.mark.claude(trials=2)
class TestDesk(unittest.TestCase):
    def setUp(self):
        self.early = self.claude

    def test_calls(self):
        ask()
        self.assertTrue(self.claude.calls_tool("lookup_order"))
        self.assertIs(self.early, self.claude)

    @pytest.mark.claude_clarifies
    def test_clarifies(self):
        ask()
"""
    )
    project.record().assert_outcomes(passed=1, failed=1)
    project.run().assert_outcomes(passed=1, failed=1)


def test_x_stops_after_the_first_failed_test(project) -> None:
    project.tests("def test_a(claude): assert 0\ndef test_b(claude): pass")
    project.run("-x").assert_outcomes(failed=1)


def test_junit_and_last_failed(project) -> None:
    project.tests("@pytest.mark.claude(trials=2)\ndef test_a(): assert 0\ndef test_b(): pass")
    project.run("--junitxml=junit.xml")
    text = (project.path / "junit.xml").read_text()
    assert text.count("<testcase") == 2
    assert 'tests="2"' in text
    project.run("--lf").assert_outcomes(failed=1)


def test_a_fixture_of_the_projects_own_called_claude_is_left_alone(project) -> None:
    project.tests(
        """
@pytest.fixture
def claude():
    return "mine"

def test_mine(claude):
    assert claude == "mine"

def test_ours(pytest_claude):
    ask()
    assert pytest_claude.calls_tool("lookup_order")
"""
    )
    project.record().assert_outcomes(passed=2)
    assert project.cassettes == ["test_app/test_ours/claude-sonnet-4-5.yaml"]


def test_claude_tests_can_be_selected(project) -> None:
    project.tests("def test_a(claude): pass\ndef test_b(): pass\n"
                  "@pytest.mark.claude_clarifies\ndef test_c(): pass")  # fmt: skip
    project.run("-m", "claude", "--collect-only", "-q").stdout.fnmatch_lines(
        ["test_app.py::test_a", "test_app.py::test_c", "*2/3 tests collected*"]
    )


def test_results_are_told_per_trial_in_the_run_file(project) -> None:
    project.tests("@pytest.mark.claude(trials=2)\ndef test_calls(): ask()")
    project.record()
    project.run("--claude-report=run.json").assert_outcomes(passed=1)
    run = json.loads((project.path / "run.json").read_text())
    assert run["format"] == "pytest-claude run 3"
    assert [(t["index"], t["outcome"]) for t in run["tests"][0]["trials"]] == [
        (0, "pass"),
        (1, "pass"),
    ]
    from pytest_claude.run.record import dumps, loads

    text = (project.path / "run.json").read_text()
    assert dumps(loads(text, "run.json")) == text


def test_a_time_limit_is_one_trials(project) -> None:
    project.tests("@pytest.mark.claude(trials=3)\ndef test_a(claude):\n    ask()\n")
    project.pytester.makeconftest(
        "from pathlib import Path\n"
        "def write(word):\n"
        "    with Path('timers').open('a') as file:\n"
        "        file.write(word)\n"
        "    return True\n"
        "def pytest_timeout_set_timer():\n    return write('set ')\n"
        "def pytest_timeout_cancel_timer():\n    return write('cancel ')\n"
    )
    project.record("-p", "pytest_timeout", "--timeout=60").assert_outcomes(passed=1)
    timers = (project.path / "timers").read_text().split()
    # The timer of the whole test is set by pytest-timeout, and cancelled by us.
    assert timers == ["set", *["cancel", "set", "cancel"] * 3, "cancel"]


@pytest.mark.fault("W05")
def test_what_a_time_limit_ended_is_no_recording(project) -> None:
    project.tests("import time\ndef test_a(claude):\n    ask()\n    time.sleep(30)\n")
    result = project.record("-p", "pytest_timeout", "--timeout=1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E  *Failed: Timeout *",
            "  observed   Timeout * from pytest-timeout: nothing was recorded",
            "  to record  pytest test_app.py::test_a --claude-record, with a longer limit",
        ]
    )
    assert [name for name in project.cassettes if name.endswith(".yaml")] == []
    # A recording that is there is not to blame.
    project.tests("import time\ndef test_a(claude):\n    ask()\n    time.sleep(SLEEP)\nSLEEP = 0\n")
    project.record().assert_outcomes(passed=1)
    project.tests("import time\ndef test_a(claude):\n    ask()\n    time.sleep(SLEEP)\nSLEEP = 9\n")
    result = project.run("-p", "pytest_timeout", "--timeout=1")
    result.assert_outcomes(failed=1)
    assert "nothing was recorded" not in result.stdout.str()


def test_all_that_is_recorded_is_replayed_whatever_the_marker_says(project) -> None:
    project.tests("@pytest.mark.claude(trials=2)\ndef test_a(claude):\n    ask()\n")
    project.record("--claude-trials=5").assert_outcomes(passed=1)
    project.run("--claude-trials=recorded", "--claude-report=run.json").assert_outcomes(passed=1)
    [test] = json.loads((project.path / "run.json").read_text())["tests"]
    assert [trial["index"] for trial in test["trials"]] == [0, 1, 2, 3, 4]
    project.run("--claude-report=run.json").assert_outcomes(passed=1)
    [test] = json.loads((project.path / "run.json").read_text())["tests"]
    assert len(test["trials"]) == 2
    result = project.run("--claude-trials=all")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
