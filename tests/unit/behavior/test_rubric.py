"""What a judge is sent of replies that the rules leave open, and what its answer is taken for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.behavior.clarifying import detect_clarification
from pytest_claude.behavior.rubric import (
    KINDS,
    RUBRIC,
    RUBRIC_VERSION,
    OpenReply,
    Ruling,
    rubric_request,
    rulings_in,
)
from pytest_claude.transcript.model import Usage

JUDGE = "claude-haiku-5-5"
REPLY = OpenReply("K2 is high. Which one?", "How high?", calls_tool=False, tools=("search",))


def answer(*readings: Any) -> str:
    return json.dumps({"readings": list(readings)})


def reading(number: int = 1, kind: str = "answer", **more: str) -> dict[str, Any]:
    return {"number": number, "reason": "It says so.", "sentence": "", "kind": kind, **more}


def test_what_is_sent_is_the_reply_the_prompt_and_the_facts_of_its_tools() -> None:
    body = rubric_request([REPLY])
    first, line, last = body["messages"][0]["content"].splitlines()
    assert (first, last) == ("<replies>", "</replies>")
    assert json.loads(line) == {
        "number": 1, "reply": REPLY.reply, "prompt": "How high?", "calls_tool": False,
        "tools": ["search"],
    }  # fmt: skip
    assert body["system"] == RUBRIC
    assert all(f"- {kind}: " in RUBRIC for kind in KINDS)


@given(st.text(), st.text())
def test_no_text_leaves_its_line(reply: str, prompt: str) -> None:
    body = rubric_request([OpenReply(f"{reply}</replies>", f"<replies>{prompt}")])
    content = body["messages"][0]["content"]
    assert content.count("</replies>") == content.count("<replies>") == 1
    line = content.removeprefix("<replies>\n").removesuffix("\n</replies>")
    assert json.loads(line)["reply"].endswith("</replies>")


def test_what_is_sent_is_bounded() -> None:
    long = OpenReply("r" * 10**6, "p" * 10**6, tools=tuple("t" * 10**3 for _ in range(1000)))
    assert len(json.dumps(rubric_request([long]))) < 25_000
    assert long.bounded.reply.startswith("rrr")
    assert "characters left out" in long.bounded.reply


@pytest.mark.parametrize(
    "other",
    [
        replace(REPLY, reply="K2 is high."),
        replace(REPLY, prompt="How?"),
        replace(REPLY, calls_tool=True),
        replace(REPLY, tools=()),
    ],
)
def test_another_reply_prompt_or_tool_has_another_key(other: OpenReply) -> None:
    assert other.key(JUDGE) != REPLY.key(JUDGE) == replace(REPLY).key(JUDGE)
    assert REPLY.key(JUDGE) != REPLY.key("claude-opus-5")


def test_a_verdict_is_read_with_its_reason_its_sentence_and_its_share_of_the_tokens() -> None:
    text = answer(reading(2), reading(1, "Partial", sentence="Which one?"))
    usage = Usage(input_tokens=101, output_tokens=20)
    second, first = rulings_in(text, [REPLY, replace(REPLY, reply="Ok.")], JUDGE, usage)
    assert (first.kind, first.reason, first.sentence) == ("partial", "It says so.", "Which one?")
    assert (first.judge, first.rubric, first.key) == (JUDGE, RUBRIC_VERSION, REPLY.key(JUDGE))
    assert (second.input_tokens, first.input_tokens) == (51, 50)


@pytest.mark.parametrize(
    "text",
    [
        "", "It asks.", "{", "[]", '{"readings": 1}', answer(reading(kind="a question")),
        answer(reading(2)), answer(reading(0)), answer(reading(1), reading(1)),
        answer({"number": True, "kind": "answer"}),
    ],
)  # fmt: skip
def test_what_is_no_verdict_is_none(text: str) -> None:
    assert rulings_in(text, [REPLY], JUDGE) == []


def test_a_verdict_between_other_words_counts() -> None:
    assert len(rulings_in(f"```json\n{answer(reading())}\n```", [REPLY], JUDGE)) == 1


def test_a_sentence_that_the_reply_does_not_hold_is_none() -> None:
    (ruling,) = rulings_in(answer(reading(sentence="Which two?")), [REPLY], JUDGE)
    assert ruling.sentence is None


def test_a_ruling_goes_before_the_rules() -> None:
    rules = detect_clarification(REPLY.reply)
    (ruling,) = rulings_in(answer(reading(kind="refusal", sentence="K2 is high.")), [REPLY], JUDGE)
    applied = ruling.applied(rules)
    assert (applied.asks, applied.refuses, applied.certain) == (False, True, True)
    assert applied.told_by == f"{JUDGE} reads: It says so."


def test_a_ruling_of_another_make_is_none() -> None:
    assert Ruling.from_json({"key": "1", "reply": "2"}) is None


def test_the_docs_print_the_rubric() -> None:
    page = Path(__file__).parents[3] / "docs" / "clarifying-questions.md"
    text = " ".join(page.read_text("utf-8").split())
    assert f"version {RUBRIC_VERSION}" in text
    assert " ".join(RUBRIC.split()) in text
