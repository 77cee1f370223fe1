"""Why a test can't be gated. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_claude.comparison.trial import Trial


def not_gateable(trials: Sequence[Trial], olds: Collection[str]) -> str | None:
    """Why the trials of a test can't be gated, in words; None where they can.

    A test is gated by what its baseline's trials show: they ask one of the models under
    comparison, and the test states something of the model. What could not be run is no reason
    to leave a test out.

    Args:
        trials: Those of one test so far.
        olds: Canonical ids of the baseline's models; empty where the whole app is compared with
            an earlier version of itself.
    """
    if any(trial.outcome == "abort" for trial in trials):
        return None
    if any(trial.outcome == "skip" for trial in trials):
        return "skipped"
    base = [trial for trial in trials if trial.stream == "base" and trial.outcome != "void"]
    if not base:
        return None
    seen = sorted({model for trial in base for model in trial.models})
    if not seen:
        return "no model call: not gateable"
    if olds and not set(olds).intersection(seen):
        return f"asks {', '.join(seen)}"
    if not any(trial.checks for trial in trials):
        return "no claude check"
    return None
