"""`pytest-claude bump`: as many pytest runs as a gate needs, one with the verdict at the end."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.errors import SettingsError

if TYPE_CHECKING:
    from pytest_claude.run.record import Run

EXIT = {"pass": 0, "fail": 1, "undecided": 10}
"""Exit status for a verdict."""

RAN = (0, 1)
"""Exit statuses of a pytest that ran its tests; 2 to 6 are passed through."""


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    bump = commands.add_parser(
        "bump",
        help="compare two models over the suite; also with -n, where pytest alone can't",
        usage="pytest-claude bump OLD=NEW [OLD=NEW …] [-- PYTEST ARGUMENTS]",
        description="Runs pytest as often as the gate needs: once for the screen, and once more "
        "for the suspects where several workers share the tests. Exit status: 0 pass, 1 fail, "
        "10 undecided; 2 to 6 are pytest's own.",
    )
    bump.add_argument("pairs", nargs="+", metavar="OLD=NEW", help="the models, each as OLD=NEW")
    bump.set_defaults(run=_bump, takes_rest=True)


def _bump(options: argparse.Namespace) -> int:
    """Run pytest until nothing is needed any more; the verdict's exit status."""
    gate = [word for pair in options.pairs for word in ("--claude-bump", pair)]
    status, run = run_gate([*gate, *options.rest])
    if run is None or run.decision is None or status not in RAN:
        return status
    return EXIT[run.decision.overall]


def run_gate(arguments: Sequence[str]) -> tuple[int, Run | None]:
    """Run pytest with `arguments` until its gate is decided, or nothing more comes in.

    Returns:
        pytest's last exit status, and the run; None where pytest did not get that far.
    """
    run: Run | None = None
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        for number in range(1, 100):
            path = Path(folder, f".run{number}.json")
            # As one word each: pytest takes a word that is a path for a place to find the tests.
            command = [*arguments, f"--claude-report={path}"]
            if run is not None:
                command.append(f"--claude-continue={Path(folder, f'.run{number - 1}.json')}")
            status = subprocess.run([sys.executable, "-m", "pytest", *command], check=False)
            before, run = run, _read(path)
            if status.returncode not in RAN or run is None or not _goes_on(before, run):
                return status.returncode, run
    raise SettingsError("the gate did not end")  # each run brings trials, and a plan is finite


def _goes_on(before: Run | None, run: Run) -> bool:
    """Whether another run can bring trials that are needed."""
    decision = run.decision
    if decision is None or not decision.open_trials or decision.policy.offline:
        return False
    return before is None or _trials(run) > _trials(before)


def _trials(run: Run) -> int:
    return sum(len(result.trials) for result in run.results)


def _read(path: Path) -> Run | None:
    from pytest_claude.run.record import loads

    return loads(path.read_text("utf-8"), path.name) if path.exists() else None
