"""The source and configuration files of a project, and where they name a model."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_claude.cli.project import Project
from pytest_claude.errors import SettingsError
from pytest_claude.models.mentions import Mention, edited, ids_in, mentions
from pytest_claude.recording.files import write_atomically

_LARGEST = 1_000_000  # bytes; what is larger is data
_PROSE = {".md", ".rst", ".html"}
_RUN_FILE = '"format": "pytest-claude run'
_WORKFLOWS = {".github", ".gitlab", ".circleci"}
_FOREIGN = {"node_modules", "__pycache__", "site-packages"}

Named = tuple[Path, list[Mention]]
"""A file, as a path from the current folder, and where it names a model."""


def files_that_name(project: Project, pairs: Sequence[tuple[str, str]]) -> list[Named]:
    """The files of a project that name the old model of a pair, by name; prose is left out.

    In a git repository these are the files that git knows, or would add.

    Args:
        project: Whose files; its cassettes are left out.
        pairs: Old and new model, as typed.
    """
    found = []
    for path in sorted(_files(project, project.root)):
        text = _text(path)
        if text is None or _RUN_FILE in text[:200]:
            continue
        settled = _settled_lines(text, project)
        places = [m for m in mentions(text, pairs, project.names) if m.line not in settled]
        if places:
            found.append((Path(os.path.relpath(path)), places))
    return found


def model_ids(project: Project, paths: Sequence[Path]) -> tuple[list[Named], int]:
    """Where the files at these paths name any model, by name of the file; how many were not read.

    Of a folder the same files are read as by `files_that_name`; without a path the project's. A
    file that is named itself is read whatever it is. Not read is what is no text, or too large.

    Raises:
        SettingsError: A path is not there.
    """
    found, unread = [], 0
    named = {path.resolve() for path in paths if path.is_file()}
    for path in sorted(dict.fromkeys(_chosen(project, paths))):
        text = path.read_text("utf-8", "replace") if path in named else _text(path)
        if text is None:
            unread += 1
        elif _RUN_FILE not in text[:200]:
            settled = _settled_lines(text, project)
            places = [m for m in ids_in(text, project.names) if m.line not in settled]
            if places:
                found.append((Path(os.path.relpath(path)), places))
    return found, unread


def _chosen(project: Project, paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths or [project.root]:
        if path.is_dir():
            yield from _files(project, path.resolve())
        elif path.is_file():
            yield path.resolve()
        else:
            raise SettingsError(f"scan {path}: no such file or folder")


def edit_files(named: Sequence[Named]) -> int:
    """Write the new model in the place of the old; how many names were written.

    Raises:
        OSError: The disk refuses a file; it stays as it is, and those before it are written.
    """
    for path, places in named:
        text = _text(path)
        assert text is not None, "it was read"
        if (after := edited(text, places)) != text:
            write_atomically(path, after.encode())
    return sum(mention.new is not None for _, places in named for mention in places)


def _settled_lines(text: str, project: Project) -> set[int]:
    """The numbers of the lines that say what a name stands for, or what a model costs."""
    starts = (*(f"{name} = " for name in project.names.models), *project.prices)
    return {
        number
        for number, line in enumerate(text.split("\n"), start=1)
        if any(start in line for start in starts)
    }


def _files(project: Project, folder: Path) -> Iterator[Path]:
    roots = project.cassette_roots
    for path in _listed(folder):
        plain = path.is_file() and not path.is_symlink()
        if plain and path.suffix not in _PROSE and not any(root in path.parents for root in roots):
            yield path


def _listed(root: Path) -> Iterator[Path]:
    words = ["git", "-C", str(root), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        listed = subprocess.run(words, capture_output=True, check=False)
    except OSError:
        listed = None
    if listed is not None and listed.returncode == 0:
        yield from (root / os.fsdecode(name) for name in listed.stdout.split(b"\0") if name)
        return
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if _is_ours(Path(folder, name))]
        yield from (Path(folder, name) for name in names)


def _is_ours(folder: Path) -> bool:
    hidden = folder.name.startswith(".") and folder.name not in _WORKFLOWS
    return not hidden and folder.name not in _FOREIGN and not (folder / "pyvenv.cfg").exists()


def _text(path: Path) -> str | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
