"""What recorded usage costs in US dollars: list prices of genai-prices, or the user's own. Pure.

The prices are those that come with the installed genai-prices; nothing is downloaded. What it
leaves to the caller is done here: batches are billed at half of everything, and regional
endpoints of Bedrock and Google Cloud at 1.1 times (platform.claude.com, about-claude/pricing,
read in October 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import NO_NAMES, ModelNames, canonical_model
from pytest_claude.transcript.model import Answer, Usage

BATCH_FACTOR = 0.5
REGIONAL_FACTOR = 1.1
_PROVIDERS = {"bedrock": "aws", "vertex": "google"}
_REGION = re.compile(r"/locations/([^/]+)/")
_BEFORE_4_5 = re.compile(r"claude-(?:[123v]|instant|[a-z]+-4(?:-[01])?$)")
_WEB_SEARCH_USD = 0.01
_LONGEST_ID = 200  # a longer text is not an id
_NEWEST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Price:
    """The user's own price of a model, in US dollars per million tokens."""

    input: float
    output: float
    cache_read: float
    cache_write_5m: float
    cache_write_1h: float


@dataclass(frozen=True)
class PriceTable:
    """What a project says of prices, over the list prices.

    Attributes:
        own: The user's own prices by canonical model id.
        names: What the project's own names of models stand for.
    """

    own: Mapping[str, Price] = field(default_factory=dict)
    names: ModelNames = NO_NAMES


NO_OVERRIDES = PriceTable()


@dataclass(frozen=True)
class Cost:
    """What calls cost.

    Attributes:
        usd: Dollars as billed; None when a price or a count is unknown.
        uncached_usd: Dollars for the same tokens had nothing been cached.
        unpriced: The models whose price is unknown: as sent, or what the project's own name
            stands for.
    """

    usd: float | None
    uncached_usd: float | None
    unpriced: tuple[str, ...] = ()


def cost_usd(
    usage: Usage,
    model: str,
    *,
    overrides: PriceTable = NO_OVERRIDES,
    platform: str = "anthropic",
    region: str | None = None,
    batch: bool = False,
    fast: bool = False,
) -> float | None:
    """Dollars for `usage` on `model` at list price; None when a price or a count is unknown.

    A cache count that the API did not state counts as 0, as where nothing is cached.
    Above a long-prompt limit the whole request is billed at the higher price. The newest price
    that the installed genai-prices knows is taken. A price of the user's own is taken as it is,
    for every platform and speed, and halved in a batch.

    Args:
        usage: Tokens of one request; those of several must be priced one by one, for a
            long-prompt limit is one of requests.
        model: Any id of the model; a Bedrock id says by its prefix whether it is regional.
        overrides: The user's own prices, and the project's own names of models.
        platform: "anthropic", "bedrock", "vertex" or "foundry".
        region: Google Cloud's region; all but "global" and None cost more.
        batch: Whether it was sent through the Message Batches API.
        fast: Whether it was sent with `speed: "fast"`.

    >>> cost_usd(Usage(input_tokens=1_000_000, output_tokens=100_000), "claude-sonnet-4-6")
    4.5
    >>> cost_usd(Usage(input_tokens=1, output_tokens=1), "claude-unheard-of") is None
    True
    """
    if usage.input_tokens is None or usage.output_tokens is None or not _countable(usage):
        return None
    model = overrides.names.resolved(model)
    own = overrides.own.get(canonical_model(model))
    if own is not None:
        usd: float | None = _own_price(usage, own)
    else:
        usd = _list_price(usage, model, platform, region, fast=fast)
    return None if usd is None else usd * (BATCH_FACTOR if batch else 1.0)


def uncached(usage: Usage) -> Usage:
    """The same tokens had nothing been read from the cache or written to it.

    >>> uncached(Usage(input_tokens=1, output_tokens=2, cache_read_tokens=3)).input_tokens
    4
    """
    return Usage(
        input_tokens=prompt_tokens(usage),
        output_tokens=usage.output_tokens,
        web_searches=usage.web_searches,
    )


def prompt_tokens(usage: Usage) -> int | None:
    """All tokens of the prompt, cached or not; None when the API did not count them."""
    if usage.input_tokens is None:
        return None
    return usage.input_tokens + sum(count or 0 for count in _cached(usage))


