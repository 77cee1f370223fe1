"""Which tests a project has: pytest is asked, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.cli.project import cassette_folder, read_project
from pytest_claude.transcript.quoting import printable

if TYPE_CHECKING:
    from pytest_claude.cli.orphans import Orphan

_COMMAND = ("--collect-only", "-q", "-p", "pytest_claude.plugin.listing")


class NotCollected(Exception):
    """Pytest could not say which tests there are; the text is the end of a sentence."""


def project_orphans() -> list[Orphan]:
    """The cassettes of the project here whose test is gone.

    Raises:
        NotCollected: Which tests there are is not known.
    """
    from pytest_claude.cli.orphans import find_orphans

    project = read_project(Path.cwd()).root
    root = cassette_folder()
    if not root.resolve().is_relative_to(project.resolve()):
        raise NotCollected(f"{root} is outside the project: others may keep cassettes there")
    return find_orphans(root, project, _collected_tests(project))


def _collected_tests(root: Path) -> dict[str, str | None]:
    """All tests of the project at `root`, deselected ones included: node id → shared cassette."""
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "tests.json")
        words = [sys.executable, "-m", "pytest", *_COMMAND, f"--claude-tests-to={path}"]
        ran = subprocess.run(words, cwd=root, capture_output=True, check=False)
        told = json.loads(path.read_text("utf-8")) if path.exists() else None
    if ran.returncode not in (0, 5) or told is None:
        raise NotCollected(f"pytest --collect-only exits with {ran.returncode}{_why(ran)}")
    if not root.samefile(told["root"]):
        raise NotCollected(f"pytest's rootdir is {told['root']}, the ini file's folder is {root}")
    if told["named"]:
        raise NotCollected(f"pytest is told to run {told['named'][0]} alone")
    tests: dict[str, str | None] = told["tests"]
    if not tests:
        raise NotCollected("pytest --collect-only finds no test")
    return tests


def _why(ran: subprocess.CompletedProcess[bytes]) -> str:
    """The last error that pytest told, cut where it is long."""
    told = (ran.stdout + b"\n" + ran.stderr).decode("utf-8", "replace").splitlines()
    errors = [line[1:].strip() for line in told if line.startswith("E ")] or told
    last = next((line.strip() for line in reversed(errors) if line.strip()), "")
    return f": {printable(last[:200])}" if last else ""
