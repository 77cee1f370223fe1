"""Where an earlier run comes from: a run file, the last plain run, or a git revision."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.run.record import Run, dumps, loads
from pytest_claude.settings import RunSettings

_LAST = "claude/last-run"


def earlier_run(config: pytest.Config, settings: RunSettings) -> str | None:
    """The file of the run that this one goes on with, or is compared with; None without one.

    A worker of xdist is given it by the controller.

    Raises:
        SettingsError: There is none, or it can't be read.
    """
    given: str | None = getattr(config, "workerinput", {}).get("claude_earlier")
    if given is not None:
        return given
    if settings.go_on is not None:
        return _read(settings.go_on)
    if settings.baseline is None:
        return None
    kind, colon, revision = settings.baseline.partition(":")
    if kind == "git" and colon:
        return _run_revision(config, revision)
    if settings.baseline == "last":
        return _last(config)
    return _read(Path(config.invocation_params.dir, settings.baseline))


def keep_last(config: pytest.Config, run: Run) -> None:
    """Keep a plain run for `--claude-baseline last`: of each test, the last result that passed.

    A run of a few tests leaves the others as they were, and the red run after an edit is no
    baseline of that edit.
    """
    cache = getattr(config, "cache", None)
    kept = {result.test: result for result in run.results if result.trials and result.passed}
    if cache is None or not kept:
        return
    try:
        before = loads(cache.get(_LAST, None) or dumps(Run()), _LAST)
        kept = {**{result.test: result for result in before.results}, **kept}
    except SettingsError:
        pass  # of another version
    results = tuple(kept[test] for test in sorted(kept))
    cache.set(_LAST, dumps(Run(collected=tuple(sorted(kept)), results=results)))


def _last(config: pytest.Config) -> str:
    cache = getattr(config, "cache", None)
    text = None if cache is None else cache.get(_LAST, None)
    if text is None:
        raise SettingsError(
            "--claude-baseline last: no earlier run is kept\n"
            "       to make one, run pytest without --claude-baseline first"
        )
    return str(text)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{path}: the run file could not be read: {why}") from None


# --- the tests of another revision ----------------------------------------------------------


def _run_revision(config: pytest.Config, revision: str) -> str:
    """The run file of the project's tests at a git revision, with its app and its cassettes.

    They are checked out apart and replayed offline by a child: outcomes are made anew, and nothing
    is called.

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
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        why = lines[-1] if lines else "git failed"
        raise SettingsError(f"--claude-baseline git:{revision}: {why}") from None
    return done.stdout
