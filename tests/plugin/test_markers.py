"""The markers: what they assert, and what a misspelt one gets."""

from __future__ import annotations

import pytest
from simulator import Reply, calls, says

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
        "unknown setting 'shema'; did you mean 'schema'? Settings: schema, where, conversation, "
        "model, system, tool",
    ),
    "keyword of a reply": (
        "claude_clarifies(conversaton=0)",
        "ERROR: test_app.py:4: @pytest.mark.claude_clarifies(conversaton=0): unknown setting "
        "'conversaton'; did you mean 'conversation'? Settings: conversation, model, system, tool",
    ),
    "number of a conversation": (
        "claude_refuses(conversation='first')",
        "ERROR: test_app.py:4: @pytest.mark.claude_refuses(conversation='first'): "
        "conversation='first': its number, 0 for the first",
    ),
    "reply of a run": (
        "claude_calls_no_tool(conversation=0)",
        "ERROR: *: takes no arguments",
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


RULE = """
def no_user(body):
    return {**body, "metadata": None} if isinstance(body, dict) else body

@pytest.mark.claude_ignore%s(no_user)
def test_a(claude):
    ask()
"""


def test_a_named_function_as_a_lone_rule_is_refused_in_words(project) -> None:
    project.tests(RULE % "")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = " ".join(line.strip() for line in result.stderr.lines)
    assert "`no_user` is marked with claude_ignore and is no rule" in said
    assert "@pytest.mark.claude_ignore.with_args(no_user)" in said
    project.tests(RULE % ".with_args")
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


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


CLASSIFIES = """
def classify_and_answer(text):
    ask(text, system="You classify.", tools=[])
    return ask(text, system="You repair lamps.")
"""
TWICE = "classify_and_answer('My lamp is broken.')\n    classify_and_answer('The red one.')"


def lamps(request, seen):
    """Classifies, or asks back once."""
    if request.get("system") == "You classify.":
        return Reply("hard")
    first = "broken" in request["messages"][0]["content"]
    return Reply("Which lamp is broken?" if first else "A new bulb will do.")


def test_the_answer_is_the_last_reply_where_a_classifier_is_asked_first(project) -> None:
    project.personas(old=lamps)
    project.tests(
        f"""{CLASSIFIES}
@pytest.mark.claude_clarifies
def test_a(claude):
    classify_and_answer("My lamp is broken.")
    assert claude.reply.text == "Which lamp is broken?"
"""
    )
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


WHICH = ["conversation=1", "system='repair'", "tool='lookup_order', conversation=0",
         "model='claude-sonnet-4-5', system='repair'"]  # fmt: skip


@pytest.mark.parametrize("which", WHICH)
def test_a_marker_says_which_last_reply_is_meant(project, which: str) -> None:
    project.personas(old=lamps)
    project.tests(
        f"{CLASSIFIES}\n@pytest.mark.claude_clarifies({which})\n"
        "def test_a():\n    classify_and_answer('My lamp is broken.')\n    ask('Hi', tools=[])"
    )
    project.record().assert_outcomes(passed=1)


def test_a_conversation_that_is_not_there_is_named(project) -> None:
    project.tests("@pytest.mark.claude_clarifies(conversation=2)\ndef test_a(): ask()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E   IndexError: no conversations[[]2[]]: there is 1, conversations[[]0[]]"]
    )


def test_where_two_apps_are_asked_in_turns_the_marker_names_both(project) -> None:
    project.personas(old=lamps)
    project.tests(f"{CLASSIFIES}\n@pytest.mark.claude_clarifies\ndef test_a():\n    {TWICE}")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   pytest_claude.NoEvidence: no evidence: conversations[[]2[]] and *",
            "  expected    the last reply asks for what it needs",
            "  observed    conversations[[]2[]] and conversations[[]3[]] compete for *:",
            '              "You classify." (claude-sonnet-4-5, no tools, call 3) and "You',
            '              repair lamps." (claude-sonnet-4-5, `lookup_order`, call 4)',
            "  evidence    cassettes/test_app/test_a/claude-sonnet-4-5.yaml,",
            "              interaction 3 of 4",
            "  evidence    cassettes/test_app/test_a/claude-sonnet-4-5.yaml,",
            "              interaction 4 of 4",
            "  hint        say which is meant: claude.conversations[[]i[]],",
            "              claude.where(system=…), or the arguments conversation=, system=,",
            "              model=, tool= of the marker",
        ]
    )
