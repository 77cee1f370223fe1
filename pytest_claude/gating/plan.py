"""What a runner asks before each trial, and the answer it gets."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.trial import Stream, Trial


@dataclass(frozen=True)
class Step:
    """The trial to run next.

    Attributes:
        stream: On which arm.
        index: Its number in the stream, from 0.
    """

    stream: Stream
    index: int


class Later(enum.Enum):
    """The test is not done, but must wait for the trials of others."""

    LATER = "later"


LATER: Literal[Later.LATER] = Later.LATER

Plan = Callable[[Sequence[Trial]], Step | Literal[Later.LATER] | None]
"""From the trials of a test so far: the next one, LATER, or None when it has all it needs."""
