import asyncio

from desk import answer


def test_looks_up_the_order(claude):
    assert "today" in asyncio.run(answer("Where is my order 1234?"))
    assert claude.calls_tools([("mcp__shop__lookup_order", {"order_id": "1234"})])
