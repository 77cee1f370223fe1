"""The checks on the fixture, end to end: sync and async apps, settings, what is kept."""

from __future__ import annotations

import json

import pytest
from simulator import Reply, by_prompt, calls, says, script

CALL = ("lookup_order", {"order_id": "1234"})

ASYNC = """
import asyncio, anthropic
from app import MODEL, TOOLS

async def aask(text, **more):
    async with anthropic.AsyncAnthropic() as client:
        return await client.messages.create(model=MODEL, max_tokens=100, tools=TOOLS,
            messages=[{"role": "user", "content": text}], **more)

async def stream(text):
    async with anthropic.AsyncAnthropic() as client:
        async with client.messages.stream(model=MODEL, max_tokens=100, tools=TOOLS,
                messages=[{"role": "user", "content": text}]) as events:
            return await events.get_final_message()
"""

STATED = """
    assert claude.calls_tool("lookup_order", order_id="1234", times=2)
    assert claude.calls_in_parallel("lookup_order", "lookup_order")
    assert claude.calls_tools(["lookup_order"], order="subset")
    assert claude.passes_valid_arguments()
    assert not claude.calls_no_tool()
    assert not claude.thinks()
    assert not claude.is_truncated()
    assert not claude.makes_no_call()
    assert not claude.errors
    assert claude.within(cost_usd=1, output_tokens=1000, thinking_tokens=0, total_s=600)
    assert 0 < claude.cost_usd < 0.1
    assert claude.reply.calls_tool("lookup_order", times=2)
    assert claude.conversations[0].calls_tool("lookup_order", times=2)
    assert claude.where(tool_offered="lookup_order").calls_tool("lookup_order", times=2)
"""


@pytest.mark.parametrize(
    "asks",
    ["ask('Compare')", "asyncio.run(aask('Compare'))", "asyncio.run(stream('Compare'))"],
    ids=["sync", "async", "async stream"],
)
def test_the_checks_are_the_same_for_every_app(project, asks: str) -> None:
    project.personas(old=calls(CALL, CALL))
    project.tests(f"{ASYNC}\ndef test_a(claude):\n    {asks}\n{STATED}")
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)


GREEN = {
    "claude_calls_no_tool": says("It ships today."),
    "claude_refuses": says("", stop_reason="refusal"),
    "claude_within(cost_usd=1, output_tokens=500)": says("It ships today."),
    "claude_returns_json({'type': 'object'})": says('{"a": 1}'),
    "claude_returns_json(schema=dict[str, int], where='anywhere')": says('So: {"a": 1}'),
}


@pytest.mark.parametrize(("marker", "persona"), GREEN.items(), ids=GREEN)
def test_a_marker_that_holds(project, marker: str, persona) -> None:
    project.personas(old=persona)
    project.tests(f"@pytest.mark.{marker}\ndef test_a(): ask()")
    project.record().assert_outcomes(passed=1)


RED = {
    "claude_calls_no_tool": [
        "E   pytest_claude.CheckFailed: claude_calls_no_tool: calls `lookup_order`",
        "  expected    no tool call",
        "  observed    calls `lookup_order`",
    ],
    "claude_refuses": [
        "E   pytest_claude.CheckFailed: claude_refuses: no refusal (answer)",
        "  expected    the last reply refuses",
    ],
    "claude_within(output_tokens=0)": [
        "E   pytest_claude.CheckFailed: claude_within: output tokens *",
        "  expected    output tokens at most 0",
    ],
    "claude_within(time_to_first_token_s=1)": [
        "E   pytest_claude.NoEvidence: no evidence: time to first token unknown: *",
    ],
}


@pytest.mark.parametrize(("marker", "lines"), RED.items(), ids=RED)
def test_a_marker_that_does_not_hold(project, marker: str, lines: list[str]) -> None:
    project.personas(old=calls(CALL, text="A second."))
    project.tests(f"@pytest.mark.{marker}\ndef test_a(): ask()")
    result = project.record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(lines)


WRONG = {
    "claude_within(cost=1)": "unknown setting 'cost'; did you mean 'cost_usd'?*",
    "claude_within": "within() needs a limit: *",
    "claude_within(total_s='3')": "total_s='3': a number, 0 or more",
    "claude_calls_no_tool(times=1)": "takes no arguments",
    "claude_refuses('x')": "takes no positional arguments",
    "claude_calls_tool('a', times=-1)": "times=-1: a whole number, 0 or more; *",
    "claude_calls_tool('a', exact=1)": "exact=1: True or False",
    "claude_calls_tool('a', 3)": "the arguments of the tool are a dict, not 3",
    "claude_returns_json(schema={'type': 'thing'})": "no valid JSON Schema: $.type: *",
    "claude_returns_json({}, schema={})": "schema is given twice",
}


@pytest.mark.parametrize(("marker", "text"), WRONG.items(), ids=WRONG)
def test_a_wrong_marker_stops_the_run_before_the_first_test(project, marker, text) -> None:
    project.tests(f"\n@pytest.mark.{marker}\ndef test_a(): pass")
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = marker.partition("(")[0]
    result.stderr.fnmatch_lines([f"ERROR: test_app.py:4: @pytest.mark.{name}(*"])
    project.unwrapped(result.errlines).fnmatch_lines([f"*: {text}".replace("[", "[[]")])


def test_the_ini_says_which_tools_answer_and_which_ask(project) -> None:
    project.pytester.makepyprojecttoml(
        "[tool.pytest.ini_options]\npythonpath = ['.']\n"
        "claude_output_tools = ['lookup_*']\nclaude_asking_tools = ['refund']\n"
    )
    rules = {"json": calls(CALL), "ask": calls(("refund", {"question": "Which one?"}))}
    project.personas(old=by_prompt(rules, says("x")))
    project.tests(
        """
def test_answer(claude):
    ask("json")
    assert claude.returns_json(dict[str, str]).value == {"order_id": "1234"}
    assert claude.calls_no_tool()

def test_question(claude):
    ask("ask")
    assert claude.asks_clarifying_question().sentence == "Which one?"
    assert claude.calls_no_tool()
"""
    )
    project.record().assert_outcomes(passed=2)


