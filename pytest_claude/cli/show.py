"""`pytest-claude show`: what a run came to, and the transcripts of one test."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytest_claude.cli.inputs import project_of, read_run
from pytest_claude.errors import SettingsError
from pytest_claude.report.candidates import Candidates, told
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row
from pytest_claude.report.terminal import overview_lines, row_lines
from pytest_claude.report.transcript import conversation_lines
from pytest_claude.report.unfolded import opening_pair
from pytest_claude.report_files import transcripts_below
from pytest_claude.run.record import Run
from pytest_claude.settings import did_you_mean
from pytest_claude.transcript.quoting import printable

_MOST_NAMED = 5


def run(options: argparse.Namespace) -> int:
    """Print the run, or one test of it: of several candidates on each."""
    run = read_run(options.run_file, "show")
    of = told(run)
    parts = of.arms if isinstance(of, Candidates) else ()
    rows = [(arm.name, row) for arm in parts for row in arm.story.rows] or [
        ("", row) for row in of.rows
    ]
    if options.test is not None:
        first = {row.test: row for _, row in reversed(rows)}
        chosen = _chosen(tuple(first.values()), options.test, options.run_file)
        rows = [(name, row) for name, row in rows if row.test == chosen.test]
    if options.json:
        for name, row in rows:
            candidate = {"candidate": name} if name else {}
            print(json.dumps({**candidate, **_facts(row)}, ensure_ascii=False))
    elif options.test is None:
        print("\n".join(overview_lines(of)))
    else:
        for number, (name, row) in enumerate(rows):
            heading = ["", printable(f"==== {name}")][not number :] if name else []
            # The baseline is the same on every candidate.
            print("\n".join([*heading, *_test_lines(run, row, options, base=not number)]))
    return 0


def _facts(row: Row) -> dict[str, Any]:
    return {
        "test": row.test,
        "verdict": row.status,
        "reason": row.reason,
        "sentence": row.text,
        "rates": row.rates,
        "result": row.result.to_json(),
    }


def _chosen(rows: tuple[Row, ...], wanted: str, path: Path) -> Row:
    """The one test that `wanted` names."""
    for fits in (
        lambda row: row.test == wanted,
        lambda row: row.name == wanted or row.test.endswith(f"::{wanted}"),
        lambda row: wanted in row.test,
    ):
        found = [row for row in rows if fits(row)]
        if len(found) == 1:
            return found[0]
        if found:
            named = "".join(f"\n         {row.test}" for row in found[:_MOST_NAMED])
            rest = len(found) - _MOST_NAMED
            more = f"\n         … {rest} more" if rest > 0 else ""
            raise SettingsError(f"show {path} {wanted}: {len(found)} tests fit:{named}{more}")

    near = did_you_mean(wanted, [row.name for row in rows])
    raise SettingsError(f"show {path} {wanted}: no test of the run has that name{near}")


def _test_lines(run: Run, row: Row, options: argparse.Namespace, *, base: bool) -> Iterator[str]:
    yield from row_lines(row)
    lookup = transcripts_below(project_of(run, options.run_file))
    opened = opening_pair(row) if row.sides else []
    given = [options.baseline_trial, options.trial][-len(row.sides) :] if row.sides else []
    for side, first, number in zip(row.sides, opened, given, strict=True):
        if side.role == "base" and not base:
            continue
        yield ""
        if not side.trials:
            yield f"{side.model}: no trial"
            continue
        index = first if number is None else number - 1
        if not 0 <= index < len(side.trials):
            known = plural(len(side.trials), "trial")
            raise SettingsError(f"show: {side.model} has {known}, no trial {number}")
        trial = side.trials[index]
        word = {"pass": "passed", "fail": "failed"}.get(trial.outcome, trial.outcome)
        yield f"== {side.model}, trial {index + 1} of {len(side.trials)}: {word}"
        yield f"   {trial.cassette or 'no call was made'}"
        transcript = lookup(trial.cassette) if trial.cassette else None
        if transcript is None:
            if trial.cassette:
                yield "   the cassette is not here: run this in the project's folder"
            continue
        for line in conversation_lines(trial.own(transcript)):
            yield f"   {line}".rstrip()
