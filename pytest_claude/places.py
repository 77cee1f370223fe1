"""Where each test's cassettes are on disk; an edge that the plugin and the commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pytest_claude.accepted_files import AcceptedFile
from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import SettingsError
from pytest_claude.ini_files import ini_keys
from pytest_claude.recording.cassette import read_label
from pytest_claude.recording.folder import Folder, cassettes_in, main_model, names_in
from pytest_claude.run.place import (
    ORDINARY,
    FileNames,
    Home,
    Layout,
    Side,
    TrialPlace,
    arm_name,
    baseline_names,
    gate_names,
    shared_gate,
)
from pytest_claude.settings import Candidate, RunSettings

_T = TypeVar("_T")
LEDGER = "ledger.jsonl"
"""What the ledger of a gate's attempt is called."""


class Places:
    """Finds the cassettes of tests, fixtures and shared names below one cassette root.

    Below the root of a repository may be projects, with cassettes of their own: those that were
    recorded there are found too, and what a project with an ini file and a cassette folder records
    from above goes into its folder.

    Where they are is settled when they are first asked for: what is recorded later moves nothing.
    """

    def __init__(
        self,
        root: Path,
        checkout: Path,
        tests: Iterable[str] = (),
        *,
        project: Path | None = None,
        takes_new: bool = True,
    ) -> None:
        """Describe the cassettes below a root.

        Args:
            root: Their folder.
            checkout: What paths are shown relative to.
            tests: The ids of all tests that are collected together.
            project: What ids are relative to, where that is another folder than `checkout`.
            takes_new: Whether new recordings go here.
        """
        self.root = root
        self._checkout = checkout
        self._project = checkout if project is None else project
        self._takes_new = takes_new
        self._tests = frozenset(tests)
        self.layout = Layout.below(root, self._project, self._tests)
        self.test = cache(self._test)
        self.alike = cache(self._alike)
        self._folder = cache(self._folder_of)
        self._entries = cache(self._listed)
        self._below = cache(self._project_below)

    def _test(self, test: str, side: Side = ORDINARY) -> Folder:
        """The cassettes of a test."""
        folder = self.own(test, side)
        return self._found(folder, test, side, lambda places, own: places.own(own, side))

    def accepted(self, test: str) -> AcceptedFile:
        """The file of the accepted behavior of a test: its own, whatever cassette it shares."""
        folder = self.test(test)
        paths = [each / FileNames.accepted for each in folder.folders]
        path = next((path for path in paths if path.exists()), paths[-1])
        return AcceptedFile(path, folder.shows(path))

    def own(self, test: str, side: Side = ORDINARY) -> Folder:
        """The cassettes of a test below this root alone."""
        return self._folder(self.layout.test(test, side))

    def shared(self, name: str, test: str = "") -> Folder:
        """The cassettes that tests, of which `test` is one, share under `name`."""
        folder = self._folder(self.layout.shared(name))
        return self._found(folder, test, ORDINARY, lambda places, _: places.shared(name))

    def fixture(self, base: str, scope: str, name: str, side: Side = ORDINARY) -> Folder:
        """The cassettes of a fixture wider than a test."""
        folder = self._folder(self.layout.fixture(base, scope, name, side))
        return self._found(
            folder, base, side, lambda places, own: places.fixture(own, scope, name, side)
        )

    def elsewhere(self, test: str) -> Path | None:
        """The recordings of a test that lie where no run from here looks; None where none do.

        They are looked for under the name that its class had before, then in all cassette folders
        of the repository, below any end of the path of the test's file. What belongs to another
        file is not meant.
        """
        name, _, rest = test.partition("::")
        file = Path(os.path.abspath(self._project / name))  # noqa: PTH100  # links are kept
        if (before := self.renamed(test)) is not None:
            return before
        top = _repository(file)
        parts = file.relative_to(top).parts
        for root in _cassette_folders(top, frozenset((self.root.name, _USUAL))):
            for begin in range(len(parts)):
                there = root.parent.joinpath(*parts[begin:])
                if there.is_file() and there != file:
                    continue
                own = f"{PurePosixPath(*parts[begin:])}::{rest}"
                if (root, own) == (self.root, test):
                    continue
                for folder in Layout.below(root, root.parent).test(own).folders:
                    if cassettes_in(root / folder):
                        return root / folder
        return None

    def renamed(self, test: str) -> Path | None:
        """The recordings of a test of this name in a class that its file has no more."""
        module, *classes, name = test.split("::")
        here, file = self.own(test).folders[-1].parent, self._project / module
        if not classes or not here.is_dir():
            return None
        text = file.read_text("utf-8", "replace") if file.is_file() else ""
        found = []
        for folder in sorted(names_in(here)):
            identity = self._identity(PurePosixPath((here / folder).relative_to(self.root)))
            of, *others, own = (identity or "").split("::") if identity else ("", "")
            gone = [each for each in others if not re.search(rf"class {re.escape(each)}\b", text)]
            if (of, own) == (module, name) and gone:
                found.append(here / folder)
        return found[0] if len(found) == 1 else None

    def _found(
        self, folder: Folder, node: str, side: Side, of: Callable[[Places, str], Folder]
    ) -> Folder:
        """`folder`, or that of a project that `node` is in where it holds more of it.

        Args:
            folder: The one that a run from here has as a rule.
            node: The id of a test, or of the folder, file or class of a fixture.
            side: A gate that was run in a project is kept there.
            of: Gives the folder in a project, with the id that the node has there.
        """
        if side == ORDINARY and folder.is_there:
            return folder
        places = PurePosixPath(node.partition("::")[0])
        inner = [
            (of(projects, node[len(str(above)) + 1 :]), projects)
            for above in (places, *places.parents)
            if above.name not in ("", "..") and (projects := self._below(above)) is not None
        ]
        if side != ORDINARY:
            return next((own for own, projects in inner if projects.keeps(side)), folder)
        return _chosen((own, own.is_there, projects) for own, projects in inner) or folder

    def adopted_set_up(self, shown: str) -> Path:
        """Where plain replay looks for what a wider fixture asked in a gate; `shown` as `place`."""
        place = replace(self.place(shown), side=ORDINARY)
        here = self.root / place.path
        inner = [
            (projects.root / replace(place, folder=place.folder.relative_to(above)).path, projects)
            for above in place.folder.parents
            if above.parts and (projects := self._below(above)) is not None
        ]
        there = ((path, path.parent.is_dir(), projects) for path, projects in inner)
        return here if here.parent.is_dir() else _chosen(there) or here

    def keeps(self, side: Side) -> bool:
        """Whether the gate of a side was run here."""
        return (self.root / replace(side, attempt=1).root).is_dir()

    def projects(self) -> Iterator[tuple[PurePosixPath, Places]]:
        """The projects below that have cassettes, each with its folder."""
        for path, _ in own_folders(self._project):
            folder = PurePosixPath(path.relative_to(self._project).as_posix())
            if folder.parts and (projects := self._below(folder)) is not None:
                yield folder, projects

    def _project_below(self, folder: PurePosixPath) -> Places | None:
        """The places of the project in a folder below this one; None where it has no cassettes."""
        path = self._project / folder
        try:
            keys = ini_keys(path)
        except SettingsError:
            keys = None  # it is no ini file of this run
        usual = os.path.relpath(self.root, self._project) if keys is None else _USUAL
        root = path / str((keys or {}).get("claude_cassette_dir") or usual)
        if not root.is_dir():
            return None
        above = f"{folder}/"
        tests = (test.removeprefix(above) for test in self._tests if test.startswith(above))
        return Places(root, self._checkout, tests, project=path, takes_new=keys is not None)

    def spelled_otherwise(self, name: str) -> list[PurePosixPath]:
        """Folders that are that of a shared name on systems that ignore case, and not on others."""
        plain = self.layout.shared(name).plain
        return [folder for folder in self.alike(plain) if folder != plain]

    def place(self, shown: str) -> TrialPlace:
        """The place of a cassette, here or in a project below, by its path from the checkout."""
        path = self._checkout / shown
        below = (self._below(above) for above in PurePosixPath(shown).parents if above.parts)
        roots = (self.root, *(projects.root for projects in below if projects is not None))
        root = next(root for root in roots if path.is_relative_to(root))
        inside = PurePosixPath(path.relative_to(root).as_posix())
        place = TrialPlace.read(inside, lambda: main_model(path))
        assert place is not None, "it is a cassette's path"
        return place

    def _folder_of(self, home: Home) -> Folder:
        folders = tuple(self.root / folder for folder in home.choose(self.alike))
        return Folder(folders, FileNames(), self._checkout, home.identity, self.root)

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


