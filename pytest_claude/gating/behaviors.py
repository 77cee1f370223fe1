"""How often the models behave in a certain way, over the suite: what moved, and by chance?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.ledger import TestTrials
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.statistics import (
    Stratum,
    holm,
    stratified_better,
    stratified_worse,
)

_FAMILY_ALPHA = 0.05
_ASKS = "asks"
_UNREAD = "asks?"  # unsure: such a trial has no say in how often a model asks


@dataclass(frozen=True)
class BehaviorRate:
    """How often a behavior was seen over the suite.

    Attributes:
        behavior: What the model does: "asks", "refuses", "answers with JSON", "calls `x`",
            "stops with `x`".
        baseline: Trials of the baseline that show it, and all.
        candidate: Trials of the candidate that show it, and all.
        p: Exact two-sided p, each test for itself: twice the smaller tail.
        adjusted: The p adjusted for the number of behaviors (Holm).
        changed: Whether it is at most .05. Reported, never gated.
    """

    behavior: str
    baseline: tuple[int, int]
    candidate: tuple[int, int]
    p: float
    adjusted: float
    changed: bool


def behavior_rates(tests: Iterable[TestTrials], policy: Policy) -> tuple[BehaviorRate, ...]:
    """The rates of all behaviors that were seen, on the data of the suite channel."""
    pairs = [
        (_shown(of.base.trials), _shown(of.read("cand", policy.first_look).trials)) for of in tests
    ]
    pairs = [(base, cand) for base, cand in pairs if base and cand]
    names = sorted({name for pair in pairs for side in pair for shown in side for name in shown})
    names = [name for name in names if name != _UNREAD]
    strata = {name: [_stratum(name, base, cand) for base, cand in pairs] for name in names}
    ps = [_two_sided(strata[name]) for name in names]
    return tuple(
        BehaviorRate(
            name,
            _seen((s.base_n - s.base_pass, s.base_n) for s in strata[name]),
            _seen((s.cand_n - s.cand_pass, s.cand_n) for s in strata[name]),
            p,
            adjusted,
            adjusted <= _FAMILY_ALPHA,
        )
        for name, p, adjusted in zip(names, ps, holm(ps), strict=True)
    )


def behaviors_of(profile: Profile) -> frozenset[str]:
    """The behaviors that a trial shows."""
    shown = {f"calls `{fact.name}`" for fact in profile.tools}
    if profile.manner in ("asked", "unread"):
        shown.add(_ASKS if profile.manner == "asked" else _UNREAD)
    if profile.manner == "refused":
        shown.add("refuses")
    if profile.has_output:
        shown.add("answers with JSON")
    if profile.stop_reason is not None:
        shown.add(f"stops with `{profile.stop_reason}`")
    return frozenset(shown)


Shown = Sequence[frozenset[str]]


def _shown(trials: Sequence[Trial]) -> Shown:
    return [behaviors_of(trial.profile) for trial in trials if trial.profile is not None]


def _stratum(name: str, base: Shown, cand: Shown) -> Stratum:
    """A behavior that is seen takes the place of a fail."""
    if name == _ASKS:
        base, cand = ([shown for shown in side if _UNREAD not in shown] for side in (base, cand))
    return Stratum(
        sum(name not in shown for shown in base), len(base),
        sum(name not in shown for shown in cand), len(cand),
    )  # fmt: skip


def _two_sided(strata: Sequence[Stratum]) -> float:
    return min(1.0, 2 * min(stratified_worse(strata), stratified_better(strata)))


def _seen(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    pairs = list(counts)
    return sum(seen for seen, _ in pairs), sum(of for _, of in pairs)
