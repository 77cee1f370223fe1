"""What the page foretells: silent changes and the bill of a month."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples

from pytest_claude.models.prices import cost_usd, price_table
from pytest_claude.report.forecast import Forecast, forecast
from pytest_claude.report.story import story
from pytest_claude.run.record import Run
from pytest_claude.transcript.model import Transcript

FAILED = story(samples.FAILED)


def cheap(path: str) -> Transcript:
    """The conversation without the second call, on the candidate."""
    whole = samples.two_turns(path)
    return replace(whole, answers=whole.answers[:1]) if "/cand/" in path else whole


def test_a_month_is_priced_by_the_usage_of_each_side() -> None:
    told = forecast(FAILED, samples.two_turns)
    assert told.about == "1,000 requests a day, usage as recorded in 6 tests"
    recorded, _, batches = told.ways
    usages = [a.usage for a in samples.two_turns("cassettes/t/claude-sonnet-4-5.yaml").answers]
    costs = [cost_usd(usage, samples.OLD) for usage in usages]
    assert None not in costs
    usd = 30_000 * sum(cost or 0 for cost in costs) / len(costs)
    assert recorded.label == "As recorded"
    assert recorded.amounts[0] == f"${usd:,.0f}"
    assert recorded.bars == (100.0, pytest.approx(66.7, abs=0.1))
    assert batches.bars[0] == pytest.approx(50.0)


def test_a_candidate_that_calls_half_as_often_makes_half_the_requests() -> None:
    told = forecast(FAILED, cheap)
    assert told.about == "1,000 → 500 requests a day, usage as recorded in 6 tests"
    assert told.ways[0].bars[1] < 40


def test_the_shared_prefix_is_told_with_what_each_model_caches() -> None:
    (cached,) = (w for w in forecast(FAILED, samples.two_turns).ways if "cached" in w.label)
    assert cached.detail == "about 1,096 → 1,092 tokens, cached from 1,024 → 512"


def test_what_changes_silently_names_its_tests_and_its_source() -> None:
    first, second, *_ = forecast(FAILED, samples.two_turns).silent
    assert (first.tests, first.words) == (
        6,
        "thinking is on by default and counts against max_tokens",
    )
    assert second.words == "max_tokens below 4,096 while it thinks: the reply may be cut"
    assert first.source.startswith("https://platform.claude.com/docs/")


def test_an_unknown_price_leaves_the_month_out_and_your_own_price_brings_it_back() -> None:
    def unknown(path: str) -> Transcript:
        whole = samples.two_turns(path)
        answers = tuple(
            replace(a, request=replace(a.request, body={**(a.request.body or {}), "model": "m-1"}))
            for a in whole.answers
        )
        return replace(whole, answers=answers)

    assert forecast(FAILED, unknown).ways == ()
    prices = price_table(("m-1 input=3 output=15",))
    assert len(forecast(FAILED, unknown, prices).ways) == 3


@pytest.mark.parametrize("run", [Run(), samples.PLAIN])
def test_a_plain_run_foretells_nothing(run: Run) -> None:
    assert forecast(story(run), samples.two_turns) == Forecast()


def test_no_recording_foretells_nothing() -> None:
    assert forecast(FAILED, lambda path: None) == Forecast()


def test_simulated_usage_is_called_so() -> None:
    told = forecast(replace(FAILED, simulated_by="a simulator"), samples.two_turns)
    assert told.note.endswith("The usage is simulated by a simulator.")
