"""The behavior that was accepted of a test: what its recorded trials had in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

from pytest_claude.behavior.profile import Profile

Facts = Mapping[str, Any]
"""What one trial showed, as JSON by kind. A kind that the trial does not tell is not there."""

Rule = tuple[str, ...]
"""What may differ: a kind, and names below it; `*` is any name."""

_VERSION = 1
_FOREIGN = "it is no accepted behavior of pytest-claude"
_VARIES = "varies"  # the trials do not agree, and anything is accepted
_EACH = "*"  # the items of a list, and what an object has under keys that are data
_NO_JSON = "no JSON"
_TYPES = ("string", "number", "boolean", "null", _VARIES)
_OF_SEVERAL = {"declines"}  # differs between two answers of one model too often to hold one to it


@dataclass(frozen=True)
class Change:
    """One place at which a trial behaves otherwise than accepted.

    Attributes:
        path: The kind, and the names below it.
        accepted: The fact that was accepted; None where no fact is accepted at this place.
        new: The fact that the trial shows; likewise.
    """

    path: tuple[str, ...]
    accepted: Any
    new: Any


@dataclass(frozen=True)
class Accepted:
    """The accepted behavior of a test.

    Attributes:
        trials: How many trials it was read from.
        facts: What they agree on. Where they differ anything is accepted.
    """

    trials: int
    facts: Facts

    @classmethod
    def of(cls, trials: Sequence[Facts], needed: int | None = None) -> Accepted:
        """What the trials have in common, one or more; at least `needed` of them behave so.

        A kind is what `needed` trials show alike. Where so many do not, it is what all have in
        common. From one trial, the kinds are taken that do not differ between two answers of one
        model (docs/reference.md, "What is steady").

        Args:
            trials: What each of them showed.
            needed: How many must agree; None for all.

        >>> Accepted.of([{"stop": "end_turn"}, {"stop": "max_tokens"}]).facts
        {'stop': 'varies'}
        >>> Accepted.of([{"stop": "end_turn"}] * 4 + [{"stop": "max_tokens"}], needed=4).facts
        {'stop': 'end_turn'}
        """
        needed = len(trials) if needed is None else min(needed, len(trials))
        kinds = [kind for kind in KINDS if len(trials) > 1 or kind not in _OF_SEVERAL]
        agreed: dict[str, Any] = {}
        holding = list(trials)
        # What most agree on comes first: whom it leaves out has no say in the others.
        for kind in sorted(kinds, key=lambda kind: -_most(trials, kind)[1]):
            fact, number = _most(holding, kind)
            if number >= needed:
                holding = [trial for trial in holding if trial.get(kind) == fact]
            elif all(kind in trial for trial in holding):
                fact = reduce(partial(_common, kind), (trial[kind] for trial in holding))
            else:
                continue
            agreed[kind] = fact
        return cls(len(trials), agreed)

    @classmethod
    def loads(cls, text: str) -> Accepted:
        """The accepted behavior that `dumps` wrote.

        Raises:
            ValueError: It did not write this text; the message says why.
        """
        match json.loads(text):
            case {"version": int(version)} if version > _VERSION:
                raise ValueError("a later version of pytest-claude wrote it: update this one")
            case {"version": int(), "trials": int(trials), "behavior": dict(facts)}:
                if trials < 1 or facts.keys() - KINDS.keys():
                    raise ValueError(_FOREIGN)
                if lacking := [k for k in KINDS if k not in facts and k not in _NOT_ALWAYS]:
                    raise ValueError(f"it does not tell {lacking[0]!r}")
                if wrong := [kind for kind in facts if not _is_of(kind, facts[kind])]:
                    raise ValueError(f"what it tells of {wrong[0]!r} is of another type")
                return cls(trials, facts)
        raise ValueError(_FOREIGN)

    def dumps(self) -> str:
        """The accepted behavior as indented JSON text; equal ones are equal texts."""
        data = {"version": _VERSION, "trials": self.trials, "behavior": self.facts}
        return json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @property
    def varying(self) -> list[Rule]:
        """Where anything is accepted, because the trials do not agree."""
        return [place for kind in KINDS for place in _varying((kind,), self.facts.get(kind))]

    def changes(self, new: Facts, ignored: Sequence[Rule] = ()) -> list[Change]:
        """Where a trial behaves otherwise.

        Args:
            new: What the trial showed.
            ignored: What may differ.
        """
        both = [kind for kind in KINDS if kind in self.facts and kind in new]
        return [
            change
            for kind in both
            for change in _changes((kind,), self.facts[kind], new[kind])
            if not any(_fits(rule, change.path) for rule in ignored)
        ]

    def moved(self, after: Accepted) -> list[Change]:
        """Where other facts are accepted than before; a kind that is not held is None."""
        return [
            change
            for kind in KINDS
            for change in _changes((kind,), self.facts.get(kind), after.facts.get(kind), exact=True)
        ]


def facts(profile: Profile) -> dict[str, Any]:
    """What a trial showed of each kind.

    >>> facts(Profile("answered", stop_reason="end_turn"))["stop"]
    'end_turn'
    """
    read = {kind: of(profile) for kind, of in KINDS.items()}
    return {kind: fact for kind, fact in read.items() if fact is not None}


def shape(value: Any) -> Any:
    """A JSON value with the names of types in the place of its values.

    The items of a list are told as one. So is what an object has under keys that are no
    identifiers: such a key is data.

    >>> shape({"id": 7, "items": [{"sku": "a"}, {"sku": "b", "note": None}]})
    {'id': 'number', 'items': [{'sku': 'string', 'note': 'varies'}]}
    >>> shape({"2026-05-01": 3, "2026-05-02": 4})
    {'*': 'number'}
    """
    match value:
        case dict():
            return _shapes((_name(key), each) for key, each in value.items())
        case list():
            return reduce(_agreed, ([shape(each)] for each in value), [])
        case bool():
            return "boolean"
        case None:
            return "null"
        case str():
            return "string"
    return "number"


def _arguments(profile: Profile) -> dict[str, Any]:
    """The shape of the arguments by tool; several calls of a tool are told as one."""
    return _shapes((fact.name, fact.input) for fact in profile.tools)


def _output(profile: Profile) -> Any:
    if not profile.has_output:
        return _NO_JSON
    return None if profile.output is None else shape(profile.output)


KINDS: Mapping[str, Callable[[Profile], Any]] = {
    "asks": lambda profile: profile.asks,
    "refused": lambda profile: profile.is_refused,
    "refuses": lambda profile: profile.refusal is not None and not profile.is_refused,
    "declines": lambda profile: profile.declined is not None,
    "tools": lambda profile: [fact.name for fact in profile.tools],
    "parallel": lambda profile: [list(group) for group in profile.parallel],
    "server": lambda profile: list(profile.server_tools),
    "arguments": _arguments,
    "output": _output,
    "fence": lambda profile: profile.fenced,
    "stop": lambda profile: profile.stop_reason,
}
"""The facts that are compared, by kind. The kinds are those of a difference between two models,
where `fence` is part of `output`."""

_NOT_ALWAYS = {"asks", "declines", "output", "stop"}  # there are trials that do not tell them

SHAPED = ("arguments", "output")
"""The kinds that have names below them."""


def _most(trials: Sequence[Facts], kind: str) -> tuple[Any, int]:
    """What most trials show of a kind, and how many; 0 where two facts have equally many."""
    shown = [trial[kind] for trial in trials if kind in trial]
    numbers = [shown.count(fact) for fact in shown]
    most = max(numbers, default=0)
    if numbers.count(most) != most:
        return None, 0
    return (shown[numbers.index(most)], most) if shown else (None, 0)


def _shapes(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The shapes of values by name; those of one name are told as one."""
    return reduce(_together, ({name: shape(value)} for name, value in values), {})


