"""SCREEN: a few candidate trials against the recorded baseline clear a test, or make a suspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.evidence import refused_alike, why_void
from pytest_claude.gating.ledger import Key, Reading, TestTrials, asks_nothing
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.status import Reason, Why
from pytest_claude.gating.walk import accept_bounds

_MOST_HELD_BACK = 200

ScreenStatus = Literal[
    "open", "cleared", "suspect", "refused", "already failing", "stopped", "left out"
]
Counts = tuple[int, int]


@dataclass(frozen=True)
class Screen:
    """What the screen says of one test, from its own trials alone.

    Attributes:
        status: "open" while it needs trials; "stopped" when no more can help, "refused"
            when the API refused the candidate's first trials alike.
        needs: The trials it needs next, all at once; empty unless open.
        base: Passed trials of the baseline that the screen reads, and all.
        cand: Passed trials of the candidate at the last look, and all.
        looks: Looks made so far.
        why: Why it stopped, is left out, or is already failing; None for the plain statuses.
        voids: Void trials passed over.
    """

    status: ScreenStatus
    needs: tuple[Key, ...] = ()
    base: Counts = (0, 0)
    cand: Counts = (0, 0)
    looks: tuple[int, ...] = ()
    why: Why | None = None
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
        return Screen("stopped", why=Why("no_baseline"))
    if first.complete and all(map(asks_nothing, [*base, *first.trials])):
        return Screen("left out", (), (passes, of), _counts(first), why=Why("no_model_call"))
    if passes / of <= policy.failing_rate:
        return _already_failing(trials, policy, first, (passes, of))
    refused = refused_alike(first.trials[: first.ready])
    if refused and not any(trial.refused for trial in base):
        counts, looks = (0, len(refused)), (len(refused),)
        return Screen("refused", (), (passes, of), counts, looks, Why("refused"), first.voids)
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


def trouble(reading: Reading) -> Why | None:
    """Why no more trials of a stream can help, or None."""
    if reading.stop is not None:
        stop = reading.stop
        if stop.void == "unreadable":
            return Why("unreadable", {"why": stop.cause, "file": stop.cassette})
        reason: Reason = "skipped" if stop.outcome == "skip" else "aborted"
        return Why(reason, {"why": stop.cause})
    if reading.spoiled == "voids":
        return why_void(reading.void, len(reading.trials) + reading.voids)
    if reading.spoiled == "copies":
        of = len(reading.trials) + reading.copies
        return Why("copies", {"copies": reading.copies, "of": of})
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
        why=Why("already_failing"), voids=first.voids,
    )  # fmt: skip


def _without_baseline(trials: TestTrials, policy: Policy, first: Reading) -> Screen:
    """The baseline's trials are asked for together with the candidate's first."""
    reading = trials.read("base", policy.baseline_trials)
    for read in (reading, first):
        if trouble(read) is not None:
            return _troubled(read, _counts(reading))
    needs = trials.keys("base", reading.missing) + trials.keys("cand", first.missing)
    return Screen(
        "open", needs, _counts(reading), _counts(first), why=Why("no_baseline"),
        voids=reading.voids + first.voids,
    )  # fmt: skip


def _troubled(reading: Reading, base: Counts) -> Screen:
    why, stop = trouble(reading), reading.stop
    if stop is not None and stop.outcome == "skip" and stop.stream == "base":
        return Screen("left out", (), base, why=why)
    cand = _counts(reading) if base != (0, 0) else (0, 0)
    return Screen("stopped", (), base, cand, (), why, reading.voids)


def _counts(reading: Reading) -> Counts:
    return reading.passes, len(reading.trials)
