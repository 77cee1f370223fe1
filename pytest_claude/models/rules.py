"""Rules: what models do with certain requests, read from `refusals.toml` and `changes.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from pytest_claude.models.facts import facts_of
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts

Effect = Literal["refused", "warning", "behavior"]
Confidence = Literal["documented", "observed", "inferred", "assumed"]


@dataclass(frozen=True, kw_only=True)
class Stated:
    """The effect on a request, and what to do: of a rule in general, or of one finding.

    Attributes:
        effect: "refused": the request fails; "warning": it succeeds, but its result or cost
            changes; "behavior": a documented tendency.
        fix: What to do about it, in one line.
        status: HTTP status of a refusal.
        message: What the API says, where it is known; None where it is not.
        confidence: "documented"; "observed" on the live API; "inferred" from documents;
            "assumed" of a model whose limits were not read.
        since: Date from which it holds; None in a rule is the release of the model.
        dimension: What a change is about.
        sources: Addresses of the pages where this was read.
    """

    effect: Effect
    fix: str | None = None
    status: int | None = None
    message: str | None = None
    confidence: Confidence = "documented"
    since: str | None = None
    dimension: str | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule(Stated):
    """What a model does with certain requests.

    Attributes:
        id: Its name.
        models: Whether it is about a model.
        seen: What it is about in a request, in one line; None where it is not about the request.
        platforms: Where it holds; None is everywhere.
        from_models: The models that a bump must come from; None is any.
    """

    id: str
    models: Callable[[ModelFacts], bool]
    seen: Callable[[MessageRequest, ModelFacts], str | None]
    platforms: tuple[str, ...] | None = None
    from_models: Callable[[ModelFacts], bool] | None = None


def limits_of(facts: ModelFacts) -> ModelFacts:
    """The facts of a model, with the limits of the one that it is assumed to be like."""
    assumed = facts.limits_assumed_as and facts_of(facts.limits_assumed_as)
    return replace(assumed, id=facts.id) if assumed else facts


@lru_cache(maxsize=1)
def all_rules() -> tuple[Rule, ...]:
    """Every rule, refusals first."""
    from pytest_claude.models.rule_table import read_rules  # late: a plain run needs no rule
    from pytest_claude.models.tables import read_table

    files = map(read_table, ("refusals.toml", "changes.toml"))
    return tuple(rule for data in files for rule in read_rules(data))


@lru_cache(maxsize=1)
def rules_by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in all_rules()}
