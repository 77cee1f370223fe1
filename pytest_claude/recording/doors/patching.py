"""Puts our functions in the place of the SDK's and the HTTP libraries', and takes them back.

What is not imported yet is patched the moment it is: a test may import its HTTP library in its
body, and a call that we don't see would go live.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from pytest_claude.recording.doors import aiohttp, aws, credentials, transport

Wrap = Callable[[Callable[..., Any]], Callable[..., Any]]

_HTTP_LIBRARIES = ("httpx", "httpx2")
# Transports over aiohttp: no subclass of the HTTP library's own.
_AIOHTTP = ("handle_async_request", transport.async_transport)
_CLASSES: tuple[tuple[str, str, str, Wrap], ...] = (
    ("anthropic._vendor.httpx_aiohttp.transport", "AiohttpTransport", *_AIOHTTP),
    ("httpx_aiohttp.transport", "AiohttpTransport", *_AIOHTTP),
    ("litellm.llms.custom_httpx.aiohttp_transport", "LiteLLMAiohttpTransport", *_AIOHTTP),
    ("aiohttp.client", "ClientSession", "_request", aiohttp.request),
    *aws.CLASSES,
)
_CLIENT = "anthropic._base_client"
_PLATFORMS = tuple(f"anthropic.lib.{name}" for name in ("bedrock", "vertex", "aws", "google_cloud"))
_WATCHED = {*_HTTP_LIBRARIES, _CLIENT, *_PLATFORMS, *(module for module, *_ in _CLASSES)}

_TRANSPORTS = ("handle_request", "handle_async_request")
_FIRST_PARAMETERS = {
    "request": ["self", "cast_to", "options"],
    "send": ["self", "request"],
    "load": ["self"],
    "_request": ["self", "method", "str_or_url"],
    "sign": ["self", "operation_name", "request"],
}

_patched: list[tuple[Any, str, Any, Any]] = []  # owner, attribute, original, ours
_installs = 0
_modules = 0
_lock = threading.RLock()  # two threads may import at once, and nothing is to be patched twice


flaws: list[str] = []
"""What could not be patched because it is not what it was, one sentence each."""


def install() -> None:
    """Patch what is imported, and what will be; safe to call again and again."""
    global _installs
    _installs += 1
    if _installs == 1:
        sys.meta_path.insert(0, _IMPORT_WATCH)
    patch_imported()


def uninstall() -> None:
    """Take the patch back when the session that asked for it first has ended."""
    global _installs
    _installs -= 1
    if _installs == 0:
        sys.meta_path.remove(_IMPORT_WATCH)
        flaws.clear()
        while _patched:
            owner, name, original, _ = _patched.pop()
            setattr(owner, name, original)


def patch_late() -> None:
    """Patch what was imported by a road that the import watch does not see."""
    global _modules
    if len(sys.modules) != _modules:
        _modules = len(sys.modules)
        patch_imported()


def patch_imported() -> None:
    """Patch what has been imported since the last time."""
    with _lock:
        _patch_imported()


def _patch_imported() -> None:
    done = {(owner, name) for owner, name, *_ in _patched}
    for owner, attribute, wrap in _targets():
        if (owner, attribute) not in done:
            original = vars(owner).get(attribute)
            if (flaw := _flaw(owner, attribute, original)) is not None:
                flaws.append(flaw)
                continue
            ours = wraps(original)(wrap(original))
            _patched.append((owner, attribute, original, ours))
            setattr(owner, attribute, ours)


@contextmanager
def uppermost() -> Iterator[None]:
    """While it lasts, model traffic is ours also where others have patched a transport over us.

    All other traffic stays theirs. vcrpy before 8.2 patches below the transports.
    """
    covered = [
        (owner, attribute, above, transport.shared(ours, above))
        for owner, attribute, _, ours in _patched
        if attribute in _TRANSPORTS and (above := vars(owner).get(attribute)) is not ours
    ]
    covered += [
        (owner, attribute, below, transport.beneath(real, below))
        for owner in _pools()
        for attribute in _TRANSPORTS
        if (real := getattr(below := vars(owner).get(attribute), "__wrapped__", None)) is not None
    ]
    for owner, attribute, _, ours in covered:
        setattr(owner, attribute, ours)
    try:
        yield
    finally:
        for owner, attribute, theirs, _ in covered:
            setattr(owner, attribute, theirs)


def _pools() -> Iterator[Any]:
    """What the transports of the HTTP libraries send through."""
    for name in ("httpcore", "httpcore2"):
        for pool in ("ConnectionPool", "AsyncConnectionPool"):
            if (owner := getattr(sys.modules.get(name), pool, None)) is not None:
                yield owner


def is_patched(owner: Any, attribute: str) -> bool:
    """Whether our function replaces an attribute."""
    return any((owner, attribute) == (patched, name) for patched, name, *_ in _patched)


def _targets() -> Iterator[tuple[Any, str, Wrap]]:
    if (client := sys.modules.get(_CLIENT)) is not None and hasattr(client, "AsyncAPIClient"):
        yield client.SyncAPIClient, "request", credentials.request
        yield client.AsyncAPIClient, "request", credentials.request
        yield from _platform_clients(client)
    for name in _HTTP_LIBRARIES:
        library = sys.modules.get(name)
        if library is not None and hasattr(library, "AsyncHTTPTransport"):
            yield library.Client, "send", transport.client_send
            yield library.AsyncClient, "send", transport.client_send
            yield library.HTTPTransport, "handle_request", transport.sync_transport
            yield library.AsyncHTTPTransport, "handle_async_request", transport.async_transport
            yield (
                sys.modules[f"{name}._transports.default"],
                "create_ssl_context",
                credentials.remembered,
            )
    for module, kind, method, wrap in _CLASSES:
        if (owner := getattr(sys.modules.get(module), kind, None)) is not None:
            yield owner, method, wrap


def _platform_clients(client: Any) -> Iterator[tuple[Any, str, Wrap]]:
    """Every class of the SDK that signs its requests or fetches a token before sending."""
    for base, wrap in (
        (client.SyncAPIClient, credentials.sync_credentials),
        (client.AsyncAPIClient, credentials.async_credentials),
    ):
        for owner in _subclasses(base):
            if owner.__module__.startswith("anthropic.lib.") and "_prepare_request" in vars(owner):
                yield owner, "_prepare_request", wrap


def _subclasses(base: type[Any]) -> Iterator[type[Any]]:
    for subclass in type.__subclasses__(base):
        yield subclass
        yield from _subclasses(subclass)


def _flaw(owner: Any, attribute: str, original: Any) -> str | None:
    """Why a target can't be patched, or None."""
    if attribute == "create_ssl_context":
        return None  # only remembered
    first = _FIRST_PARAMETERS.get(attribute, ["self", "request"])
    if callable(original) and list(inspect.signature(original).parameters)[: len(first)] == first:
        return None
    package = owner.__module__.partition(".")[0]
    version = getattr(sys.modules[package], "__version__", "of unknown version")
    name = f"{owner.__module__}.{owner.__name__}.{attribute}"
    return f"in {package} {version}, {name} is not what it was"


class _ImportWatch:
    """Sees watched modules being imported, and patches them when they are."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name not in _WATCHED or (spec := PathFinder.find_spec(name, path)) is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: Any) -> None:
            execute(module)
            patch_imported()

        loader.exec_module = exec_module
        return spec


_IMPORT_WATCH = _ImportWatch()
