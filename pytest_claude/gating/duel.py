"""DUEL: a suspect's fresh trials on both models, decided look by look."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, NamedTuple

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.calibration import Calibration, calibrate, power
from pytest_claude.gating.duel_table import TABLE
from pytest_claude.gating.ledger import Key, Reading, TestTrials
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Counts, split_baseline, trouble
from pytest_claude.gating.statistics import fisher_worse
from pytest_claude.gating.status import Why
from pytest_claude.gating.walk import Walk, accept_bounds, walk

ROUNDED = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 65, 80, 100, 150, 200, 300, 400, 500,
)  # fmt: skip

DuelStatus = Literal["open", "regressed", "cleared", "ended", "stopped"]


@dataclass(frozen=True)
class DuelRule:
    """How the duels of a gate are decided.

    Attributes:
        suspects: Number of suspects it holds for, rounded up.
        base_n: Fresh trials of the baseline per suspect.
        looks: Numbers of fresh candidate trials at which a duel may stop.
        c: Fisher's p at or below which a suspect is regressed; 0 when none is small enough.
        delta: Drop that is to be seen.
        futility: Largest chance that a test that dropped by `delta` is cleared.
    """

    suspects: int
    base_n: int
    looks: tuple[int, ...]
    c: float
    delta: float
    futility: float

    def rejects(self, base_pass: int) -> tuple[int, ...]:
        """The fewest fails that make a test regressed, at each look.

        >>> duel_rule(Policy(), 1).rejects(20)
        (2, 3, 3, 3, 4, 4, 4, 5, 5)
        """
        return Calibration(self.base_n, self.looks, self.c, 0.0).rejects(base_pass)

    def accepts(self, base_pass: int) -> tuple[int, ...]:
        """The most fails that clear a test, at each look; -1 where none does."""
        return accept_bounds(self.looks, base_pass / self.base_n, self.delta, self.futility)

    def walk(self, base_pass: int, fail_rate: float) -> Walk:
        """What a duel does with a candidate of this fail rate."""
        return walk(self.looks, self.accepts(base_pass), self.rejects(base_pass), fail_rate)


@dataclass(frozen=True)
class Duel:
    """What the duel says of one suspect.

    Attributes:
        status: "open" while it needs trials; "ended" after the last look without an answer;
            "stopped" when no more trials can help.
        needs: The trials it needs next, all at once; empty unless open.
        base: Passed fresh trials of the baseline, and all.
        cand: Passed fresh trials of the candidate at the last look, and all.
        looks: Looks made so far, in fresh candidate trials.
        p: Fisher's one-sided p at the last look; None before the first.
        c: Fisher's p at or below which it is regressed.
        first_failure: Index of the first failing fresh candidate trial in its stream.
        next_look: Fresh candidate trials at the look that waits.
        why: Why it stopped or ended; None for the plain statuses.
        voids: Void trials passed over.
    """

    status: DuelStatus
    needs: tuple[Key, ...] = ()
    base: Counts = (0, 0)
    cand: Counts = (0, 0)
    looks: tuple[int, ...] = ()
    p: float | None = None
    c: float = 0.0
    first_failure: int | None = None
    next_look: int | None = None
    why: Why | None = None
    voids: int = 0


def rounded_up(suspects: int) -> int:
    """The number of suspects that a duel is calibrated for: at least so many.

    >>> rounded_up(7), rounded_up(501)
    (8, 501)
    """
    return next((size for size in ROUNDED if size >= suspects), suspects)


def duel_rule(policy: Policy, suspects: int, *, held_back: int | None = None) -> DuelRule:
    """The rule for so many suspects.

    Args:
        policy: The settings.
        suspects: How many there are, over the whole suite.
        held_back: Recorded trials of a retired baseline that take the place of fresh ones.
    """
    return _duel_rule(design(policy), policy.duel_futility, rounded_up(max(1, suspects)), held_back)


def duel_test(trials: TestTrials, policy: Policy, suspects: int) -> Duel:
    """What the duel of one suspect says, or needs next.

    Besides its own trials only the number of suspects matters, so workers can go on with their
    own tests once every screen has ended.
    """
    if policy.baseline == "retired":
        _, held = split_baseline(trials.base.trials, policy)
        if not held:
            return Duel("stopped", why=Why("one_baseline_trial"))
        rule = duel_rule(policy, suspects, held_back=len(held))
        passes = sum(trial.outcome == "pass" for trial in held)
        return _fought(trials, policy, rule, (passes, len(held)), suspects)
    rule = duel_rule(policy, suspects)
    if rule.c == 0:
        return _hopeless(rule, suspects)
    base = trials.read("base_fresh", rule.base_n)
    if (why := trouble(base)) is not None:
        return Duel("stopped", (), _counts(base), why=why)
    if not base.complete:
        return _opened(trials, policy, rule, base)
    return _fought(trials, policy, rule, _counts(base), suspects)


def _hopeless(rule: DuelRule, suspects: int) -> Duel:
    values = {"trials": rule.base_n, "suspects": suspects}
    return Duel("stopped", why=Why("cannot_confirm", values))


def _opened(trials: TestTrials, policy: Policy, rule: DuelRule, base: Reading) -> Duel:
    """The baseline's trials are asked for together with the candidate's up to the first look."""
    cand = trials.read("cand", policy.screen_looks[-1] + rule.looks[0])
    if (why := trouble(cand)) is not None:
        return Duel("stopped", (), _counts(base), why=why)
    needs = trials.keys("base_fresh", base.missing) + trials.keys("cand", cand.missing)
    fresh = cand.trials[policy.screen_looks[-1] : cand.ready]
    return Duel("open", needs, _counts(base), (_passes(fresh), len(fresh)),
                c=rule.c, next_look=rule.looks[0], voids=base.voids + cand.voids)  # fmt: skip


def _fought(
    trials: TestTrials, policy: Policy, rule: DuelRule, base: Counts, suspects: int
) -> Duel:
    if rule.c == 0:
        return _hopeless(rule, suspects)
    used = policy.screen_looks[-1]
    rejects, accepts = rule.rejects(base[0]), rule.accepts(base[0])
    state = Duel("ended", (), base, c=rule.c)
    for number, look in enumerate(rule.looks):
        reading = trials.read("cand", used + look)
        if (why := trouble(reading)) is not None:
            return replace(state, status="stopped", why=why)
        if not reading.complete:
            needs = trials.keys("cand", reading.missing)
            return replace(state, status="open", needs=needs, next_look=look, voids=reading.voids)
        fresh = reading.trials[used:]
        fails = [trial.index for trial in fresh if trial.outcome == "fail"]
        state = Duel(
            "ended", (), base, (look - len(fails), look), rule.looks[: number + 1],
            fisher_worse(base[0], base[1], look - len(fails), look), rule.c,
            fails[0] if fails else None, voids=reading.voids,
        )  # fmt: skip
        if len(fails) >= rejects[number]:
            return replace(state, status="regressed")
        if len(fails) <= accepts[number]:
            return replace(state, status="cleared")
    return replace(state, status="ended", why=Why("looks_ended", {"trials": rule.looks[-1]}))


def _passes(trials: tuple[Trial, ...]) -> int:
    return sum(trial.outcome == "pass" for trial in trials)


def _counts(reading: Reading) -> Counts:
    return reading.passes, len(reading.trials)


# --- which rule ---------------------------------------------------------------------------


class Design(NamedTuple):
    """What of a policy the size and the threshold of a duel depend on."""

    delta: float
    alpha: float
    power: float
    first_look: int
    look_step: int
    base_first: int
    base_step: int
    base_cap: int

    def looks(self, last: int) -> tuple[int, ...]:
        """The looks of a duel with `last` baseline trials."""
        return tuple(range(self.first_look, last + 1, self.look_step)) or (last,)


def design(policy: Policy) -> Design:
    """The part of a policy that a duel's size and threshold are computed from."""
    return Design(
        policy.delta, policy.duel_alpha, policy.duel_power,
        policy.duel_first_look, policy.duel_look_step,
        policy.duel_base_first, policy.duel_base_step, policy.duel_base_cap,
    )  # fmt: skip


def fit(wanted: Design, suspects: int) -> tuple[int, float]:
    """The smallest number of baseline trials with the wanted power, and its threshold.

    At the cap, what the cap gives.
    """
    numbers = range(wanted.base_first, wanted.base_cap + 1, wanted.base_step)
    for base_n in numbers:
        calibration = calibrate(base_n, wanted.looks(base_n), wanted.alpha / suspects)
        sees = power(calibration.rejects(base_n), calibration.looks, wanted.delta)
        if sees >= wanted.power or base_n == numbers[-1]:
            return base_n, calibration.c
    assert False, "because the first number of a policy is at most its cap"


@cache
def _duel_rule(wanted: Design, futility: float, suspects: int, held_back: int | None) -> DuelRule:
    base_n, c = _fitted(wanted, 1 if held_back is not None else suspects)
    looks = wanted.looks(base_n)
    if held_back is not None:
        base_n, c = held_back, calibrate(held_back, looks, wanted.alpha / suspects).c
    return DuelRule(suspects, base_n, looks, c, wanted.delta, futility)


def _fitted(wanted: Design, suspects: int) -> tuple[int, float]:
    known = TABLE.get(tuple(wanted), {}).get(suspects)
    return known if known is not None else fit(wanted, suspects)
