"""The shape of JSON answers over all trials: which path holds which types, how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOST_PATHS = 60


@dataclass(frozen=True)
class PathCounts:
    """What one path of the answers held.

    Attributes:
        path: As a JSON path; `[]` stands for every entry of a list.
        base: How many of the baseline's answers hold each type, the most frequent first.
        cand: The same of the candidate.
    """

    path: str
    base: tuple[tuple[str, int], ...]
    cand: tuple[tuple[str, int], ...]

    @property
    def differs(self) -> bool:
        """Whether the candidate holds a type here that the baseline never did, or lacks one."""
        return {name for name, _ in self.base} != {name for name, _ in self.cand}


def path_counts(base: Sequence[Any], cand: Sequence[Any]) -> tuple[PathCounts, ...]:
    """The types at each path, over all answers of both sides; what differs comes first.

    An answer that lacks a path counts as "absent" there. Of more than 60 paths the first 60 are
    given.

    >>> found = path_counts([{"a": 1}], [{"a": "1"}, {}])
    >>> [(entry.path, entry.base, entry.cand) for entry in found]
    [('$.a', (('number', 1),), (('string', 1), ('absent', 1)))]
    """
    old, new = [dict(_types(value)) for value in base], [dict(_types(value)) for value in cand]
    paths = list(dict.fromkeys(path for value in (*old, *new) for path in value))
    if len(paths) > 1 and {value.get("$", "object") for value in (*old, *new)} == {"object"}:
        paths.remove("$")  # its keys say that it is an object
    found = [PathCounts(path, _count(old, path), _count(new, path)) for path in paths]
    if base and cand:
        found.sort(key=lambda entry: not entry.differs)
    return tuple(found[:_MOST_PATHS])


def _count(values: Sequence[Mapping[str, str]], path: str) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(value.get(path, "absent") for value in values).most_common())


def _types(value: Any) -> Iterator[tuple[str, str]]:
    """Each path and the types it holds in one answer, parents before children."""
    found: dict[str, dict[str, None]] = {}
    for path, name in _walk(value, "$"):
        found.setdefault(path, {})[name] = None
    yield from ((path, " or ".join(names)) for path, names in found.items())


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if path == "$" or not value:
            yield path, "object"
        for key, entry in value.items():
            yield from _walk(entry, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, f"list of {len(value)}"
        for entry in value:
            yield from _walk(entry, f"{path}[]")
    else:
        yield path, _NAMES.get(type(value), "number")


_NAMES = {str: "string", bool: "boolean", type(None): "null", int: "number", float: "number"}