def _chosen(inner: Iterable[tuple[_T, bool, Places]]) -> _T | None:
    """Which project below has a recording: where it is, else where a new one goes.

    Each candidate is with whether something is there, and its project, the innermost first.
    """
    inner = list(inner)
    there = (place for place, is_there, _ in inner if is_there)
    new = (place for place, _, projects in inner if projects._takes_new)
    return next(there, None) or next(new, None)


_USUAL = "cassettes"
_MOST_FOLDERS = 20_000  # that are looked into for what is missing
_OF_OTHERS = ("node_modules", "site-packages", "__pycache__")


def _repository(file: Path) -> Path:
    """The folder of the repository that a file is in; the file's own where it is in none."""
    return next((above for above in file.parents if (above / ".git").exists()), file.parent)


@cache
def _cassette_folders(top: Path, names: frozenset[str]) -> tuple[Path, ...]:
    """All folders of a repository that are called as cassette folders are."""
    return tuple(path for path, _ in own_folders(top) if path.name in names)


def own_folders(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """All folders below `top` but those of libraries, each with the names of its files."""
    for number, (path, below, files) in enumerate(os.walk(top)):
        if "pyvenv.cfg" in files or number > _MOST_FOLDERS:
            below.clear()
            continue
        below[:] = sorted(name for name in below if name not in _OF_OTHERS and name[0] != ".")
        yield Path(path), files


def places_of(settings: RunSettings, tests: Iterable[str] = ()) -> Places:
    """The places of a run whose tests are `tests`."""
    return Places(settings.cassette_root, settings.rootdir, tests)


def gate_side(settings: RunSettings, attempt: int, stream: Stream = "cand") -> Side:
    """One stream of an attempt of the gate that a run is.

    A gate that an earlier version began under another name goes on there.
    """
    if (part := settings.part) is not None:
        old = None if part.old is None else settings.names.resolved(part.old)
        arm = "" if part.candidate is None else arm_name(_resolved(part.candidate, settings))
        return Side(shared_gate(old), attempt, stream, arm)
    if settings.baseline is not None:
        names, attempt = baseline_names(settings.baseline), 1
    else:
        model = settings.names.resolved
        pairs = [(model(swap.old), model(swap.new), swap.effort) for swap in settings.bump]
        names = gate_names(pairs)
    sides = [Side(name, attempt, stream) for name in reversed(names)]
    there = (s for s in sides if (settings.cassette_root / replace(s, attempt=1).root).is_dir())
    return next(there, sides[-1])


def _resolved(candidate: Candidate, settings: RunSettings) -> Candidate:
    resolved = settings.names.resolved
    return replace(
        candidate, pairs=tuple(replace(swap, new=resolved(swap.new)) for swap in candidate.pairs)
    )


def shared_ledgers(root: Path, gate: str | None = None) -> dict[Path, Side]:
    """The ledgers of gates that several candidates share, below a cassette root, with their sides.

    Args:
        root: The cassette root.
        gate: The name of the gate's folder; None for all.

    Returns:
        Earlier attempts before later ones.
    """
    gates = (
        [root / Side(gate).root]
        if gate is not None
        else [*(root / Side("_").root).parent.glob("*")]
    )
    found = {
        path: Side.read(PurePosixPath(path.relative_to(root).as_posix()))
        for each in gates
        for pattern in ("cand@*", "attempt*/cand@*")
        for path in sorted(each.glob(f"{pattern}/{LEDGER}"))
    }
    return dict(sorted(found.items(), key=lambda item: item[1].attempt))
