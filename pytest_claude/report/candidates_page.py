"""What the first screen of the page shows of several candidates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_claude.report.candidates import Candidates, Measured, Span
from pytest_claude.report.charts import Picture, Point, picture
from pytest_claude.report.commands import next_commands
from pytest_claude.report.numbers import plural, seconds, times
from pytest_claude.report.overview import VERDICTS, signs, trials_made


def candidates_page(
    of: Candidates, parts: Sequence[Mapping[str, Any]], run_file: str | None
) -> dict[str, Any]:
    """The first screen of a run, by the names that the template has for its parts.

    Args:
        of: The run.
        parts: The first screen of each candidate.
        run_file: Path of the run file, for the commands.
    """
    notes = (*of.order, *of.notes)
    return {
        **parts[0],
        "story": of,
        "headline": f"{VERDICTS[of.overall]}: {of.verdict}",
        "lede": signs(f"{of.best[:1].upper()}{of.best[1:]}.") if of.best else None,
        "rest": signs(" ".join(f"{note[:1].upper()}{note[1:]}." for note in notes)),
        "figures": (),
        "meta": f"{plural(len(of.tests), 'test')}, {trials_made(of, 'the candidates')}",
        "commands": next_commands(of, run_file),
        "name": "",
        "names": (of.baseline.name, *(arm.name for arm in of.arms)),
        "parts": parts,
        "pictures": tuple(_pictures(of)),
    }


def _pictures(of: Candidates) -> Iterator[tuple[str, str, Picture, tuple[str, ...]]]:
    """Cost, and time, against the pass rate: title, lower axis, points, values on that axis."""
    unit = Measured(name=of.baseline.name, passed=of.baseline.passed)
    costs = [
        (arm, number, Span(arm.cost.ratio, arm.cost.interval))
        for number, arm in enumerate(of.arms, start=1)
        if arm.cost is not None and arm.cost.ratio is not None
    ]
    if costs:
        points = [_point("baseline", Span(1.0), unit, role="base", best=True)]
        points += [_point(str(n), cost, arm, best=arm.best) for arm, n, cost in costs]
        drawn = picture([point for point in points if point is not None])
        axis = "cost of a trial, the baseline's is 1"
        yield "Cost and pass rate", axis, drawn, tuple(signs(times(x)) for _, x in drawn.x_ticks)
    timed = [(arm, n, arm.time) for n, arm in enumerate(of.arms, start=1) if arm.time is not None]
    points = [_point(str(n), time, arm, best=arm.best) for arm, n, time in timed]
    if timed:
        drawn = picture([point for point in points if point is not None])
        ticks = tuple(seconds(x) for _, x in drawn.x_ticks)
        yield "Time and pass rate", "time of a trial, median", drawn, ticks


def _point(label: str, x: Span, side: Measured, *, role: str = "cand", best: bool) -> Point | None:
    rate = side.rate
    return None if rate is None else Point(label, _reach(x), _reach(rate), role, best)


def _reach(span: Span) -> tuple[float, float, float]:
    low, high = span.interval or (span.value, span.value)
    return span.value, low, high
