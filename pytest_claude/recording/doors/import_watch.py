"""What asks a model while the tests are imported: it is noted and not stopped.

Whether the session holds a claude test is not known then; a folder of cassettes is the sign that
this project replays.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

from pytest_claude.recording.doors import guard, neighbours
from pytest_claude.recording.doors.line import OpenLine, line
from pytest_claude.recording.doors.traffic import Target

_SDK = "anthropic"


class ImportWatch:
    """Notes requests to a model, and connections to one."""

    def __init__(self) -> None:
        self._open = OpenLine()
        self._stack = ExitStack()
        self._stack.enter_context(guard.watching(self._note))
        self._stack.enter_context(line(self._open))
        if _SDK in sys.modules:
            self._patch()
        else:
            sys.meta_path.insert(0, self)
            self._stack.callback(sys.meta_path.remove, self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Patch the SDK when it is imported: a client's own base URL shows nowhere else."""
        if name == _SDK:
            self._patch()

    def stop(self) -> list[str]:
        """What was seen, one sentence each."""
        self._stack.close()
        return [
            f"while the tests were imported, a model was asked ({target}): imports are not "
            "guarded, move the call into a fixture"
            for target in self._open.targets
        ]

    def _patch(self) -> None:
        from pytest_claude.recording.doors import patching  # late: it takes as long as pytest

        patching.install()
        self._stack.callback(patching.uninstall)

    def _note(self, target: Target, is_model: bool) -> None:
        if is_model:
            neighbours.is_left_alone(self._open, target)
