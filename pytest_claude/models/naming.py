"""Whether an unknown id can be a model's at all.

An id that is not in the facts may be newer than they are. It differs from an id that no model can
have, to which the API answers 404: the ids of Claude models are `claude-LINE-VERSION`, those before
Claude 4 `claude-VERSION-LINE`.
"""

from __future__ import annotations

import difflib
import re

from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import ModelFacts

_LONGEST = 100
_NEW_SHAPE = re.compile(r"claude-([a-z]+)-\d{1,2}(?:[-.]\d{1,2})?$")
_OLD_SHAPE = re.compile(r"claude-(?:[12](?:\.\d)?|instant(?:-.*)?|v\d.*|3(?:[-.][57])?-[a-z]+)$")
_DATED = re.compile(r"(.+)-\d{8}$")
_OF_A_PLATFORM = re.compile(r"^arn:|^projects/|/|anthropic\.")


def unknown_model(model: str, facts: ModelFacts | None) -> tuple[str, bool] | None:
    """What to say of an unknown id, and whether the API refuses it; None for a known one.

    Args:
        model: The id, of any platform.
        facts: Facts of the model that it names; None where there are none.

    >>> from pytest_claude.models.facts import facts_of
    >>> unknown_model("claude-next-1", None)
    ('claude-next-1 is unknown here: no rule was applied, price unknown', False)
    >>> unknown_model("claude-sonet-5-5", None)
    ('no model is named claude-sonet-5-5; did you mean claude-sonnet-5-5?', True)
    """
    shown = model if len(model) <= 60 else f"{model[:60]}…"
    if facts is not None:
        return _wrong_date(model, facts) or _wrong_alias(model, facts)
    if _OF_A_PLATFORM.search(model[:200]):
        # An inference profile or a gateway may have any name.
        return f"{shown} is unknown here: no rule was applied, price unknown", False
    name = canonical_model(model)
    new = _NEW_SHAPE.match(name) if len(name) <= _LONGEST else None
    misspelt = new is not None and _near_a_line(new[1])
    if (new and not misspelt) or (len(name) <= _LONGEST and _OLD_SHAPE.match(name)):
        return f"{shown} is unknown here: no rule was applied, price unknown", False
    near = _nearest(name, 0.6)
    meant = f"; did you mean {near}?" if near else ""
    return f"no model is named {shown or 'so'}{meant}", True


def may_be_a_model(model: str) -> bool:
    """Whether an id that is not known here is one that a model can have, or nearly a known one.

    >>> [may_be_a_model(name) for name in ("claude-next-1", "claude-sonnet-5-6", "claude-code")]
    [True, True, False]
    """
    name = canonical_model(model)[:_LONGEST]
    return bool(_NEW_SHAPE.match(name) or _OLD_SHAPE.match(name) or near_miss(model))


def near_miss(model: str) -> str | None:
    """What to say of an unknown id that is nearly a known one; else None.

    A hint and no more: it may be newer than the facts.

    >>> near_miss("claude-sonnet-5-6")
    'claude-sonnet-5-6 is not known here; did you mean claude-sonnet-5-5?'
    >>> near_miss("claude-next-1") is near_miss("claude-sonnet-5-5") is None
    True
    """
    near = None if facts_of(model) else _nearest(canonical_model(model), 0.8)
    return near and f"{model[:_LONGEST]} is not known here; did you mean {near}?"


def _nearest(name: str, cutoff: float) -> str | None:
    ids = [each.id for each in models()]
    return next(iter(difflib.get_close_matches(name[:_LONGEST], ids, 1, cutoff)), None)


def _wrong_date(model: str, facts: ModelFacts) -> tuple[str, bool] | None:
    dated = _DATED.match(model)
    ids = {facts.id, *facts.dated_ids, *facts.aliases}
    if dated is None or not facts.dated_ids or model in ids or not model.startswith("claude-"):
        return None
    return f"no model is named {model}; did you mean {facts.dated_ids[0]}?", True


def _wrong_alias(model: str, facts: ModelFacts) -> tuple[str, bool] | None:
    """Since Claude 4 an id without date is the alias; none ends in `-latest`."""
    if not (model.startswith("claude-") and model.endswith("-latest")):
        return None
    if model in facts.aliases or not _NEW_SHAPE.match(facts.id):
        return None
    return f"no model is named {model}; did you mean {facts.id}?", True


def _near_a_line(word: str) -> bool:
    lines = {each.line for each in models()}
    return word not in lines and bool(difflib.get_close_matches(word, lines, n=1, cutoff=0.8))
