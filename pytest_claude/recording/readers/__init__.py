"""Recordings of any known format → interactions; one small module per format.

A reader is a module with `FORMAT`, its name; `claims(data)`, whether the parsed file is of that
format; and `read(data)`, the interactions.
"""

from __future__ import annotations

import json
from functools import cache
from types import ModuleType
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.readers import go_vcr, ruby_vcr, vcrpy
from pytest_claude.transcript.interaction import Interaction

# vcrpy claims every file with interactions that nobody before it does.
READERS: tuple[ModuleType, ...] = (go_vcr, ruby_vcr, vcrpy)


def read_text(text: str, name: str) -> tuple[str, list[Interaction]]:
    """The name of the format and the interactions of a file's text.

    Raises:
        UnreadableCassette: The text is no YAML or JSON, of no known format, or broken; `name`
            stands in the message.
    """
    data = _parsed(text, name)
    reader = next((reader for reader in READERS if reader.claims(data)), None)
    if reader is None:
        raise UnreadableCassette(name, f"is no recording of a known format ({_looks_like(data)})")
    try:
        return reader.FORMAT, reader.read(data)
    # The one place where what a broken file makes of foreign code becomes our error.
    except _BROKEN as error:
        where = _where(reader, data, error)
        if isinstance(error, KeyError):
            raise UnreadableCassette(name, f"lacks the key {error}{where}") from error
        raise UnreadableCassette(name, f"is broken: {_one_line(error)}{where}") from error


_BROKEN = (AttributeError, EOFError, KeyError, IndexError, OSError, TypeError, ValueError)


def _where(reader: ModuleType, data: Any, error: BaseException) -> str:
    """Which interaction can't be read, unless the error says it."""
    if str(error).startswith("interaction "):
        return ""
    key = "interactions" if "interactions" in data else "http_interactions"
    for number, entry in enumerate(data[key], start=1):
        try:
            reader.read({**data, key: [entry]})
        except _BROKEN:
            return f" (interaction {number})"
    return ""


def _parsed(text: str, name: str) -> Any:
    if text.startswith("{"):
        try:
            return json.loads(text)
        except RecursionError as error:
            raise UnreadableCassette(name, f"is no JSON: {_one_line(error)}") from None
        except ValueError:
            pass  # YAML flow style begins so too
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = error.problem or "an error"
        raise UnreadableCassette(name, f"is no YAML{line}: {problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableCassette(name, f"is no YAML: {_one_line(error)}") from None


@cache
def _loader() -> Any:
    """PyYAML's safe loader, which also knows the `!binary` that Ruby writes."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader: Any = type("Loader", (base,), {})
    loader.add_constructor("!binary", base.construct_yaml_binary)
    return loader


def _looks_like(data: Any) -> str:
    if data is None:
        return "nothing"
    if isinstance(data, dict):
        return f"a mapping with {', '.join(map(str, list(data)[:5]))}"
    return f"a {type(data).__name__}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
