"""A value that the processes of one run share: in a file of theirs, one at a time."""

from __future__ import annotations

import os
import pickle
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from pytest_claude.recording import files

T = TypeVar("T")
_VARIABLE = "PYTEST_CLAUDE_LIMITS"
_POLL_S = 0.002


@contextmanager
def sharing(folder: str) -> Iterator[None]:
    """Let the runs of pytest that begin meanwhile share one state, as those of a bump do."""
    os.environ[_VARIABLE] = str(Path(folder, "limits"))
    try:
        yield
    finally:
        del os.environ[_VARIABLE]


def shared_path() -> Path | None:
    """The file of the state that this run shares with others; None where it does not."""
    path = os.environ.get(_VARIABLE)
    return None if path is None else Path(path)


class SharedState(Generic[T]):
    """Holds a value for the processes that know its file, or for this process alone."""

    def __init__(self, new: Callable[[], T], path: Path | None = None) -> None:
        """`path` is a file in a folder that only this user can write, for it is a pickle."""
        self._new = new
        self.path = self._path = path
        self._lock = threading.Lock()
        self._value = new() if path is None else None
        self._inside: set[int] = set()  # threads that have it, or wait for it
        self._later: deque[Callable[[T], object]] = deque()

    @contextmanager
    def held(self) -> Iterator[T]:
        """The value, to read and to change; nobody else has it meanwhile.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        thread = threading.get_ident()
        self._inside.add(thread)
        try:
            with self._lock, self._opened() as value:
                yield value
        finally:
            self._inside.discard(thread)
            with suppress(IndexError):  # another thread may take the last one
                while True:
                    self.change(self._later.popleft())

    def change(self, change: Callable[[T], object]) -> None:
        """Have the value changed: now, or once this thread has it no more.

        A stream that the app left is closed when it is collected, and that may be meanwhile.

        Raises:
            UnsavedCassette: The disk refuses it.
        """
        if threading.get_ident() in self._inside:
            self._later.append(change)
            return
        with self.held() as value:
            change(value)

    @contextmanager
    def _opened(self) -> Iterator[T]:
        if self._path is None:
            assert self._value is not None, "it has no file"
            yield self._value
            return
        import filelock  # late: only a run that records with xdist needs it

        # A new one each time: it is reentrant, for whatever thread.
        with filelock.FileLock(f"{self._path}.lock", poll_interval=_POLL_S):
            there = self._path.exists()
            value: T = pickle.loads(self._path.read_bytes()) if there else self._new()
            yield value
            self._write(self._path, value)

    @staticmethod
    def _write(path: Path, value: T) -> None:
        new = path.with_suffix(".new")
        try:
            new.write_bytes(pickle.dumps(value))
            os.replace(new, path)  # noqa: PTH105  # a process that is killed leaves the old one
        except OSError as error:
            raise files.unsaved(path, error) from error
