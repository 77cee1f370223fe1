"""Writing files so that none is ever half there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pytest_claude.errors import UnsavedCassette


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` beside `path`, then rename it over `path`, and make both safe from a crash.

    Raises:
        OSError: The disk refuses it; `path` is what it was and nothing else is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path), suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes the file private; a cassette is as readable as any other file.
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def append(path: Path, data: bytes) -> None:
    """Add `data` to the end of `path`, on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sweep(path: Path) -> None:
    """Remove what killed writers of `path` left beside it."""
    for leftover in path.parent.glob(f"{_escaped(_prefix(path))}*.tmp"):
        leftover.unlink(missing_ok=True)


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


def _escaped(name: str) -> str:
    import glob

    return glob.escape(name)


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


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
