"""The cassettes of one test that are on disk, and the folder that new ones go into."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Protocol

from pytest_claude.recording import cassette
from pytest_claude.recording.partial import partial_of


class Names(Protocol):
    """What the files of a folder are called."""

    def spellings(self, model: str, index: int) -> Sequence[str]:
        """The names of a trial's cassette: by earlier versions, now, and where that is taken."""
        ...

    def read(self, name: str, recorded: Callable[[], str | None]) -> tuple[str, int] | None:
        """The model and the index that a name says; None where it is not a cassette's."""
        ...


@dataclass(frozen=True)
class Recording:
    """One cassette of a test.

    Attributes:
        path: Where it is.
        model: The model that names it.
        index: Number of its trial, from 0.
    """

    path: Path
    model: str
    index: int


@dataclass(frozen=True)
class Folder:
    """The cassettes of one test, of one stream.

    Attributes:
        folders: Where they may be, those of earlier versions first; new ones go into the last.
        names: What they are called.
        checkout: What paths are shown relative to.
        identity: Whose they are, as a cassette is labelled; "" for what tests share.
        root: The folder that all cassettes are below; None where links are nobody's concern.
    """

    folders: tuple[Path, ...]
    names: Names
    checkout: Path
    identity: str = ""
    root: Path | None = None

    @property
    def is_there(self) -> bool:
        """Whether anything was recorded."""
        return any(folder.is_dir() for folder in self.folders)

    @property
    def has_neighbours(self) -> bool:
        """Whether other tests of the module may have recordings."""
        return any(folder.parent.is_dir() for folder in self.folders)

    @property
    def shown(self) -> str:
        """The folder that new cassettes go into, as it is shown to the user."""
        return self.shows(self.folders[-1])

    def shows(self, path: Path) -> str:
        """A path as it is shown to the user."""
        # As text: pathlib takes ten times as long, and replay shows a path in every trial.
        text, above = str(path), f"{self.checkout}{os.sep}"
        return text.removeprefix(above).replace(os.sep, "/") if text.startswith(above) else text

    def outside(self, path: Path) -> str | None:
        """Where `path` is, if a symbolic link leads it out of the root; else None."""
        return None if self.root is None else outside(path, self.root)

    def paths(self) -> list[Path]:
        """All cassettes, by name."""
        return [folder / name for folder in self.folders for name in cassettes_in(folder)]

    def recordings(self, index: int | None = None) -> list[Recording]:
        """The cassettes, of all trials or of the one with this index: one for each main model."""
        kept: dict[tuple[str, int], Recording] = {}
        for path in self.paths():
            place = self.read(path)
            if place is not None and index in (None, place[1]):
                kept.setdefault(place, Recording(path, *place))
        return list(kept.values())

    def path(self, model: str, index: int) -> Path:
        """The cassette of a trial: the one that is there, else where it is to be recorded."""
        names = self.names.spellings(model, index)
        there: list[str] = []
        for folder in self.folders:
            there = names_in(folder)
            for name in dict.fromkeys(names):
                path = folder / name
                # Where case does not count, a file under another name would be there too.
                if name in there and (place := self.read(path)) and place[1] == index:
                    return path
                if name not in there and partial_of(path).name in there:
                    return path
        taken = {name.casefold() for name in there}
        new = next((name for name in names[1:] if name.casefold() not in taken), names[-1])
        return self.folders[-1] / new

    def read(self, path: Path) -> tuple[str, int] | None:
        """The model that names a cassette here, and the index of its trial."""
        return self.names.read(path.name, partial(main_model, path))


def outside(path: Path, root: Path) -> str | None:
    """Where a path below `root` is, if a symbolic link leads it out of `root`; else None."""
    # As text: pathlib takes ten times as long, and replay asks in every trial.
    top, place = str(root), str(path)
    while len(place) > len(top) and not os.path.islink(place):  # noqa: PTH114  # as text
        place = os.path.dirname(place)  # noqa: PTH120  # as text
    if len(place) <= len(top):
        return None
    real = path.resolve()
    return None if real.is_relative_to(root.resolve()) else str(real)


def names_in(folder: Path) -> list[str]:
    """The names in a folder; an empty list if there is no such folder."""
    try:
        return os.listdir(folder)  # noqa: PTH208  # names are wanted, not paths
    except OSError:
        return []


def cassettes_in(folder: Path) -> list[str]:
    """The names of the cassettes in a folder, sorted."""
    return sorted(name for name in names_in(folder) if name.endswith(".yaml"))


def main_model(path: Path) -> str | None:
    """`cassette.main_model`, read once as long as the file stays as it is."""
    try:
        status = path.stat()
    except OSError:
        return None
    return _read_model(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=10_000)
def _read_model(path: Path, _written: int, _size: int) -> str | None:
    return cassette.main_model(path)
