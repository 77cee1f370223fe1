"""A whole gate on counts in place of trials: what simulations and estimates are made with.

The stages are those of `plan`; counts are some hundred times faster to make than trials. A test
holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple, Protocol

from pytest_claude.comparison.trial import Stream
from pytest_claude.gating.duel import duel_rule
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Counts, held_back_of
from pytest_claude.gating.statistics import Stratum, stratified_worse
from pytest_claude.gating.walk import accept_bounds


class Outcomes(Protocol):
    """Where the trials of a suite come from."""

    def fails(self, test: int, stream: Stream, start: int, stop: int) -> int:
        """Failed trials among those with an index from `start` up to `stop`."""
        ...


@dataclass
class CountedGate:
    """What a gate took, and what it said.

    Attributes:
        cand: Candidate trials of each test.
        fresh: Fresh trials of the baseline of each test.
        suspects: Tests that went to a duel, by number.
        regressed: Tests named.
        suite: Whether the suite channel failed it.
        sets: Data sets whose channel failed it, by number.
    """

    cand: list[int]
    fresh: list[int]
    suspects: list[int] = field(default_factory=list)
    regressed: list[int] = field(default_factory=list)
    suite: bool = False
    sets: list[int] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it failed."""
        return bool(self.regressed or self.sets) or self.suite


def counted_gate(
    recorded: Sequence[int], outcomes: Outcomes, policy: Policy, *, suite: bool = True
) -> CountedGate:
    """One gate: screen, duels, suite and its second look.

    Args:
        recorded: Recorded trials of the baseline of each test.
        outcomes: Gives the failed trials.
        policy: The settings.
        suite: Whether the suite channel is looked at; its second look takes fresh trials.
    """
    return counted_gates(recorded, [outcomes], policy, suite=suite)[0]


def counted_gates(
    recorded: Sequence[int],
    arms: Sequence[Outcomes],
    policy: Policy,
    *,
    suite: bool = True,
    sets: Sequence[Sequence[int]] = (),
) -> list[CountedGate]:
    """The gates of several candidates beside one baseline; the arguments are as above.

    `sets` are the tests of each data set, by number. All of `arms` say the same of the baseline,
    whose trials they share: a test takes as many as the gate that takes the most.
    """
    screened = [_screened(recorded, outcomes, policy) for outcomes in arms]
    suspects = sum(len(gate.suspects) for gate, _, _ in screened)
    for (found, base, firsts), outcomes in zip(screened, arms, strict=True):
        looked = _duels(found, base, suspects, outcomes, policy)
        if suite and not found.regressed:
            strata = {
                test: Stratum(*of.whole, first, policy.first_look)
                for test, (of, first) in enumerate(zip(base, firsts, strict=True))
            }
            number = len(sets)
            level = policy.suite_level(number)
            found.suite = _channel(found, strata, level, looked, outcomes, policy)
            for n, tests in enumerate(sets):
                of_set, level = {test: strata[test] for test in tests}, policy.set_level(number)
                if _channel(found, of_set, level, looked, outcomes, policy):
                    found.sets.append(n)
    return [found for found, _, _ in screened]


def _screened(
    recorded: Sequence[int], outcomes: Outcomes, policy: Policy
) -> tuple[CountedGate, list[_Recorded], list[int]]:
    """A gate after its screens, the recorded trials, and the passes at the first look."""
    found = CountedGate([0] * len(recorded), [0] * len(recorded))
    base = [_recorded(test, of, outcomes, policy) for test, of in enumerate(recorded)]
    firsts = [_screen(found, test, of.screened, outcomes, policy) for test, of in enumerate(base)]
    return found, base, firsts


class _Recorded(NamedTuple):
    """Passes and number of a test's recorded trials: for its screen, and held for its duel."""

    screened: Counts
    held: Counts

    @property
    def whole(self) -> Counts:
        """Those of all."""
        return self.screened[0] + self.held[0], self.screened[1] + self.held[1]


def _recorded(test: int, of: int, outcomes: Outcomes, policy: Policy) -> _Recorded:
    held = held_back_of(of) if policy.baseline == "retired" else 0
    screened = max(1, of // 5) if policy.baseline == "retired" else of
    ends = (0, screened, screened + held)
    fails = [outcomes.fails(test, "base", *between) for between in pairwise(ends)]
    return _Recorded((screened - fails[0], screened), (held - fails[1], held))


def _screen(found: CountedGate, test: int, base: Counts, outcomes: Outcomes, policy: Policy) -> int:
    """Screen one test; its passes at the first look."""
    share = base[0] / base[1]
    failing = share <= policy.failing_rate
    bounds = accept_bounds(policy.screen_looks, share, policy.delta, policy.screen_miss)
    fails = last = first = 0
    for look, most in zip(policy.screen_looks, bounds, strict=True):
        fails += outcomes.fails(test, "cand", last, look)
        last = look
        if look == policy.first_look:
            first = look - fails
        if failing or fails <= most:
            break
    else:
        found.suspects.append(test)
    found.cand[test] = last
    return first


def _duels(
    found: CountedGate,
    base: Sequence[_Recorded],
    suspects: int,
    outcomes: Outcomes,
    policy: Policy,
) -> dict[int, int]:
    """Fight the duels; fails among the first fresh trials of each, for the second look."""
    looked: dict[int, int] = {}
    again = 2 * policy.first_look
    for test in found.suspects:
        retired = policy.baseline == "retired"
        passes, held = base[test].held
        if retired and not held:
            continue
        rule = duel_rule(policy, suspects, held_back=held if retired else None)
        if rule.c == 0:
            continue
        if not retired:
            looked[test] = outcomes.fails(test, "base_fresh", 0, again)
            later = outcomes.fails(test, "base_fresh", again, rule.base_n)
            passes = rule.base_n - looked[test] - later
            found.fresh[test] = rule.base_n
        rejects, accepts = rule.rejects(passes), rule.accepts(passes)
        used, last, fails = policy.screen_looks[-1], 0, 0
        for look, reject, accept in zip(rule.looks, rejects, accepts, strict=True):
            fails += outcomes.fails(test, "cand", used + last, used + look)
            last = look
            if fails >= reject:
                found.regressed.append(test)
            if fails >= reject or fails <= accept:
                break
        found.cand[test] += last
    return looked


def _channel(
    found: CountedGate,
    strata: Mapping[int, Stratum],
    level: float,
    looked: dict[int, int],
    outcomes: Outcomes,
    policy: Policy,
) -> bool:
    """Whether some tests together pass less often, on today's baseline too."""
    if not _fires([*strata.values()], level):
        return False
    if policy.baseline == "retired":
        return True
    again = 2 * policy.first_look
    today = []
    for test, recorded in strata.items():
        if test not in looked:
            looked[test] = outcomes.fails(test, "base_fresh", 0, again)
            found.fresh[test] = again
        fails = looked[test]
        today.append(Stratum(again - fails, again, recorded.cand_pass, recorded.cand_n))
    return _fires(today, level)


def _fires(strata: Sequence[Stratum], alpha: float) -> bool:
    expected = sum(
        of.cand_n * (of.base_n + of.cand_n - of.base_pass - of.cand_pass) / (of.base_n + of.cand_n)
        for of in strata
    )
    observed = sum(of.cand_n - of.cand_pass for of in strata)
    # A sum of hypergeometrics has its median next to its mean: here p is one half at least.
    return observed > math.floor(expected) and stratified_worse(strata) <= alpha
