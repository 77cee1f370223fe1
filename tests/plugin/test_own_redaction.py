"""The conftest hook pytest_claude_redact: what only the project knows to be secret."""

from __future__ import annotations

import pytest
from simulator import says

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
FAILED = "the hook pytest_claude_redact failed: nothing is written"
CONFTEST = """
import re

def pytest_claude_redact(body):
    assert "sk-ant-" not in body, "keys are out already"
    return re.sub("Ada [A-Z][a-z]+", "[customer]", body)
"""
STREAMED = """
import anthropic, app

def test_calls(claude):
    asked = {"role": "user", "content": "I am Ada Lovelace, sk-ant-api03-abcdefgh"}
    with anthropic.Anthropic() as client:
        body = {"model": app.MODEL, "max_tokens": 9, "messages": [asked]}
        list(client.messages.create(**body, stream=STREAM))
    assert claude.reply.text == "Good morning, [customer], how are you?"
"""


@pytest.fixture
def hooked(project):
    """A project with the hook; the model repeats the customer's name."""
    project.pytester.makeconftest(CONFTEST)
    project.personas(old=says("Good morning, Ada Lovelace, how are you?"))
    return project


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_what_the_hook_takes_out_is_neither_stored_nor_missed(hooked, stream) -> None:
    hooked.tests(STREAMED.replace("STREAM", str(stream)))
    hooked.record().assert_outcomes(passed=1)
    text = hooked.cassette(FILE).read_text()
    assert "I am [customer], [redacted]" in text
    assert "Good morning, [customer], how are you?" in text
    assert "Lovel" not in text, "no piece of it"
    hooked.run("--claude-strict").assert_outcomes(passed=1)
    hooked.tests(STREAMED.replace("STREAM", str(stream)).replace("Lovelace", "Byron"))
    hooked.run("--claude-strict").assert_outcomes(passed=1)


def test_a_hook_that_came_later_finds_what_was_recorded_before(hooked) -> None:
    (hooked.path / "conftest.py").unlink()
    hooked.tests("def test_calls(claude):\n    ask('I am Ada Lovelace')")
    hooked.record().assert_outcomes(passed=1)
    hooked.pytester.makeconftest(CONFTEST)
    hooked.run("--claude-strict").assert_outcomes(passed=1)
    hooked.tests("def test_calls(claude):\n    ask('I am Ada Lovelace')\n    ask('more')")
    hooked.record().assert_outcomes(passed=1)
    assert len(hooked.simulator.bodies) == 1
    assert "Lovelace" not in hooked.cassette(FILE).read_text()


@pytest.mark.parametrize(
    ("hook", "headline", "observed"),
    [
        (
            "    raise ValueError('no list of names')",
            "a call could not be recorded or replayed: ValueError: no list of names",
            "ValueError: no list of names",
        ),
        ("    return {'body': body}", FAILED, "it returned dict, not a text"),
        ("    return body[1:]", FAILED, "it returned no JSON for a text that is"),
    ],
    ids=["raises", "no text", "no JSON"],
)
@pytest.mark.parametrize("when", ["request", "answer"])
@pytest.mark.fault("S08")
def test_a_hook_that_fails_lets_nothing_be_written(
    project, hook: str, headline: str, observed: str, when: str
) -> None:
    part = {"request": "", "answer": '"stop_reason"'}[when]
    project.pytester.makeconftest(
        "def pytest_claude_redact(body):\n"
        f"    if {part!r} not in body:\n        return None\n{hook}\n"
    )
    project.tests("def test_calls(claude):\n    careless()")
    result = project.record()
    result.assert_outcomes(failed=1)
    assert project.cassettes == []
    problems = [line for line in result.outlines if line.startswith("E ")]
    assert problems == [f"E   pytest_claude.RecordingProblem: {headline}"]
    result.stdout.fnmatch_lines([f"  observed  {observed}"])
    assert len(project.simulator.bodies) == (0 if when == "request" else 1)


def test_a_hook_that_fails_is_told_with_its_place(hooked) -> None:
    hooked.pytester.makeconftest(
        "def pytest_claude_redact(body):\n    if body.startswith('Good'):\n        1 / 0\n"
    )
    hooked.tests(STREAMED.replace("STREAM", "True"))
    result = hooked.record()
    result.assert_outcomes(failed=1)
    assert hooked.cassettes == []
    result.stdout.fnmatch_lines(
        ["  observed  ZeroDivisionError: division by zero", "*conftest.py, line 3"]
    )


def test_a_hook_that_fails_in_replay_fails_the_test(hooked) -> None:
    hooked.tests("def test_calls(claude):\n    careless()")
    hooked.record().assert_outcomes(passed=1)
    hooked.pytester.makeconftest("def pytest_claude_redact(body):\n    1 / 0")
    result = hooked.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["  observed  ZeroDivisionError: division by zero"])


def test_a_hook_of_a_folder_is_for_its_tests(hooked) -> None:
    (hooked.path / "sub").mkdir()
    (hooked.path / "conftest.py").rename(hooked.path / "sub" / "conftest.py")
    source = "from app import ask\ndef test_calls(claude):\n    ask('I am Ada Lovelace')"
    (hooked.path / "sub" / "test_sub.py").write_text(source)
    hooked.tests("def test_calls(claude):\n    ask('I am Ada Lovelace')")
    hooked.record().assert_outcomes(passed=2)
    assert (
        "I am [customer]" in hooked.cassette(FILE.replace("test_app", "sub/test_sub")).read_text()
    )
    assert "I am Ada Lovelace" in hooked.cassette(FILE).read_text()
    hooked.run("--claude-strict").assert_outcomes(passed=2)
