"""Rules: what models do with certain requests, read from `refusals.toml` and `changes.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, get_args

from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS, OfModel
from pytest_claude.models.facts import facts_of
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.tables import expanded, frozen, read_table

Effect = Literal["refused", "warning", "behavior"]
Confidence = Literal["documented", "observed", "inferred", "assumed"]

PLAIN = ("id", "fix", "status", "message", "confidence", "since", "platforms", "dimension")
"""The keys of an entry that a rule has as they are."""
SELECTING = ("models", "not_models", "which"), ("from", "not_from", "from_which")
"""The keys that say which models a rule is about, and which a bump to them must come from."""

_STATUS = 400  # of a refusal that states none
_Groups = Mapping[str, Sequence[str]]


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
    files = map(read_table, ("refusals.toml", "changes.toml"))
    return tuple(rule for data in files for rule in read_rules(data))


@lru_cache(maxsize=1)
def rules_by_id() -> Mapping[str, Rule]:
    """Every rule by its id."""
    return {rule.id: rule for rule in all_rules()}


def read_rules(data: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a file: refusals first, then warnings, then behaviors, each in its order.

    Args:
        data: The file: arrays of tables named by the effect, as the head of `refusals.toml` says.
    """
    effects: tuple[Effect, ...] = get_args(Effect)
    groups = data.get("groups", {})
    return tuple(
        _rule(entry, effect, groups) for effect in effects for entry in data.get(effect, ())
    )


def _rule(entry: Mapping[str, Any], effect: Effect, groups: _Groups) -> Rule:
    values: dict[str, Any] = {"status": _STATUS} if effect == "refused" else {}
    values |= frozen(entry, PLAIN)
    target, origin = SELECTING
    return Rule(
        **values,
        effect=effect,
        models=_selected(entry, target, groups),
        seen=_seen(entry),
        from_models=_selected(entry, origin, groups) if entry.keys() & set(origin) else None,
    )


def _selected(entry: Mapping[str, Any], keys: tuple[str, str, str], groups: _Groups) -> OfModel:
    """Whether a model is one of the first key's, none of the second's, and as the third says."""
    only, never = (
        None if key not in entry else frozenset(expanded(entry[key], groups)) for key in keys[:2]
    )
    condition = OF_MODELS[entry[keys[2]]] if keys[2] in entry else None

    def selected(facts: ModelFacts) -> bool:
        return (
            (only is None or facts.id in only)
            and (never is None or facts.id not in never)
            and (condition is None or condition(facts))
        )

    return selected


def _seen(entry: Mapping[str, Any]) -> Callable[[MessageRequest, ModelFacts], str | None]:
    condition = OF_REQUESTS[entry["when"]] if "when" in entry else None
    words: str = entry["words"]

    def seen(request: MessageRequest, facts: ModelFacts) -> str | None:
        values = True if condition is None else condition(request, facts)
        if not values:
            return None
        return words.format(*values if isinstance(values, tuple) else (values,), facts=facts)

    return seen
