"""Fixtures wider than a test have cassettes of their own, set up and torn down."""

from __future__ import annotations

import pytest

WIDE = """
@pytest.fixture(scope="{scope}")
def greeting():
    return ask("hello").content[0].name

def test_one(claude, greeting):
    ask("one")
    assert len(claude.replies) == 1

def test_two(claude, greeting):
    ask("two")
"""


@pytest.mark.parametrize("scope", ["module", "session", "class"])
@pytest.mark.fault("N02")
def test_a_wide_fixture_has_a_cassette_of_its_own(project, scope: str) -> None:
    project.tests(WIDE.format(scope=scope))
    project.record("-p", "no:randomly").assert_outcomes(passed=2)
    assert project.cassettes == [
        f"test_app/@fixtures/{scope}/greeting/claude-sonnet-4-5.yaml",
        "test_app/test_one/claude-sonnet-4-5.yaml",
        "test_app/test_two/claude-sonnet-4-5.yaml",
    ]
    for arguments in ([], ["-k", "test_two"], ["test_app.py::test_two", "test_app.py::test_one"]):
        result = project.run(*arguments)
        assert result.parseoutcomes().keys() <= {"passed", "deselected"}


def test_a_wide_fixture_first_used_by_another_test_is_replayed_too(project) -> None:
    project.tests(WIDE.format(scope="module") + "\ndef test_a_first(greeting):\n    pass\n")
    project.record("-p", "no:randomly", "test_app.py").assert_outcomes(passed=3)
    project.run("test_app.py::test_a_first", "test_app.py::test_one").assert_outcomes(passed=2)


def test_a_stale_wide_fixture_fails_each_test_that_needs_it(project) -> None:
    project.tests(WIDE.format(scope="module"))
    project.record("-p", "no:randomly")
    project.tests(WIDE.format(scope="module").replace("hello", "good morning"))
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(
        ["E   *CassetteMiss: no recording answers call 1: the prompt was edited (*"]
    )


TEARDOWN = """
@pytest.fixture(scope="{scope}")
def greeting():
    yield ask("hello").content[0].name
    {asks}("bye")

def test_one(claude, greeting):
    ask("one")

def test_two(claude, greeting):
    ask("two")
"""


@pytest.mark.parametrize("scope", ["module", "session", "class"])
def test_what_a_wide_fixture_asks_in_its_teardown_is_recorded_too(project, scope: str) -> None:
    project.tests(TEARDOWN.format(scope=scope, asks="ask"))
    project.record("-p", "no:randomly").assert_outcomes(passed=2)
    assert project.cassettes[:2] == [
        f"test_app/@fixtures/{scope}/greeting.teardown/claude-sonnet-4-5.yaml",
        f"test_app/@fixtures/{scope}/greeting/claude-sonnet-4-5.yaml",
    ]
    for arguments in ([], ["-k", "test_two"], ["test_app.py::test_two", "test_app.py::test_one"]):
        result = project.run("--claude-strict", *arguments)
        assert result.parseoutcomes().keys() <= {"passed", "deselected"}


@pytest.mark.parametrize("asks", ["ask", "careless"])
def test_a_stale_teardown_of_a_wide_fixture_is_an_error(project, asks: str) -> None:
    project.tests(TEARDOWN.format(scope="module", asks="ask"))
    project.record("-p", "no:randomly")
    project.tests(TEARDOWN.format(scope="module", asks=asks).replace("bye", "so long"))
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=2, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["E   *CassetteMiss: no recording answers call 1: the prompt was edited (*"]
    )


def test_an_unused_recording_of_a_wide_fixture_is_told_and_fails_under_strict(project) -> None:
    project.tests(TEARDOWN.format(scope="session", asks="ask"))
    project.record("-p", "no:randomly")
    project.tests(TEARDOWN.format(scope="session", asks="str"))
    result = project.run("-p", "no:randomly")
    result.assert_outcomes(passed=2)
    told = " ".join(line.strip() for line in result.outlines)
    assert "the session fixture `greeting` did not play cassettes/test_app/@fixtures/" in told
    result = project.run("-p", "no:randomly", "--claude-strict")
    result.assert_outcomes(passed=2, errors=1)


def test_two_workers_that_set_up_one_session_fixture_pay_for_it_once(project) -> None:
    from simulator import says

    def slow(body, seen):
        import time

        time.sleep(0.5)
        return says("Hello.")(body, seen)

    pytest.importorskip("xdist")
    project.personas(old=slow)
    source = """
@pytest.fixture(scope="session")
def greeting():
    return ask("hello").content[0].text

@pytest.mark.parametrize("n", [1, 2])
def test_one(claude, greeting, n):
    ask(f"one {n}")
"""
    project.tests(source)
    project.record("-p", "xdist", "-n2").assert_outcomes(passed=2)
    asked = [body["messages"][0]["content"] for body in project.simulator.bodies]
    assert sorted(asked) == ["hello", "one 1", "one 2"]
    project.run("-p", "xdist", "-n2").assert_outcomes(passed=2)
