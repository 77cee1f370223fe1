"""Which recorded behavior is tested, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_claude.report.numbers import plural

HEAD = ("behavior", "shown by", "looked at by")
_MOST_NAMED = 3


@dataclass
class Behavior:
    """What recordings of one or several tests show: each of these tests may look at it, or not.

    Attributes:
        kind: What it is: a tool, a field.
        name: Which one; "" where there is one alone.
        tests: The tests whose recordings show it.
        looked_at_by: Those that fail where it is otherwise, each with the check that says so.
        unknown: Those of which that is not known.
    """

    kind: str
    name: str
    tests: list[str] = field(default_factory=list)
    looked_at_by: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @property
    def free(self) -> list[str]:
        """The tests that show it, and would not fail where it is otherwise."""
        return [t for t in self.tests if t not in self.looked_at_by and t not in self.unknown]

    @property
    def order(self) -> tuple[bool, ...]:
        """What a test does not look at comes first, above all what none does; replay's is last."""
        known = not self.unknown
        return not self.free, bool(self.looked_at_by), known, self.kind in ("model", "parameter")

    @property
    def row(self) -> tuple[str, str, str]:
        """The behavior in the columns of the table."""
        looking = self.looked_at_by
        by = ", ".join(sorted({*looking.values()}))
        some = 0 < len(looking) < len(self.tests)
        parts = [f"{by}, in {len(looking)} of them" if some else by] if looking else []
        parts += [f"{'not by' if looking else 'no test:'} {_named(self.free)}"] if self.free else []
        parts += [f"not known: {_named(self.unknown)}"] if self.unknown else []
        return f"{self.kind} {self.name}".strip(), plural(len(self.tests), "test"), "; ".join(parts)


def _named(tests: Sequence[str]) -> str:
    more = len(tests) - _MOST_NAMED
    return ", ".join(sorted(tests)[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def coverage_text(behaviors: Sequence[Behavior]) -> str:
    """How many behaviors are not looked at, each counted once for each test that shows it."""
    free = sum(len(behavior.free) for behavior in behaviors)
    of = plural(sum(len(behavior.tests) for behavior in behaviors), "recorded behavior")
    unknown = sum(len(behavior.unknown) for behavior in behaviors)
    text = f"{free} of {of}, counted by test, could be otherwise, and the test would not fail"
    return f"{text}; of {unknown} it is not known" if unknown else text


def coverage_lines(behaviors: Sequence[Behavior]) -> Iterator[str]:
    """The table, for a terminal."""
    rows = [HEAD, *(behavior.row for behavior in behaviors)]
    widths = [max(len(row[n]) for row in rows) for n in (0, 1)]
    for name, tests, by in rows:
        yield f"{name:{widths[0]}}  {tests:{widths[1]}}  {by}"
    yield from ("", coverage_text(behaviors))
    if any(behavior.free for behavior in behaviors):
        yield "checks to paste: pytest-claude suggest"
