"""What recording and a month of production would cost on either model. Pure.

Recorded usage is priced as it is on the old model. On the new one the same text is counted by the
new tokenizer: where that is another, the tokens are an estimate with a range. Thinking that the
new model adds is not known before it is recorded, and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from pytest_claude.models.conditions import does_not_think_by_default, thinks_by_default
from pytest_claude.models.facts import facts_of, tokens_factor
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.prefixes import Prefix, Prefixes, is_cached
from pytest_claude.models.preflight import Call
from pytest_claude.models.prices import (
    BATCH_FACTOR,
    NO_OVERRIDES,
    PriceTable,
    answer_cost,
    cost_usd,
    prompt_tokens,
    region_of,
    shown_model,
    uncached,
)
from pytest_claude.transcript.model import Answer, Usage

DAYS_OF_A_MONTH = 30
_WARM_1H = 24  # evenly spread requests a day that keep a cache of an hour warm
_SAME = (1.0, 1.0, 1.0)
_PRICED = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_5m_tokens",
           "cache_write_1h_tokens")  # fmt: skip


@dataclass(frozen=True)
class Money:
    """Dollars with their range; equal ends where nothing was estimated."""

    usd: float
    low_usd: float
    high_usd: float


@dataclass(frozen=True)
class TrialCost:
    """What one trial of a test costs; None is unknown.

    Attributes:
        recorded: How many of its trials are recorded.
        old: On the models that it asks.
        new: With the model to move to in the place of the others.
    """

    recorded: int
    old: Money | None
    new: Money | None


@dataclass(frozen=True)
class Bill:
    """What it would cost; None is unknown.

    Attributes:
        calls: Calls of one trial of each test.
        record_once: Recording one trial of each test on the new model.
        tests: What one trial of each test costs, by test.
        per_request_old: Mean of one request on the old model.
        per_request_new: Mean of one request on the new.
        month_old: A month at `requests_per_day`.
        month_new: The same on the new.
        cached_old: A month with the shared prefixes cached, requests evenly spread over the day.
        cached_new: The same on the new.
        batch_old: A month in batches.
        batch_new: The same on the new.
        prefixes: What is shared.
        requests_per_day: Of production; None where the months are left out.
        estimated: Whether the new model counts tokens otherwise.
        thinking_unknown: Whether the new model thinks where the old did not.
        unpriced: Models whose price is unknown.
        uncounted: Calls without a recorded usage.
    """

    calls: int
    record_once: Money | None
    tests: Mapping[str, TrialCost]
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


def bill(
    calls: Sequence[Call],
    new: str,
    *,
    requests_per_day: int | None = None,
    overrides: PriceTable = NO_OVERRIDES,
) -> Bill:
    """What the recorded calls would cost on `new`, and on the models that they asked.

    Args:
        calls: Recorded calls; the first recorded trial of each test counts.
        new: Id of the model to move to, of any platform.
        requests_per_day: Of production, evenly spread; None leaves the months out.
        overrides: The user's own prices.
    """
    lowest: dict[str, int] = {}
    for call in calls:
        lowest[call.test] = min(call.trial, lowest.get(call.test, call.trial))
    first = [c for c in calls if c.trial == lowest[c.test] and c.request.kind == "messages"]
    answered = [call for call in first if call.answer is not None and call.answer.ok]
    counted = [call for call in answered if call.usage is not None]
    prefixes = Prefixes(counted)
    old_side, new_side = (
        _Side(counted, model, overrides, prefixes, requests_per_day or 0) for model in (None, new)
    )
    month = (requests_per_day or 0) * DAYS_OF_A_MONTH or None
    return Bill(
        calls=len(first),
        record_once=new_side.total,
        tests=_by_test(calls, answered, new, overrides),
        per_request_old=old_side.mean,
        per_request_new=new_side.mean,
        month_old=_times(old_side.mean, month),
        month_new=_times(new_side.mean, month),
        cached_old=_times(old_side.mean_cached, month),
        cached_new=_times(new_side.mean_cached, month),
        batch_old=_times(old_side.mean, month, BATCH_FACTOR),
        batch_new=_times(new_side.mean, month, BATCH_FACTOR),
        prefixes=prefixes.longest_first(new),
        requests_per_day=requests_per_day,
        estimated=any(new_side.factor(each) != _SAME for each in counted),
        thinking_unknown=any(_begins_to_think(call, facts_of(new)) for call in counted),
        unpriced=tuple(sorted(old_side.unpriced | new_side.unpriced)),
        uncounted=len(answered) - len(counted),
    )


def trial_cost(
    answers: Iterable[Answer],
    new_of: Callable[[str], str | None] = lambda model: None,
    overrides: PriceTable = NO_OVERRIDES,
) -> Money | None:
    """What a trial costs, by the tokens of a recorded one.

    Args:
        answers: All answers of the recorded trial, of whatever models; refused ones cost nothing.
        new_of: The model that is asked in the place of another, by its id as sent; None where
            that one is asked.
        overrides: The user's own prices.

    Returns:
        None where a price or a count is unknown, or nothing was answered.
    """
    totals: list[float] = []
    for answer in answers:
        if answer.status >= 400:
            continue
        sent = overrides.names.resolved(answer.request.model or "")
        new = new_of(sent)
        if new is None:
            ends = [answer_cost(answer, overrides).usd] * 3
        else:
            model, factors = _model(sent, new), _factors(sent, new)
            ends = [_cost(answer, model, _scaled(answer.usage, f), overrides) for f in factors]
        if None in ends:
            return None
        totals = [total + (usd or 0) for total, usd in zip(totals or [0.0] * 3, ends, strict=True)]
    return Money(totals[1], totals[0], totals[2]) if totals else None


def _by_test(
    calls: Sequence[Call], answered: Sequence[Call], new: str, overrides: PriceTable
) -> dict[str, TrialCost]:
    """What one trial of each test costs: of the first that is recorded."""
    trials: dict[str, set[int]] = {}
    for call in calls:
        trials.setdefault(call.test, set()).add(call.trial)
    answers: dict[str, list[Answer]] = {}
    for call in answered:
        if call.answer is not None:
            answers.setdefault(call.test, []).append(call.answer)
    return {
        test: TrialCost(
            len(recorded),
            trial_cost(answers.get(test, ()), overrides=overrides),
            trial_cost(answers.get(test, ()), lambda sent: new, overrides),
        )
        for test, recorded in trials.items()
    }


def _model(sent: str, new: str | None) -> str:
    """The id to price by: NEW keeps the prefix that says the region on Bedrock."""
    if new is None:
        return sent
    region, platform, _ = sent.partition("anthropic.")
    keeps = platform and "anthropic." not in new
    return f"{region}{platform}{canonical_model(new)}" if keeps else new


def _factors(sent: str, new: str | None) -> tuple[float, float, float]:
    """The least, the usual and the most tokens that NEW counts for one of the model asked."""
    return _SAME if new is None else tokens_factor(facts_of(sent), facts_of(new))


def _cost(answer: Answer, model: str, usage: Usage, overrides: PriceTable) -> float | None:
    return cost_usd(
        usage,
        model,
        overrides=overrides,
        platform=answer.platform,
        region=region_of(answer),
        batch=answer.service_tier == "batch",
    )


def _begins_to_think(call: Call, new: ModelFacts | None) -> bool:
    old = facts_of(call.request.model or "")
    if old is None or new is None or call.request.body.get("thinking") is not None:
        return False
    return does_not_think_by_default(old) and thinks_by_default(new)


def _times(money: Money | None, *factors: float | None) -> Money | None:
    """The money times all factors; None where it or a factor is None."""
    for factor in factors:
        if money is None or factor is None:
            return None
        money = Money(money.usd * factor, money.low_usd * factor, money.high_usd * factor)
    return money


def _scaled(usage: Usage, factor: float) -> Usage:
    counts = {
        field.name: round(count * factor)
        for field in fields(Usage)
        if field.name in _PRICED and (count := getattr(usage, field.name)) is not None
    }
    return Usage(**counts, web_searches=usage.web_searches)


@dataclass(frozen=True)
class _Side:
    """The calls priced on one model, or with None each on the one that it asked."""

    calls: Sequence[Call]
    new: str | None
    overrides: PriceTable
    prefixes: Prefixes
    requests_per_day: int

    @cached_property
    def total(self) -> Money | None:
        """What all calls cost together, as recorded."""
        return self._sum(lambda each, usage: usage)

    @property
    def mean(self) -> Money | None:
        """What one call costs in the mean, as recorded."""
        return _times(self.total, 1 / max(1, len(self.calls)))

    @cached_property
    def mean_cached(self) -> Money | None:
        """The mean with shared prefixes read from the cache, once they have been written."""
        return _times(self._sum(self._with_cache), 1 / max(1, len(self.calls)))

    @property
    def unpriced(self) -> set[str]:
        """The models whose price is unknown, as they are shown."""
        free = Usage(0, 0)
        return {shown_model(self.model(c)) for c in self.calls if self._cost(c, free) is None}

    def model(self, each: Call) -> str:
        return _model(each.request.model or "", self.new)

    def factor(self, each: Call) -> tuple[float, float, float]:
        return _factors(each.request.model or "", self.new)

    def _with_cache(self, each: Call, usage: Usage) -> Usage:
        whole = uncached(usage)
        # The tokens of the text are known on the old model; what scaled the usage scales them.
        before = prompt_tokens(each.usage or usage) or 1
        prefix = round(self.prefixes.tokens(each) * (prompt_tokens(usage) or 0) / before)
        warm = self.requests_per_day * self.prefixes.share(each) >= _WARM_1H
        if not warm or not is_cached(self.model(each), prefix):
            return whole
        rest = max(0, (whole.input_tokens or 0) - prefix)
        return replace(whole, input_tokens=rest, cache_read_tokens=prefix)

    def _sum(self, change: Callable[[Call, Usage], Usage]) -> Money | None:
        totals = [0.0, 0.0, 0.0]
        for each in self.calls:
            least, usual, most = self.factor(each)
            for place, factor in enumerate((usual, least, most)):
                cost = self._cost(each, change(each, _scaled(each.usage or Usage(), factor)))
                if cost is None:
                    return None
                totals[place] += cost
        return Money(*totals) if self.calls else None

    def _cost(self, each: Call, usage: Usage) -> float | None:
        assert each.answer is not None, "it has a usage"
        return _cost(each.answer, self.model(each), usage, self.overrides)
