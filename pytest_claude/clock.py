"""The day by which a run judges: what has retired, which rule holds, which acceptance expired."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache


@cache
def today() -> str:
    """The day in UTC, as `YYYY-MM-DD`.

    Once per process: a test may put the clock back, and a run has one day.
    """
    return datetime.now(tz=UTC).date().isoformat()
