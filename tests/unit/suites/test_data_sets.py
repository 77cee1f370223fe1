"""DeepEval's and pydantic-evals' data sets → cases with checks, in the shapes they document.

https://deepeval.com/docs/evaluation-datasets, and what `EvaluationDataset.save_as` writes;
https://ai.pydantic.dev/evals/how-to/dataset-serialization and /evals/evaluators/built-in. Read in
November 2026; the examples here are written anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.suites.deepeval import read_deepeval
from pytest_claude.suites.model import Suite
from pytest_claude.suites.pydantic_evals import read_pydantic_evals
from pytest_claude.suites.writing import written

AGREES = "The reply agrees with this expected answer: 30 days"


def stated(suite: Suite) -> list[list[tuple[str, dict[str, Any]]]]:
    return [[(c.code, dict(c.values)) for c in case.checks] for case in suite.cases]


# --- DeepEval -------------------------------------------------------------------------------

GOLDENS: dict[str, str] = {
    "saved.json": json.dumps(
        [{"input": "How long?", "actual_output": None, "expected_output": "30 days",
          "context": ["Refunds take 30 days."], "source_file": "a.pdf"}]
    ),
    "exported.json": json.dumps(
        {"goldens": [{"input": "How long?", "expectedOutput": "30 days",
                      "context": ["Refunds take 30 days."], "retrievalContext": []}],
         "conversationalGoldens": []}
    ),
    "lines.jsonl": '{"input": "How long?", "expected_output": "30 days", '
    '"context": ["Refunds take 30 days."]}\n',
    "saved.csv": "input,actual_output,expected_output,context,source_file\n"
    "How long?,,30 days,Refunds take 30 days.,a.pdf\n",
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDENS)
def test_a_golden_is_asked_and_a_judge_compares_its_expected_output(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_text(GOLDENS[name])
    suite = read_deepeval(path)
    assert [case.prompt for case in suite.cases] == ["How long?"]
    assert stated(suite) == [[("claude.judge({rubric})", {"rubric": AGREES})]]
    assert suite.cases[0].more["expected_output"] == "30 days"
    assert "Refunds take 30 days." in suite.cases[0].more["context"]
    assert suite.left_out == suite.cases[0].left_out == []


def goldens(folder: Path, *rows: Any) -> Suite:
    path = folder / "goldens.json"
    path.write_text(json.dumps(rows))
    return read_deepeval(path)


@pytest.mark.parametrize(
    ("given", "tools"),
    [
        ([{"name": "lookup", "input_parameters": {"id": "7"}}, {"name": "refund"}],
         [["lookup", {"id": "7"}], "refund"]),
        (["lookup"], ["lookup"]),
        ("lookup;refund", ["lookup", "refund"]),
        ("lookup|refund", ["lookup", "refund"]),
        ('[{"name": "lookup", "inputParameters": {"id": "7"}}]', [["lookup", {"id": "7"}]]),
    ],
)  # fmt: skip
def test_expected_tools_must_be_called(tmp_path: Path, given: Any, tools: Any) -> None:
    suite = goldens(tmp_path, {"input": "Refund", "expected_tools": given})
    code = 'claude.calls_tools({tools}, order="superset")'
    assert stated(suite) == [[(code, {"tools": tools})]]


def test_what_a_golden_holds_of_a_run_is_listed_and_metadata_are_tags(tmp_path: Path) -> None:
    row = {"input": "Hi", "name": "Greeting", "actual_output": "Hello", "retrieval_context": ["a"],
           "additional_metadata": {"area": "x"}, "comments": "short"}  # fmt: skip
    [case] = goldens(tmp_path, row).cases
    assert (case.name, case.tags, case.more) == ("Greeting", ["area:x"], {"comments": "short"})
    assert case.left_out == ["actual_output: Hello", "retrieval_context: ['a']"]
    assert case.checks == []


def test_a_conversation_is_asked_up_to_the_last_turn_of_the_user(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "A"},
        {"role": "assistant", "content": "B"},
        {"role": "user", "content": "C"},
        {"role": "assistant", "content": "D"},
    ]
    row = {"scenario": "A refund", "expected_outcome": "Refunded", "turns": turns}
    suite = goldens(tmp_path, row, {"scenario": "simulated"})
    assert suite.cases[0].prompt == turns[:3]
    assert suite.cases[0].more == {"expected_outcome": "Refunded", "scenario": "A refund"}
    assert suite.cases[0].left_out == ["turn 4: after the last one of the user"]
    assert suite.left_out == ["golden 2: neither an input nor a turn of the user"]


def test_a_golden_that_cannot_be_asked_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    user = {"role": "user", "content": "A"}
    suite = goldens(
        tmp_path,
        "a text",
        {"input": ["Look", {"url": "x.png"}]},
        {"input": {"a": 1}},
        {"turns": ["a text", user]},
        {"turns": [{"role": "tool", "content": "x"}, user]},
        {"turns": [{"role": "user", "content": None}]},
        {"input": "Hi"},
    )
    assert [case.prompt for case in suite.cases] == ["Hi"]
    assert suite.left_out == [
        "golden 1: 'a text' is no object",
        "golden 2: its input is no text: ['Look', {'url': 'x.png'}]",
        "golden 3: its input is no text: {'a': 1}",
        "golden 4: turn 'a text' is no object",
        "golden 5: turn 1 is no text of the user or the assistant",
        "golden 6: turn 1 is no text of the user or the assistant",
    ]


def test_what_a_part_of_a_golden_says_besides_is_listed(tmp_path: Path) -> None:
    tools = [{"name": "a", "output": "x", "reasoning": "y"}]
    turns = [{"role": "user", "content": "A", "user_id": "u"}]
    row = {"turns": turns, "expected_tools": tools, "additional_metadata": "late"}
    other = {"input": "Hi", "turns": turns, "expected_tools": [{"x": 1}]}
    [case, second] = goldens(tmp_path, row, other).cases
    assert case.left_out == [
        "turn 1: user_id",
        "additional_metadata: late",
        "expected_tools: a: output",
        "expected_tools: a: reasoning",
    ]
    assert (second.prompt, second.checks) == ("Hi", [])
    assert second.left_out == [
        f"turns: {turns}",
        "expected_tools: {'x': 1}: no name of a tool with its arguments",
    ]
    path = tmp_path / "exported.json"
    path.write_text('{"goldens": null, "conversationalGoldens": [{"input": "Hi"}], "alias": "A"}')
    suite = read_deepeval(path)
    assert (len(suite.cases), suite.left_out) == (1, ["alias"])


def test_a_row_of_csv_may_lack_cells_and_may_not_have_too_many(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("input,name\nHi\n")
    assert [(case.prompt, case.name) for case in read_deepeval(path).cases] == [("Hi", "")]
    path.write_text("input,name\nHi,a,b\n")
    with pytest.raises(SettingsError, match=r"a\.csv: .* more cells than the header: \['b'\]"):
        read_deepeval(path)


@pytest.mark.parametrize("given", [{"a": 1}, 5, [{"name": "a", "input_parameters": "x"}]])
def test_expected_tools_that_are_no_list_of_tools_are_listed(tmp_path: Path, given: Any) -> None:
    [case] = goldens(tmp_path, {"input": "Hi", "expected_tools": given}).cases
    assert case.checks == []
    assert [line.partition(":")[0] for line in case.left_out] == ["expected_tools"]


def test_a_field_of_the_file_keeps_its_value_beside_one_of_ours(tmp_path: Path) -> None:
    row = {"input": "Hi", "id": "theirs", "rubric": "theirs", "expected_output": "Ho"}
    texts = written(goldens(tmp_path, row), "a", "goldens.json")
    fields = json.loads(texts["a.jsonl"])
    assert (fields["id"], fields["id_2"], fields["rubric_2"]) == ("hi", "theirs", "theirs")
    assert fields["expected_output"] == "Ho"


def test_metadata_in_a_cell_of_csv_are_tags(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('input,additional_metadata\nHi,"{""area"": ""x""}"\n')
    assert read_deepeval(path).cases[0].tags == ["area:x"]


# --- pydantic-evals -------------------------------------------------------------------------

DATA_SET = """\
# yaml-language-server: $schema=my_tests_schema.json
name: my_tests
cases:
- name: capital
  inputs: What is the capital of France?
  metadata: {area: geography}
  expected_output: Paris
  evaluators:
  - Contains: Par
