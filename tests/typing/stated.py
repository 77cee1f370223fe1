"""What a type checker sees of the checks: read by mypy and pyright, never run."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict, assert_type

import billing
import pydantic
import pytest

import pytest_claude
from pytest_claude import (
    Case,
    Check,
    ClarificationCheck,
    ClaudeFixture,
    FailedCall,
    JsonCheck,
    Needle,
    RefusalCheck,
    Reply,
    ToolCall,
    View,
)


class Invoice(pydantic.BaseModel):
    """A pydantic model."""

    total: float


@dataclasses.dataclass
class Order:
    """A dataclass."""

    order_id: str


class Basket(TypedDict):
    """A TypedDict."""

    items: list[str]


def test_what_a_check_is(claude: ClaudeFixture) -> None:
    assert_type(claude.calls_tool("lookup_order", order_id="1"), Check)
    assert_type(claude.calls_tool("lookup_order", {"class": 1}, times=2, exact=True), Check)
    assert_type(claude.calls_server_tool("web_search"), Check)
    assert_type(claude.calls_no_tool(), Check)
    assert_type(claude.calls_tools(["a", ("b", {"x": 1})], order="superset"), Check)
    assert_type(claude.calls_in_parallel("a", "b", "c"), Check)
    assert_type(claude.passes_valid_arguments("a"), Check)
    assert_type(claude.asks_clarifying_question(), ClarificationCheck)
    assert_type(claude.refuses(), RefusalCheck)
    assert_type(claude.refuses().category, str | None)
    assert_type(claude.stops_with("end_turn"), Check)
    assert_type(claude.is_truncated(), Check)
    assert_type(claude.cites("Terms"), Check)
    assert_type(claude.writes_valid_code(against=billing), Check)
    assert_type(claude.thinks(), Check)
    assert_type(claude.within(cost_usd=0.01, total_s=2), Check)
    assert_type(claude.makes_no_call(), Check)
    assert_type(claude.reads_cache(min_share=0.5), Check)
    assert_type(claude.calls_model("claude-sonnet-4-5", times=1), Check)
    assert_type(claude.within(cache_write_tokens=0), Check)
    assert_type(claude.behaves_as_recorded(ignore=["stop", "arguments.*.id"]), Check)
    hidden = pytest_claude.needle("It is 7.", tokens=100, depth=0.5)
    assert_type(hidden, Needle)
    assert_type(claude.finds(hidden), Check)


def test_json_has_the_type_of_its_schema(claude: ClaudeFixture) -> None:
    assert_type(claude.returns_json(Invoice), JsonCheck[Invoice])
    assert_type(claude.returns_json(schema=Order, where="anywhere"), JsonCheck[Order])
    assert_type(claude.returns_json(Basket).value, Basket | None)
    assert_type(claude.returns_json(list[Order]).value, list[Order] | None)
    assert_type(claude.returns_json({"type": "object"}), JsonCheck[Any])
    assert_type(claude.returns_json(), JsonCheck[Any])
    assert_type(claude.reply.returns_json(Invoice), JsonCheck[Invoice])


@pytest.mark.claude_set(pass_rate=0.9)
@pytest_claude.cases("refunds.jsonl", id="name")
def test_a_case(case: Case, claude: ClaudeFixture) -> None:
    assert_type(case.id, str)
    assert_type(case.tags, tuple[str, ...])
    claude.calls_tool(case.tool, order_id=case["order id"])


def test_what_was_said(claude: ClaudeFixture) -> None:
    assert_type(claude.reply, Reply)
    assert_type(claude.replies, tuple[Reply, ...])
    assert_type(claude.conversations[0], View)
    assert_type(claude.where(model="claude-haiku-*").calls_no_tool(), Check)
    assert_type(claude.tool_calls, tuple[ToolCall, ...])
    assert_type(claude.server_tool_calls[0].name, str)
    assert_type(claude.errors, tuple[FailedCall, ...])
    assert_type(claude.cost_usd, float | None)
    assert_type(claude.usage.output_tokens, int | None)
    assert_type(claude.reply.text, str)
