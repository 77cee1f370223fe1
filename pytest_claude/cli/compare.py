"""`pytest-claude compare`: two runs, or the recordings of two revisions, offline."""

from __future__ import annotations

import argparse
from pathlib import Path

from pytest_claude.cli.inputs import read_run
from pytest_claude.cli.merge import print_run
from pytest_claude.cli.project import read_project
from pytest_claude.cli.revisions import compare_recordings
from pytest_claude.errors import SettingsError
from pytest_claude.report.plan_words import offline_text
from pytest_claude.report.terminal import wrap
from pytest_claude.report_files import check_suffix
from pytest_claude.run.merge import compared
from pytest_claude.run.record import Run


def run(options: argparse.Namespace) -> int:
    """Print the comparison; 0 for a pass, 1 for fail, 10 for undecided."""
    for path in options.report:
        check_suffix("compare --report", path)
    sides = [options.before, options.after]
    by_recordings = [side == "." or side.startswith("git:") for side in sides]
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
        return compare_recordings(*sides)
    return _runs(options)


def _runs(options: argparse.Namespace) -> int:
    read = [(side, read_run(Path(side), "compare")) for side in (options.before, options.after)]
    run = compared(*read)
    numbers, more = _trials_a_side(run), []
    if numbers is not None and run.decision is not None:
        more = ["", *wrap(offline_text(*numbers, run.decision.policy), 80)]
    return print_run(run, read_project(Path.cwd()), options.report, more)


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
