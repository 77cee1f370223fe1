"""What a bump would meet: chosen models, groups, money and speed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.models.bill import Money, bill
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.preflight import Call, groups, preflight, surely_refused
from pytest_claude.models.prices import price_table
from pytest_claude.models.speed import Median, compare_speed, median, output_tokens_per_s
from pytest_claude.transcript.interaction import Timing
from pytest_claude.transcript.model import Answer, RequestView, Usage

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
TODAY = "2026-11-25"


def call(
    test: str = "a",
    *,
    model: str = OLD,
    usage: Usage = Usage(1000, 100),  # noqa: B008  # frozen
    status: int = 200,
    trial: int = 1,
    platform: str = "anthropic",
    timing: Timing | None = None,
    **body: Any,
) -> Call:
    body = {"model": model, "messages": [{"role": "user", "content": test}], **body}
    view = RequestView("POST", "/v1/messages", body)
    answer = Answer(1, view, model, None, status, usage=usage, platform=platform, timing=timing)
    asked = MessageRequest(body, platform)
    return Call(
        f"test_{test}.py::{test}", f"test_{test}.py", f"{test}.yaml", 1, trial, asked, answer
    )


FORCED = {"tool_choice": {"type": "any"}}


def test_the_models_of_news_line_are_looked_at() -> None:
    calls = [call(), call("b", model="claude-haiku-4-5"), call("c", model="claude-sonnet-4-0")]
    found = preflight(calls, NEW)
    assert found.olds == ("claude-sonnet-4", "claude-sonnet-4-5")
    assert found.others == {"claude-haiku-4-5": 1}
    assert preflight(calls, NEW, olds=["claude-haiku-4-5-20251001"]).olds == ("claude-haiku-4-5",)


def test_where_no_model_is_of_news_line_all_are() -> None:
    found = preflight([call(), call("b", model="gateway-model")], "claude-opus-5-5")
    assert found.olds == (OLD, "gateway-model")
    assert preflight([call(), call("b", model="x")], "claude-next-1").olds == (OLD, "x")


def test_new_itself_is_looked_at_where_it_alone_is_recorded() -> None:
    assert preflight([call(model=NEW), call("b", model="claude-haiku-4-5")], NEW).olds == (NEW,)
    assert preflight([call(model=NEW), call("b")], NEW).olds == (OLD,)


def test_equal_requests_of_a_test_count_once() -> None:
    calls = [call(), call(trial=2), call(status=529), call(max_tokens=5), call("b")]
    found = preflight(calls, NEW)
    assert len(found.judged) == 3
    assert len(found.tests) == 2


def test_findings_are_grouped_by_what_they_say() -> None:
    calls = [call(**FORCED), call("b", **FORCED, temperature=0.2), call("c", temperature=0.5)]
    found = preflight(calls, NEW, on=TODAY)
    assert [(g.finding.rule, len(g.calls), g.settled) for g in groups(found.judged, "refused")] == [
        ("forced-tool-choice", 2, 2),
        ("sampling-non-default", 1, 1),
        ("sampling-non-default", 1, 1),
    ]
    assert len(found.refused) == 3
    first = found.to_json()["calls"][0]
    assert first["findings"][0]["rule"] == "forced-tool-choice"
    assert first["findings"][0]["adapted"] is True


def test_what_adapting_does_not_settle_is_left() -> None:
    prefilled = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]
    found = preflight([call(messages=prefilled, **FORCED)], NEW)
    assert found.judged[0].left == {"prefill"}


def test_facts_that_the_api_gave_go_before_the_table() -> None:
    live = ModelFacts("claude-next-1", "Next", "next", "active", effort_levels=("low",))
    known = preflight([call(output_config={"effort": "max"})], "claude-next-1", facts=live)
    assert [f.rule for f in known.refused[0].refusals] == ["effort-level"]
    unknown = preflight([call(output_config={"effort": "max"})], "claude-next-1")
    assert [f.rule for f in unknown.judged[0].findings] == ["model-unknown"]


def test_only_a_sure_refusal_is_not_paid_for() -> None:
    cold = MessageRequest({"temperature": 0.2})
    assert [f.rule for f in surely_refused(cold, NEW)] == ["sampling-non-default"]
    assert surely_refused(cold, "claude-fable-5-2") == ()
    assert surely_refused(cold, "claude-sonet-9") == ()
    assert surely_refused(MessageRequest({}), NEW, on=TODAY) == ()


# --- money ----------------------------------------------------------------------------------------


def test_the_bill_is_of_one_trial_of_each_test() -> None:
    calls = [call(), call("b"), call(trial=2), call("c", status=400)]
    found = bill(calls, "claude-sonnet-4-6", requests_per_day=100)
    one = 1000 * 3e-6 + 100 * 15e-6
    assert found.calls == 3
    assert found.record_once is not None
    assert found.record_once.usd == pytest.approx(2 * one)
    assert found.record_once.low_usd == found.record_once.high_usd == found.record_once.usd
    assert [cost.recorded for cost in found.tests.values()] == [2, 1, 1]
    costs = [None if cost.new is None else cost.new.usd for cost in found.tests.values()]
    assert costs == [pytest.approx(one), pytest.approx(one), None]
    assert found.month_old is not None
    assert found.month_old.usd == pytest.approx(3000 * one)
    assert found.batch_new is not None
    assert found.batch_new.usd == pytest.approx(1500 * one)
    assert not found.estimated
    assert not found.thinking_unknown


def test_another_tokenizer_makes_an_estimate_with_a_range() -> None:
    found = bill([call()], NEW)
    assert found.per_request_old == Money(*[pytest.approx(0.0045)] * 3)  # type: ignore[arg-type]
    least = 1000 * 2e-6 + 100 * 10e-6
    assert found.per_request_new is not None
    assert found.per_request_new.low_usd == pytest.approx(least)
    assert found.per_request_new.usd == pytest.approx(1.3 * least)
    assert found.per_request_new.high_usd == pytest.approx(1.35 * least)
    assert found.estimated
    assert found.thinking_unknown
    assert not bill([call(thinking={"type": "disabled"})], NEW).thinking_unknown


def test_an_unknown_price_is_unknown_until_it_is_named() -> None:
    found = bill([call()], "claude-next-1", requests_per_day=10)
    assert (found.record_once, found.month_new, found.unpriced) == (None, None, ("claude-next-1",))
    assert found.month_old is not None
    own = price_table(("claude-next-1 input=1 output=1",))
    named = bill([call()], "claude-next-1", overrides=own)
    assert named.record_once is not None
    assert named.record_once.usd == pytest.approx(0.0011)


def test_calls_without_a_usage_are_counted_and_left_out() -> None:
    found = bill([call(), call("b", usage=Usage())], "claude-sonnet-4-6")
    assert found.uncounted == 1
    assert found.per_request_old is not None
    assert found.per_request_old.usd == pytest.approx(0.0045)
    assert bill([], NEW).record_once is None


def test_on_bedrock_the_region_of_the_old_id_is_kept() -> None:
    world = call(model="global.anthropic.claude-sonnet-4-5-20250929-v1:0", platform="bedrock")
    europe = call(model="eu.anthropic.claude-sonnet-4-5-20250929-v1:0", platform="bedrock")
    prices = [bill([each], "claude-sonnet-4-6").per_request_new for each in (world, europe)]
    assert [round(p.usd, 6) for p in prices if p] == [0.0045, 0.00495]


SYSTEM = "You are a support agent. " * 400  # 10,000 characters


def shared(test: str, system: str = SYSTEM, usage: Usage = Usage(2600, 100)) -> Call:  # noqa: B008
    return call(test, system=system, usage=usage)


def test_a_prefix_that_tests_share_is_measured_and_read_from_the_cache() -> None:
    found = bill([shared("a"), shared("b")], NEW, requests_per_day=10_000)
    (prefix,) = found.prefixes
    assert prefix.tokens == pytest.approx(2590, abs=20)
    assert (prefix.share, prefix.minimum) == (1.0, 512)
    assert (prefix.cached_old, prefix.cached_new) == (True, True)
    read, rest = prefix.tokens, 2600 - prefix.tokens
    expected = (read * 0.3 + rest * 3 + 100 * 15) * 1e-6 * 300_000
    assert found.cached_old is not None
    assert found.cached_old.usd == pytest.approx(expected, rel=0.01)
    assert found.cached_new is not None
    assert found.month_new is not None
    assert found.cached_new.usd < found.month_new.usd / 2


def test_a_prefix_below_the_models_minimum_is_not_cached() -> None:
    short = [shared(test, SYSTEM[:2400], Usage(700, 100)) for test in "ab"]
    found = bill(short, NEW, requests_per_day=10_000)
    (prefix,) = found.prefixes
    assert (prefix.cached_old, prefix.cached_new) == (False, True), "1,024 there, 512 here"
    assert found.cached_old == found.month_old
    assert found.cached_new is not None
    assert found.month_new is not None
    assert found.cached_new.usd < found.month_new.usd


def test_few_requests_a_day_find_a_cold_cache() -> None:
    found = bill([shared("a"), shared("b")], NEW, requests_per_day=10)
    assert found.cached_old == found.month_old


def test_one_test_alone_shares_nothing() -> None:
    assert bill([shared("a"), shared("a")], NEW).prefixes == ()
    assert bill([shared("a"), shared("b", "another " * 900)], NEW).prefixes == ()


# --- speed ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([5.0], Median(5.0, None, None, 1)),
        ([1, 2, 3, 4, 5], Median(3, None, None, 5)),
        ([6, 1, 5, 2, 4, 3], Median(3.5, 1, 6, 6)),
        (list(range(1, 10)), Median(5, 2, 8, 9)),
        (list(range(1, 41)), Median(20.5, 14, 27, 40)),
    ],
    ids=["none", "one", "five", "six", "nine", "forty"],
)
def test_a_median_has_an_interval_of_order_statistics(
    values: list[float], expected: Median | None
) -> None:
    # The ranks are those of published tables of 95 % intervals: 9 → 2 and 8, 40 → 14 and 27.
    assert median(values) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60))
def test_an_interval_holds_its_median(values: list[float]) -> None:
    found = median(values)
    assert found is not None
    assert (found.low is None) == (len(values) < 6)
    if found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high
    assert median(values[::-1]) == found


def timed(first: float | None, total: float, tokens: int = 101) -> Answer:
    answer = call(timing=Timing(0.1, total, first), usage=Usage(1, tokens)).answer
    assert answer is not None
    return answer


def test_speed_is_compared_where_both_models_recorded_it() -> None:
    old = {"a": [timed(0.5, 1.5)], "b": [timed(0.7, 1.7)], "c": [timed(None, 2)]}
    new = {"a": [timed(1.0, 3.0)], "c": [timed(1.0, 2.0)], "d": [timed(9.0, 9.5)]}
    first, rate = compare_speed(old, new)
    assert (first.measure, first.old.value, first.new.value, first.tests) == (
        "time_to_first_token_s", 0.5, 1.0, 1)  # fmt: skip
    assert (rate.measure, rate.old.value, rate.new.value) == ("output_tokens_per_s", 100, 50)
    assert compare_speed(old, {}) == ()


def test_an_answer_that_failed_or_was_not_streamed_has_no_rate() -> None:
    assert output_tokens_per_s(timed(None, 2)) is None
    assert output_tokens_per_s(replace(timed(0.5, 1.5), ended="cut")) is None
    assert output_tokens_per_s(timed(0.5, 0.5)) is None
    assert output_tokens_per_s(timed(0.5, 1.5, tokens=1)) is None


FILE = {
    "messages": [
        {
            "role": "user",
            "content": [{"type": "document", "source": {"type": "file", "file_id": "f"}}],
        }
    ]
}


@pytest.mark.parametrize(
    ("asks", "to", "predicted"),
    [
        ({"model": NEW, "tool_choice": {"type": "any"}}, NEW, ["forced-tool-choice"]),
        ({"model": OLD, **FILE}, OLD, ["uploaded-file"]),
        ({"model": OLD, **FILE}, NEW, ["uploaded-file"]),
    ],
    ids=["the same model", "a header left out", "a header left out, another model"],
)
@pytest.mark.fault("T10")
def test_what_was_answered_is_not_predicted_to_be_refused(
    asks: dict[str, Any], to: str, predicted: list[str]
) -> None:
    asked = MessageRequest(asks, version="2023-06-01")
    one = replace(call(model=asks["model"]), request=asked)
    rules = [
        f.rule for each in preflight([one], to, olds=[OLD, NEW]).refused for f in each.refusals
    ]
    assert rules == predicted
    one = replace(one, request=replace(asked, answered=True))
    assert not preflight([one], to, olds=[OLD, NEW]).refused


def test_an_answer_of_the_old_model_says_nothing_of_what_only_the_new_one_refuses() -> None:
    asked = MessageRequest({"model": OLD, **FORCED, **FILE}, version="2023-06-01", answered=True)
    (judged,) = preflight([replace(call(), request=asked)], NEW).refused
    assert [finding.rule for finding in judged.refusals] == ["forced-tool-choice"]


def test_a_model_that_answered_retires_all_the_same() -> None:
    one = replace(call(), request=MessageRequest({"model": OLD}, answered=True))
    (judged,) = preflight([one], OLD, olds=[OLD], on="2027-12-01").refused
    assert [finding.rule for finding in judged.refusals] == ["model-retired"]
