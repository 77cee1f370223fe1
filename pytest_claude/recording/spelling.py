"""The neutral spellings of one request, as one. Pure.

The section "Matching" of `docs/reference.md` names them for the user.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from pytest_claude.models.tables import read_table

BETA = "anthropic-beta"

# What the API takes where a field is left out.
_DEFAULTS: tuple[tuple[str, Any], ...] = (("stream", False), ("is_error", False))
# Their values are the app's own: null in them means null.
_OPAQUE = ("input", "input_schema", "input_examples", "schema")
_TEXTS = ("content", "system")


def neutral(value: Any) -> Any:
    """A parsed body in one spelling: no null and no default, the one text block as its text.

    Tool inputs and JSON schemas stay as they are.
    """
    if isinstance(value, list):
        return [neutral(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item if key in _OPAQUE else _as_text(key, neutral(item))
        for key, item in value.items()
        if item is not None and (key, item) not in _DEFAULTS
    }


def _as_text(key: str, value: Any) -> Any:
    match value:
        case [{"type": "text", "text": str(text), **others}] if key in _TEXTS and not others:
            return text
    return value


def betas_in(headers: Mapping[str, str], more: Collection[Any] = ()) -> str:
    """The values of `anthropic-beta` that count, sorted and joined by commas.

    Args:
        headers: Of a request, their names in lower case.
        more: The values in its body, where Bedrock has them.
    """
    value = headers.get(BETA, "")
    return _counted(value, *map(str, more)) if value or more else ""


@lru_cache(maxsize=256)
def _counted(*values: str) -> str:
    betas = {beta.strip() for value in values for beta in value.split(",")}
    return ",".join(sorted(betas - _added_by_sdks() - {""}))


@lru_cache(maxsize=1)
def _added_by_sdks() -> frozenset[str]:
    return frozenset(entry["id"] for entry in read_table("betas.toml")["neutral"])


def without_beta_flag(query: Iterable[Any]) -> list[Any]:
    """The pairs of a query but `beta=true`, which some versions of the SDK send."""
    return [pair for pair in query if list(pair) != ["beta", "true"]]
