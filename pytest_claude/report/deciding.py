"""The verdict of a gated run, from its trials."""

from __future__ import annotations

from pytest_claude.gating import Decision, Ledger, Policy, conclude
from pytest_claude.gating.gateable import not_gateable
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.report.artifact import Run


def decided(
    run: Run, policy: Policy, because: str | None = None, names: ModelNames = NO_NAMES
) -> Decision:
    """What the gate says of a run, from the trials that are there.

    Args:
        run: Its pairs, results and collected tests; a collected test that has no result is
            undecided.
        policy: The gate's settings.
        because: What ended the run before its end, in words; None where nothing did.
        names: What the project's own names of models stand for.
    """
    olds = frozenset(names.canonical(pair.partition("=")[0]) for pair in run.pairs)
    left_out = {
        result.test: reason
        for result in run.results
        if (reason := result.not_gated or not_gateable(result.trials, olds)) is not None
    }
    ledger = Ledger(trial for result in run.results for trial in result.trials)
    return conclude(
        ledger,
        policy,
        list(run.collected),
        because=because,
        not_gated=left_out,
        accepted={r.test: r.accepted for r in run.results if r.accepted is not None},
        attempts=ledger.attempts(),
    )
