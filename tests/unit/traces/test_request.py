"""The ids of models as exports write them."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.traces.model import TracedCall
from pytest_claude.traces.request import Span, call_of, spelled


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("openrouter/anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("anthropic/claude-haiku-4.5:beta", "claude-haiku-4-5"),
        ("claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-next-9.5", "claude-next-9.5"),
    ],
)
def test_a_model_is_spelled_as_the_api_does_where_it_is_known(written: str, expected: str) -> None:
    assert spelled(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [(3, 3), (3.0, 3), ("3", 3), (float("inf"), None), (float("nan"), None), (2.5, None)],
)
def test_a_count_that_is_no_whole_number_is_left_out(written: Any, expected: int | None) -> None:
    fields = {
        "request_data": {
            "model": "claude-sonnet-4-5",
            "messages": [{"role": "user", "content": "a"}],
        },
        "output": {"content": "b", "usage": {"input_tokens": written}},
    }
    call = call_of(Span(fields, "x"))
    assert isinstance(call, TracedCall)
    assert call.reply["usage"].get("input_tokens") == expected
