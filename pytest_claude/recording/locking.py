"""One writer per cassette: two processes that record the same test must not mix."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from pytest_claude.errors import UnsavedCassette
from pytest_claude.recording import files
from pytest_claude.recording.partial import partial_of


class WriteLock:
    """The right to write a cassette, until it is released or the process ends.

    The lock file is in the system's temporary folder, so that a killed process leaves nothing
    among the cassettes; it covers the processes of one machine. Whoever releases the lock removes
    the file.
    """

    def __init__(self, path: Path, patience_s: float = 0) -> None:
        """Take the lock, and make sure that the cassette's folder can be written.

        Waits `patience_s` seconds for another process that has it.

        Raises:
            UnsavedCassette: Another process is recording it, or the folder can't be written.
        """
        import filelock  # only a recording run needs it

        digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]
        user = getattr(os, "getuid", int)()  # another user's lock file could not be opened
        self._file = Path(tempfile.gettempdir()) / f"pytest-claude-{user}-{digest}.lock"
        self._partial = partial_of(path)
        # Not bound to a thread: the trial is closed by another one than the app's.
        self._lock = filelock.FileLock(self._file, thread_local=False)
        try:
            self._lock.acquire(timeout=patience_s)
            self._partial.parent.mkdir(parents=True, exist_ok=True)
            with self._partial.open("ab"):
                pass
        except filelock.Timeout:
            raise UnsavedCassette(
                f"{path.name} is being recorded by another process",
                [
                    ("expected", "one recording of this test at a time"),
                    ("observed", "another pytest process holds the lock on it"),
                    ("evidence", str(path)),
                    ("to go on", "wait for the other run, then repeat this one"),
                ],
            ) from None
        except OSError as error:
            self._unlock()
            raise files.unsaved(self._partial, error) from error

    def release(self) -> None:
        """Let others write; nothing is left behind when nothing was recorded."""
        try:
            if self._partial.stat().st_size == 0:
                self._partial.unlink()
        except OSError:
            pass  # it became the cassette, or is not ours to remove any more
        self._unlock()

    def _unlock(self) -> None:
        # While the lock is held: removed later, the file could be the next holder's. A process
        # that has it open gets the lock of a file without a name, sees so and begins anew
        # (filelock, since 3.24). Windows removes no open file; there filelock does it.
        if self._lock.is_locked and os.name != "nt":
            with suppress(OSError):
                self._file.unlink()
        self._lock.release()
