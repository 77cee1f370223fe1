"""Cassettes whose test is gone."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_claude.recording import partial
from pytest_claude.recording.cassette import is_ours, is_shared
from pytest_claude.recording.naming import FIXTURES, GATE, shared_dir, test_dir


@dataclass(frozen=True)
class Orphan:
    """A folder of cassettes that no test asks.

    Attributes:
        folder: Where they lie.
        files: The cassettes, and what interrupted runs left of them.
        now: The folder of a test without a recording that is probably the same, renamed or
            moved; None where none is near.
    """

    folder: Path
    files: tuple[Path, ...]
    now: Path | None


def find_orphans(root: Path, project: Path, tests: Mapping[str, str | None]) -> list[Orphan]:
    """The folders below the cassette root `root` of which no test is left among `tests`.

    `tests` has the name of the cassette that each shares with others, or None, by node id.

    Left alone are gates' folders, other tools' recordings, what tests share, and what belongs to a
    module that is there below `project` though none of its tests was collected: it may be skipped,
    or no part of a plain run.
    """
    folders = _folders(root)
    known = {test_dir(test) for test in tests}
    collected = {folder.parent for folder in known}
    asked = {shared_dir(name) if name else test_dir(test) for test, name in tests.items()}
    unrecorded = defaultdict(list)
    for folder in sorted(known & asked - folders.keys()):
        unrecorded[folder.parent].append(folder.name)
    return [
        Orphan(root / folder, tuple(files), _renamed(root, folder, unrecorded))
        for folder, files in folders.items()
        if not _is_used(folder, asked, known)
        and not _is_left_out(project, _base(folder), collected)
    ]


def _folders(root: Path) -> Mapping[PurePosixPath, list[Path]]:
    found = defaultdict(list)
    for path in sorted(root.rglob("*.yaml*")):
        folder = PurePosixPath(path.parent.relative_to(root).as_posix())
        left = path.name.endswith(f".yaml{partial.SUFFIX}")
        if folder.parts[:1] != (GATE,) and (left or (path.suffix == ".yaml" and is_ours(path))):
            found[folder].append(path)
    # Which tests share a cassette is not known where a module was not looked into.
    return {folder: paths for folder, paths in found.items() if not any(map(is_shared, paths))}


def _is_used(folder: PurePosixPath, asked: set[PurePosixPath], tests: set[PurePosixPath]) -> bool:
    if FIXTURES not in folder.parts:
        return folder in asked
    base = _base(folder)
    return any(
        test.is_relative_to(base)
        or (test.parent == base.parent and test.name.startswith(f"{base.name}."))
        for test in tests
    )


def _base(folder: PurePosixPath) -> PurePosixPath:
    """The module of a test; of a wider fixture, the folder, module or class that may use it."""
    if FIXTURES not in folder.parts:
        return folder.parent
    return PurePosixPath(*folder.parts[: folder.parts.index(FIXTURES)])


def _is_left_out(project: Path, base: PurePosixPath, collected: set[PurePosixPath]) -> bool:
    """Whether its module, or its folder, is there and pytest did not look into it."""
    modules = [path for path in (base, *base.parents) if path.name and _is_module(project / path)]
    return modules[0] not in collected if modules else (project / base).is_dir()


def _is_module(path: Path) -> bool:
    """Whether there is a file of this name, whatever its suffix."""
    folder = path.parent
    return folder.is_dir() and any(p.stem == path.name for p in folder.iterdir() if p.is_file())


def _renamed(
    root: Path, folder: PurePosixPath, unrecorded: Mapping[PurePosixPath, list[str]]
) -> Path | None:
    if FIXTURES in folder.parts:
        return None
    near = difflib.get_close_matches(folder.name, unrecorded.get(folder.parent, ()), n=1)
    if near:
        return root / folder.parent / near[0]
    moved = [parent for parent, names in unrecorded.items() if folder.name in names]
    return root / moved[0] / folder.name if len(moved) == 1 else None
