"""What a gated run came to: its trials, and what an earlier run brings in, → the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_claude.gating import Ledger, Policy, conclude
from pytest_claude.gating.gateable import not_gateable
from pytest_claude.models.ids import canonical_model, shown_pair
from pytest_claude.plugin.earlier import Earlier
from pytest_claude.report.artifact import Run, TestResult
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
    left_out = {
        test: reason
        for test, result in results.items()
        if (reason := _not_gated(result, settings)) is not None
    }
    ledger = Ledger(trial for result in results.values() for trial in result.trials)
    decision = conclude(
        ledger,
        policy_of(settings, earlier),
        list(tests),
        because=because,
        not_gated=left_out,
        accepted={r.test: r.accepted for r in results.values() if r.accepted is not None},
        attempts=ledger.attempts(),
    )
    return Run(
        title=title(settings),
        pairs=tuple(shown_pair(pair.old, pair.new) for pair in settings.bump),
        decision=decision,
        collected=tuple(sorted(tests)),
        results=tuple(result for _, result in sorted(results.items())),
    )


def title(settings: RunSettings) -> str:
    """What is compared: `OLD → NEW`."""
    if settings.baseline is not None:
        return f"{settings.baseline} → this run"
    pairs = (shown_pair(pair.old, pair.new) for pair in settings.bump)
    return ", ".join(pair.replace("=", " → ", 1) for pair in pairs)


def ledger_of(run: Run) -> Ledger:
    """The trials of a gate, without what a replay derives again."""
    return Ledger(
        replace(trial, profile=None, checks=(), rewrites=())
        for result in run.results
        for trial in result.trials
    )


def _not_gated(result: TestResult, settings: RunSettings) -> str | None:
    olds = frozenset(canonical_model(swap.old) for swap in settings.bump)
    return result.not_gated or not_gateable(result.trials, olds)
