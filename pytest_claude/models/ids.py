"""One name per model: the canonical first-party id."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_PLATFORM_PREFIX = re.compile(r"^(?:[a-z]{2,6}(?:-[a-z]+)*\.)?anthropic\.")
_BEDROCK_VERSION = re.compile(r"-v\d+(?::\d+)?(?::\d+k)?$")
_DATE = re.compile(r"(?:[-@]\d{8}|-latest|@latest|@default)$")


@lru_cache(maxsize=256)
def canonical_model(model: str) -> str:
    """The first-party id without date, for an id of any platform.

    Bedrock ids and ARNs, Vertex ids and dated ids become the undated first-party id; what is
    not recognised comes back as it is. Account numbers of ARNs are left out.

    >>> canonical_model("claude-sonnet-4-5-20250929")
    'claude-sonnet-4-5'
    >>> canonical_model("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    'claude-haiku-4-5'
    >>> canonical_model("claude-opus-4-5@20251101")
    'claude-opus-4-5'
    """
    name = model.rsplit("/", 1)[-1] if model.startswith(("arn:", "projects/", "models/")) else model
    name = _PLATFORM_PREFIX.sub("", name)
    name = _BEDROCK_VERSION.sub("", name)
    return _DATE.sub("", name) or model


def same_model(left: str, right: str) -> bool:
    """Whether two ids name one model, dates and platforms aside."""
    return canonical_model(left) == canonical_model(right)


def model_of(body: Any) -> str | None:
    """The model that a request body asks, or None when it names none."""
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) and model else None
