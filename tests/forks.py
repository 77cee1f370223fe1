"""A Python that has imported the SDK already: its processes are forks of one that did so once.

    python forks.py FILE PYTHON     the process that is forked; the socket FILE is open, and PYTHON
                                    is what forks start for a Python
    ask(SOCKET, WORDS)              have a fork do what `python WORDS` does

Importing the SDK takes a new process longer than all else that it does with a small project. What
asks imports nothing but the standard library, and ends as the fork ends.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


def ask(path: str, words: Sequence[str]) -> None:
    """Have the server fork, with this process's streams, folder and environment; end as it ends.

    SIGTERM kills the fork, and so does the end of this process, a moment later.
    """
    place = {"words": words, "folder": str(Path.cwd()), "environment": {**os.environ}}
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        socket.send_fds(server, [b"."], [0, 1, 2])
        server.sendall(json.dumps(place).encode() + b"\n")
        signal.signal(signal.SIGTERM, lambda *_: server.shutdown(socket.SHUT_WR))
        status = int(server.recv(9) or b"70")  # 70: the server is gone
    if status < 0:
        with suppress(OSError):  # SIGKILL has no other
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    sys.exit(status)


def serve(file: int, python: str) -> None:
    """Fork for whoever asks, until the standard input ends."""
    _import()
    sys.executable = python
    gc.collect()
    gc.freeze()  # no fork looks at what is imported by now
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # a fork that ends wakes `select`
    clients: dict[int, socket.socket] = {}
    killed: set[int] = set()
    with socket.socket(fileno=file) as listener:
        while True:
            alive = {c: process for process, c in clients.items() if process not in killed}
            ready = select.select([listener, sys.stdin, wake, *alive], [], [])[0]
            if sys.stdin in ready:
                return
            for client in alive.keys() & ready:  # it says no more: it is to be killed, or is gone
                os.kill(alive[client], signal.SIGKILL)
                killed.add(alive[client])
            if wake in ready:
                os.read(wake, 4096)
                _tell_ends(clients)
            if listener in ready:
                client, _ = listener.accept()
                if (asked := _taken(client)) is None:
                    client.close()
                    continue
                streams, place = asked
                if (process := os.fork()) == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for other in (listener, client, *clients.values()):
                        other.close()
                    return _run(_put_on(streams, place))
                for stream in streams:
                    os.close(stream)
                clients[process] = client


def _import() -> None:
    """Import what a run of pytest with our plugin and an app imports."""
    import _pytest.config
    import anthropic
    import deepdiff  # noqa: F401
    import genai_prices.data  # noqa: F401
    import jinja2  # noqa: F401
    import jsonschema  # noqa: F401
    import vcr.patch  # noqa: F401
    import xdist.plugin
    import xdist.remote  # noqa: F401
    import yaml  # noqa: F401

    import pytest_claude.cli
    import pytest_claude.plugin.collection
    import pytest_claude.recording.readers
    import pytest_claude.report.terminal  # noqa: F401

    _pytest.config.get_config()
    anthropic.Anthropic(api_key="k").close()  # what a client imports
    del sys.path[0]  # the folder of this file


def _tell_ends(clients: dict[int, socket.socket]) -> None:
    """Tell who asked for the forks that have ended how they did."""
    while clients:
        process, status = os.waitpid(-1, os.WNOHANG)
        if process == 0:
            return
        with clients.pop(process) as client, suppress(BrokenPipeError):  # who asked was killed
            client.sendall(b"%d" % os.waitstatus_to_exitcode(status))


def _taken(client: socket.socket) -> tuple[list[int], dict[str, Any]] | None:
    """The streams of who asks, and its words, folder and environment.

    None where it was killed before it had said them.
    """
    streams: list[int] = []
    with suppress(OSError, ValueError), client.makefile() as told:
        streams = socket.recv_fds(client, 1, 3)[1]
        return streams, json.loads(told.readline())
    for stream in streams:
        os.close(stream)
    return None


def _put_on(streams: Sequence[int], place: dict[str, Any]) -> list[str]:
    """Put on the streams, folder and environment of who asks; the words that it was given."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Made anew: the warm ones remember whether what they wrote to before could seek.
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    os.environ.clear()
    os.environ.update(place["environment"])
    os.chdir(place["folder"])
    time.tzset()
    paths = os.environ.get("PYTHONPATH", "")
    sys.path[:0] = [entry for entry in paths.split(os.pathsep) if entry]
    sys.dont_write_bytecode = True  # as in a run in process
    return list(place["words"])


def _run(words: list[str]) -> None:
    """Do what `python WORDS` does."""
    while words[0] in ("-u", "-S", "-E"):
        del words[0]
    if words[0].startswith("-m"):
        words[:1] = ["-m", words[0][2:]] if words[0] != "-m" else ["-m"]
        sys.argv = words[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    elif words[0] == "-c":
        sys.argv = ["-c", *words[2:]]
        sys.path.insert(0, "")
        exec(words[1], {"__name__": "__main__"})
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
