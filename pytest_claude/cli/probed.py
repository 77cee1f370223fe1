"""Replays tests for a command that wants to know something of each, and says nothing meanwhile."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_claude.run.record import Run, loads

_REPLAY = ("-m", "claude", "--claude-record=none", "--claude-trials=recorded")
_NO_TESTS = 5  # pytest.ExitCode.NO_TESTS_COLLECTED


@dataclass(frozen=True)
class Probed:
    """What a command learned.

    Attributes:
        status: 0 where pytest replayed tests, whatever came of them; 5, pytest's own for it, where
            no recorded claude test is among them; else its exit status.
        answers: What the plugin answers the command, of each claude test.
        run: The replay; None where pytest did not run the tests.
    """

    status: int
    answers: list[dict[str, Any]]
    run: Run | None


def probed(options: argparse.Namespace) -> Probed:
    """Replay the tests that were typed; where there are none, or pytest can't, it is printed."""
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path, run_file = Path(folder, "probed.json"), Path(folder, "run.json")
        asked = (f"--claude-probe={options.command.module}", f"--claude-probed={path}")
        words = ["-p", "pytest_claude.plugin.probing", *asked, *_REPLAY]
        words += [f"--claude-report={run_file}", *options.tests, *options.rest]
        with _terminal() as terminal:
            shown = [f"--claude-probe-shown={each}" for each in terminal]
            ran = subprocess.run(
                [sys.executable, "-m", "pytest", *words, *shown],
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                pass_fds=terminal,
            )
        answers = json.loads(path.read_text("utf-8")) if path.exists() else []
        if ran.returncode in (0, 1) and run_file.exists() and answers:
            return Probed(0, answers, loads(run_file.read_text("utf-8"), run_file.name))
    if ran.returncode in (0, _NO_TESTS) and not answers:
        record = shlex.join(["pytest", "--claude-record", *options.tests])
        print(
            f"{options.command.module}: no recorded claude test is here; live tests are left out\n"
            f"  to record one  {record}",
            file=sys.stderr,
        )
        return Probed(_NO_TESTS, [], None)
    print(ran.stdout, ran.stderr, sep="", end="", file=sys.stderr)
    return Probed(ran.returncode or 1, [], None)


@contextmanager
def _terminal() -> Iterator[tuple[int, ...]]:
    """Our standard error, where it is a terminal, for the line that says how far pytest is."""
    if sys.platform == "win32" or not sys.stderr.isatty():  # there no such file can be passed on
        yield ()
        return
    terminal = os.dup(sys.stderr.fileno())
    try:
        yield (terminal,)
    finally:
        os.write(terminal, b"\r\x1b[K")
        os.close(terminal)
