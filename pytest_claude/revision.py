"""EDGE: git revisions of a project; shared by the plugin and the commands."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_claude.errors import SettingsError


def git(folder: Path, revision: str, *words: str, option: str) -> bytes:
    """What git prints.

    Args:
        folder: Where it runs.
        revision: What the user named.
        words: Its command and arguments.
        option: What the user typed before the revision, for the error.

    Raises:
        SettingsError: It failed, or is not installed.
    """
    try:
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, check=False)
    except OSError as error:
        raise SettingsError(f"{option} git:{revision}: git did not start: {error}") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        why = lines[-1] if lines else "git failed"
        raise SettingsError(f"{option} git:{revision}: {why}")
    return done.stdout


def run_revision(root: Path, revision: str, words: Sequence[str], option: str) -> str:
    """The run file of the project's tests at a git revision, with its app and its cassettes.

    They are checked out apart and replayed offline by a child: outcomes are made anew, and nothing
    is called.

    Args:
        root: The folder of the project.
        revision: What git calls it.
        words: Further arguments of pytest: plugins to load, and the tests to run.
        option: What the user typed before the revision, for the error.

    Raises:
        SettingsError: There is no such revision, or its tests did not run.
    """
    top = git(root, revision, "rev-parse", "--show-toplevel", option=option)
    below = root.resolve().relative_to(Path(os.fsdecode(top).strip()).resolve())
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        tree = Path(folder, "tree")
        add = ("worktree", "add", "--detach", "--quiet", str(tree), revision)
        git(root, revision, *add, option=option)
        try:
            return _replayed(tree / below, words, f"{option} git:{revision}")
        finally:
            git(root, revision, "worktree", "remove", "--force", str(tree), option=option)


def _replayed(project: Path, words: Sequence[str], typed: str) -> str:
    report = project / ".claude-run.json"
    options = ["-q", "-p", "no:cacheprovider", f"--claude-report={report}"]
    options.append("--claude-trials=recorded")  # all of it is evidence, whatever the marker says
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words],
        cwd=project, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode not in (0, 1) or not report.exists():
        last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "")
        raise SettingsError(
            f"{typed}: its tests did not run (pytest exited with "
            f"{done.returncode}: {last.strip()[:200]})"
        )
    return report.read_text("utf-8")
