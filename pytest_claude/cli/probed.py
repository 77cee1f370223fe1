"""Replays tests for a command that wants to know something of each, and says nothing meanwhile."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_REPLAY = ("-m", "claude", "--claude-record=none", "--claude-trials=recorded")


def probed(options: argparse.Namespace) -> tuple[int, list[dict[str, Any]]]:
    """What the plugin answers the command that was typed, of each claude test; an exit status.

    The status is 0 where pytest ran the tests, whatever came of them; else it is pytest's own,
    and what it said is printed.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "probed.json")
        asked = (f"--claude-probe={options.command.module}", f"--claude-probed={path}")
        words = ["-p", "pytest_claude.plugin.probing", *asked, *_REPLAY]
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", *words, *options.tests, *options.rest],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if ran.returncode in (0, 1) and path.exists():
            return 0, json.loads(path.read_text("utf-8"))
    print(ran.stdout, ran.stderr, sep="", end="", file=sys.stderr)
    return ran.returncode or 1, []
