"""One transcript for all platforms: what the same answer looks like through each of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import wire
from simulator.personas import Reply
from simulator.platforms import event_stream

from pytest_claude.transcript import converse
from pytest_claude.transcript.event_stream import is_event_stream, read_frames
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.parse import parse_answer

REPLY = Reply(text="Let me look.", tools=(("lookup_order", {"order_id": "1234"}),), thinking="Hm.")
BODY = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 99,
    "messages": [{"role": "user", "content": "x"}],
}
WHOLE = wire.message(REPLY, BODY, "1")
SSE = b"".join(wire.events(WHOLE))
FRAMES = b"".join(event_stream(wire.events(WHOLE)))
CONVERSE = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "Sg1"}}},
                {"text": "Let me look."},
                {"toolUse": {"toolUseId": "t1", "name": "lookup_order",
                             "input": {"order_id": "1234"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": WHOLE["usage"]["input_tokens"],
              "outputTokens": WHOLE["usage"]["output_tokens"]},
}  # fmt: skip
PLAIN = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99, "messages": BODY["messages"]}
ASKED = {"messages": [{"role": "user", "content": [{"text": "x"}]}],
         "inferenceConfig": {"maxTokens": 99}}  # fmt: skip
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5"
VERTEX = (
    "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/"
    "models/claude-sonnet-4-5@20250929"
)


def answer(url: str, asked: Any, said: bytes, status: int = 200) -> Answer:
    request = Request("POST", url, json.dumps(asked).encode())
    found = parse_answer(Interaction(request, Response(status, said)))
    assert found is not None
    return found


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


DOORS = {
    "the API": ("https://api.anthropic.com/v1/messages", BODY, dumped(WHOLE), "anthropic"),
    "a gateway": ("https://gw.example/proxy/v1/messages", BODY, SSE, "anthropic"),
    "Foundry": ("https://r.services.ai.azure.com/anthropic/v1/messages", BODY, SSE, "foundry"),
    "Bedrock": (f"{BEDROCK}/invoke", PLAIN, dumped(WHOLE), "bedrock"),
    "Bedrock stream": (f"{BEDROCK}/invoke-with-response-stream", PLAIN, FRAMES, "bedrock"),
    "Converse": (f"{BEDROCK}/converse", ASKED, dumped(CONVERSE), "bedrock"),
    "Vertex": (f"{VERTEX}:rawPredict", PLAIN, dumped(WHOLE), "vertex"),
    "Vertex stream": (f"{VERTEX}:streamRawPredict", PLAIN, SSE, "vertex"),
}


@pytest.mark.parametrize(("url", "asked", "said", "platform"), DOORS.values(), ids=DOORS)
def test_the_same_answer_through_every_door(
    url: str, asked: Any, said: bytes, platform: str
) -> None:
    found = answer(url, asked, said)
    assert found.platform == platform
    assert (found.text, found.thinking, found.stop_reason) == ("Let me look.", "Hm.", "tool_use")
    assert [(use.name, use.input) for use in found.tool_uses] == [
        ("lookup_order", {"order_id": "1234"})
    ]
    assert found.usage.output_tokens == WHOLE["usage"]["output_tokens"]
    assert found.blocks == ("thinking", "text", "tool_use")
    assert found.request.max_tokens == 99
    assert found.request.messages[0]["role"] == "user"
    assert found.model is not None
    assert "claude-sonnet-4-5" in found.model
    assert found.ok


@pytest.mark.parametrize("url", [f"{BEDROCK}/invoke", f"{BEDROCK}/converse"])
def test_an_error_of_a_cloud_is_an_error(url: str) -> None:
    found = answer(url, PLAIN, dumped({"message": "The model is invalid."}), 400)
    assert found.error is not None
    assert (found.status, found.error.message) == (400, "The model is invalid.")


def test_a_text_completion_of_the_first_models() -> None:
    said = {"completion": " Hello.", "stop_reason": "stop_sequence"}
    asked = {"prompt": "\n\nHuman: Hi\n\nAssistant:", "max_tokens_to_sample": 9}
    found = answer(f"{BEDROCK}/invoke", asked, dumped(said))
    assert (found.text, found.stop_reason) == (" Hello.", "stop_sequence")


@given(st.integers(0, len(FRAMES) - 1))
def test_a_cut_event_stream_is_never_whole(end: int) -> None:
    found = answer(f"{BEDROCK}/invoke-with-response-stream", PLAIN, FRAMES[:end])
    assert not found.ok


@given(st.integers(0, len(FRAMES) - 1), st.integers(1, 255))
def test_a_damaged_event_stream_raises_nothing_and_is_never_whole(at: int, by: int) -> None:
    damaged = FRAMES[:at] + bytes([FRAMES[at] ^ by]) + FRAMES[at + 1 :]
    assert not answer(f"{BEDROCK}/invoke-with-response-stream", PLAIN, damaged).ok


@given(st.binary(max_size=200))
def test_any_bytes_are_frames_or_the_end_of_them(data: bytes) -> None:
    frames = list(read_frames(data))
    assert frames == [] or is_event_stream(data) or frames == [None]


EVENTS = list(wire.events(WHOLE))
STOP = SSE.index(b"event: message_stop")


@given(st.integers(0, len(SSE) - 1))
def test_a_cut_stream_is_never_whole(end: int) -> None:
    found = answer("https://api.anthropic.com/v1/messages", {**BODY, "stream": True}, SSE[:end])
    # The type of the last event is all that it says.
    assert not found.ok or end > STOP + len(b'event: message_stop\ndata: {"type": "message_stop')


@given(st.permutations(EVENTS))
def test_events_in_another_order_raise_nothing(events: list[bytes]) -> None:
    answer("https://api.anthropic.com/v1/messages", BODY, b"".join(events))


@given(st.lists(st.sampled_from(EVENTS)), st.binary(max_size=40), st.integers(0, 400))
def test_a_mangled_stream_raises_nothing(events: list[bytes], noise: bytes, at: int) -> None:
    body = b"".join(events)
    answer("https://api.anthropic.com/v1/messages", BODY, body[:at] + noise + body[at:])


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(),
       lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=6)),
       st.sampled_from([URL for URL, *_ in DOORS.values()]))  # fmt: skip
def test_any_json_raises_nothing(value: dict[str, Any], url: str) -> None:
    answer(url, value, dumped(value))
    answer(url, {"messages": value}, dumped({"content": value, "output": value}))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (
            {"messages": [{"role": "user", "content": [{"text": "x"}]}], "system": [{"text": "s"}]},
            {},
        ),
        (
            {
                "inferenceConfig": {"maxTokens": 5, "stopSequences": ["."], "topP": 0.5},
                "additionalModelRequestFields": {"top_k": 2, "anthropic_beta": ["b"]},
            },
            {
                "max_tokens": 5,
                "stop_sequences": ["."],
                "top_p": 0.5,
                "top_k": 2,
                "anthropic_beta": ["b"],
                "inferenceConfig": {},
            },
        ),
        (
            {"toolConfig": {"tools": [{"toolSpec": {}}], "toolChoice": {"tool": {"name": "t"}}}},
            {
                "toolConfig": {"tools": [{"toolSpec": {}}]},
                "tool_choice": {"type": "tool", "name": "t"},
            },
        ),
        (
            {"toolConfig": {"tools": [], "toolChoice": {"any": {}}}, "requestMetadata": {"a": "b"}},
            {"toolConfig": {"tools": []}, "tool_choice": {"type": "any"}},
        ),
    ],
)
def test_parameters_of_converse_in_the_words_of_the_messages_api_and_back(
    theirs: dict[str, Any], ours: dict[str, Any]
) -> None:
    read = converse.parameters(theirs)
    assert {key: read[key] for key in ours} == ours
    assert not read.keys() & {"additionalModelRequestFields", "toolChoice"}
    assert converse.with_parameters(read) == theirs