def answer_cost(answer: Answer, overrides: PriceTable = NO_OVERRIDES) -> Cost:
    """What one answered call cost, by the model that answered.

    Args:
        answer: As recorded; one that the API refused costs nothing.
        overrides: The user's own prices, and the project's own names of models.
    """
    if answer.status >= 400:
        return Cost(0.0, 0.0)
    models = tuple(map(overrides.names.resolved, _references(answer)))
    # What we recorded through a batch is a call of the app, at the price that it will have.
    batch = answer.service_tier == "batch" and answer.custom_id is not None
    body = answer.request.body or {}
    region = region_of(answer)

    def priced(usage: Usage) -> float | None:
        costs = (
            cost_usd(
                usage,
                model,
                overrides=overrides,
                platform=answer.platform,
                region=region,
                batch=batch,
                fast=body.get("speed") == "fast",
            )
            for model in models
        )
        return next((usd for usd in costs if usd is not None), None)

    unpriced = () if priced(Usage(0, 0)) is not None else models[-1:] or ("no model",)
    return Cost(priced(answer.usage), priced(uncached(answer.usage)), unpriced)


def region_of(answer: Answer) -> str | None:
    """Google Cloud's region, as the path of the request says it; None elsewhere."""
    region = _REGION.search(answer.request.path)
    return None if region is None else region[1]


def total_cost(answers: Iterable[Answer], overrides: PriceTable = NO_OVERRIDES) -> Cost:
    """What the calls cost together; unknown when one of them is unknown.

    Args:
        answers: As recorded.
        overrides: The user's own prices, and the project's own names of models.
    """
    costs = [answer_cost(answer, overrides) for answer in answers]
    unpriced = dict.fromkeys(model for cost in costs for model in cost.unpriced)
    return Cost(
        _sum(cost.usd for cost in costs),
        _sum(cost.uncached_usd for cost in costs),
        tuple(unpriced),
    )


def unpriced_reason(models: Sequence[str]) -> str:
    """Why a cost is unknown, and what to type.

    >>> unpriced_reason(["claude-next-1"]).partition(": ")[2]
    'name it in claude_prices (claude-next-1 input=… output=…)'
    """
    canonical = list(dict.fromkeys(shown_model(model) for model in models))
    line = f"({canonical[0]} input=… output=…)"
    return f"the price of {', '.join(canonical)} is unknown: name it in claude_prices {line}"


def shown_model(model: str) -> str:
    """The canonical id, cut where it is too long to be one."""
    name = canonical_model(model)
    return name if len(name) <= 60 else f"{name[:60]}…"


def rates(model: str, overrides: PriceTable = NO_OVERRIDES) -> Price | None:
    """The price of a model on the Claude API, for short prompts; None when it is unknown.

    Args:
        model: Any id of the model.
        overrides: The user's own prices, and the project's own names of models.
    """
    each = {
        "input": Usage(1000, 0),
        "output": Usage(0, 1000),
        "cache_read": Usage(0, 0, cache_read_tokens=1000),
        "cache_write_5m": Usage(0, 0, cache_write_5m_tokens=1000),
        "cache_write_1h": Usage(0, 0, cache_write_1h_tokens=1000),
    }
    costs = {name: cost_usd(usage, model, overrides=overrides) for name, usage in each.items()}
    rates_usd = {name: round(usd * 1000, 6) for name, usd in costs.items() if usd is not None}
    return Price(**rates_usd) if len(rates_usd) == len(each) else None


def price_table(lines: Iterable[str], names: ModelNames = NO_NAMES) -> PriceTable:
    """The prices in lines such as `claude-next-1 input=3 output=15`, in dollars per million tokens.

    `input` and `output` are needed; `cache_read`, `cache_write_5m` and `cache_write_1h` are 0.1,
    1.25 and 2 times the input price where they are left out.

    Args:
        lines: The lines of `claude_prices`; empty ones do not count.
        names: What the project's own names of models stand for.

    Raises:
        SettingsError: A line is wrong.

    >>> price_table(["claude-next-1 input=3 output=15"]).own["claude-next-1"].cache_write_5m
    3.75
    """
    priced = (_price_line(line) for line in lines if line.strip())
    return PriceTable({names.canonical(model): price for model, price in priced}, names)


