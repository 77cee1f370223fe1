"""The numbers of trials: cost, calls, tokens and times, on both models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.decision import Decision
from pytest_claude.report.entry import Entry

_MEASURES = {
    "cost": "cost_usd",
    "input tokens": "input_tokens",
    "output tokens": "output_tokens",
    "of these thinking": "thinking_tokens",
}


@dataclass(frozen=True)
class Fact:
    """One number of the trials on both models.

    Attributes:
        label: What it counts.
        unit: "usd", "tokens", "s" or "" for a plain count.
        base: One value per trial that has it.
        cand: The same of the candidate.
        ratio: How it changed over the tests, as the gate tells it; None where it does not.
        interval: The 95 % interval of `ratio`.
    """

    label: str
    unit: Literal["usd", "tokens", "s", ""]
    base: tuple[float, ...]
    cand: tuple[float, ...]
    ratio: float | None = None
    interval: tuple[float, float] | None = None


def _both(entries: Sequence[Entry]) -> tuple[list[Trial], list[Trial]]:
    """The trials of both sides, of the tests that have a candidate (or of all in a plain run)."""
    compared = [e for e in entries if e.sides and (len(e.sides) == 1 or e.sides[1].trials)]
    base = [trial for entry in compared for trial in entry.sides[0].trials]
    cand = [trial for entry in compared for side in entry.sides[1:] for trial in side.trials]
    return base, cand


def suite_facts(entries: Sequence[Entry], decision: Decision | None) -> tuple[Fact, ...]:
    """The numbers over the suite; of a gate no times but those of trials made side by side."""
    facts = facts_of(*_both(entries))
    if decision is None:
        return facts
    fresh = {label: _in_lanes(entries, label) for label in ("fresh", "duel")}
    times = facts_of(fresh["fresh"], fresh["duel"]) if all(fresh.values()) else ()
    ratios = {ratio.measure: ratio for ratio in decision.ratios}
    found = []
    for fact in (*(f for f in facts if f.unit != "s"), *(f for f in times if f.unit == "s")):
        ratio = ratios.get(_MEASURES.get(fact.label, ""))
        found.append(
            fact if ratio is None else replace(fact, ratio=ratio.ratio, interval=ratio.interval)
        )
    return tuple(found)


def _in_lanes(entries: Sequence[Entry], label: str) -> list[Trial]:
    lanes = (lane for entry in entries for side in entry.sides for lane in side.lanes)
    return [trial for lane in lanes if lane.label == label for trial in lane.trials]


def facts_of(base: Sequence[Trial], cand: Sequence[Trial]) -> tuple[Fact, ...]:
    """The numbers that at least one trial of each side that ran has."""
    simulated = any(trial.simulated_by for trial in (*base, *cand))
    found = []
    for label, unit, value in _FACTS:
        if unit == "s" and simulated:
            continue  # no model took that time
        fact = Fact(label, unit, _known(base, value), _known(cand, value))
        if (fact.base or not base) and (fact.cand or not cand) and any((*fact.base, *fact.cand)):
            found.append(fact)
    return tuple(found)


Value = Callable[[Trial], float | None]


def _of_profile(name: str) -> Value:
    return lambda trial: None if trial.profile is None else getattr(trial.profile, name)


_FACTS: tuple[tuple[str, Literal["usd", "tokens", "s", ""], Value], ...] = (
    ("cost", "usd", lambda trial: trial.cost_usd),
    ("calls", "", _of_profile("calls")),
    ("input tokens", "tokens", _of_profile("input_tokens")),
    ("output tokens", "tokens", _of_profile("output_tokens")),
    ("of these thinking", "tokens", _of_profile("thinking_tokens")),
    ("time to first token", "s", _of_profile("time_to_first_token_s")),
    ("time in all", "s", _of_profile("total_s")),
)


def _known(trials: Sequence[Trial], value: Value) -> tuple[float, ...]:
    return tuple(found for trial in trials if (found := value(trial)) is not None)
