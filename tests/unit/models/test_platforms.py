"""What NEW is called where an app asks OLD: platform by platform."""

from __future__ import annotations

import pytest

from pytest_claude.models.model_map import read_model_map
from pytest_claude.models.platforms import Platform, line_to_add, spelled

OWNER = "arn:aws:bedrock:eu-west-1:123456789012"
NAMES = read_model_map(
    [
        "our-haiku = claude-haiku-4-5",
        "profile-of-haiku = claude-haiku-4-5",
        f"{OWNER}:application-inference-profile/next = claude-haiku-5-5 for profile-of-haiku",
        "jp.anthropic.claude-next-1-v1:0 = claude-next-1 for jp.anthropic.claude-haiku-4-5",
    ]
)


@pytest.mark.parametrize(
    ("platform", "sent", "new", "spelt"),
    [
        # Anthropic's API and gateways: as it was typed.
        (None, "claude-haiku-4-5-20251001", "claude-haiku-5-5", "claude-haiku-5-5"),
        (None, "us.anthropic.claude-haiku-4-5", "claude-haiku-5-5", "claude-haiku-5-5"),
        (None, "our-haiku", "claude-next-1", "claude-next-1"),
        # Bedrock: the region and the family of an ARN stay.
        ("bedrock", "anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-5-5",
         "anthropic.claude-haiku-5-5"),
        ("bedrock", "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-opus-4-5",
         "us-gov.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("bedrock", f"{OWNER}:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
         "claude-haiku-5-5", f"{OWNER}:inference-profile/eu.anthropic.claude-haiku-5-5"),
        ("bedrock", "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-4-5",
         "claude-haiku-5-5",
         "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-haiku-5-5"),
        ("bedrock", "us.anthropic.claude-haiku-4-5", "global.anthropic.claude-haiku-5-5",
         "global.anthropic.claude-haiku-5-5"),
        ("bedrock", "jp.anthropic.claude-haiku-4-5", "claude-next-1",
         "jp.anthropic.claude-next-1-v1:0"),
        ("bedrock", "us.anthropic.claude-haiku-4-5", "claude-next-1", None),
        ("bedrock", "profile-of-haiku", "claude-haiku-5-5",
         f"{OWNER}:application-inference-profile/next"),
        ("bedrock", f"{OWNER}:application-inference-profile/profile-of-haiku", "claude-haiku-5-5",
         f"{OWNER}:application-inference-profile/next"),
        ("bedrock", f"{OWNER}:application-inference-profile/else", "claude-haiku-5-5", None),
        ("mantle", "anthropic.claude-haiku-4-5", "claude-haiku-5-5", "anthropic.claude-haiku-5-5"),
        ("mantle", "anthropic.claude-haiku-4-5", "claude-opus-4-5", None),
        # Vertex: NEW's own date.
        ("vertex", "claude-haiku-4-5@20251001", "claude-haiku-5-5", "claude-haiku-5-5"),
        ("vertex", "claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-5@20251101"),
        ("vertex", "claude-haiku-4-5", "claude-opus-4-5@default", "claude-opus-4-5@default"),
        ("vertex", "claude-haiku-4-5@20251001", "claude-mythos-5-2", None),
        ("vertex", "claude-haiku-4-5@20251001", "anthropic.claude-haiku-5-5", "claude-haiku-5-5"),
        # Foundry: a deployment has the model's id, or a name that somebody gave it.
        ("foundry", "claude-haiku-4-5", "claude-haiku-5-5", "claude-haiku-5-5"),
        ("foundry", "our-haiku", "claude-haiku-5-5", None),
        ("foundry", "claude-haiku-4-5", "claude-next-1", None),
    ],
)  # fmt: skip
def test_new_is_spelt_as_old_was(
    platform: Platform | None, sent: str, new: str, spelt: str | None
) -> None:
    assert spelled(("claude-haiku-4-5", new), sent, platform, NAMES) == spelt
    if spelt is None:
        line = line_to_add(new, sent, NAMES).replace("NAME", "its-name-there")
        names = read_model_map([line])
        assert spelled(("claude-haiku-4-5", new), sent, platform, names) == "its-name-there"


def test_who_types_both_names_has_said_what_new_is_called() -> None:
    assert spelled(("our-haiku", "our-next"), "our-haiku", "foundry", NAMES) == "our-next"
    assert spelled(("claude-haiku-4-5", "our-next"), "our-haiku", "foundry", NAMES) is None
