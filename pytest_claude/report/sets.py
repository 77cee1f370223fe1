"""Data sets in words."""

from __future__ import annotations

from pytest_claude.report.numbers import plural
from pytest_claude.run.sets import SetCount


def set_text(count: SetCount) -> str:
    """What the cases of a set came to, and how many must pass.

    >>> set_text(SetCount("t.py::t", 40, 38, 37, ("t.py::t[a]",)))
    'undecided: 38 of 40 cases ran, 37 passed, 38 needed'
    >>> set_text(SetCount("t.py::t", 40, 38, 39, ("t.py::t[a]",)))
    '39 of 40 cases passed, 38 needed'
    """
    cases, ran = plural(count.cases, "case"), count.passed + len(count.failed)
    if count.verdict == "undecided":
        return f"undecided: {ran} of {cases} ran, {count.passed} passed, {count.needed} needed"
    return f"{count.passed} of {cases} passed, {count.needed} needed"
