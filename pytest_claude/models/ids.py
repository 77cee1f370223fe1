"""One name per model: the canonical first-party id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_PLATFORM_PREFIX = re.compile(r"^(?:[a-z]{2,6}(?:-[a-z]+)*\.)?anthropic\.")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")
_PLAIN = re.compile(r"[A-Za-z0-9-]+")  # no URL, JSON or YAML escapes it
_DATE = re.compile(r"(?:[-@]\d{8}|-latest|@latest|@default)$")


@dataclass(frozen=True)
class ModelNames:
    """What a project's own names of models stand for: `claude_model_map`.

    Built where settings are read, and passed to whatever reads a model's name that an app sends.

    Attributes:
        models: The canonical id of each name, which is without an account; as `read_model_map`
            gives it.
        counterparts: What another model is called beside a name: from that name, without an
            account, and the model's canonical id to its name there.
    """

    models: Mapping[str, str] = field(default_factory=dict, hash=False)
    counterparts: Mapping[tuple[str, str], str] = field(default_factory=dict, hash=False)

    def canonical(self, model: str) -> str:
        """The first-party id without date, for an id of any platform or a name of the project's.

        A name, as it is or without its date, becomes the id that it stands for, any other its
        `canonical_model`.

        >>> ModelNames({"our-sonnet": "claude-sonnet-4-5"}).canonical("our-sonnet")
        'claude-sonnet-4-5'
        """
        return self._behind(model) or canonical_model(model)

    def resolved(self, model: str) -> str:
        """The id that a name of the project's stands for; any other `model` as it is."""
        return self._behind(model) or model

    def same(self, left: str, right: str) -> bool:
        """Whether two names are of one model, dates and platforms aside."""
        return self.canonical(left) == self.canonical(right)

    def is_own(self, model: str) -> bool:
        """Whether it is a name of the project's."""
        return self._behind(model) is not None

    def counterpart(self, name: str, new: str) -> str | None:
        """What the model `new` is called in the place of `name`, where the project says so."""
        return self.counterparts.get((without_account(name), self.canonical(new)))

    def may_be_in(self, text: str) -> bool:
        """Whether one of the names may be in `text`, a request's, escaped or not.

        >>> names = ModelNames({"our/sonnet": "claude-sonnet-4-5"})
        >>> names.may_be_in("/model/our%2Fsonnet/invoke"), names.may_be_in("claude-opus-5")
        (True, False)
        """
        return any(_longest_plain_part(name) in text for name in self.models)

    def _behind(self, model: str) -> str | None:
        if not self.models:
            return None
        return self.models.get(without_account(model)) or self.models.get(canonical_model(model))


NO_NAMES = ModelNames()
"""The names of a project that has none of its own."""


@lru_cache(maxsize=256)
def _longest_plain_part(name: str) -> str:
    return max(_PLAIN.findall(name), key=len, default="")


@lru_cache(maxsize=256)
def canonical_model(model: str) -> str:
    """The first-party id without date, for an id of any platform, by rules alone.

    Bedrock ids and ARNs, Vertex ids and dated ids become the undated first-party id; what is
    not recognised comes back as it is. Account numbers of ARNs are left out.

    >>> canonical_model("claude-sonnet-4-5-20250929")
    'claude-sonnet-4-5'
    >>> canonical_model("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    'claude-haiku-4-5'
    >>> canonical_model("claude-opus-4-5@20251101")
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
    """Whether two ids are of one model, dates and platforms aside."""
    return canonical_model(left) == canonical_model(right)


def model_of(body: Any) -> str | None:
    """The model that a request body asks, or None when it names none."""
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) and model else None
