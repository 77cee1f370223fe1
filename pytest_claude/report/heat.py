"""How often a fact was found by length of the context and by its depth: the long-context maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.report.row import Row


@dataclass(frozen=True)
class Cell:
    """Trials with one length and one depth: those that found the fact, and all."""

    found: int
    of: int

    @property
    def missed(self) -> float:
        """The share that did not find it."""
        return (self.of - self.found) / self.of


@dataclass(frozen=True)
class HeatMap:
    """One model's trials of one parametrized test.

    Attributes:
        role: "base" or "cand".
        model: The model that answered.
        lengths: Lengths of the context in tokens, ascending: the columns.
        depths: Depths of the fact, 0 at the start to 1 at the end: the rows.
        rows: By depth, then by length; None where no trial was made.
    """

    role: Literal["base", "cand"]
    model: str
    lengths: tuple[int, ...]
    depths: tuple[float, ...]
    rows: tuple[tuple[Cell | None, ...], ...]

    @property
    def total(self) -> Cell:
        """All trials together."""
        cells = [cell for row in self.rows for cell in row if cell is not None]
        return Cell(sum(cell.found for cell in cells), sum(cell.of for cell in cells))


@dataclass(frozen=True)
class Family:
    """The maps of one parametrized test, side by side on the same axes.

    Attributes:
        test: Node id without parameters.
        maps: Baseline first.
    """

    test: str
    maps: tuple[HeatMap, ...]


def families(rows: Sequence[Row]) -> tuple[Family, ...]:
    """The tests whose checks looked for a fact at a known depth and length."""
    by_family: dict[str, list[Row]] = {}
    for row in rows:
        if any(_sightings(side.trials) for side in row.sides):
            by_family.setdefault(row.test.partition("[")[0], []).append(row)
    return tuple(Family(test, _maps(of)) for test, of in sorted(by_family.items()))


def _maps(rows: Sequence[Row]) -> tuple[HeatMap, ...]:
    sides = [[row.sides[n] for row in rows if n < len(row.sides)] for n in (0, 1)]
    seen = [[s for side in group for s in _sightings(side.trials)] for group in sides]
    lengths = tuple(sorted({tokens for group in seen for tokens, _, _ in group}))
    depths = tuple(sorted({depth for group in seen for _, depth, _ in group}))
    return tuple(
        HeatMap(
            group[0].role,
            group[0].model,
            lengths,
            depths,
            tuple(tuple(_cell(found, t, d) for t in lengths) for d in depths),
        )
        for group, found in zip(sides, seen, strict=True)
        if group
    )


def _cell(sightings: Sequence[tuple[int, float, bool]], tokens: int, depth: float) -> Cell | None:
    here = [found for t, d, found in sightings if (t, d) == (tokens, depth)]
    return Cell(sum(here), len(here)) if here else None


def _sightings(trials: Sequence[Trial]) -> list[tuple[int, float, bool]]:
    return [
        (tokens, float(depth), note.outcome)
        for trial in trials
        for note in trial.checks
        if isinstance(tokens := note.facts.get("tokens"), int)
        and isinstance(depth := note.facts.get("depth"), int | float)
        and note.outcome is not None
    ]
