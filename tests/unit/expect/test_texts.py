"""What each check says when a test fails on it, read whole: the rows of the `claude` section."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import billing
import pytest
from transcripts import answer, call, failed, run, timed

from pytest_claude.behavior.needle import needle
from pytest_claude.comparison.trial import Trial
from pytest_claude.expect import checks
from pytest_claude.expect.result import Check
from pytest_claude.report.explained import check_rows
from pytest_claude.report.terminal import rows_text
from pytest_claude.transcript.model import Usage

WRITTEN = """I will call it.

<invoke name="lookup_order"><parameter name="order_id">1</parameter></invoke>"""
FENCED = 'Sure:\n```json\n{"total": "1.190,00", "lines": [{"unit": "hrs"}]}\n```\nAnything else?'
INVOICE = {
    "title": "Invoice",
    "properties": {
        "total": {"type": "number"},
        "lines": {"items": {"properties": {"unit": {"enum": ["h", "day"]}}}},
    },
}
NEEDLE = needle("The vault code is 7481.", tokens=200, depth=0.5)
TERMS = "You may return goods within 30 days. Shipping is free."
OFFERED: Mapping[str, Any] = {
    "messages": [
        {
            "role": "user",
            "content": [
                {
                    "type": "document",
                    "title": "Terms",
                    "source": {"type": "text", "data": TERMS},
                    "citations": {"enabled": True},
                },
                {"type": "text", "text": "May I return it?"},
            ],
        }
    ]
}


def cited(text: str, start: int, index: int = 0) -> dict[str, Any]:
    """A block that cites a place in a document."""
    location = {
        "type": "char_location",
        "cited_text": text,
        "document_index": index,
        "start_char_index": start,
        "end_char_index": start + len(text),
    }
    return {"type": "text", "text": "x", "citations": [location]}


@dataclass
class Total:
    """A class to hold JSON against."""

    total: float


TWO_REPLIES = run(
    answer("", call("refund")), answer("", call("lookup_order", order_id="1"), number=2)
)
DEAR = answer(
    "x", usage=Usage(1000, 2000, thinking_tokens=900), timing=timed(3.25, 0.4), stream=True
)
THOUGHT = answer(
    "x",
    body={"thinking": {"type": "enabled", "budget_tokens": 2048}},
    blocks=("thinking", "text"),
    thinking="Let me see.",
    usage=Usage(1, 30, thinking_tokens=25),
)
NOTIFY = "```python\nimport billing\nbilling.credit(order, amount=5, notify=True)\n```"

FAILED: dict[str, Check] = {
    "not called": checks.calls_tool(run(answer("Which order?")), "lookup_order"),
    "another argument": checks.calls_tool(
        run(answer("", call("lookup_order", order_id=1234, deep=1))),
        "lookup_order", order_id="1234",
    ),
    "another number of times": checks.calls_tool(
        run(answer("", call("refund"))), "refund", times=2
    ),
    "one argument more": checks.calls_tool(
        run(answer("", *(call("lookup_order", order_id=n, deep=1) for n in "12"))),
        "lookup_order", order_id="2", exact=True,
    ),
    "another spelling": checks.calls_tool(
        run(answer("", call("Lookup_Order", order_id="1"))), "lookup_order"
    ),
    "written as text": checks.calls_tool(run(answer(WRITTEN)), "lookup_order"),
    "called and not expected": checks.calls_tool(run(answer("", call("refund", n=1))), "refund"),
    "a server tool not called": checks.calls_server_tool(run(answer("Hi.")), "web_search"),
    "calls where none was expected": checks.calls_no_tool(
        run(answer("", *(call("refund", n=n) for n in range(8))))
    ),
    "another order": checks.calls_tools(
        run(answer("", call("refund"), call("lookup_order", order_id="1"))),
        ["lookup_order", "refund"],
    ),
    "a call is missing": checks.calls_tools(
        run(answer("", call("refund"))), ["lookup_order", "refund"], order="unordered"
    ),
    "a call that is not listed": checks.calls_tools(
        run(answer("", call("refund"))), ["lookup_order"], order="subset"
    ),
    "other arguments than listed": checks.calls_tools(
        run(answer("", call("refund", n=2))), [("refund", {"n": 1})], order="superset"
    ),
    "one after the other": checks.calls_in_parallel(TWO_REPLIES, "refund", "lookup_order"),
    "one call of two": checks.calls_in_parallel(
        run(answer("", call("refund"))), "refund", "refund"
    ),
    "arguments that break the schema": checks.passes_valid_arguments(
        run(answer("", call("lookup_order", order_id=1), call("Refund", x=1)))
    ),
    "no schema to hold a call against": checks.passes_valid_arguments(
        run(answer("", call("bash", command="ls")))
    ),
    "acts instead of asking": checks.asks_clarifying_question(
        run(answer("", call("refund", order_id="latest")))
    ),
    "answers instead of asking": checks.asks_clarifying_question(
        run(answer("Your order ships today."))
    ),
    "text around the JSON": checks.returns_json(run(answer(FENCED)), INVOICE),
    "values that break the schema": checks.returns_json(
        run(answer(FENCED)), INVOICE, where="anywhere"
    ),
    "a value that does not fit the class": checks.returns_json(
        run(answer('{"total": "3"}')), Total
    ),
    "JSON that is cut": checks.returns_json(run(answer('{"a": 3}', stop_reason="max_tokens"))),
    "no JSON because it is cut": checks.returns_json(
        run(answer('{"a": ', stop_reason="max_tokens"))
    ),
    "a call in place of JSON": checks.returns_json(run(answer("", call("refund", a=1)))),
    "no refusal": checks.refuses(run(answer("Your order ships today."))),
    "a refusal that was not expected": checks.refuses(
        run(answer("", stop_reason="refusal", refusal_category="cyber"))
    ),
    "another stop reason": checks.stops_with(run(answer("x")), "tool_use"),
    "truncated": checks.is_truncated(run(answer("The first", stop_reason="max_tokens"))),
    "no thinking": checks.thinks(run(answer("x"))),
    "thinking that was not expected": checks.thinks(run(THOUGHT, answer("y", number=2))),
    "a cache that is not read": checks.reads_cache(
        run(answer("x", usage=Usage(1000, 20, 0, 500, 0)), answer("y", number=2))
    ),
    "another model": checks.calls_model(run(answer("x")), "claude-opus-4-5"),
    "a model too often": checks.calls_model(
        run(answer("x"), answer("y", number=2)), "claude-sonnet-4-5", times=1
    ),
    "over the limits": checks.within(
        run(DEAR), cost_usd=0.01, output_tokens=500, thinking_tokens=1000, total_s=2,
        time_to_first_token_s=1,
    ),
    "limits that can't be held": checks.within(
        run(answer("x", body={"model": "claude-next-1"})),
        cost_usd=0.01, total_s=3,
    ),
    "a needle that was missed": checks.finds(
        run(answer("I can't see it.", prompt=NEEDLE.document)), NEEDLE
    ),
    "a needle that was found": checks.finds(
        run(answer("It is 7481.", prompt=NEEDLE.document)), NEEDLE
    ),
    "a needle that was cut away": checks.finds(run(answer("It is 7481.")), NEEDLE),
    "no citation": checks.cites(run(answer("Yes.", body=OFFERED)), "Terms"),
    "citations that do not hold": checks.cites(
        run(answer("x", body=OFFERED,
                   content=(cited("within 14 days", 21), cited("Shipping is free.", 20)))),
        "Terms",
    ),
    "a document that was not offered": checks.cites(
        run(answer("x", body=OFFERED, content=(cited("within", 21, 4),))), 0
    ),
    "a citation that was not expected": checks.cites(
        run(answer("x", body=OFFERED, content=(cited("Shipping is free.", 37),)))
    ),
    "an invented keyword": checks.writes_valid_code(run(answer(NOTIFY)), against=billing),
    "code that does not parse": checks.writes_valid_code(
        run(answer("```python\nimport billing\nbilling.credit(order,\n```"))
    ),
    "no code": checks.writes_valid_code(run(answer("That is not possible."))),
    "code that does not use the module": checks.writes_valid_code(
        run(answer("```python\nx = 1\n```")), against=billing
    ),
    "calls of a model": checks.makes_no_call(run(answer("x"), failed(2))),
    "no evidence": checks.calls_no_tool(run(failed())),
}  # fmt: skip

TRIAL = Trial("t", "base", 0, "fail", cassette="cassettes/test_refund/a.yaml", interactions=2)
TEXTS = Path(__file__).with_name("texts.txt")


def written(name: str) -> str:
    """One failure as the user reads it, its one-line form first."""
    check = FAILED[name]
    rows = check_rows(check, TRIAL, [])
    return "\n".join([f"E  {check!r}", *rows_text(rows)]) + "\n"


def expected() -> dict[str, str]:
    """The texts by name."""
    parts = re.split(r"^## (.+)\n", TEXTS.read_text("utf-8"), flags=re.MULTILINE)
    told = zip(parts[1::2], parts[2::2], strict=True)
    return {name: text.rstrip("\n") + "\n" for name, text in told}


@pytest.mark.parametrize("name", FAILED)
def test_a_failure_is_told_so(name: str) -> None:
    assert written(name) == expected()[name]
    assert len(repr(FAILED[name])) <= 120


def test_every_check_tells_a_failure() -> None:
    assert set(expected()) == set(FAILED)
    assert {check.name for check in FAILED.values()} == set(checks.__all__) - {
        "StopReason", "gap", "gap_of_reply",
    }  # fmt: skip
