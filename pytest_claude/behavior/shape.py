"""The shape of JSON values: keys, types, nesting and list lengths, without the values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

JsonType = Literal["null", "boolean", "integer", "number", "string", "array", "object"]

_MOST_KEYS = 64  # an object with more is a map by data: its keys are no shape
_DEEPEST = 64


@dataclass(frozen=True)
class Shape:
    """The shape of one JSON value, or of several values together.

    Attributes:
        types: The types seen, sorted; an integer beside a number is a number.
        keys: The shape under each key of the objects seen, by key.
        optional: Keys that not every object had.
        items: The shape of all items of the lists seen; None when there was no item.
        length: Shortest and longest list seen; None when there was no list.
        open: Whether the keys are data: objects with more than 64 keys, whose values are all in
            `items`.
    """

    types: tuple[JsonType, ...]
    keys: Mapping[str, Shape] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    items: Shape | None = None
    length: tuple[int, int] | None = None
    open: bool = False

    def to_json(self) -> dict[str, Any]:
        """The shape as plain JSON types; what is empty is left out."""
        whole = {
            "types": list(self.types),
            "keys": {key: shape.to_json() for key, shape in sorted(self.keys.items())},
            "optional": sorted(self.optional),
            "items": None if self.items is None else self.items.to_json(),
            "length": None if self.length is None else list(self.length),
            "open": self.open,
        }
        return {key: value for key, value in whole.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Shape:
        """The shape that `to_json` wrote."""
        length = data.get("length")
        return cls(
            types=tuple(data["types"]),
            keys={key: cls.from_json(shape) for key, shape in data.get("keys", {}).items()},
            optional=frozenset(data.get("optional", ())),
            items=cls.from_json(data["items"]) if "items" in data else None,
            length=None if length is None else (length[0], length[1]),
            open=bool(data.get("open")),
        )


def shape_of(value: Any) -> Shape:
    """The shape of one JSON value. What lies deeper than 64 levels is left out.

    >>> shape_of({"total": 3, "lines": [{"unit": "h"}, {"unit": "d", "n": 2}]}).to_json()["keys"]
    ... # doctest: +NORMALIZE_WHITESPACE
    {'lines': {'types': ['array'],
               'items': {'types': ['object'],
                         'keys': {'n': {'types': ['integer']}, 'unit': {'types': ['string']}},
                         'optional': ['n']},
               'length': [2, 2]},
     'total': {'types': ['integer']}}
    """
    return _shape(value, _DEEPEST)


def merge_shapes(shapes: Iterable[Shape]) -> Shape | None:
    """The shape of all values that have one of `shapes`; None of none."""
    merged: Shape | None = None
    for shape in shapes:
        merged = shape if merged is None else _merged(merged, shape)
    return merged


def shape_changes(old: Shape, new: Shape, path: str = "$") -> list[str]:
    """What differs, in words, by path. A list that lies within the old lengths is no change.

    >>> shape_changes(shape_of({"a": 1}), shape_of({"a": "1", "b": []}))
    ['`$.a` is a string instead of an integer', 'a new `$.b`']
    """
    if old.types != new.types:
        return [f"`{path}` is {_named(new.types)} instead of {_named(old.types)}"]
    found: list[str] = []
    for key in [*old.keys, *(key for key in new.keys if key not in old.keys)]:
        inner = f"{path}.{key}"
        if key not in new.keys:
            found += [] if key in old.optional else [f"no `{inner}`"]
        elif key not in old.keys:
            found.append(f"a new `{inner}`")
        else:
            if key in new.optional and key not in old.optional:
                found.append(f"`{inner}` is sometimes missing")
            found += shape_changes(old.keys[key], new.keys[key], inner)
    if old.items is not None and new.items is not None:
        found += shape_changes(old.items, new.items, f"{path}[*]")
    if old.length is not None and new.length is not None:
        if new.length[0] < old.length[0] or new.length[1] > old.length[1]:
            found.append(f"`{path}` has {_range(new.length)} items, had {_range(old.length)}")
    return found


def _shape(value: Any, levels: int) -> Shape:
    kind = _type(value)
    if levels == 0 or kind not in ("array", "object"):
        return Shape((kind,))
    if kind == "array":
        items = merge_shapes(_shape(item, levels - 1) for item in value)
        return Shape((kind,), items=items, length=(len(value), len(value)))
    if len(value) > _MOST_KEYS:
        inner = merge_shapes(_shape(item, levels - 1) for item in value.values())
        return Shape((kind,), items=inner, open=True)
    return Shape((kind,), {str(key): _shape(item, levels - 1) for key, item in value.items()})


def _merged(left: Shape, right: Shape) -> Shape:
    if left == right:
        return left
    types = set(left.types) | set(right.types)
    if "number" in types:
        types.discard("integer")
    merged = Shape(tuple(sorted(types)), open=left.open or right.open)
    lengths = [shape.length for shape in (left, right) if shape.length is not None]
    if lengths:
        merged = replace(
            merged, length=(min(low for low, _ in lengths), max(high for _, high in lengths))
        )
    inner = [shape.items for shape in (left, right) if shape.items is not None]
    if merged.open:
        inner += [s for shape in (left, right) for s in shape.keys.values()]
        return replace(merged, items=merge_shapes(inner))
    keys = {
        key: merge_shapes(shape.keys[key] for shape in (left, right) if key in shape.keys)
        for key in [*left.keys, *(key for key in right.keys if key not in left.keys)]
    }
    objects = [shape for shape in (left, right) if "object" in shape.types]
    optional = left.optional | right.optional
    optional |= {key for key in keys if any(key not in shape.keys for shape in objects)}
    known = {key: shape for key, shape in keys.items() if shape is not None}
    if len(known) > _MOST_KEYS:
        inner += list(known.values())
        return replace(merged, items=merge_shapes(inner), open=True)
    return replace(merged, keys=known, optional=optional, items=merge_shapes(inner))


def _type(value: Any) -> JsonType:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def _named(types: tuple[JsonType, ...]) -> str:
    article = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}
    return " or ".join(article.get(each, f"a {each}") for each in types)


def _range(length: tuple[int, int]) -> str:
    low, high = length
    return str(low) if low == high else f"{low} to {high}"
