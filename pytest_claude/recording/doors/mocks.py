"""Mocks in this process: what answers requests of the app in the place of the API."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pytest_claude.errors import CassetteMiss
from pytest_claude.recording.doors.neighbours import own_server
from pytest_claude.recording.doors.traffic import Target

_METHODS = ("handle_request", "handle_async_request")


def below(transport: Any) -> str | None:
    """The library that answers in the place of the connections of a transport; None if none does.

    respx does, in the library below httpx.
    """
    pool = getattr(transport, "_pool", None)
    return None if pool is None else _replaced(type(pool))


def above(client: Any) -> str | None:
    """What answers the requests of an HTTP client before our patch sees them; None if none does.

    vcrpy's `use_cassette` does, respx by its other way, and a transport of the app's own.
    """
    kind: Any = type(client)
    transport: Any = type(getattr(client, "_transport", None))
    chooser = getattr(kind, "_transport_for_url", None)
    methods = (getattr(transport, method, None) for method in _METHODS)
    return _above(kind, chooser, transport, *methods)


def that_answered(response: Any, transport: Any) -> str | None:
    """The test's own mock that answered, which is no answer of a model; None for the network."""
    mock = below(transport)
    return None if "network_stream" in response.extensions else mock


def named(error: Exception, target: Target, transport: Any) -> Exception:
    """A miss that names what the test itself has put in the place of the API."""
    if isinstance(error, CassetteMiss):
        mock = below(transport) or own_server(target)
        if mock is not None:
            what = f"{mock} stands in for the API here; recordings answer a claude test, no mock"
            error.rows = (*error.rows, ("a mock", what))
    return error


@lru_cache(16)  # it is asked at each call, and the methods are the same until a mock comes or goes
def _above(kind: type[Any], chooser: Any, transport: type[Any], *methods: Any) -> str | None:
    name = _other_library(chooser, kind) or _replaced(transport)
    if name is not None or any(_home(method) == _US for method in methods):
        return name
    return f"`{transport.__name__}`"


_US = __name__.partition(".")[0]


def _replaced(kind: type[Any]) -> str | None:
    """The library that has replaced a method of a class by which requests are sent."""
    names = (_other_library(getattr(kind, method, None), kind) for method in _METHODS)
    return next((name for name in names if name is not None), None)


def _other_library(function: Any, kind: type[Any]) -> str | None:
    """The library that a method of a class was written in, where that is not the class's own."""
    if function is None:
        return None
    home = _home(function)
    owners = {base.__module__.partition(".")[0] for base in kind.__mro__}
    return None if home == _US or home in owners else _NAMES.get(home, home)


def _home(function: Any) -> str:
    """The package whose code a function is, whatever it says of itself."""
    module = getattr(function, "__globals__", {}).get("__name__") or type(function).__module__
    return str(module).partition(".")[0]


_NAMES = {"vcr": "vcr.use_cassette", "unittest": "a mock of unittest.mock"}
