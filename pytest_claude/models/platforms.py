"""How a platform writes a model's id: NEW as OLD was written there."""

from __future__ import annotations

import re
from typing import Literal

from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import ModelNames, without_account

Platform = Literal["bedrock", "mantle", "vertex", "foundry"]
"""Where ids are not those of Anthropic's API: Bedrock by InvokeModel and Converse, Bedrock by the
Messages API, Vertex AI, Microsoft Foundry."""

_IDS: dict[Platform, tuple[str, ...]] = {
    "bedrock": ("bedrock_invoke_model", "bedrock"),
    "mantle": ("bedrock",),
    "vertex": ("google_cloud",),
    "foundry": ("foundry",),
}
# The family of an ARN (`arn:…:inference-profile/`) and the region (`us.`) come before the id.
_ON_BEDROCK = re.compile(r"((?:arn:.*/)?(?:[a-z]{2,6}(?:-[a-z]+)*\.)?)anthropic\.")


def spelled(
    pair: tuple[str, str], sent: str, platform: Platform | None, names: ModelNames
) -> str | None:
    """The id of a swap's NEW to send in the place of `sent`; None where it is not known.

    Args:
        pair: OLD and NEW, as typed.
        sent: OLD, as the app asks it.
        platform: Who reads the id; None for Anthropic's API and for a gateway, which get NEW as it
            was typed.
        names: What the project's own names of models stand for.

    >>> from pytest_claude.models.ids import NO_NAMES
    >>> sent = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    >>> spelled(("claude-sonnet-4-5", "claude-opus-5"), sent, "bedrock", NO_NAMES)
    'eu.anthropic.claude-opus-5'
    """
    old, new = pair
    if platform is None:
        return new
    if (own := names.counterpart(sent, new)) is not None:
        return own
    written = _ON_BEDROCK.match(sent)
    if written is None and (names.is_own(sent) or sent.startswith("arn:")):
        # It shows no model: only whoever typed it knows what NEW is called beside it.
        return new if without_account(old) == without_account(sent) else None
    facts = facts_of(names.resolved(new))
    ids = {} if facts is None else facts.platform_ids
    there = next((ids[key] for key in _IDS[platform] if key in ids), None)
    if platform not in ("bedrock", "mantle"):
        return new if "@" in new else there
    if written is None or _ON_BEDROCK.match(new) or new.startswith("arn:"):
        return new
    return None if there is None else f"{written[1]}{there}"


def line_to_add(new: str, sent: str, names: ModelNames) -> str:
    """The line of `claude_model_map` that says what NEW is called in the place of `sent`."""
    return f"NAME = {names.canonical(new)} for {without_account(sent)}"
