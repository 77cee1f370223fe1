"""What recording and a month of production would cost on either model. Pure.

Recorded usage is priced as it is on the old model. On the new one the same text is counted by the
new tokenizer: where that is another, the tokens are an estimate with a range. Thinking that the
new model adds is not known before it is recorded, and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from pytest_claude.models.facts import facts_of, tokens_factor
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.prefixes import Prefix, Prefixes
from pytest_claude.models.preflight import Call
from pytest_claude.models.prices import (
    BATCH_FACTOR,
    NO_OVERRIDES,
    PriceTable,
    cost_usd,
    prompt_tokens,
    region_of,
    shown_model,
    uncached,
)
from pytest_claude.transcript.model import Usage

DAYS_OF_A_MONTH = 30
QUICK_TRIALS_PER_TEST = 4.9
"""Paid trials per test of the quick gate, as simulated over a mix of tests."""

_WARM_1H = 24  # evenly spread requests a day that keep a cache of an hour warm
_T = TypeVar("_T")


@dataclass(frozen=True)
class Money:
    """Dollars with their range; equal ends where nothing was estimated."""

    usd: float
    low_usd: float
    high_usd: float


@dataclass(frozen=True)
class Bill:
    """What it would cost; None is unknown.

    Attributes:
        calls: Calls of one trial of each test.
        record_once: Recording one trial of each test on the new model.
        gate_quick: The trials of a quick gate.
        per_request_old: Mean of one request on the old model.
        per_request_new: Mean of one request on the new.
        month_old: A month at `requests_per_day`.
        month_new: The same on the new.
        cached_old: A month with the shared prefixes cached, requests evenly spread over the day.
        cached_new: The same on the new.
        batch_old: A month in batches.
        batch_new: The same on the new.
        prefixes: What is shared.
        requests_per_day: As asked.
        estimated: Whether the new model counts tokens otherwise.
        thinking_unknown: Whether the new model thinks where the old did not.
        unpriced: Models whose price is unknown.
        uncounted: Calls without a recorded usage.
    """

    calls: int
    record_once: Money | None
    gate_quick: Money | None
    per_request_old: Money | None
    per_request_new: Money | None
    month_old: Money | None
    month_new: Money | None
    cached_old: Money | None
    cached_new: Money | None
    batch_old: Money | None
    batch_new: Money | None
    prefixes: tuple[Prefix, ...]
    requests_per_day: int | None
    estimated: bool
    thinking_unknown: bool
    unpriced: tuple[str, ...]
    uncounted: int

    def to_json(self) -> dict[str, Any]:
        """The bill as plain JSON types."""
        return asdict(self)


def bill(
    calls: Sequence[Call],
    new: str,
    *,
    requests_per_day: int | None = None,
    overrides: PriceTable = NO_OVERRIDES,
) -> Bill:
    """What the recorded calls would cost on `new`, and on the models that they asked."""
    lowest: dict[str, int] = {}
    for call in calls:
        lowest[call.test] = min(call.trial, lowest.get(call.test, call.trial))
    first = [c for c in calls if c.trial == lowest[c.test] and c.asked.kind == "messages"]
    answered = [call for call in first if call.answer is not None and call.answer.ok]
    counted = [call for call in answered if call.usage is not None]
    prefixes = Prefixes(counted)
    on_old = _Side(counted, None, overrides, prefixes)
    on_new = _Side(counted, new, overrides, prefixes)
    tests = len({call.test for call in counted})
    once = on_new.total()
    quick = None if once is None or not tests else _times(once, QUICK_TRIALS_PER_TEST)
    month = (requests_per_day or 0) * DAYS_OF_A_MONTH

    def a_month(mean: Money | None, factor: float = 1.0) -> Money | None:
        return None if mean is None or not month else _times(mean, month * factor)

    def cached(side: _Side) -> Money | None:
        return a_month(side.mean_cached(requests_per_day or 0)) if month else None

    unpriced = {*on_old.unpriced(), *on_new.unpriced()} if counted else set()
    return Bill(
        calls=len(first),
        record_once=once,
        gate_quick=quick,
        per_request_old=on_old.mean(),
        per_request_new=on_new.mean(),
        month_old=a_month(on_old.mean()),
        month_new=a_month(on_new.mean()),
        cached_old=cached(on_old),
        cached_new=cached(on_new),
        batch_old=a_month(on_old.mean(), BATCH_FACTOR),
        batch_new=a_month(on_new.mean(), BATCH_FACTOR),
        prefixes=prefixes.told(new),
        requests_per_day=requests_per_day,
        estimated=any(on_new.factor(call) != (1.0, 1.0, 1.0) for call in counted),
        thinking_unknown=any(_begins_to_think(call, facts_of(new)) for call in counted),
        unpriced=tuple(sorted(unpriced)),
        uncounted=len(answered) - len(counted),
    )


def _begins_to_think(call: Call, new: ModelFacts | None) -> bool:
    old = facts_of(call.asked.model or "")
    if old is None or new is None or call.asked.body.get("thinking") is not None:
        return False
    return old.thinking_default in ("off", "none") and new.thinking_default in ("on", "always_on")


def _times(money: Money, factor: float) -> Money:
    return Money(money.usd * factor, money.low_usd * factor, money.high_usd * factor)


def _scaled(usage: Usage, factor: float) -> Usage:
    def scaled(count: int | None) -> int | None:
        return None if count is None else round(count * factor)

    return Usage(
        scaled(usage.input_tokens),
        scaled(usage.output_tokens),
        scaled(usage.cache_read_tokens),
        scaled(usage.cache_write_5m_tokens),
        scaled(usage.cache_write_1h_tokens),
        web_searches=usage.web_searches,
    )


class _Side:
    """The calls priced on one model, or each on the one that it asked."""

    def __init__(
        self, calls: Sequence[Call], model: str | None, overrides: PriceTable, prefixes: Prefixes
    ) -> None:
        self._calls = calls
        self._model = model
        self._overrides = overrides
        self._prefixes = prefixes

    def model(self, call: Call) -> str:
        old = call.asked.model or ""
        if self._model is None:
            return old
        region, platform, _ = old.partition("anthropic.")
        # On Bedrock the prefix says the region: it is kept.
        keeps = platform and "anthropic." not in self._model
        return f"{region}{platform}{canonical_model(self._model)}" if keeps else self._model

    def factor(self, call: Call) -> tuple[float, float, float]:
        if self._model is None:
            return (1.0, 1.0, 1.0)
        return tokens_factor(facts_of(call.asked.model or ""), facts_of(self._model))

    def unpriced(self) -> set[str]:
        return {
            shown_model(self.model(call))
            for call in self._calls
            if self._cost(call, Usage(0, 0)) is None
        }

    def total(self) -> Money | None:
        return self._sum(lambda call, usage: usage)

    def mean(self) -> Money | None:
        whole = self.total()
        return None if whole is None or not self._calls else _times(whole, 1 / len(self._calls))

    def mean_cached(self, requests_per_day: int) -> Money | None:
        """The mean with shared prefixes read from the cache, once they have been written."""

        def with_cache(call: Call, usage: Usage) -> Usage:
            shared = self._prefixes.tokens(call)
            whole = uncached(usage)
            # The tokens of the text are known on the old model; what scaled the usage scales them.
            before = prompt_tokens(_must(call.usage)) or 1
            prefix = round(shared * (prompt_tokens(usage) or 0) / before)
            if requests_per_day * self._prefixes.share(call) < _WARM_1H:
                return whole  # it is cold again before the next request
            if not self._prefixes.cached(self.model(call), prefix):
                return whole
            rest = max(0, (whole.input_tokens or 0) - prefix)
            return replace(whole, input_tokens=rest, cache_read_tokens=prefix)

        whole = self._sum(with_cache)
        return None if whole is None or not self._calls else _times(whole, 1 / len(self._calls))

    def _sum(self, change: Callable[[Call, Usage], Usage]) -> Money | None:
        totals = [0.0, 0.0, 0.0]
        for call in self._calls:
            usage = _must(call.usage)
            least, usual, most = self.factor(call)
            for place, factor in enumerate((usual, least, most)):
                cost = self._cost(call, change(call, _scaled(usage, factor)))
                if cost is None:
                    return None
                totals[place] += cost
        return Money(*totals) if self._calls else None

    def _cost(self, call: Call, usage: Usage) -> float | None:
        answer = _must(call.answer)
        return cost_usd(
            usage,
            self.model(call),
            overrides=self._overrides,
            platform=answer.platform,
            region=region_of(answer),
            batch=answer.service_tier == "batch",
        )


def _must(value: _T | None) -> _T:
    assert value is not None, "only such calls are taken"
    return value
