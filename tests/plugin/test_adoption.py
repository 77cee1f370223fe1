"""Tests that pytest-recording has recorded take `claude` and go on, nothing recorded again."""

from __future__ import annotations

import importlib.util

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_recording") is None,
    reason="pytest-recording is not installed",
)

THEIRS = ("-p", "pytest_recording.plugin")
CASSETTE = "test_app/test_calls.yaml"
TEST = """
@pytest.mark.vcr
def test_calls(claude):
    answer = ask({text!r})
    assert answer.content[0].name == "lookup_order"
    assert claude.calls_tool("lookup_order", order_id="1234")
"""


@pytest.fixture
def adopted(project):
    """A project whose test pytest-recording has recorded, before we were there."""
    project.tests(
        "@pytest.mark.vcr\ndef test_calls():\n    assert ask().content[0].name == 'lookup_order'\n"
    )
    with project.server():
        project.run("-p", "no:claude", *THEIRS, "--record-mode=once").assert_outcomes(passed=1)
    assert project.cassettes == [CASSETTE]
    return project


def test_a_test_asserts_on_what_pytest_recording_recorded(adopted) -> None:
    adopted.tests(TEST.format(text="I want a refund"))
    before = adopted.cassette(CASSETTE).read_bytes()
    adopted.run(*THEIRS).assert_outcomes(passed=1)
    assert adopted.cassettes == [CASSETTE]
    assert adopted.cassette(CASSETTE).read_bytes() == before


def test_a_miss_is_told_as_ours(adopted) -> None:
    adopted.tests(TEST.format(text="I want a hug"))
    result = adopted.run(*THEIRS)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   *CassetteMiss: no recording answers call 1: the prompt was edited (*",
            f"  evidence     cassettes/{CASSETTE}, interaction 1 of 1,*",
            "  recorded by  another tool, which may not have compared bodies; yours may have",
        ]
    )


def test_one_recording_is_one_trial(adopted) -> None:
    adopted.tests(TEST.format(text="I want a refund"))
    result = adopted.run(*THEIRS, "--claude-trials=2")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   *CassetteMiss: no recording answers call 1: *"])


@pytest.mark.parametrize("takes", ["claude", "the marker"])
def test_a_test_that_states_its_own_asserts_is_gated(adopted, takes: str) -> None:
    fixture, marker = ("claude", "") if takes == "claude" else ("", "@pytest.mark.claude\n")
    adopted.tests(
        f"@pytest.mark.vcr\n{marker}def test_calls({fixture}):\n"
        "    assert ask().content[0].name == 'lookup_order'\n"
    )
    result = adopted.record(*THEIRS, "--claude-bump=claude-sonnet-4-5=claude-sonnet-5-5")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["FAIL  1 of 1 test regressed"])


def test_our_own_recording_comes_first(adopted) -> None:
    adopted.tests(TEST.format(text="I want a hug"))
    adopted.record(*THEIRS).assert_outcomes(passed=1)
    assert len(adopted.cassettes) == 2
    adopted.run(*THEIRS).assert_outcomes(passed=1)


def test_other_requests_of_the_test_stay_vcrpys(project, monkeypatch) -> None:
    import anthropic
    from simulator import Simulator

    library = "httpx" if anthropic.__version__.startswith("0.") else "httpx2"
    project.pytester.makepyfile(
        test_app=f"""
import os
import pytest
import {library} as http
from app import ask

OTHER = os.environ.get("OTHER_URL", "http://127.0.0.1:1")

@pytest.fixture(scope="module")
def vcr_config():
    return {{"match_on": ["method", "path"]}}

@pytest.mark.vcr
def test_calls(claude):
    assert http.get(OTHER + "/other").status_code in (401, 404)
    ask()
    assert claude.calls_tool("lookup_order")
"""
    )
    with project.server(), Simulator({}) as other, monkeypatch.context() as patch:
        patch.setenv("OTHER_URL", other.url)
        project.run(*THEIRS, "--record-mode=once", "--claude-record").assert_outcomes(passed=1)
    ours, theirs = sorted(project.cassettes, key=len, reverse=True)
    assert "/other" in project.cassette(theirs).read_text()
    assert "/other" not in project.cassette(ours).read_text()
    assert "lookup_order" not in project.cassette(theirs).read_text()
    project.run(*THEIRS).assert_outcomes(passed=1)
