"""The test equipment speaks the wire format that the SDK expects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import pytest
from simulator import (
    Simulator,
    asks,
    by_prompt,
    calls,
    cutting,
    flaky,
    overloaded,
    says,
    script,
)

MODEL = "claude-sonnet-4-5"
CALL = ("lookup_order", {"order_id": "1234"})


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    persona = by_prompt(
        {
            "tool": script(calls(CALL, text="Let me look."), says("Done.")),
            "busy": overloaded(1, says("At last.")),
            "cut": cutting(says("A long answer that does not end."), 4),
            "think": says("42", thinking="Six by seven."),
        },
        asks("Which order do you mean?"),
    )
    with Simulator({MODEL: persona, "claude-sonnet-5-5": persona}) as running:
        yield running


@contextmanager
def client(simulator: Simulator, **options: Any) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="sk-ant-test-key", base_url=simulator.url, **options) as sdk:
        yield sdk


def ask(simulator: Simulator, text: str, **more: Any) -> Any:
    body = {"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
    with client(simulator) as sdk:
        return sdk.messages.create(**{**body, **more})


def test_a_message(simulator: Simulator) -> None:
    reply = ask(simulator, "refund")
    assert reply.content[0].text == "Which order do you mean?"
    assert reply.stop_reason == "end_turn"
    assert reply.usage.output_tokens == 6


def test_a_tool_loop(simulator: Simulator) -> None:
    first = ask(simulator, "use a tool")
    assert [block.type for block in first.content] == ["text", "tool_use"]
    assert first.content[1].input == {"order_id": "1234"}
    assert first.stop_reason == "tool_use"
    turns = [
        {"role": "user", "content": "use a tool"},
        {"role": "assistant", "content": "Let me look."},
        {"role": "user", "content": "and?"},
    ]
    assert ask(simulator, "", messages=turns).content[0].text == "Done."


@pytest.mark.parametrize("prompt", ["refund", "use a tool", "think"])
def test_a_stream_spells_out_the_same_message(simulator: Simulator, prompt: str) -> None:
    def bare(message: Any) -> list[dict[str, Any]]:
        return [
            b.model_dump(exclude={"id", "signature", "citations", "parsed_output"})
            for b in message.content
        ]

    whole = ask(simulator, prompt)
    messages = [{"role": "user", "content": prompt}]
    with (
        client(simulator) as sdk,
        sdk.messages.stream(model=MODEL, max_tokens=100, messages=messages) as stream,
    ):
        streamed = stream.get_final_message()
    assert bare(streamed) == bare(whole)
    assert streamed.usage.output_tokens == whole.usage.output_tokens


def test_identical_suites_get_identical_bytes() -> None:
    def ids() -> list[str]:
        with Simulator({MODEL: says("hi")}) as simulator:
            return [ask(simulator, "a").id, ask(simulator, "a").id, ask(simulator, "b").id]

    first = ids()
    assert first == ids()
    assert len(set(first)) == 3


@pytest.mark.parametrize(
    ("model", "more", "match"),
    [
        (MODEL, {"model": "claude-next"}, "model: claude-next"),
        ("claude-sonnet-5-5", {"thinking": {"type": "enabled", "budget_tokens": 1024}},
         "thinking.type.enabled"),
        ("claude-sonnet-5-5", {"tool_choice": {"type": "any"}}, "tool_choice"),
        ("claude-sonnet-5-5", {"extra_body": {"top_k": 5}}, "top_k"),
        ("claude-sonnet-5-5", {"messages": [{"role": "user", "content": "a"},
                                            {"role": "assistant", "content": "{"}]}, "prefill"),
    ],
    ids=["unknown model", "thinking budget", "forced tool", "sampling", "prefill"],
)  # fmt: skip
def test_what_a_model_refuses(
    simulator: Simulator, model: str, more: dict[str, Any], match: str
) -> None:
    with pytest.raises(anthropic.APIStatusError, match=match):
        ask(simulator, "x", **{"model": model, **more})


def test_an_overloaded_model_is_retried(simulator: Simulator) -> None:
    assert ask(simulator, "busy").content[0].text == "At last."
    assert len(simulator.requests) == 2


def test_a_cut_stream_breaks(simulator: Simulator) -> None:
    messages = [{"role": "user", "content": "cut"}]
    with (
        client(simulator, max_retries=0) as sdk,
        sdk.messages.stream(model=MODEL, max_tokens=100, messages=messages) as stream,
        pytest.raises(Exception, match="peer closed connection"),
    ):
        stream.get_final_message()


def test_flaky_is_the_same_every_time() -> None:
    persona = flaky(says("a"), says("b"), 0.5, "seed")
    drawn = "".join(persona({}, seen).text for seen in range(200))
    assert drawn == "".join(persona({}, seen).text for seen in range(200))
    assert 70 < drawn.count("b") < 130


def test_other_endpoints(simulator: Simulator) -> None:
    messages: Any = [{"role": "user", "content": "x"}]
    with client(simulator) as sdk:
        assert sdk.messages.count_tokens(model=MODEL, messages=messages).input_tokens > 0
        assert sdk.models.retrieve(MODEL).id == MODEL
        with pytest.raises(anthropic.NotFoundError):
            sdk.models.retrieve("claude-next")
        assert [model.id for model in sdk.models.list()] == [MODEL, "claude-sonnet-5-5"]
