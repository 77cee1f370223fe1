"""What the run may cost and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pytest_claude.behavior.timing import time_to_first_token_s, total_s
from pytest_claude.expect.checks.evidence import ends, unknown
from pytest_claude.expect.result import Check
from pytest_claude.models.prices import Cost, total_cost, unpriced_reason
from pytest_claude.transcript.model import Answer, Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here


Pricing = Callable[[Iterable[Answer]], Any]
"""The calls of a run → what they cost together, a `Cost`."""


@dataclass(frozen=True)
class _Held:
    """One limit and what the run used: at least `least`; `value` is None when unknown."""

    name: str
    limit: float
    value: float | None
    least: float
    why: str

    @property
    def outcome(self) -> bool | None:
        if self.least > self.limit:
            return False
        return None if self.value is None else True

    @property
    def expected(self) -> str:
        return f"{_LABELS[self.name]} at most {_shown(self.name, self.limit)}"

    @property
    def observed(self) -> str:
        if self.value is not None:
            return f"{_LABELS[self.name]} {_shown(self.name, self.value)}"
        more = f", {_shown(self.name, self.least)} at least" if self.least else ""
        return f"{_LABELS[self.name]} unknown{more}: {self.why}"


def within(
    transcript: Transcript,
    *,
    cost_usd: float | None = None,
    output_tokens: int | None = None,
    thinking_tokens: int | None = None,
    cache_write_tokens: int | None = None,
    time_to_first_token_s: float | None = None,
    total_s: float | None = None,
    pricing: Pricing | None = None,
) -> Check:
    """Whether the run stays within these limits, each reached at most.

    All calls count, those that failed included. What is known only in part is unknown, unless
    the known part is above the limit already. Times are those of the recording, in a replay
    too.

    Args:
        cost_usd: Dollars as billed, by list prices or your own.
        output_tokens: Thinking included.
        thinking_tokens: Of the output tokens; a reply without a thinking block has none.
        cache_write_tokens: Input tokens that were written to the cache, for 5 minutes or 1 hour.
        time_to_first_token_s: Seconds from sending to the first content of the first streamed
            answer.
        total_s: Seconds of all calls, one after the other.
        pricing: What prices the calls; None for list prices. A method takes the project's.

    Raises:
        TypeError: No limit is given, or one is not a number of 0 or more.
    """
    limits = {
        "cost_usd": cost_usd,
        "output_tokens": output_tokens,
        "thinking_tokens": thinking_tokens,
        "cache_write_tokens": cache_write_tokens,
        "time_to_first_token_s": time_to_first_token_s,
        "total_s": total_s,
    }
    given = {name: limit for name, limit in limits.items() if limit is not None}
    check_limits(given)
    expected = ", ".join(_Held(n, limit, None, 0, "").expected for n, limit in given.items())
    if (missing := unknown("within", transcript, expected)) is not None:
        return missing
    held = [_hold(name, limit, transcript, pricing) for name, limit in given.items()]
    over = [each for each in held if each.outcome is False]
    unclear = [each for each in held if each.outcome is None]
    outcome = False if over else None if unclear else True
    reason = ", ".join(each.observed for each in over or unclear or held)
    observed = ", ".join(each.observed for each in held)
    facts = {each.name: each.value for each in held}
    evidence = ends(transcript.answers)
    return Check("within", outcome, expected, observed, reason, evidence, facts=facts)


def check_limits(given: dict[str, float]) -> None:
    """Refuse limits that can't be held.

    Raises:
        TypeError: No limit is given, or one is not a number of 0 or more; the text names it.
    """
    if not given:
        raise TypeError(f"within() needs a limit: {', '.join(_LABELS)}")
    for name, limit in given.items():
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not limit >= 0:
            raise TypeError(f"{name}={limit!r}: a number, 0 or more")


_LABELS = {
    "cost_usd": "cost",
    "output_tokens": "output tokens",
    "thinking_tokens": "thinking tokens",
    "cache_write_tokens": "tokens written to the cache",
    "time_to_first_token_s": "time to first token",
    "total_s": "total time",
}


def _hold(name: str, limit: float, transcript: Transcript, pricing: Pricing | None) -> _Held:
    if name == "cost_usd":
        return _cost(limit, transcript, pricing)
    if name == "total_s":
        recorded = sum(a.timing.total_s for a in transcript.answers if a.timing is not None)
        return _Held(name, limit, total_s(transcript), recorded, "no time was recorded")
    if name == "time_to_first_token_s":
        time = time_to_first_token_s(transcript)
        return _Held(name, limit, time, time or 0, "no stream with a recorded time")
    counts = [_tokens(name, answer) for answer in transcript.answers]
    total = sum(count or 0 for count in counts)
    value = None if None in counts else total
    return _Held(name, limit, value, total, "an answer does not state it")


def _tokens(name: str, answer: Answer) -> int | None:
    if answer.status >= 400:
        return 0
    if not answer.complete or answer.error is not None:
        return None  # what a cut stream states is not the end of it
    if name == "output_tokens":
        return answer.usage.output_tokens
    if name == "cache_write_tokens":
        return answer.usage.cache_write_tokens
    if answer.usage.thinking_tokens is not None:
        return answer.usage.thinking_tokens
    return None if {"thinking", "redacted_thinking"} & set(answer.blocks) else 0


def _cost(limit: float, transcript: Transcript, pricing: Pricing | None) -> _Held:
    pricing = pricing or total_cost
    whole = [a for a in transcript.answers if a.status >= 400 or a.ok]
    cost: Cost = pricing(whole)
    least = cost.usd
    if least is None:
        least = sum(usd for a in whole if (usd := pricing([a]).usd) is not None)
    if cost.unpriced:
        return _Held("cost_usd", limit, None, least, unpriced_reason(cost.unpriced))
    if len(whole) < len(transcript.answers) or cost.usd is None:
        return _Held("cost_usd", limit, None, least, "an answer does not state its tokens")
    return _Held("cost_usd", limit, cost.usd, least, "")


def _shown(name: str, value: float) -> str:
    if name == "cost_usd":
        return f"${value:,.2f}" if value >= 1 else f"${value:.6f}".rstrip("0").ljust(5, "0")
    if name.endswith("_s"):
        return f"{value:,.2f} s"
    return f"{value:,.0f}"
