"""Each check on hand-written transcripts: yes, no and unknown, and what it says."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.errors import NoEvidence, NotOffered
from pytest_claude.expect import checks
from pytest_claude.expect.result import Check
from pytest_claude.expect.view import Reply
from pytest_claude.transcript.model import (
    Answer,
    ErrorReply,
    RequestView,
    ToolUse,
    Transcript,
)

TOOLS = [
    {
        "name": "lookup_order",
        "input_schema": {"type": "object", "properties": {"order_id": {}, "deep": {}}},
    },
    {"name": "refund", "input_schema": {"type": "object", "additionalProperties": True}},
]


def answer(text: str = "", *tools: tuple[str, Any], number: int = 1, **more: Any) -> Answer:
    body = {"tools": TOOLS, "messages": [{"role": "user", "content": f"turn {number}"}]}
    uses = tuple(ToolUse(f"t{n}", name, value, n) for n, (name, value) in enumerate(tools))
    defaults: dict[str, Any] = {"stop_reason": "tool_use" if tools else "end_turn"}
    return Answer(
        number, RequestView("POST", "/v1/messages", body), "m", "m", **{"status": 200, **more},
        text=text, tool_uses=uses, **({} if "stop_reason" in more else defaults),
    )  # fmt: skip


def run(*answers: Answer, pending: int = 0) -> Transcript:
    return Transcript(answers, pending)


LOOKUP = ("lookup_order", {"order_id": "1234", "deep": {"a": [1]}})
CALLED = run(answer("", LOOKUP, ("refund", {})), answer("Done.", number=2))
FENCED = 'Sure:\n```json\n{"a": 1}\n```'
SAID = run(answer("Your order ships today."))


class Any7:
    """A matcher as users bring them."""

    def __eq__(self, other: object) -> bool:
        return other == "1234"

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("check", "outcome", "reason"),
    [
        (lambda: checks.calls_tool(CALLED, "lookup_order"), True, "calls lookup_order()"),
        (lambda: checks.calls_tool(CALLED, "lookup_order", order_id="1234"), True,
         'calls lookup_order(order_id="1234")'),
        (lambda: checks.calls_tool(CALLED, "lookup_order", {"deep": {"a": [1]}}), True,
         'calls lookup_order(deep={"a": [1]})'),
        (lambda: checks.calls_tool(CALLED, "lookup_order", order_id=Any7()), True, None),
        (lambda: checks.calls_tool(CALLED, "lookup_order", order_id=1234), False, "wrong order_id"),
        (lambda: checks.calls_tool(CALLED, "lookup_order", order_id="1234", exact=True), False,
         "wrong deep"),
        (lambda: checks.calls_tool(CALLED, "refund", exact=True), True, "calls refund()"),
        (lambda: checks.calls_tool(CALLED, "refund", anything=1), False, "wrong anything"),
        (lambda: checks.calls_tool(CALLED, "refund", times=2), False,
         "`refund` called once, not twice"),
        (lambda: checks.calls_tool(CALLED, "refund", times=1), True, "calls refund()"),
        (lambda: checks.calls_tool(SAID, "refund"), False, "`refund` not called"),
        (lambda: checks.calls_tool(SAID, "refund", times=0), True, "refund() not called"),
        (lambda: checks.calls_no_tool(SAID), True, "no tool call"),
        (lambda: checks.calls_no_tool(CALLED), False, "calls `lookup_order`, `refund`"),
        (lambda: checks.stops_with(SAID, "end_turn"), True, "stops with `end_turn`"),
        (lambda: checks.stops_with(SAID, "max_tokens"), False, "stops with `end_turn`"),
        (lambda: checks.asks_clarifying_question(run(answer("Which order do you mean?"))), True,
         'asks "Which order do you mean?"'),
        (lambda: checks.asks_clarifying_question(SAID), False, "no question (answer)"),
        (lambda: checks.asks_clarifying_question(run(answer("", LOOKUP))), False,
         "calls `lookup_order`, asks nothing"),
        (lambda: checks.returns_json(run(answer('{"a": 1}'))), True, "JSON in the text"),
        (lambda: checks.returns_json(run(answer(" [1] "))), True, "JSON in the text"),
        (lambda: checks.returns_json(run(answer('Sure: {"a": 1}'))), False, "no JSON"),
        (lambda: checks.returns_json(run(answer('Sure: {"a": 1}')), where="anywhere"), True,
         "JSON in the prose"),
        (lambda: checks.returns_json(run(answer(FENCED)), where="anywhere"), True,
         "JSON in a fence"),
        (lambda: checks.returns_json(run(answer('{"a": 1}', stop_reason="max_tokens"))), False,
         "cut at max_tokens"),
        (lambda: checks.returns_json(run(answer('{"a": 1}')), {"required": ["b"]}), False,
         "$ 'b' is a required property"),
        (lambda: checks.returns_json(
            run(answer("", ("final_result", {"a": 1}))), output_tools={"final_result"}), True,
         "JSON in the call of `final_result`"),
    ],
)  # fmt: skip
def test_a_check(check: Any, outcome: bool, reason: str | None) -> None:
    found = check()
    assert found.outcome is outcome
    assert bool(found) is outcome
    if reason is not None:
        assert found.reason == reason
    assert len(repr(found)) <= 120
    assert "\n" not in repr(found)
    assert pickle.loads(pickle.dumps(found)) == found


ERROR = ErrorReply("api_error", "Overloaded")
UNKNOWN = {
    "no call": (run(), "no call to a model was made"),
    "in flight": (run(answer("x"), pending=1), "1 of the calls has no answer yet"),
    "an error": (
        run(answer(status=529, error=ERROR)),
        'call 1 failed with HTTP 529: "Overloaded"',
    ),
    "an error after an answer": (
        run(answer("x"), answer(number=2, status=400, error=ERROR)),
        'call 2 failed with HTTP 400: "Overloaded"',
    ),
    "a cut stream": (
        run(answer("x", complete=False)),
        "the stream of call 1 was not read to its end",
    ),
}
ASKED = {
    "calls_tool": lambda t: checks.calls_tool(t, "refund"),
    "calls_no_tool": checks.calls_no_tool,
    "asks_clarifying_question": checks.asks_clarifying_question,
    "returns_json": checks.returns_json,
    "stops_with": lambda t: checks.stops_with(t, "end_turn"),
}


@pytest.mark.parametrize(("transcript", "why"), UNKNOWN.values(), ids=UNKNOWN)
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_without_evidence_no_assertion_is_green(ask: Any, transcript: Transcript, why: str) -> None:
    check = ask(transcript)
    assert check.outcome is None
    for use in (bool, lambda c: not c, lambda c: c and True, lambda c: c or True):
        with pytest.raises(NoEvidence, match="no evidence: "):
            use(check)
    assert check.reason == why
    assert repr(check).startswith("<unknown: ")


def test_an_error_that_a_good_answer_followed_does_not_matter() -> None:
    retried = run(answer(status=529, error=ERROR), answer("x", number=2))
    assert checks.stops_with(retried, "end_turn")


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("lookup_ordr", {}, "no request offered a tool 'lookup_ordr'; did you mean 'lookup_order'? "
         "Offered: lookup_order, refund. (offered=False switches this check off)"),
        ("xyz", {}, "no request offered a tool 'xyz'. Offered: lookup_order, refund. "
         "(offered=False switches this check off)"),
        ("lookup_order", {"order": 1}, "the tool 'lookup_order' has no argument 'order'; did you "
         "mean 'order_id'? Arguments: order_id, deep. (offered=False switches this check off)"),
    ],
    ids=["near name", "far name", "argument"],
)  # fmt: skip
def test_names_are_checked(name: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(NotOffered) as raised:
        checks.calls_tool(CALLED, name, **arguments)
    assert str(raised.value) == text
    assert checks.calls_tool(CALLED, name, arguments, offered=False).outcome is False


def test_a_schema_that_is_none_is_a_misuse() -> None:
    with pytest.raises(TypeError, match="a JSON Schema"):
        checks.returns_json(run(answer("{}")), 3)
    with pytest.raises(TypeError, match="no valid JSON Schema"):
        checks.returns_json(run(answer("{}")), {"type": "thing"})


def test_every_violation_is_evidence_up_to_five() -> None:
    schema = {"items": {"type": "string"}}
    found = checks.returns_json(run(answer(json.dumps(list(range(8))))), schema)
    assert found.observed == "JSON in the text; 8 values break the schema"
    assert found.evidence[0].lines[0] == "$[0]  0 is not of type 'string'"
    assert found.evidence[0].lines[-1] == "… 3 more"


def test_a_pydantic_model_is_a_schema() -> None:
    class Invoice:
        """Stands for a pydantic model: only the one method counts."""

        @staticmethod
        def model_json_schema() -> dict[str, Any]:
            return {"type": "object", "required": ["total"]}

    found = checks.returns_json(run(answer("{}")), Invoice)
    assert found.expected == "text that is JSON and satisfies `Invoice`"
    assert not found


def test_a_check_tells_its_listener_when_it_is_asked() -> None:
    asked: list[Check] = []
    check = Check("x", True, "", "", "y", _asked=asked.append)
    assert asked == []
    assert check
    assert asked == [check]


def test_a_reply_has_the_same_checks() -> None:
    first, last = (Reply(a, CALLED, frozenset()) for a in CALLED.answers)
    assert first.calls_tool("lookup_order")
    assert not last.calls_tool("lookup_order")
    assert last.calls_no_tool()
    assert [call.parallel_group for call in first.tool_calls] == [1, 1]
    assert repr(first) == "<reply 1: tool_use, calls `lookup_order`, calls `refund`>"


names = st.sampled_from(["lookup_order", "refund"])
inputs = st.dictionaries(st.sampled_from(["order_id", "deep"]), st.integers(0, 2), max_size=2)


@given(st.lists(st.tuples(names, inputs), max_size=4), names, inputs)
def test_exact_implies_loose_and_a_check_and_its_negation_never_agree(
    tools: list[tuple[str, dict[str, int]]], name: str, wanted: dict[str, int]
) -> None:
    transcript = run(answer("", *tools))
    exact = checks.calls_tool(transcript, name, wanted, exact=True)
    loose = checks.calls_tool(transcript, name, wanted)
    assert not exact or loose
    assert bool(checks.calls_no_tool(transcript)) is (not tools)
    counted = sum(bool(checks.calls_tool(transcript, name, wanted, times=n)) for n in range(6))
    assert counted == 1
