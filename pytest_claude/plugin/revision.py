"""What the tests of another revision come to: checked out apart, replayed offline by a child."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_claude.errors import SettingsError


def run_revision(config: pytest.Config, revision: str) -> str:
    """The run file of the project's tests at a git revision, with its app and its cassettes.

    Outcomes are made anew by replaying; nothing is called.

    Raises:
        SettingsError: There is no such revision, or its tests did not run.
    """
    root = config.rootpath
    top = Path(_git(root, revision, "rev-parse", "--show-toplevel").strip())
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        tree = Path(folder, "tree")
        _git(root, revision, "worktree", "add", "--detach", "--quiet", str(tree), revision)
        try:
            return _replayed(config, revision, tree / root.resolve().relative_to(top.resolve()))
        finally:
            _git(root, revision, "worktree", "remove", "--force", str(tree))


def _replayed(config: pytest.Config, revision: str, project: Path) -> str:
    report = project / ".claude-run.json"
    words = ["-q", "-p", "no:cacheprovider", "--claude-report", str(report)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST_")}
    if not config.pluginmanager.has_plugin("claude"):
        words = ["-p", "pytest_claude.plugin", *words]  # it was named on the command line
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *_selected(config)],
        cwd=project, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode not in (0, 1) or not report.exists():
        last = next((line for line in reversed(done.stdout.splitlines()) if line.strip()), "")
        raise SettingsError(
            f"--claude-baseline git:{revision}: its tests did not run (pytest exited with "
            f"{done.returncode}: {last.strip()[:200]})"
        )
    return report.read_text("utf-8")


def _selected(config: pytest.Config) -> list[str]:
    """The files and folders that this run was given, as far as they are relative."""
    given = [str(word) for word in config.option.file_or_dir]
    return [word for word in given if not Path(word.partition("::")[0]).is_absolute()]


def _git(folder: Path, revision: str, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], check=True, capture_output=True, text=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        told = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        why = told[-1] if told else "git failed"
        raise SettingsError(f"--claude-baseline git:{revision}: {why}") from None
    return done.stdout