def test_what_a_needle_came_to_is_in_the_run_file(project) -> None:
    project.personas(old=says("It is 7481."))
    project.tests(
        """
from pytest_claude import needle

@pytest.mark.parametrize("depth", [0, 1])
def test_finds(claude, depth):
    hidden = needle("The code is 7481.", tokens=100, depth=depth)
    ask(hidden.document)
    assert claude.finds(hidden)
"""
    )
    project.record("--claude-report=run.json").assert_outcomes(passed=2)
    run = json.loads((project.path / "run.json").read_text())
    notes = [trial["checks"][0] for test in run["tests"] for trial in test["trials"]]
    assert [(note["outcome"], note["facts"]) for note in notes] == [
        (True, {"fact": "The code is 7481.", "tokens": 100, "depth": depth}) for depth in (0.0, 1.0)
    ]


def test_a_failed_call_is_no_answer_and_can_be_asserted(project) -> None:
    project.personas(old=lambda request, seen: Reply(status=400, error=("x_error", "No.")))
    project.tests(
        """
def test_a(claude):
    careless()
    (error,) = claude.errors
    assert (error.status, error.type, error.message) == (400, "x_error", "No.")
    assert not claude.makes_no_call()
    assert not claude.replies

def test_b(claude):
    careless()
    assert not claude.calls_tool("lookup_order")
"""
    )
    result = project.record()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E   pytest_claude.NoEvidence: no evidence: call 1 failed with *"])


def test_the_run_and_the_last_reply_are_different_scopes(project) -> None:
    project.personas(old=script(calls(CALL), says("Which order do you mean?")))
    project.tests(
        """
def test_a(claude):
    first = ask("Hi")
    ask(None, messages=[{"role": "user", "content": "Hi"},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": first.content[0].id,
                                      "content": "none"}]}])
    assert claude.calls_tool("lookup_order", times=1)
    assert claude.asks_clarifying_question()
    assert not claude.reply.calls_tool("lookup_order")
    assert claude.tool_calls[0].result == "none"
    assert len(claude.conversations) == 1
"""
    )
    project.record().assert_outcomes(passed=1)


def test_every_check_is_shown_by_fixtures_and_markers(project) -> None:
    fixtures = project.run("--fixtures", "-v").stdout
    fixtures.fnmatch_lines(["*calls_tools: Whether these client tools were called*"])
    fixtures.fnmatch_lines(["*within: Whether the run stays within these limits*"])
    markers = project.run("--markers").stdout
    for name in ("claude_calls_no_tool", "claude_refuses", "claude_within"):
        markers.fnmatch_lines([f"@pytest.mark.{name}(*): after the body, *"])


def test_a_slip_in_a_test_is_told_where_it_stands(project) -> None:
    project.tests("""
def test_parentheses(claude):
    ask()
    assert claude.calls_tool
def test_name(claude):
    ask()
    assert claude.call_tool("lookup_order")
def test_fault(claude):
    claude.inject(status=200)
def test_schema(claude):
    ask()
    assert claude.returns_json({"type": "objekt"})
""")
    result = project.record("--tb=short")
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines([
        "test_app.py:6: in test_parentheses",
        "    assert claude.calls_tool",
        "E   TypeError: calls_tool was not called: it needs its parentheses",
        "test_app.py:9: in test_name",
        "E   AttributeError: no check or property 'call_tool'; did you mean 'calls_tool'?",
        "E     calls_tool(name, arguments=None, /, [*], times=None, exact=False,",
        "test_app.py:11: in test_fault",
        "test_app.py:14: in test_schema",
    ], consecutive=False)  # fmt: skip
    # No frame of ours stands between the test and its reader.
    assert "pytest_claude/" not in result.stdout.str()


NO_CALL = [
    "E   pytest_claude.NoEvidence: no evidence: no call to a model was made",
    "no model called",
    "  expected    `lookup_order` called",
    "  observed    no call to a model was made",
    "  to go on    call the app before the check; it called no model in this test",
    "  on purpose  assert claude.makes_no_call()",
]


def test_a_test_that_makes_no_call_is_not_told_to_record(project) -> None:
    project.tests("def test_a(claude):\n    assert not claude.calls_tool('lookup_order')")
    for result in (project.run(), project.record()):
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(NO_CALL)
        result.stdout.no_fnmatch_line("*--claude-record*")
    assert not (project.path / "cassettes").exists()
    project.tests("def test_a(claude):\n    assert not claude.makes_no_call()")
    result = project.run()
    result.stdout.fnmatch_lines(
        ["  expected  not: no call to a model", "  to go on  call the app *"]
    )
    result.stdout.no_fnmatch_line("  on purpose*")


def test_what_the_app_began_is_part_of_the_reply(project) -> None:
    project.personas(old=says('"a": 1}'))
    project.tests(
        """
def test_a(claude):
    turns = [{"role": "user", "content": "As JSON"}]
    for n in range(2):
        reply = ask(None, messages=[*turns, {"role": "assistant", "content": "{"}])
        said = "{" + reply.content[0].text
        assert claude.reply.text == said
        assert claude.returns_json({"required": ["a"]}).value == {"a": 1}
        turns += [{"role": "assistant", "content": said}, {"role": "user", "content": "Again"}]
    assert len(claude.conversations) == 1
"""
    )
    project.record().assert_outcomes(passed=1)
    project.run().assert_outcomes(passed=1)
