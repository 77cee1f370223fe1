"""A disk that refuses one operation, or a process that dies at it.

What Python does to files below one folder is counted where it reaches the system: `os.replace`,
the `write` of a raw file, `os.fsync`, and so on. The n-th operation fails.
"""

from __future__ import annotations

import builtins
import errno
import gc
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch


class Died(BaseException):
    """The process was killed here: no code catches this, and nothing is written any more."""


@dataclass(frozen=True)
class Fault:
    """What happens at the n-th operation.

    Attributes:
        error: The error number that the system gives; None where the process dies.
        loses: Whether a death also loses what was written and not yet synced.
    """

    error: int | None = None
    loses: bool = False


FAULTS = {
    "full disk": Fault(errno.ENOSPC),
    "no access": Fault(errno.EACCES),
    "broken disk": Fault(errno.EIO),
    "death": Fault(),
    "death of the machine": Fault(loses=True),
}


class Disk:
    """Counts the operations that change files below `folder`; the one with number `at` fails.

    Half of what is to be written is written before a write fails.

    Attributes:
        steps: What was done, in words; the last one failed where `struck`.
    """

    def __init__(
        self, folder: Path, at: int = 0, fault: Fault = FAULTS["death"], only: str = ""
    ) -> None:
        """Operations count on paths that have `only` in their name."""
        self.steps: list[str] = []
        self.dead = False
        self._folder = str(folder)
        self._at = at
        self._fault = fault
        self._only = only
        self._open: dict[int, str] = {}
        self._unsynced: dict[str, int] = {}  # path → its size when it was synced
        self._patches = ExitStack()

    @property
    def struck(self) -> bool:
        """Whether the fault happened."""
        return 0 < self._at <= len(self.steps)

    def __enter__(self) -> Disk:
        changes = ("replace", "rename", "unlink", "remove", "rmdir", "mkdir", "chmod", "symlink")
        for name in changes:
            self._patch(os, name, self._changing)
        for owner in (io, builtins):
            self._patch(owner, "open", self._opening)
        self._patch(os, "open", self._opening_low)
        self._patch(os, "fsync", self._syncing)
        return self

    def __exit__(self, *_: object) -> None:
        self._patches.close()

    def step(self, what: str, path: str, torn: Callable[[], object] = lambda: None) -> bool:
        """Count one operation; whether it is carried out: a dead process does nothing any more."""
        if self.dead:
            return False
        self.steps.append(f"{what} {os.path.relpath(path, self._folder)}")
        if len(self.steps) == self._at:
            torn()
            if self._fault.error is not None:
                raise OSError(self._fault.error, os.strerror(self._fault.error), path)
            self._die()
        return True

    def is_inside(self, path: object) -> bool:
        """Whether a path is below the folder."""
        if not isinstance(path, str | os.PathLike):
            return False
        path = _absolute(path)
        return path.startswith(f"{self._folder}{os.sep}") and self._only in Path(path).name

    def wrote(self, path: str, size: int) -> None:
        """Note that `path`, of `size` bytes before, has bytes that are not synced."""
        self._unsynced.setdefault(path, size)

    def _die(self) -> NoReturn:
        self.dead = True
        for path, size in self._unsynced.items() if self._fault.loses else ():
            if Path(path).exists():
                os.truncate(path, size)
        raise Died(self.steps[-1])

    def _patch(self, owner: Any, name: str, wrap: Callable[..., Any]) -> None:
        real = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            return wrap(name, real, *arguments, **named)

        self._patches.enter_context(patch.object(owner, name, call))

    def _changing(self, name: str, real: Any, path: Any, *rest: Any, **named: Any) -> Any:
        inside = [each for each in (path, *rest[:1]) if self.is_inside(each)]
        if not inside or any(value is not None for key, value in named.items() if "dir_fd" in key):
            return real(path, *rest, **named)
        if not self.step(name, _absolute(inside[0])):
            return None
        done = real(path, *rest, **named)
        if name == "replace" and (source := _absolute(path)) in self._unsynced:
            self._unsynced[_absolute(rest[0])] = self._unsynced.pop(source)
        return done

    def _opening_low(
        self, _: str, real: Any, path: Any, flags: int, *rest: Any, **named: Any
    ) -> Any:
        if not self.is_inside(path):
            file = real(path, flags, *rest, **named)
            self._open.pop(file, None)
            return file
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self._begin("create", _absolute(path))
        file = real(path, flags, *rest, **named)
        self._open[file] = _absolute(path)
        return file

    def _opening(
        self, _: str, real: Any, file: Any, mode: str = "r", buffering: int = -1,
        encoding: Any = None, errors: Any = None, newline: Any = None, closefd: bool = True,
        opener: Any = None,
    ) -> Any:  # fmt: skip
        path = self._open.get(file) if isinstance(file, int) else file
        if not self.is_inside(path) or not set(mode) & set("wax+"):
            return real(file, mode, buffering, encoding, errors, newline, closefd, opener)
        path = _absolute(str(path))
        if not isinstance(file, int):
            self._begin("open", path)
        raw = _File(self, path, file, mode.replace("b", "").replace("t", ""), closefd)
        self._open[raw.fileno()] = path
        if buffering == 0:
            return raw
        binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, encoding, errors, newline)

    def _begin(self, what: str, path: str) -> None:
        if not self.step(what, path):
            raise Died(path)

    def _syncing(self, _: str, real: Any, file: int) -> None:
        path = self._open.get(file)
        if path is None or self.step("sync", path):
            real(file)
            self._unsynced.pop(path or "", None)


def _absolute(path: Any) -> str:
    return os.path.abspath(path)  # noqa: PTH100  # links stay: what they lead to is not changed


class _File(io.FileIO):
    """A file whose writes are counted as they reach the system."""

    def __init__(self, disk: Disk, path: str, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._disk = disk
        self._path = path

    def write(self, data: Any) -> int:
        size = os.fstat(self.fileno()).st_size
        half = memoryview(data)[: len(data) // 2]
        self._disk.wrote(self._path, size)
        if not self._disk.step("write", self._path, lambda: super(_File, self).write(half)):
            return len(data)
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        if not self._disk.step("truncate", self._path):
            return size or 0
        return super().truncate(size)


def each_operation(
    made: Path, fault: Fault, act: Callable[[Path], object], *, only: str = ""
) -> Iterator[tuple[Path, Disk]]:
    """Let `act` meet `fault` at its first operation, at its second, and so on.

    Each time it works in a fresh copy of `made`, at one and the same path; the last time it is not
    disturbed. What it raises for an error of the disk it handles itself.

    Args:
        made: The folder as it is before.
        fault: What happens.
        act: Given the copy.
        only: Operations count on paths that have it in their name.
    """
    work = made.with_name(f"{made.name}-work")
    for at in count(1):
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(made, work, symlinks=True)
        with Disk(work, at, fault, only) as disk, suppress(Died):
            act(work)
        gc.collect()  # the system closes the files and locks of a dead process
        yield work, disk
        if not disk.struck:
            return


def tree(folder: Path) -> dict[str, bytes]:
    """All files of a folder, by their paths in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
