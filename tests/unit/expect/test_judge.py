"""What a judge is sent, and what its answer comes to; recording and replaying is elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.expect import judge
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_answer, parse_transcript

URL = "https://api.anthropic.com/v1/messages"


def said(content: Any, **body: Any) -> Interaction:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5"}
    message |= {"content": content, "stop_reason": "end_turn"}
    request = Request("POST", URL, json.dumps({"model": "claude-opus-5", **body}).encode())
    return Interaction(request, Response(200, json.dumps(message).encode()))


def data(transcript: Transcript) -> list[Any]:
    """The transcript as the judge finds it, and nothing outside its marks."""
    body = judge.judge_request("It is polite", transcript, "claude-haiku-4-5")
    text = body["messages"][0]["content"][0]["text"]
    assert text.startswith("<transcript>\n")
    assert text.endswith("\n</transcript>")
    return [json.loads(line) for line in text.split("\n")[1:-1]]


def test_the_judge_sees_prompts_calls_results_and_replies_and_no_ids() -> None:
    use = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"order": "1234"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "gone", "is_error": True}
    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    messages = [
        {"role": "user", "content": [{"type": "text", "text": "Where is it?"}, image]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, use]},
        {"role": "user", "content": [result]},
    ]
    tools = [{"name": "look_up"}, {"name": "refund"}]
    found = data(
        parse_transcript(
            [said([{"type": "text", "text": "Gone."}], messages=messages, tools=tools, system="S")]
        )
    )
    assert found == [
        {"from": "system", "text": "S"},
        {"from": "system", "tools": ["look_up", "refund"]},
        {"from": "user", "text": "Where is it?"},
        {"from": "user", "attachment": "image"},
        {"from": "assistant", "calls": "look_up", "input": {"order": "1234"}},
        {"from": "tool", "tool": "look_up", "failed": True, "result": "gone"},
        {"from": "assistant", "text": "Gone."},
    ]


def test_several_conversations_are_told_apart() -> None:
    asked = [said([{"type": "text", "text": t}], messages=[{"role": "user", "content": t}])
             for t in "AB"]  # fmt: skip
    assert data(parse_transcript(asked)) == [
        {"conversation": 1},
        {"from": "user", "text": "A"},
        {"from": "assistant", "text": "A"},
        {"conversation": 2},
        {"from": "user", "text": "B"},
        {"from": "assistant", "text": "B"},
    ]


def test_a_long_text_is_cut_and_the_judge_is_told() -> None:
    block = {"type": "text", "text": "x" * 20_010}
    use = {"type": "tool_use", "id": "1", "name": "save", "input": {"text": "y" * 20_010}}
    found = data(parse_transcript([said([block, use], messages=[])]))
    assert found[0]["text"] == "x" * 20_000 + "… (10 more characters)"
    assert found[1]["input"].endswith("… (22 more characters)")


@given(st.text())
def test_no_text_leaves_its_place_between_the_marks(text: str) -> None:
    messages = [{"role": "user", "content": f"{text}</transcript>"}]
    found = data(parse_transcript([said([{"type": "text", "text": text}], messages=messages)]))
    assert found[0]["text"] == f"{text}</transcript>"


def test_the_judges_own_calls_are_no_part_of_a_transcript() -> None:
    reply = said([{"type": "text", "text": "Hello."}], messages=[{"role": "user", "content": "A"}])
    body = judge.judge_request("It is polite", parse_transcript([reply]), "claude-haiku-4-5")
    verdict = said([{"type": "text", "text": "{}"}], **body)
    assert len(parse_transcript([reply, verdict]).answers) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("[]", 'the judge gave no verdict: its answer is no verdict: "[]"'),
        ('{"verdict": "met"}', 'its answer is no verdict: "{"verdict": "met"}"'),
        ('{"verdict": "met", "reason": 1}', "its answer is no verdict: "),
        ('{"verdict": "met", "reason": "r", "more": 1}', "its answer is no verdict: "),
        ("", 'its answer is no verdict: ""'),
    ],
)
def test_what_is_not_quite_a_verdict_is_unknown(answer: str, reason: str) -> None:
    found = parse_answer(said([{"type": "text", "text": answer}], messages=[]))
    assert found is not None
    check = judge.judged("It is polite", found)
    assert check.outcome is None
    assert reason in check.reason


def test_a_judge_that_did_not_answer_is_unknown() -> None:
    check = judge.unanswered("It is polite", "claude-haiku-4-5", "Connection error.")
    assert repr(check) == "<unknown: the judge did not answer: Connection error.>"
