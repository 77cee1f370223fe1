"""Data sets in the reports: rates of each set and of each tag."""

from __future__ import annotations

from dataclasses import replace

import pytest
import report_samples as samples

from pytest_claude.gating.decision import SetVerdict
from pytest_claude.report.candidates import candidates
from pytest_claude.report.html import findable, render_page
from pytest_claude.report.markdown import markdown
from pytest_claude.report.overview import Origin
from pytest_claude.report.properties import properties
from pytest_claude.report.sets import SetRates
from pytest_claude.report.story import story
from pytest_claude.report.terminal import gate_lines, side_by_side_lines
from pytest_claude.run.merge import merged
from pytest_claude.run.record import InSet, Run
from pytest_claude.run.sets import set_counts


def test_the_cases_are_summed_by_set_and_by_tag() -> None:
    (told,) = story(samples.DATA_SET).sets
    assert told.rates == (
        SetRates("", "7 of 8", "91/91 → 43/48"),
        SetRates("delivery", "3", "39/39 → 21/24"),
        SetRates("money", "4", "52/52 → 25/28"),
    )
    (plain,) = story(samples.PLAIN_SET).sets
    assert plain.rates[0] == SetRates("", "4", "3/4")


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (SetVerdict(samples.REFUNDS, 7, "silent", 0.31), "p 0.3100 > 0.005"),
        (SetVerdict(samples.REFUNDS, 7, "silent", 0.001), "p 0.0010 <= 0.005"),
        (SetVerdict(samples.REFUNDS, 7, "unconfirmed", 0.001), "undecided: p 0.0010 <= 0.005"),
        (SetVerdict(samples.REFUNDS, 7, "stale_baseline", 0.001),
         "today's baseline is worse too: p 0.0010 <= 0.005"),
        (SetVerdict(samples.REFUNDS, 7), ""),
    ],
)  # fmt: skip
def test_what_the_gate_says_of_a_set(verdict: SetVerdict, text: str) -> None:
    assert samples.DATA_SET.decision is not None
    run = replace(samples.DATA_SET, decision=replace(samples.DATA_SET.decision, sets=(verdict,)))
    assert story(run).sets[0].text == text


def test_several_candidates_have_their_sets_each() -> None:
    new, haiku = (
        samples.arm(model, samples.DATA_SET, arms=2) for model in (samples.NEW, samples.HAIKU)
    )
    of = candidates(samples.beside(new, haiku))
    lines = [line for line in side_by_side_lines(of) if line.startswith("data sets ")]
    assert [samples.REFUNDS in line for line in lines] == [True, True]
    assert markdown(of).count(f"| `{samples.REFUNDS}` | 7 of 8 | 91/91 → 43/48 |") == 2


def test_of_many_sets_the_terminal_shows_the_lowest_p_first() -> None:
    assert samples.DATA_SET.decision is not None
    results, verdicts = [], []
    for n, of in enumerate(samples.DATA_SET.results[:7]):
        name = f"tests/t.py::test_{n}"
        results.append(replace(of, set=InSet(name, 1)))
        verdicts.append(SetVerdict(name, 2, "silent", 0.5 - n / 20))
    decision = replace(samples.DATA_SET.decision, sets=tuple(verdicts))
    told = story(replace(samples.DATA_SET, results=tuple(results), decision=decision))
    assert [of.name[-1] for of in told.sets] == ["6", "5", "4", "3", "2", "1", "0"]
    text = "\n".join(gate_lines(told))
    assert ("test_2: " in text, "test_1: " in text, "… 2 more" in text) == (True, False, True)
    assert "test_1: " in "\n".join(gate_lines(told, whole=True))


def test_every_report_shows_a_tag_as_text() -> None:
    results = tuple(
        replace(of, set=replace(of.set, tags=(*samples.PAYLOADS, "a|b")))
        for of in samples.DATA_SET.results
        if of.set is not None
    )
    told = story(replace(samples.DATA_SET, results=results))
    page = render_page(told, lambda cassette: None, origin=Origin("bot"))
    assert page.count("<script>") == page.count("</script>") - len(told.rows) - 1
    assert "&lt;script&gt;window.hacked=1&lt;/script&gt;" in page
    assert "a\\|b" in markdown(told)


def test_the_page_is_filtered_by_tag_and_junit_names_set_and_tags() -> None:
    row = next(row for row in story(samples.DATA_SET).rows if row.test.endswith("[lost]"))
    assert "money" in findable(row)
    assert {("claude.set", samples.REFUNDS), ("claude.tags", "delivery, money")} <= {
        *properties(row)
    }


def test_merged_shards_have_the_verdict_of_the_whole_set() -> None:
    of = samples.PLAIN_SET
    shards = [Run(collected=(each.test,), results=(each,)) for each in of.results]
    told = [story(shard) for shard in shards]
    assert [each.sets[0].text[:9] for each in told] == ["undecided"] * 4
    assert sorted(each.overall for each in told) == ["fail", *["undecided"] * 3]
    whole = merged([(f"{n}.json", shard) for n, shard in enumerate(shards)])
    assert whole == of
    assert story(whole).sets[0].text == "3 of 4 cases passed, 3 needed"


def test_a_set_is_never_smaller_than_the_cases_that_ran() -> None:
    results = [
        replace(of, set=InSet(samples.REFUNDS, 2, (), 0.5)) for of in samples.PLAIN_SET.results
    ]
    (count,) = set_counts(results)
    assert (count.cases, count.needed) == (4, 2)
    (told,) = story(Run(results=tuple(results))).sets
    assert told.rates[0] == SetRates("", "4", "3/4")


def test_merged_shards_of_a_gate_are_judged_by_set() -> None:
    of = samples.DATA_SET
    assert of.decision is not None
    half = len(of.results) // 2
    shards = [
        replace(of, collected=tuple(each.test for each in results), results=results)
        for results in (of.results[:half], of.results[half:])
    ]
    decision = merged([(f"{n}.json", shard) for n, shard in enumerate(shards)]).decision
    assert decision is not None
    assert [(each.name, each.tests) for each in decision.sets] == [(samples.REFUNDS, 7)]
