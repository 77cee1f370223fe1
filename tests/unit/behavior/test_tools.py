"""What tools are for, and calls that are not made as calls."""

from __future__ import annotations

import pytest
from transcripts import answer, call, run

from pytest_claude.behavior.clarifying import Clarification
from pytest_claude.behavior.profile import profile
from pytest_claude.behavior.tools import (
    DEFAULT_OUTPUT_TOOLS,
    question_in,
    roles,
    same_spelling,
    written_call,
)
from pytest_claude.expect import checks
from pytest_claude.plugin import options
from pytest_claude.transcript.model import ToolUse

WRITTEN = [
    ('<invoke name="lookup_order">', True),
    ("<function=lookup_order>{}</function>", True),
    ("<tool_name>lookup_order</tool_name>", True),
    ('{"name": "lookup_order", "input": {}}', True),
    ("{'tool': 'lookup_order'}", True),
    ("Next:\nlookup_order(order_id='1')", True),
    ("I will run `lookup_order(1)` now.", True),
    ("- await lookup_order(1)", True),
    ("LOOKUP_ORDER(1)", True),
    ("I would call lookup_order (the tool) if I could.", False),
    ("The tool lookup_order is not there.", False),
    ("my_lookup_order(1)", False),
    ("lookup_orders(1)", False),
    ('{"order": "lookup_order"}', False),
    ("", False),
]


@pytest.mark.parametrize(("text", "is_call"), WRITTEN, ids=[text for text, _ in WRITTEN])
def test_a_call_that_is_written_as_text(text: str, is_call: bool) -> None:
    assert (written_call(text, ["refund", "lookup_order"]) is not None) is is_call


def test_the_place_is_quoted_short() -> None:
    text = f"So: `lookup_order(order_id={'1' * 500})`"
    found = written_call(text, ["lookup_order"])
    assert found is not None
    assert found.startswith("lookup_order(order_id=111")
    assert len(found) <= 80


def test_a_call_as_text_is_told_where_no_tool_was_to_be_called() -> None:
    check = checks.calls_no_tool(run(answer("lookup_order(order_id='1')")))
    assert check
    assert check.hint == (
        "the reply writes a call as text, which nothing runs: \"lookup_order(order_id='1')\""
    )


def test_spellings() -> None:
    assert same_spelling("getWeather", "get_weather")
    assert not same_spelling("get_weather", "get_weathers")


ROLES = {
    "named": (answer("", call("final_result", a=1)), ["final_result"], []),
    "numbered": (answer("", call("final_result_2", a=1)), ["final_result_2"], []),
    "forced": (
        answer("", call("refund", a=1), body={"tool_choice": {"type": "tool", "name": "refund"}}),
        ["refund"],
        [],
    ),
    "any is not forced": (
        answer("", call("refund"), body={"tool_choice": {"type": "any"}}),
        [],
        [],
    ),
    "asking": (answer("", call("ask_user", q="?")), [], ["ask_user"]),
}


@pytest.mark.parametrize(("one", "outputs", "asking"), ROLES.values(), ids=ROLES)
def test_roles(one: object, outputs: list[str], asking: list[str]) -> None:
    known = roles(run(one), asking_tools=["ask_*"])  # type: ignore[arg-type]
    assert (sorted(known.outputs), sorted(known.asking)) == (outputs, asking)


def test_the_default_of_the_ini_key_is_the_one_of_the_checks() -> None:
    key = next(key for key in options.INI_KEYS if key.name == "claude_output_tools")
    assert key.declared["default"] == list(DEFAULT_OUTPUT_TOOLS)


QUESTIONS = [
    ({"question": "Which one?"}, "Which one?"),
    ({"title": "Order", "questions": [{"header": "x", "question": "Which?"}]}, "Which?"),
    ({"title": "Order", "text": "Which one is it?"}, "Which one is it?"),
    ({"message": "Tell me the order"}, "Tell me the order"),
    ({"n": 1}, None),
    ("Which?", "Which?"),
    (None, None),
]


@pytest.mark.parametrize(("given", "question"), QUESTIONS, ids=str)
def test_the_question_of_an_asking_tool(given: object, question: str | None) -> None:
    assert question_in(ToolUse("t", "ask_user", given, 0)) == question


def test_a_profile_reads_tools_as_the_checks_do() -> None:
    asked = run(answer("", call("ask_user", question="Which one?")))
    told = profile(asked, asking_tools=["ask_user"])
    assert (told.manner, told.question, told.tools) == ("asked", "Which one?", ())
    assert profile(asked).manner == "acted"
    final = profile(run(answer("", call("final_result", total=1))))
    assert (final.manner, final.output, final.tools) == ("answered", {"total": 1}, ())


def test_a_profile_says_whether_a_reply_asks_or_that_it_is_unread() -> None:
    asks = profile(run(answer("Which order do you mean?")))
    assert (asks.manner, asks.asks, asks.question) == ("asked", True, "Which order do you mean?")
    states = profile(run(answer("Your order ships today.")))
    assert (states.manner, states.asks, states.question) == ("answered", False, None)
    unread = profile(run(answer("Welche Bestellung meinen Sie?")))
    assert (unread.manner, unread.asks, unread.question) == ("unread", None, None)


@pytest.mark.parametrize(
    ("text", "outcome", "category"),
    [
        ("I'm sorry, but I can't share customer data.", True, "policy"),
        ("I don't have access to your calendar, so I can't book that.", True, "ability"),
        ("Your order ships today.", False, None),
        ("I can't agree that 6 times 7 is 48. The correct answer is 42.", None, None),
    ],
)
def test_a_refusal_in_words_says_why(text: str, outcome: bool | None, category: str | None) -> None:
    check = checks.refuses(run(answer(text)))
    assert (check.outcome, check.certain) == (outcome, outcome is not None)
    assert outcome is None or check.category == category
    assert outcome is not True or check.observed == f'it refuses ({category}): "{text}"'


@pytest.mark.parametrize("kind", ["clarifying_question", "refusal", "answer"])
def test_what_the_rules_doubt_is_unknown(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asking, refusing = kind == "clarifying_question", None if kind == "refusal" else False
    doubt = Clarification(kind, asking, "Hm?", "weak", False, refusing)  # type: ignore[arg-type]
    monkeypatch.setattr(
        "pytest_claude.behavior.profile.detect_clarification", lambda *a, **k: doubt
    )
    asks = checks.asks_clarifying_question(run(answer("Hm?")))
    refuses = checks.refuses(run(answer("Hm?")))
    # A doubt between asking and answering is none about refusing.
    assert refuses.outcome is (None if kind == "refusal" else False)
    for check in (asks, refuses) if kind == "refusal" else (asks,):
        assert check.outcome is None
        assert not check.certain
        assert check.observed.startswith("in doubt ")
        assert check.hint is not None
        assert "claude_judge = unsure" in check.hint
