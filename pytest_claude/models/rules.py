"""The rules of all models: facts with their date and sources, loaded when they are asked.

`refusals` holds those of requests that the API refuses, `changes` those that change something
without an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from pytest_claude.models.facts import facts_of
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule import Rule


def refused_by(rule: str, target: str) -> bool:
    """Whether the refusal with this id is about a model at all."""
    facts = facts_of(target)
    return facts is not None and _by_id()[rule].models(limits_of(facts))


def limits_of(facts: ModelFacts) -> ModelFacts:
    """The facts of a model, with the limits of the one that it is assumed to be like."""
    assumed = facts.limits_assumed_as and facts_of(facts.limits_assumed_as)
    return replace(assumed, id=facts.id) if assumed else facts


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule, refusals first."""
    from pytest_claude.models.tables import file_text, read_rules  # a plain run needs none

    return tuple(
        rule
        for name in ("refusals.toml", "changes.toml")
        for rule in read_rules(file_text(name), name)
    )


@lru_cache(maxsize=1)
def _by_id() -> Mapping[str, Rule]:
    return {rule.id: rule for rule in all_rules()}
