"""How numbers are written: with their unit, unknown as a word."""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN = "unknown"


def mean(values: Sequence[float | None]) -> float | None:
    """The mean, or None when there is nothing or one value is unknown.

    >>> mean([1, 3]), mean([1, None])
    (2.0, None)
    """
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def count(value: float | None) -> str:
    """A number of tokens or calls, with a decimal where it is a small mean.

    >>> count(1204.4), count(2.33), count(2.0), count(None)
    ('1,204', '2.3', '2', 'unknown')
    """
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}".removesuffix(".0")


def seconds(value: float | None) -> str:
    """A time.

    >>> seconds(0.8449), seconds(None)
    ('0.84 s', 'unknown')
    """
    return UNKNOWN if value is None else f"{value:.2f} s"


def factor(before: float | None, after: float | None) -> str:
    """`x1.50`, or nothing where it can't be said.

    >>> factor(212, 318), factor(0, 5)
    ('x1.50', '')
    """
    return f"x{after / before:.2f}" if before and after is not None else ""


def plural(number: int, noun: str) -> str:
    """`1 test`, `2 tests`.

    >>> plural(1, "reply"), plural(2, "reply")
    ('1 reply', '2 replies')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1] + 'ies' if noun.endswith('ly') else noun + 's'}"
