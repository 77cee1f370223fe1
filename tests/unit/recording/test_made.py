"""What a process counts while it records."""

from __future__ import annotations

import json

from pytest_claude.models.prices import price_table
from pytest_claude.recording.made import Made
from pytest_claude.transcript.interaction import Interaction, Request, Response


def answered(model: str) -> Interaction:
    body = json.dumps({"model": model, "max_tokens": 9, "messages": []}).encode()
    answer = {"type": "message", "model": model, "content": [],
              "usage": {"input_tokens": 100, "output_tokens": 10}}  # fmt: skip
    request = Request("POST", "https://api.anthropic.com/v1/messages", body)
    return Interaction(request, Response(200, json.dumps(answer).encode()))


def test_counts_are_taken_once_and_what_has_no_price_is_not_zero() -> None:
    made = Made(price_table(["claude-haiku-4-5 input=1 output=10"]))
    made.answer(answered("claude-haiku-4-5"))
    made.answer(answered("claude-next-1"))
    made.judge(0.5)
    made.judge(None)
    made.trials += 1
    counts = {"calls": 2, "usd": 0.5002, "unpriced": 2, "waits": [], "trials": 1}
    assert made.take() == counts
    assert made.take() == {**dict.fromkeys(counts, 0), "waits": []}


def test_calls_that_are_held_at_one_time_wait_together() -> None:
    made = Made()
    for _ in range(16):
        made.held_back(30)
    made.held_back(0)
    [(start, end)] = made.take()["waits"]
    assert 30 <= end - start < 31


def test_what_the_api_refused_costs_nothing() -> None:
    made = Made()
    request = answered("claude-haiku-4-5").request
    made.answer(Interaction(request, Response(429, b'{"type": "error"}')))
    assert made.take() == {"calls": 1, "usd": 0, "unpriced": 0, "waits": [], "trials": 0}
