"""What requests of several tests have in common at their beginning, and whether it is cached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from pytest_claude.models.facts import facts_of, tokens_factor
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.preflight import Call
from pytest_claude.models.prices import prompt_tokens

_CHARACTERS_PER_TOKEN = 4.0


@dataclass(frozen=True)
class Prefix:
    """The beginning that requests of several tests have in common.

    Attributes:
        tokens: Its tokens on the old model, estimated from the size of the text.
        share: The part of the requests that have it.
        minimum: The new model's least prompt that is cached; None where unknown.
        cached_old: Whether it is long enough to be cached on the old model.
        cached_new: Whether it is on the new.
    """

    tokens: int
    share: float
    minimum: int | None
    cached_old: bool
    cached_new: bool


@dataclass(frozen=True)
class _Group:
    """Requests of several tests to one model, with the tokens that all of them begin with."""

    model: str
    tokens: int
    calls: Sequence[Call]


class Prefixes:
    """What requests of several tests have in common at their beginning.

    The API caches up to the end of a block, in the order tools, system, messages: requests share
    a prefix when their tools and system prompt are equal, and the messages that they begin with.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        by_head: dict[tuple[str, str], list[Call]] = {}
        for call in calls:
            head = [call.request.body.get("tools"), call.request.body.get("system")]
            key = canonical_model(call.request.model or ""), _text(head)
            by_head.setdefault(key, []).append(call)
        groups = [
            _Group(model, round(_shared_characters(group) / _characters_per_token(group)), group)
            for (model, _), group in by_head.items()
            if len({call.test for call in group}) > 1
        ]
        self._all = len(calls)
        self._groups = [group for group in groups if group.tokens]
        self._of = {id(call): group for group in self._groups for call in group.calls}

    def tokens(self, call: Call) -> int:
        """Tokens that a request shares, on the model that it asked."""
        group = self._of.get(id(call))
        return 0 if group is None else group.tokens

    def share(self, call: Call) -> float:
        """The part of the requests that begin like this one, from 0 to 1."""
        group = self._of.get(id(call))
        return 0.0 if group is None else len(group.calls) / self._all

    def longest_first(self, new: str) -> tuple[Prefix, ...]:
        """The prefixes, with whether they are cached on the model `new` too."""
        return tuple(
            Prefix(
                group.tokens,
                len(group.calls) / self._all,
                _cache_minimum(new),
                is_cached(group.model, group.tokens),
                is_cached(
                    new,
                    round(group.tokens * tokens_factor(facts_of(group.model), facts_of(new))[1]),
                ),
            )
            for group in sorted(
                self._groups, key=lambda g: (g.tokens, len(g.calls), g.model), reverse=True
            )
        )


def is_cached(model: str, tokens: int) -> bool:
    """Whether a model caches a prefix of `tokens` tokens; not where its minimum is unknown."""
    minimum = _cache_minimum(model)
    return minimum is not None and tokens >= minimum


def _cache_minimum(model: str) -> int | None:
    facts = facts_of(model)
    return None if facts is None else facts.cache_minimum_tokens


def _shared_characters(group: Sequence[Call]) -> int:
    """Characters of the prefix: tools, system prompt, and equal messages at the beginning."""
    by_test: dict[str, list[str]] = {}
    for call in group:
        by_test.setdefault(call.test, [_text(m) for m in call.request.view.messages])
    common = takewhile(lambda turns: len(set(turns)) == 1, zip(*by_test.values(), strict=False))
    return _characters(group[0], "tools", "system") + sum(len(turns[0]) for turns in common)


def _characters_per_token(group: Sequence[Call]) -> float:
    """As measured over the recorded requests of the group."""
    characters = sum(_characters(call, "tools", "system", "messages") for call in group)
    tokens = sum((call.usage and prompt_tokens(call.usage)) or 0 for call in group)
    return characters / tokens if characters and tokens else _CHARACTERS_PER_TOKEN


def _characters(call: Call, *keys: str) -> int:
    body = call.request.body
    return sum(len(_text(body[key])) for key in keys if body.get(key))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_unmarked(value), default=str)


def _unmarked(value: Any) -> Any:
    """Without the marks of caching: they are no part of the prompt."""
    if isinstance(value, dict):
        return {key: _unmarked(each) for key, each in value.items() if key != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value
