"""`pytest-claude from promptfoo|deepeval|pydantic-evals`: what is written runs as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulator import by_prompt, calls, judges, says

from pytest_claude.cli import main

CONFIG = """\
providers: anthropic:messages:claude-sonnet-4-5
prompts: 'You are a desk. {{question}}'
tests:
  - description: It's late!
    vars: {question: Where is my order 1234?}
    assert:
      - {type: contains, value: today}
      - {type: contains, value: ships}
      - {type: not-is-refusal}
      - {type: javascript, value: "output.length > 3 // \\"\\"\\" \\\\n"}
  - vars: {question: Where is my order 77?}
    assert:
      - {type: contains, value: today}
      - {type: contains, value: It}
      - {type: not-is-refusal}
  - vars: {question: "As JSON: \\u00fc"}
    assert:
      - {type: is-json, value: {type: object, required: [id]}}
      - {type: equals, value: {id: 7}}
      - {type: regex, value: '^\\{'}
      - {type: llm-rubric, value: It is kind}
  - vars: {question: anything}
"""
PERSONA = by_prompt({"JSON": says('{"id": 7}'), "order": says("It ships today.")}, says("Hm."))


@pytest.fixture
def desk(project: Any) -> Any:
    project.personas(**{"old": PERSONA, "claude-haiku-5-5": judges("met")})
    (project.path / "desk.yaml").write_text(CONFIG)
    return project


def write(*words: str) -> int:
    return main(["from", *words, "--into", "tests"])


def test_an_imported_suite_records_and_replays_as_it_is_written(desk: Any, capsys: Any) -> None:
    assert write("promptfoo", "desk.yaml") == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "written: tests/test_desk.py, tests/desk_1.jsonl, tests/desk_2.jsonl, tests/desk_3.jsonl",
        "4 cases with 10 checks",
        "to record them  pytest tests/test_desk.py --claude-record",
    ]
    assert told.err == 'not imported: It\'s late!: javascript: output.length > 3 // """ \\n\n'
    desk.record("tests/test_desk.py").assert_outcomes(passed=4)
    result = desk.run("tests/test_desk.py", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*test_desk_1[[]it-s-late[]] PASSED*"])
    desk.personas(old=says("No."))
    desk.record("tests/test_desk.py", mode="all").assert_outcomes(failed=3, passed=1)


MODULE = '''\
"""Imported from desk.yaml; it is yours to edit."""

import re

import pytest
import pytest_claude


def ask(claude, case):
    """Ask the model itself. To test an app, call it here, and return claude.reply."""
    return claude.ask(case.prompt, **case.request)


@pytest_claude.cases("desk_1.jsonl")
def test_desk_1(claude, case):
    reply = ask(claude, case)
    assert case.contains in reply.text
    assert case.contains_2 in reply.text
    assert not claude.refuses()
    # not imported (it-s-late): javascript: output.length > 3 // """ \\n


@pytest_claude.cases("desk_2.jsonl")
def test_desk_2(claude, case):
    reply = ask(claude, case)
    assert claude.returns_json(case.schema)
    assert claude.returns_json().value == case.equals
    assert re.search(case.regex, reply.text)
    assert claude.judge(case.rubric)


@pytest_claude.cases("desk_3.jsonl")
@pytest.mark.claude_as_recorded
def test_desk_3(claude, case):
    ask(claude, case)
'''


def test_cases_that_state_the_same_are_one_test(desk: Any) -> None:
    write("promptfoo", "desk.yaml")
    assert Path("tests/test_desk.py").read_text() == MODULE
    rows = [json.loads(line) for line in Path("tests/desk_1.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "id": "it-s-late",
        "prompt": "You are a desk. Where is my order 1234?",
        "request": {"model": "claude-sonnet-4-5"},
        "contains": "today",
        "contains_2": "ships",
    }
    assert [row["id"] for row in rows] == ["it-s-late", "where-is-my-order-77"]


def test_nothing_is_written_over(desk: Any, capsys: Any) -> None:
    write("promptfoo", "desk.yaml")
    before = {path: path.read_bytes() for path in Path("tests").iterdir()}
    assert write("promptfoo", "desk.yaml") == 4
    assert "tests/test_desk.py: the file exists" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("tests").iterdir()} == before
    assert write("promptfoo", "desk.yaml", "--name", "other") == 0


def test_data_sets_are_imported_too_and_a_missing_model_is_told(desk: Any, capsys: Any) -> None:
    golden = {"input": "Where is it?", "expected_tools": [{"name": "lookup_order"}]}
    Path("goldens.json").write_text(json.dumps([golden]))
    Path("set.yaml").write_text("cases: [{inputs: Hi, evaluators: [{Contains: Hm}]}]")
    assert write("deepeval", "goldens.json") == 0
    assert write("pydantic-evals", "set.yaml") == 0
    assert capsys.readouterr().err.count("no model is named: set the ini key claude_model") == 2
    Path("tests/test_goldens.py").write_text(
        Path("tests/test_goldens.py")
        .read_text()
        .replace("return claude.ask(case.prompt, **case.request)",
                 "import app; app.ask(case.prompt); return claude.reply")
    )  # fmt: skip
    desk.personas(old=by_prompt({"Where": calls(("lookup_order", {"order_id": "1"}))}, says("Hm.")))
    ini = ["-o", "claude_model=claude-sonnet-4-5", "tests"]
    desk.record(*ini).assert_outcomes(passed=2)
    desk.run(*ini).assert_outcomes(passed=2)


def test_what_is_not_imported_is_told_with_the_name_of_its_test(desk: Any, capsys: Any) -> None:
    golden = {"input": "Where is it?", "actual_output": "There"}
    Path("goldens.json").write_text(json.dumps([golden]))
    write("deepeval", "goldens.json")
    line = "not imported: where-is-it: actual_output: There"
    assert capsys.readouterr().err.splitlines()[0] == line
    module = Path("tests/test_goldens.py").read_text()
    assert "# not imported (where-is-it): actual_output: There" in module


def test_one_file_at_a_time_and_a_suite_without_cases_are_told(desk: Any, capsys: Any) -> None:
    assert write("promptfoo", "desk.yaml", "desk.yaml") == 4
    Path("none.yaml").write_text("tests: [file://a.js]")
    assert write("promptfoo", "none.yaml") == 4
    told = " ".join(capsys.readouterr().err.split())
    assert "from promptfoo: one file at a time; desk.yaml is the first" in told
    assert "none.yaml: no case can be imported: tests file://a.js" in told
    assert not Path("tests").exists()
