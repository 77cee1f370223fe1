"""SCREEN: a few candidate trials against the recorded baseline clear a test, or make a suspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.ledger import Key, Reading, TestTrials, asks_nothing
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.walk import accept_bounds

Reason = Literal[
    "already_failing",
    "aborted",
    "skipped",
    "errors",
    "copies",
    "missing",
    "no_baseline",
    "no_model_call",
    "cannot_confirm",
    "looks_ended",
    "voids_decide",
    "not_gated",
]
"""Why a verdict is what it is; None for the plain ones."""

_MOST_HELD_BACK = 200

ScreenStatus = Literal["open", "cleared", "suspect", "already failing", "stopped", "not gated"]
Counts = tuple[int, int]


@dataclass(frozen=True)
class Screen:
    """What the screen says of one test, from its own trials alone.

    Attributes:
        status: "open" while it needs trials; "stopped" when no more can help.
        needs: The trials it needs next, all at once; empty unless open.
        base: Passed trials of the baseline that the screen reads, and all.
        cand: Passed trials of the candidate at the last look, and all.
        looks: Looks made so far.
        reason: Why it stopped, or is not gated.
        detail: The reason in words.
        voids: Void trials passed over.
    """

    status: ScreenStatus
    needs: tuple[Key, ...] = ()
    base: Counts = (0, 0)
    cand: Counts = (0, 0)
    looks: tuple[int, ...] = ()
    reason: Reason | None = None
    detail: str | None = None
    voids: int = 0


def screen_test(trials: TestTrials, policy: Policy) -> Screen:
    """What the screen of one test says, or needs next.

    No other test's trials matter, so every worker can ask this for its own tests.
    """
    recorded = trials.base
    base, _ = split_baseline(recorded.trials, policy)
    passes, of = sum(trial.outcome == "pass" for trial in base), len(base)
    first = trials.read("cand", policy.first_look)
    if recorded.stop is not None and not base:
        return _troubled(recorded, (passes, of))
    if recorded.stop is not None and recorded.stop.outcome == "abort":
        return _troubled(recorded, (passes, of))
    if of < policy.baseline_trials and policy.baseline == "callable":
        return _without_baseline(trials, policy, first)
    if not of:
        return Screen(
            "stopped", reason="no_baseline", detail="no trial of the baseline is recorded"
        )
    if first.complete and all(map(asks_nothing, [*base, *first.trials])):
        return Screen("not gated", (), (passes, of), _counts(first), reason="no_model_call",
                      detail="no model call")  # fmt: skip
    if passes / of <= policy.failing_rate:
        return _already_failing(trials, policy, first, (passes, of))
    return _looked(trials, policy, (passes, of))


def split_baseline(
    recorded: tuple[Trial, ...], policy: Policy
) -> tuple[tuple[Trial, ...], tuple[Trial, ...]]:
    """The recorded trials for the screen, and those held back for the duel.

    Only of a retired baseline some are held back: the first fifth goes to the screen, whatever
    their outcomes are. More than 200 for the duel would show no smaller drop, and take long.
    """
    if policy.baseline == "callable":
        return recorded, ()
    first = max(1, len(recorded) // 5)
    return recorded[:first], recorded[first : first + _MOST_HELD_BACK]


def held_back_of(recorded: int) -> int:
    """How many of so many recorded trials of a retired baseline a duel has.

    >>> held_back_of(25), held_back_of(1), held_back_of(0)
    (20, 0, 0)
    """
    return min(max(0, recorded - max(1, recorded // 5)), _MOST_HELD_BACK)


def trouble(reading: Reading) -> tuple[Reason, str] | None:
    """Why no more trials of a stream can help, or None."""
    if reading.stop is not None:
        why = reading.stop.cause
        if reading.stop.outcome == "skip":
            return "skipped", f"skipped{f': {why}' if why else ''}"
        return "aborted", why or "a trial could not be run"
    if reading.spoiled == "voids":
        of = len(reading.trials) + reading.voids
        if reading.unsent is not None:
            return "errors", f"{reading.voids} of {of} trials were {reading.unsent}"
        return "errors", f"{reading.voids} of {of} trials ended in errors of the service"
    if reading.spoiled == "copies":
        of = len(reading.trials) + reading.copies
        return "copies", f"{reading.copies} of {of} trials repeat a paid answer"
    return None


def _looked(trials: TestTrials, policy: Policy, base: Counts) -> Screen:
    passes, of = base
    bounds = accept_bounds(policy.screen_looks, passes / of, policy.delta, policy.screen_miss)
    looks: tuple[int, ...] = ()
    reading = trials.read("cand", policy.screen_looks[0])
    for look, most in zip(policy.screen_looks, bounds, strict=True):
        reading = trials.read("cand", look)
        if trouble(reading) is not None:
            return _troubled(reading, base)
        if not reading.complete:
            needs = trials.keys("cand", reading.missing)
            return Screen("open", needs, base, _counts(reading), looks, voids=reading.voids)
        looks += (look,)
        if reading.fails <= most:
            return Screen("cleared", (), base, _counts(reading), looks, voids=reading.voids)
    return Screen("suspect", (), base, _counts(reading), looks, voids=reading.voids)


def _already_failing(trials: TestTrials, policy: Policy, first: Reading, base: Counts) -> Screen:
    if trouble(first) is not None:
        return _troubled(first, base)
    needs = trials.keys("cand", first.missing)
    looks = () if needs else (policy.first_look,)
    return Screen(
        "open" if needs else "already failing", needs, base, _counts(first), looks,
        reason="already_failing", detail="already failing: not gateable", voids=first.voids,
    )  # fmt: skip


def _without_baseline(trials: TestTrials, policy: Policy, first: Reading) -> Screen:
    """The baseline's trials are asked for together with the candidate's first."""
    reading = trials.read("base", policy.baseline_trials)
    for read in (reading, first):
        if trouble(read) is not None:
            return _troubled(read, _counts(reading))
    needs = trials.keys("base", reading.missing) + trials.keys("cand", first.missing)
    return Screen(
        "open", needs, _counts(reading), _counts(first), reason="no_baseline",
        detail="no trial of the baseline is recorded", voids=reading.voids + first.voids,
    )  # fmt: skip


def _troubled(reading: Reading, base: Counts) -> Screen:
    found = trouble(reading)
    assert found is not None, "the caller looked"
    reason, detail = found
    skipped = reading.stop is not None and reading.stop.outcome == "skip"
    if skipped and reading.stop is not None and reading.stop.stream == "base":
        return Screen("not gated", (), base, reason=reason, detail=detail)
    cand = _counts(reading) if base != (0, 0) else (0, 0)
    return Screen("stopped", (), base, cand, (), reason, detail, reading.voids)


def _counts(reading: Reading) -> Counts:
    return reading.passes, len(reading.trials)
