"""The guard below every library: what Python itself reports before it opens a connection.

`sys.addaudithook` sees every resolver and socket call of the process, also those made in C, in
threads and by libraries we never heard of; not those of other processes, of uvloop, or made
through ctypes. A hook can't be removed again, so one is installed at the first use and looks at
what is in force.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.recording.doors import neighbours, traffic
from pytest_claude.recording.doors.traffic import Target

# An error of the app is shown, and a debugger opened, where the app made the call.
__tracebackhide__ = True

Watch = Callable[[Target, bool], None]
"""Gets a target, and whether it is a model's; raises to refuse it."""

_CONNECTS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_RESOLVES = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
# What the SDK and Python start themselves, to describe the platform and to find libraries.
_HARMLESS_PROGRAMS = (
    "uname", "lsb_release", "sw_vers", "ldconfig", "gcc", "cc", "ld", "objdump",
)  # fmt: skip

_watch: Watch | None = None
_note_program: Callable[[str], None] | None = None
_busy = threading.local()


@contextmanager
def watching(watch: Watch, note_program: Callable[[str], None] | None = None) -> Iterator[None]:
    """While it lasts, `watch` hears of every connection and `note_program` of every program."""
    global _watch, _note_program
    _install()
    before = _watch, _note_program
    _watch, _note_program = watch, note_program
    try:
        yield
    finally:
        _watch, _note_program = before


def is_allowed(target: str, hosts: Collection[str]) -> bool:
    """Whether a host is loopback, one of `hosts` by exact name, or an address of one of them."""
    return (
        traffic.is_loopback(target) or target in hosts or target in _addresses(tuple(sorted(hosts)))
    )


@cache
def _install() -> None:
    sys.addaudithook(_hear)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    # Called for every audit event of the process: what is not ours must cost next to nothing.
    if _watch is None:
        return
    if event in _RESOLVES:
        _tell(Target(_text(args[0]), _number(args[1]) if len(args) > 1 else None))
    elif event in _CONNECTS:
        address = args[1]
        if isinstance(address, tuple) and address:  # AF_UNIX addresses are text
            _tell(Target(_text(address[0]), _number(address[1])))
    elif event == "http.client.send":
        _http(*args)
    elif event == "subprocess.Popen" and _note_program is not None:
        program = os.path.basename(_text(args[0] or args[1][0]))  # noqa: PTH119  # any text
        if program.removesuffix(".real") not in _HARMLESS_PROGRAMS:
            _note_program(program)


def _tell(target: Target, is_model: bool | None = None) -> None:
    if _watch is None or getattr(_busy, "now", False):
        return
    _busy.now = True  # what the watcher resolves itself is not watched
    try:
        if is_model is None:
            is_model = neighbours.is_model_server(target.host, target.port)
        _watch(target, is_model)
    finally:
        _busy.now = False


def _http(connection: Any, data: Any) -> None:
    """A request of http.client: urllib, urllib3, requests, botocore, also through a proxy."""
    if not isinstance(data, bytes) or _watch is None:
        return
    head = data.partition(b"\r\n\r\n")[0]
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    where = rest.rpartition(" HTTP/")[0]
    if not where:
        return  # the rest of a body
    host = _text(getattr(connection, "_tunnel_host", None) or getattr(connection, "host", ""))
    port = getattr(connection, "_tunnel_port", None) or getattr(connection, "port", None)
    if method == "CONNECT":
        host, _, number = where.rpartition(":")
        target = Target(host, _number(number), method)
        is_model = neighbours.is_model_server(host, target.port)
    else:
        path = where.partition("?")[0]
        if _ABSOLUTE.match(where) and (through := _through_a_proxy(where)):
            host, port, path = through
        target = Target(host, _number(port), method, path)
        # The body follows in a call of its own: what is posted on a path of the Messages API is
        # taken for a call of it.
        shape = traffic.ANY_SHAPE if method == "POST" else b""
        is_model = neighbours.is_model_traffic(
            host, target.port, path, _headers(head), lambda: shape
        )
    if is_model:
        _tell(target, is_model=True)


# Without a scheme it is a path, also where that begins with two slashes.
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)


def _through_a_proxy(url: str) -> tuple[str, int | None, str] | None:
    """Host, port and path of a request that a proxy passes on; None where it is no URL."""
    try:
        parts = urlsplit(url)
        port = traffic.port_of(parts)
    except ValueError:
        return None
    return (parts.hostname, port, parts.path) if parts.hostname else None


def _number(port: Any) -> int | None:
    """A port; None for the name of a service, which a resolver may get."""
    try:
        return int(port)
    except (TypeError, ValueError):
        return traffic.PORTS.get(_text(port))


def _headers(head: bytes) -> Mapping[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(":") for line in lines)}


@cache
def _addresses(hosts: tuple[str, ...]) -> frozenset[str]:
    import socket

    addresses: set[str] = set()
    for host in hosts:
        try:
            addresses.update(str(info[4][0]) for info in socket.getaddrinfo(host, None))
        except OSError:
            continue
    return frozenset(addresses)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
