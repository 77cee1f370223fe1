"""Check: the result of a stated expectation: true, false or unknown, with its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from pytest_claude.errors import NoEvidence

T = TypeVar("T")

_LONGEST_REPR = 120  # pytest cuts at 240 and prints the text twice


@dataclass(frozen=True)
class Evidence:
    """What a check looked at.

    Attributes:
        interaction: Number of the interaction in the cassette, from 1.
        lines: What was seen there, one line each.
    """

    interaction: int
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One stated expectation and what was observed.

    Use it as a truth: `assert check`, `assert not check`. A check for which nothing was observed
    is neither true nor false, and its `bool()` raises `NoEvidence`, so no assertion is green for
    want of data. `check is True` never holds and `check is not False` always: Python does not
    call `bool()` there.

    Attributes:
        name: The check's function.
        outcome: True, False, or None when unknown.
        expected: What was expected, in words.
        observed: What was observed, in words.
        reason: What decided, in one line.
        evidence: Where it was seen.
        hint: What else may be the cause.
        facts: What a report can draw, as JSON: the depth and length of a needle, the numbers
            that were held against a limit.
    """

    name: str
    outcome: bool | None
    expected: str
    observed: str
    reason: str
    evidence: tuple[Evidence, ...] = ()
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    _asked: Callable[[Check], None] | None = field(default=None, repr=False, compare=False)

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        if self._asked is not None:
            self._asked(self)
        if self.outcome is None:
            raise NoEvidence(self)
        return self.outcome

    def __eq__(self, other: object) -> bool:
        """Whether two checks say the same; compared to a truth, its own: `check == True`."""
        __tracebackhide__ = True
        if isinstance(other, bool):
            return bool(self) is other
        return type(other) is type(self) and self._compared() == other._compared()

    def _compared(self) -> list[Any]:
        return [getattr(self, each.name) for each in fields(self) if each.compare]

    def __repr__(self) -> str:
        word = {True: "yes", False: "no", None: "unknown"}[self.outcome]
        text = " ".join(f"<{word}: {self.reason}>".split())
        return text if len(text) <= _LONGEST_REPR else f"{text[: _LONGEST_REPR - 2]}…>"

    def __getstate__(self) -> dict[str, Any]:
        # The listener belongs to a running test and does not travel.
        return {**self.__dict__, "_asked": None}


@dataclass(frozen=True, repr=False, eq=False)
class ClarificationCheck(Check):
    """Whether the reply asks for what it needs.

    Attributes:
        kind: One of the kinds of `Clarification`; None when unknown.
        sentence: The sentence that decided, verbatim.
        certain: False when the rules were in doubt.
    """

    kind: str | None = None
    sentence: str | None = None
    certain: bool = True


@dataclass(frozen=True, repr=False, eq=False)
class JsonCheck(Check, Generic[T]):
    """Whether the reply is JSON.

    Attributes:
        value: The parsed value, as an instance of the class that was given as schema; None when
            the check does not hold.
        raw: The JSON value as written, also where it does not satisfy the schema; None when
            the reply holds no JSON.
    """

    value: T | None = None
    raw: Any = None


@dataclass(frozen=True, repr=False, eq=False)
class RefusalCheck(Check):
    """Whether the reply refuses.

    Attributes:
        category: Why: the API's word where it refused by stop reason and said so; `policy` or
            `ability` where it refused in words that say so.
        sentence: The sentence that refuses, verbatim, where it refused in words.
        certain: False when the rules were in doubt.
    """

    category: str | None = None
    sentence: str | None = None
    certain: bool = True
