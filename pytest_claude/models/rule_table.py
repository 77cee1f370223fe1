"""The rules in a data file, with the conditions that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS, OfModel
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rules import Effect, Rule
from pytest_claude.models.tables import expanded, frozen

PLAIN = ("id", "fix", "status", "message", "confidence", "since", "platforms", "dimension")
"""The keys of an entry that a rule has as they are."""
SELECTING = ("models", "not_models", "which"), ("from", "not_from", "from_which")
"""The keys that say which models a rule is about, and which a bump to them must come from."""

_STATUS = 400  # of a refusal that states none
_Groups = Mapping[str, Sequence[str]]


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
