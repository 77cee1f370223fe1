"""JSON Schemas of every draft and Python types, where the JSON stands, and what is typed."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from typing import Any, Literal, NotRequired, TypedDict

import pydantic
import pytest
from transcripts import answer, call, run

from pytest_claude.behavior.structured import find_json
from pytest_claude.expect import checks
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_transcript

URL = "https://api.anthropic.com/v1/messages"


class Unit(enum.Enum):
    """An enum of strings."""

    HOUR = "h"
    DAY = "d"


class Line(pydantic.BaseModel):
    """A model inside a model."""

    unit: Unit
    quantity: int = 1


class Invoice(pydantic.BaseModel):
    """A pydantic model."""

    total: float
    due: datetime.date | None = None
    lines: list[Line] = []


@dataclasses.dataclass
class Order:
    """A dataclass."""

    order_id: str
    tags: tuple[str, ...] = ()


class Item(TypedDict):
    """A TypedDict inside another."""

    name: str


class Basket(TypedDict):
    """A TypedDict of the standard library."""

    items: list[Item]
    note: NotRequired[str | None]


class Loose(pydantic.BaseModel):
    """A model whose own configuration wins."""

    total: pydantic.condecimal(strict=False) | int  # type: ignore[valid-type]


def said(value: Any) -> Any:
    return run(answer(json.dumps(value)))


FITTING = [
    (Invoice, {"total": 3, "due": "2026-11-30", "lines": [{"unit": "h"}]},
     Invoice(total=3.0, due=datetime.date(2026, 11, 30), lines=[Line(unit=Unit.HOUR)])),
    (Order, {"order_id": "1", "tags": ["a"]}, Order("1", ("a",))),
    (Basket, {"items": [{"name": "x"}]}, {"items": [{"name": "x"}]}),
    (list[Order], [{"order_id": "1"}], [Order("1")]),
    (dict[str, int], {"a": 1}, {"a": 1}),
    (Item | None, None, None),
    (Literal["yes", "no"], "yes", "yes"),
    (int, 3, 3),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "value", "read"), FITTING, ids=lambda v: str(v)[:30])
def test_a_type_is_a_schema_and_gives_its_value(expected: Any, value: Any, read: Any) -> None:
    found = checks.returns_json(said(value), expected)
    assert found, found.observed
    assert found.value == read
    assert type(found.value) is type(read)
    assert found.raw == value


BREAKING = [
    (Invoice, {"total": "3"}, '$.total "3": input should be a valid number'),
    (Invoice, {}, "$.total is missing"),
    (Invoice, {"total": 3, "lines": [{"unit": "hrs"}]},
     "$.lines[0].unit \"hrs\": input should be 'h' or 'd'"),
    (Order, {"order_id": 1}, "$.order_id 1: input should be a valid string"),
    (Basket, {"items": [{"name": None}]}, "$.items[0].name null: input should be a valid string"),
    (Basket, {}, "$.items is missing"),
    (list[int], [1, "2"], '$[1] "2": input should be a valid integer'),
    (Literal["yes", "no"], "maybe", "$ \"maybe\": input should be 'yes' or 'no'"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "value", "reason"), BREAKING, ids=lambda v: str(v)[:30])
def test_a_value_that_does_not_fit_a_type_says_where_and_why(
    expected: Any, value: Any, reason: str
) -> None:
    found = checks.returns_json(said(value), expected)
    assert not found
    assert found.reason == reason
    assert found.value is None
    assert found.raw == value


DRAFTS = [
    # In draft 4 exclusiveMaximum is a boolean, from draft 6 on a number.
    ("http://json-schema.org/draft-04/schema#", {"maximum": 3, "exclusiveMaximum": True}),
    ("http://json-schema.org/draft-06/schema#", {"exclusiveMaximum": 3}),
    ("http://json-schema.org/draft-07/schema#", {"exclusiveMaximum": 3}),
    ("https://json-schema.org/draft-07/schema", {"exclusiveMaximum": 3}),
    ("https://json-schema.org/draft/2019-09/schema", {"exclusiveMaximum": 3}),
    ("https://json-schema.org/draft/2020-12/schema", {"exclusiveMaximum": 3}),
]


@pytest.mark.parametrize(("draft", "rules"), DRAFTS)
def test_the_draft_is_the_one_that_the_schema_names(draft: str, rules: dict[str, Any]) -> None:
    schema = {"$schema": draft, **rules}
    assert checks.returns_json(said(2), schema)
    assert not checks.returns_json(said(3), schema)


WRONG = [
    ({"$schema": "http://example.com/mine"}, r"\$schema 'http://example.com/mine' is no draft"),
    ({"type": "thing"}, r"no valid JSON Schema: \$\.type"),
    ("Invoice", "schema='Invoice': a JSON Schema"),
    (object(), "schema=<object object at"),
    (type("Plain", (), {}), "schema=Plain: Unable to generate"),
]


@pytest.mark.parametrize(("schema", "text"), WRONG, ids=["draft", "type", "str", "object", "class"])
def test_what_is_no_schema_is_a_misuse_also_without_an_answer(schema: Any, text: str) -> None:
    for transcript in (run(), run(answer("no JSON")), run(answer("{}"))):
        with pytest.raises(TypeError, match=text):
            checks.returns_json(transcript, schema)


def test_a_reference_is_not_fetched() -> None:
    schema = {"$ref": "https://example.com/schema.json"}
    with pytest.raises(TypeError, match=r"\$ref 'https://example.com/schema.json' leads nowhere"):
        checks.returns_json(said({}), schema)
    own = {"$defs": {"n": {"type": "number"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert checks.returns_json(said({"a": 1}), own)
    assert not checks.returns_json(said({"a": "1"}), own)


PLACES = [
    ('{"a": 1}', "JSON in the text", None),
    (' [1]\n', "JSON in the text", None),
    ("Sure:\n```json\n[1]\n```", "JSON in a fence, 6 characters of text before it", "answer"),
    ("```\n[1]\n```\nThat is all.", "JSON in a fence, 13 characters of text after it", "answer"),
    ('I see {"a": 1} there', "JSON in the prose, 6 characters of text before and 6 after it",
     "answer"),
    ("  - item:\n    ```json\n    {\"a\": 1}\n    ```",
     "JSON in a fence, 12 characters of text before it", "answer"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "refused"), PLACES, ids=range(len(PLACES)))
def test_where_the_json_stands(text: str, place: str, refused: str | None) -> None:
    assert checks.returns_json(run(answer(text)), where="anywhere").observed == place
    found = checks.returns_json(run(answer(text)))
    assert found.outcome is (refused is None)
    assert (found.hint is None) is (refused is None)


def test_of_several_values_the_first_that_fits_is_meant() -> None:
    text = 'Like ```{"x": 1}```:\n```json\n{"x": 1}\n```\nso:\n```json\n{"total": 3}\n```'
    found = checks.returns_json(run(answer(text)), Invoice, where="anywhere")
    assert found.value == Invoice(total=3.0)


def test_the_input_of_an_output_tool_is_the_answer_forced_or_named() -> None:
    forced = run(answer("", call("refund", total=3),
                        body={"tool_choice": {"type": "tool", "name": "refund"}}))  # fmt: skip
    assert checks.returns_json(forced, Invoice).value == Invoice(total=3.0)
    assert checks.calls_no_tool(forced)
    assert checks.calls_tool(forced, "refund", total=3)
    named = run(answer("", call("final_result_2", total=3)))
    assert checks.returns_json(named, Invoice)
    acting = run(answer("", call("refund", total=3)))
    assert not checks.returns_json(acting, Invoice)
    assert checks.returns_json(acting, Invoice, output_tools=("ref*",))


@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded"])
def test_json_in_a_reply_that_was_cut_is_none(reason: str) -> None:
    for cut in (answer("3", stop_reason=reason),
                answer("", call("final_result", a=1), stop_reason=reason)):  # fmt: skip
        found = checks.returns_json(run(cut))
        assert not found
        assert found.reason == f"cut at {reason}"
        assert found.value is None


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, '{"a":' * 50_000, "```" * 50_000])
def test_a_text_of_brackets_ends(text: str) -> None:
    assert find_json(answer(text), where="anywhere") is None


def test_where_is_one_of_two() -> None:
    with pytest.raises(TypeError, match="where='text': 'answer' or 'anywhere'"):
        checks.returns_json(run(), where="text")  # type: ignore[call-overload]


BEGUN: list[tuple[str, str, bool]] = [
    ("{", '"a": 1}', True),
    ("[", '{"a": 1}]', True),
    ("Here is the JSON:\n{", '"a": 1}', True),
    ("```json\n{", '"a": 1}\n', True),
    ("```json", '\n{"a": 1}\n', True),
    ("{", '{"a": 1}', True),
    ("{", '"a": 1', False),
    ("Sure, {name}:", "it is 1", False),
]


@pytest.mark.parametrize(("begun", "written", "holds"), BEGUN)
def test_json_that_the_app_began_is_read_as_the_app_reads_it(
    begun: str, written: str, holds: bool
) -> None:
    messages = [{"role": "user", "content": "JSON"}, {"role": "assistant", "content": begun}]
    message = {"content": [{"type": "text", "text": written}], "stop_reason": "end_turn"}
    request = Request("POST", URL, json.dumps({"messages": messages}).encode())
    said = parse_transcript([Interaction(request, Response(200, json.dumps(message).encode()))])
    assert said.answers[0].text == begun + written
    assert checks.returns_json(said).outcome is holds
