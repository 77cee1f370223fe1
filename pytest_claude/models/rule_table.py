"""The rules in a data file, with the conditions that they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS, OfModel
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rules import Effect, Rule
from pytest_claude.models.tables import Entry, Table, frozen

_SELECTING = ("models", "not_models", "which", "from", "not_from", "from_which", "when", "words")
_PLAIN = ("id", "fix", "status", "message", "confidence", "since", "platforms", "dimension",
          "sources")  # fmt: skip
_STATUS = 400  # of a refusal that states none


def read_rules(text: str, name: str) -> tuple[Rule, ...]:
    """The rules of a file: refusals first, then warnings, then behaviors, each in its order.

    Args:
        text: The file, as TOML: arrays of tables named by the effect, as the head of
            `refusals.toml` says.
        name: Name of the file, for errors.

    Raises:
        TableError: A key, condition or group is unknown, a key is missing, an id comes twice, or a
            date or source is missing.
    """
    effects: tuple[Effect, ...] = get_args(Effect)
    table = Table(text, name, effects)
    return tuple(
        _rule(entry, effect, table.groups)
        for effect in effects
        for entry in table.entries(effect, (*_PLAIN, *_SELECTING, "checked"), ("id", "words"))
    )


def _rule(entry: Entry, effect: Effect, groups: Mapping[str, Sequence[str]]) -> Rule:
    values: dict[str, Any] = {"status": _STATUS} if effect == "refused" else {}
    values |= {key: frozen(entry.values[key]) for key in _PLAIN if key in entry.values}
    values["sources"] = entry.sources
    origin = ("from", "not_from", "from_which")
    anywhere = not any(key in entry.values for key in origin)
    return Rule(
        **values,
        effect=effect,
        models=_selected(entry, ("models", "not_models", "which"), groups),
        seen=_seen(entry),
        from_models=None if anywhere else _selected(entry, origin, groups),
    )


def _selected(
    entry: Entry, keys: tuple[str, str, str], groups: Mapping[str, Sequence[str]]
) -> OfModel:
    """Whether a model is one of the first key's, none of the second's, and as the third says."""
    only, never = entry.ids(keys[0], groups), entry.ids(keys[1], groups) or ()
    condition = entry.named(keys[2], OF_MODELS)

    def selected(facts: ModelFacts) -> bool:
        return (
            (only is None or facts.id in only)
            and facts.id not in never
            and (condition is None or condition(facts))
        )

    return selected


def _seen(entry: Entry) -> Callable[[MessageRequest, ModelFacts], str | None]:
    condition = entry.named("when", OF_REQUESTS)
    words: str = entry.values["words"]

    def seen(request: MessageRequest, facts: ModelFacts) -> str | None:
        values = True if condition is None else condition(request, facts)
        if not values:
            return None
        return words.format(*values if isinstance(values, tuple) else (values,), facts=facts)

    return seen
