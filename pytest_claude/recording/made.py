"""What one process has asked, paid and waited for while it records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_claude.clock import elapsed_s
from pytest_claude.models.prices import NO_OVERRIDES, PriceTable, total_cost
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.parse import parse_answers

Span = tuple[float, float]
"""From when to when, as seconds of one clock of the machine."""

_GAP_S = 0.1  # a call that is held looks again and again whether it may go


class Made:
    """Counts since the last time that they were taken. Threads may add.

    Attributes:
        trials: Trials that called the API.
    """

    def __init__(self, prices: PriceTable = NO_OVERRIDES) -> None:
        self.trials = 0
        self._prices = prices
        self._answered: list[Interaction] = []
        self._judged: list[float | None] = []
        self._waits: list[Span] = []

    def answer(self, interaction: Interaction) -> None:
        """Count an answer of the API."""
        self._answered.append(interaction)

    def held_back(self, seconds: float) -> None:
        """Count the seconds for which a call waits until it may be sent."""
        if seconds > 0:
            now = elapsed_s()
            self._waits.append((now, now + seconds))

    def judge(self, usd: float | None) -> None:
        """Count what an answer of the judge cost; None where that is unknown."""
        self._judged.append(usd)

    def take(self) -> dict[str, Any]:
        """The counts, as plain JSON types; they begin anew.

        `unpriced` are answers of which the cost is unknown; `waits` are the times in which a call
        was held back.
        """
        answered, self._answered = self._answered, []
        judged, self._judged = self._judged, []
        waits, self._waits = self._waits, []
        trials, self.trials = self.trials, 0
        costs = [total_cost(answers, self._prices).usd for _, answers in parse_answers(answered)]
        known = [usd for usd in (*costs, *judged) if usd is not None]
        return {
            "calls": len(answered),
            "usd": sum(known),
            "unpriced": len(costs) + len(judged) - len(known),
            "waits": joined(waits),
            "trials": trials,
        }


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same times, none twice: calls that are held at one time wait together.

    >>> joined([(5, 7), (0, 2), (1, 3)])
    [(0, 3), (5, 7)]
    """
    times: list[Span] = []
    for start, end in sorted(spans):
        if times and start <= times[-1][1] + _GAP_S:
            times[-1] = times[-1][0], max(times[-1][1], end)
        else:
            times.append((start, end))
    return times
