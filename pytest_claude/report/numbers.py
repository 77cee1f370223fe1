"""How numbers are written: with their unit, unknown as a word."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

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


def times(ratio: float) -> str:
    """A ratio.

    >>> times(1.4981)
    'x1.50'
    """
    return f"x{ratio:.2f}"


def written(value: float | None, unit: str) -> str:
    """A value with its unit: "usd", "s", "tokens", or "" for a plain count.

    >>> written(0.5, "usd"), written(1.5, "s"), written(1214, "tokens")
    ('$0.50', '1.50 s', '1,214')
    """
    return {"usd": dollars, "s": seconds}.get(unit, count)(value)


def probability(p: float) -> str:
    """A p: four decimals, or two digits where that would say nothing.

    >>> probability(0.00339), probability(0.0000123)
    ('0.0034', '1.2e-05')
    """
    return f"{p:.4f}" if p >= 0.0005 else f"{p:.1e}"


def at_most(chance: float) -> str:
    """A probability that is promised not to be larger, so rounded up.

    >>> at_most(0.2341)
    '0.24'
    """
    return f"{ceil(chance * 100) / 100:.2f}"


def ordinal(number: int) -> str:
    """A number from 1 as a place in a row.

    >>> ordinal(2), ordinal(3), ordinal(11), ordinal(21)
    ('2nd', '3rd', '11th', '21st')
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def at_least(chance: float) -> str:
    """A chance with two decimals, rounded down: a promise is never rounded up.

    >>> at_least(0.9099), at_least(0.9)
    ('0.90', '0.90')
    """
    return f"{floor(chance * 100 + 1e-9) / 100:.2f}"


def plural(number: int, noun: str) -> str:
    """`1 test`, `2 tests`.

    >>> plural(1, "reply"), plural(2, "reply")
    ('1 reply', '2 replies')
    """
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1] + 'ies' if noun.endswith('ly') else noun + 's'}"


def dollars(usd: float | None) -> str:
    """An amount of money, to two significant digits at least.

    >>> dollars(1710.4), dollars(1.149), dollars(0.00281), dollars(0), dollars(None)
    ('$1,710', '$1.15', '$0.0028', '$0.00', 'unknown')
    """
    if usd is None:
        return UNKNOWN
    if usd >= 100:
        return f"${usd:,.0f}"
    if usd >= 0.1 or usd == 0:
        return f"${usd:.2f}"
    digits = next(n for n in range(2, 20) if round(usd, n) >= 10 ** (1 - n) or n == 19)
    return f"${usd:.{digits}f}"


def day(date: str) -> str:
    """A date as people write it.

    >>> day("2026-11-30")
    '30 Nov 2026'
    """
    year, month, number = date.split("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]} {year}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
