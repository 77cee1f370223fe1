"""A miss tells its cause first; what does not count can be named."""

from __future__ import annotations

import pytest

FILE = "test_app/test_calls/claude-sonnet-4-5.yaml"
TOOL = '{"name": "lookup_order", "input_schema": {"type": "object", "properties": {}}}'


def calls(*lines: str) -> str:
    body = "\n    ".join(lines)
    return f"def test_calls(claude):\n    {body}\n"


TURNS = "messages=[{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}, "
CAUSES = {
    "prompt": (["ask('one')"], ["ask('two')"], "the prompt was edited (`messages[0].content`)"),
    "system": (["ask(system='a b')"], ["ask(system='a c')"], "the prompt was edited (`system`)"),
    "tool": (["ask()"], [f"ask(tools=[{TOOL}])"], "the tool `lookup_order` was edited"),
    "tool added": (
        ["ask()"],
        ["import app; ask(tools=[*app.TOOLS, {'name': 'f', 'input_schema': {'type': 'object'}}])"],
        "the tool `f` was added",
    ),
    "tool removed": (
        ["import app; ask(tools=[*app.TOOLS, {'name': 'f', 'input_schema': {'type': 'object'}}])"],
        ["ask()"],
        "the tool `f` was removed",
    ),
    "parameter": (["ask(max_tokens=5)"], ["ask(max_tokens=6)"], "`max_tokens` changed"),
    "model": (
        ["ask()"],
        ["ask(model='claude-opus-5')"],
        "recorded for claude-sonnet-4-5, not for claude-opus-5",
    ),
    "second model": (
        ["ask('x')", "ask('y')"],
        ["ask('x')", "ask('y', model='claude-opus-5')"],
        "the model was swapped: claude-sonnet-4-5 → claude-opus-5",
    ),
    "one call more": (["ask()"], ["ask()", "ask()"], "one call more than recorded"),
    "another call after one": (
        ["ask()", "ask('y')"],
        ["ask()", "import anthropic; anthropic.Anthropic().models.list()"],
        "nothing like it is recorded",
    ),
    "order of turns": (
        [f"ask({TURNS}{{'role': 'user', 'content': 'c'}}])"],
        [f"ask({TURNS.replace(repr('a'), repr('c'))}{{'role': 'user', 'content': 'a'}}])"],
        "the turns come in another order",
    ),
    "uuid": (
        ["import uuid; ask(f'ticket {uuid.UUID(int=1)} is open')"],
        ["import uuid; ask(f'ticket {uuid.UUID(int=2)} is open')"],
        "a value that changes from run to run (`messages[0].content`)",
    ),
    "date": (
        ["ask(system='Today is 2026-11-24.')"],
        ["ask(system='Today is 2026-11-25.')"],
        "a value that changes from run to run (`system`)",
    ),
    "another call": (
        ["ask()"],
        ["import anthropic; anthropic.Anthropic().models.list()"],
        "recorded for claude-sonnet-4-5, and this call names no model",
    ),
}


@pytest.mark.parametrize(("recorded", "sent", "cause"), CAUSES.values(), ids=CAUSES)
@pytest.mark.fault("M02")
def test_the_cause_comes_first(project, recorded: list[str], sent: list[str], cause: str) -> None:
    project.tests(calls(*recorded))
    project.record().assert_outcomes(passed=1)
    project.tests(calls(*sent))
    result = project.run()
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert f": {cause}\n" in text
    assert "--claude-record" in text


@pytest.mark.fault("C16")
def test_an_empty_cassette_is_told_as_such(project) -> None:
    from pytest_claude.recording import cassette

    project.tests(calls("ask()"))
    cassette.save(project.cassette(FILE), [])
    project.run().stdout.fnmatch_lines(
        [
            "E   *CassetteMiss: no recording answers call 1: the cassette is empty",
            "  observed   0 recorded interactions",
        ]
    )


@pytest.mark.fault("M08")
def test_a_volatile_value_says_how_to_ignore_it(project) -> None:
    project.tests(calls("ask('Today is 2026-11-24.')"))
    project.record()
    project.tests(calls("ask('Today is 2026-11-25.')"))
    project.run().stdout.fnmatch_lines(
        ['  to ignore it  @pytest.mark.claude_ignore("dates"), or seed it in the test']
    )
    project.tests('@pytest.mark.claude_ignore("dates")\n' + calls("ask('Today is 2026-11-25.')"))
    project.run().assert_outcomes(passed=1)


RULES = {
    "ini": ("dates\nuuids", ""),
    "marker": ("", '@pytest.mark.claude_ignore("dates", "uuids")\n'),
    "both add up": ("dates", '@pytest.mark.claude_ignore("uuids")\n'),
    "pattern": ("re:ticket .*", ""),
    "path": ("$.messages[0].content", ""),
    "function": ("", '@pytest.mark.claude_ignore(lambda body: {**body, "messages": 0})\n'),
}


