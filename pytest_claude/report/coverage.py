"""Which recorded behavior is tested, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_claude.report.numbers import plural

HEAD = ("behavior", "shown by", "looked at by")


@dataclass
class Behavior:
    """One behavior that recordings show.

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
    def is_free(self) -> bool:
        """Whether it could be otherwise, and no test would fail."""
        return not (self.looked_at_by or self.unknown)

    @property
    def order(self) -> tuple[bool, ...]:
        """What nobody looks at comes first, then what is not known; what replay holds is last."""
        return bool(self.looked_at_by), bool(self.unknown), self.kind in ("model", "parameter")

    @property
    def row(self) -> tuple[str, str, str]:
        """The behavior in the columns of the table."""
        first, *more = self.tests
        looking = self.looked_at_by
        by = ", ".join(dict.fromkeys(looking.values()))
        by += f", in {len(looking)} of them" if 0 < len(looking) < len(self.tests) else ""
        if not looking:
            by = f"{'not known' if self.unknown else 'no test'}: {first}"
            by += f" and {len(more)} more" if more else ""
        return f"{self.kind} {self.name}".strip(), plural(len(self.tests), "test"), by


def coverage_text(behaviors: Sequence[Behavior]) -> str:
    """How many behaviors no test looks at."""
    free = sum(behavior.is_free for behavior in behaviors)
    of = plural(len(behaviors), "recorded behavior")
    return f"{free} of {of} could be otherwise, and no test would fail"


def coverage_lines(behaviors: Sequence[Behavior]) -> Iterator[str]:
    """The table, for a terminal."""
    rows = [HEAD, *(behavior.row for behavior in behaviors)]
    widths = [max(len(row[n]) for row in rows) for n in (0, 1)]
    for name, tests, by in rows:
        yield f"{name:{widths[0]}}  {tests:{widths[1]}}  {by}"
    yield from ("", coverage_text(behaviors))
    if any(behavior.is_free for behavior in behaviors):
        yield "checks to paste: pytest-claude suggest"
