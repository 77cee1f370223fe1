"""Asking the API for batches again, while it is busy or not reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from pytest_claude.clock import elapsed_s
from pytest_claude.recording.batches.api import Busy, Refused, Unanswered
from pytest_claude.recording.batches.verdicts import Stopped

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_PATIENCE_S = 600.0
"""How long an API that is busy or not reached is asked again while nothing is under way."""
T = TypeVar("T")


def pauses() -> Iterator[float]:
    """Seconds to the next look, longer and longer."""
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(_LONGEST_PAUSE_S, pause_s * 1.5)


def patiently(call: Callable[[], T], *errors: type[Exception]) -> T:
    """What `call` gives; it is repeated for ten minutes while it raises one of `errors`."""
    began = elapsed_s()
    for pause_s in pauses():
        try:
            return call()
        except errors:
            if elapsed_s() - began > _PATIENCE_S:
                raise
        time.sleep(pause_s)
    assert False, "because the pauses never end"


def read(call: Callable[[], T]) -> T:
    """What `call` reads of the API.

    Raises:
        Stopped: It can't be read.
    """
    try:
        return patiently(call, Busy, Unanswered)
    except (Busy, Unanswered, Refused) as error:
        raise Stopped(f"the batches can't be read: {error}") from None
