"""One run, one figure and one word: no surface says of a run what another does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

import pytest
import report_samples as samples

from pytest_claude.report.adoption import adoption, bump_text
from pytest_claude.report.annotations import error_commands
from pytest_claude.report.candidates import Candidates, candidates
from pytest_claude.report.html import render_page
from pytest_claude.report.markdown import markdown
from pytest_claude.report.overview import Origin
from pytest_claude.report.properties import candidate_properties, properties
from pytest_claude.report.story import GATE_WORDS, Story, story
from pytest_claude.report.terminal import (
    gate_lines,
    overview_lines,
    row_lines,
    side_by_side_lines,
)
from pytest_claude.report.words import title, word
from pytest_claude.run.record import Run

COMPARED = {name: run for name, run in samples.RUNS.items() if run.decision is not None}
TITLES = {title(name): name for name in GATE_WORDS}
WORDS = "|".join(GATE_WORDS)
RATES = r"\d+/\d+(?: → \d+/\d+)?"


@dataclass
class Read:
    """What a reader takes from one surface: words and rates of tests, figures, verdict."""

    verdict: str = ""
    headline: str = ""
    words: dict[str, str] = field(default_factory=dict)
    rates: dict[str, str] = field(default_factory=dict)
    ratios: dict[str, str] = field(default_factory=dict)
    sums: dict[str, str] = field(default_factory=dict)


def plain(text: str) -> str:
    """A text without the marks of its surface."""
    text = unescape(re.sub(r"\\([\\`*_{}\[\]<#|~$])", r"\1", text)).replace("\u200b", "")
    return text.replace("×", "x").replace("≥", ">=").replace("≤", "<=")


def figure(text: str) -> tuple[str | None, str]:
    """The ratio and the sides in `x1.48 (95%: 1.40 to 1.50), 522 → 772`."""
    parts = re.fullmatch(r"(?:(x[\d.]+(?: \(95%: .*?\))?), )?(.*)", text)
    assert parts is not None
    return parts[1], parts[2]


def take_figure(read: Read, label: str, text: str) -> None:
    ratio, sums = figure(text)
    if ratio is not None:
        read.ratios[label] = ratio
    read.sums[label] = sums


def terminal(lines: list[str]) -> Read:
    """A section of the terminal, its broken lines joined."""
    read = Read()
    joined: list[str] = []
    for line in lines:
        if line.startswith(" " * 6) and joined:
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
    group = ""
    for line in joined:
        if verdict := re.match(r"(PASS|FAIL|UNDECIDED)  (.*)", line):
            read.verdict, read.headline = verdict[1].lower(), verdict[2]
        elif heading := re.match(rf"({'|'.join(TITLES)}): \d+", line):
            group = TITLES[heading[1]]
        elif row := re.match(rf"  (tests/\S+)(?: +({RATES}))?$", line):
            read.words[row[1]] = group
            read.rates[row[1]] = row[2] or ""
        elif number := re.match(
            r"(calls|cost|(?:in|out)put tokens|thinking tokens) {2,}(.*)", line
        ):
            take_figure(read, number[1], number[2])
    return read


def one_by_one(told: Story) -> Read:
    """`pytest-claude show RUN TEST`, test after test."""
    read = Read()
    for row in told.rows:
        head = re.fullmatch(rf"(\S+)  ({WORDS})(?: ({RATES}))?", row_lines(row)[0])
        assert head is not None, row_lines(row)[0]
        read.words[head[1]], read.rates[head[1]] = head[2], head[3] or ""
    return read


def in_markdown(told: Story) -> Read:
    read = Read()
    group = ""
    for line in plain(markdown(told)).splitlines():
        if heading := re.match(r"### (\S) (?:.*?): (?:undecided: )?(.*)", line):
            verdicts = {"✔": "pass", "✗": "fail", "…": "undecided"}
            read.verdict = verdicts[heading[1]]
            read.headline = line.partition(f"{' → '.join(told.models)}: ")[2]
            read.headline = read.headline.removeprefix("undecided: ")
        elif summary := re.match(r"<details><summary>(.*?): \d+ tests?</summary>", line):
            group = TITLES.get(summary[1][0].lower() + summary[1][1:], "")
        elif row := re.match(rf"\| `(tests/.*?)` \| ({RATES})? ?\| (.*) \|", line):
            named = re.match(rf"({WORDS})(?::|$)", row[3])
            read.words[row[1]] = group or (named[1] if named else "no word")
            read.rates[row[1]] = row[2] or ""
        elif numbers := re.search(r"\d (?:unchanged|regressed|refused|undecided)\. (.*)\.$", line):
            for part in numbers[1].split("; "):
                label = next(name for name in LABELS if part.lower().startswith(name))
                take_figure(read, label, part[len(label) + 1 :])
    return read


LABELS = ("cost", "calls", "input tokens", "output tokens", "thinking tokens", "first token")


def on_the_page(told: Story) -> Read:
    text = plain(render_page(told, lambda cassette: None, origin=Origin("bot")))
    read = Read()
    verdict = re.search(r"<h1>(Pass|Fail|Undecided): (.*?)</h1>", text)
    assert verdict is not None
    read.verdict, read.headline = verdict[1].lower(), verdict[2]
    for row in re.findall(r'<li class="row".*?</li>', text, re.DOTALL):
        name = re.search(r'data-test="(.*?)"', row)
        kind = re.search(r'data-kind="(.*?)"', row)
        assert name is not None and kind is not None  # noqa: PT018  # one row of ours
        read.words[name[1]] = kind[1]
        counts = re.findall(r'<span class="frac">(\d+/\d+)</span>', row)
        read.rates[name[1]] = " → ".join(count for count in counts if count != "0/0")
    for cells in re.findall(r"<tr><td>([^<]*)</td>(.*?)</tr>", text, re.DOTALL):
        label = cells[0].lower()
        if label in LABELS:
            sums = re.findall(r'<td class="n">(.*?)</td>', cells[1])
            ratio = re.search(r'<td class="ratio">(.*?)</td>', cells[1])
            read.sums[label] = " → ".join(sums)
            if ratio is not None and ratio[1]:
                read.ratios[label] = ratio[1]
    for value, label in re.findall(r"<div><dt>(.*?)</dt><dd>(.*?) per test</dd></div>", text):
        assert read.ratios[label].startswith(value), "the first screen and the table"
    return read


def in_junit(told: Story) -> Read:
    read = Read()
    for row in told.rows:
        values = dict(properties(row))
        reason = values.get("claude.reason")
        read.words[row.test] = word(values["claude.verdict"], reason)  # type: ignore[arg-type]
        read.rates[row.test] = values.get("claude.trials", "")
    return read


def annotated(told: Story) -> Read:
    read = Read()
    by_name = {row.name: row.test for row in told.rows}
    for line in error_commands(told, {}):
        parts = re.match(rf"::error .*title=(.*?)::(refused|regressed|undecided) ?({RATES})?", line)
        if parts is not None:
            test = by_name[parts[1].replace("%3A", ":").replace("%2C", ",")]
            read.words[test], read.rates[test] = parts[2], parts[3] or ""
    return read


def in_bump_md(run: Run) -> Read:
    read = Read()
    for line in bump_text(run, adoption(run, lambda cassette: samples.NEW)).splitlines():
        if verdict := re.match(r"(PASS|FAIL|UNDECIDED): (.*)", line):
            read.verdict, read.headline = verdict[1].lower(), verdict[2]
        elif row := re.match(rf"- (tests/.*?): ({WORDS})(?: ({RATES}))?(?::|$)", line):
            read.words[row[1]], read.rates[row[1]] = row[2], row[3] or ""
        elif number := re.match(rf"- ({'|'.join(LABELS)}): (.*)", line):
            take_figure(read, number[1], number[2])
    return read


def surfaces(run: Run) -> Iterator[tuple[str, Read]]:
    told = story(run)
    yield "terminal", terminal(gate_lines(told, whole=True))
    yield "show", terminal(overview_lines(told)[1:])
    yield "show TEST", one_by_one(told)
    yield "markdown", in_markdown(told)
    yield "page", on_the_page(told)
    yield "junit", in_junit(told)
    yield "annotations", annotated(told)
    yield "BUMP.md", in_bump_md(run)


def test_thirteen_kinds_of_runs_are_read() -> None:
    assert len(COMPARED) == 13


@pytest.mark.parametrize("name", sorted(COMPARED))
def test_no_figure_and_no_word_differs_between_two_surfaces(name: str) -> None:
    every = list(surfaces(COMPARED[name]))
    first = every[0][1]
    told = story(COMPARED[name])
    assert first.words == {row.test: row.word for row in told.rows}
    assert first.rates == {row.test: row.rates for row in told.rows}
    for surface, read in every[1:]:
        for kind in ("words", "rates", "ratios", "sums"):
            here, there = getattr(read, kind), getattr(first, kind)
            assert here.items() <= there.items(), (surface, kind)
        if read.verdict:
            assert read.verdict == first.verdict, surface
            # The page tells what a pass may have missed in the next sentence.
            assert first.headline.startswith(read.headline), surface


@pytest.mark.parametrize("name", sorted(COMPARED))
def test_what_must_be_on_a_surface_is_there(name: str) -> None:
    """An empty surface would differ from no other."""
    told = story(COMPARED[name])
    read = dict(surfaces(COMPARED[name]))
    tests = {row.test for row in told.rows}
    failing = {row.test for row in told.failing}
    for surface in ("terminal", "show", "show TEST", "page", "junit"):
        assert read[surface].words.keys() == tests, surface
    assert failing <= read["markdown"].words.keys()
    assert min(len(failing), 9) <= len(read["annotations"].words)
    for surface in ("terminal", "show", "page", "BUMP.md"):
        assert read[surface].sums.keys() == {figure.label for figure in told.figures}, surface


# --- several candidates -----------------------------------------------------------------------

BESIDE = {name: run for name, run in samples.RUNS.items() if run.arms}
CELL = rf"(?:{WORDS})(?: \d+/\d+)?"
COST, TIME = r"(x[\d.]+ \(95%: [\d. to]+\)|unknown)", r"([\d.]+ s|unknown)"


@dataclass
class Beside:
    """What a reader takes from one surface: of each side, and of each test on each candidate."""

    headline: str = ""
    sides: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cells: dict[str, dict[str, str]] = field(default_factory=dict)


def names_of(told: Candidates) -> list[str]:
    return [arm.name for arm in told.arms]


def beside_in_terminal(told: Candidates, lines: list[str]) -> Beside:
    read = Beside()
    text = "\n".join(lines)
    for name in (told.baseline.name, *names_of(told)):
        row = re.search(
            rf"^  {re.escape(name)}\s+(PASS|FAIL|UNDECIDED|baseline) +(\d+/\d+)"
            rf"(?: +{COST} +{TIME})?$", text, re.MULTILINE,
        )  # fmt: skip
        assert row is not None, name
        read.sides[name] = (row[1].lower(), *(found for found in row.groups()[1:] if found))
    for row in re.finditer(rf"^  (tests/\S+)\n +(\d+/\d+) +({CELL}(?:  +{CELL})*)$", text, re.M):
        cells = re.split("  +", row[3])
        read.cells[row[1]] = {"": row[2], **dict(zip(names_of(told), cells, strict=True))}
    verdict = re.search(r"^(?:PASS|FAIL)  (.*(?:\n {6}.*)*)", text, re.MULTILINE)
    assert verdict is not None
    read.headline = re.sub(r"\s+", " ", verdict[1])
    return read


def beside_in_markdown(told: Candidates) -> Beside:
    read = Beside()
    for line in plain(markdown(told)).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("### "):
            read.headline = line.partition("candidates: ")[2]
        elif cells[0] in names_of(told) or cells[0] == told.baseline.name:
            time = cells[4].partition(" (")[0] if len(cells) > 4 else ""
            figures = (cells[1].split()[-1], cells[2], *(cells[3:4]), time)
            read.sides[cells[0]] = tuple(figure for figure in figures if figure.strip("| "))
        elif cells[0].startswith("`tests/") and len(cells) == 2 + len(told.arms):
            if "→" not in cells[1]:
                named = dict(zip(names_of(told), cells[2:], strict=True))
                read.cells[cells[0].strip("`")] = {"": cells[1], **named}
    return read


def beside_on_the_page(told: Candidates) -> tuple[Beside, dict[str, dict[str, str]]]:
    """The tables of the first screen, and the list of the tests of every candidate."""
    text = plain(render_page(told, lambda cassette: None, origin=Origin("bot")))
    text = text.replace("<wbr>", "")
    read = Beside()
    best = re.search(r"<h1>\w+: (.*?)</h1>.*?<b>(.*?)\.</b>", text, re.DOTALL)
    assert best is not None
    read.headline = f"{best[1]}; {best[2][0].lower()}{best[2][1:]}"
    tables = re.findall(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    for row in re.findall(r"<tr>(.*?)</tr>", tables[0], re.DOTALL):
        cells = [re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)]
        _, name, verdict, _, passed, cost, time = cells
        figures = (verdict, passed, cost, time.partition(" (")[0])
        read.sides[name] = tuple(figure for figure in figures if figure)
    for row in re.findall(r"<tr>(.*?)</tr>", tables[1] if told.changed else "", re.DOTALL):
        cells = [re.sub("<.*?>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row)]
        read.cells[cells[0]] = {"": cells[1], **dict(zip(names_of(told), cells[2:], strict=True))}
    listed: dict[str, dict[str, str]] = {}
    for row in re.findall(r'<li class="row".*?</li>', text, re.DOTALL):
        keys = re.search(r'data-kind="(.*?)".*?data-test="(.*?) · (.*?)"', row)
        counts = re.findall(r'<span class="frac">(\d+/\d+)</span>', row)
        assert keys is not None
        listed.setdefault(keys[2], {})[keys[3]] = f"{keys[1]} {counts[-1]}"
    return read, listed


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_no_figure_and_no_word_of_a_candidate_differs_between_two_surfaces(name: str) -> None:
    told = candidates(BESIDE[name])
    first = beside_in_terminal(told, side_by_side_lines(told))
    page, listed = beside_on_the_page(told)
    assert len(first.sides) == 1 + len(told.arms)
    assert first.cells.keys() == {row.test for row in told.changed}
    assert first.headline == str(told.headline)
    for surface in (beside_in_terminal(told, overview_lines(told)), beside_in_markdown(told), page):
        assert surface == first
    for test, cells in first.cells.items():
        assert {"": cells[""], **listed[test]} == cells
        values = dict(candidate_properties(told, test))
        for arm, told_word in cells.items():
            if arm:
                status = values[f"claude.verdict[{arm}]"]
                rates = values[f"claude.trials[{arm}]"].rpartition(" ")[2]
                assert f"{status} {rates}" == told_word
    failing = {row.test for arm in told.arms for row in arm.story.failing}
    text = "\n".join(error_commands(told, {}))
    for test in failing:
        for arm, told_word in first.cells[test].items():
            word, _, count = told_word.partition(" ")
            named = re.search(rf"{re.escape(arm)} {word} \d+/\d+ → {count}", text)
            assert bool(named) is (word in ("regressed", "undecided")) or not arm
