"""What one process has asked, paid and waited for while it records."""

from __future__ import annotations

from pytest_claude.models.prices import NO_OVERRIDES, PriceTable, total_cost
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.parse import parse_answers


class Made:
    """Counts since the last time that they were taken. Threads may add.

    Attributes:
        waited_s: Seconds that calls were held back for the limits of the account.
        trials: Trials that called the API.
    """

    def __init__(self, prices: PriceTable = NO_OVERRIDES) -> None:
        self.waited_s = 0.0
        self.trials = 0
        self._prices = prices
        self._answered: list[Interaction] = []
        self._judged: list[float | None] = []

    def answer(self, interaction: Interaction) -> None:
        """Count an answer of the API."""
        self._answered.append(interaction)

    def judge(self, usd: float | None) -> None:
        """Count what a reading of the judge cost; None where that is unknown."""
        self._judged.append(usd)

    def take(self) -> dict[str, float]:
        """The counts, as plain JSON types; they begin anew.

        `unpriced` are answers of which the cost is unknown.
        """
        answered, self._answered = self._answered, []
        judged, self._judged = self._judged, []
        waited_s, self.waited_s = self.waited_s, 0.0
        trials, self.trials = self.trials, 0
        costs = [total_cost(answers, self._prices).usd for _, answers in parse_answers(answered)]
        known = [usd for usd in (*costs, *judged) if usd is not None]
        return {
            "calls": len(answered),
            "usd": sum(known),
            "unpriced": len(costs) + len(judged) - len(known),
            "waited_s": waited_s,
            "trials": trials,
        }