- name: capital_of
  inputs: {question: Which landmark?, context: null}
  evaluators:
  - Contains: {value: seine, case_sensitive: false}
  - LLMJudge: {rubric: It names a landmark, include_input: true}
- inputs: {question: Where?, city: Paris}
evaluators:
- EqualsExpected
- IsInstance: str
- MaxDuration: 2.0
report_evaluators:
- ConfusionMatrixEvaluator: {}
"""


def data_set(folder: Path, text: str, name: str = "a.yaml") -> Suite:
    path = folder / name
    path.write_text(text)
    return read_pydantic_evals(path)


def test_evaluators_of_the_data_set_and_of_the_case_are_checks(tmp_path: Path) -> None:
    suite = data_set(tmp_path, DATA_SET)
    within = ("claude.within(total_s={total_s})", {"total_s": 2.0})
    assert stated(suite) == [
        [
            ("reply.text == {equals}", {"equals": "Paris"}),
            within,
            ("{contains} in reply.text", {"contains": "Par"}),
        ],
        [
            within,
            ("{icontains}.lower() in reply.text.lower()", {"icontains": "seine"}),
            ("claude.judge({rubric})", {"rubric": "It names a landmark"}),
        ],
        [within],
    ]
    assert [case.prompt for case in suite.cases] == [
        "What is the capital of France?",
        "Which landmark?",
        "question: Where?\ncity: Paris",
    ]
    assert suite.cases[0].tags == ["area:geography"]
    assert suite.cases[0].more == {"expected_output": "Paris"}
    assert suite.cases[0].left_out == ["IsInstance: an evaluator of your own, or none of ours"]
    assert suite.left_out == ["report evaluator ConfusionMatrixEvaluator"]


def test_a_data_set_in_json_is_the_same(tmp_path: Path) -> None:
    case = {"name": "a", "inputs": "Hi", "expected_output": {"id": 1}}
    data = {"$schema": "s.json", "cases": [case], "evaluators": ["EqualsExpected"]}
    suite = data_set(tmp_path, json.dumps(data), "a.json")
    assert stated(suite) == [[("claude.returns_json().value == {equals}", {"equals": {"id": 1}})]]


@pytest.mark.parametrize(
    ("evaluator", "line"),
    [
        ("HasMatchingSpan: {query: {}}", "HasMatchingSpan: an evaluator of your own"),
        ("CustomThreshold: {min: 5}", "CustomThreshold: an evaluator of your own"),
        ("Contains: {value: {a: 1}}", "Contains: a member of a list or an object"),
        ("Contains: {case_sensitive: true}", "Contains: without value"),
        ("MaxDuration: PT2S", "MaxDuration: PT2S: no number of seconds"),
        ("LLMJudge: {rubric: x, score: {a: 1}, assertion: false}", "LLMJudge: the judge says yes"),
    ],
)
def test_an_evaluator_without_an_equivalent_is_listed(
    tmp_path: Path, evaluator: str, line: str
) -> None:
    [case] = data_set(tmp_path, f"cases: [{{inputs: x, evaluators: [{{{evaluator}}}]}}]").cases
    assert case.checks == []
    assert case.left_out[0].startswith(line)


@pytest.mark.parametrize(
    ("expected", "text"), [("Paris", "Paris"), ({"city": "Paris"}, '{"city": "Paris"}')]
)
def test_a_judge_is_told_the_expected_output_where_it_is_included(
    tmp_path: Path, expected: Any, text: str
) -> None:
    judge = {"rubric": "It agrees", "include_expected_output": True, "include_input": True}
    case = {"inputs": "x", "expected_output": expected, "evaluators": [{"LLMJudge": judge}]}
    suite = data_set(tmp_path, json.dumps({"cases": [case]}), "a.json")
    rubric = f"It agrees\nThe expected answer: {text}"
    assert stated(suite) == [[("claude.judge({rubric})", {"rubric": rubric})]]
    assert suite.cases[0].left_out == []


def test_what_an_evaluator_a_case_or_the_data_set_says_besides_is_listed(tmp_path: Path) -> None:
    text = """\
