"""The verdict of a gated run, from its trials."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import (
    Decision,
    Key,
    Ledger,
    Need,
    Policy,
    TestVerdict,
    conclude,
    count_contenders,
    plan,
)
from pytest_claude.gating.status import Why
from pytest_claude.run.editions import Past
from pytest_claude.run.record import Run


def decided(
    run: Run,
    policy: Policy,
    because: str | None = None,
    *,
    pasts: Mapping[str, Past] | None = None,
    least_suspects: int = 0,
) -> Decision:
    """The gate's decision on a run, from the trials that are there.

    Args:
        run: Its comparison, results and collected tests; a collected test that has no result is
            undecided.
        policy: The gate's settings.
        because: What ended the run before its end, in words; None where nothing did.
        pasts: What was judged of tests before their app was edited, by node id.
        least_suspects: For how many suspects the duels are calibrated at least.
    """
    decision = conclude(policy=policy, because=because, least_suspects=least_suspects, **_of(run))
    if decision.overall == "pass" and changes_nothing(run):
        decision = replace(decision, overall="undecided", cut=_NO_CHANGE)
    lost, pasts = run.lost, pasts or {}
    if not lost and not any(past != Past() for past in pasts.values()):
        return decision
    tests = (_completed(v, v.test in lost, pasts.get(v.test, Past())) for v in decision.tests)
    return replace(decision, tests=tuple(tests))


_NO_CHANGE = "its variables changed no request of any test; is a name misspelt?"


def changes_nothing(run: Run) -> bool:
    """Whether a candidate with variables set asks what the app asks without them.

    Nothing was asked of it then: its trials are the baseline's again.
    """
    if run.comparison is None or run.comparison.kind != "environment":
        return False
    asked: dict[bool, set[tuple[str, ...]]] = {True: set(), False: set()}
    for trial in (trial for result in run.results for trial in result.trials):
        marks = ((trial.test, mark, *trial.models) for mark in trial.edition)
        asked[trial.stream == "cand"].update(marks)
    return bool(asked[True]) and asked[True] <= asked[False]


def needed(run: Run, policy: Policy, least_suspects: int) -> tuple[Key, ...]:
    """The trials that the gate of a run needs next, its streams mixed; the arguments as above."""
    need = plan(policy=policy, least_suspects=least_suspects, **_of(run))
    return need.interleaved if isinstance(need, Need) else ()


def contenders(run: Run, policy: Policy) -> int:
    """How many tests of a run are suspects, or may become some."""
    return count_contenders(policy=policy, **_of(run))


def _of(run: Run) -> dict[str, Any]:
    """What a gate takes of a run."""
    olds = run.comparison.olds if run.comparison is not None else ()
    ledger = Ledger(trial for result in run.results for trial in result.trials)
    reasons = {r.test: r.not_run or left_out(r.trials, olds) for r in run.results}
    return {
        "ledger": ledger,
        "tests": list(run.collected),
        "not_run": {test: why for test, why in reasons.items() if why is not None},
        "accepted": {r.test: r.accepted for r in run.results if r.accepted is not None},
        "attempts": ledger.attempts(),
        "sets": {r.test: r.set.name for r in run.results if r.set is not None},
    }


def _completed(verdict: TestVerdict, is_lost: bool, past: Past) -> TestVerdict:
    if is_lost:
        verdict = replace(verdict, reason="not_arrived", values={})
    return replace(verdict, editions=1 + past.editions, asked=1 + past.verdicts)


def left_out(trials: Sequence[Trial], olds: Collection[str]) -> Why | None:
    """Why the trials of a test can't be gated; None where they can.

    A test is gated on its outcome where its baseline's trials ask one of the models under
    comparison, whatever states that outcome. What could not be run is no reason to leave a test
    out.

    Args:
        trials: Those of one test so far.
        olds: Canonical ids of the baseline's models; empty where the whole app is compared with
            an earlier version of itself.
    """
    if any(trial.outcome == "abort" for trial in trials):
        return None
    base = [trial for trial in trials if trial.stream == "base" and trial.outcome != "void"]
    if base and all(trial.outcome == "skip" for trial in base):
        return Why("skipped", {"why": base[0].cause})
    if not base:
        return None
    models = sorted({model for trial in base for model in trial.models})
    if not models:
        return Why("no_model_call")
    if olds and not set(olds).intersection(models):
        return Why("asks_no_old", {"models": ", ".join(models)})
    return None
