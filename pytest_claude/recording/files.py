"""Writing files so that none is ever half there."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from glob import escape
from pathlib import Path

from pytest_claude.errors import UnsavedCassette


def write_atomically(path: Path, data: bytes, *, alone: bool = True) -> None:
    """Write `data` beside `path`, then rename it over `path`, and make both safe from a crash.

    A file that holds `data` already is left alone.

    Args:
        path: The file.
        data: Its new content.
        alone: Whether no other process writes it at the same time: what killed writers of it left
            is removed then.

    Raises:
        OSError: The disk refuses it; `path` is what it was and nothing else is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if alone:
        sweep(path)
    if path.exists() and path.read_bytes() == data:
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of `path`, on disk when this returns.

    Raises:
        OSError: The disk refuses it; no part of `data` is left where the disk allows that.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab", buffering=0) as file:
        size = file.tell()
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(size)
            raise


def sweep(path: Path) -> None:
    """Remove what killed writers of `path` left beside it, as far as the disk allows it."""
    for leftover in path.parent.glob(f"{escape(_prefix(path))}*.tmp"):
        with suppress(OSError):
            leftover.unlink()


def remove_files(paths: Iterable[Path], root: Path) -> None:
    """Remove files below `root`, and every folder below `root` that is empty then.

    A call that was killed is finished by the next one.

    Raises:
        OSError: The disk refuses one; those before it are removed.
    """
    for path in paths:
        sweep(path)
        path.unlink(missing_ok=True)
    for folder, _, _ in os.walk(root, topdown=False):
        if folder != str(root) and not os.listdir(folder):  # noqa: PTH208  # as os.walk names it
            Path(folder).rmdir()


def unsaved(path: Path, error: OSError) -> UnsavedCassette:
    """The error to raise when `path` can't be written."""
    return UnsavedCassette(
        f"{path.name} could not be saved: {error.strerror}",
        [
            ("expected", "the recorded answers saved"),
            ("observed", f"{error.strerror} (errno {error.errno})"),
            ("evidence", str(path)),
            ("to repair", "make room or grant write access, then record again"),
        ],
    )


def _prefix(path: Path) -> str:
    return f".{path.name[:80]}."


def _sync_folder(folder: Path) -> None:
    """Without it a crash of the machine can undo the rename; not every system can do it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _mode(path: Path) -> int:
    """The permissions of `path`; where it is new, those of any other new file, not mkstemp's."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        umask = os.umask(0)  # it can't be read alone
        os.umask(umask)
        return 0o666 & ~umask
