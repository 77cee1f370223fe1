"""`pytest-claude scan`: where the project names a model, and when that retires."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from pytest_claude import clock
from pytest_claude.cli.project import read_project
from pytest_claude.cli.source_files import model_ids
from pytest_claude.models.facts import use_of
from pytest_claude.report.models import scan_lines
from pytest_claude.settings import parse_days


def run(options: argparse.Namespace) -> int:
    """Print each place; 1 when a model that is named retires soon, or has."""
    project, today = read_project(Path.cwd()), clock.today()
    within = project.retirement_days
    if options.within is not None:
        within = parse_days("--within", options.within)
    named, unread = model_ids(project, options.paths)
    places = [(path.as_posix(), each) for path, of in named for each in of]
    uses = [
        (path, each.line, use_of(each.name, project.names.resolved(each.name)))
        for path, each in places
    ]
    if options.json:
        for path, line, use in uses:
            place = {"path": path, "line": line, **asdict(use)}
            place["retiring"] = use.retires_within(today, within)
            print(json.dumps(place, ensure_ascii=False))
    else:
        print("\n".join(scan_lines(uses, today, within, unread)))
    return int(any(use.retires_within(today, within) for _, _, use in uses))
