"""What asks a model while the tests are imported: it is noted, and stopped in a dry run alone.

Whether the session holds a claude test is not known then; a folder of cassettes is the sign that
this project replays.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import Any

from pytest_claude.recording.doors import guard, neighbours
from pytest_claude.recording.doors.line import ClosedLine, OpenLine, line
from pytest_claude.recording.doors.traffic import Target

_SDK = "anthropic"


class ImportWatch:
    """Notes requests to a model, and connections to one."""

    def __init__(self, *, dry: bool = False) -> None:
        self._line = ClosedLine(dry=True) if dry else OpenLine()
        self._stack = ExitStack()
        self._stack.enter_context(guard.watching(self._note))
        self._stack.enter_context(line(self._line))
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
        """What was seen, one sentence each; it watches no more."""
        self.close()
        if isinstance(self._line, ClosedLine):
            return [f"while the tests were imported: {p.headline}" for p in self._line.problems]
        return [
            f"while the tests were imported, a model was asked ({target}): imports are not "
            "guarded, move the call into a fixture"
            for target in self._line.targets
        ]

    def close(self) -> None:
        """Watch no more."""
        self._stack.close()

    def _patch(self) -> None:
        from pytest_claude.recording.doors import patching  # late: it takes as long as pytest

        patching.install()
        self._stack.callback(patching.uninstall)

    def _note(self, target: Target, is_model: bool) -> None:
        if is_model and not neighbours.is_left_alone(self._line, target):
            problem = self._line.refuse(target.words)
            raise ConnectionRefusedError(problem.headline) from problem
