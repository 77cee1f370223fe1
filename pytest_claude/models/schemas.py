"""Which parts of a JSON schema structured outputs and strict tools do not take.

Source: platform.claude.com, build-with-claude/structured-outputs: "JSON Schema limitations"; the
wording of the messages as observed on the live API. `minLength` and `maxLength` are documented as
not supported too, but the live API took them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_UNSUPPORTED = {
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("maxItems", "uniqueItems", "contains"),
}
_NAMED = ("properties", "$defs", "definitions")
_MOST = 20_000  # parts of a schema that are looked at


def open_object(schema: Any) -> str | None:
    """The first object that does not say `additionalProperties: false`, as a path."""
    for path, part in _parts(schema):
        if part.get("type") == "object" and part.get("additionalProperties") is not False:
            return path
    return None


def unsupported_keyword(schema: Any) -> str | None:
    """The first keyword that is not supported, as the API tells it."""
    for _, part in _parts(schema):
        kind = part.get("type")
        if not isinstance(kind, str):
            continue
        for keyword in _UNSUPPORTED.get(kind, ()):
            if keyword in part:
                return f"For '{kind}' type, property '{keyword}' is not supported"
        if kind == "array" and part.get("minItems", 0) not in (0, 1):
            return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    return None


def outside_reference(schema: Any) -> str | None:
    """The first `$ref` that leaves the schema."""
    for _, part in _parts(schema):
        ref = part.get("$ref")
        if isinstance(ref, str) and not ref.startswith("#"):
            return ref
    return None


def _parts(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema in a schema with its path; no recursion, for it may be nested at will."""
    waiting: list[tuple[str, Any]] = [("$", schema)]
    looked_at = 0
    while waiting and looked_at < _MOST:
        path, part = waiting.pop()
        looked_at += 1
        if isinstance(part, list | tuple):
            waiting += [(f"{path}[{n}]", each) for n, each in enumerate(part)]
        elif isinstance(part, Mapping):
            yield path, part
            for key, value in part.items():
                if key in _NAMED and isinstance(value, Mapping):
                    waiting += [(f"{path}.{name}", each) for name, each in value.items()]
                elif key not in ("enum", "const", "default", "examples", "required"):
                    waiting.append((path if key == "anyOf" else f"{path}.{key}", value))
