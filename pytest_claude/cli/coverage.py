"""`pytest-claude coverage`: which recorded behavior no test would miss."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from pytest_claude.cli.probed import probed
from pytest_claude.report.numbers import plural


@dataclass
class Behavior:
    """One behavior that recordings show.

    Attributes:
        kind: What it is: a tool, a field.
        name: Which one.
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


def run(options: argparse.Namespace) -> int:
    """Print what each recorded behavior is looked at by."""
    status, found = probed(options)
    if status:
        return status
    behaviors = _behaviors(found)
    not_read = {each["test"]: each["not_read"] for each in found if each["not_read"]}
    if options.json:
        listed = [asdict(behavior) for behavior in behaviors]
        print(json.dumps({"behaviors": listed, "not_read": not_read}, indent=1, ensure_ascii=False))
    else:
        print("\n".join(_lines(behaviors)))
    for test, why in not_read.items():
        print(f"not read: {test}: {why}", file=sys.stderr)
    return 0


def _behaviors(found: Iterable[dict[str, Any]]) -> list[Behavior]:
    by_name: dict[tuple[str, str], Behavior] = {}
    for each in found:
        for shown in each["shown"]:
            key = shown["kind"], shown["name"]
            behavior = by_name.setdefault(key, Behavior(*key))
            behavior.tests.append(each["test"])
            if shown["noticed"]:
                behavior.looked_at_by[each["test"]] = shown["by"]
            elif shown["noticed"] is None:
                behavior.unknown.append(each["test"])
    return sorted(by_name.values(), key=lambda behavior: behavior.order)


def _lines(behaviors: list[Behavior]) -> Iterator[str]:
    rows = [("behavior", "shown by", "looked at by"), *map(_row, behaviors)]
    widths = [max(len(row[n]) for row in rows) for n in (0, 1)]
    for name, tests, by in rows:
        yield f"{name:{widths[0]}}  {tests:{widths[1]}}  {by}"
    free = sum(behavior.is_free for behavior in behaviors)
    of = plural(len(behaviors), "recorded behavior")
    yield from ("", f"{free} of {of} could be otherwise, and no test would fail")
    if free:
        yield "checks to paste: pytest-claude suggest"


def _row(behavior: Behavior) -> tuple[str, str, str]:
    first, *more = behavior.tests
    looking = behavior.looked_at_by
    by = ", ".join(dict.fromkeys(looking.values()))
    by += f", in {len(looking)} of them" if 0 < len(looking) < len(behavior.tests) else ""
    if not looking:
        by = f"{'not known' if behavior.unknown else 'no test'}: {first}"
        by += f" and {len(more)} more" if more else ""
    return f"{behavior.kind} {behavior.name}".strip(), plural(len(behavior.tests), "test"), by
