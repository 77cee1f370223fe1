"""The editions of an app that a gate has judged, test by test.

The edition of a test is what its app asks: an edited prompt makes another, in the first request or
a later one. A verdict reads the trials of the newest one; what repeats with each is the chance to
miss a drop (docs/gate.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.status import Status

Place = tuple[str, int]
"""The side, "base" or "cand", and how many requests from the first on; "" and 0 of an old mark."""
Marks = frozenset[tuple[Place, str]]
"""Fingerprints of what the trials of one edition ask up to a place. There are several of one place
where the app asks at once, or by what the model said."""


@dataclass(frozen=True)
class Edition:
    """What a gate saw of an edition of a test that the app has left.

    Attributes:
        marks: Of its trials.
        trials: Trials of the candidate that were read.
        passes: Those of them that passed.
        verdict: What the gate said of it; None where it was stopped before its verdict.
    """

    marks: Marks
    trials: int
    passes: int
    verdict: Status | None = None

    def to_json(self) -> dict[str, Any]:
        """The edition as plain JSON types."""
        return {
            "marks": [[*place, mark] for place, mark in sorted(self.marks)],
            "trials": self.trials,
            "passes": self.passes,
            "verdict": self.verdict,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Edition:
        """The edition that `to_json` wrote.

        The marks of earlier versions were made in another way: they equal none of today's.
        """
        marks: list[Any] = [
            ["", 0, mark] if isinstance(mark, str) else mark for mark in data["marks"]
        ]
        read = frozenset(((side, depth), mark) for side, depth, mark in marks)
        return cls(read, data["trials"], data["passes"], data["verdict"])


def marks_of(trials: Iterable[Trial]) -> Marks:
    """The marks of a test's trials; there is none of a place at which no two ask the same.

    An app whose first call differs from run to run has no marks, and what it asks later may depend
    on what the model said.
    """
    found: dict[Place, list[str]] = {}
    for trial in trials:
        side = "cand" if trial.stream == "cand" else "base"
        for depth, mark in enumerate(trial.edition, start=1):
            found.setdefault((side, depth), []).append(mark)
    return frozenset(
        (place, mark)
        for place, marks in found.items()
        if len(marks) == 1 or len(set(marks)) < len(marks)
        for mark in marks
    )


def is_same(one: Marks, other: Marks) -> bool:
    """Whether two editions are one: they ask the same as far as both go, on both sides.

    So are two without marks.
    """
    ours, others = _places(one), _places(other)
    places = ours.keys() & others.keys()
    return all(ours[p] & others[p] for p in places) and (bool(places) or one == other)


def _places(marks: Marks) -> dict[Place, set[str]]:
    found: dict[Place, set[str]] = {}
    for place, mark in marks:
        found.setdefault(place, set()).add(mark)
    return found


@dataclass(frozen=True)
class Past:
    """The editions of a test that were judged before its present one.

    Attributes:
        editions: How many other editions were judged. One counts of which a trial of the candidate
            was read, also where it was stopped before its verdict.
        verdicts: How many verdicts the present edition had before the app left it.
    """

    editions: int = 0
    verdicts: int = 0

    @classmethod
    def of(cls, history: Sequence[Edition], today: Marks) -> Past:
        """The past of the edition with the marks `today`."""
        others: list[Marks] = []
        for edition in history:
            known = [today, *others]
            is_new = edition.marks and not any(is_same(edition.marks, marks) for marks in known)
            if edition.trials and is_new:
                others.append(edition.marks)
        again = (e for e in history if e.verdict is not None and is_same(e.marks, today))
        return cls(len(others), sum(1 for _ in again))
