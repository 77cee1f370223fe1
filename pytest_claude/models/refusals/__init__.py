"""The requests that models refuse: one rule each, with the API's words where they are known."""

from __future__ import annotations

from pytest_claude.models.refusals import messages, model, output, sampling, thinking, tools
from pytest_claude.models.rule import Rule

REFUSALS: tuple[Rule, ...] = (
    *model.RULES,
    *thinking.RULES,
    *sampling.RULES,
    *messages.RULES,
    *tools.RULES,
    *output.RULES,
)
