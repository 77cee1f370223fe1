"""What is read of another tool's suite: cases, each with what it asks and what it states."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_LONGEST = 200  # characters of a line about what is not imported


class NoEquivalent(Exception):
    """What another tool's file says, and we can't; the text says what and why."""


class Given(Mapping[str, Any]):
    """An object of another tool's file that knows which of its keys nobody has read.

    Args:
        value: The object; None is one without keys.
        what: What it is, for the error; "" where that is said already.
        about: Keys that say something of the file alone.

    Raises:
        NoEquivalent: The value is no object.
    """

    def __init__(self, value: Any, what: str, *, about: Collection[str] = ()) -> None:
        if not isinstance(value, Mapping | None):
            raise NoEquivalent(f"{what} {value!r} is no object".strip()[:_LONGEST])
        self._value = value or {}
        self._unread = dict.fromkeys(key for key in self._value if key not in about)

    def __getitem__(self, key: str) -> Any:
        self._unread.pop(key, None)
        return self._value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def unread(self, prefix: str = "") -> list[str]:
        """Each key that nobody has read, so that none is lost in silence.

        Without its value, which may be a secret.
        """
        return [f"{prefix}{key}" for key in self._unread]


@dataclass(frozen=True)
class Stated:
    """One check of a case.

    Attributes:
        code: The expression that is asserted; `{name}` stands for a value of the case.
        values: The values by name.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def contrary(self) -> Stated:
        """The check that this one does not hold."""
        plain = self.code.startswith("claude.") and self.code.count(")") == 1
        return Stated(f"not {self.code}" if plain else f"not ({self.code})", self.values)


@dataclass
class SuiteCase:
    """One case.

    Attributes:
        name: What it is called; "" where it has no name.
        prompt: A message of the user, or all messages.
        request: What else `claude.ask` is given: system prompt, model, tools.
        checks: What it states; where nothing, that it behaves as recorded.
        tags: The groups that it belongs to.
        more: What else the file says of it.
        left_out: What it states and is not imported, one line each.
    """

    name: str
    prompt: str | list[Any]
    request: dict[str, Any] = field(default_factory=dict)
    checks: list[Stated] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


@dataclass
class Suite:
    """A suite.

    Attributes:
        cases: In the order of the file.
        left_out: What is not imported and belongs to no case, one line each.
    """

    cases: list[SuiteCase] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
