"""Where each test's cassettes are on disk; an edge that the plugin and the commands share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath

from pytest_claude.comparison.trial import Stream
from pytest_claude.recording.cassette import Label, read_label
from pytest_claude.recording.folder import Folder, cassettes_in, main_model, names_in
from pytest_claude.run.place import (
    ORDINARY,
    FileNames,
    Home,
    Layout,
    Side,
    TrialPlace,
    baseline_names,
    gate_names,
)
from pytest_claude.settings import RunSettings


class Places:
    """Finds the cassettes of tests, fixtures and shared names below one cassette root.

    Where they are is settled when they are first asked for: what is recorded later moves nothing.
    """

    def __init__(self, root: Path, checkout: Path, tests: Iterable[str] = ()) -> None:
        """`tests` are the ids of all tests that are collected together."""
        self.root = root
        self._checkout = checkout
        self.layout = Layout.below(root, checkout, tests)
        self.test = cache(self._test)
        self.alike = cache(self._alike)
        self._folder = cache(self._folder_of)
        self._entries = cache(self._listed)

    def _test(self, test: str, side: Side = ORDINARY) -> Folder:
        """The cassettes of a test."""
        return self._folder(self.layout.test(test, side))

    def shared(self, name: str) -> Folder:
        """The cassettes that tests share under `name`."""
        return self._folder(self.layout.shared(name))

    def fixture(
        self, base: str, scope: str, name: str, side: Side = ORDINARY
    ) -> tuple[Folder, Label]:
        """The cassettes of a fixture wider than a test, and whose they are labelled to be."""
        home = self.layout.fixture(base, scope, name, side)
        return self._folder(home), Label(fixture=home.identity)

    def spelled_otherwise(self, name: str) -> list[PurePosixPath]:
        """Folders that are that of a shared name on systems that ignore case, and not on others."""
        plain = self.layout.shared(name).plain
        return [folder for folder in self.alike(plain) if folder != plain]

    def place(self, shown: str) -> TrialPlace:
        """The place of a cassette below the root, by its path relative to the checkout."""
        path = self._checkout / shown
        below = PurePosixPath(path.relative_to(self.root).as_posix())
        place = TrialPlace.read(below, lambda: main_model(path))
        assert place is not None, "it is a cassette's path"
        return place

    def _folder_of(self, home: Home) -> Folder:
        folders = tuple(self.root / folder for folder in home.choose(self.alike))
        return Folder(folders, FileNames(), self._checkout, self.root)

    def _alike(self, folder: PurePosixPath) -> dict[PurePosixPath, str | None]:
        """The folders on disk that are `folder` once case is folded, and whose each is."""
        return {path: self._identity(path) for path in self._spelled(folder)}

    def _spelled(self, folder: PurePosixPath) -> Iterator[PurePosixPath]:
        if not folder.parts:
            yield folder
            return
        wanted = folder.name.casefold()
        for parent in self._spelled(folder.parent):
            yield from (parent / name for name in self._entries(parent).get(wanted, ()))

    def _listed(self, folder: PurePosixPath) -> Mapping[str, list[str]]:
        """The names in a folder, by what they fold to."""
        names: dict[str, list[str]] = {}
        for name in sorted(names_in(self.root / folder)):
            names.setdefault(name.casefold(), []).append(name)
        return names

    def _identity(self, folder: PurePosixPath) -> str | None:
        """Whose cassettes a folder holds; None where none of them says."""
        for name in cassettes_in(self.root / folder):
            try:
                label = read_label(self.root / folder / name)
            except OSError:
                continue
            if label is not None and (identity := label.test or label.fixture):
                return identity
        return None


def places_of(settings: RunSettings, tests: Iterable[str] = ()) -> Places:
    """The places of a run whose tests are `tests`."""
    return Places(settings.cassette_root, settings.rootdir, tests)


def gate_side(settings: RunSettings, attempt: int, stream: Stream = "cand") -> Side:
    """One stream of an attempt of the gate that a run is.

    A gate that an earlier version began under another name goes on there.
    """
    if settings.baseline is not None:
        names, attempt = baseline_names(settings.baseline), 1
    else:
        model = settings.names.resolved
        names = gate_names((model(swap.old), model(swap.new)) for swap in settings.bump)
    sides = [Side(name, attempt, stream) for name in reversed(names)]
    there = (s for s in sides if (settings.cassette_root / replace(s, attempt=1).root).is_dir())
    return next(there, sides[-1])
