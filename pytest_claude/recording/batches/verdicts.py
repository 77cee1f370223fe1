"""What becomes of a call that nothing recorded answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_claude.errors import Void
from pytest_claude.transcript.interaction import Response


@dataclass(frozen=True)
class NoAnswer:
    """Why a call has no answer, and is not sent by itself either."""

    why: str
    void: Void = "service"


Verdict = Response | Literal["wait", "alone", "later"] | NoAnswer
"""The answer to a call; "wait": it is submitted; "alone": it is sent by itself; "later": the last
run sends it; or why it has no answer."""


class Stopped(Exception):
    """Why no more can be done; what was submitted stays so, and the next run goes on."""

    def __init__(self, why: str, void: Void = "service") -> None:
        super().__init__(why)
        self.no_answer = NoAnswer(why, void)
