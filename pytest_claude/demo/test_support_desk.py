"""What the support desk's customers rely on, whatever model answers them."""

import pytest
import support_desk

pytestmark = pytest.mark.claude(trials=3, pass_rate=0.6)

INVOICE = {
    "title": "Invoice",
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "total": {"type": "number"},
        "currency": {"enum": ["EUR", "USD"]},
    },
    "required": ["number", "total", "currency"],
}


def test_looks_up_the_order_before_refunding(claude):
    support_desk.answer("The hammer of order 1234 broke. I want a refund.")
    assert [call.name for call in claude.tool_calls] == ["lookup_order", "refund"]
    assert claude.calls_tool("refund", order_id="1234", times=1)


def test_finds_the_order_by_itself(claude):
    support_desk.answer("When does my saw arrive? I only have the receipt, it says 1235.")
    assert claude.calls_tool("lookup_order", order_id="1235")


def test_compares_two_orders(claude):
    support_desk.answer("Which of my orders 1234 and 1235 was cheaper?")
    assert claude.calls_tool("lookup_order", order_id="1234")
    assert claude.calls_tool("lookup_order", order_id="1235")


@pytest.mark.claude_clarifies
def test_asks_which_order():
    support_desk.answer("I want a refund.")


def test_extracts_an_invoice_as_json(claude):
    support_desk.extract_invoice("Invoice 2026-117, total 1,190.00 EUR, due in 14 days.")
    assert claude.returns_json(INVOICE)


def test_summarizes_a_ticket(claude):
    support_desk.summarize("The customer wrote five times that the saw does not cut. " * 20)
    assert claude.stops_with("end_turn")
    assert claude.calls_no_tool()
