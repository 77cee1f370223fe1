"""Prices: genai-prices to the cent, and what it leaves to its callers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import genai_prices
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.errors import SettingsError
from pytest_claude.models.prices import (
    Cost,
    Price,
    answer_cost,
    cost_usd,
    price_table,
    rates,
    total_cost,
    uncached,
    unpriced_reason,
)
from pytest_claude.transcript.model import Answer, RequestView, Usage

PLAIN = Usage(input_tokens=1200, output_tokens=340)
CACHED = Usage(800, 512, cache_read_tokens=50_000, cache_write_5m_tokens=3_000)
HOURLY = Usage(800, 512, 0, 1_000, 20_000)
LONG = Usage(90_001, 1_000, cache_read_tokens=10_000)
VERY_LONG = Usage(150_000, 9_000, cache_read_tokens=60_000, cache_write_1h_tokens=5_000)
SEARCHED = replace(PLAIN, web_searches=3)
USAGES = [PLAIN, CACHED, HOURLY, LONG, VERY_LONG, SEARCHED]

FIRST_PARTY = [
    "claude-3-haiku-20240307", "claude-3-5-haiku-latest", "claude-3-5-sonnet-20241022",
    "claude-3-7-sonnet-20250219", "claude-opus-4-20250514", "claude-opus-4-1-20250805",
    "claude-sonnet-4-20250514", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5", "claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8",
    "claude-opus-5", "claude-opus-5-5", "claude-sonnet-4-6", "claude-sonnet-5",
    "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5", "claude-fable-5-1",
    "claude-fable-5-2", "claude-mythos-5-2",
]  # fmt: skip
BEDROCK = [
    "anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.anthropic.claude-haiku-5-5",
    "global.anthropic.claude-haiku-5-5", "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
    "anthropic.claude-opus-5-5", "jp.anthropic.claude-sonnet-4-6",
]  # fmt: skip


def by_genai_prices(usage: Usage, model: str, provider: str) -> float:
    written = (usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0)
    counted = genai_prices.Usage(
        input_tokens=(usage.input_tokens or 0) + (usage.cache_read_tokens or 0) + written,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=written,
        cache_write_1h_tokens=usage.cache_write_1h_tokens,
        web_searches=usage.web_searches,
    )
    return float(genai_prices.calc_price(counted, model, provider_id=provider).total_price)


@pytest.mark.parametrize("usage", USAGES)
@pytest.mark.parametrize("model", FIRST_PARTY)
def test_a_price_is_that_of_genai_prices(model: str, usage: Usage) -> None:
    assert cost_usd(usage, model) == pytest.approx(by_genai_prices(usage, model, "anthropic"))


@pytest.mark.parametrize("usage", [PLAIN, CACHED, LONG])
@pytest.mark.parametrize("model", BEDROCK)
def test_a_bedrock_id_says_whether_it_is_regional(model: str, usage: Usage) -> None:
    expected = by_genai_prices(usage, model, "aws")
    assert cost_usd(usage, model, platform="bedrock") == pytest.approx(expected)


MILLION = Usage(50_000, 10_000)

CASES: list[tuple[str, Usage, str, dict[str, Any], float]] = [
    ("batch", MILLION, "claude-sonnet-5-5", {"batch": True}, 0.1),
    ("batch, cached", Usage(0, 0, 100_000, 40_000, 10_000), "claude-sonnet-5-5",
     {"batch": True}, (100_000 * 0.1 + 40_000 * 2.5 + 10_000 * 4) / 2e6),
    ("up to the long-prompt limit", Usage(90_000, 1_000, 10_000), "claude-haiku-5-5", {},
     (90_000 * 0.1 + 1_000 * 0.5 + 10_000 * 0.01) / 1e6),
    ("above it", Usage(90_001, 1_000, 10_000), "claude-haiku-5-5", {},
     (90_001 * 0.5 + 1_000 * 2.5 + 10_000 * 0.05) / 1e6),
    ("above it, in a batch", Usage(90_001, 1_000, 10_000), "claude-haiku-5-5", {"batch": True},
     (90_001 * 0.5 + 1_000 * 2.5 + 10_000 * 0.05) / 2e6),
    ("hour of cache that has no price", Usage(0, 0, None, None, 10_000),
     "us.anthropic.claude-opus-4-20250514-v1:0", {"platform": "bedrock"}, 0.3),
    ("Bedrock, undated", MILLION, "anthropic.claude-haiku-4-5", {"platform": "bedrock"}, 0.11),
    ("Bedrock, undated, global", MILLION, "global.anthropic.claude-haiku-4-5",
     {"platform": "bedrock"}, 0.1),
    ("Bedrock ARN", MILLION, "arn:aws:bedrock:us-east-1:123456789012:inference-profile/"
     "global.anthropic.claude-sonnet-5-5", {"platform": "bedrock"}, 0.2),
    ("Google, global", MILLION, "claude-sonnet-4-5@20250929",
     {"platform": "vertex", "region": "global"}, 0.3),
    ("Google, regional", MILLION, "claude-sonnet-4-5@20250929",
     {"platform": "vertex", "region": "europe-west1"}, 0.33),
    ("Google, regional, one price", MILLION, "claude-3-7-sonnet@20250219",
     {"platform": "vertex", "region": "europe-west1"}, 0.3),
    ("Foundry", MILLION, "claude-opus-5-5", {"platform": "foundry"}, 0.4),
    ("fast", MILLION, "claude-opus-5", {"fast": True}, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("usage", "model", "how", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_what_genai_prices_leaves_to_the_caller(
    usage: Usage, model: str, how: dict[str, Any], expected: float
) -> None:
    assert cost_usd(usage, model, **how) == pytest.approx(expected)


@pytest.mark.parametrize("model", ["claude-unheard-of", "", "gpt-5", "x" * 10_000, "claude-🦙"])
@pytest.mark.fault("G05")
def test_an_unknown_price_is_none(model: str) -> None:
    assert cost_usd(PLAIN, model) is None
    assert cost_usd(PLAIN, model, platform="bedrock") is None
    assert rates(model) is None


def test_an_unknown_count_is_none_and_an_unstated_cache_count_is_none_used() -> None:
    assert cost_usd(Usage(input_tokens=10), "claude-sonnet-5-5") is None
    assert cost_usd(Usage(output_tokens=10), "claude-sonnet-5-5") is None
    assert cost_usd(Usage(-1, 10), "claude-sonnet-5-5") is None
    assert cost_usd(Usage(0, 0), "claude-sonnet-5-5") == 0


def test_a_price_of_the_users_own_goes_first() -> None:
    table = price_table(("claude-next-1 input=4 output=20", "claude-sonnet-4-5-20250929 input=1 "
                         "output=2 cache_read=.5 cache_write_5m=3 cache_write_1h=4"))  # fmt: skip
    assert table.own["claude-next-1"] == Price(4, 20, 0.4, 5, 8)
    assert cost_usd(MILLION, "claude-next-1", overrides=table) == pytest.approx(0.4)
    assert cost_usd(MILLION, "claude-next-1", overrides=table, batch=True) == pytest.approx(0.2)
    every = Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000, web_searches=1)
    assert cost_usd(every, "claude-sonnet-4-5", overrides=table) == pytest.approx(10.51)
    arn = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    assert cost_usd(MILLION, arn, overrides=table, platform="bedrock") == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("claude-next-1", "expected MODEL input=… output=…"),
        ("claude-next-1 input=3", "expected MODEL input=… output=…"),
        ("claude-next-1 input=3 output=x", "'output=x' is no price in dollars per MTok"),
        ("claude-next-1 input=3 output=-1", "'output=-1' is no price in dollars per MTok"),
        ("claude-next-1 in=3 output=1", "unknown price 'in'; input, output, cache_read"),
    ],
)
def test_a_wrong_line_is_told(line: str, told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        price_table((line,))
    assert str(raised.value).startswith(f"claude_prices: {line!r}: ")
    assert told in str(raised.value)


def answer(**changes: Any) -> Answer:
    body = {"model": "claude-sonnet-5-5"}
    plain = Answer(1, RequestView("POST", "/v1/messages", body), "claude-sonnet-4-5",
                   "claude-sonnet-5-5", 200, usage=MILLION)  # fmt: skip
    return replace(plain, **changes)


def test_a_call_is_priced_by_the_model_that_answered_not_by_the_one_that_was_swapped() -> None:
    assert answer_cost(answer()) == Cost(pytest.approx(0.2), pytest.approx(0.2))  # type: ignore[arg-type]


def test_a_call_that_was_recorded_through_a_batch_has_the_price_that_the_app_will_pay() -> None:
    assert answer_cost(answer(service_tier="batch")).usd == pytest.approx(0.2)


def test_a_batch_and_a_fast_call_are_read_off_the_answer() -> None:
    assert answer_cost(answer(service_tier="batch", custom_id="a")).usd == pytest.approx(0.1)
    fast = RequestView("POST", "/v1/messages", {"model": "claude-opus-5", "speed": "fast"})
    assert answer_cost(answer(request=fast, served_model=None)).usd == pytest.approx(1.0)


def test_on_bedrock_the_id_asked_for_says_the_region() -> None:
    model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    view = RequestView("POST", f"/model/{model}/invoke", {"model": model})
    served = answer(request=view, served_model="claude-sonnet-4-5-20250929", platform="bedrock")
    assert answer_cost(served).usd == pytest.approx(0.33)


def test_on_google_cloud_the_path_says_the_region() -> None:
    path = (
        "/v1/projects/p/locations/us-east5/publishers/anthropic/models/claude-sonnet-5-5:rawPredict"
    )
    view = RequestView("POST", path, {"model": "claude-sonnet-5-5"})
    assert answer_cost(answer(request=view, platform="vertex")).usd == pytest.approx(0.22)


def test_as_if_uncached() -> None:
    cached = answer(usage=Usage(1_000, 10, 90_000, 8_000, 1_000))
    assert uncached(cached.usage) == Usage(100_000, 10)
    assert answer_cost(cached).uncached_usd == pytest.approx(0.2001)
    assert answer_cost(cached).usd == pytest.approx(0.0351)


def test_one_unknown_price_makes_the_total_unknown_and_is_named() -> None:
    view = RequestView("POST", "/v1/messages", {"model": "claude-next-1"})
    unknown = answer(request=view, served_model="claude-next-1-20270101")
    refused = answer(status=400, usage=Usage())
    assert total_cost([answer(), refused]).usd == pytest.approx(0.2)
    cost = total_cost([answer(), unknown, unknown])
    assert cost == Cost(None, None, ("claude-next-1",))
    assert unpriced_reason(cost.unpriced) == (
        "the price of claude-next-1 is unknown: name it in claude_prices "
        "(claude-next-1 input=… output=…)"
    )
    own = price_table(("claude-next-1 input=2 output=10",))
    assert total_cost([answer(), unknown], own).usd == pytest.approx(0.4)


def test_rates_are_per_million_tokens() -> None:
    assert rates("claude-sonnet-5-5") == Price(2, 10, 0.1, 2.5, 4)
    assert rates("claude-haiku-5-5") == Price(0.1, 0.5, 0.01, 0.125, 0.2)


def test_newer_prices_that_a_program_downloaded_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from genai_prices import data_snapshot

    empty = data_snapshot.DataSnapshot(providers=[], from_auto_update=True)
    monkeypatch.setattr(data_snapshot, "_custom_snapshot", empty)
    assert cost_usd(MILLION, "claude-sonnet-5-5") == pytest.approx(0.2)


@given(
    usage=st.builds(Usage, *[st.none() | st.integers(-5, 3_000_000)] * 5),
    model=st.text() | st.sampled_from(FIRST_PARTY + BEDROCK),
    platform=st.sampled_from(["anthropic", "bedrock", "vertex", "foundry", "other"]),
    region=st.none() | st.text(),
)
def test_whatever_is_asked_a_price_is_a_number_or_none(
    usage: Usage, model: str, platform: str, region: str | None
) -> None:
    usd = cost_usd(usage, model, platform=platform, region=region)
    assert usd is None or usd >= 0
