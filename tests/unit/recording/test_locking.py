"""One writer per cassette, among real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.errors import UnsavedCassette
from pytest_claude.recording.locking import WriteLock

WRITER = """
import os, sys
from pathlib import Path
from pytest_claude.errors import UnsavedCassette
from pytest_claude.recording.locking import WriteLock

path, alone, left = Path(sys.argv[1]), Path(sys.argv[2]), 60
while left:
    try:
        lock = WriteLock(path)
    except UnsavedCassette:
        continue
    os.close(os.open(alone, os.O_CREAT | os.O_EXCL))  # fails where two are inside
    alone.unlink()
    lock.release()
    left -= 1
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def test_a_lock_that_was_released_leaves_no_file(temporary: Path, tmp_path: Path) -> None:
    lock = WriteLock(tmp_path / "cassettes" / "a.yaml")
    assert len(list(temporary.iterdir())) == 1
    lock.release()
    assert list(temporary.iterdir()) == []


def test_many_processes_are_inside_one_at_a_time_and_leave_no_file(
    temporary: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "a.yaml"), str(tmp_path / "alone")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, "\n".join(said)
    assert list(temporary.iterdir()) == []
    assert list(tmp_path.glob("*.partial")) == []


def test_a_lock_file_removed_before_it_is_locked_locks_nobody(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "a.yaml"
    first, flock = WriteLock(path), fcntl.flock

    def late(*arguments: Any) -> None:  # the file is open, and the other one releases it now
        monkeypatch.setattr(fcntl, "flock", flock)
        first.release()
        flock(*arguments)

    monkeypatch.setattr(fcntl, "flock", late)
    second = WriteLock(path, 10)
    assert len(list(temporary.iterdir())) == 1, "the lock of a file with a name"
    with pytest.raises(UnsavedCassette):
        WriteLock(path)
    second.release()
    assert list(temporary.iterdir()) == []


def test_the_file_is_removed_while_the_lock_is_held(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    lock, unlink, held = WriteLock(tmp_path / "a.yaml"), Path.unlink, []

    def watched(path: Path, *arguments: Any, **named: Any) -> None:
        if path.parent == temporary:
            with path.open() as file, pytest.raises(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(path)
        unlink(path, *arguments, **named)

    monkeypatch.setattr(Path, "unlink", watched)
    lock.release()
    assert len(held) == 1
