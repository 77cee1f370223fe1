"""What a command is given: recordings, run files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_claude.errors import SettingsError
from pytest_claude.run.place import FileNames
from pytest_claude.run.record import Run, loads

_RECORDINGS = (".yaml", ".yml", ".json", ".json5", ".har", ".httprr", ".cassette", ".tape", ".gz")


def recordings(paths: Iterable[Path], command: str) -> Iterator[Path]:
    """Each file, and each recording below each folder, in a fixed order.

    Raises:
        SettingsError: A path does not exist; the text names `command`.
    """
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.suffix.lower() in _RECORDINGS)
            yield from sorted(p for p in found if p.is_file() and not is_accepted(p))
        elif path.exists():
            yield path
        else:
            raise SettingsError(f"{command} {path}: no such file or folder")


def is_accepted(path: Path) -> bool:
    """Whether a file is the accepted behavior of a test, and no recording."""
    return path.name == FileNames.accepted


def read_run(path: Path, command: str) -> Run:
    """The run in a run file.

    Raises:
        SettingsError: There is no such file, or it is no run file; the text names `command`.
    """
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
    results = [result for each in (run, *run.arms) for result in each.results]
    cassettes = [t.cassette for result in results for t in result.trials if t.cassette]
    for folder in (Path.cwd(), *path.resolve().parents):
        if any((folder / cassette).exists() for cassette in cassettes[:20]):
            return folder
    return Path.cwd()
