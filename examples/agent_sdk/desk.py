"""A support desk on the Claude Agent SDK, with a tool of its own."""

from typing import Any

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ResultMessage,
    create_sdk_mcp_server,
    query,
    tool,
)

ORDERS = {"1234": "The hammer ships today."}


@tool("lookup_order", "Look up an order.", {"order_id": str})
async def lookup_order(arguments: dict[str, Any]) -> dict[str, Any]:
    found = ORDERS.get(arguments["order_id"], "There is no such order.")
    return {"content": [{"type": "text", "text": found}]}


async def answer(question: str) -> str:
    options = ClaudeAgentOptions(
        model="claude-sonnet-4-5",
        system_prompt="You are the support desk of a shop for tools. Be brief.",
        tools=[],  # none of Claude Code's own
        mcp_servers={"shop": create_sdk_mcp_server("shop", tools=[lookup_order])},
        allowed_tools=["mcp__shop__lookup_order"],
    )
    async for message in query(prompt=question, options=options):
        if isinstance(message, ResultMessage):
            return message.result or ""
    raise RuntimeError("the agent ended without a result")
