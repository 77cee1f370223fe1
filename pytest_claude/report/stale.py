"""What made recordings stale: one edit is one cause, in however many tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_claude.report.numbers import plural
from pytest_claude.run.record import Stale, TestResult

RECORD = "pytest --claude-record"
"""The command that records what no recording answers, and nothing else."""


@dataclass(frozen=True)
class StaleGroup:
    """The tests that one cause made stale.

    Attributes:
        cause: What happened, in words.
        edits: The changed spans, before and after, each once; empty where no recording is near.
        tests: Their node ids.
        calls: About how many calls it takes to record them: as many as their recordings have.
    """

    cause: str
    edits: tuple[str, ...]
    tests: tuple[str, ...]
    calls: int

    @property
    def to_record(self) -> str:
        """`about 3 calls to record`."""
        return f"about {plural(self.calls, 'call')} to record"


def stale_groups(results: Iterable[TestResult]) -> tuple[StaleGroup, ...]:
    """The causes for which recordings answer no more, those of the most tests first.

    Args:
        results: Of the tests of a run.
    """
    groups: dict[str, list[tuple[TestResult, Stale]]] = {}
    for result in results:
        if result.stale is not None:
            groups.setdefault(result.stale.cause, []).append((result, result.stale))
    of = [
        StaleGroup(
            cause,
            tuple(dict.fromkeys(stale.edit for _, stale in group if stale.edit is not None)),
            tuple(result.test for result, _ in group),
            sum(stale.calls * _unrecorded(result) for result, stale in group),
        )
        for cause, group in groups.items()
    ]
    return tuple(sorted(of, key=lambda group: -len(group.tests)))


def _unrecorded(result: TestResult) -> int:
    """Trials from the first that is stale to the last that was planned."""
    before = sum(trial.stream == "base" for trial in result.trials) - 1
    return max(1, result.planned - max(0, before))
