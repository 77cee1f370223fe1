"""Processes that begin as forks of one that has imported the SDK already.

    python forks.py serve SOCKET         the process that is forked
    python forks.py ask SOCKET -c CODE   have a fork run CODE

Importing the SDK takes a new process longer than all else that a worker of a small project does.
What asks starts without `site`: it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any


def ask(path: str, code: str) -> None:
    """Have the server run `code` in a fork, with this process's streams, folder and environment."""
    place = json.dumps({"code": code, "folder": str(Path.cwd()), "environment": {**os.environ}})
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [b"."], [0, 1, 2])
        server.sendall(place.encode())


def serve(path: str) -> None:
    """Fork for whoever asks, until the standard input ends."""
    import anthropic  # noqa: F401
    import deepdiff  # noqa: F401
    import genai_prices.data  # noqa: F401
    import jsonschema  # noqa: F401
    import vcr.patch  # noqa: F401
    import xdist.remote  # noqa: F401
    import yaml  # noqa: F401

    import pytest_claude.plugin.collection
    import pytest_claude.recording.readers
    import pytest_claude.report.terminal  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a fork
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            client, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                code = _take(client)
                exec(code, {"__name__": "__main__"})
                return
            client.close()


def _take(client: socket.socket) -> str:
    """Put on the streams, folder and environment of who asks; the code that is asked for."""
    with client:
        _, streams, _, _ = socket.recv_fds(client, 1, 3)
        place: dict[str, Any] = json.load(client.makefile())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(place["environment"])
    os.chdir(place["folder"])
    sys.argv = ["-c"]
    sys.dont_write_bytecode = True  # as in a run in process
    return str(place["code"])


if __name__ == "__main__":
    command, path, *rest = sys.argv[1:]
    if command == "serve":
        serve(path)
    else:
        ask(path, rest[-1])
