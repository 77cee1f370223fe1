"""`pytest-claude compare`: two runs, or the recordings of two revisions, offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.cli.merge import verdict_status
from pytest_claude.cli.project import read_project
from pytest_claude.cli.runs import read_run
from pytest_claude.errors import SettingsError
from pytest_claude.report_files import check_suffix, write_reports

if TYPE_CHECKING:
    from pytest_claude.run.record import Run


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    compare = commands.add_parser(
        "compare",
        help="compare two runs, or the recordings of two revisions, offline",
        description="A.json B.json: the trials of two run files, with the gate's verdict. "
        "git:REV .: what the recordings at a revision and those here show of the model's "
        "behavior; without a verdict on tests, which nothing runs.",
    )
    compare.add_argument("before", metavar="A", help="a run file, or git:REV")
    compare.add_argument("after", metavar="B", help="a run file, git:REV, or . for what is here")
    compare.add_argument(
        "--report",
        action="append",
        type=Path,
        default=[],
        metavar="PATH",
        help="write it to PATH: .html, .md, .json (repeatable)",
    )
    compare.set_defaults(run=_compare)


def _compare(options: argparse.Namespace) -> int:
    """Print the comparison; 0 for a pass, 1 for fail, 10 for undecided."""
    for path in options.report:
        check_suffix("compare --report", path)
    sides = [options.before, options.after]
    by_recordings = [_is_revision(side) for side in sides]
    if any(by_recordings) and not all(by_recordings):
        raise SettingsError(
            f"compare {' '.join(sides)}: two run files, or two of git:REV and ., not one of each"
        )
    if all(by_recordings):
        if options.report:
            raise SettingsError(
                f"compare {' '.join(sides)}: recordings have no verdict to report\n"
                f"       to make one, pytest --claude-baseline {sides[0]} "
                f"--claude-report {options.report[0]}"
            )
        from pytest_claude.cli.revisions import compare_recordings

        return compare_recordings(*sides)
    return _runs(options)


def _is_revision(side: str) -> bool:
    return side == "." or side.startswith("git:")


def _runs(options: argparse.Namespace) -> int:
    from pytest_claude.report.plan_words import offline_text
    from pytest_claude.report.story import story
    from pytest_claude.report.terminal import overview_lines, wrap
    from pytest_claude.run.merge import compared

    read = [(side, read_run(Path(side), "compare")) for side in (options.before, options.after)]
    run = compared(*read)
    for line in overview_lines(story(run)):
        print(line)
    numbers = _trials_a_side(run)
    if numbers is not None and run.decision is not None:
        print()
        for line in wrap(offline_text(*numbers, run.decision.policy), 80):
            print(line)
    unwritten = write_reports(run, options.report, Path.cwd(), read_project(Path.cwd()).price_table)
    for line in unwritten:
        print(line)
    return 1 if unwritten else verdict_status(run)


def _trials_a_side(run: Run) -> tuple[int, int, int] | None:
    """Tests compared, and the fewest trials of each side; None where none was compared."""
    if run.decision is None:
        return None
    gated = {v.test for v in run.decision.tests if v.verdict != "not run"}
    counts = [
        tuple(sum(t.stream == stream for t in result.trials) for stream in ("base", "cand"))
        for result in run.results
        if result.test in gated
    ]
    if not counts:
        return None
    return len(counts), min(base for base, _ in counts), min(cand for _, cand in counts)
