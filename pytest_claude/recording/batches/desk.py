"""Between the processes that run tests and the one that submits their calls: a local connection.

Credentials go over it. It is a socket of this machine that only the holder of a random key can
open; the key is in the environment of the processes that are started.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording.batches.items import Question
from pytest_claude.recording.batches.verdicts import Verdict

if TYPE_CHECKING:
    from pytest_claude.recording.batches.exchange import Exchange

VARIABLE = "PYTEST_CLAUDE_BATCH"
"""Says where the desk is, and in a process of a round that it is one."""


class Desk:
    """Answers for an exchange until it is closed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._key = os.urandom(16)
        self._listener = Listener(authkey=self._key, backlog=64)
        threading.Thread(target=self._serve, daemon=True).start()

    def variable(self, **more: object) -> str:
        """The value of the environment variable by which a process finds the desk."""
        return json.dumps({"address": self._listener.address, "key": self._key.hex(), **more})

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._listener.accept()
            except OSError:
                return
            except Exception:  # somebody without the key, or who has left
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: Connection[Verdict | None, Question | str]) -> None:
        with suppress(EOFError, OSError), connection:
            while True:
                asked = connection.recv()
                if isinstance(asked, Question):
                    connection.send(self._exchange.ask(asked))
                else:
                    self._exchange.open(asked)
                    connection.send(None)


def read_variable(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """What the environment variable says; empty where there is none."""
    value: Mapping[str, Any] = json.loads(environment.get(VARIABLE, "{}"))
    return value


class Post:
    """Asks the desk, from any thread."""

    def __init__(self, variable: Mapping[str, Any]) -> None:
        self._variable = variable
        self._lock = threading.Lock()
        self._connection: Connection[Any, Any] | None = None

    def ask(self, question: Question) -> Verdict:
        """What is to become of a call.

        Raises:
            RecordingProblem: The process that submits has ended.
        """
        verdict: Verdict = self._sent(question)
        return verdict

    def open(self, owner: str) -> None:
        """Say that the last run begins this trial.

        Raises:
            RecordingProblem: The process that submits has ended.
        """
        self._sent(owner)

    def _sent(self, asked: Question | str) -> Any:
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = self._connect()
                self._connection.send(asked)
                return self._connection.recv()
        except (EOFError, OSError) as error:
            raise RecordingProblem(
                "the run that submits batches has ended: nothing was sent",
                [("observed", f"{type(error).__name__}: {error}"), ("to go on", "start it again")],
            ) from error

    def end_with_it(self) -> None:
        """End this process when the one that submits does: nobody would hear of its tests."""

        def watch() -> None:
            with suppress(EOFError, OSError):
                self._connect().recv()
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()

    def _connect(self) -> Connection[Any, Any]:
        address, key = self._variable["address"], bytes.fromhex(self._variable["key"])
        return Client(address, authkey=key)
