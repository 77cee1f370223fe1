"""One name per model, whatever platform and date."""

from __future__ import annotations

import pytest

from pytest_claude.models.ids import canonical_model, model_of, same_model


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("claude-sonnet-5@default", "claude-sonnet-5"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5"),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("anthropic.claude-sonnet-5-5", "claude-sonnet-5-5"),
        (
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "claude-sonnet-4-5",
        ),
        ("my-own-model", "my-own-model"),
        ("", ""),
    ],
)
def test_canonical_model(given: str, canonical: str) -> None:
    assert canonical_model(given) == canonical
    assert canonical_model(canonical) == canonical


def test_same_model() -> None:
    assert same_model("claude-sonnet-4-5-20250929", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
    assert not same_model("claude-sonnet-4-5", "claude-sonnet-5-5")


@pytest.mark.parametrize("body", [None, [], "x", {}, {"model": None}, {"model": ""}, {"model": 3}])
def test_no_model(body: object) -> None:
    assert model_of(body) is None
