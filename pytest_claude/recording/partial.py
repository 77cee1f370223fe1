"""The answers of a trial that has not ended, on disk the moment they arrived.

A partial file is the entries of the cassette to be, each followed by a mark with its hash: what
a killed process left half-written is recognised and left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from pytest_claude.recording import files
from pytest_claude.recording.entry import START, Recorded

SUFFIX = ".partial"
_MARK = re.compile(r"^# whole ([0-9a-f]{16})\n", re.MULTILINE)


def partial_of(path: Path) -> Path:
    """Where the answers for the cassette `path` wait for the end of their trial."""
    return path.with_name(path.name + SUFFIX)


def append(path: Path, entry: Recorded) -> None:
    """Put one paid answer on disk, beside the cassette `path` that it will belong to.

    Raises:
        UnsavedCassette: The disk refuses it.
    """
    partial = partial_of(path)
    try:
        files.append(partial, f"{entry.text}# whole {_hash(entry.text)}\n".encode())
    except OSError as error:
        raise files.unsaved(partial, error) from error


def load(path: Path) -> list[Recorded]:
    """The whole answers that an interrupted recording of `path` left."""
    try:
        text = partial_of(path).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return []
    # text of an entry, its mark, text of the next, …
    pieces = _MARK.split(text)
    pairs: Sequence[tuple[str, str]] = list(zip(pieces[::2], pieces[1::2], strict=False))
    entries = (_whole(piece, mark) for piece, mark in pairs)
    return [Recorded.read(entry) for entry in entries if entry is not None]


def _whole(piece: str, mark: str) -> str | None:
    """The entry that has this mark; what a killed process left half-written may be before it."""
    starts = (found.start() for found in re.finditer(START, piece))
    return next((piece[at:] for at in starts if _hash(piece[at:]) == mark), None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
