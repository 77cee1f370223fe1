"""JSON that somebody else wrote: read as the type that is meant, empty where it is another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def parsed(text: str | bytes, default: Any = None) -> Any:
    """The JSON value of a text; `default` where the text is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return default


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; empty where it is something else."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The objects in a list; empty where it is not a list."""
    entries = value if isinstance(value, list | tuple) else ()
    return tuple(entry for entry in entries if isinstance(entry, Mapping))


def string(value: Any) -> str | None:
    """A string; None where it is something else."""
    return value if isinstance(value, str) else None


def integer(value: Any) -> int | None:
    """A whole number; None where it is something else, a truth included."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
