"""`pytest-claude init`: what git must know of cassettes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError
from pytest_claude.recording.files import write_atomically
from pytest_claude.recording.references import FOLDER
from pytest_claude.run.place import FileNames

# By what is below the cassettes' folder; the last that fits holds.
_ATTRIBUTES = {
    "**": "text eol=lf linguist-generated",
    f"**/{FileNames.accepted}": "-linguist-generated",  # to be read in a review
    f"{FOLDER}/**": "-text linguist-generated",
}
_LEFTOVERS = ("*.partial", "*.tmp")


def run(options: argparse.Namespace) -> int:
    """Add what is missing; 1 when a file can't be written."""
    project = read_project(Path.cwd())
    folder = Path(os.path.relpath(project.cassette_root, project.root)).as_posix()
    if Path(folder).is_absolute() or Path(folder).parts[:1] == ("..",):
        raise SettingsError(f"init: claude_cassette_dir={folder} is no folder of {project.root}")
    attributes, ignore = project.root / ".gitattributes", project.root / ".gitignore"
    try:
        there = _lines(attributes)
        wanted = {_quoted(f"{folder}/{below}"): value for below, value in _ATTRIBUTES.items()}
        lines = [f"{paths} {value}" for paths, value in wanted.items()
                 if not any(line.startswith(f"{paths} ") for line in there)]  # fmt: skip
        _append(attributes, lines)
        ignored = set(_lines(ignore))
        leftovers = {f"{folder}/**/{name}": name for name in _LEFTOVERS}
        _append(ignore, [line for line, name in leftovers.items() if not {line, name} & ignored])
    except OSError as error:
        print(f"FAIL {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _quoted(paths: str) -> str:
    return f'"{paths}"' if " " in paths else paths


def _lines(path: Path) -> list[str]:
    return [line.strip() for line in _text(path).splitlines()]


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""


def _append(path: Path, lines: Sequence[str]) -> None:
    before = _text(path)
    end = "\r\n" if "\r\n" in before else "\n"
    shown = os.path.relpath(path)
    if not lines:
        print(f"{shown}: nothing to add")
        return
    first = end if before and not before.endswith("\n") else ""
    after = before + first + "".join(line + end for line in lines)
    write_atomically(path, after.encode("utf-8", "surrogateescape"))
    for line in lines:
        print(f"{shown}: added {line}")
