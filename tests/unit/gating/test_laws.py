"""Laws of the plan, on ledgers that hypothesis makes up."""

from __future__ import annotations

from random import Random
from typing import cast

from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import played, trials

from pytest_claude.gating import (
    Decision,
    Ledger,
    Need,
    Policy,
    TestTrials,
    conclude,
    duel_test,
    plan,
    screen_test,
)

LENGTH = 60
QUICK = Policy()


@st.composite
def suites(draw: st.DrawFn) -> dict[str, dict[str, str]]:
    """Up to four tests with full streams: mostly passing, some flaky, some void."""
    found = {}
    for name in "abcd"[: draw(st.integers(1, 4))]:
        letters = [
            draw(st.sampled_from(("P", "PPPPPPPF", "PF", "F", "PPPPPPPPPPPV")))
            for _ in ("base", "cand", "fresh")
        ]
        random = Random(draw(st.integers(0, 2**32)))
        found[name] = {
            stream: "".join(random.choice(of) for _ in range(length))
            for stream, of, length in zip(
                ("base", "cand", "fresh"), letters, (10, LENGTH, LENGTH), strict=True
            )
        }
    return found


@settings(max_examples=60)
@given(suites(), st.integers(0, 2**32))
def test_neither_order_nor_surplus_trials_change_the_decision(suite, seed: int) -> None:  # type: ignore[no-untyped-def]
    random = Random(seed)
    every = trials(suite)
    found, _ = played(every, QUICK, list(suite))
    random.shuffle(every)
    names = list(suite)
    random.shuffle(names)
    assert plan(Ledger(every), QUICK, names) == found
    assert cast(Decision, plan(Ledger(every), QUICK, names)).dumps() == found.dumps()


@settings(max_examples=60)
@given(suites())
def test_feeding_what_is_asked_ends_and_each_trial_is_asked_for_once(suite) -> None:  # type: ignore[no-untyped-def]
    made = {(t.test, t.stream, t.index): t for t in trials(suite)}
    ledger, rounds = Ledger(t for t in made.values() if t.stream == "base"), 0
    while isinstance(answer := plan(ledger, QUICK, list(suite)), Need):
        taken = [made[key.test, key.stream, key.index] for key in answer]
        assert list(answer) == sorted(answer)
        assert not set(taken) & set(ledger)
        ledger |= taken
        rounds += 1
        assert rounds < 60
    assert answer.open_trials == 0


@settings(max_examples=40)
@given(suites())
def test_each_trial_that_is_asked_for_is_needed(suite) -> None:  # type: ignore[no-untyped-def]
    """Without any one of them the next answer asks for it, and for nothing that was made."""
    made = {(t.test, t.stream, t.index): t for t in trials(suite)}
    ledger = Ledger(t for t in made.values() if t.stream == "base")
    while isinstance(answer := plan(ledger, QUICK, list(suite)), Need):
        taken = [made[key.test, key.stream, key.index] for key in answer]
        if all(trial.outcome != "void" for trial in taken):
            without = plan(ledger | taken[1:], QUICK, list(suite))
            assert isinstance(without, Need)
            assert answer.trials[0] in without.trials
        ledger |= taken


@settings(max_examples=15)
@given(suites(), st.integers(1, 5))
def test_shards_that_are_merged_decide_like_one_ledger(suite, shards: int) -> None:  # type: ignore[no-untyped-def]
    every = trials(suite)
    merged = Ledger()
    for shard in range(shards):
        merged |= Ledger.loads(Ledger(every[shard::shards]).dumps())
    assert merged == Ledger(every)
    assert plan(merged, QUICK, list(suite)) == plan(Ledger(every), QUICK, list(suite))


@settings(max_examples=40)
@given(suites())
def test_workers_that_go_on_alone_ask_for_what_the_plan_asks(suite) -> None:  # type: ignore[no-untyped-def]
    """A screen needs no other test, a duel only the number of suspects."""
    every = Ledger(trials(suite))
    found, _ = played(list(every), QUICK, list(suite))
    for test in suite:
        of = TestTrials(test, [trial for trial in every if trial.test == test], QUICK)
        assert (screen_test(of, QUICK).status == "suspect") == (test in found.suspects)
        if test in found.suspects:
            duel = duel_test(of, QUICK, len(found.suspects))
            assert (duel.status == "regressed") == (found.verdicts[test].verdict == "regressed")


@settings(max_examples=60)
@given(suites(), st.integers(0, LENGTH), st.integers(0, LENGTH))
def test_a_cut_plan_passes_nothing_that_the_whole_does_not(suite, cand: int, fresh: int) -> None:  # type: ignore[no-untyped-def]
    every = trials(suite)
    whole, _ = played(every, QUICK, list(suite))
    cut = conclude(
        Ledger(t for t in every
               if t.stream == "base" or t.index < (cand if t.stream == "cand" else fresh)),
        QUICK, list(suite),
    )  # fmt: skip
    for test, verdict in cut.verdicts.items():
        if verdict.verdict == "regressed":
            assert whole.verdicts[test].verdict == "regressed"
    if cut.overall == "pass":
        assert whole.overall == "pass"


@given(suites())
def test_a_candidate_that_always_passes_is_never_failed(suite) -> None:  # type: ignore[no-untyped-def]
    perfect = {name: {**of, "cand": "P" * LENGTH} for name, of in suite.items()}
    found, _ = played(trials(perfect), QUICK, list(perfect))
    assert not found.named("regressed")
    assert found.suite == "silent"
