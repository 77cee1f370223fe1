"""The data files of this package → facts and rules, checked while they are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from importlib.resources import files
from typing import Any, TypeVar, cast, get_args

from pytest_claude.models.asked import Asked
from pytest_claude.models.conditions import OF_MODELS, OF_REQUESTS, OfModel
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rule import Effect, Rule

DOCS = "https://platform.claude.com/docs/en/"
"""The common address of the pages among the sources."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_FACTS = tuple(field.name for field in fields(ModelFacts))
_FACTS_NEEDED = tuple(field.name for field in fields(ModelFacts) if field.default is MISSING
                      and field.default_factory is MISSING)  # fmt: skip
_SELECTING = ("models", "not_models", "which", "from", "not_from", "from_which", "when", "words")
_PLAIN = ("id", "fix", "status", "message", "confidence", "since", "platforms", "dimension",
          "sources")  # fmt: skip
_STATUS = 400  # of a refusal that states none
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
    table = _Table(text, name, ("model",))
    models = []
    for entry in table.entries("model", _FACTS, _FACTS_NEEDED):
        values: dict[str, Any] = {key: _frozen(value) for key, value in entry.values.items()}
        values |= {"sources": entry.sources, "checked": entry.checked}
        models.append(ModelFacts(**values))
    return tuple(models)


def read_rules(text: str, name: str) -> tuple[Rule, ...]:
    """The rules of a file: refusals first, then warnings, then behaviors, each in its order.

    Args:
        text: The file, as TOML: arrays of tables named by the effect, as the head of
            `refusals.toml` says.
        name: Name of the file, for errors.

    Raises:
        TableError: A key, condition or group is unknown, a key is missing, an id comes twice, or a
            date or source is missing.
    """
    effects: tuple[Effect, ...] = get_args(Effect)
    table = _Table(text, name, effects)
    return tuple(
        _rule(entry, effect, table.groups)
        for effect in effects
        for entry in table.entries(effect, (*_PLAIN, *_SELECTING, "checked"), ("id", "words"))
    )


@dataclass(frozen=True)
class _Entry:
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


class _Table:
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

    def entries(self, kind: str, keys: Sequence[str], needed: Sequence[str]) -> Iterator[_Entry]:
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
            yield _Entry(where, values, pages, checked)


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


def _frozen(value: Any) -> Any:
    """A list as a tuple, also in a table."""
    if isinstance(value, dict):
        return {key: _frozen(each) for key, each in value.items()}
    return tuple(value) if isinstance(value, list) else value


def _rule(entry: _Entry, effect: Effect, groups: Mapping[str, Sequence[str]]) -> Rule:
    values: dict[str, Any] = {"status": _STATUS} if effect == "refused" else {}
    values |= {key: _frozen(entry.values[key]) for key in _PLAIN if key in entry.values}
    values["sources"] = entry.sources
    origin = ("from", "not_from", "from_which")
    anywhere = not any(key in entry.values for key in origin)
    return Rule(
        **values,
        effect=effect,
        models=_selected(entry, ("models", "not_models", "which"), groups),
        seen=_seen(entry),
        from_models=None if anywhere else _selected(entry, origin, groups),
    )


def _selected(
    entry: _Entry, keys: tuple[str, str, str], groups: Mapping[str, Sequence[str]]
) -> OfModel:
    """Whether a model is one of the first key's, none of the second's, and as the third says."""
    only, never = entry.ids(keys[0], groups), entry.ids(keys[1], groups) or ()
    condition = entry.named(keys[2], OF_MODELS)

    def selected(facts: ModelFacts) -> bool:
        return (
            (only is None or facts.id in only)
            and facts.id not in never
            and (condition is None or condition(facts))
        )

    return selected


def _seen(entry: _Entry) -> Callable[[Asked, ModelFacts], str | None]:
    condition = entry.named("when", OF_REQUESTS)
    words = cast(str, entry.values["words"])

    def seen(asked: Asked, facts: ModelFacts) -> str | None:
        values = True if condition is None else condition(asked, facts)
        if not values:
            return None
        return words.format(*values if isinstance(values, tuple) else (values,), facts=facts)

    return seen
