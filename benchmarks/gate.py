"""False alarms, power and calls of the gate, by simulation; times of its arithmetic.

    python benchmarks/gate.py [--runs 300] [--json] [--part null large power …]
    python benchmarks/gate.py --table > pytest_claude/gating/duel_table.py

Each run draws the outcomes of a whole suite from given pass rates and puts them through the
stages of the gate (`gating.counted`).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import accumulate
from random import Random
from statistics import fmean, stdev
from typing import Any

from pytest_claude.gating import Decision, Ledger, Need, Policy, Trial, plan
from pytest_claude.gating.counted import CountedGate, counted_gate, counted_gates
from pytest_claude.gating.duel import ROUNDED, design, fit
from pytest_claude.gating.estimate import Recorded, estimate
from pytest_claude.gating.statistics import binomial

MIX = ((0.6, 1.0), (0.25, 0.98), (0.1, 0.9), (0.05, 0.7))
NULLS: tuple[float | str, ...] = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0, "mix")


# --- outcomes by chance ---------------------------------------------------------------------


class Drawn:
    """Outcomes drawn from pass rates by test and stream."""

    def __init__(self, random: Random, rates: dict[str, Sequence[float]]) -> None:
        self._random = random.random
        self._rates = rates

    def fails(self, test: int, stream: str, start: int, stop: int) -> int:
        rate = self._rates[stream][test]
        if rate >= 1.0 or start >= stop:
            return 0
        return bisect_right(_cumulated(stop - start, rate), self._random())


class Beside:
    """Outcomes of one of several candidates: `shared` is what was drawn of their baseline."""

    def __init__(self, drawn: Drawn, shared: dict[tuple[Any, ...], int]) -> None:
        self._drawn = drawn
        self._shared = shared

    def fails(self, test: int, stream: str, start: int, stop: int) -> int:
        key = (test, stream, start, stop)
        if stream == "cand":
            return self._drawn.fails(*key)
        if key not in self._shared:
            self._shared[key] = self._drawn.fails(*key)
        return self._shared[key]


@cache
def _cumulated(n: int, pass_rate: float) -> list[float]:
    return list(accumulate(binomial(n, 1 - pass_rate)))[:-1]


@dataclass(frozen=True)
class Scenario:
    """A suite whose rates are known.

    Attributes:
        name: What is simulated.
        tests: Number of tests.
        recorded: Recorded trials of the baseline per test.
        base: Pass rates as recorded.
        today: Pass rates of the baseline today.
        cand: Pass rates of the candidate.
        dropped: Tests that dropped.
    """

    name: str
    tests: int
    recorded: int
    base: tuple[float, ...]
    today: tuple[float, ...]
    cand: tuple[float, ...]
    dropped: tuple[int, ...] = ()


def null(tests: int, recorded: int, rate: float | str) -> Scenario:
    """Nothing changed."""
    rates = _rates(tests, rate)
    return Scenario(f"p={rate}", tests, recorded, rates, rates, rates)


def _rates(tests: int, rate: float | str) -> tuple[float, ...]:
    if isinstance(rate, float):
        return (rate,) * tests
    rates: list[float] = []
    for share, of in MIX:
        rates += [of] * round(share * tests)
    return tuple((rates + [1.0] * tests)[:tests])


def drop(
    name: str, tests: int, recorded: int, share: float, was: float, now: float,
    others: float | str = "mix",
) -> Scenario:  # fmt: skip
    """Some tests drop from `was` to `now`: one of them, or a share."""
    number = max(1, round(share * tests))
    base = (was,) * number + _rates(tests, others)[: tests - number]
    cand = (now,) * number + base[number:]
    return Scenario(name, tests, recorded, base, base, cand, tuple(range(number)))


def drift(tests: int, recorded: int, rate: float, factor: float) -> Scenario:
    """Both models are worse today than when the baseline was recorded."""
    base, today = (rate,) * tests, (rate * factor,) * tests
    return Scenario(f"{rate:g} recorded, x{factor:g} today", tests, recorded, base, today, today)


@dataclass(frozen=True)
class Row:
    """What the runs of a scenario came to.

    Attributes:
        fails: Share of runs in which the gate failed.
        named: Share in which each test that dropped was named; of several, any.
        wrong: Share in which a test was named that did not drop.
        cand: Candidate trials per test.
        fresh: Fresh trials of the baseline per test.
        error: Two standard errors of all trials per test.
    """

    part: str
    preset: str
    scenario: str
    tests: int
    recorded: int
    runs: int
    fails: float
    named: float
    wrong: float
    cand: float
    fresh: float
    error: float = 0.0

    @property
    def margin(self) -> float:
        """Two standard errors of a share that is .05."""
        return 2 * math.sqrt(0.05 * 0.95 / self.runs)


def gates(
    random: Random, policy: Policy, scenario: Scenario, runs: int
) -> Iterator[list[CountedGate]]:
    """Runs of a scenario: the gate of its candidate, and of those that stayed as the baseline is.

    The policy says how many candidates there are.
    """
    rates = {"base": scenario.base, "base_fresh": scenario.today, "cand": scenario.cand}
    drawn = [Drawn(random, rates), Drawn(random, {**rates, "cand": scenario.today})]
    recorded = [scenario.recorded] * scenario.tests
    for _ in range(runs):
        shared: dict[tuple[Any, ...], int] = {}
        arms = [Beside(drawn[min(arm, 1)], shared) for arm in range(policy.arms)]
        yield counted_gates(recorded, arms, policy)


def candidates(part: str, policy: Policy, scenario: Scenario, runs: int) -> Row:
    """Several candidates, of which the first is the one of the scenario; the same every time."""
    name = f"{scenario.name}, {policy.arms} candidates"
    random = Random(f"{policy.preset} {name} {scenario.tests} {scenario.recorded}")
    dropped, trials = set(scenario.dropped), runs * scenario.tests
    fails = named = wrong = cand = fresh = 0
    for run in gates(random, policy, scenario, runs):
        first, *others = [set(gate.regressed) for gate in run]
        fails += any(gate.failed for gate in run)
        named += bool(dropped & first)
        wrong += bool(first - dropped) or any(others)
        cand += sum(sum(gate.cand) for gate in run)
        fresh += sum(max(of) for of in zip(*(gate.fresh for gate in run), strict=True))
    return Row(
        part, policy.preset, name, scenario.tests, scenario.recorded, runs,
        fails / runs, named / runs, wrong / runs, cand / trials, fresh / trials,
    )  # fmt: skip


def measured(part: str, policy: Policy, scenario: Scenario, runs: int) -> Row:
    """Gates of a scenario; the same every time."""
    random = Random(f"{policy.preset} {scenario.name} {scenario.tests} {scenario.recorded}")
    drawn = Drawn(
        random, {"base": scenario.base, "base_fresh": scenario.today, "cand": scenario.cand}
    )
    recorded = [scenario.recorded] * scenario.tests
    results = [counted_gate(recorded, drawn, policy) for _ in range(runs)]
    dropped = set(scenario.dropped)
    trials = runs * scenario.tests
    cand, fresh = ([sum(getattr(r, name)) for r in results] for name in ("cand", "fresh"))
    taken = [sum(of) / scenario.tests for of in zip(cand, fresh, strict=True)]
    return Row(
        part, policy.preset, scenario.name, scenario.tests, scenario.recorded, runs,
        sum(result.failed for result in results) / runs,
        sum(bool(dropped & set(result.regressed)) for result in results) / runs,
        sum(bool(set(result.regressed) - dropped) for result in results) / runs,
        sum(cand) / trials,
        sum(fresh) / trials,
        2 * stdev(taken) / math.sqrt(runs) if runs > 1 else 0.0,
    )  # fmt: skip


# --- the parts --------------------------------------------------------------------------------

Part = Callable[[int], Iterator[Row]]


def part_null(runs: int) -> Iterator[Row]:
    for tests in (10, 50, 200):
        for recorded in (1, 3, 5, 10, 20):
            for rate in NULLS:
                yield measured("null", Policy(), null(tests, recorded, rate), runs)


def part_large(runs: int) -> Iterator[Row]:
    for rate in NULLS:
        yield measured("large", Policy(), null(500, 10, rate), max(1, runs // 3))


def _drops(tests: int, recorded: int) -> list[Scenario]:
    return [
        drop("one 1->0", tests, recorded, 0, 1.0, 0.0),
        drop("one 1->.5", tests, recorded, 0, 1.0, 0.5),
        drop("one .9->.6", tests, recorded, 0, 0.9, 0.6),
        drop("10% .95->.75", tests, recorded, 0.1, 0.95, 0.75),
        drop("all .9->.85", tests, recorded, 1.0, 0.9, 0.85),
        drop("10% 1->.5", tests, recorded, 0.1, 1.0, 0.5),
    ]


def part_power(runs: int) -> Iterator[Row]:
    for scenario in _drops(50, 10):
        yield measured("power", Policy(), scenario, runs)
    for tests, recorded in ((10, 10), (200, 10), (500, 10), (50, 1), (50, 3), (50, 5), (50, 20)):
        of = runs if tests < 500 else max(1, runs // 2)
        for now in (0.5, 0.0):
            name = f"one 1->{now:g}"
            scenario = drop(name, tests, recorded, 0, 1.0, now)
            yield measured("power", Policy(), scenario, of)


def part_presets(runs: int) -> Iterator[Row]:
    for policy in (Policy.standard(), Policy.thorough()):
        for rate in NULLS:
            yield measured("presets", policy, null(50, 20, rate), runs)
        for scenario in _drops(50, 20):
            yield measured("presets", policy, scenario, runs)


def part_drift(runs: int) -> Iterator[Row]:
    for tests in (10, 50, 200):
        for rate in (1.0, 0.95):
            for factor in (0.9, 0.95, 0.97):
                yield measured("drift", Policy(), drift(tests, 10, rate, factor), runs)


def part_retired(runs: int) -> Iterator[Row]:
    policy = Policy(baseline="retired")
    for recorded in (10, 20, 25, 40):
        for rate in ("mix", 0.9, 0.7):
            yield measured("retired", policy, null(50, recorded, rate), runs)
        yield measured("retired", policy, drop("one 1->.5", 50, recorded, 0, 1.0, 0.5), runs)
        yield measured("retired", policy, drop("one 1->0", 50, recorded, 0, 1.0, 0.0), runs)


def part_candidates(runs: int) -> Iterator[Row]:
    for tests in (10, 50, 200):
        for arms in range(2, 7):
            policy = Policy(arms=arms)
            for rate in ("mix", 0.9, 0.7):
                yield candidates("candidates", policy, null(tests, 10, rate), runs)
            yield candidates("candidates", policy, drop("one 1->.5", tests, 10, 0, 1.0, 0.5), runs)


PARTS: dict[str, Part] = {
    "null": part_null,
    "large": part_large,
    "power": part_power,
    "presets": part_presets,
    "drift": part_drift,
    "retired": part_retired,
    "candidates": part_candidates,
}

# Candidate trials per test on the mix that a test told every true rate would need.
ORACLE = {"quick": 4.21, "standard": 8.17, "thorough": 13.67}
# With 10 recorded trials or more: fewer make more suspects, and cost more.
MOST_TRIALS = {"quick": 4.9, "standard": 1.35 * 8.17, "thorough": 1.45 * 13.67}


def shortfalls(rows: Sequence[Row]) -> list[str]:
    """The goals that were not reached, one sentence each."""
    return [f"{_where(row)}: {text}" for row in rows for text in _short(row)]


def _short(row: Row) -> Iterator[str]:
    quiet = row.scenario.startswith("p=") or row.part == "drift"
    if quiet and row.fails > 0.05 + row.margin:
        yield f"false alarms {row.fails:.3f} > .05 + 2 SE"
    powered = row.part in ("power", "presets", "candidates")
    if row.scenario.partition(",")[0] in ("one 1->.5", "one 1->0.5") and powered:
        error = 2 * math.sqrt(0.9 * 0.1 / row.runs)
        if row.named < 0.9 - error:
            yield f"named {row.named:.3f} < .90 - 2 SE"
    if row.scenario == "one 1->0" and row.named < 0.999:
        yield f"named {row.named:.4f} < .999"
    if row.preset == "standard" and row.scenario.startswith("10% .95"):
        if row.fails < 0.8 - 2 * math.sqrt(0.8 * 0.2 / row.runs):
            yield f"fails {row.fails:.3f} < .80 - 2 SE"
    if row.preset == "thorough" and row.scenario == "one .9->.6":
        if row.named < 0.9 - 2 * math.sqrt(0.9 * 0.1 / row.runs):
            yield f"named {row.named:.3f} < .90 - 2 SE"
    if row.part == "null" and row.scenario == "p=1.0" and row.cand + row.fresh != 4:
        yield f"{row.cand + row.fresh:.2f} trials per test where 4 are enough"
    trials = row.cand + row.fresh
    if row.scenario == "p=mix" and row.recorded >= 10 and row.part != "retired":
        if trials - row.error > MOST_TRIALS[row.preset]:
            yield f"{trials:.2f} trials per test > {MOST_TRIALS[row.preset]:.2f}"


def _where(row: Row) -> str:
    return f"{row.part}, {row.preset}, K={row.tests}, nA={row.recorded}, {row.scenario}"


# --- the estimate before a gate ---------------------------------------------------------------


@dataclass
class _Known:
    """Outcomes by chance of a suite whose recorded trials are known."""

    drawn: Drawn
    base_fails: Sequence[int]

    def fails(self, test: int, stream: Any, start: int, stop: int) -> int:
        if stream == "base":
            return self.base_fails[test]
        return self.drawn.fails(test, stream, start, stop)


@dataclass(frozen=True)
class Estimated:
    """How well the estimates of a suite foretell what its gates take.

    Attributes:
        suite: The suite.
        inside: Share of the gates that end inside the range.
        widest: Largest ratio of a range's top to its bottom.
        wanted: Least share wanted: .9; of a suite of one test, which either has a duel or not,
            and of one whose tests all fail now and then, nothing is promised.
    """

    suite: str
    inside: float
    widest: float
    wanted: float


def estimates(runs: int) -> Iterator[Estimated]:
    """How often a gate takes as many trials as its estimate says, and how wide that is."""
    for tests in (10, 50, 200):
        for recorded in (1, 5, 20):
            yield _estimated(null(tests, recorded, "mix"), runs, 0.9)
            yield _estimated(drop("one 1->.5", tests, recorded, 0, 1.0, 0.5), runs, 0.9)
            yield _estimated(drop("10% .95->.5", tests, recorded, 0.1, 0.95, 0.5), runs, 0.9)
    for recorded in (1, 5, 20):
        yield _estimated(null(50, recorded, 0.7), runs, 0)
        yield _estimated(null(1, recorded, "mix"), runs, 0)
        yield _estimated(drop("one 1->.5", 1, recorded, 0, 1.0, 0.5), runs, 0)


def _estimated(scenario: Scenario, runs: int, wanted: float) -> Estimated:
    random, inside, widest = Random(f"{scenario}"), 0, 0.0
    rates = {"base": scenario.base, "base_fresh": scenario.today, "cand": scenario.cand}
    known: dict[tuple[int, ...], tuple[int, int]] = {}
    of = scenario.recorded
    for _ in range(runs):
        drawn = Drawn(random, rates)
        fails = tuple(drawn.fails(test, "base", 0, of) for test in range(scenario.tests))
        result = counted_gate([of] * scenario.tests, _Known(drawn, fails), Policy())
        trials = sum(result.cand) + sum(result.fresh)
        if fails not in known:
            known[fails] = estimate([Recorded(of - n, of) for n in fails], Policy()).trials
        least, most = known[fails]
        inside += least <= trials <= most
        widest = max(widest, most / least)
    name = f"estimate, K={scenario.tests}, nA={of}, {scenario.name}"
    return Estimated(name, inside / runs, widest, wanted)


# --- times -------------------------------------------------------------------------------------


def times() -> dict[str, float]:
    """CPU seconds of the arithmetic, in this process."""
    started = time.process_time()
    for suspects in ROUNDED:
        fit(design(Policy()), suspects)
    calibrated = time.process_time() - started
    random = Random(1)
    scenario = drop("", 500, 10, 0.05, 1.0, 0.5)
    ledger = Ledger(_made(random, scenario, "base", range(10), range(500)))
    tests = [_name(n) for n in range(500)]
    started = time.process_time()
    rounds = 0
    while isinstance(answer := plan(ledger, Policy(), tests), Need):
        ledger |= [_trial(random, scenario, k.test, k.stream, k.index) for k in answer]
        rounds += 1
    live = time.process_time() - started
    assert isinstance(answer, Decision)
    started = time.process_time()
    plan(ledger, Policy(), tests)
    return {
        "first calibration of the quick preset, all numbers of suspects (s)": calibrated,
        f"K=500, {len(answer.suspects)} suspects: {rounds} rounds of plan, live (s)": live,
        "K=500: the decision from the whole ledger (s)": time.process_time() - started,
    }


def _name(number: int) -> str:
    return f"t{number:03}"


def _trial(random: Random, scenario: Scenario, test: str, stream: Any, index: int) -> Trial:
    rates = {"base": scenario.base, "base_fresh": scenario.today, "cand": scenario.cand}
    passed = random.random() < rates[stream][int(test[1:])]
    return Trial(test, stream, index, "pass" if passed else "fail")


def _made(
    random: Random, scenario: Scenario, stream: str, indices: range, tests: range
) -> list[Trial]:
    return [_trial(random, scenario, _name(t), stream, index) for t in tests for index in indices]


# --- the shipped table ------------------------------------------------------------------------

_HEAD = '''"""Sizes and thresholds of the duels of the presets, by number of suspects.

