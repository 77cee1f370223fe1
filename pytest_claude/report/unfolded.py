"""One test as the page unfolds it: charts, checks, transcripts, JSON, commands, as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.gating.statistics import wilson
from pytest_claude.report.cause import cause_of
from pytest_claude.report.charts import nice_end
from pytest_claude.report.commands import Command
from pytest_claude.report.conversation import Lookup, Pool, conversation
from pytest_claude.report.figures import LABELS, Unit, distribution
from pytest_claude.report.numbers import written
from pytest_claude.report.row import Lane, Row, Side, failing_line
from pytest_claude.report.shape import path_counts
from pytest_claude.report.story import Story, short_names

_UNITS: Mapping[Unit, str] = {"usd": "dollars", "s": "seconds", "tokens": "", "": ""}


def unfolded(
    row: Row,
    story: Story,
    transcripts: Lookup,
    shared: Pool,
    commands: Sequence[Command],
    *,
    most: int | None = None,
) -> dict[str, Any]:
    """What the page unfolds of one test.

    Args:
        row: The test.
        story: The run.
        transcripts: Gives the transcript of a cassette.
        shared: Takes what the tests have in common.
        commands: What to type.
        most: Trials a side that keep their transcript; None for all.
    """
    pool = Pool()
    shorts = short_names([side.model for side in row.sides]) if story.compares else ("",)
    pair = opening_pair(row)
    sides = [
        _side(side, shorts, number, pair[number], transcripts, (pool, shared), most)
        for number, side in enumerate(row.sides)
    ]
    return {
        "module": row.module,
        "name": row.name,
        "kind": row.word,
        "title": row.text,
        "statement": row.evidence and row.evidence.replace("<=", "≤"),
        "behaves": row.behaves,
        "also": [d.counted for d in row.differences if d.sentence not in (row.sentence or "")],
        "line": failing_line(row),
        "simulated": story.simulated_by is not None,
        "sides": sides,
        "pair": pair,
        "pool": pool.values,
        "checks": _checks(row.sides),
        "paths": _paths(row.sides),
        "facts": _facts(row),
        "commands": [asdict(command) for command in commands],
    }


def opening_pair(row: Row) -> list[int]:
    """The trials that are shown first, as numbers from 0, baseline first.

    The first failing trial of the candidate's last lane that has one, or the first that behaves
    in the new way, against the first passing trial of the baseline. In a plain run the first
    that failed.
    """
    if len(row.sides) == 1:
        return [_first(row.sides[0], "fail", "void")]
    wanted = ("yes",) if row.behaves else ("fail", "void")
    return [_first(side, *("no", "pass") if side.role == "base" else wanted) for side in row.sides]


def _first(side: Side, *marks: str) -> int:
    start = len(side.trials)
    for lane in reversed(side.lanes):
        start -= len(lane.trials)
        for number, mark in enumerate(lane.marks):
            if mark in marks and (side.role == "cand" or lane is side.lanes[0]):
                return start + number
    return next((n for n, mark in enumerate(side.marks) if mark in marks), 0)


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
    data: dict[str, Any] = {"mark": mark, "cause": cause_of(trial), "cassette": trial.cassette,
                             "n": trial.interactions}  # fmt: skip
    if transcripts is None:
        data["trimmed"] = True
    elif trial.cassette and (transcript := transcripts(trial.cassette)) is not None:
        data["calls"] = conversation(trial.own(transcript), *pools)
    if trial.profile is not None and trial.profile.output is not None:
        data["out"] = trial.profile.output
    return {key: value for key, value in data.items() if value is not None}


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
        shown = {"text": text, "line": line, "sides": counts, "differs": len(rates) > 1}
        found.append(shown)
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


def _facts(row: Row) -> list[dict[str, Any]]:
    """How each number lies over the trials of the test; no time where no model answered."""
    simulated = any(trial.simulated_by for side in row.sides for trial in side.trials)
    facts = []
    for measure, (label, unit) in LABELS.items():
        values = [distribution(side.trials, measure) for side in row.sides]
        if any(map(any, values)) and all(values) and not (unit == "s" and simulated):
            facts.append(_fact(label, unit, row, values))
    return facts


def _fact(label: str, unit: Unit, row: Row, values: Sequence[Sequence[float]]) -> dict[str, Any]:
    end = nice_end(max(number for side in values for number in side))
    middles = [median(side) for side in values]
    return {
        "label": label[:1].upper() + label[1:],
        "unit": _UNITS[unit],
        "end": end,
        "half": written(end / 2, unit),
        "last": written(end, unit),
        "told": " → ".join(written(middle, unit) for middle in middles),
        "sides": [
            {"role": side.role, "values": list(numbers), "median": middle}
            for side, numbers, middle in zip(row.sides, values, middles, strict=True)
        ],
    }
