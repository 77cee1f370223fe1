"""Answers in which one recorded behavior is otherwise: as JSON and as a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_claude.behavior.alterations import shown
from pytest_claude.behavior.profile import profile
from pytest_claude.behavior.tools import roles
from pytest_claude.recording.altering import Altering
from pytest_claude.recording.batches.answers import response
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.interaction import Interaction, Request, Response, Timing
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_transcript

URL = "https://api.anthropic.com/v1/messages"
ASK = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "x"}],
}
JSON = {"id": 7, "on": False, "lines": [{"sku": "a", "note": None}, {"sku": "b"}], "2026-05": {}}
FIELDS = ["id", "on", "lines", "lines.*.sku", "lines.*.note"]


def text(written: str) -> dict[str, Any]:
    return {"type": "text", "text": written}


def use(name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": f"toolu_{name}", "name": name, "input": given}


def searched(ident: str) -> list[dict[str, Any]]:
    block = {"type": "server_tool_use", "id": ident, "name": "web_search", "input": {"query": "x"}}
    result = {"type": "web_search_tool_result", "tool_use_id": ident, "content": []}
    return [block, result]


def message(*content: dict[str, Any], stop: str | None = None, ident: str = "msg_1") -> Any:
    called = any(block["type"] == "tool_use" for block in content)
    stop = stop or ("tool_use" if called else "end_turn")
    usage = {"input_tokens": 1, "output_tokens": 2}
    head = {"id": ident, "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
    return {**head, "content": list(content), "stop_reason": stop, "stop_sequence": None,
            "usage": usage}  # fmt: skip


def entries(*messages: Any, streams: bool, ask: Any = ASK) -> list[Recorded]:
    request = Request("POST", URL, json.dumps({**ask, "stream": streams}).encode())
    answers = [response({"type": "succeeded", "message": m}, {}, streams=streams) for m in messages]
    return [Recorded.of(Interaction(request, each)) for each in answers]


def read(recorded: list[Recorded]) -> Transcript:
    return parse_transcript(each.interaction for each in recorded)


def behaviors(transcript: Transcript, asking: tuple[str, ...] = ()) -> list[Any]:
    tools = roles(transcript, asking_tools=asking)
    return [*shown(transcript, profile(transcript, asking_tools=asking), tools)]


def names(transcript: Transcript, asking: tuple[str, ...] = ()) -> list[str]:
    return [f"{b.kind} {b.name}".strip() for b in behaviors(transcript, asking)]


FENCED = f"Here it is:\n```json\n{json.dumps(JSON, indent=1)}\n```\nEnjoy."
JSON_FIELDS = [f"JSON field {name}" for name in FIELDS]
SHOWN: dict[str, tuple[Any, list[str]]] = {
    "a text": (message(text("It ships.")), ["no question", "stop reason end_turn"]),
    "a question": (
        message(text("Which order do you mean?")), ["question", "stop reason end_turn"]
    ),
    "a refusal": (message(stop="refusal"), ["refusal"]),
    "a refusal in words": (
        message(text("I'm sorry, but I can't help with that.")),
        ["refusal", "stop reason end_turn"],
    ),
    "tools": (
        message(text("I look."), use("lookup", id="7", deep=True), use("refund")),
        ["tool lookup", "tool refund", "argument lookup.id", "argument lookup.deep",
         "stop reason tool_use"],
    ),
    "a tool of the API": (
        message(*searched("s1"), *searched("s2"), text("It ships.")),
        ["server tool web_search", "no question", "stop reason end_turn"],
    ),
    "JSON": (message(text(json.dumps(JSON))), [*JSON_FIELDS, "stop reason end_turn"]),
    "JSON in two blocks": (
        message(text(json.dumps(JSON)[:9]), text(json.dumps(JSON)[9:])),
        [*JSON_FIELDS, "stop reason end_turn"],
    ),
    "JSON in a fence": (message(text(FENCED)), [*JSON_FIELDS, "stop reason end_turn"]),
    "JSON in prose": (
        message(text(f"So: {json.dumps(JSON)} – done.")), [*JSON_FIELDS, "stop reason end_turn"]
    ),
    "an output tool": (
        message(use("final_result", **JSON)), [*JSON_FIELDS, "stop reason tool_use"]
    ),
    "an asking tool": (message(use("ask", text="Which?")), ["question", "stop reason tool_use"]),
    "a cut reply": (
        message(text("It ships"), stop="max_tokens"), ["no question", "stop reason max_tokens"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("streams", [False, True], ids=["JSON", "stream"])
@pytest.mark.parametrize(("said", "expected"), SHOWN.values(), ids=SHOWN)
def test_each_way_alters_the_behavior_that_it_is_of(said, expected, streams) -> None:
    recorded = entries(said, streams=streams)
    before, asking = read(recorded), ("ask",)
    assert names(before, asking) == expected
    for each in behaviors(before, asking):
        name = f"{each.kind} {each.name}".strip()
        for number, way in enumerate(each.ways):
            altering = Altering(way)
            after = read([altering.altered(entry) for entry in recorded])
            assert altering.met, name
            assert [answer.ok for answer in after.answers] == [True]
            assert [answer.stream for answer in after.answers] == [streams]
            if number == 0:
                assert name not in names(after, asking)


def test_a_value_is_changed_in_its_type_where_it_is() -> None:
    recorded = entries(message(text(FENCED)), streams=False)
    way = next(b for b in behaviors(read(recorded)) if b.name == "lines.*.sku").ways[1]
    after = read([Altering(way).altered(recorded[0])])
    assert after.last is not None
    head, _, rest = after.last.text.partition("```json\n")
    assert (head, rest.partition("\n```")[2]) == ("Here it is:\n", "\nEnjoy.")
    assert json.loads(rest.partition("\n```")[0])["lines"] == [
        {"sku": "This is done.", "note": None},
        {"sku": "This is done."},
    ]


def test_a_reply_without_its_only_tool_call_ends_its_turn_and_says_something() -> None:
    recorded = entries(message(use("refund")), streams=False)
    after = read([Altering(behaviors(read(recorded))[0].ways[0]).altered(recorded[0])])
    assert after.last is not None
    assert (after.last.text, after.last.stop_reason) == ("This is done.", "end_turn")


def test_a_behavior_of_the_last_reply_is_altered_there_alone() -> None:
    recorded = entries(message(text("It ships."), ident="msg_0"), message(text("It ships.")),
                       streams=False)  # fmt: skip
    altering = Altering(behaviors(read(recorded))[0].ways[0])
    after = [altering.altered(entry) for entry in recorded]
    assert [new is old for new, old in zip(after, recorded, strict=True)] == [True, False]


BROKEN = {
    "an error": Response(529, b'{"type": "error", "error": {"type": "overloaded_error"}}'),
    "no JSON": Response(200, b"<html>"),
    "a cut answer": Response(200, b'{"content": []}', ended="cut"),
    "a stream without an end": Response(200, b'data: {"type": "message_start"}\n\n'),
    "Converse": Response(200, b'{"output": {"message": {"content": []}}}'),
    "tokens": Response(200, b'{"input_tokens": 5}'),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_message_is_left_alone(answer) -> None:
    entry = Recorded.of(Interaction(Request("POST", URL, b"{}"), answer))
    altering = Altering(lambda message: {**message, "content": []})
    assert altering.altered(entry) is entry
    assert not altering.met


def test_an_altered_answer_keeps_its_times_and_headers() -> None:
    [entry] = entries(message(text("It ships.")), streams=False)
    headers = {"request-id": "r", "content-length": "9", "content-type": "application/json"}
    timing = Timing(1.0, 2.0, None, ((1.0, 9),))
    answer = Response(200, entry.response.body, headers, timing)
    altering = Altering(lambda message: {**message, "stop_reason": "max_tokens"})
    made = altering.altered(Recorded.of(Interaction(entry.request, answer))).response
    assert made.headers == {"request-id": "r", "content-type": "application/json"}
    assert made.timing == Timing(1.0, 2.0)
    assert made.json()["stop_reason"] == "max_tokens"


def test_a_reply_that_the_app_began_is_not_altered_in_its_json() -> None:
    ask = {**ASK, "messages": [*ASK["messages"], {"role": "assistant", "content": "{"}]}
    recorded = entries(message(text('"id": 7}')), streams=False, ask=ask)
    assert names(read(recorded)) == ["no question", "stop reason end_turn"]
