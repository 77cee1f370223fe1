"""Geometry of the small charts that are drawn without a script: plain numbers and SVG paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from pytest_claude.report.row import Mark

PITCH = 8  # px from one dot to the next
_SIZE = 6.5
_MOST_DOTS = 40
_FLOORS = (0.9, 0.75, 0.5, 0.0)  # where the axis of a pass rate may begin
_TOGETHER = 14  # px between labels that are one

_Reach = tuple[float, float, float]
"""A value, and its interval."""


@dataclass(frozen=True)
class Dots:
    """The trials of one lane as at most four SVG paths.

    Attributes:
        width: Of the picture, in px; its height is 9.
        on: Trials that are as they should be, or behave in the new way: filled.
        off: Failed trials: rings.
        hollow: Trials that do not behave in the new way: thin squares.
        gone: Trials that are no evidence: short bars.
        rest: The failed share of a bar that stands for more than 40 trials.
    """

    width: float
    on: str = ""
    off: str = ""
    hollow: str = ""
    gone: str = ""
    rest: str = ""


def dots(marks: Sequence[Mark]) -> Dots:
    """One dot per trial, or one bar for more than 40."""
    if len(marks) > _MOST_DOTS:
        return _bar(marks)
    found: dict[str, list[str]] = {"on": [], "off": [], "hollow": [], "gone": []}
    for number, mark in enumerate(marks):
        x = number * PITCH + 0.75
        kind, path = _dot(mark, x)
        found[kind].append(path)
    width = len(marks) * PITCH
    return Dots(width, **{kind: "".join(paths) for kind, paths in found.items()})


def _dot(mark: Mark, x: float) -> tuple[str, str]:
    if mark == "void":
        return "gone", f"M{x:g} 4h{_SIZE}v1h-{_SIZE}z"
    if mark in ("yes", "no"):
        inset = 0 if mark == "yes" else 0.5
        size = _SIZE - 2 * inset
        path = f"M{x + inset:g} {1.25 + inset:g}h{size:g}v{size:g}h-{size:g}z"
        return ("on" if mark == "yes" else "hollow"), path
    radius = _SIZE / 2 if mark == "pass" else _SIZE / 2 - 0.6
    left = x + _SIZE / 2 - radius
    arc = f"a{radius:g} {radius:g} 0 1 "
    path = f"M{left:g} 4.5{arc}0 {2 * radius:g} 0{arc}0 -{2 * radius:g} 0z"
    return ("on" if mark == "pass" else "off"), path


def _bar(marks: Sequence[Mark]) -> Dots:
    width = float(_MOST_DOTS * PITCH - 80)
    evidence = [mark for mark in marks if mark != "void"]
    good = sum(mark in ("pass", "yes") for mark in evidence) / max(1, len(evidence)) * width
    on = f"M0 1.5h{good:.1f}v6h-{good:.1f}z" if good else ""
    rest = f"M{good:.1f} 1.5h{width - good:.1f}v6h-{width - good:.1f}z" if good < width else ""
    return Dots(width, on=on, rest=rest)


@dataclass(frozen=True)
class Spread:
    """Where the values of one side lie, in percent of the axis.

    Attributes:
        low: The 10th percentile.
        middle: The median.
        high: The 90th percentile.
    """

    low: float
    middle: float
    high: float


def spread(values: Sequence[float], end: float) -> Spread | None:
    """The spread of `values` on an axis from 0 to `end`; None when there are none.

    >>> spread([1, 2, 3, 4], 4)
    Spread(low=25.0, middle=62.5, high=100.0)
    """
    if not values or not end:
        return None
    ordered = sorted(values)
    low, high = (ordered[round(share * (len(ordered) - 1))] for share in (0.1, 0.9))
    return Spread(*(round(100 * value / end, 1) for value in (low, median(ordered), high)))


def nice_end(largest: float) -> float:
    """The end of an axis that holds `largest`: 1, 2, 2.5 or 5 times a power of ten.

    >>> nice_end(318), nice_end(0.84), nice_end(0.00660), nice_end(0)
    (500.0, 1.0, 0.01, 1.0)
    """
    if largest <= 0:
        return 1.0
    power = 10.0 ** (len(str(int(largest))) - 1) if largest >= 1 else 1.0
    while power > largest:
        power /= 10
    step = next(step for step in (1, 2, 2.5, 5, 10) if largest <= step * power * (1 + 1e-9))
    return float(f"{step * power:.6g}")


@dataclass(frozen=True)
class Point:
    """What a picture of two numbers shows of one of several sides.

    Attributes:
        label: What stands beside it.
        x: The number that runs to the right, and its interval.
        y: The share that runs upwards, and its interval.
        role: "base" or "cand".
        best: Whether no other beats it.
    """

    label: str
    x: _Reach
    y: _Reach
    role: str = "cand"
    best: bool = True


@dataclass(frozen=True)
class Picture:
    """Points on two axes, in px.

    Attributes:
        points: The same points.
        labels: Where labels stand, what they say, and which end of them stands there ("start" or
            "end"); points that lie together share one.
        x_ticks: Places on the axis below, and their values.
        y_ticks: Places on the axis to the left, and their shares.
    """

    points: tuple[Point, ...]
    labels: tuple[tuple[float, float, str, str], ...]
    x_ticks: tuple[tuple[float, float], ...]
    y_ticks: tuple[tuple[float, float], ...]


LEFT, RIGHT, TOP, BOTTOM = 48.0, 440.0, 12.0, 212.0
"""The place of the axes in a picture."""


def picture(points: Sequence[Point]) -> Picture:
    """Two numbers of each point against one another, with their intervals as lines."""
    end = nice_end(max(point.x[2] for point in points))
    floor = next(low for low in _FLOORS if low <= min(point.y[1] for point in points))

    def to_x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * value / end, 1)

    def to_y(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (share - floor) / (1 - floor), 1)

    placed = tuple(replace(p, x=_each(to_x, p.x), y=_each(to_y, p.y)) for p in points)
    labels: list[tuple[float, float, str, str]] = []
    for point in placed:
        x, y = point.x[0], point.y[0] - 8
        near = next((n for n, (a, b, *_) in enumerate(labels)
                     if abs(a - x) < _TOGETHER and abs(b - y) < _TOGETHER), None)  # fmt: skip
        if near is None:
            labels.append((x, y, point.label, "end" if x > (LEFT + RIGHT) / 2 else "start"))
        else:
            a, b, label, side = labels[near]
            labels[near] = (a, b, f"{label}, {point.label}", side)
    labels = [(x + (8 if side == "start" else -8), y, told, side) for x, y, told, side in labels]
    xs = [end * n / 5 for n in range(6)]
    ys = [floor + (1 - floor) * n / 2 for n in range(3)]
    return Picture(
        placed, tuple(labels), tuple((to_x(x), x) for x in xs), tuple((to_y(y), y) for y in ys)
    )


def _each(placed: Callable[[float], float], reach: _Reach) -> _Reach:
    value, low, high = map(placed, reach)
    return value, low, high
