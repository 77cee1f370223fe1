"""What a runner asks before each trial, and the answer it gets. Plans that need no gate."""

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


def plan_plain(trials: int) -> Plan:
    """A plan of `trials` trials; a skip or a trial that could not be run ends it."""

    def plan(taken: Sequence[Trial]) -> Step | None:
        stopped = taken and taken[-1].outcome in ("skip", "abort", "void")
        return None if stopped or len(taken) >= trials else Step("base", len(taken))

    return plan


def plan_all(steps: Sequence[Step]) -> Plan:
    """A plan of these steps, whatever they show; a skip ends it."""

    def plan(taken: Sequence[Trial]) -> Step | None:
        stopped = taken and taken[-1].outcome == "skip"
        return None if stopped or len(taken) >= len(steps) else steps[len(taken)]

    return plan


def in_order(steps: Sequence[Step], before: int = 0) -> Plan:
    """A plan of these steps, after `before` trials that were taken already.

    A stop ends it, and so do two void trials in a row: the gate says whether more can help.
    """

    def plan(taken: Sequence[Trial]) -> Step | None:
        done = [trial.outcome for trial in taken[before:]]
        stopped = done[-1:] in (["skip"], ["abort"]) or done[-2:] == ["void", "void"]
        return None if stopped or len(done) >= len(steps) else steps[len(done)]

    return plan
