"""Data sets: how many cases of each passed in a plain run, and whether that is enough."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pytest_claude.gating.status import Overall
from pytest_claude.run.record import TestResult
from pytest_claude.settings import passes_needed


@dataclass(frozen=True)
class SetCount:
    """The cases of a data set that has a pass rate.

    Attributes:
        name: Node id of the test function.
        cases: How many cases the set has, also those that did not run.
        needed: How many of them must pass.
        passed: How many passed.
        failed: Node ids of those that failed. A case whose recording does not answer, or that was
            skipped, did neither.
    """

    name: str
    cases: int
    needed: int
    passed: int
    failed: tuple[str, ...]

    @property
    def verdict(self) -> Literal["passed", "failed", "undecided"]:
        """Whether enough passed; undecided where it depends on cases that did not run."""
        if self.passed >= self.needed:
            return "passed"
        return "failed" if self.cases - len(self.failed) < self.needed else "undecided"


def sets_verdict(results: Iterable[TestResult]) -> Overall | None:
    """Whether the sets with a pass rate pass; None where there is none.

    Its cases alone don't decide: one that is xfailed is not red, and has not passed.
    """
    verdicts = {count.verdict for count in set_counts(results)}
    if "failed" in verdicts:
        return "fail"
    return ("undecided" if "undecided" in verdicts else "pass") if verdicts else None


def set_counts(results: Iterable[TestResult]) -> list[SetCount]:
    """The sets with a pass rate of which a case ran, sorted by name."""
    by_set: dict[str, list[TestResult]] = {}
    for result in results:
        if result.set is not None and result.set.pass_rate is not None:
            by_set.setdefault(result.set.name, []).append(result)
    return [_count(name, of) for name, of in sorted(by_set.items())]


def forgiven(results: Iterable[TestResult]) -> dict[str, SetCount]:
    """The tests that failed and are cases of a set that passes, each with its set."""
    passing = (count for count in set_counts(results) if count.verdict == "passed")
    return {test: count for count in passing for test in count.failed}


def may_be_forgiven(result: TestResult) -> bool:
    """Whether a test failed, and the pass rate of its set may allow that.

    As with the trials of one test, no rate forgives a trial that could not be run.
    """
    within = result.set is not None and result.set.pass_rate is not None
    ran = {trial.outcome for trial in result.trials} <= {"pass", "fail"}
    return within and ran and bool(result.trials) and not result.passed


def _count(name: str, results: list[TestResult]) -> SetCount:
    sets = [result.set for result in results if result.set is not None]
    cases = max(len(results), *(of.cases for of in sets))
    rate = max(of.pass_rate or 0 for of in sets)
    failed = tuple(sorted(result.test for result in results if may_be_forgiven(result)))
    passed = sum(bool(result.trials) and result.passed for result in results)
    return SetCount(name, cases, passes_needed(cases, rate), passed, failed)
