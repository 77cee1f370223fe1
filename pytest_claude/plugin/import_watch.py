"""Connections to a model that are opened while test modules are imported."""

from __future__ import annotations

from contextlib import ExitStack

from pytest_claude.recording.doors import guard


class ImportWatch:
    """Hears of connections to a model that are made while test modules are imported.

    Whether the session holds a claude test is not known then; a folder of cassettes is the sign
    that this project replays.
    """

    def __init__(self) -> None:
        self._hosts: dict[str, None] = {}
        self._stack = ExitStack()
        self._stack.enter_context(guard.watching(self._note))

    def stop(self) -> list[str]:
        """What was seen, one sentence each."""
        self._stack.close()
        return [
            f"while the tests were imported, a connection to {host} was opened: imports are not "
            "guarded, move the call into a fixture"
            for host in self._hosts
        ]

    def _note(self, host: str, target: str, is_model: bool) -> None:
        if is_model:
            self._hosts.setdefault(host)
