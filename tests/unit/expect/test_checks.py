"""Each check on hand-written transcripts: yes, no and unknown, and what it says."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from transcripts import answer, call, failed, run, talk

from pytest_claude.behavior.needle import needle
from pytest_claude.errors import NoEvidence, NotOffered
from pytest_claude.expect import checks
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.expect.view import Reply
from pytest_claude.transcript.model import Transcript

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
        (lambda: checks.returns_json(run(answer('Sure: {"a": 1}'))), False,
         "JSON in the prose, 6 characters of text before it"),
        (lambda: checks.returns_json(run(answer("Sure."))), False, "no JSON"),
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


UNKNOWN = {
    "no call": (run(), "no call to a model was made"),
    "in flight": (run(answer("x"), pending=1), "1 call has no answer yet"),
    "two in flight": (run(answer("x"), pending=2), "2 calls have no answer yet"),
    "an error": (run(failed()), 'call 1 failed with HTTP 529: "Overloaded"'),
    "an error after an answer": (
        run(answer("x"), failed(2, 400, "No.")),
        'call 2 failed with HTTP 400: "No."',
    ),
    "a cut stream": (
        run(answer("x", ended="cut")),
        "the stream of call 1 was not read to its end",
    ),
}
HIDDEN = needle("The vault code is 7481.", tokens=100, depth=0)
ASKED: dict[str, Callable[[Transcript], Check]] = {
    "calls_tool": lambda t: checks.calls_tool(t, "refund"),
    "calls_tool times=0": lambda t: checks.calls_tool(t, "refund", times=0),
    "calls_server_tool": lambda t: checks.calls_server_tool(t, "web_search"),
    "calls_no_tool": checks.calls_no_tool,
    "calls_tools": lambda t: checks.calls_tools(t, [], order="subset"),
    "calls_in_parallel": lambda t: checks.calls_in_parallel(t, "refund", "lookup_order"),
    "passes_valid_arguments": checks.passes_valid_arguments,
    "asks_clarifying_question": checks.asks_clarifying_question,
    "refuses": checks.refuses,
    "returns_json": checks.returns_json,
    "stops_with": lambda t: checks.stops_with(t, "end_turn"),
    "is_truncated": checks.is_truncated,
    "thinks": checks.thinks,
    "within": lambda t: checks.within(t, cost_usd=1, output_tokens=10),
    "reads_cache": checks.reads_cache,
    "calls_model": lambda t: checks.calls_model(t, "claude-opus-4-5"),
    "finds": lambda t: checks.finds(t, HIDDEN),
    "cites": checks.cites,
    "writes_valid_code": checks.writes_valid_code,
}


def test_every_check_is_asked_without_evidence() -> None:
    plain = {name.partition(" ")[0] for name in ASKED}
    never_unknown = {"makes_no_call"}
    no_checks = {"StopReason", "gap", "gap_of_reply"}
    assert plain | never_unknown | no_checks == set(checks.__all__)


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
    retried = run(failed(), answer("x", number=2))
    assert checks.stops_with(retried, "end_turn")
    assert checks.calls_no_tool(talk(failed(), answer("x")))


def test_the_last_reply_of_a_conversation_that_failed_is_not_another_conversation_s() -> None:
    aside = run(*talk(answer("x"), failed(2)).answers, answer("A title", number=3))
    assert checks.stops_with(aside, "end_turn").outcome is None
    assert checks.calls_no_tool(aside)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("lookup_ordr", {}, "no request offered a tool 'lookup_ordr'; did you mean 'lookup_order'? "
         "Offered: lookup_order, refund, web_search, bash. "
         "(offered=False switches this check off)"),
        ("xyz", {}, "no request offered a tool 'xyz'. "
         "Offered: lookup_order, refund, web_search, bash. "
         "(offered=False switches this check off)"),
        ("web_search", {}, "'web_search' is a tool that the API runs itself: ask "
         "calls_server_tool('web_search'). (offered=False switches this check off)"),
        ("lookup_order", {"tims": 1}, "the tool 'lookup_order' has no argument 'tims'; did you "
         "mean 'times'? Arguments: order_id, deep. (offered=False switches this check off)"),
        ("lookup_order", {"order": 1}, "the tool 'lookup_order' has no argument 'order'; did you "
         "mean 'order_id'? Arguments: order_id, deep. (offered=False switches this check off)"),
    ],
    ids=["near name", "far name", "server tool", "keyword", "argument"],
)  # fmt: skip
def test_names_are_checked(name: str, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(NotOffered) as raised:
        checks.calls_tool(CALLED, name, **arguments)
    assert str(raised.value) == text
    assert checks.calls_tool(CALLED, name, arguments, offered=False).outcome is False


def test_a_tool_that_was_called_may_be_named_though_it_was_not_offered() -> None:
    invented = run(answer("", call("lookup_everything", x=1)))
    assert checks.calls_tool(invented, "lookup_everything", x=1)


def test_server_tools_are_apart_from_client_tools() -> None:
    searched = run(answer("Found.", server=[call("web_search", query="refunds")]))
    assert checks.calls_server_tool(searched, "web_search", query="refunds")
    assert not checks.calls_server_tool(searched, "web_search", query="x")
    assert checks.calls_no_tool(searched)
    with pytest.raises(NotOffered, match=r"'refund' is a tool that the app runs"):
        checks.calls_server_tool(searched, "refund")
    with pytest.raises(NotOffered, match=r"'web_serch'; did you mean 'web_search'\?"):
        checks.calls_server_tool(searched, "web_serch")


def test_a_schema_that_is_none_is_a_misuse() -> None:
    with pytest.raises(TypeError, match=r"schema=3: a JSON Schema \(dict\), a pydantic"):
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
    first, last = (Reply(a, CALLED, Reading()) for a in CALLED.answers)
    assert first.calls_tool("lookup_order")
    assert not last.calls_tool("lookup_order")
    assert last.calls_no_tool()
    assert [call.parallel_group for call in first.tool_calls] == [1, 1]
    assert repr(first) == "<reply 1: tool_use, calls `lookup_order`, calls `refund`>"