def _price_line(line: str) -> tuple[str, Price]:
    model, *words = line.split()
    given: dict[str, float] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in Price.__dataclass_fields__:
            names = ", ".join(Price.__dataclass_fields__)
            raise SettingsError(f"claude_prices: {line!r}: unknown price {key!r}; {names}")
        if not re.fullmatch(r"\d*\.?\d+|\d+\.", value):
            raise SettingsError(
                f"claude_prices: {line!r}: {word!r} is no price in dollars per MTok"
            )
        given[key] = float(value)
    if not {"input", "output"} <= given.keys():
        raise SettingsError(
            f"claude_prices: {line!r}: expected MODEL input=… output=…, for example\n"
            f"       claude-next-1 input=3 output=15 cache_read=.3"
        )
    base = given["input"]
    defaults = {"cache_read": 0.1 * base, "cache_write_5m": 1.25 * base, "cache_write_1h": 2 * base}
    return model, Price(**{**defaults, **given})


def _references(answer: Answer) -> tuple[str, ...]:
    """Ids to price by, best first. On Bedrock only the id asked for says what region it is."""
    ids = [answer.served_model, answer.request.model]
    if answer.platform == "bedrock":
        ids.reverse()
    return tuple(model for model in ids if model)


def _cached(usage: Usage) -> tuple[int | None, int | None, int | None]:
    return usage.cache_read_tokens, usage.cache_write_5m_tokens, usage.cache_write_1h_tokens


def _countable(usage: Usage) -> bool:
    counts = (usage.input_tokens, usage.output_tokens, usage.web_searches, *_cached(usage))
    return all(count is None or count >= 0 for count in counts)


def _sum(costs: Iterable[float | None]) -> float | None:
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost  # one by one: `sum` rounds otherwise from Python 3.12 on
    return total


def _own_price(usage: Usage, price: Price) -> float:
    read, write_5m, write_1h = (count or 0 for count in _cached(usage))
    return (
        (usage.input_tokens or 0) * price.input
        + (usage.output_tokens or 0) * price.output
        + read * price.cache_read
        + write_5m * price.cache_write_5m
        + write_1h * price.cache_write_1h
    ) / 1_000_000 + (usage.web_searches or 0) * _WEB_SEARCH_USD


def _list_price(
    usage: Usage, model: str, platform: str, region: str | None, *, fast: bool
) -> float | None:
    provider = _PROVIDERS.get(platform, "anthropic")
    name = model.rsplit("/", 1)[-1]
    priced = _priced(provider, name, fast)
    factor = 1.0
    if provider == "google":
        factor = _premium(model, region is not None and region != "global")
    if priced is None:
        priced = _priced("anthropic", canonical_model(model), fast)
        if provider == "aws":
            factor = _premium(model, not name.startswith("global."))
    return None if priced is None else priced(usage) * factor


def _premium(model: str, regional: bool) -> float:
    """What a regional endpoint costs more; models before Claude 4.5 have one price everywhere."""
    old = _BEFORE_4_5.match(canonical_model(model)) is not None
    return REGIONAL_FACTOR if regional and not old else 1.0


@lru_cache(maxsize=128)
def _priced(provider: str, name: str, fast: bool) -> Callable[[Usage], float] | None:
    """The function that prices a usage, or None when genai-prices does not know the model."""
    # Late: it takes 0.2 s and brings an HTTP client that is never used. The list that came with
    # the package is read by itself, for a program may have asked genai-prices to download newer
    # prices, and a cost must not depend on that.
    import genai_prices
    from genai_prices.data import providers

    source = next(each for each in providers if each.id == provider)
    model = source.find_model(name) if len(name) <= _LONGEST_ID else None
    if model is None:
        return None
    prices = model.get_prices(_NEWEST, {"speed": "fast"} if fast else None)
    if not prices.__dict__:
        return None
    states_1h = prices.cache_write_1h_mtok is not None

    @lru_cache(maxsize=512)  # of one answer the same tokens are priced up to three times
    def priced(usage: Usage) -> float:
        read, write_5m, write_1h = (count or 0 for count in _cached(usage))
        # Where no price of the 1-hour cache is stated it is twice the input price.
        as_input = 0 if states_1h else 2 * write_1h
        write_1h = write_1h if states_1h else 0
        counted = genai_prices.Usage(
            input_tokens=(usage.input_tokens or 0) + read + write_5m + write_1h + as_input,
            cache_read_tokens=read,
            cache_write_tokens=write_5m + write_1h,
            cache_write_1h_tokens=write_1h,
            output_tokens=usage.output_tokens or 0,
            web_searches=usage.web_searches or 0,
        )
        return float(prices.calc_price(counted)["total_price"])

    return priced
