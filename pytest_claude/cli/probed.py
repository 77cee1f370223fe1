"""Replays tests for a command that wants to know something of each, and says nothing meanwhile."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude.run.record import Run, loads

_REPLAY = ("-m", "claude", "--claude-record=none", "--claude-trials=recorded")


@dataclass(frozen=True)
class Probed:
    """What a command learned.

    Attributes:
        status: 0 where pytest ran the tests, whatever came of them; else its own exit status.
        answers: What the plugin answers the command, of each claude test.
        run: The replay; None where pytest did not run the tests.
    """

    status: int
    answers: list[dict[str, Any]]
    run: Run | None


def probed(options: argparse.Namespace) -> Probed:
    """Replay the tests that were typed; where pytest can't, what it said is printed."""
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path, run_file = Path(folder, "probed.json"), Path(folder, "run.json")
        asked = (f"--claude-probe={options.command.module}", f"--claude-probed={path}")
        words = ["-p", "pytest_claude.plugin.probing", *asked, *_REPLAY]
        words += [f"--claude-report={run_file}", *options.tests, *options.rest]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if ran.returncode in (0, 1) and path.exists() and run_file.exists():
            answers = json.loads(path.read_text("utf-8"))
            return Probed(0, answers, loads(run_file.read_text("utf-8"), run_file.name))
    print(ran.stdout, ran.stderr, sep="", end="", file=sys.stderr)
    return Probed(ran.returncode or 1, [], None)
