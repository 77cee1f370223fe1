"""The ids of models as exports write them."""

from __future__ import annotations

import pytest

from pytest_claude.traces.request import spelled


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
