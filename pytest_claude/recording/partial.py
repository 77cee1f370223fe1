"""The answers of a trial that has not ended, on disk the moment they arrived.

A partial file is the entries of the cassette to be, and the rulings of a judge on their replies,
each followed by a mark with its hash: what a killed process left half-written is recognised and
left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording import files
from pytest_claude.recording.entry import START, Recorded
from pytest_claude.recording.store import Store

SUFFIX = ".partial"
_RULING = "# ruling "
_MARK = re.compile(r"^# whole ([0-9a-f]{16})\n", re.MULTILINE)


def partial_of(path: Path) -> Path:
    """Where the answers for the cassette `path` wait for the end of their trial."""
    return path.with_name(path.name + SUFFIX)


def left_below(root: Path) -> list[Path]:
    """The cassettes below `root` whose recording was interrupted, by name."""
    return sorted(path.with_suffix("") for path in root.rglob(f"*.yaml{SUFFIX}"))


def append(path: Path, entry: Recorded) -> None:
    """Put one paid answer on disk, beside the cassette `path` that it will belong to.

    Raises:
        UnsavedCassette: The disk refuses it.
    """
    _append(path, entry.text)


def append_ruling(path: Path, ruling: Mapping[str, Any]) -> None:
    """Put on disk how a judge read a reply, likewise.

    Raises:
        UnsavedCassette: The disk refuses it.
    """
    _append(path, f"{_RULING}{json.dumps(dict(ruling))}\n")


def load(path: Path) -> list[Recorded]:
    """The whole answers that an interrupted recording of `path` left."""
    entries = [Recorded.read(piece) for piece in _whole_pieces(path) if piece.startswith(START)]
    return [entry for entry in entries if _has_parts(entry, path)]


def load_rulings(path: Path) -> list[Mapping[str, Any]]:
    """How a judge read replies of an interrupted recording of `path`."""
    pieces = (piece for piece in _whole_pieces(path) if piece.startswith(_RULING))
    return [json.loads(piece.removeprefix(_RULING)) for piece in pieces]


def _append(path: Path, text: str) -> None:
    partial = partial_of(path)
    try:
        files.append(partial, f"{text}# whole {_hash(text)}\n".encode())
    except OSError as error:
        raise files.unsaved(partial, error) from error


def _whole_pieces(path: Path) -> list[str]:
    try:
        text = partial_of(path).read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
    except OSError:
        return []
    # text of an entry, its mark, text of the next, …
    pieces = _MARK.split(text)
    pairs = zip(pieces[::2], pieces[1::2], strict=False)
    return [whole for piece, mark in pairs if (whole := _whole(piece, mark)) is not None]


def _whole(piece: str, mark: str) -> str | None:
    """What has this mark; what a killed process left half-written may be before it."""
    starts = (found.start() for found in re.finditer(f"{START}|{_RULING}", piece))
    return next((piece[at:] for at in starts if _hash(piece[at:]) == mark), None)


def _has_parts(entry: Recorded, path: Path) -> bool:
    try:
        entry.find_parts(replace(Store.above(path), reader=partial_of(path).name))
    except UnreadableCassette:
        return False
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
