"""In replay a client that wants a key before its first request has one, and nobody else sees it."""

from __future__ import annotations

import pytest

TESTS = """
import os
import anthropic

def key():
    return os.environ.get("ANTHROPIC_API_KEY")

AT_IMPORT = key()

@pytest.fixture(scope="module")
def wide():
    return key()

@pytest.fixture
def own():
    yield key()
    assert key() == HELD

def test_a_calls(claude, wide, own):
    assert [wide, own, key()] == [HELD] * 3
    ask()

class TestOld:
    def test_b_again(self, claude):
        assert key() == HELD

@pytest.mark.claude(trials=2)
def test_c_trials():
    assert key() == HELD

@pytest.mark.skipif("not os.environ.get('ANTHROPIC_API_KEY')", reason="needs a key")
def test_d_of_the_team(claude):
    assert key() == "of the team"

def test_e_no_claude_test():
    assert key() == BETWEEN

@pytest.mark.claude(live=True)
def test_f_live():
    assert key() == LIVE
"""
DUMMY = "pytest-claude-replays"


def written(*, held: str | None, between: str | None = None, live: str | None = None) -> str:
    tests = TESTS.replace("HELD", repr(held)).replace("BETWEEN", repr(between))
    return tests.replace("LIVE", repr(live))


@pytest.fixture
def recorded(project):
    project.tests("def test_a_calls(claude):\n    ask()")
    project.record().assert_outcomes(passed=1)
    return project


def test_a_claude_test_has_a_key_in_replay_and_no_other_has(recorded) -> None:
    recorded.tests(written(held=DUMMY))
    result = recorded.run("-p", "no:randomly")
    result.assert_outcomes(passed=5, skipped=1)


def test_a_key_that_is_there_stays(recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "of the team")
    recorded.tests(written(held="of the team", between="of the team", live="of the team"))
    recorded.run("-p", "no:randomly").assert_outcomes(passed=6)


def test_nothing_is_lent_while_recording(recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded.tests(written(held=None).replace("    ask()", ""))
    with recorded.server():
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "of the team")
        result = recorded.run("-p", "no:randomly", "--claude-record")
    result.assert_outcomes(passed=5, skipped=1)


def test_a_key_from_the_start_is_there_when_a_client_is_built_at_import(
    recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    ini = "[tool.pytest.ini_options]\npythonpath = ['.']\nclaude_dummy_key = 'session'\n"
    (recorded.path / "pyproject.toml").write_text(ini)
    recorded.pytester.makeconftest(
        f"import os\nassert os.environ['ANTHROPIC_API_KEY'] == {DUMMY!r}\n"
    )
    tests = written(held=DUMMY, between=DUMMY) + f"\nassert AT_IMPORT == {DUMMY!r}\n"
    recorded.tests(tests.replace("@pytest.mark.skipif", "@pytest.mark.xfail(strict=True)\n#"))
    recorded.run("-p", "no:randomly").assert_outcomes(passed=5, xfailed=1)
    assert "ANTHROPIC_API_KEY" not in os.environ
    recorded.pytester.makeconftest("import os\nassert 'ANTHROPIC_API_KEY' not in os.environ\n")
    recorded.tests("def test_a_calls(claude):\n    pass")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "of the team")
    recorded.run("--claude-record").assert_outcomes(passed=1)
