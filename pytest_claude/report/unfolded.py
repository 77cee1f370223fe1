"""One test as the page unfolds it: charts, checks, transcripts, JSON, commands, as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.gating.statistics import wilson
from pytest_claude.report.advice import Command
from pytest_claude.report.charts import nice_end
from pytest_claude.report.conversation import Lookup, Pool, conversation
from pytest_claude.report.entry import Entry, Lane, Side, cause_of, failing_line
from pytest_claude.report.fact import Fact, facts_of
from pytest_claude.report.numbers import written
from pytest_claude.report.outline import Outline, short_names
from pytest_claude.report.shape import path_counts

_UNITS = {"usd": "dollars", "s": "seconds", "tokens": "", "": ""}


def unfolded(
    entry: Entry,
    outline: Outline,
    transcripts: Lookup,
    shared: Pool,
    commands: Sequence[Command],
    *,
    most: int | None = None,
) -> dict[str, Any]:
    """What the page unfolds of one test.

    Args:
        entry: The test.
        outline: The run.
        transcripts: Gives the transcript of a cassette.
        shared: Takes what the tests have in common.
        commands: What to type.
        most: Trials a side that keep their transcript; None for all.
    """
    pool = Pool()
    shorts = _shorts(entry, outline)
    pair = opening_pair(entry)
    sides = [
        _side(side, shorts, number, pair[number], transcripts, (pool, shared), most)
        for number, side in enumerate(entry.sides)
    ]
    return {
        "module": entry.module,
        "name": entry.name,
        "kind": entry.kind,
        "title": entry.sentence,
        "statement": entry.statement and entry.statement.replace("<=", "≤"),
        "behaves": entry.behaves,
        "also": [difference.counted for difference in entry.differences[1:]],
        "line": failing_line(entry),
        "simulated": outline.simulated_by is not None,
        "sides": sides,
        "pair": pair,
        "pool": pool.values,
        "checks": _checks(entry.sides),
        "paths": _paths(entry.sides),
        "facts": [_fact(fact, entry) for fact in _facts(entry)],
        "commands": [asdict(command) for command in commands],
    }


def opening_pair(entry: Entry) -> list[int]:
    """The trials that are shown first, as numbers from 0, baseline first.

    The first failing trial of the candidate's last lane that has one, or the first that behaves
    in the new way, against the first passing trial of the baseline. In a plain run the first
    that failed.
    """
    if len(entry.sides) == 1:
        return [_first(entry.sides[0], "fail", "void")]
    wanted = ("yes",) if entry.behaves else ("fail", "void")
    return [
        _first(side, *("no", "pass") if side.role == "base" else wanted) for side in entry.sides
    ]


def _first(side: Side, *marks: str) -> int:
    start = len(side.trials)
    for lane in reversed(side.lanes):
        start -= len(lane.trials)
        for number, mark in enumerate(lane.marks):
            if mark in marks and (side.role == "cand" or lane is side.lanes[0]):
                return start + number
    return next((n for n, mark in enumerate(side.marks) if mark in marks), 0)


def _shorts(entry: Entry, outline: Outline) -> tuple[str, ...]:
    return short_names([side.model for side in entry.sides]) if outline.bump else ("",)


def _side(
    side: Side,
    shorts: Sequence[str],
    number: int,
    opened: int,
    transcripts: Lookup,
    pools: tuple[Pool, Pool],
    most: int | None,
) -> dict[str, Any]:
    trials = side.trials
    kept = set(range(len(trials)))
    if most is not None:
        kept = {opened, *range(most - 1)}
    return {
        "role": side.role,
        "model": side.model,
        "short": shorts[number],
        "siblingShort": shorts[1 - number] if len(shorts) > 1 else None,
        "lanes": [_lane(lane) for lane in side.lanes],
        "trials": [
            _trial(trial, mark, transcripts if index in kept else None, pools)
            for index, (trial, mark) in enumerate(zip(trials, side.marks, strict=True))
        ],
    }


def _lane(lane: Lane) -> dict[str, Any]:
    low, high = wilson(lane.good, lane.of) if lane.of else (0.0, 1.0)
    return {
        "label": lane.label,
        "good": lane.good,
        "of": lane.of,
        "low": round(100 * low, 1),
        "high": round(100 * high, 1),
        "marks": list(lane.marks),
    }


def _trial(
    trial: Trial, mark: str, transcripts: Lookup | None, pools: tuple[Pool, Pool]
) -> dict[str, Any]:
    found: dict[str, Any] = {"mark": mark, "cause": cause_of(trial), "cassette": trial.cassette,
                             "n": trial.interactions}  # fmt: skip
    if transcripts is None:
        found["trimmed"] = True
    elif trial.cassette and (transcript := transcripts(trial.cassette)) is not None:
        found["calls"] = conversation(trial.own(transcript), *pools)
    if trial.profile is not None and trial.profile.output is not None:
        found["out"] = trial.profile.output
    return {key: value for key, value in found.items() if value is not None}


def _checks(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """Each check of the test in its order: trials in which it held, was asked, was not."""
    keys = list(dict.fromkeys(_key(c) for s in sides for t in s.trials for c in t.checks))
    found = []
    for key in keys:
        counts = []
        for side in sides:
            ran = [trial for trial in side.trials if trial.outcome in ("pass", "fail")]
            asked = [c for trial in ran for c in trial.checks if _key(c) == key]
            held = sum(check.outcome is True for check in asked)
            counts.append((held, len(asked), max(0, len(ran) - len(asked))))
        rates = {held / of for held, of, _ in counts if of}
        text, line = key
        found.append(
            {"text": text, "line": line, "sides": counts, "differs": len(rates) > 1}
        )  # fmt: skip
    return found


def _key(check: CheckNote) -> tuple[str, int | None]:
    return check.expected or f"`{check.name}`", check.line


def _paths(sides: Sequence[Side]) -> list[dict[str, Any]]:
    values = [
        [t.profile.output for t in side.trials if t.profile and t.profile.output is not None]
        for side in sides
    ]
    if not any(values):
        return []
    base, cand = values[0], values[1] if len(values) > 1 else []
    return [
        {
            "path": entry.path,
            "differs": bool(cand) and entry.differs,
            "sides": [_told(counts) for counts in (entry.base, entry.cand)[: len(sides)]],
        }
        for entry in path_counts(base, cand)
    ]


def _told(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts) or "no JSON"


def _facts(entry: Entry) -> tuple[Fact, ...]:
    sides = [side.trials for side in entry.sides]
    return facts_of(sides[0], sides[1] if len(sides) > 1 else ()) if sides else ()


def _fact(fact: Fact, entry: Entry) -> dict[str, Any]:
    sides = [("base", fact.base), ("cand", fact.cand)][: len(entry.sides)]
    end = nice_end(max((*fact.base, *fact.cand)))
    middles = [median(values) if values else None for _, values in sides]
    return {
        "label": fact.label[:1].upper() + fact.label[1:],
        "unit": _UNITS[fact.unit],
        "end": end,
        "half": written(end / 2, fact.unit),
        "last": written(end, fact.unit),
        "told": " → ".join(written(middle, fact.unit) for middle in middles),
        "sides": [
            {"role": role, "values": list(values), "median": middle}
            for (role, values), middle in zip(sides, middles, strict=True)
        ],
    }
