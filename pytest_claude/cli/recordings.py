"""The recordings among the files and folders that a command is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pytest_claude.errors import SettingsError

_RECORDINGS = (".yaml", ".yml", ".json", ".json5", ".har", ".httprr", ".cassette", ".tape", ".gz")


def recordings(paths: Iterable[Path], command: str) -> Iterator[Path]:
    """Each file, and each recording below each folder, in a fixed order.

    Raises:
        SettingsError: A path does not exist; the text names `command`.
    """
    for path in paths:
        if path.is_dir():
            found = (p for p in path.rglob("*") if p.suffix.lower() in _RECORDINGS)
            yield from sorted(p for p in found if p.is_file())
        elif path.exists():
            yield path
        else:
            raise SettingsError(f"{command} {path}: no such file or folder")
