"""`pytest-claude merge`: the run files of CI shards → one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_claude.cli.project import read_project
from pytest_claude.cli.runs import read_run
from pytest_claude.report_files import check_suffix, write_reports


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    merge = commands.add_parser("merge", help="join the run files of CI shards into one")
    merge.add_argument("run_files", nargs="+", type=Path, metavar="RUN.json", help="run files")
    merge.add_argument(
        "-o",
        "--output",
        action="append",
        type=Path,
        required=True,
        metavar="PATH",
        help="what to write: .json, .html, .md (repeatable)",
    )
    merge.set_defaults(run=_merge)


def _merge(options: argparse.Namespace) -> int:
    """Write the joined run; the exit status is that of its verdict."""
    from pytest_claude.report.story import story
    from pytest_claude.report.terminal import overview_lines
    from pytest_claude.run.merge import merged

    for path in options.output:
        check_suffix("merge -o", path)
    project = read_project(Path.cwd())
    runs = [(str(path), read_run(path, "merge")) for path in options.run_files]
    run = merged(runs, project.names)
    for line in overview_lines(story(run)):
        print(line)
    unwritten = write_reports(run, options.output, Path.cwd(), project.price_table)
    for line in unwritten:
        print(line)
    return 1 if unwritten else verdict_status(run)


def verdict_status(run: Any) -> int:
    """0 for a pass or a plain run, 1 for fail, 10 for undecided."""
    if run.decision is None:
        return 0
    return {"pass": 0, "fail": 1}.get(run.decision.overall, 10)
