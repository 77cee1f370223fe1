"""Recorded speed: medians with intervals, compared where both models recorded it. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_claude.transcript.model import Answer

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Median:
    """A median with its interval.

    Attributes:
        value: The median.
        low: Lower end of the interval; None where there are too few values for one.
        high: Its upper end.
        count: Number of values.
    """

    value: float
    low: float | None
    high: float | None
    count: int


@dataclass(frozen=True)
class SpeedChange:
    """One measure of two models over the tests that recorded it for both.

    Attributes:
        measure: "time_to_first_token_s" or "output_tokens_per_s".
        old: On the one model.
        new: On the other.
        tests: How many tests recorded both.
    """

    measure: str
    old: Median
    new: Median
    tests: int


def median(values: Sequence[float]) -> Median | None:
    """The median and its interval from order statistics; None of no values.

    The interval runs from the l-th smallest to the l-th largest value, with the largest l for
    which a binomial(n, 1/2) is below l with probability at most 2.5 %: it holds the true median
    with at least 95 %, whatever the distribution. Fewer than 6 values have no such interval.

    >>> median([3, 1, 2])
    Median(value=2, low=None, high=None, count=3)
    >>> median([1, 2, 3, 4, 5, 6])
    Median(value=3.5, low=1, high=6, count=6)
    """
    ordered = sorted(values)
    n = len(ordered)
    if n == 0:
        return None
    value = statistics.median(ordered)
    below, cumulated = 0, 0.0
    while below < n // 2:
        cumulated += math.comb(n, below) / 2**n
        if cumulated > (1 - CONFIDENCE) / 2:
            break
        below += 1
    if below == 0:
        return Median(value, None, None, n)
    return Median(value, ordered[below - 1], ordered[n - below], n)


def first_token_s(answer: Answer) -> float | None:
    """Time to the first token of a streamed answer, as recorded."""
    return None if answer.timing is None or not answer.ok else answer.timing.first_token_s


def output_tokens_per_s(answer: Answer) -> float | None:
    """Output tokens per second of a streamed answer, from its first token on, as recorded.

    An answer that was not streamed has none: how long its first token took is not known.
    """
    timing, tokens = answer.timing, answer.usage.output_tokens
    if timing is None or timing.first_token_s is None or tokens is None or not answer.ok:
        return None
    duration = timing.total_s - timing.first_token_s
    return (tokens - 1) / duration if duration > 0 and tokens > 1 else None


MEASURES = {"time_to_first_token_s": first_token_s, "output_tokens_per_s": output_tokens_per_s}


def compare_speed(
    old: Mapping[str, Iterable[Answer]], new: Mapping[str, Iterable[Answer]]
) -> tuple[SpeedChange, ...]:
    """What changed in speed, by measure, over the tests that recorded it on both models.

    Args:
        old: Answers of the one model by test.
        new: Answers of the other.
    """
    changes = []
    for name, measure in MEASURES.items():
        before = {test: _known(map(measure, answers)) for test, answers in old.items()}
        after = {test: _known(map(measure, answers)) for test, answers in new.items()}
        tests = [test for test in before if before[test] and after.get(test)]
        one = median([value for test in tests for value in before[test]])
        other = median([value for test in tests for value in after[test]])
        if one is not None and other is not None:
            changes.append(SpeedChange(name, one, other, len(tests)))
    return tuple(changes)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
