"""The page as text: what is in it, how large it is, what may run in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from typing import Any

import pytest
import report_samples as samples

from pytest_claude.report.candidates import told
from pytest_claude.report.html import render_page
from pytest_claude.report.overview import Origin
from pytest_claude.run.record import Run


def page(run: Run = samples.FAILED, transcripts: Any = samples.two_turns) -> str:
    return render_page(told(run), transcripts, origin=Origin("bot"), run_file="bump.json")


def chunks(text: str) -> list[Any]:
    found = re.findall(r'<script type="text/plain" id="c\d+">(.*?)</script>', text)
    return [json.loads(zlib.decompress(base64.b64decode(chunk), -15)) for chunk in found]


@pytest.mark.fault("R01", "R02")
def test_only_the_one_script_and_the_one_style_can_run() -> None:
    text = page()
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', text)
    assert policy is not None
    for tag in ("style", "script"):
        (body,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;")


def test_nothing_is_styled_or_handled_in_an_attribute() -> None:
    bodies = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page(), flags=re.DOTALL)
    assert not re.search(r"<[^>]*\s(style|on\w+)=", bodies)
    assert not re.search(r"(src|href)=\"(?!#)", bodies)


def test_the_script_and_the_style_stay_small() -> None:
    text = page()
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(script.encode()) < 40_000
    assert len(style.encode()) < 16_000


def test_a_test_is_unfolded_from_its_own_chunk() -> None:
    data = {chunk["name"]: chunk for chunk in chunks(page())}
    refund = data["test_refund_looks_up_the_order_first"]
    assert refund["pair"] == [0, 8]
    first = refund["sides"][1]["trials"][8]["calls"][0]
    assert [block["type"] for block in first["say"]] == ["thinking", "tool_use"]
    assert first["say"][0]["signature"] == "… 300 characters, not kept in this report"
    assert refund["checks"][0]["sides"] == [[30, 30, 0], [5, 12, 0]]


def test_a_message_is_stored_once_and_told_once() -> None:
    data = {chunk["name"]: chunk for chunk in chunks(page())}
    refund = data["test_refund_looks_up_the_order_first"]
    first, then = refund["sides"][0]["trials"][0]["calls"]
    assert first["new"] == first["all"]
    assert len(then["all"]) == 3
    assert len(then["new"]) == 1, "the tool result; the answer before it was shown"
    texts = [json.dumps(message) for message in refund["pool"]]
    assert len(texts) == len(set(texts))


def test_the_same_run_gives_the_same_page() -> None:
    assert page() == page()


def test_a_large_report_leaves_transcripts_of_unchanged_tests_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pytest_claude.report.html._LARGEST", 20_000)
    text = page(samples.many(20, 6, regressed=2))
    assert "Unchanged tests keep 2 trials a side." in text
    kept = {chunk["kind"]: [("calls" in t) for t in chunk["sides"][0]["trials"]]
            for chunk in chunks(text)}  # fmt: skip
    assert kept == {
        "regressed": [True] * 6, "changed": [True] * 6,
        "unchanged": [True, False, False, False, False, False],
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_every_kind_of_run_has_a_page(name: str) -> None:
    assert page(samples.RUNS[name]).count("<h1>") == 1


def test_an_empty_run_has_a_page() -> None:
    assert "Fail: nothing was compared" in page(samples.EMPTY)
