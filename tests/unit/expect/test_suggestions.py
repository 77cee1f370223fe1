"""The checks that hold in all recorded trials, and the code that states them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from transcripts import answer, call, run

from pytest_claude.behavior.structured import violations
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.suggestions import Recorded, _literal, schema, suggestions
from pytest_claude.transcript.model import Transcript

ORDER = "Refund order 1234, please"
CLOSED = {"name": "lookup_order", "input_schema": {"type": "object", "properties": {"id": {}},
                                                    "additionalProperties": False}}  # fmt: skip
HAIKU = "claude-haiku-4-5"
JSON = {"id": 7, "lines": [{"sku": "a"}, {"sku": "b", "note": None}]}


def suggested(*transcripts: Transcript, **reading: Any) -> list[str]:
    trials = [Recorded(transcript, Reading(**reading)) for transcript in transcripts]
    return [each.code for each in suggestions(trials)]


def lookup(order: Any = "1234", prompt: str = ORDER, **more: Any) -> Transcript:
    return run(answer("", call("lookup_order", order_id=order, **more), prompt=prompt))


LOOKUP = 'claude.calls_tool("lookup_order", order_id={})'
ONLY = ['claude.calls_tools(["lookup_order"])', "claude.passes_valid_arguments()"]
VALUES: dict[str, tuple[tuple[Transcript, ...], str]] = {
    "that the app had sent": ((lookup(), lookup()), '"1234"'),
    "that the model made up": ((lookup("77"), lookup("77")), "ANY"),
    "that differ": ((lookup(), lookup("Refund")), "ANY"),
    "in a longer word": ((lookup("123"),), "ANY"),
    "of another type": ((lookup("1234"), lookup(1234)), "ANY"),
    "a truth": ((lookup(True, "it is true"),), "ANY"),
    "empty": ((lookup(""),), "ANY"),
    "with quotes and lines": ((lookup('a "b"\nc', 'the a "b"\nc'),), repr('a "b"\nc')),
    "a list": ((lookup(["1234"]),), "ANY"),
}


@pytest.mark.parametrize(("trials", "value"), VALUES.values(), ids=VALUES)
def test_a_value_is_stated_where_all_trials_copy_it(trials, value) -> None:
    assert suggested(*trials)[0] == LOOKUP.format(value)


def refund(*names: str) -> Transcript:
    return run(*(answer("", call(n), number=k, prompt=f"{k}") for k, n in enumerate(names, 1)))


PARALLEL = run(answer("", call("lookup_order", order_id="1"), call("refund")))
FOUND: dict[str, tuple[tuple[Transcript, ...], list[str]]] = {
    "arguments that only some calls have": (
        (lookup(deep=1), lookup()),
        [LOOKUP.format('"1234"'), *ONLY],
    ),
    "two orders": (
        (run(answer("", call("lookup_order", order_id="12"), call("lookup_order", order_id="34"),
                    prompt="12 or 34")),),
        [
            LOOKUP.format('"12"'),
            LOOKUP.format('"34"'),
            'claude.calls_tools(["lookup_order", "lookup_order"])',
            "claude.passes_valid_arguments()",
            'claude.calls_in_parallel("lookup_order", "lookup_order")',
        ],
    ),
    "a tool that is not always called": (
        (refund("refund"), refund("refund", "bash")),
        ['claude.calls_tool("refund")', 'claude.calls_tools(["refund", "bash"], order="subset")',
         "claude.passes_valid_arguments()"],
    ),
    "tools in any order": (
        (refund("refund", "bash"), refund("bash", "refund")),
        ['claude.calls_tool("refund")', 'claude.calls_tool("bash")',
         'claude.calls_tools(["refund", "bash"], order="unordered")',
         "claude.passes_valid_arguments()"],
    ),
    "together in one trial alone": (
        (PARALLEL, refund("lookup_order", "refund")),
        ['claude.calls_tool("lookup_order")', 'claude.calls_tool("refund")',
         'claude.calls_tools(["lookup_order", "refund"])'],
    ),
    "names that are taken or none": (
        (run(answer("", ("refund", {"from": "9", "times": 2, "a b": 3, "to": "x"}))),),
        ['claude.calls_tool("refund", {"from": ANY, "times": ANY, "a b": ANY}, to=ANY)',
         'claude.calls_tools(["refund"])', "claude.passes_valid_arguments()"],
    ),
    "arguments that are no object": (
        (run(answer("", ("refund", "cut off"))),),
        ['claude.calls_tool("refund")', 'claude.calls_tools(["refund"])'],
    ),
    "an argument that its tool does not know": (
        (run(answer("", call("lookup_order", zip="1"), body={"tools": [CLOSED]})),),
        ['claude.calls_tools(["lookup_order"])'],
    ),
    "a tool of the API": (
        (run(answer("It ships.", server=[("web_search", {})])),),
        ["claude.calls_no_tool()", 'claude.calls_server_tool("web_search")',
         "not claude.asks_clarifying_question()"],
    ),
    "a question": (
        (run(answer("Which order do you mean?")),) * 2,
        ["claude.calls_no_tool()", "claude.asks_clarifying_question()"],
    ),
    "a question in one trial": (
        (run(answer("Which order do you mean?")), run(answer("It ships."))),
        ["claude.calls_no_tool()"],
    ),
    "a reply in doubt": (
        (run(answer("Bitte nenne mir die Bestellnummer.")),), ["claude.calls_no_tool()"]
    ),
    "a refusal": (
        (run(answer("", stop_reason="refusal")),) * 2,
        ["claude.calls_no_tool()", "claude.refuses()"],
    ),
    "a text and no tools": (
        (run(answer("It ships.", body={"tools": []})),),
        ["not claude.asks_clarifying_question()"],
    ),
    "a cut reply": (
        (run(answer("It ships", stop_reason="max_tokens", body={"tools": []})),),
        ["not claude.asks_clarifying_question()", 'claude.stops_with("max_tokens")'],
    ),
    "JSON": (
        (run(answer('{"id": 1}')), run(answer('{"id": 2.5}'))),
        ["claude.calls_no_tool()",
         'claude.returns_json({"type": "object", "properties": {"id": {"type": "number"}}, '
         '"required": ["id"]})'],
    ),
    "JSON in a fence": (
        (run(answer('```json\n{"id": 1}\n```', body={"tools": []})),),
        ['claude.returns_json({"type": "object", "properties": {"id": {"type": "number"}}, '
         '"required": ["id"]}, where="anywhere")'],
    ),
    "several models": (
        (run(answer("It ships.", body={"tools": []}),
             replace(answer("It ships.", number=2, body={"tools": []}), model=HAIKU)),),
        ["not claude.asks_clarifying_question()", 'claude.calls_model("claude-sonnet-4-5")',
         'claude.calls_model("claude-haiku-4-5")'],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("trials", "codes"), FOUND.values(), ids=FOUND)
def test_what_holds_in_all_trials_is_suggested(trials, codes) -> None:
    assert suggested(*trials) == codes


def test_asking_and_output_tools_are_what_the_project_says() -> None:
    asks = run(answer("", call("refund", question="Which one?")))
    assert suggested(asks, asking_tools=("refund",)) == [
        "claude.calls_no_tool()",
        "claude.asks_clarifying_question()",
    ]


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@given(st.lists(JSONS, min_size=1, max_size=3))
def test_all_values_satisfy_the_schema_that_is_made_of_them(values) -> None:
    made = schema(values)
    assert [violations(value, made) for value in values] == [[]] * len(values)
    assert eval(_literal(made)) == made


def test_a_schema_names_what_each_value_has() -> None:
    assert schema([JSON]) == {
        "type": "object",
        "properties": {
            "id": {"type": "number"},
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"sku": {"type": "string"}, "note": {"type": "null"}},
                    "required": ["sku"],
                },
            },
        },
        "required": ["id", "lines"],
    }
    assert schema([{"2026-05-01": 3}]) == {"type": "object"}


@example(float("inf"))
@given(JSONS)
def test_the_code_of_a_value_reads_as_the_value(value) -> None:
    assert eval(_literal(value)) == value
    assert eval(_literal([value, ANY])) == [value, ANY]


@given(st.text())
@example("self")
@example("ﬁle")  # Python reads its first two letters as one, and the name as "file"
@example("__debug__")
@example("None")
@example("times")
def test_a_call_is_suggested_as_code_that_states_it_whatever_its_argument_is_called(
    name,
) -> None:
    trial = Recorded(run(answer("", ("refund", {name: "x"}), prompt="x")), Reading())
    (code,) = [s.code for s in suggestions([trial]) if s.check == "calls_tool"]
    assert eval(code, {"ANY": ANY, "claude": trial})
    without = Recorded(run(answer("", ("refund", {}), prompt="x")), Reading())
    assert not eval(code, {"ANY": ANY, "claude": without})
