"""Cassettes whose test is gone; which tests there are, pytest is asked in a process of its own."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_claude.cli.inputs import is_accepted
from pytest_claude.cli.project import cassette_folder, read_project
from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording import partial
from pytest_claude.recording.cassette import parts_named, read_label
from pytest_claude.recording.references import FOLDER, is_part
from pytest_claude.run.place import (
    ORDINARY,
    FileNames,
    Layout,
    Side,
    base_of,
    is_of_fixture,
    part_names,
)
from pytest_claude.transcript.quoting import printable

_ABOVE = part_names("..")[0]  # the folder of tests outside pytest's rootdir
_TESTED = (".py", ".md", ".rst", ".txt")  # files that pytest and its plugins make tests of
_NO_PARAMETER = "[NOTSET]"
_COMMAND = ("--collect-only", "-q", "-p", "pytest_claude.plugin.listing")


class NotCollected(Exception):
    """Pytest could not say which tests there are; the text is the end of a sentence."""


@dataclass(frozen=True)
class Orphan:
    """A folder of cassettes that no test asks.

    Attributes:
        folder: Where they lie.
        files: The cassettes, what interrupted runs left of them, and what was accepted of the test.
        now: The folder of a test without a recording that is probably the same, renamed or
            moved; None where none is near.
        doubt: Why the test may be there all the same; None where it is gone.
    """

    folder: Path
    files: tuple[Path, ...]
    now: Path | None = None
    doubt: str | None = None


def project_orphans() -> list[Orphan]:
    """The cassettes of the project here whose test is gone.

    Raises:
        NotCollected: Which tests there are is not known.
    """
    project = read_project(Path.cwd()).root
    root = cassette_folder()
    if not root.resolve().is_relative_to(project.resolve()):
        raise NotCollected(f"{root} is outside the project: others may keep cassettes there")
    return find_orphans(root, project, _collected_tests(project))


def unused_parts(root: Path, removed: Collection[Path] = ()) -> tuple[list[Path], str | None]:
    """The parts below a cassette root that no cassette but the `removed` ones refers to.

    What killed writers left of parts is among them. None is, where a cassette can't be read that
    may refer to any; why follows.
    """
    parts = [p for p in sorted((root / FOLDER).glob("*")) if is_part(p) or p.suffix == ".tmp"]
    named: set[str] = set()
    for path in root.rglob("*.yaml*") if parts else ():
        if path not in removed and path.is_file():
            try:
                named |= parts_named(path)
            except UnreadableCassette as error:
                return [], error.headline
    return [part for part in parts if part.name not in named], None


def _collected_tests(root: Path) -> dict[str, str | None]:
    """All tests of the project at `root`, deselected ones included: node id → shared cassette."""
    with tempfile.TemporaryDirectory(prefix="pytest-claude-") as folder:
        path = Path(folder, "tests.json")
        words = [sys.executable, "-m", "pytest", *_COMMAND, f"--claude-tests-to={path}"]
        ran = subprocess.run(words, cwd=root, capture_output=True, check=False)
        told = json.loads(path.read_text("utf-8")) if path.exists() else None
    if ran.returncode not in (0, 5) or told is None:
        raise NotCollected(f"pytest --collect-only exits with {ran.returncode}{_why(ran)}")
    if not root.samefile(told["root"]):
        raise NotCollected(f"pytest's rootdir is {told['root']}, the ini file's folder is {root}")
    if told["named"]:
        raise NotCollected(f"pytest is told to run {told['named'][0]} alone")
    tests: dict[str, str | None] = told["tests"]
    if not tests:
        raise NotCollected("pytest --collect-only finds no test")
    return tests


def _why(ran: subprocess.CompletedProcess[bytes]) -> str:
    """The last error that pytest told, cut where it is long."""
    told = (ran.stdout + b"\n" + ran.stderr).decode("utf-8", "replace").splitlines()
    errors = [line[1:].strip() for line in told if line.startswith("E ")] or told
    last = next((line.strip() for line in reversed(errors) if line.strip()), "")
    return f": {printable(last[:200])}" if last else ""


def find_orphans(root: Path, project: Path, tests: Mapping[str, str | None]) -> list[Orphan]:
    """The folders below the cassette root `root` of which no test is left among `tests`.

    `tests` has the name of the cassette that each shares with others, or None, by node id.

    Left alone are gates' folders, other tools' recordings, what tests share, what belongs to tests
    outside `project`, and what belongs to a module that is there though not all of its tests were
    collected: it may be skipped, or no part of a plain run.
    """
    layout = Layout.below(root.resolve(), project.resolve(), tests)
    folders = _folders(root)
    own = [layout.test(test) for test in tests]
    known = {home.plain for home in own}
    held = {folder for home in own for folder in home.folders}
    homes = [layout.shared(name) if name else layout.test(test) for test, name in tests.items()]
    asked = {folder for home in homes for folder in home.folders}
    collected = {(project / test.partition("::")[0]) for test in tests}
    lacking = defaultdict(list)
    for home in sorted(homes, key=lambda home: home.plain):
        is_there = not folders.keys().isdisjoint(home.folders)
        if home.identity and not is_there and not home.plain.name.endswith(_NO_PARAMETER):
            lacking[home.plain.parent].append(home.plain.name)
    found = []
    for folder, files in folders.items():
        base = base_of(folder)
        # A test has a file of accepted behavior also where it shares its cassette.
        if folder in held:
            files = [path for path in files if not is_accepted(path)]
        if not files or _is_used(folder, asked, known) or not _is_ours(project, folder, known):
            continue
        modules = _modules(project, base)
        if not collected.issuperset(modules) or (not modules and _on_disk(project, base)):
            continue
        if not modules and all(_is_left(path) for path in files):
            continue  # what tests share: no head says so yet
        doubt = _doubt(folder, known, modules)
        now = None if doubt else _renamed(folder, lacking)
        found.append(Orphan(root / folder, tuple(files), root / now if now else None, doubt))
    return found


def _folders(root: Path) -> Mapping[PurePosixPath, list[Path]]:
    found = defaultdict(list)
    shared = set()
    for path in sorted((*root.rglob("*.yaml*"), *root.rglob(FileNames.accepted))):
        folder = PurePosixPath(path.parent.relative_to(root).as_posix())
        if Side.read(folder / path.name) != ORDINARY or not path.is_file():
            continue
        label = read_label(path) if path.suffix == ".yaml" else None
        if label is not None or _is_left(path) or is_accepted(path):
            found[folder].append(path)
            # Which tests share a cassette is not known where a module was not looked into.
            if label is not None and label.shared:
                shared.add(folder)
    return {folder: paths for folder, paths in found.items() if folder not in shared}


def _is_left(path: Path) -> bool:
    """Whether an interrupted run left it."""
    return path.name.endswith(f".yaml{partial.SUFFIX}")


def _is_used(folder: PurePosixPath, asked: set[PurePosixPath], tests: set[PurePosixPath]) -> bool:
    if not is_of_fixture(folder):
        return folder in asked
    base = base_of(folder)
    return any(
        test.is_relative_to(base)
        or (test.parent == base.parent and test.name.startswith(f"{base.name}."))
        for test in tests
    )


def _is_ours(project: Path, folder: PurePosixPath, tests: set[PurePosixPath]) -> bool:
    """Whether it can be of this project: another one may keep its cassettes in a folder here."""
    top, below = folder.parts[0], base_of(folder).parts[1:]
    if top == _ABOVE or not below:
        return top != _ABOVE
    return any(test.parts[0] == top for test in tests) or any(_entries(project, top))


def _modules(project: Path, base: PurePosixPath) -> list[Path]:
    """The files that the tests of a folder may be in: of one name, whatever they end with."""
    for path in (base, *base.parents):
        files = [p for p in _on_disk(project, path) if p.is_file() and p.suffix in _TESTED]
        if files:
            return files
    return []


def _on_disk(project: Path, path: PurePosixPath) -> list[Path]:
    """The files and folders of the project that a folder of cassettes is named after."""
    places = [project] if path.parts else []
    for part in path.parts:
        places = [entry for place in places for entry in _entries(place, part)]
    return places


def _entries(folder: Path, name: str) -> Iterator[Path]:
    if folder.is_dir():
        for entry in sorted(folder.iterdir()):
            if name in (*part_names(entry.name), *part_names(entry.stem)):
                yield entry


def _doubt(folder: PurePosixPath, tests: set[PurePosixPath], modules: list[Path]) -> str | None:
    if is_of_fixture(folder) or folder in tests:
        return None
    function = folder.name.partition("[")[0]
    same = (t.name.partition("[")[0] for t in tests if t.parent == folder.parent)
    if function in same:
        return "its test has other parameters now, which an option or a file may change"
    *_, name = names = function.split(".")  # its classes, if any, and its own
    for module in modules:
        text = module.read_text("utf-8", "replace")
        written = (re.search(rf"\b(?:def|class)\s+{re.escape(each)}\b", text) for each in names)
        if name == module.stem or all(written):
            return f"{module.name} has it all the same; it was not collected now"
    return None


def _renamed(
    folder: PurePosixPath, lacking: Mapping[PurePosixPath, list[str]]
) -> PurePosixPath | None:
    """The folder of a test that has no recording and a name that is near; each is taken once."""
    if is_of_fixture(folder):
        return None
    parent, here = folder.parent, lacking.get(folder.parent, [])
    own = _without_class(folder.name)
    near = [name for name in here if _without_class(name) == own]  # its class was renamed
    if len(near) != 1:
        near = difflib.get_close_matches(folder.name, here, n=1)
    if not near:
        moved = [parent for parent, names in lacking.items() if folder.name in names]
        if len(moved) != 1:
            return None
        parent, near = moved[0], [folder.name]
    lacking[parent].remove(near[0])
    return parent / near[0]


def _without_class(name: str) -> str:
    function, bracket, parameters = name.partition("[")
    return f"{function.rpartition('.')[2]}{bracket}{parameters}"
