"""The markers: what they assert, and what a misspelt one gets."""

from __future__ import annotations

import pytest
from simulator import calls, says

CALL = ("lookup_order", {"order_id": "1234"})

WRONG = {
    "setting": (
        "claude(trails=5)",
        "ERROR: test_app.py:4: @pytest.mark.claude(trails=5): unknown setting 'trails'; "
        "did you mean 'trials'? Settings: trials, pass_rate, live, cassette",
    ),
    "keyword": (
        "claude_returns_json(shema={})",
        "ERROR: test_app.py:4: @pytest.mark.claude_returns_json(shema={}): "
        "unknown setting 'shema'; did you mean 'schema'? Settings: schema, where",
    ),
    "value": (
        "claude_returns_json(where='text')",
        "ERROR: *: where is 'answer' or 'anywhere'",
    ),
    "no name": ("claude_calls_tool", "ERROR: *: the name of the tool comes first"),
    "name alone": (
        "claude_clarifys",
        "ERROR: test_app.py:4: @pytest.mark.claude_clarifys: no such marker; "
        "did you mean 'claude_clarifies'?",
    ),
    "name": (
        "claude\n@pytest.mark.claude_calls_tol('x')",
        "ERROR: test_app.py:4: @pytest.mark.claude_calls_tol: no such marker; "
        "did you mean 'claude_calls_tool'?",
    ),
    "too many": ("claude_clarifies('x')", "ERROR: *: takes no positional arguments"),
}


@pytest.mark.parametrize(("marker", "text"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("workers", [[], ["-p", "xdist", "-n2"]], ids=["alone", "xdist"])
def test_a_wrong_marker_stops_the_run(project, marker: str, text: str, workers: list) -> None:
    project.tests(f"\n@pytest.mark.{marker}\ndef test_a(): pass")
    result = project.run(*workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    lines = result.outlines if workers else result.errlines
    project.unwrapped(lines).fnmatch_lines([text])
    assert "INTERNALERROR" not in result.stdout.str()


RED = {
    "claude_calls_tool('lookup_order', order_id='99')": [
        "E   pytest_claude.CheckFailed: claude_calls_tool: wrong order_id",
        '  expected    `lookup_order` called with order_id="99"',
        '  observed    called with order_id="1234"',
        '                lookup_order(order_id="1234")',
    ],
    "claude_clarifies": [
        "E   pytest_claude.CheckFailed: claude_clarifies: calls `lookup_order`, asks nothing",
        "  expected    the last reply asks for what it needs",
        "  observed    calls `lookup_order`; the reply asks nothing",
    ],
    "claude_returns_json(schema={'type': 'object'})": [
        "E   pytest_claude.CheckFailed: claude_returns_json: no JSON",
        "  expected    text that is JSON and satisfies the schema",
        "  observed    6 characters of text that are no JSON",
    ],
    "claude_calls_tool('lookup_ordr')": [
        "E   pytest_claude.NotOffered: no request offered a tool 'lookup_ordr'; "
        "did you mean 'lookup_order'? *",
    ],
}


@pytest.mark.parametrize(("marker", "lines"), RED.items(), ids=RED)
def test_a_marker_that_does_not_hold_explains_itself(project, marker: str, lines: list) -> None:
    project.personas(old=calls(CALL, text="A sec."))
    project.tests(f"@pytest.mark.{marker}\ndef test_a(): ask()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)


def test_all_check_markers_apply_from_class_and_function(project) -> None:
    project.personas(old=calls(CALL))
    project.tests(
        """
@pytest.mark.claude_calls_tool("lookup_order")
class TestIt:
    @pytest.mark.claude_calls_tool("lookup_order", {"order_id": "1234"}, times=1, exact=True)
    def test_a(self): ask()

    @pytest.mark.claude_clarifies
    def test_b(self): ask()
"""
    )
    project.record().assert_outcomes(passed=1, failed=1)


def test_a_marker_without_evidence_is_red(project) -> None:
    project.tests("@pytest.mark.claude_clarifies\ndef test_a(): pass")
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E   pytest_claude.NoEvidence: *no call to a model was made"])


NEGATED = """
def test_a(claude):
    ask()
    assert not claude.calls_tool("lookup_order")
"""


def test_a_negated_check_says_what_was_not_expected(project) -> None:
    project.personas(old=calls(CALL))
    project.tests(NEGATED)
    project.record().stdout.fnmatch_lines(
        [
            "  expected    not: `lookup_order` called",
            "  observed    called once",
        ]
    )


def test_a_check_that_held_is_not_blamed_for_another_assertion(project) -> None:
    project.personas(old=says("Hi."))
    project.tests(
        """
def test_a(claude):
    reply = ask()
    assert claude.stops_with("end_turn")
    assert reply.content[0].text == "Bye."
"""
    )
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("-* claude -*")


@pytest.mark.parametrize("option", ["--tb=short", "--tb=native", "--tb=long", "--show-capture=no"])
def test_the_section_is_there_with_every_traceback_style(project, option: str) -> None:
    project.personas(old=calls(CALL))
    project.tests(NEGATED)
    project.record(option).stdout.fnmatch_lines(["  expected    not: `lookup_order` called"])


def test_markers_and_fixtures_are_documented_for_pytest(project) -> None:
    markers = project.run("--markers").stdout
    for name in ("claude", "claude_calls_tool", "claude_clarifies", "claude_returns_json"):
        markers.fnmatch_lines([f"@pytest.mark.{name}(*"])
    project.run("--fixtures").stdout.fnmatch_lines(["claude -- *", "pytest_claude -- *"])
