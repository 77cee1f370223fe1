"""`pytest-claude accept`: what tests do in their recordings is accepted behavior from now on."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_claude.expect.as_recorded import NAME
from pytest_claude.run.record import Run, loads

_ACCEPTING = ("-p", "pytest_claude.plugin.accepting")
_REPLAY = ("--claude-record=none", "--claude-trials=recorded")


def run(options: argparse.Namespace) -> int:
    """Replay the tests and write what they do; pytest's exit status, 1 where nothing is accepted.

    A test that fails for another reason accepts nothing.
    """
    ran, run = replay([*options.tests, *options.rest])
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


def replay(words: Sequence[str], **how: Any) -> tuple[subprocess.CompletedProcess[str], Run | None]:
    """Replay tests, which accepts what those that pass do: how pytest ended, and what came of it.

    Args:
        words: What pytest gets.
        how: What else the program is started with.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "run.json")
        command = [*_ACCEPTING, *_REPLAY, f"--claude-report={path}", *words]
        ran = subprocess.run([sys.executable, "-m", "pytest", *command], check=False, **how)
        run = loads(path.read_text("utf-8"), path.name) if path.exists() else None
    return ran, run