@pytest.mark.parametrize(("ini", "marker"), RULES.values(), ids=RULES)
def test_what_is_ignored_does_not_count_on_both_sides(project, ini: str, marker: str) -> None:
    (project.path / "pytest.ini").write_text(
        "[pytest]\npythonpath = .\nclaude_ignore =\n" + "".join(f"  {r}\n" for r in ini.split("\n"))
    )
    text = "ask('ticket 00000000-0000-0000-0000-00000000000{} on 2026-11-2{}')"
    project.tests(marker + calls(text.format(1, 1)))
    project.record().assert_outcomes(passed=1)
    assert "00000000-0000-0000-0000-000000000001" in project.cassette(FILE).read_text()
    project.tests(marker + calls(text.format(2, 2)))
    project.run().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('"uuid"', "unknown rule 'uuid'; did you mean 'uuids'? *"),
        ('"re:("', "'re:(' is no regular expression: *"),
        ('"$.messages"', "'$.messages' would replay old answers to any prompt"),
        ('"$messages"', "'$messages' is no JSON path like $.messages[[]0].content"),
    ],
)
def test_a_wrong_rule_is_one_sentence(project, rule: str, message: str) -> None:
    project.tests(f"@pytest.mark.claude_ignore({rule})\n" + calls("ask()"))
    result = project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    project.unwrapped(result.errlines).fnmatch_lines(
        [f"ERROR: test_app.py:*: claude_ignore: {message}"]
    )


@pytest.mark.fault("M05")
def test_strict_fails_what_is_not_played(project) -> None:
    project.tests(calls("ask('one')", "ask('two')"))
    project.record()
    project.tests(calls("ask('one')"))
    result = project.run("--claude-strict")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E   1 recording not played (--claude-strict)",
            "  expected    every recorded call is made",
            f"  evidence    cassettes/{FILE},",
            "  to drop it  pytest test_app.py::test_calls --claude-record",
        ]
    )
    project.record().assert_outcomes(passed=1)
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("M05")
def test_strict_says_nothing_of_a_test_that_failed_already(project) -> None:
    project.tests(calls("ask('one')", "ask('two')"))
    project.record()
    project.tests(calls("ask('one')", "assert False, 'mine'"))
    result = project.run("--claude-strict")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*not played*")


def test_a_failed_recording_keeps_the_answers_of_later_calls(project) -> None:
    project.tests(calls("ask('one')", "ask('two')"))
    project.record()
    project.tests(calls("ask('one')", "ask('new')", "assert False", "ask('two')"))
    project.record().assert_outcomes(failed=1)
    project.tests(calls("ask('one')", "ask('new')", "ask('two')"))
    project.run().assert_outcomes(passed=1)


@pytest.mark.fault("R07")
def test_a_hand_edit_is_refused_until_it_is_accepted(project, monkeypatch, capsys) -> None:
    from pytest_claude.cli import main

    project.tests("def test_calls(claude):\n    assert ask().content[0].input['order_id'] == '99'")
    project.record().assert_outcomes(failed=1)
    path = project.cassette(FILE)
    path.write_text(path.read_text().replace('"1234"', '"99"'))
    project.run().stdout.fnmatch_lines(
        [f"  to accept  pytest-claude check --accept cassettes/{FILE}"]
    )
    monkeypatch.chdir(project.path)
    capsys.readouterr()
    assert main(["check"]) == 1
    assert "was edited by hand" in capsys.readouterr().err
    assert main(["check", "--accept", f"cassettes/{FILE}"]) == 0
    assert capsys.readouterr().out == f"accepted cassettes/{FILE}\n"
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "1 good, 0 bad\n"
    project.run().assert_outcomes(passed=1)


def test_a_test_that_makes_no_call_any_more_is_told(project) -> None:
    project.tests(calls("ask()"))
    project.record()
    project.tests(calls("pass"))
    result = project.run()
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"  cassettes/{FILE}, whole: no call was made"])
    project.run("--claude-strict").assert_outcomes(failed=1)


def test_what_is_left_to_record_begins_with_the_first_trial_that_is_not(project) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.calls_tool('lookup_order')")
    project.record("--claude-trials=2")
    told = project.run("--claude-trials=5")
    told.stdout.fnmatch_lines(["1 test without a recording that fits, about 3 calls to record"])


def test_a_miss_beside_a_secret_says_that_redaction_may_have_changed(project) -> None:
    hint = "*if not edited*redaction may have changed since; record the test again"
    secret = "DB_PASSWORD=Xk9vT2mQ8pLr4aZ3"
    project.tests(calls(f"ask('Use {secret}$8pLr4 now')"))
    project.record().assert_outcomes(passed=1)
    project.tests(calls(f"ask('Use {secret} now')"))
    project.run().stdout.fnmatch_lines([hint])
    project.tests(calls("ask('Use it now')"))
    project.run().stdout.no_fnmatch_line(hint)