def _is_of(kind: str, fact: Any) -> bool:
    """Whether a fact that was read from a file is one of its kind."""
    if fact == _VARIES:
        return True
    match kind:
        case "tools" | "server":
            return _are_names(fact)
        case "parallel":
            return isinstance(fact, list) and all(map(_are_names, fact))
        case "stop":
            return isinstance(fact, str)
        case "arguments":
            return isinstance(fact, dict) and _is_shape(fact)
        case "output":
            return fact == _NO_JSON or _is_shape(fact)
    return isinstance(fact, bool)


def _are_names(fact: Any) -> bool:
    return isinstance(fact, list) and all(isinstance(name, str) for name in fact)


def _is_shape(of: Any) -> bool:
    if isinstance(of, dict | list):
        single = isinstance(of, dict) or len(of) < 2
        return single and all(_is_shape(below) for _, below in _below(of))
    return of in _TYPES


def _name(key: str) -> str:
    return key if key.isidentifier() else _EACH


def _common(kind: str, one: Any, other: Any) -> Any:
    """What two facts of a kind have in common."""
    if kind == "arguments":  # whether a tool is called is told by the tools
        return _together(one, other)
    if kind in SHAPED:
        return _agreed(one, other)
    return one if one == other else _VARIES


def _together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """All names of two, with what both have in common where both have it."""
    both = {**one, **other}
    return {n: _agreed(one.get(n, both[n]), other.get(n, both[n])) for n in both}


def _agreed(one: Any, other: Any) -> Any:
    """What two shapes have in common.

    A name that one of them lacks varies. An empty list agrees with any.
    """
    match one, other:
        case dict(), dict():
            lacking = {n: _VARIES for n in one.keys() ^ other.keys() if n != _EACH}
            return {**_together(one, other), **lacking}
        case list(), list():
            items = [*one, *other]
            return [reduce(_agreed, items)] if items else []
    return one if one == other else _VARIES


def _varying(path: Rule, fact: Any) -> Iterator[Rule]:
    if fact == _VARIES:
        yield path
    elif path[0] in SHAPED:
        for name, below in _below(fact):
            yield from _varying((*path, name), below)


def _below(of: Any) -> Iterable[tuple[str, Any]]:
    """The parts of a shape by name."""
    match of:
        case dict():
            return of.items()
        case list():
            return [(_EACH, each) for each in of]
    return ()


def _changes(path: tuple[str, ...], old: Any, new: Any, *, exact: bool = False) -> Iterator[Change]:
    """Where `new` differs; where the old trials do not agree it does so only if `exact`."""
    if old == new or (old == _VARIES and not exact):
        return
    if path[0] not in SHAPED or type(old) is not type(new) or isinstance(old, str):
        yield Change(path, old, new)
        return
    olds, news = dict(_below(old)), dict(_below(new))
    for name in {**olds, **news}:
        # Whether a tool is called is told by the tools; a list or a map may be empty.
        free = name == _EACH or path == ("arguments",)
        if exact or not free or (name in olds and name in news):
            yield from _changes((*path, name), olds.get(name), news.get(name), exact=exact)


def _fits(rule: Rule, path: tuple[str, ...]) -> bool:
    """Whether a rule names a place, or one above it."""
    own = path[: len(rule)]
    return len(own) == len(rule) and all(
        r in (_EACH, name) for r, name in zip(rule, own, strict=True)
    )
