"""What a gated run came to: its trials, and what an earlier run brings in, → the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_claude.gating import Ledger, Policy
from pytest_claude.plugin.earlier import Earlier
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.decide import decided
from pytest_claude.run.record import Run, TestResult
from pytest_claude.settings import RunSettings


def policy_of(settings: RunSettings, earlier: Earlier) -> Policy:
    """What the gate must be able to see, from the settings and from what is recorded."""
    return Policy.named(
        settings.gate,
        attempt=settings.attempt,
        offline=not settings.recording,
        baseline="retired" if earlier.retired else "callable",
        max_cost_ratio=settings.max_cost_ratio,
    )


def judged(
    settings: RunSettings,
    earlier: Earlier,
    results: Mapping[str, TestResult],
    collected: Sequence[str],
    because: str | None,
) -> Run:
    """The run with its verdict.

    Args:
        settings: Of the run.
        earlier: What an earlier run brings in.
        results: Of the tests that arrived, by node id.
        collected: Node ids of all claude tests that were to run; one that did not arrive is
            undecided.
        because: What ended the run before its end, in words; None where nothing did.
    """
    if settings.go_on is not None:
        results = {**earlier.results, **results}
    tests = dict.fromkeys([*collected, *earlier.collected, *results])
    comparison = Comparison.of(settings)
    run = Run(
        comparison=None if comparison is None else comparison.published,
        collected=tuple(sorted(tests)),
        results=tuple(result for _, result in sorted(results.items())),
    )
    return replace(run, decision=decided(run, policy_of(settings, earlier), because))


def ledger_of(run: Run) -> Ledger:
    """The trials of a gate, without what a replay derives again."""
    return Ledger(
        replace(trial, profile=None, checks=(), rewrites=())
        for result in run.results
        for trial in result.trials
    )
