"""The facts of each model, with their date and sources; None is unknown, never "no"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import ModelFacts

TOKENS_ACROSS = (1.0, 1.3, 1.35)
"""Tokens of the tokenizer since Opus 4.7 for one of the earlier: least, usual, most.

Source: platform.claude.com, about-claude/pricing: about 30 % more, by content.
"""

_DATED = re.compile(r"[-@]\d{8}(?!\d)")


@lru_cache(maxsize=1)
def models() -> tuple[ModelFacts, ...]:
    """All known models, the newest first."""
    from pytest_claude.models.tables import frozen, read_table  # a plain run needs none

    data = read_table("models.toml")
    names = ModelFacts.__dataclass_fields__
    entries = ({"checked": data["checked"], **entry} for entry in data["model"])
    return tuple(ModelFacts(**frozen(entry, names)) for entry in entries)


def facts_of(model: str) -> ModelFacts | None:
    """The facts of the model that an id of any platform names; None for an unknown model.

    >>> facts_of("us.anthropic.claude-sonnet-4-5-20250929-v1:0").retires_on
    '2026-11-30'
    >>> facts_of("claude-next-1") is None
    True
    """
    return _by_id().get(canonical_model(model)) or _by_id().get(model)


def successor_of(model: str) -> str | None:
    """The newest active model of a model's line; None where it is that itself, or is unknown.

    >>> successor_of("claude-haiku-4-5"), successor_of("claude-haiku-5-5"), successor_of("other")
    ('claude-haiku-5-5', None, None)
    """
    facts = facts_of(model)
    line = [of for of in models() if facts and (of.line, of.status) == (facts.line, "active")]
    return line[0].id if line and line[0] != facts else None


@dataclass(frozen=True)
class Use:
    """A model as a file names it, and what becomes of it.

    Attributes:
        name: As it is written.
        model: Its canonical id; None for one that is unknown here.
        form: "dated", "alias" (without a date: the vendor moves it), "own" (a name of the
            project's), or "unknown".
        status: As in `ModelFacts`; None for an unknown one.
        retires_on: From this date on requests fail, as `YYYY-MM-DD`; None where none is set.
        replacement: The model that the vendor recommends in its place, else the newest of its
            line; None where it is that, or is unknown.
    """

    name: str
    model: str | None
    form: Literal["dated", "alias", "own", "unknown"]
    status: str | None
    retires_on: str | None
    replacement: str | None

    def retires_within(self, today: str, days: int | None) -> bool:
        """Whether it is retired, or will be within `days`; never where these are None."""
        return (
            days is not None
            and self.retires_on is not None
            and days_between(today, self.retires_on) <= days
        )


def use_of(name: str, model: str) -> Use:
    """What becomes of the model that a file calls `name`; `model` is what that stands for.

    >>> use_of("claude-sonnet-4-5@20250929", "claude-sonnet-4-5@20250929").form
    'dated'
    >>> use_of("claude-next-1", "claude-next-1").status is None
    True
    """
    facts = facts_of(model)
    if facts is None:
        return Use(name, None, "unknown", None, None, None)
    form: Literal["dated", "alias", "own"] = "dated" if _DATED.search(name) else "alias"
    form = form if name == model else "own"
    after = facts.replacement or successor_of(facts.id)
    return Use(name, facts.id, form, facts.status, facts.retires_on, after)


def tokens_factor(old: ModelFacts | None, new: ModelFacts | None) -> tuple[float, float, float]:
    """How many tokens one model counts for one of another's, for the same text.

    Args:
        old: Facts of the model whose tokens were counted; None where it is unknown.
        new: Facts of the other model; None where it is unknown.

    Returns:
        The least, the usual and the most; (1, 1, 1) where both have one tokenizer, or one is
        unknown.
    """
    same = (1.0, 1.0, 1.0)
    if old is None or new is None or None in (old.tokenizer, new.tokenizer):
        return same
    if old.tokenizer == new.tokenizer:
        return same
    least, usual, most = TOKENS_ACROSS
    return TOKENS_ACROSS if old.tokenizer == "pre-4-7" else (1 / most, 1 / usual, 1 / least)


def retires_within(models_used: Iterable[str], today: str, days: int) -> dict[str, int]:
    """The models that retire within `days`, with the days left; below 0 when they are retired.

    Args:
        models_used: Ids of any platform.
        today: Date as `YYYY-MM-DD`.
        days: How far to look ahead.
    """
    dated = {facts.id: facts.retires_on for model in models_used if (facts := facts_of(model))}
    left = {model: days_between(today, day) for model, day in dated.items() if day is not None}
    return {model: number for model, number in left.items() if number <= days}


def days_between(first: str, second: str) -> int:
    """Days from one date to another, both as `YYYY-MM-DD`.

    >>> days_between("2026-11-22", "2026-11-30")
    8
    """
    from datetime import date

    return (date.fromisoformat(second) - date.fromisoformat(first)).days


@lru_cache(maxsize=1)
def _by_id() -> Mapping[str, ModelFacts]:
    by_id: dict[str, ModelFacts] = {}
    for facts in models():
        for name in (facts.id, *facts.dated_ids, *facts.aliases, *facts.platform_ids.values()):
            by_id.setdefault(name, facts)
            by_id.setdefault(canonical_model(name), facts)
    return by_id
