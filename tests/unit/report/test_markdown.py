"""Markdown for a pull request: read whole, within GitHub's limits, harmless whatever is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import report_samples as samples

from pytest_claude.report.candidates import told as told_of
from pytest_claude.report.markdown import COMMENT_BYTES, SUMMARY_BYTES, code, escaped, markdown
from pytest_claude.report.story import story
from pytest_claude.run.record import Run

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_the_whole_text(name: str) -> None:
    told = markdown(told_of(samples.RUNS[name]), run_file="bump.json", page="bump.html")
    assert told == (GOLDEN / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("most_bytes", [COMMENT_BYTES, SUMMARY_BYTES // 8])
@pytest.mark.fault("R05")
def test_a_large_run_is_cut_and_says_so(most_bytes: int) -> None:
    run = samples.many(2500, 2, regressed=2000)
    told = markdown(story(run), run_file="bump.json", page="bump.html", most_bytes=most_bytes)
    assert len(told.encode()) <= most_bytes
    assert re.search(r"^… [\d,]+ more: see the full report$", told, re.MULTILINE)
    assert told.endswith("Full report: artifact `bump.html` of this run.\n")
    assert "2000 of 2,500 tests regressed" in told.splitlines()[0]


def hostile(payload: str) -> Run:
    test = f"tests/test_x.py::test_{payload}"
    made = samples.result(
        test, "regressed", "pp", "ff", fresh="pp", duel="ff", sentence=f"asks {payload}",
        **samples.DUEL,
    )  # fmt: skip
    return samples.bump("fail", made, suspects=(test,))


@pytest.mark.parametrize(
    "payload",
    [
        *samples.PAYLOADS, "@octocat", "#12 GH-3", "a | b", "`code`", "``` fence", "**bold** _x_",
        "[x](https://x.test)", "www.x.test", "\n# heading", "::error::no", ":tada:", "x`y",
    ],
    ids=lambda payload: ascii(payload)[:30],
)  # fmt: skip
@pytest.mark.fault("R04")
def test_what_others_say_stays_one_cell_of_plain_text(payload: str) -> None:
    told = markdown(story(hostile(payload)))
    rows = [line for line in told.splitlines() if line.startswith("| `")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 4, "three cells"
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", rows[0])
    assert not re.search(r"(?<!\\)[<*_\[\]]", outside)
    assert not re.search(r"@\w|#\w|\bwww\.|://|:\w+:", outside)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", told)
    assert not any(line.lstrip().startswith(("::", "##[")) for line in told.splitlines())


@pytest.mark.parametrize("text", ["a", "`", "``", "a`b``c", "|", " a "])
def test_code_holds_what_it_is_given(text: str) -> None:
    told = code(text)
    fence = re.match("`+", told)
    assert fence is not None
    inside = told[fence.end() : -fence.end()]
    assert fence[0] not in re.findall("`+", inside)
    assert inside.replace("\\|", "|").strip() == text.strip()


def test_an_escaped_text_reads_the_same() -> None:
    text = "Ask <b> for *5* of_it & #3, @you: x"
    shown = re.sub(r"\\(.)", r"\1", escaped(text)).replace("\u200b", "").replace("&amp;", "&")
    assert shown == text
