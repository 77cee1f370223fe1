"""promptfoo's configuration → cases with checks, in the shapes of its documentation.

https://www.promptfoo.dev/docs/configuration/reference, /prompts, /test-cases and
/expected-outputs/deterministic, read in November 2026; the examples here are written anew.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_claude.errors import SettingsError
from pytest_claude.suites.model import Suite
from pytest_claude.suites.promptfoo import read_promptfoo

SCHEMA = {"type": "object", "required": ["id"]}


def read(folder: Path, config: Any, **files: str) -> Suite:
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    path = folder / "promptfooconfig.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config))
    return read_promptfoo(path)


def one(folder: Path, assertion: Any) -> Any:
    """The case of a configuration with one test and one assertion."""
    [case] = read(folder, {"prompts": ["Hi"], "tests": [{"assert": [assertion]}]}).cases
    return case


MAPPED: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "contains": ({"value": 0}, "{contains} in reply.text", {"contains": "0"}),
    "icontains": (
        {"value": "Order"}, "{icontains}.lower() in reply.text.lower()", {"icontains": "Order"}
    ),
    "contains-all": (
        {"value": ["a", 1]}, "all(text in reply.text for text in {contains_all})",
        {"contains_all": ["a", "1"]},
    ),
    "contains-any": (
        {"value": ["a"]}, "any(text in reply.text for text in {contains_any})",
        {"contains_any": ["a"]},
    ),
    "icontains-any": (
        {"value": ["a"]}, "any(text.lower() in reply.text.lower() for text in {icontains_any})",
        {"icontains_any": ["a"]},
    ),
    "icontains-all": (
        {"value": 'say "a", "b, c", "d ""e"" \\\\", "",, f '},
        "all(text.lower() in reply.text.lower() for text in {icontains_all})",
        {"icontains_all": ['say "a"', "b, c", 'd "e" \\', "", "f"]},
    ),
    "equals": ({"value": "yes"}, "reply.text == {equals}", {"equals": "yes"}),
    "starts-with": (
        {"value": "Yes"}, "reply.text.startswith({starts_with})", {"starts_with": "Yes"}
    ),
    "regex": ({"value": r"\d{4}"}, "re.search({regex}, reply.text)", {"regex": r"\d{4}"}),
    "is-json": ({"value": SCHEMA}, "claude.returns_json({schema})", {"schema": SCHEMA}),
    "contains-json": ({}, 'claude.returns_json(where="anywhere")', {}),
    "cost": ({"threshold": 0.01}, "claude.within(cost_usd={cost_usd})", {"cost_usd": 0.01}),
    "latency": ({"threshold": 5000}, "claude.within(total_s={total_s})", {"total_s": 5.0}),
    "finish-reason": (
        {"value": "Length"}, "reply.stop_reason in {stop_reasons}",
        {"stop_reasons": ["max_tokens"]},
    ),
    "is-refusal": ({}, "claude.refuses()", {}),
    "llm-rubric": ({"value": "It is kind"}, "claude.judge({rubric})", {"rubric": "It is kind"}),
    "is-valid-openai-tools-call": ({}, "claude.passes_valid_arguments()", {}),
    "tool-call-f1": (
        {"value": "a, b"}, "set(call.name for call in claude.tool_calls) == set({tools})",
        {"tools": ["a", "b"]},
    ),
    "trajectory:tool-used": (
        {"value": "refund"}, "all(claude.calls_tool(name) for name in {tools})",
        {"tools": ["refund"]},
    ),
    "trajectory:tool-args-match": (
        {"value": {"name": "refund", "args": {"id": "7"}, "mode": "exact"}},
        "claude.calls_tool({tool}, {arguments}, exact=True)",
        {"tool": "refund", "arguments": {"id": "7"}},
    ),
    "trajectory:tool-sequence": (
        {"value": {"mode": "exact", "steps": ["a", "b"]}},
        'claude.calls_tools({tools}, order="strict")', {"tools": ["a", "b"]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MAPPED)
def test_an_assertion_with_an_equivalent_is_a_check(tmp_path: Path, kind: str) -> None:
    given, code, values = MAPPED[kind]
    case = one(tmp_path, {"type": kind, **given})
    assert [(check.code, check.values) for check in case.checks] == [(code, values)]
    assert case.left_out == []
    ast.parse(code.replace("{", "case_").replace("}", ""))


@pytest.mark.parametrize(
    ("assertion", "values"),
    [
        ("{type: contains, value: 1.0}", {"contains": "1"}),
        ("{type: contains, value: yes}", {"contains": "yes"}),
        ("{type: icontains, value: 12:30}", {"icontains": "12:30"}),
        ("{type: contains, value: 1e3}", {"contains": "1000"}),
        ("{type: contains-any, value: [true, 2.50, no]}", {"contains_any": ["true", "2.5", "no"]}),
        ("{type: contains-any, value: x}", {"contains_any": ["x"]}),
        ("{type: equals, value: 42}", {"equals": "42"}),
        ("{type: equals, value: false}", {"equals": "false"}),
        ("{type: equals, value: [1, true]}", {"equals": [1, True]}),
        ("{type: contains, value: '{{flag}}, {{none}}'}", {"contains": "true, "}),
    ],
)
def test_a_value_is_compared_as_promptfoo_writes_it(
    tmp_path: Path, assertion: str, values: dict[str, Any]
) -> None:
    test = f"{{vars: {{flag: true, none: null}}, assert: [{assertion}]}}"
    [case] = read(tmp_path, f"{{prompts: Hi, tests: [{test}]}}").cases
    assert [dict(check.values) for check in case.checks] == [values]
    assert case.left_out == []


@pytest.mark.parametrize("kind", ["is-json", "contains-json"])
@pytest.mark.parametrize(
    "text",
    ['{"type": "object", "required": ["id"]}', "type: object\nrequired: [id]", "file://a.json"],
)
def test_a_schema_may_be_written_as_a_text(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "a.json").write_text('{"type": "object", "required": ["id"]}')
    case = one(tmp_path, {"type": kind, "value": text})
    assert [dict(check.values) for check in case.checks] == [{"schema": SCHEMA}]


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("contains", True, "true: promptfoo compares no such value"),
        ("contains", {"a": 1}, '{"a": 1}: promptfoo compares no such value'),
        ("contains", None, "null: promptfoo compares no such value"),
        ("contains-any", 5, "5: no texts"),
        ("contains-all", "", ": no texts"),
        ("contains-all", '"a, b', '"a, b: its quotation marks do not match'),
        ("contains-all", '"a" b, c', '"a" b, c: its quotation marks do not match'),
        ("starts-with", 4, "4: promptfoo compares no such value"),
        ("regex", 4, "4: promptfoo compares no such value"),
        ("is-json", "a text", "a text: no JSON Schema"),
        ("contains-json", "{", "{: no JSON Schema"),
        ("is-json", True, "true: no JSON Schema"),
    ],
)
def test_a_value_that_promptfoo_does_not_compare_is_listed(
    tmp_path: Path, kind: str, value: Any, line: str
) -> None:
    case = one(tmp_path, {"type": kind, "value": value})
    assert (case.checks, case.left_out) == ([], [f"{kind}: {line}"])


@pytest.mark.parametrize(
    ("assertion", "lines"),
    [
        ({"type": "llm-rubric", "value": "x", "rubricPrompt": "y", "provider": "openai:gpt-5"},
         ["llm-rubric: rubricPrompt", "llm-rubric: provider"]),
        ({"type": "equals", "value": "x", "normalizeUnicode": True}, ["equals: normalizeUnicode"]),
        ({"type": "contains", "value": "x", "weight": 2, "metric": "m"}, ["contains: metric"]),
        ({"type": "starts-with", "value": "x", "threshold": 0.5}, ["starts-with: threshold"]),
        ({"type": "assert-set", "assert": [{"type": "is-json"}], "metric": "m"},
         ["assert-set: metric"]),
    ],
)  # fmt: skip
def test_what_an_assertion_says_besides_is_listed(
    tmp_path: Path, assertion: Any, lines: list[str]
) -> None:
    case = one(tmp_path, assertion)
    assert (len(case.checks), sorted(case.left_out)) == (1, sorted(lines))


def test_an_assertion_that_is_no_object_or_has_no_type_is_listed(tmp_path: Path) -> None:
    case = one(tmp_path, "a text")
    assert case.left_out == ["assertion: 'a text' is no object"]
    case = one(tmp_path, {"$ref": "#/assertionTemplates/a"})
    assert case.left_out == ["assertion: no such check here: {'$ref': '#/assertionTemplates/a'}"]


def test_not_states_the_contrary_and_json_is_compared_as_json(tmp_path: Path) -> None:
    case = one(tmp_path, {"type": "not-contains", "value": "no"})
    assert case.checks[0].code == "not ({contains} in reply.text)"
    assert one(tmp_path, {"type": "not-is-refusal"}).checks[0].code == "not claude.refuses()"
    case = one(tmp_path, {"type": "equals", "value": {"a": 1}})
    assert case.checks[0].code == "claude.returns_json().value == {equals}"


LEFT_OUT: dict[str, tuple[dict[str, Any], str]] = {
    "javascript": ({"value": "output.length < 10"}, "javascript: output.length < 10"),
    "python": ({"value": "file://a.py"}, "python: file://a.py"),
    "similar": ({"value": "x", "threshold": 0.8}, "similar: x"),
    "regex": ({"value": "(?<x>a"}, "regex: (?<x>a: "),
    "latency": ({"weight": 0, "threshold": 1}, "latency: of weight 0, it only measures"),
    "cost": ({"metric": "usd"}, "cost: without a threshold, it only measures"),
    "is-json": ({"transform": "output.a"}, "is-json: it has transform"),
    "llm-rubric": ({"value": "x", "threshold": 0.5}, "llm-rubric: the judge says yes or no"),
    "finish-reason": ({"value": "other"}, "finish-reason: other"),
    "contains": ({"value": "{{nothing}}"}, "contains: its template can't be filled in: 'nothing'"),
    "equals": ({"value": "file://a.js"}, "equals: value file://a.js: no text and no data"),
    "tool-call-f1": ({"value": "a", "threshold": 0.5}, "tool-call-f1: a share of the tools"),
    "trajectory:tool-used": ({"value": {"pattern": "a*"}}, "trajectory:tool-used: a pattern"),
    "trajectory:tool-args-match": (
        {"value": {"name": "a", "args": {}, "ignore": "b"}}, "trajectory:tool-args-match: ignore"
    ),
    "trajectory:tool-sequence": (
        {"value": {"steps": ["a"]}}, "trajectory:tool-sequence: other tools may be called"
    ),
    "assert-set": ({"threshold": 0.5, "assert": []}, "assert-set: "),
}  # fmt: skip


@pytest.mark.parametrize("kind", LEFT_OUT)
def test_an_assertion_without_an_equivalent_is_listed_with_the_reason(
    tmp_path: Path, kind: str
) -> None:
    given, line = LEFT_OUT[kind]
    case = one(tmp_path, {"type": kind, **given})
    assert case.checks == []
    assert [each[: len(line)] for each in case.left_out] == [line]


def test_a_set_without_a_threshold_is_all_of_its_assertions(tmp_path: Path) -> None:
    both = [{"type": "is-json"}, {"type": "javascript", "value": "x"}]
    case = one(tmp_path, {"type": "assert-set", "assert": both})
    assert (len(case.checks), case.left_out) == (1, ["javascript: x"])


# --- prompts, variables and providers -------------------------------------------------------


def test_each_prompt_is_asked_with_each_combination_of_variables(tmp_path: Path) -> None:
    suite = read(
        tmp_path,
        {
            "prompts": ["{{ text | upper }} in {{language}}", "file://chat.json"],
            "tests": [{"vars": {"text": ["hi", "file://bye.txt"], "language": "de"}}],
        },
        chat__json='[{"role": "system", "content": "To {{language}}."}, '
        '{"role": "user", "content": "{{text}}"}]',
        bye__txt="bye\n",
    )
    assert [(case.prompt, case.request, case.tags) for case in suite.cases][:2] == [
        ("HI in de", {}, []),
        ([{"role": "user", "content": "hi"}], {"system": "To de."}, ["prompt:chat"]),
    ]
    assert [case.prompt for case in suite.cases][2:] == [
        "BYE in de",
        [{"role": "user", "content": "bye"}],
    ]
    assert suite.left_out == []


def test_prompts_come_from_files_and_a_file_may_hold_several(tmp_path: Path) -> None:
    suite = read(
        tmp_path,
        {"prompts": [{"id": "file://p/*.txt", "label": "P"}, "q.md"], "tests": [{"vars": {}}]},
        **{"p/a__txt": "One\n---\nTwo\n", "q__md": "# Three\n"},
    )
    assert [case.prompt for case in suite.cases] == ["One", "Two", "# Three"]


def test_a_chat_in_yaml_is_filled_in_text_by_text(tmp_path: Path) -> None:
    chat = '- {role: user, content: "Say \\"{{text}}\\""}\n'
    test = {"vars": {"text": 'a "b"\nc'}}
    suite = read(tmp_path, {"prompts": "file://chat.yaml", "tests": [test]}, chat__yaml=chat)
    assert [case.prompt for case in suite.cases] == [
        [{"role": "user", "content": 'Say "a "b"\nc"'}]
    ]


def test_a_chat_whose_messages_are_in_a_loop_is_filled_in_first(tmp_path: Path) -> None:
    chat = '[{% for each in said %}{"role": "user", "content": "{{each.text}}"}{% endfor %}]'
    test = {"vars": {"said": [{"text": "Hi"}]}, "options": {"disableVarExpansion": True}}
    suite = read(tmp_path, {"prompts": [chat], "tests": [test]})
    assert [case.prompt for case in suite.cases] == [[{"role": "user", "content": "Hi"}]]


def test_a_test_with_a_transform_states_nothing_of_the_reply(tmp_path: Path) -> None:
    test = {"assert": [{"type": "is-json"}], "options": {"transform": "JSON.parse(output)"}}
    [case] = read(tmp_path, {"prompts": "Hi", "tests": [test]}).cases
    assert (case.checks, case.left_out) == (
        [],
        ["options.transform", "is-json: its test has a transform"],
    )


def test_what_a_program_makes_or_another_place_keeps_is_listed(tmp_path: Path) -> None:
    config = {
        "prompts": [
            "Write a README.md",
            "exec:./a.sh",
            "a.py:make",
            "langfuse://a:1",
            "*.md",
            {"a.txt": "a label"},
        ],
        "tests": ["file://a.js", "huggingface://datasets/a", {"vars": {"a": "file://a.png"}}],
        "scenarios": [{}],
        "evaluateOptions": {"repeat": 3, "cache": False},
        "derivedMetrics": [],
        "description": "A desk",
        "env": {"ANTHROPIC_API_KEY": "secret"},
    }
    suite = read(tmp_path, config)
    assert suite.cases == []
    assert suite.left_out == [
        "prompt exec:./a.sh: it is made by a program, or kept elsewhere",
        "prompt a.py:make: it is made by a program, or kept elsewhere",
        "prompt langfuse://a:1: it is made by a program, or kept elsewhere",
        "*.md: no such file",
        "prompt {'a.txt': 'a label'}: no text",
        "scenarios: write their tests out in `tests`",
        "evaluateOptions.repeat: record with --claude-trials 3",
        "derivedMetrics",
        "env",
        "evaluateOptions.cache",
        "tests file://a.js: they are made by a program",
        "tests huggingface://datasets/a: kept elsewhere",
        "test {'a': 'file://a.png'}: var a file://a.png: no text and no data",
    ]


def test_the_first_claude_is_asked_and_the_others_are_named(tmp_path: Path) -> None:
    config = {
        "targets": [
            "openai:gpt-5",
            "anthropic:claude-agent-sdk",
            {"id": "anthropic:messages:claude-sonnet-4-5-20250929",
             "config": {"max_tokens": 50, "temperature": 0, "tools": "file://tools.yaml"}},
            {"bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0":
             {"label": "small", "transform": "output", "config": {"max_tokens": 9}}},
        ],
        "tests": [{"vars": {"prompt": "Hi"}}],
    }  # fmt: skip
    suite = read(tmp_path, config, tools__yaml="- {name: a, input_schema: {type: object}}")
    tools = [{"name": "a", "input_schema": {"type": "object"}}]
    [case] = suite.cases
    assert case.prompt == "Hi"
    assert case.request == {"model": "claude-sonnet-4-5", "max_tokens": 50, "tools": tools}
    assert suite.left_out == [
        "provider openai:gpt-5: no Claude",
        "provider anthropic:claude-agent-sdk: no Claude",
        "provider anthropic:messages:claude-sonnet-4-5-20250929: config.temperature",
        "provider bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0: "
        "pytest-claude bump claude-sonnet-4-5=claude-haiku-4-5",
        "provider bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0: config",
        "provider bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0: transform",
    ]


def test_a_variable_that_is_a_date_is_asked_and_an_empty_prompt_is_listed(tmp_path: Path) -> None:
    test = "{description: a, vars: {prompt: [2026-01-02, null, 1.0]}}"
    suite = read(tmp_path, f"tests: [{test}]")
    assert [case.prompt for case in suite.cases] == ["2026-01-02", "1"]
    assert suite.left_out == ["test a: prompt '{{prompt}}': nothing is asked"]


def test_what_is_not_imported_of_a_test_is_listed_by_its_name(tmp_path: Path) -> None:
    config = {
        "prompts": [{"raw": "{{a}}{{b}}", "label": "both", "function": "f"}],
        "defaultTest": "file://a.js",
        "providers": {"id": "anthropic:messages:claude-sonnet-4-5",
                      "config": {"tools": "file://a.js", "apiKey": "secret"}},
        "tests": [{"vars": {"a": "x"}}, {"description": "no var"}, "file://a.json",
                  {"description": "a list", "metadata": ["x"]},
                  {"description": "whole", "vars": {"a": 1, "b": 2}, "providers": ["z"]}],
    }  # fmt: skip
    suite = read(tmp_path, config, a__json='["a text"]')
    undefined = "its template can't be filled in: '{}' is undefined"
    assert suite.left_out == [
        "provider anthropic:messages:claude-sonnet-4-5: config.apiKey",
        "provider anthropic:messages:claude-sonnet-4-5: tools file://a.js: no text and no data",
        "defaultTest file://a.js: no text and no data",
        "prompt both: function",
        f"test x: prompt 'both': {undefined.format('b')}",
        f"test no var: prompt 'both': {undefined.format('a')}",
        "tests file://a.json: entry 1 'a text' is no object",
        "test a list: metadata ['x'] is no object",
    ]
    [case] = suite.cases
    assert (case.name, case.left_out) == ("whole", ["providers"])


def test_a_chat_in_the_form_of_another_vendor_is_listed(tmp_path: Path) -> None:
    chat = '[{"role": "user", "content": [{"type": "image_url"}]}]'
    suite = read(tmp_path, {"prompts": [chat], "tests": [{"vars": {}}]})
    assert suite.cases == []
    assert "its messages are not in the form of the Messages API" in suite.left_out[0]


def test_every_test_has_what_the_default_test_says(tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "prompts": "{{a}}{{b}}",
        "defaultTest": {"vars": {"a": 1, "b": 2}, "assert": [{"type": "is-json"}],
                        "options": {"prefix": "<", "suffix": ">"}},
        "tests": [{"vars": {"b": "{{a}}3"}, "threshold": 0.5, "metadata": {"area": "x"},
                   "assert": [{"type": "contains", "value": "{{a}}"}],
                   "options": {"storeOutputAs": "x"}}],
    }  # fmt: skip
    [case] = read(tmp_path, config).cases
    assert case.prompt == "<113>"
    config["tests"][0]["vars"] = {"b": ["x", "y"]}
    assert [case.prompt for case in read(tmp_path, config).cases] == ["<1x>", "<1y>"]
    config["defaultTest"]["options"]["disableVarExpansion"] = True
    assert [case.prompt for case in read(tmp_path, config).cases] == ['<1["x", "y"]>']
    assert [check.code for check in case.checks] == [
        "claude.returns_json()",
        "{contains} in reply.text",
    ]
    assert case.checks[1].values == {"contains": "1"}
    assert (case.tags, case.left_out) == (["area:x"], ["threshold", "options.storeOutputAs"])


def test_rows_of_csv_state_what_their_columns_say(tmp_path: Path) -> None:
    rows = (
        "question,__expected1,__expected2,__description,__metadata:area,__prefix,__threshold\n"
        '"What is 2+2?",4,"contains-any: ""four, 4"",4",sum,math,Q: ,0.5\n'
        'Hi,"similar(0.8): Hello","cost: 0.01",,,,\n'
        "Note,note: this,not-contains: x,,,,\n"
    )
    suite = read(tmp_path, {"prompts": "{{question}}", "tests": "file://a.csv"}, a__csv=rows)
    first, second, third = suite.cases
    assert (first.name, first.prompt, first.tags) == ("sum", "Q: What is 2+2?", ["area:math"])
    assert [dict(check.values) for check in first.checks] == [
        {"equals": "4"},
        {"contains_any": ["four, 4", "4"]},
    ]
    assert first.left_out == ["__threshold"]
    assert [dict(check.values) for check in second.checks] == [{"cost_usd": 0.01}]
    assert second.left_out == ["similar: Hello"]
    assert [dict(check.values) for check in third.checks] == [
        {"equals": "note: this"},
        {"contains": "x"},
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"vars": {"prompt": "Hi"}}]'),
        ("a.jsonl", '{"vars": {"prompt": "Hi"}}\n'),
        ("a.yaml", "- vars: {prompt: Hi}"),
    ],
)
def test_tests_come_from_files_of_each_kind(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert [case.prompt for case in read(tmp_path, {"tests": [f"file://{name}"]}).cases] == ["Hi"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cases: []", "no configuration of promptfoo: no prompts and no tests in it"),
        ("- a", "no configuration of promptfoo: no prompts and no tests in it"),
        ("a: [", "can't be read: "),
        ("tests: file://none.yaml", "No such file or directory"),
        ("tests: file://a.xlsx", "No such file or directory"),
    ],
)
def test_what_is_no_configuration_is_an_error_that_names_the_file(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(SettingsError, match=r"\.(yaml|xlsx): ") as error:
        read(tmp_path, text)
    assert why in str(error.value)


def test_a_template_reaches_nothing_of_python(tmp_path: Path) -> None:
    prompt = "{{ ''.__class__.__mro__[1].__subclasses__() }}"
    suite = read(tmp_path, {"prompts": prompt, "tests": [{"vars": {"a": 1}}]})
    assert suite.cases == []
    assert "its template can't be filled in" in suite.left_out[0]
