"""`pytest-claude merge`: the run files of CI shards → one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from pytest_claude.cli.inputs import read_run
from pytest_claude.cli.project import Project, read_project
from pytest_claude.report.candidates import told
from pytest_claude.report.commands import next_commands
from pytest_claude.report.terminal import command_lines, overview_lines
from pytest_claude.report_files import check_suffix, run_file_of, write_reports
from pytest_claude.run.merge import merged
from pytest_claude.run.record import Run
from pytest_claude.run.sets import sets_verdict

EXIT = {"pass": 0, "fail": 1, "undecided": 10}
"""Exit status for a verdict."""


def run(options: argparse.Namespace) -> int:
    """Write the joined run; the exit status is that of its verdict."""
    for path in options.output:
        check_suffix("merge -o", path)
    project = read_project(Path.cwd())
    runs = [(str(path), read_run(path, "merge")) for path in options.run_files]
    whole = merged(runs, project.names)
    shown = told(whole)
    commands = next_commands(shown, run_file_of(options.output)) if shown.compares else ()
    return print_run(
        whole, project, options.output, ["", *command_lines(commands)] if commands else []
    )


def print_run(run: Run, project: Project, reports: Sequence[Path], more: Sequence[str] = ()) -> int:
    """Print a run, then `more`, and write its reports.

    Returns:
        1 where a report was not written, else the status of the verdict; 0 for a plain run without
        a data set that has a pass rate.
    """
    shown = told(run)
    unwritten = write_reports(run, shown, reports, Path.cwd(), project.price_table)
    print("\n".join([*overview_lines(shown), *more, *unwritten]))
    if unwritten or (run.overall is None and sets_verdict(run.results) is None):
        return 1 if unwritten else 0
    return EXIT[run.overall or shown.overall]
