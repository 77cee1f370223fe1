"""One name per model: the canonical first-party id."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

_PLATFORM_PREFIX = re.compile(r"^(?:[a-z]{2,6}(?:-[a-z]+)*\.)?anthropic\.")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")
_PLAIN = re.compile(r"[A-Za-z0-9-]+")  # no URL, JSON or YAML escapes it
_DATE = re.compile(r"(?:[-@]\d{8}|-latest|@latest|@default)$")


# What the project's own names mean, while one of its runs or commands lasts. An app may ask from
# any thread, so this is no context variable; what is stored in a cassette never depends on it.
_aliases: Mapping[str, str] = {}


@contextmanager
def aliases(names: Mapping[str, str]) -> Iterator[None]:
    """While it lasts, `names` are what `claude_model_map` says: name → canonical id.

    They take the place of those that held before, which come back at the end: a run inside
    another one knows its own names alone.

    >>> with aliases({"our-sonnet": "claude-sonnet-4-5"}):
    ...     canonical_model("our-sonnet")
    'claude-sonnet-4-5'
    >>> canonical_model("our-sonnet")
    'our-sonnet'
    """
    global _aliases
    before, _aliases = _aliases, dict(names)
    try:
        yield
    finally:
        _aliases = before


def canonical_model(model: str) -> str:
    """The first-party id without date, for an id of any platform or a name of the project's own.

    A name in `claude_model_map`, as it is or without its date, becomes the id that stands there,
    any other its `regular_id`.

    >>> canonical_model("claude-sonnet-4-5-20250929")
    'claude-sonnet-4-5'
    """
    return _stands_for(model) or regular_id(model)


def unaliased(model: str) -> str:
    """What stands in `claude_model_map` for a name of the project's own; else `model` as it is."""
    return _stands_for(model) or model


def may_hold_alias(text: str) -> bool:
    """Whether a name in `claude_model_map` may be in `text`, a request's, escaped or not.

    >>> with aliases({"our/sonnet": "claude-sonnet-4-5"}):
    ...     may_hold_alias("/model/our%2Fsonnet/invoke"), may_hold_alias("claude-opus-5")
    (True, False)
    """
    return any(_longest_plain_part(name) in text for name in _aliases)


@lru_cache(maxsize=256)
def _longest_plain_part(name: str) -> str:
    return max(_PLAIN.findall(name), key=len, default="")


def _stands_for(model: str) -> str | None:
    return _aliases.get(without_account(model)) or _aliases.get(regular_id(model))


@lru_cache(maxsize=256)
def regular_id(model: str) -> str:
    """The first-party id without date, for an id of any platform, by rules alone.

    Bedrock ids and ARNs, Vertex ids and dated ids become the undated first-party id; what is
    not recognised comes back as it is. Account numbers of ARNs are left out.

    >>> regular_id("claude-sonnet-4-5-20250929")
    'claude-sonnet-4-5'
    >>> regular_id("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    'claude-haiku-4-5'
    >>> regular_id("claude-opus-4-5@20251101")
    'claude-opus-4-5'
    """
    name = _PLATFORM_PREFIX.sub("", without_account(model))
    name = _BEDROCK_VERSION.sub("", name)
    return _DATE.sub("", name) or model


def without_account(model: str) -> str:
    """An id without the account or project that it belongs to.

    >>> without_account("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1")
    'x1'
    """
    owned = model.startswith(("arn:", "projects/", "models/"))
    return model.rsplit("/", 1)[-1] if owned else model


def shown_pair(old: str, new: str) -> str:
    """`OLD=NEW` as it may be published.

    >>> shown_pair("claude-sonnet-4-5", "arn:aws:bedrock:us-east-1:123456789012:profile/x1")
    'claude-sonnet-4-5=x1'
    """
    return f"{without_account(old)}={without_account(new)}"


def same_model(left: str, right: str) -> bool:
    """Whether two ids name one model, dates and platforms aside."""
    return canonical_model(left) == canonical_model(right)


def model_of(body: Any) -> str | None:
    """The model that a request body asks, or None when it names none."""
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) and model else None
