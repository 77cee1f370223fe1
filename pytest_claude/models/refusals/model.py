"""Refused for the model itself: it is gone, or was never served there."""

from __future__ import annotations

from pytest_claude.models.asked import Asked
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.refusals.common import every, refused
from pytest_claude.models.rule import Rule


def _retired(asked: Asked, facts: ModelFacts) -> str | None:
    return None if not asked.direct else f"{facts.id} was retired on {facts.retires_on}"


def _completion(asked: Asked, facts: ModelFacts) -> str | None:
    return "the old Text Completions API" if asked.kind == "complete" and asked.direct else None


RULES: tuple[Rule, ...] = (
    refused(
        "model-retired", lambda facts: facts.retires_on is not None, _retired,
        "use its replacement (`pytest-claude models` names it)",
        status=404, platforms=("anthropic",),
        sources=("about-claude/model-deprecations",),
    ),
    refused(
        "text-completions", every, _completion, "the Messages API",
        '"<model>" is not supported on this API. Please use the Messages API instead.',
        sources=("api/complete",),
    ),
)  # fmt: skip
