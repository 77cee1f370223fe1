"""The day by which a run judges what has retired or expired, and the clock of durations."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache


@cache
def today() -> str:
    """The day in UTC, as `YYYY-MM-DD`.

    Once per process: a test may put the clock back, and a run has one day.
    """
    return datetime.now(tz=UTC).date().isoformat()


def elapsed_s(_read: Callable[[], float] = time.perf_counter) -> float:
    """Seconds since some point in the past; only differences mean anything.

    freezegun replaces `time.perf_counter` wherever a module names it, while a test freezes time.
    A default value keeps the real one.
    """
    return _read()


def local_time(after_s: float, _read: Callable[[], float] = time.time) -> datetime:
    """The time of day, here, in so many seconds; also while a test freezes time."""
    return datetime.fromtimestamp(_read() + after_s, tz=UTC).astimezone()
