"""Reading: what a project says of its tools, prices and models, for all checks of a view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_claude.behavior.profile import Settle
from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS
from pytest_claude.expect.checks.limits import Pricing
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.models.prices import total_cost


@dataclass(frozen=True)
class Reading:
    """The roles of the project's tools, and its prices.

    Attributes:
        output_tools: Globs of tools whose input is the answer: their calls are no actions.
        asking_tools: Globs of tools whose call is a question to the user.
        pricing: What prices calls.
        names: What the project's own names of models stand for.
        settle: Settles what the rules leave open of a reply; None: it stays open.
    """

    output_tools: tuple[str, ...] = DEFAULT_OUTPUT_TOOLS
    asking_tools: tuple[str, ...] = ()
    pricing: Pricing = total_cost
    names: ModelNames = NO_NAMES
    settle: Settle | None = None

    @property
    def canonical(self) -> Callable[[str], str]:
        """Gives a model's ids one name."""
        return self.names.canonical
