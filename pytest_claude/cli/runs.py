"""Run files that a command is given, and the folder that their cassettes lie below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.errors import SettingsError

if TYPE_CHECKING:
    from pytest_claude.run.record import Run


def read_run(path: Path, command: str) -> Run:
    """The run in a run file.

    Raises:
        SettingsError: There is no such file, or it is no run file; the text names `command`.
    """
    from pytest_claude.run.record import loads

    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: no run file of pytest-claude (it is no text)") from None
    except OSError as error:
        raise SettingsError(
            f"{command} {path}: {error.strerror}\n"
            "       a run file is what pytest --claude-report run.json writes"
        ) from None
    return loads(text, str(path))


def project_of(run: Run, path: Path) -> Path:
    """The folder that the run's cassettes lie below: here, or the nearest around its file."""
    cassettes = [t.cassette for result in run.results for t in result.trials if t.cassette]
    for folder in (Path.cwd(), *path.resolve().parents):
        if any((folder / cassette).exists() for cassette in cassettes[:20]):
            return folder
    return Path.cwd()
