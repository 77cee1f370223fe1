"""The demo's two models, patterned on the documented shift from Sonnet 4.5 to Sonnet 5.5.

What the migration guide of claude-sonnet-5-5 says (platform.claude.com, September 2026): it pauses
to ask what it could find out, works in the text before JSON that is asked for in the prompt, and
thinks by default. Parallel tool calls instead of one at a time are a shift seen in recordings of
Sonnet 4.5 against 4.6. The wording is ours.
"""

from __future__ import annotations

import json

from simulator.personas import Persona, by_prompt, calls, flaky, says, script

INVOICE = json.dumps({"number": "2026-117", "total": 1190.0, "currency": "EUR"})


def _lookup(order: str) -> tuple[str, dict[str, str]]:
    return "lookup_order", {"order_id": order}


def _refund(order: str) -> tuple[str, dict[str, str]]:
    return "refund", {"order_id": order}


_refunds = script(
    calls(_lookup("1234"), text="Let me look at your order."),
    calls(_refund("1234")),
    says("I have refunded the hammer of order 1234, 19.90 in full."),
)
_which_order = says("I'm sorry to hear that. Which order do you want to return?")
_compares = says("Your hammer (order 1234, 19.90) was cheaper than your saw (order 1235, 32.50).")
_finds = script(calls(_lookup("1235")), says("Your saw is on its way."))
_summary = "The customer's saw does not cut. They have written five times and wait for an answer."

BASELINE: Persona = by_prompt(
    {
        "hammer of order 1234": _refunds,
        "When does my saw arrive": _finds,
        "was cheaper": script(calls(_lookup("1234")), calls(_lookup("1235")), _compares),
        "I want a refund": _which_order,
        "Invoice": says(INVOICE),
        "five times": says(_summary, thinking="They repeat themselves; one complaint."),
    },
    says("How can I help you today?"),
)

CANDIDATE: Persona = by_prompt(
    {
        "hammer of order 1234": _refunds,
        "When does my saw arrive": script(
            flaky(
                says("Happy to check. Could you tell me the order number?"),
                calls(_lookup("1235")),
                rate=0.3,
                seed="desk",
            ),
            says("Your saw is on its way."),
        ),
        "was cheaper": script(calls(_lookup("1234"), _lookup("1235")), _compares),
        "I want a refund": _which_order,
        "Invoice": says(
            "The invoice number is 2026-117, and the total of 1,190.00 EUR includes tax.\n\n"
            + INVOICE,
            thinking="",
        ),
        "five times": says(_summary, thinking=""),
    },
    says("How can I help you today?"),
)
