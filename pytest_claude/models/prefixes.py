"""What requests of several tests have in common at their beginning, and whether it is cached."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_claude.models.asked import Asked
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


class Prefixes:
    """What requests of several tests have in common at their beginning.

    The API caches up to the end of a block, in the order tools, system, messages: requests share
    a prefix when their tools and system prompt are equal, and the messages that they begin with.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        by_head: dict[tuple[str, str], list[Call]] = {}
        for call in calls:
            head = canonical_model(call.asked.model or ""), _head(call.asked)
            by_head.setdefault(head, []).append(call)
        self._all = len(calls)
        self._found: dict[int, tuple[int, int]] = {}
        self._groups: list[tuple[int, int, str]] = []
        for (model, _), group in by_head.items():
            if len({call.test for call in group}) < 2:
                continue
            shared = _shared_characters(group)
            tokens = round(shared / _characters_per_token(group))
            if tokens:
                self._groups.append((tokens, len(group), model))
                for call in group:
                    self._found[id(call)] = tokens, len(group)

    def tokens(self, call: Call) -> int:
        """Tokens that a request shares, on the model that it asked."""
        return self._found.get(id(call), (0, 0))[0]

    def share(self, call: Call) -> float:
        """The part of the requests that begin like this one."""
        return self._found.get(id(call), (0, 0))[1] / max(1, self._all)

    def cached(self, model: str, tokens: int) -> bool:
        """Whether a model caches a prefix of so many tokens; not where its least is unknown."""
        facts = facts_of(model)
        minimum = None if facts is None else facts.cache_minimum_tokens
        return minimum is not None and tokens >= minimum

    def told(self, new: str) -> tuple[Prefix, ...]:
        """The prefixes, the longest first."""
        facts = facts_of(new)
        found = []
        for tokens, count, old in sorted(self._groups, reverse=True):
            usual = tokens_factor(facts_of(old), facts)[1]
            found.append(
                Prefix(
                    tokens,
                    count / max(1, self._all),
                    None if facts is None else facts.cache_minimum_tokens,
                    self.cached(old, tokens),
                    self.cached(new, round(tokens * usual)),
                )
            )
        return tuple(found)


def _head(asked: Asked) -> str:
    return _text([asked.body.get("tools"), asked.body.get("system")])


def _shared_characters(group: Sequence[Call]) -> int:
    """Characters of the prefix: tools, system prompt, and equal messages at the beginning."""
    head = sum(len(_text(group[0].asked.body.get(k))) for k in ("tools", "system")
               if group[0].asked.body.get(k))  # fmt: skip
    by_test: dict[str, tuple[str, ...]] = {}
    for call in group:
        by_test.setdefault(call.test, tuple(_text(m) for m in call.asked.view.messages))
    common = 0
    for turns in zip(*by_test.values(), strict=False):
        if len(set(turns)) > 1:
            break
        common += len(turns[0])
    return head + common


def _characters_per_token(group: Sequence[Call]) -> float:
    """As measured over the recorded requests of the group."""
    characters = tokens = 0
    for call in group:
        body = call.asked.body
        keys = ("tools", "system", "messages")
        characters += sum(len(_text(body[key])) for key in keys if body.get(key))
        tokens += (call.usage and prompt_tokens(call.usage)) or 0
    return characters / tokens if characters and tokens else _CHARACTERS_PER_TOKEN


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_unmarked(value), default=str)


def _unmarked(value: Any) -> Any:
    """Without the marks of caching: they are no part of the prompt."""
    if isinstance(value, dict):
        return {key: _unmarked(each) for key, each in value.items() if key != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list) else value
