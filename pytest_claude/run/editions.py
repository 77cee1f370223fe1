"""The editions of an app that a gate has judged, test by test.

The edition of a test is what its trials ask first: an edited prompt makes another. A verdict reads
the trials of the newest one; what repeats with each is the chance to miss a drop (docs/gate.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.status import Status

Marks = frozenset[str]
"""Fingerprints of what the trials of one edition ask first: several where the app asks at once."""


@dataclass(frozen=True)
class Edition:
    """What a gate saw of an edition of a test that the app has left.

    Attributes:
        marks: Of its trials.
        trials: Trials of the candidate that were read.
        passes: Those of them that passed.
        verdict: What the gate said of it; None where it was stopped before its verdict.
        later: Whether the edit was in a later request, and the first is as it was.
    """

    marks: Marks
    trials: int
    passes: int
    verdict: Status | None = None
    later: bool = False

    def to_json(self) -> dict[str, Any]:
        """The edition as plain JSON types."""
        return {
            "marks": sorted(self.marks),
            "trials": self.trials,
            "passes": self.passes,
            "verdict": self.verdict,
            "later": self.later,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Edition:
        """The edition that `to_json` wrote."""
        return cls(**{**data, "marks": frozenset(data["marks"])})


def marks_of(trials: Iterable[Trial]) -> Marks:
    """The marks of a test's trials; empty where they have no edition that stays.

    An app whose first call differs from run to run has as many marks as trials.
    """
    marks = [trial.edition for trial in trials if trial.edition]
    return frozenset() if len(marks) == len(set(marks)) > 1 else frozenset(marks)


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
            is_new = edition.later or all(edition.marks.isdisjoint(marks) for marks in known)
            if edition.trials and is_new:
                others.append(edition.marks)
        again = (e for e in history if e.verdict is not None and not e.later and e.marks & today)
        return cls(len(others), sum(1 for _ in again))
