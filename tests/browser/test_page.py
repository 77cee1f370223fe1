"""The page in a real browser: what is shown, how it moves, that nothing runs or leaves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import report_samples as samples

from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import Run

REFUND = samples.REFUND[0].test
FIRST = "tests/test_invoice.py::test_extracts_invoice_as_json"


def at(test: str, **more: str) -> str:
    return "&".join([f"test={quote(test, safe='')}", *(f"{k}={v}" for k, v in more.items())])


def test_the_answer_is_there_at_first_sight(opened: Any) -> None:
    page = opened()
    assert page.text("h1") == "Fail: 2 of 6 tests regressed"
    assert page.text(".lede b") == (
        "lookup_order not called in 8 of 8 failed trials; "
        "lookup_order not called in 7 of 7 failed trials."
    )
    assert page.text(".models").split() == ["claude-sonnet-4-5", "→", "claude-sonnet-5-5"]
    assert page.page.eval_on_selector_all(
        ".strip button", "all => all.map(one => one.innerText.replace(/\\s+/g, ' ').trim())"
    ) == [
        "6 All tests", "0 Refused", "2 Regressed", "0 Undecided", "0 Accepted", "1 Improved",
        "1 Changed", "2 Unchanged", "0 Not run",
    ]  # fmt: skip


def test_the_overview_is_whole_without_a_script(browser: Any, tmp_path: Any, opened: Any) -> None:
    opened()
    page = browser.new_page(java_script_enabled=False)
    page.goto((tmp_path / "bump.html").as_uri())
    assert page.inner_text("h1") == "Fail: 2 of 6 tests regressed"
    assert page.locator(".row").count() == 6
    page.close()


def test_verdicts_and_words_filter_together(opened: Any) -> None:
    page = opened()
    page.page.click(".strip [data-kind=regressed]")
    page.tests(2)
    page.page.fill("#filter", "refund_looks")
    assert page.tests(1) == ["test_refund_looks_up_the_order_first"]
    page.page.wait_for_selector("#live:text-is('1 test shown')")
    assert page.text(".strip [data-kind=regressed] strong") == "1 of 2"
    page.page.fill("#filter", "nothing like it")
    assert page.text("#none") == "no test matches “nothing like it” clear"
    page.page.click("#none button")
    page.tests(6)


def test_a_tool_s_name_finds_its_tests(opened: Any) -> None:
    page = opened()
    page.page.fill("#filter", "refund")
    assert "test_compares_two_cities" in page.tests(3), "its candidate calls `refund`"


def test_transcripts_stand_side_by_side(opened: Any) -> None:
    page = opened(fragment=at(REFUND))
    page.unfolded()
    assert page.text("#test h1") == ("lookup_order not called in 7 of 7 failed trials")
    left, right = page.page.query_selector_all(".turn")[:2]
    assert left.bounding_box()["y"] == right.bounding_box()["y"]
    assert left.bounding_box()["x"] < right.bounding_box()["x"]
    assert "lookup_order" in left.inner_text()
    assert "not called here by 4-5" in right.inner_text()
    assert page.text(".pick p:nth-child(1)") == "claude-sonnet-4-5trial 1 of 30"
    assert "trial 9 of 12: lookup_order not called" in page.text(".pick > :nth-child(2)")


def test_the_first_failing_candidate_stands_against_the_first_passing_baseline(
    opened: Any,
) -> None:
    page = opened(fragment=at(samples.UNITS[0].test))
    page.unfolded()
    assert "trial 1 of 10" in page.text(".pick > :nth-child(1)")


def test_another_trial_is_one_key_away_and_in_the_link(opened: Any) -> None:
    page = opened(fragment=at(REFUND))
    page.unfolded()
    page.page.keyboard.press("]")
    page.page.wait_for_url(re.compile(r"pair=1.10"))
    page.page.wait_for_selector(".pick > :nth-child(2):has-text('trial 10 of 12')")
    page.page.keyboard.press("}")
    page.page.wait_for_url(re.compile(r"pair=2.10"))
    page.page.wait_for_selector(".pick > :nth-child(1):has-text('trial 2 of 30')")


def test_differences_only_hides_what_is_equal(opened: Any) -> None:
    page = opened(fragment=at(REFUND))
    page.unfolded()
    assert page.page.is_visible(".equal")
    page.page.keyboard.press("d")
    page.page.wait_for_selector(".same-only")
    assert not page.page.is_visible(".equal")


def test_raw_json_holds_request_and_response(opened: Any) -> None:
    page = opened(fragment=at(REFUND, view="raw"))
    page.unfolded()
    raw = page.page.eval_on_selector_all(".raw pre", "all => all.map(one => one.textContent)")
    assert '"model": "claude-sonnet-4-5"' in raw[0]
    assert samples.SYSTEM[:60] in raw[0]
    assert '"stop_reason": "tool_use"' in raw[1]


def test_equal_words_are_not_marked_and_changed_ones_are(opened: Any) -> None:
    def say(path: str) -> Any:
        end = "is refunded" if "/cand/" in path else "can not be refunded"
        text = f"Order 1234 was delivered on 2 August and {end}."
        first = [{"role": "user", "content": "Refund?"}]
        return samples.parse_transcript(
            [samples.call("m", first, [{"type": "text", "text": text}])]
        )

    page = opened(transcripts=say, fragment=at(REFUND))
    page.unfolded()
    assert "can not be refunded" not in page.text(".turn.cand .said")
    marks = page.page.locator(".turn del, .turn ins").all_inner_texts()
    marks = [" ".join(mark.split()) for mark in marks]
    assert marks == ["removed: can not be", "added: is"]


def test_the_keyboard_is_enough(opened: Any) -> None:
    page = opened()
    keys = page.page.keyboard
    keys.press("j")
    keys.press("j")
    keys.press("k")
    keys.press("Enter")
    page.unfolded()
    assert "test_extracts_invoice_as_json" in page.text("#test .path")
    keys.press("j")
    page.page.wait_for_selector("#test h1:has-text('7 of 7 failed')")
    keys.press("Escape")
    page.page.wait_for_selector("#overview:not([hidden])")
    assert page.page.evaluate("document.activeElement.closest('.row').dataset.test") == REFUND
    keys.press("6")
    assert page.tests(1) == ["test_compares_two_cities"]
    keys.press("0")
    keys.press("/")
    keys.type("units")
    assert page.tests(1) == ["test_converts_units"]
    keys.press("Escape")
    keys.press("?")
    assert page.page.is_visible("#keys")


def test_back_goes_back(opened: Any) -> None:
    page = opened()
    page.page.click(f'.row[data-test="{FIRST}"] a')
    page.unfolded()
    page.page.go_back()
    page.page.wait_for_selector("#overview:not([hidden])")
    assert not page.page.is_visible("#detail")


def test_dark_follows_the_system_and_the_key(opened: Any) -> None:
    page = opened(scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.page.evaluate(colour) == "rgb(18, 18, 19)"
    page.page.keyboard.press("t")
    assert page.page.evaluate(colour) == "rgb(250, 249, 247)"


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
@pytest.mark.parametrize("fragment", ["", at(REFUND), at(REFUND, view="raw")],
                         ids=["overview", "test", "raw"])  # fmt: skip
def test_nothing_is_wider_than_the_window(opened: Any, width: int, fragment: str) -> None:
    page = opened(width=width, fragment=fragment)
    if fragment:
        page.unfolded()
    assert page.page.evaluate("document.documentElement.scrollWidth") == width


def test_every_control_has_a_name(opened: Any) -> None:
    page = opened(fragment=at(REFUND))
    page.unfolded()
    unnamed = page.page.evaluate(
        "[...document.querySelectorAll('button, a, input, svg[role=img]')].filter(one => "
        "!(one.innerText || one.textContent || '').trim() && !one.getAttribute('aria-label'))"
        ".map(one => one.outerHTML)"
    )
    assert unnamed == []
    assert page.page.locator("h1:visible").count() == 1


def test_printing_unfolds_what_regressed_and_changed(opened: Any) -> None:
    page = opened()
    page.page.wait_for_selector("html[data-ready='3']", state="attached")
    page.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.page.locator("#print .test").count() == 3
    page.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.page.locator("#print .test").count() == 0


def test_a_transcript_that_is_gone_says_how_to_read_it(opened: Any) -> None:
    page = opened(transcripts=lambda path: None, fragment=at(REFUND))
    page.unfolded()
    assert "pytest-claude inspect --transcript cassettes/" in page.text(".card-like")


def hostile(payload: str) -> tuple[Run, Any]:
    """A run and its transcripts with a payload wherever someone else's words appear."""
    cleaned = payload.replace("\x00", "")
    test = f"tests/test_x.py::test_{cleaned}"
    made, verdict = samples.result(
        test, "regressed", "pp", "ff", fresh="pp", duel="ff", sentence=f"asks {payload}",
        values={"words": payload}, **samples.DUEL,
    )  # fmt: skip
    trials = tuple(
        replace(trial, cause=payload, models=(payload,), profile=replace(
            trial.profile, output={payload: payload}, has_output=True))
        for trial in made.trials
    )  # fmt: skip
    run = samples.bump("fail", (replace(made, trials=trials), verdict), suspects=(test,))
    run = replace(run, comparison=Comparison("files", before=payload, after=payload))

    def say(path: str) -> Any:
        use = {"type": "tool_use", "id": payload, "name": payload, "input": {payload: payload}}
        first = [{"role": "user", "content": payload + ("new" if "/cand/" in path else "")}]
        then = [*first, {"role": "assistant", "content": [use]}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": payload, "content": payload}]}]  # fmt: skip
        blocks = [{"type": "thinking", "thinking": payload}, {"type": "text", "text": payload},
                  {"type": payload}]  # fmt: skip
        return samples.parse_transcript([
            samples.call(payload, first, [use], stop=payload, system=payload),
            samples.call(payload, then, blocks, stop=payload, system=payload + path),
        ])  # fmt: skip

    return run, say


@pytest.mark.parametrize("payload", samples.PAYLOADS, ids=lambda payload: ascii(payload)[:30])
@pytest.mark.fault("R01")
def test_what_others_say_is_text_everywhere(opened: Any, payload: str) -> None:
    run, say = hostile(payload)
    page = opened(run, transcripts=say)
    shown = (
        payload.replace("\x1b", "\\x1b").replace("\x00", "\\x00").replace("\u202e", "\\u202e")
    )  # fmt: skip
    in_json = json.dumps(payload)[1:-1]
    assert shown in page.text(".models")
    assert shown.replace("\\x00", "") in page.text(".row .id")
    assert shown in page.text(".row .say")
    page.page.click(".row a")
    page.unfolded()
    for more in page.page.query_selector_all(".more, summary"):
        if more.is_visible():
            more.click()
    for query in ("#test h1", ".pick", ".turn .said", ".tool .name", ".tool pre", ".band", ".jd",
                  ".think", ".foot"):  # fmt: skip
        texts = page.page.locator(query).all_inner_texts()
        assert any(shown in text or in_json in text for text in texts), query
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", page.text("body"))
    page.page.click(".seg button:last-child")
    page.page.wait_for_selector(".raw pre")
    assert page.page.evaluate("window.hacked") is None
    foreign = "[...document.querySelectorAll('img, iframe, object, [onerror], [onload]')].length"
    assert page.page.evaluate(foreign) == 0
    assert page.page.locator("script:not([type])").count() == 1


def test_screenshots(opened: Any, shots: Any) -> None:
    """The pictures that a person looks at; what they show is tested above."""
    runs = {"fail": samples.FAILED, "pass": samples.PASSED, "nothing": samples.NOTHING,
            "empty": samples.EMPTY, "plain": samples.PLAIN}  # fmt: skip
    for name, run in runs.items():
        for width in (1440, 390):
            for scheme in ("light", "dark"):
                page = opened(run, width=width, scheme=scheme)
                page.page.screenshot(path=shots / f"{name}-{width}-{scheme}.png", full_page=True)
    for width in (1440, 390):
        page = opened(width=width, fragment=at(REFUND))
        page.unfolded()
        page.page.screenshot(path=shots / f"test-{width}.png", full_page=True)
    assert len(list(shots.glob("*.png"))) >= 22


def test_a_cell_of_several_candidates_opens_the_test_on_its_candidate(opened: Any) -> None:
    page = opened(samples.THREE)
    assert page.text("h1") == "Fail: 1 of 3 candidates fails, 1 is undecided, 1 passes"
    assert page.page.locator(".row").count() == 18
    page.page.click("#side-by-side a:has-text('regressed 5/12')")
    page.unfolded()
    assert page.text("#test h1") == "lookup_order not called in 7 of 7 failed trials"
    assert page.page.locator(".pick .tag").all_text_contents() == [samples.OLD, samples.HAIKU]
    current = page.page.locator("#rail [aria-current]")
    assert current.count() == 1
    heading = "h3:has(+ ul [aria-current])"
    assert page.text(f"#rail {heading}") == f"{samples.HAIKU} · Regressed 2"
    page.page.keyboard.press("Escape")
    page.page.click(".strip [data-kind=undecided]")
    page.tests(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_of_candidates_can_be_read(opened: Any, shots: Any, scheme: str) -> None:
    page = opened(samples.THREE, scheme=scheme)
    page.page.screenshot(path=shots / f"candidates-{scheme}.png", full_page=True)
    dots = page.page.locator(".heat svg :is(circle, rect)")
    assert dots.count() == 4 + 3, "the baseline's time is of another day"
    for dot in dots.all():
        assert dot.evaluate("one => getComputedStyle(one).fill") != "none"
    page.page.set_viewport_size({"width": 390, "height": 900})
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390
