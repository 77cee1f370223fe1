"""`pytest-claude from promptfoo|deepeval|pydantic-evals`: another tool's suite becomes tests."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_claude.errors import SettingsError
from pytest_claude.report.numbers import plural
from pytest_claude.suites.deepeval import read_deepeval
from pytest_claude.suites.model import Suite
from pytest_claude.suites.promptfoo import read_promptfoo
from pytest_claude.suites.pydantic_evals import read_pydantic_evals
from pytest_claude.suites.writing import ids, written

SUITES: Mapping[str, Callable[[Path], Suite]] = {
    "promptfoo": read_promptfoo,
    "deepeval": read_deepeval,
    "pydantic-evals": read_pydantic_evals,
}


def run(options: argparse.Namespace) -> int:
    """Write a test module and its cases, and list what is not imported; 1 where nothing is."""
    path, *others = options.paths
    if others:
        raise SettingsError(f"from {options.source}: one file at a time; {path} is the first")
    suite = SUITES[options.source](path)
    name = re.sub(r"\W+", "_", options.name or path.stem).strip("_").lower() or "imported"
    if not suite.cases:
        raise SettingsError(f"{path}: no case can be imported: {'; '.join(suite.left_out)}")
    files = {options.into / n: t for n, t in written(suite, name, path.name).items()}
    if there := [file for file in files if file.exists()]:
        raise SettingsError(f"{there[0]}: the file exists, and none is written over; give --name")
    options.into.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        file.write_text(text, "utf-8", newline="\n")
    _tell(suite, [*files])
    return 0


def _tell(suite: Suite, files: list[Path]) -> None:
    checks = sum(len(case.checks) for case in suite.cases)
    print(f"written: {', '.join(map(str, files))}")
    print(f"{plural(len(suite.cases), 'case')} with {plural(checks, 'check')}")
    named = zip(suite.cases, ids(suite.cases), strict=True)
    left_out = [f"{case.name or ident}: {line}" for case, ident in named for line in case.left_out]
    for line in dict.fromkeys([*suite.left_out, *left_out]):
        print(f"not imported: {' '.join(line.split())}", file=sys.stderr)
    if not any("model" in case.request for case in suite.cases):
        print("no model is named: set the ini key claude_model", file=sys.stderr)
    print(f"to record them  pytest {files[0]} --claude-record")
