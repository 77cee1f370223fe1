"""A small support desk on Claude: the app under test. It knows nothing of pytest-claude."""

import json
from collections.abc import Sequence
from typing import Any

import anthropic
from anthropic.types import ContentBlock, MessageParam, ToolParam, ToolResultBlockParam, ToolUseBlock

MODEL = "claude-sonnet-4-5"

SUPPORT = """\
You are the support desk of Acme, a shop for tools. Look up an order before you say anything
about it. Refund only orders that the customer has named. Be brief and friendly."""

EXTRACT = """\
Extract the invoice the user sends. Answer with JSON only, an object with the keys
"number" (string), "total" (number) and "currency" (ISO code)."""

TOOLS: list[ToolParam] = [
    {
        "name": "lookup_order",
        "description": "Look up one order of the customer.",
        "input_schema": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
            "additionalProperties": False,
        },
    },
    {
        "name": "refund",
        "description": "Refund an order in full.",
        "input_schema": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}},
            "required": ["order_id"],
            "additionalProperties": False,
        },
    },
]

ORDERS = {
    "1234": {"item": "hammer", "price": 19.9, "status": "delivered"},
    "1235": {"item": "saw", "price": 32.5, "status": "on its way"},
}


def answer(question: str) -> str:
    """The desk's answer; Claude may look up and refund orders on the way."""
    client = anthropic.Anthropic()
    messages: list[MessageParam] = [{"role": "user", "content": question}]
    while True:
        reply = client.messages.create(
            model=MODEL,
            max_tokens=1024,
            system=SUPPORT,
            tools=TOOLS,
            messages=messages,
        )
        if reply.stop_reason != "tool_use":
            return _text(reply.content)
        messages.append({"role": "assistant", "content": _as_sent(reply.content)})
        messages.append({"role": "user", "content": [_run(b) for b in _calls(reply.content)]})


def extract_invoice(text: str) -> dict[str, Any]:
    """The invoice in `text`."""
    reply = anthropic.Anthropic().messages.create(
        model=MODEL,
        max_tokens=512,
        system=EXTRACT,
        messages=[{"role": "user", "content": text}],
    )
    invoice: dict[str, Any] = json.loads(_text(reply.content))
    return invoice


def summarize(ticket: str) -> str:
    """Two sentences on a long ticket, streamed; Claude thinks first."""
    with anthropic.Anthropic().messages.stream(
        model=MODEL,
        max_tokens=4096,
        thinking={"type": "enabled", "budget_tokens": 2048},
        system="Summarize the ticket in two sentences.",
        messages=[{"role": "user", "content": ticket}],
    ) as stream:
        return stream.get_final_text()


def _text(content: Sequence[ContentBlock]) -> str:
    return "".join(block.text for block in content if block.type == "text")


def _calls(content: Sequence[ContentBlock]) -> list[ToolUseBlock]:
    return [block for block in content if block.type == "tool_use"]


def _as_sent(content: Sequence[ContentBlock]) -> list[Any]:
    return [block.model_dump(exclude_none=True) for block in content]


def _run(call: ToolUseBlock) -> ToolResultBlockParam:
    result: dict[str, Any]
    order = ORDERS.get(str(call.input.get("order_id")))
    if order is None:
        result = {"error": "no such order"}
    elif call.name == "refund":
        result = {"refunded": order["price"]}
    else:
        result = order
    return {"type": "tool_result", "tool_use_id": call.id, "content": json.dumps(result)}