name: orders
version: 2
cases:
- name: a
  inputs: x
  metadata: late
  source: b
  evaluators:
  - LLMJudge: {rubric: It is kind, model: openai:gpt-5}
  - name: Equals
    arguments: {value: y, evaluation_name: same}
  - {name: Contains, arguments: [z]}
"""
    suite = data_set(tmp_path, text)
    assert [code for code, _ in stated(suite)[0]] == [
        "claude.judge({rubric})",
        "reply.text == {equals}",
        "{contains} in reply.text",
    ]
    assert suite.cases[0].left_out == [
        "metadata: late",
        "LLMJudge: model",
        "Equals: evaluation_name",
        "source",
    ]
    assert suite.left_out == ["version"]


def test_a_case_without_inputs_or_that_is_no_object_is_named(tmp_path: Path) -> None:
    text = "cases: [a text, {name: b, inputs: null}, {inputs: {q: null}}, {inputs: Hi}]"
    suite = data_set(tmp_path, text)
    assert [case.prompt for case in suite.cases] == ["Hi"]
    assert suite.left_out == [
        "case 1: 'a text' is no object",
        "case b: no inputs",
        "case 3: no inputs",
    ]


def test_an_evaluator_of_expected_output_skips_a_case_without_one(tmp_path: Path) -> None:
    text = "{cases: [{inputs: x}], evaluators: [EqualsExpected, ContainsExpected, {Equals: y}]}"
    suite = data_set(tmp_path, text)
    assert stated(suite) == [[("reply.text == {equals}", {"equals": "y"})]]


@pytest.mark.parametrize(
    ("reader", "text", "why"),
    [
        (read_deepeval, "[]", "no goldens"),
        (read_deepeval, '{"cases": []}', "no goldens"),
        (read_deepeval, "[", "can't be read"),
        (read_pydantic_evals, '{"goldens": []}', "no data set of pydantic-evals"),
        (read_pydantic_evals, "[]", "no data set of pydantic-evals"),
    ],
)
def test_another_file_is_an_error_that_names_it(
    tmp_path: Path, reader: Any, text: str, why: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=rf"a\.json: .*{why}"):
        reader(path)
