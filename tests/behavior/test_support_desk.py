"""This repository's own claude tests: the demo's app on every door of the SDK, replayed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import pytest

from pytest_claude import ClaudeFixture
from pytest_claude.demo import support_desk

MODEL = "claude-sonnet-4-5"
ASK: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 256,
    "tools": support_desk.TOOLS,
    "messages": [{"role": "user", "content": "I want a refund."}],
}
LOOKUP: dict[str, Any] = {
    **ASK,
    "messages": [{"role": "user", "content": "When does my saw arrive? It says 1235."}],
}
# Built at import, before any patch is in place.
EARLY = anthropic.Anthropic(api_key="sk-ant-built-at-import")


def test_a_tool_loop(claude: ClaudeFixture) -> None:
    said = support_desk.answer("The hammer of order 1234 broke. I want a refund.")
    assert "refunded" in said
    assert [call.name for call in claude.tool_calls] == ["lookup_order", "refund"]
    assert claude.calls_tool("lookup_order", order_id="1234", times=1)
    assert claude.calls_tool("refund", {"order_id": "1234"}, exact=True)
    assert not claude.calls_no_tool()
    assert claude.tool_calls[0].result == '{"item": "hammer", "price": 19.9, "status": "delivered"}'
    assert claude.reply.text == said
    assert len(claude.replies) == 3
    assert claude.usage.output_tokens == sum(r.usage.output_tokens or 0 for r in claude.replies)


def test_sync(claude: ClaudeFixture) -> None:
    anthropic.Anthropic().messages.create(**ASK)
    assert claude.asks_clarifying_question()
    assert claude.stops_with("end_turn")


def test_a_client_built_at_import(claude: ClaudeFixture) -> None:
    EARLY.messages.create(**ASK)
    assert claude.asks_clarifying_question()


def test_a_stream(claude: ClaudeFixture) -> None:
    with anthropic.Anthropic().messages.stream(**LOOKUP) as stream:
        assert stream.get_final_message().stop_reason == "tool_use"
    assert claude.calls_tool("lookup_order", order_id="1235")
    assert claude.reply.timing is not None


def test_raw_events(claude: ClaudeFixture) -> None:
    events = [event.type for event in anthropic.Anthropic().messages.create(**ASK, stream=True)]
    assert events[0] == "message_start"
    assert events[-1] == "message_stop"
    assert claude.asks_clarifying_question()


@pytest.mark.asyncio
async def test_async(claude: ClaudeFixture) -> None:
    async with anthropic.AsyncAnthropic() as client:
        await client.messages.create(**ASK)
    assert claude.asks_clarifying_question()


@pytest.mark.asyncio
async def test_an_async_stream(claude: ClaudeFixture) -> None:
    async with anthropic.AsyncAnthropic() as client, client.messages.stream(**LOOKUP) as stream:
        await stream.get_final_message()
    assert claude.calls_tool("lookup_order", order_id="1235")


@pytest.mark.asyncio
async def test_gathered(claude: ClaudeFixture) -> None:
    async with anthropic.AsyncAnthropic() as client:
        asked, called = await asyncio.gather(
            client.messages.create(**ASK), client.messages.create(**LOOKUP)
        )
    assert (asked.stop_reason, called.stop_reason) == ("end_turn", "tool_use")
    assert len(claude.replies) == 2


def test_threads(claude: ClaudeFixture) -> None:
    with ThreadPoolExecutor(2) as pool:
        replies = list(pool.map(lambda body: EARLY.messages.create(**body), [ASK, LOOKUP]))
    assert [reply.stop_reason for reply in replies] == ["end_turn", "tool_use"]
    thread = threading.Thread(target=support_desk.answer, args=("I want a refund.",))
    thread.start()
    thread.join()
    assert len(claude.replies) == 3


def test_raw_responses_and_token_counts(claude: ClaudeFixture) -> None:
    client = anthropic.Anthropic()
    raw = client.messages.with_raw_response.create(**ASK)
    assert raw.parse().stop_reason == "end_turn"
    counted = {key: value for key, value in ASK.items() if key != "max_tokens"}
    assert client.messages.count_tokens(**counted).input_tokens > 0
    assert len(claude.replies) == 1, "a token count is no reply"


def test_json(claude: ClaudeFixture) -> None:
    invoice = support_desk.extract_invoice("Invoice 2026-117, total 1,190.00 EUR.")
    schema = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
    check = claude.returns_json(schema)
    assert check
    assert check.value == invoice


@pytest.mark.claude_clarifies
@pytest.mark.claude(trials=2)
def test_markers() -> None:
    support_desk.answer("I want a refund.")


@pytest.mark.claude_calls_tool("lookup_order", order_id="1235", times=1)
@pytest.mark.claude_calls_tool("lookup_order", {"order_id": "1235"}, exact=True)
def test_a_marker_with_arguments() -> None:
    support_desk.answer("When does my saw arrive? It says 1235.")


@pytest.mark.claude_returns_json(schema={"type": "object", "required": ["currency"]})
def test_a_marker_with_a_schema() -> None:
    support_desk.extract_invoice("Invoice 2026-117, total 1,190.00 EUR.")
