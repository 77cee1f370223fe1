"""`pytest-claude bump`: as many pytest runs as a gate needs, one with the verdict at the end."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_claude.cli.merge import EXIT
from pytest_claude.cli.prune import is_terminal
from pytest_claude.errors import SettingsError
from pytest_claude.recording.shared_state import sharing
from pytest_claude.report.candidates import told
from pytest_claude.report.commands import next_commands
from pytest_claude.report.terminal import way_line
from pytest_claude.run.record import Run, loads


def run(options: argparse.Namespace) -> int:
    """Run pytest until nothing is needed any more; the verdict's exit status."""
    status, run = run_gate(options)
    if run is None or run.overall is None:
        return status
    if is_terminal():
        print(way_line(command.label for command in next_commands(told(run), None)))
    return EXIT[run.overall] or status  # pytest fails a run for more than its verdict


def run_gate(
    options: argparse.Namespace, gate: Sequence[str] | None = None
) -> tuple[int, Run | None]:
    """Run pytest on the pairs until the gate is decided, or nothing more comes in.

    Args:
        options: What was typed.
        gate: The options that name what is compared, where these are others than the pairs.

    Returns:
        pytest's last exit status, and the run; None where pytest did not run the tests.
    """
    gate = gate or [word for pair in options.pairs for word in ("--claude-bump", pair)]
    run: Run | None = None
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder, sharing(folder):
        for number in range(1, 100):
            path = Path(folder, f".run{number}.json")
            # As one word each: pytest takes a word that is a path for a place to find the tests.
            command = [*gate, *options.rest, f"--claude-report={path}"]
            if run is not None:
                command.append(f"--claude-continue={Path(folder, f'.run{number - 1}.json')}")
            status = subprocess.run([sys.executable, "-m", "pytest", *command], check=False)
            before = run
            run = loads(path.read_text("utf-8"), path.name) if path.exists() else None
            if status.returncode not in (0, 1):  # 2 to 6 are pytest's own
                return status.returncode, None
            if run is None or not _goes_on(before, run):
                return status.returncode, run
    raise SettingsError("the gate did not end")  # each run brings trials, and a plan is finite


def _goes_on(before: Run | None, run: Run) -> bool:
    """Whether another run can bring trials that are needed."""
    decision = run.decision
    if decision is None or not decision.open_trials or decision.policy.offline:
        return False
    if any(verdict.reason == "budget" for verdict in decision.tests):
        return False
    return before is None or _trials(run) > _trials(before)


def _trials(run: Run) -> int:
    return sum(len(result.trials) for result in run.results)
