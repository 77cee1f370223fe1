"""Data sets as every report shows them: how many cases passed, of each set and of each tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_claude.gating.decision import Decision, SuiteStatus
from pytest_claude.report.numbers import plural, probability
from pytest_claude.run.sets import SetCount, set_counts

if TYPE_CHECKING:
    from pytest_claude.report.row import Row


@dataclass(frozen=True)
class SetRates:
    """The cases of a data set, or those of them with a tag.

    Attributes:
        tag: The tag; "" for the whole set.
        cases: How many of them are in the run: `40`, or `12 of 40` of a set that ran in part.
        passed: Cases that passed, and all, in a plain run; in a gate the trials of both sides, as
            with a test: `38/40`, `40/40 → 151/160`.
    """

    tag: str
    cases: str
    passed: str


@dataclass(frozen=True)
class SetTold:
    """One data set of a run.

    Attributes:
        name: Node id of the test function.
        text: What its cases came to together; "" where nothing is said of them together.
        rates: Of the whole set, then of each tag.
    """

    name: str
    text: str
    rates: tuple[SetRates, ...]


def sets_of(rows: Sequence[Row], decision: Decision | None) -> tuple[SetTold, ...]:
    """The data sets of a run, by name; in a gate the one with the lowest p first.

    Args:
        rows: Its tests.
        decision: What the gate says; None in a plain run.
    """
    by_set: dict[str, list[Row]] = {}
    for row in rows:
        if row.result.set is not None:
            by_set.setdefault(row.result.set.name, []).append(row)
    texts = _gated(decision) if decision is not None else {
        count.name: set_text(count) for count in set_counts(row.result for row in rows)
    }  # fmt: skip
    p = {} if decision is None else {of.name: of.p for of in decision.sets if of.p is not None}
    return tuple(
        SetTold(name, texts.get(name, ""), _rates(of, gated=decision is not None))
        for name, of in sorted(by_set.items(), key=lambda pair: (p.get(pair[0], 1.0), pair[0]))
    )


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


_STATUSES: Mapping[SuiteStatus, str] = {
    "silent": "",
    "confirmed": "passes less often: ",
    "could_be_drift": "passes less often: ",
    "stale_baseline": "today's baseline is worse too: ",
    "unconfirmed": "undecided: ",
}


def _gated(decision: Decision) -> dict[str, str]:
    texts = {}
    for of in decision.sets:
        if of.p is not None:
            level = decision.policy.set_level(len(decision.sets))
            sign = "<=" if of.p <= level else ">"
            texts[of.name] = f"{_STATUSES[of.status]}p {probability(of.p)} {sign} {level:.2g}"
    return texts


def _rates(rows: Sequence[Row], *, gated: bool) -> tuple[SetRates, ...]:
    by_tag: dict[str, list[Row]] = {}
    for row in rows:
        for tag in row.result.set.tags if row.result.set is not None else ():
            by_tag.setdefault(tag, []).append(row)
    passed = _trials if gated else _cases
    sets = (row.result.set for row in rows)
    every = max(len(rows), *(of.cases for of in sets if of is not None))
    cases = f"{len(rows)} of {every}" if len(rows) < every else f"{every}"
    tags = (SetRates(tag, f"{len(of)}", passed(of)) for tag, of in sorted(by_tag.items()))
    return (SetRates("", cases, passed(rows)), *tags)


def _cases(rows: Sequence[Row]) -> str:
    return f"{sum(row.result.passed for row in rows)}/{len(rows)}"


def _trials(rows: Sequence[Row]) -> str:
    sides = ([row.sides[n].passed for row in rows if n < len(row.sides)] for n in (0, 1))
    sums = (tuple(map(sum, zip(*side, strict=True))) for side in sides if side)
    return " → ".join("{}/{}".format(*each) for each in sums)
