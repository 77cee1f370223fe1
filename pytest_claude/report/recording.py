"""What a recording will take, and how far it is, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_claude.models.expected import Expected, Range, together
from pytest_claude.models.prices import NO_OVERRIDES, PriceTable, rates, unpriced_reason
from pytest_claude.report.numbers import dollars, plural

_NO_MODEL = "no model"
_NAMED = 3  # interrupted recordings; of more the number is said


def dry_run_lines(
    head: Sequence[str],
    rows: Sequence[Expected],
    tests: int,
    workers: int,
    prices: PriceTable = NO_OVERRIDES,
    *,
    sees_all: bool = True,
) -> list[str]:
    """What a dry run says at its end.

    Args:
        head: What a gate will take; empty in a plain run.
        rows: What would be called, by model.
        tests: How many tests would call.
        workers: How many tests are recorded at a time.
        prices: The user's own prices.
        sees_all: Whether no test started a program that may have sent something.

    >>> dry_run_lines([], [], 0, 1)
    ['dry run: nothing was sent, and a recording would send nothing']
    """
    sent = "nothing was sent" + ("" if sees_all else " by the tests themselves")
    if not rows:
        return [f"dry run: {sent}, and a recording would send nothing"]
    lines = [f"dry run: {sent}; a recording would call in {plural(tests, 'test')}"]
    total = together(rows)
    if head:  # it says what a gate costs
        lines += [*head, f"  {calls_text(total)}, {_time_text(total.seconds, workers)}"]
    else:
        lines.append(f"  {expected_text(total, workers)}")
    width = max(len(_shown(row)) for row in rows)
    lines += [f"  {_shown(row):<{width}}  {calls_text(row)}, {_usd_text(row.usd)}" for row in rows]
    unknown = [row.model for row in rows if row.model and row.usd is None]
    if unpriced := [model for model in unknown if rates(model, prices) is None]:
        lines.append(unpriced_reason(unpriced))
    return lines


def expected_text(row: Expected, workers: int = 1) -> str:
    """Calls, cost and time.

    >>> expected_text(Expected("", (24, 24), True, (0.1, 0.9), (60, 240)), 4)
    'at least 24 calls, $0.10 to $0.90, 15 s to 60 s with 4 workers'
    """
    return f"{calls_text(row)}, {_usd_text(row.usd)}, {_time_text(row.seconds, workers)}"


def _time_text(seconds: Range | None, workers: int) -> str:
    if seconds is None:
        return "time unknown"
    at_a_time = f" with {workers} workers" if workers > 1 else ""
    return f"{_between(*(duration(each / workers) for each in seconds))}{at_a_time}"


def gate_time_lines(seconds: Range | None, workers: int = 1) -> list[str]:
    """How long a gate takes; nothing where that is unknown, or too short to wait for.

    >>> gate_time_lines((60, 240), 4)
    ['  15 s to 60 s with 4 workers, by the recorded times']
    """
    if seconds is None or seconds[1] < workers:
        return []
    return [f"  {_time_text(seconds, workers)}, by the recorded times"]


def calls_text(row: Expected) -> str:
    """How many calls.

    >>> calls_text(Expected("", (3, 5), False, None, None))
    '3 to 5 calls'
    >>> calls_text(Expected("", (1, 1), True, None, None))
    'at least 1 call'
    """
    least, most = row.calls
    if row.is_open:
        return f"at least {plural(least, 'call')}"
    return plural(least, "call") if least == most else f"{least:,} to {plural(most, 'call')}"


def interrupted_lines(cassettes: Sequence[str]) -> list[str]:
    """That recordings were interrupted, and which, in one sentence; nothing where none was.

    >>> interrupted_lines(["a/b/claude-1.yaml"])
    ['1 recording is incomplete, and --claude-record goes on with it: a/b/claude-1.yaml']
    """
    if not cassettes:
        return []
    number, rest = len(cassettes), len(cassettes) - _NAMED
    named = ", ".join(cassettes[:_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
    verb, them = ("is", "it") if number == 1 else ("are", "them")
    of = plural(number, "recording")
    return [f"{of} {verb} incomplete, and --claude-record goes on with {them}: {named}"]


def duration(seconds: float) -> str:
    """A length of time, as one plans by it.

    >>> duration(0.2), duration(59), duration(600), duration(9000)
    ('1 s', '59 s', '10 min', '2.5 h')
    """
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _usd_text(usd: Range | None) -> str:
    return "cost unknown" if usd is None else _between(*map(dollars, usd))


def _shown(row: Expected) -> str:
    return row.model or _NO_MODEL


def _between(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


@dataclass(frozen=True)
class Standing:
    """How far a recording is.

    Attributes:
        calls: Calls that were answered.
        usd: What they cost, as far as that is known.
        unpriced: How many of them cost what is not known.
        waited_s: Seconds in which a call was held back for the limits of the account.
        elapsed_s: Seconds since the first test.
        trials: Trials that called.
        left: How many more will call, least and most; None where that is not known.
    """

    calls: int = 0
    usd: float = 0.0
    unpriced: int = 0
    waited_s: float = 0.0
    elapsed_s: float = 0.0
    trials: int = 0
    left: tuple[int, int] | None = None

    @property
    def calls_left(self) -> tuple[int, int] | None:
        """How many calls are left, by those of the trials so far; None where it is not known."""
        left = self._left(self.calls)
        return None if left is None else (round(left[0]), round(left[1]))

    @property
    def left_s(self) -> Range | None:
        """How many seconds are left, by those of the trials so far; None where it is not known."""
        return self._left(self.elapsed_s)

    @property
    def usd_in_all(self) -> Range | None:
        """What it will have cost, by the trials so far; None where it is not known."""
        left = None if self.unpriced else self._left(self.usd)
        return None if left is None else (self.usd + left[0], self.usd + left[1])

    def _left(self, so_far: float) -> Range | None:
        if self.left is None or not (self.trials or self.left == (0, 0)):
            return None
        of_a_trial = so_far / max(1, self.trials)
        return self.left[0] * of_a_trial, self.left[1] * of_a_trial


def progress_text(standing: Standing, ends: Sequence[str] = ()) -> str:
    """How far a recording is, in one line; `ends` are the times of day when it will end.

    >>> progress_text(Standing(24, 0.32, 0, 12, 60, 12, (18, 18)), ["14:05", "14:05"])
    '24 calls made, about 36 left, $0.32 of about $0.80 spent, waited 12 s, ends about 14:05'
    >>> progress_text(Standing(2, 0, 2))
    '2 calls made, cost unknown'
    """
    parts = [f"{plural(standing.calls, 'call')} made"]
    if left := _left_text(standing):
        parts.append(left)
    if spent := _spent_text(standing):
        parts.append(f"{spent} spent")
    if standing.unpriced:
        some = 0 < standing.unpriced < standing.calls
        of = f" of {plural(standing.unpriced, 'call')}" if some else ""
        parts.append(f"cost{of} unknown")
    if standing.waited_s >= 1:
        parts.append(f"waited {duration(standing.waited_s)}")
    if ends:
        parts.append(f"ends about {_between(*ends)}")
    return ", ".join(parts)


def live_text(standing: Standing, ends: Sequence[str], room: int) -> str:
    """The same, shorter and the most useful first: as many parts as fit into `room` characters.

    >>> standing = Standing(24, 0.32, 0, 12, 60, 12, (18, 18))
    >>> live_text(standing, ["14:05", "14:05"], 60)
    '$0.32 of about $0.80, ends 14:05, 24 calls, about 36 left'
    >>> live_text(standing, ["14:05", "14:05"], 40)
    '$0.32 of about $0.80, ends 14:05'
    """
    spent = _spent_text(standing)
    parts = [
        f"{spent} and unknown" if spent and standing.unpriced else spent or "cost unknown",
        f"ends {_between(*ends)}" if ends else "",
        plural(standing.calls, "call"),
        _left_text(standing),
        f"waited {duration(standing.waited_s)}" if standing.waited_s >= 1 else "",
    ]
    text = ""
    for part in filter(None, parts):
        longer = f"{text}, {part}" if text else part
        if len(longer) > room:
            break
        text = longer
    return text


def _left_text(standing: Standing) -> str:
    """How many calls are left; "" where that is not known, or none is."""
    if standing.calls_left is None or standing.left == (0, 0):
        return ""
    return f"about {_between(*(f'{each:,}' for each in standing.calls_left))} left"


def _spent_text(standing: Standing) -> str:
    """Dollars so far and in all; "" where the cost of no call is known."""
    if standing.unpriced >= max(1, standing.calls):
        return ""
    usd = standing.usd_in_all if standing.left != (0, 0) else None
    of_all = "" if usd is None else f" of about {_between(*map(dollars, usd))}"
    return f"{dollars(standing.usd)}{of_all}"
