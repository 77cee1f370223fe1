"""Places where a scripted model and the test that talks to it wait for each other.

A pause would be a guess at how fast the machine is. Tests that pytester runs in process share
this module with the test that runs them.
"""

from __future__ import annotations

import threading
from collections import defaultdict

_LONGEST_S = 120.0  # only a test that fails waits so long

_places: defaultdict[str, threading.Event] = defaultdict(threading.Event)
_lock = threading.Lock()


def reach(place: str) -> None:
    """Let those go on that wait at `place`, now or later."""
    _at(place).set()


def wait(place: str) -> None:
    """Wait until somebody has reached `place`.

    Raises:
        TimeoutError: Nobody came.
    """
    if not _at(place).wait(_LONGEST_S):
        raise TimeoutError(f"nobody reached {place!r}")


def clear() -> None:
    """Let all go on that still wait, and forget every place."""
    with _lock:
        for place in _places.values():
            place.set()
        _places.clear()


def _at(place: str) -> threading.Event:
    with _lock:
        return _places[place]
