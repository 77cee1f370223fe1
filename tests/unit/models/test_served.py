"""Whether the model that answered is the one that was asked."""

from __future__ import annotations

import pytest

from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.models.served import is_other

OURS = ModelNames({"our-sonnet": "claude-sonnet-5", "p7x": "claude-haiku-4-5"})


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5-20251101"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001"),
        ("anthropic.claude-3-5-sonnet-20241022-v2-0", "claude-3-5-sonnet-20241022"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5-20250929"),
        ("openrouter/anthropic/claude-opus-4.5:thinking", "anthropic/claude-opus-4.5"),
        ("bedrock/eu.anthropic.claude-opus-5", "claude-opus-5"),
        ("databricks-claude-sonnet-5", "claude-sonnet-5"),
        ("claude-sonnet-5[1m]", "claude-sonnet-5"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-48k-20240307"),
        ("Claude-Sonnet-5", "claude-sonnet-5"),
        ("our-sonnet", "claude-sonnet-5"),
        ("claude-sonnet-5", "our-sonnet"),
        ("arn:aws:bedrock:us-east-1:1234:application-inference-profile/p7x", "claude-haiku-4-5"),
        ("prod-model", "prod-model"),
    ],
)
def test_one_model_has_many_names(asked: str, served: str) -> None:
    assert not is_other(asked, served, OURS)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("claude-fable-5", "claude-opus-4-8"),
        ("claude-3-opus-latest", "claude-3-5-haiku-latest"),
        ("anthropic/claude-sonnet-5", "openrouter/anthropic/claude-sonnet-4.5"),
        ("claude-sonnet-5-5", "claude-sonnet-5"),
        ("our-sonnet", "claude-sonnet-5"),
        ("arn:aws:bedrock:us-east-1:1234:application-inference-profile/p7x", "claude-haiku-4-5"),
        ("claude-sonnet-5", "gpt-7"),
    ],
)
def test_another_model_and_a_name_that_says_nothing(asked: str, served: str) -> None:
    assert is_other(asked, served, NO_NAMES)


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("claude-opus-4-0", "claude-opus-4-20250514", True),
        ("openrouter/anthropic/claude-opus-4.1", "claude-opus-4-1-20250805", True),
        ("claude-sonnet-4-5", "anthropic/claude-4.5-sonnet-20250929", True),
        ("anthropic/claude-opus-4.5:thinking", "claude-opus-4-5", True),
        ("vertex_ai/claude-haiku-4-5@20251001", "claude-haiku-4-5", True),
        ("claude-next-1", "claude-next-1-20270101", True),
        ("our-opus", "claude-opus-5", True),
        ("claude-opus-5", "claude-opus-4-8", False),
        ("claude-haiku-4-5", "claude-haiku-5-5", False),
        ("our-opus", "claude-sonnet-5", False),
        ("their-opus", "claude-opus-5", False),
    ],
)
def test_whose_answer_it_is(asked: str, served: str, same: bool) -> None:
    names = ModelNames({"our-opus": "claude-opus-5"})
    assert is_other(asked, served, names) is not same
    assert is_other(served, asked, names) is not same
