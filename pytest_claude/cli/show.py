"""`pytest-claude show`: what a run came to, and the transcripts of one test."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.cli.runs import project_of, read_run
from pytest_claude.errors import SettingsError

if TYPE_CHECKING:
    from pytest_claude.report.artifact import Run
    from pytest_claude.report.entry import Entry

_MOST_NAMED = 5


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    show = commands.add_parser("show", help="what a run came to; of one test, what was said")
    show.add_argument("run_file", type=Path, metavar="RUN.json", help="a run file")
    show.add_argument(
        "test", nargs="?", metavar="TEST", help="a test's id, its name, or a part that only it has"
    )
    show.add_argument(
        "--trial", type=int, metavar="N", help="the candidate's trial N (in a plain run, the trial)"
    )
    show.add_argument("--baseline-trial", type=int, metavar="N", help="the baseline's trial N")
    show.add_argument("--json", action="store_true", help="one JSON object per test")
    show.set_defaults(run=_show)


def _show(options: argparse.Namespace) -> int:
    """Print the run, or one test of it."""
    from pytest_claude.report.outline import outline

    run = read_run(options.run_file, "show")
    entries = outline(run).entries
    if options.test is not None:
        entries = (_chosen(entries, options.test, options.run_file),)
    if options.json:
        for entry in entries:
            print(json.dumps(_facts(entry), ensure_ascii=False))
        return 0
    lines = _run_lines(run) if options.test is None else _test_lines(run, entries[0], options)
    for line in lines:
        print(line)
    return 0


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "test": entry.test,
        "verdict": entry.kind,
        "sentence": entry.sentence,
        "rates": entry.decided or entry.rates,
        "result": entry.result.to_json(),
    }


def _run_lines(run: Run) -> Iterator[str]:
    from pytest_claude.report.outline import outline
    from pytest_claude.report.terminal import overview_lines

    yield from overview_lines(outline(run))


def _chosen(entries: tuple[Entry, ...], wanted: str, path: Path) -> Entry:
    """The one test that `wanted` names."""
    for fits in (
        lambda entry: entry.test == wanted,
        lambda entry: entry.name == wanted or entry.test.endswith(f"::{wanted}"),
        lambda entry: wanted in entry.test,
    ):
        found = [entry for entry in entries if fits(entry)]
        if len(found) == 1:
            return found[0]
        if found:
            named = "".join(f"\n         {entry.test}" for entry in found[:_MOST_NAMED])
            rest = len(found) - _MOST_NAMED
            more = f"\n         … {rest} more" if rest > 0 else ""
            raise SettingsError(f"show {path} {wanted}: {len(found)} tests fit:{named}{more}")
    from pytest_claude.settings import did_you_mean

    near = did_you_mean(wanted, [entry.name for entry in entries])
    raise SettingsError(f"show {path} {wanted}: no test of the run has that name{near}")


def _test_lines(run: Run, entry: Entry, options: argparse.Namespace) -> Iterator[str]:
    from pytest_claude.report.numbers import plural
    from pytest_claude.report.terminal import entry_lines
    from pytest_claude.report.transcript import conversation_lines
    from pytest_claude.report.unfolded import opening_pair
    from pytest_claude.report_files import transcripts_below

    yield from entry_lines(entry)
    lookup = transcripts_below(project_of(run, options.run_file))
    opened = opening_pair(entry) if entry.sides else []
    given = [options.baseline_trial, options.trial][-len(entry.sides) :] if entry.sides else []
    for side, first, number in zip(entry.sides, opened, given, strict=True):
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
