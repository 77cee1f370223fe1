"""`pytest-claude accept`: what tests do in their recordings is accepted behavior from now on."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from pytest_claude.expect.as_recorded import NAME
from pytest_claude.run.record import loads

_ACCEPTING = ("-p", "pytest_claude.plugin.accepting")
_REPLAY = ("--claude-record=none", "--claude-trials=recorded")


def run(options: argparse.Namespace) -> int:
    """Replay the tests and write what they do; pytest's exit status, 1 where nothing is accepted.

    A test that fails for another reason accepts nothing.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "run.json")
        words = [*_ACCEPTING, *_REPLAY, f"--claude-report={path}", *options.tests, *options.rest]
        ran = subprocess.run([sys.executable, "-m", "pytest", *words], check=False)
        run = loads(path.read_text("utf-8"), path.name) if path.exists() else None
    if ran.returncode or run is None:
        return ran.returncode or 1
    trials = (trial for result in run.results if result.passed for trial in result.trials)
    if any(check.name == NAME and check.outcome for trial in trials for check in trial.checks):
        return 0
    print(
        "nothing is accepted: no test here states claude.behaves_as_recorded() and passes",
        file=sys.stderr,
    )
    return 1
