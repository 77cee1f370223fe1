"""The limits of an account, and when each call to a model came and was answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

LIMITED = ("rate_limit_error", "This request would exceed your account's rate limit.")


@dataclass
class Passed:
    """A call to a model.

    Attributes:
        came: When it arrived, in seconds of `time.perf_counter`.
        refused: Whether it was answered 429.
        went: When the head of its answer was sent; None before that.
    """

    came: float
    refused: bool = False
    went: float | None = None


@dataclass
class Account:
    """Limits of an account; each of them may be missing.

    Attributes:
        at_a_time: Calls under way.
        per_minute: Calls a minute, refilled evenly, as the API does it.
        retry_after: What a refused call is told.
        tells: Whether answers say in headers what is left.
        passed: All calls to a model, in the order of their arrival.
    """

    at_a_time: int | None = None
    per_minute: int | None = None
    retry_after: str = "1"
    tells: bool = False
    passed: list[Passed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._left = float(self.per_minute or 0)
        self._at = time.perf_counter()

    @contextmanager
    def call(self) -> Iterator[Mapping[str, str] | None]:
        """A call from its arrival to the end of its answer: the headers of its refusal, or None."""
        with self._lock:
            passed = Passed(time.perf_counter())
            self.passed.append(passed)
            passed.refused = self._is_full(passed.came)
            self._under_way += not passed.refused
        try:
            yield {"retry-after": self.retry_after, **self.told()} if passed.refused else None
        finally:
            with self._lock:
                passed.went = time.perf_counter()
                self._under_way -= not passed.refused

    def told(self) -> dict[str, str]:
        """The headers that say what is left of the calls of a minute."""
        if not self.tells:
            return {}
        left = {"limit": self.per_minute or 0, "remaining": int(self._left)}
        return {f"anthropic-ratelimit-requests-{name}": str(n) for name, n in left.items()}

    @property
    def answered(self) -> list[Passed]:
        """The calls that were not refused."""
        return [each for each in self.passed if not each.refused]

    def sent_while_closed(self, *, tolerance_s: float) -> list[Passed]:
        """The calls that came while a refused one said to wait.

        What was on its way when the refusal arrived at the client is no breach: `tolerance_s` is
        how long the way may take.
        """
        pause_s = float(self.retry_after)
        pauses = [
            (each.went + tolerance_s, each.came + pause_s)
            for each in self.passed
            if each.refused and each.went is not None
        ]
        return [
            each for each in self.passed if any(start < each.came < end for start, end in pauses)
        ]

    def _is_full(self, now: float) -> bool:
        if self.per_minute is not None:
            rate = self.per_minute / 60
            self._left = min(self.per_minute, self._left + (now - self._at) * rate)
            self._at = now
            if self._left < 1:
                return True
        if self.at_a_time is not None and self._under_way >= self.at_a_time:
            return True
        self._left -= 1
        return False
