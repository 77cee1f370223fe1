"""Where an earlier run comes from: a run file, the last plain run, or a git revision."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.revision import run_revision
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
        return _of_revision(config, revision)
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


def _of_revision(config: pytest.Config, revision: str) -> str:
    """The run of another revision's tests: the files and folders that this run was given."""
    named = not config.pluginmanager.has_plugin("claude")  # we were, on the command line
    given = [str(word) for word in config.option.file_or_dir]
    relative = [word for word in given if not Path(word.partition("::")[0]).is_absolute()]
    words = [*(["-p", "pytest_claude.plugin"] if named else []), *relative]
    return run_revision(config.rootpath, revision, words, "--claude-baseline")
