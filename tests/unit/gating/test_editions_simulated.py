"""An app that is edited while it is judged: the errors that docs/gate.md promises, simulated."""

from __future__ import annotations

import random
from math import sqrt

from pytest_claude.comparison.trial import Outcome
from pytest_claude.gating import Decision, Ledger, Need, Policy, Trial, plan
from pytest_claude.gating.sight import catch_probability

POLICY = Policy.quick()
RUNS = 400
TESTS = ("a", "b", "c")


def judged(
    passes: dict[str, tuple[float, float]], chance: random.Random, least_suspects: int = 0
) -> Decision:
    """One edition, judged to its end: by test the pass rates of baseline and candidate."""
    made = [Trial(test, "base", n, _drawn(base, chance)) for test, (base, _) in passes.items()
            for n in range(5)]  # fmt: skip
    while True:
        answer = plan(Ledger(made), POLICY, [*passes], least_suspects=least_suspects)
        if isinstance(answer, Decision):
            return answer
        assert isinstance(answer, Need)
        for key in answer:
            rate = passes[key.test][key.stream == "cand"]
            made.append(Trial(key.test, key.stream, key.index, _drawn(rate, chance)))


def _drawn(rate: float, chance: random.Random) -> Outcome:
    return "pass" if chance.random() < rate else "fail"


def most(rate: float) -> float:
    """What a rate may be in so many runs, two standard errors above."""
    return rate + 2 * sqrt(rate * (1 - rate) / RUNS)


def test_a_new_edition_of_an_app_that_stayed_as_it_was_fails_it_wrongly_in_5_percent_at_most() -> (
    None
):
    chance = random.Random(7)
    healthy = dict.fromkeys(TESTS, (0.9, 0.9))
    wrong = sum(judged(healthy, chance, least_suspects=3).overall == "fail" for _ in range(RUNS))
    assert wrong / RUNS <= most(0.05)


def test_the_printed_chance_to_miss_a_drop_over_three_editions_holds() -> None:
    """Whoever edits until it passes gives a drop that persists three chances to slip through."""
    chance = random.Random(8)
    drops = {"a": (1.0, 0.5), "b": (1.0, 1.0), "c": (1.0, 1.0)}
    missed, suspects = 0, 1
    for _ in range(RUNS):
        least = 0
        for _edition in range(3):
            decision = judged(drops, chance, least)
            least = max(least, decision.rounded_suspects)
            suspects = max(suspects, decision.rounded_suspects)
            if decision.verdicts["a"].verdict == "unchanged":
                missed += 1
                break
    caught = catch_probability(POLICY, suspects)
    assert missed / RUNS <= most(1 - caught**3)
    assert missed / RUNS > (1 - caught), "three chances are more than one"


def test_an_edition_that_is_left_before_its_verdict_is_one_more_chance() -> None:
    """Who stops at the first failed trial and edits has judged that edition: it is counted."""
    chance = random.Random(9)
    missed = 0
    for _ in range(RUNS):
        for _edition in range(3):
            first = [_drawn(0.5, chance) for _ in range(POLICY.first_look)]
            if "fail" not in first:  # nothing made them stop: the screen clears it
                missed += 1
                break
    assert missed / RUNS <= most(1 - catch_probability(POLICY, 1) ** 3)