Generated by `python benchmarks/gate.py --table`; a test computes rows anew and compares. The
key is the preset's `duel.Design`, a row is (baseline trials per suspect, threshold c).
"""

from __future__ import annotations

TABLE: dict[tuple[float, ...], dict[int, tuple[int, float]]] = {'''


def table() -> str:
    """The text of the module `duel_table`."""
    lines = [_HEAD]
    for policy in (Policy.quick(), Policy.standard(), Policy.thorough()):
        lines.append(f"    {tuple(design(policy))!r}: {{")
        lines += [f"        {n}: {fit(design(policy), n)!r}," for n in ROUNDED]
        lines.append("    },")
    return "\n".join([*lines, "}"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=300, metavar="N")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", nargs="+", choices=[*PARTS, "estimate", "time"])
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    if args.table:
        sys.stdout.write(table())
        return
    wanted = args.part or [*PARTS, "estimate", "time"]
    rows = []
    for name in (name for name in wanted if name in PARTS):
        for row in PARTS[name](args.runs):
            rows.append(row)
            if not args.json:
                print(
                    f"{_where(row):56} fails {row.fails:.3f}  named {row.named:.3f}  "
                    f"wrong {row.wrong:.3f}  trials {row.cand:.2f} + {row.fresh:.2f}",
                    flush=True,
                )
    runs_of_an_estimate = max(1, args.runs // 6)
    ranges = list(estimates(runs_of_an_estimate)) if "estimate" in wanted else []
    short = shortfalls(rows)
    for each in ranges:
        if each.inside < each.wanted - 2 * math.sqrt(0.9 * 0.1 / runs_of_an_estimate):
            short.append(f"{each.suite}: inside {each.inside:.2f} < .90 - 2 SE")
        if each.widest > 3:
            short.append(f"{each.suite}: top/bottom {each.widest:.2f} > 3")
    clock = times() if "time" in wanted else {}
    if args.json:
        print(json.dumps({"rows": [asdict(r) for r in rows], "short": short, "times": clock,
                          "estimates": [asdict(each) for each in ranges]}))  # fmt: skip
        return
    for each in ranges:
        print(f"{each.suite:42} inside {each.inside:.2f}  top/bottom at most {each.widest:.2f}")
    if promised := [each.inside for each in ranges if each.wanted]:
        print(f"estimate, all of which .9 is wanted: inside {fmean(promised):.3f}")
    for what, seconds in clock.items():
        print(f"{what}: {seconds:.2f}")
    print(f"{len(rows)} rows, goals not reached: {len(short)}", *short, sep="\n  ")


if __name__ == "__main__":
    main()
