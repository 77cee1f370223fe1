"""`pytest-claude coverage`: which recorded behavior no test would miss."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_claude.cli.probed import probed
from pytest_claude.cli.project import read_project
from pytest_claude.report.candidates import told
from pytest_claude.report.coverage import Behavior, coverage_lines
from pytest_claude.report_files import check_suffix, write_reports


def run(options: argparse.Namespace) -> int:
    """Print what each recorded behavior is looked at by; 1 where a report was not written."""
    for path in options.report:
        check_suffix("coverage --report", path)
    ran = probed(options)
    if ran.status or ran.run is None:
        return ran.status
    behaviors = _behaviors(ran.answers)
    without = {
        key: {each["test"]: each[key] for each in ran.answers if each[key]}
        for key in ("not_read", "not_known")
    }
    if options.json:
        listed = [asdict(behavior) for behavior in behaviors]
        print(json.dumps({"behaviors": listed, **without}, indent=1, ensure_ascii=False))
    else:
        print("\n".join(coverage_lines(behaviors)))
    for key, tests in without.items():
        for test, why in tests.items():
            print(f"{key.replace('_', ' ')}: {test}: {why}", file=sys.stderr)
    project = read_project(Path.cwd())
    reports = options.report, project.root, project.price_table, behaviors
    unwritten = write_reports(ran.run, told(ran.run), *reports)
    print("".join(f"{line}\n" for line in unwritten), end="", file=sys.stderr)
    return 1 if unwritten else 0


def _behaviors(answers: Iterable[dict[str, Any]]) -> list[Behavior]:
    by_name: dict[tuple[str, str], Behavior] = {}
    for each in answers:
        for shown in each["shown"]:
            key = shown["kind"], shown["name"]
            behavior = by_name.setdefault(key, Behavior(*key))
            behavior.tests.append(each["test"])
            if shown["noticed"]:
                behavior.looked_at_by[each["test"]] = shown["by"]
            elif shown["noticed"] is None:
                behavior.unknown.append(each["test"])
    return sorted(by_name.values(), key=lambda behavior: behavior.order)
