"""The data files of this package: read as checked entries, and the models among them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from importlib.resources import files
from typing import Any, TypeVar

from pytest_claude.models.model_facts import ModelFacts

DOCS = "https://platform.claude.com/docs/en/"
"""The common address of the pages among the sources."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FACTS = tuple(field.name for field in fields(ModelFacts))
_FACTS_NEEDED = tuple(field.name for field in fields(ModelFacts) if field.default is MISSING
                      and field.default_factory is MISSING)  # fmt: skip
_T = TypeVar("_T")


class TableError(ValueError):
    """A data file of the package is wrong; the text names the file and the entry."""


def file_text(name: str) -> str:
    """The text of one data file of the package, for example `models.toml`."""
    return files("pytest_claude.models").joinpath("data", name).read_text("utf-8")


def read_models(text: str, name: str) -> tuple[ModelFacts, ...]:
    """The models of a file, in its order.

    Args:
        text: The file, as TOML: an array of tables `model` whose keys are the fields of
            `ModelFacts`.
        name: Name of the file, for errors.

    Raises:
        TableError: A key is unknown or missing, an id comes twice, or a date or source is missing.
    """
    table = Table(text, name, ("model",))
    models = []
    for entry in table.entries("model", _FACTS, _FACTS_NEEDED):
        values: dict[str, Any] = {key: frozen(value) for key, value in entry.values.items()}
        values |= {"sources": entry.sources, "checked": entry.checked}
        models.append(ModelFacts(**values))
    return tuple(models)


@dataclass(frozen=True)
class Entry:
    """One entry of a file, with its keys checked."""

    where: str
    values: Mapping[str, Any]
    sources: tuple[str, ...]
    checked: str

    def named(self, key: str, choices: Mapping[str, _T]) -> _T | None:
        """The choice that the value of `key` names; None where the entry has no such key."""
        name = self.values.get(key)
        if name is None:
            return None
        if name not in choices:
            raise TableError(f"{self.where}: {key}: {_unknown('condition', name, choices)}")
        return choices[name]

    def ids(self, key: str, groups: Mapping[str, Sequence[str]]) -> frozenset[str] | None:
        """The model ids under `key`, groups expanded; None where the entry has no such key."""
        names = self.values.get(key)
        return None if names is None else frozenset(_expanded(names, groups, self.where))


class Table:
    """One file: its groups of models, and its entries by kind."""

    def __init__(self, text: str, name: str, kinds: Sequence[str]) -> None:
        try:
            self._data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise TableError(f"{name}: {error}") from None
        self._name = name
        self._ids: set[str] = set()
        self.groups: Mapping[str, Sequence[str]] = self._data.get("groups", {})
        _check_keys(name, self._data, (*kinds, "checked", "groups"), ())

    def entries(self, kind: str, keys: Sequence[str], needed: Sequence[str]) -> Iterator[Entry]:
        for number, values in enumerate(self._data.get(kind, ()), start=1):
            where = f"{self._name}: {values.get('id', f'{kind} {number}')}"
            _check_keys(where, values, keys, needed)
            if values["id"] in self._ids:
                raise TableError(f"{where}: the id comes twice")
            self._ids.add(values["id"])
            checked = values.get("checked", self._data.get("checked"))
            if not isinstance(checked, str) or not _DAY.fullmatch(checked):
                raise TableError(f"{where}: checked: a day as YYYY-MM-DD, not {checked!r}")
            sources = values.get("sources", ())
            if not sources and values.get("confidence") != "observed":
                raise TableError(f"{where}: it names no source, and was not observed")
            pages = tuple(page if "://" in page else DOCS + page for page in sources)
            yield Entry(where, values, pages, checked)


def _check_keys(
    where: str, values: Mapping[str, Any], keys: Sequence[str], needed: Sequence[str]
) -> None:
    for key in values:
        if key not in keys:
            raise TableError(f"{where}: {_unknown('key', key, keys)}")
    for key in needed:
        if key not in values:
            raise TableError(f"{where}: the key {key!r} is missing")


def _unknown(what: str, name: str, choices: Iterable[str]) -> str:
    from difflib import get_close_matches  # late: only a wrong file needs it

    near = get_close_matches(name, list(choices), n=1)
    return f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _expanded(
    names: Iterable[str], groups: Mapping[str, Sequence[str]], where: str
) -> Iterator[str]:
    for name in names:
        if not name.startswith("@"):
            yield name
        elif name[1:] in groups:
            yield from _expanded(groups[name[1:]], groups, where)
        else:
            raise TableError(f"{where}: {_unknown('group', name[1:], groups)}")


def frozen(value: Any) -> Any:
    """A list as a tuple, also in a table."""
    if isinstance(value, dict):
        return {key: frozen(each) for key, each in value.items()}
    return tuple(value) if isinstance(value, list) else value
