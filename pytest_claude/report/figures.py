"""The numbers of a run: cost, calls, tokens and times, each computed and written in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.decision import Decision
from pytest_claude.gating.measures import MEASURES, TIMES, Value
from pytest_claude.report.numbers import times, written

Unit = Literal["usd", "tokens", "s", ""]

LABELS: Mapping[str, tuple[str, Unit]] = {
    "cost_usd": ("cost", "usd"),
    "calls": ("calls", ""),
    "input_tokens": ("input tokens", "tokens"),
    "cache_read_tokens": ("read from the cache", "tokens"),
    "output_tokens": ("output tokens", "tokens"),
    "thinking_tokens": ("thinking tokens", "tokens"),
    "time_to_first_token_s": ("first token", "s"),
    "total_s": ("whole trial", "s"),
}
"""What each measure is called, and its unit."""


@dataclass(frozen=True)
class Figure:
    """One number of a run.

    Attributes:
        measure: A name in `LABELS`.
        sides: Baseline and candidate, or the one side of a plain run: the sum over the tests of
            the mean per trial, what one trial of each test takes; a set-up that tests ask in
            together counts once. Of a time the median over the trials.
        tests: How many tests are in a sum; of a time 0.
        trials: How many trials of each side a median is of; empty for a sum.
        ratio: Geometric mean over the tests of candidate over baseline, each test compared with
            itself; None in a plain run, of a time, and where a side is zero.
        interval: The 95 % interval of `ratio`.
    """

    measure: str
    sides: tuple[float, ...]
    tests: int = 0
    trials: tuple[int, ...] = ()
    ratio: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """What it counts."""
        return LABELS[self.measure][0]

    @property
    def unit(self) -> Unit:
        """Dollars, tokens, seconds or a plain count."""
        return LABELS[self.measure][1]

    @property
    def shown_sides(self) -> tuple[str, ...]:
        """Both sides with their unit."""
        return tuple(written(side, self.unit) for side in self.sides)

    @property
    def shown_ratio(self) -> str:
        """`x0.93 (95%: 0.89 to 0.97)`; "" without a ratio."""
        if self.ratio is None:
            return ""
        between = ""
        if self.interval is not None:
            between = " (95%: {:.2f} to {:.2f})".format(*self.interval)
        return f"{times(self.ratio)}{between}"

    def __str__(self) -> str:
        told = " → ".join(self.shown_sides)
        if self.trials:
            beside = " run side by side" if len(self.trials) > 1 else ""
            return f"{told}  median, {' and '.join(map(str, self.trials))} trials{beside}"
        return f"{self.shown_ratio}{', ' if self.ratio is not None else ''}{told}"


def gate_figures(decision: Decision, *, simulated: bool) -> tuple[Figure, ...]:
    """The numbers of a gate: ratios and sums on the first look, times of trials side by side.

    Args:
        decision: The gate's.
        simulated: Whether no model answered: then no time is a model's.
    """
    sums = (
        Figure(of.measure, (of.baseline, of.candidate), of.tests, (), of.ratio, of.interval)
        for of in decision.ratios
    )
    medians = (
        Figure(of.measure, (of.baseline_s, of.candidate_s), trials=of.trials)
        for of in decision.times
    )
    return (*sums, *(() if simulated else medians))


def plain_figures(tests: Sequence[Sequence[Trial]], *, simulated: bool) -> tuple[Figure, ...]:
    """The numbers of a plain run.

    Args:
        tests: The trials of each test.
        simulated: Whether no model answered: then no time is a model's.
    """
    figures = []
    for measure, value in MEASURES.items():
        known = [(of[0], fmean(values)) for of in tests if (values := trial_values(of, value))]
        means = {first.shared_set_up or first.test: mean for first, mean in known}
        if any(means.values()):
            figures.append(Figure(measure, (sum(means.values()),), len(known)))
    for measure, value in () if simulated else TIMES.items():
        values = trial_values([trial for of in tests for trial in of], value)
        if values:
            figures.append(Figure(measure, (median(values),), trials=(len(values),)))
    return tuple(figures)


def distribution(trials: Sequence[Trial], measure: str) -> tuple[float, ...]:
    """The number of each trial that has it, for a chart of how they spread.

    Args:
        trials: Of one side.
        measure: A name in `LABELS`.
    """
    return trial_values(trials, {**MEASURES, **TIMES}[measure])


def trial_values(trials: Sequence[Trial], value: Value) -> tuple[float, ...]:
    """The values of the trials that have one."""
    return tuple(number for trial in trials if (number := value(trial)) is not None)
