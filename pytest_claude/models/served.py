"""Whether an answer is of the model that was asked, by the name that it gives."""

from __future__ import annotations

import re

from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import ModelNames, canonical_model

# `claude-sonnet-5[1m]`, `claude-3.7-sonnet:thinking`, `claude-3-haiku-48k`, Bedrock's version where
# a gateway takes no colon: the same model.
_VARIANT = re.compile(r"\[\w+\]$|:[a-z]+$|-\d+k(?=-\d{8}$|$)|(?<=-\d{8})-v\d+-\d+$")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_VERSION_FIRST = re.compile(r"claude-(\d+(?:-\d+)?)-([a-z]+)")  # `claude-4.5-sonnet`


def is_other(asked: str, served: str, names: ModelNames) -> bool:
    """Whether `served` is another model than `asked`.

    Dates, aliases and the prefixes of platforms and gateways aside. A name that says nothing is
    another, where `names` does not say what it stands for.

    >>> from pytest_claude.models.ids import NO_NAMES
    >>> is_other("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5-20250929", NO_NAMES)
    False
    >>> is_other("claude-fable-5", "claude-opus-4-8", NO_NAMES)
    True
    """
    return _model(asked, names) != _model(served, names)


def is_known(model: str, names: ModelNames) -> bool:
    """Whether a name, with whatever prefix, is of a model that has facts."""
    return facts_of(_model(model, names)) is not None


def _model(name: str, names: ModelNames) -> str:
    name = names.resolved(name).lower()
    if (facts := facts_of(name)) is not None:
        return facts.id
    name = name[max(0, name.rfind("claude")) :]
    name = canonical_model(_POINT.sub("-", _VARIANT.sub("", name)))
    facts = facts_of(name) or facts_of(_VERSION_FIRST.sub(r"claude-\2-\1", name))
    return name if facts is None else facts.id
