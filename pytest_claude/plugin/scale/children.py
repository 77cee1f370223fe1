"""Runs of pytest that this run starts: the same command line, with another part in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest

_SHOWN_LINES = 30
_LOOK_S = 1.0
# Such a run may report no test, and other plugins may fail it: for too little coverage, for one.
_RAN = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)


class Child:
    """One such run. Its output is kept to the last lines, to be shown where it breaks."""

    def __init__(
        self, config: pytest.Config, variables: Mapping[str, str], more: Sequence[str] = ()
    ) -> None:
        """Start it.

        Args:
            config: Of this run.
            variables: Its environment beside that of this process.
            more: Words after those of this run's command line.
        """
        params = config.invocation_params
        words = [sys.executable, "-m", "pytest", *map(str, params.args)]
        if (seed := getattr(config.option, "randomly_seed", None)) is not None:
            words.append(f"--randomly-seed={seed}")
        self._process = subprocess.Popen(
            [*words, *more],
            cwd=params.dir,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        assert self._process.stdout is not None, "it is a pipe"
        self._last: deque[str] = deque(maxlen=_SHOWN_LINES)
        self._reader = threading.Thread(
            target=self._last.extend, args=(self._process.stdout,), daemon=True
        )
        self._reader.start()

    def runs(self, seconds: float) -> bool:
        """Whether it still runs after so many seconds, or less where it ends before."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self._process.poll() is None

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        status = self._process.wait()
        self._reader.join(timeout=1)
        # Else a program that a test has started holds the pipe.
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()
        return status

    def interrupt(self) -> None:
        """Stop it as ^C does: what it has recorded is kept."""
        if self._process.poll() is None and sys.platform != "win32":
            self._process.send_signal(signal.SIGINT)
        elif self._process.poll() is None:
            self._process.terminate()  # a process of Windows can't be sent ^C alone

    @property
    def ran(self) -> bool:
        """Whether it has run its tests."""
        return self._process.returncode in _RAN

    @property
    def last_lines(self) -> list[str]:
        """The last lines that it printed."""
        return [line.rstrip() for line in [*self._last]]


def end_with_parent() -> None:
    """Have such a run end as ^C ends it, where the run that started it was killed."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=watch, daemon=True).start()


def be_quiet(config: pytest.Config) -> None:
    """Let such a run change nothing that the run which started it reads, and open no debugger."""
    config.option.usepdb = False
    if (cache := getattr(config, "cache", None)) is not None:
        cache.set = lambda key, value: None
