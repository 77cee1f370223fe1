"""What the rules of all refusals share: which models they are of, and how one is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_claude.models.asked import Asked
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule import Rule

Models = Callable[[ModelFacts], bool]
Seen = Callable[[Asked, ModelFacts], str | None]

NEW_API = "2026-10-21"
THINKING_PAGE = "build-with-claude/thinking"
STRUCTURED_PAGE = "build-with-claude/structured-outputs"
SKILL = "https://github.com/Piebald-AI/claude-code-system-prompts"
_LONGEST = 90  # characters of a value that is told


def refused(
    rule: str, models: Models, seen: Seen, fix: str | None, message: str | None = None, **more: Any
) -> Rule:
    """A rule of a request that is refused, with status 400 where no other is given."""
    more.setdefault("status", 400)
    return Rule(rule, "refused", models, seen, fix, message=message, **more)


def every(_: ModelFacts) -> bool:
    """Every model."""
    return True


def named(*ids: str) -> Models:
    """The models with these ids."""
    return lambda facts: facts.id in ids


def thinks_manually(facts: ModelFacts) -> bool:
    """A model that takes a thinking budget."""
    return "enabled" in (facts.thinking_modes or ())


def on_new_api(asked: Asked) -> bool:
    """Whether the request names the API version of October 2026, or a later one."""
    return asked.version is not None and asked.version >= NEW_API


def short(value: Any) -> str:
    """A value of a request, cut where it is long."""
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
