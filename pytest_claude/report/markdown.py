"""A run as Markdown: a pull-request comment or a step summary of GitHub, verdict first.

Words of a model, a user or a test are shown as they are: no mention, link, HTML, table or emphasis
comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_claude.report.candidates import Candidates, Told
from pytest_claude.report.commands import next_commands
from pytest_claude.report.coverage import HEAD, Behavior, coverage_text
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row
from pytest_claude.report.stale import RECORD, StaleGroup
from pytest_claude.report.story import Story
from pytest_claude.report.words import Word, title
from pytest_claude.transcript.quoting import printable
from pytest_claude.transcript.utf8 import utf8

COMMENT_BYTES = 65_536
"""GitHub refuses a longer comment (it counts characters; bytes are never fewer)."""
SUMMARY_BYTES = 1_048_576
"""GitHub drops a longer step summary."""

_LONGEST_NAME = 160
_ROWS = (None, 100, 25, 5)  # of a table, until the text is short enough


def markdown(
    told: Told, *, run_file: str | None = None, page: str | None = None,
    most_bytes: int = COMMENT_BYTES, behaviors: Sequence[Behavior] = (),
) -> str:  # fmt: skip
    """The run in Markdown of at most `most_bytes` bytes of UTF-8.

    Args:
        told: The run.
        run_file: Path of the run file, for the commands.
        page: Name of the HTML report, to point to.
        most_bytes: What the reader takes; tables are cut, and say so, until the text fits.
        behaviors: Which behavior is tested, where that was asked.
    """
    text = ""
    for most in _ROWS:
        lines = [f"### {_title(told)}", ""]
        if isinstance(told, Candidates):
            lines += _side_by_side(told, most)
        else:
            lines += _one(told, most)
        lines += _tested(behaviors, most)
        if commands := next_commands(told, run_file):
            typed = [f"- {command.purpose}: {code(command.line)}" for command in commands]
            lines += _folded("Commands", [*typed, ""])
        if page:
            lines.append(f"Full report: artifact {code(page)} of this run.")
        text = "\n".join(lines).rstrip("\n") + "\n"
        if len(utf8(text)) <= most_bytes:
            break
    return text


def _side_by_side(of: Candidates, most: int | None) -> list[str]:
    lines = [
        "| candidate | verdict | passed | cost | time |",
        "|---|---|---|---|---|",
        f"| {escaped(of.baseline.name)} | baseline | {of.baseline.shown_passed} | | |",
    ]
    for arm in of.arms:
        figures = f"{arm.shown_passed} | {arm.shown_cost} | {arm.shown_times}"
        lines.append(f"| {escaped(arm.name)} | {_SIGNS[arm.overall]} {arm.overall} | {figures} |")
    lines += ["", *(f"- {escaped(_sentence(text))}" for text in of.order), ""]
    if shown := of.changed[:most]:
        names = " | ".join(escaped(arm.name) for arm in of.arms)
        lines += [f"| test | baseline | {names} |", f"|---|---|{'---|' * len(of.arms)}"]
    for row in shown:
        cells = " | ".join(row.shown)
        lines.append(f"| {_name(row.test)} | {row.shown_recorded} | {cells} |")
    if len(shown) < len(of.changed):
        lines += ["", f"… {len(of.changed) - len(shown)} more: see the full report"]
    lines += [""] if shown else []
    lines += [_sentence(of.quiet), ""] if of.quiet else []
    lines += [" ".join(escaped(_sentence(note)) for note in of.notes), ""]
    lines += _simulated(of)
    for arm in of.arms:
        texts = (f"{arm.overall}: {arm.story.headline}", *arm.notes)
        said = " ".join(escaped(_sentence(text)) for text in texts)
        lines += [f"**{escaped(arm.name)}**: {said}", ""]
        lines += _table(arm.story, arm.story.failing, most)
        lines += [*_sets(arm.story, most), *_adapted(arm.story)]
    return lines


def _simulated(told: Told) -> list[str]:
    if told.simulated_by is None:
        return []
    return [
        f"The models are simulated by {escaped(told.simulated_by)}: no answer is a real model's.",
        "",
    ]


def _one(story: Story, most: int | None) -> list[str]:
    lines = _stale(story, most)
    stale = {test for group in _groups(story) for test in group.tests}
    lines += _table(story, [row for row in story.failing if row.test not in stale], most)
    if text := " ".join(filter(None, (_counts(story), _figures(story)))):
        lines += [text, ""]
    if story.overall == "nothing":
        lines += ["A gate without data does not pass.", ""] if story.compares else []
    elif story.notes:
        # What must be said with the verdict, and how often it is wrong.
        lines += [" ".join(escaped(_sentence(note)) for note in story.notes), ""]
    lines += [*_simulated(story), *_sets(story, most)]
    for word in _FOLDED:
        if rows := story.of(word) if story.compares else ():
            heading = title(word)
            summary = f"{heading[:1].upper()}{heading[1:]}: {plural(len(rows), 'test')}"
            lines += _folded(summary, _table(story, rows, most))
    return [*lines, *_adapted(story)]


def _sets(story: Story, most: int | None) -> list[str]:
    """The cases of each data set together, and those with each tag."""
    lines = [
        f"| {_name(of.name) if not rates.tag else escaped(rates.tag)} | {rates.cases} "
        f"| {rates.passed} | {'' if rates.tag else escaped(of.text)} |"
        for of in story.sets
        for rates in of.rates
    ]
    if not lines:
        return []
    shown = ["| data set, tag | cases | passed | |", "|---|---|---|---|", *lines[:most]]
    if most is not None and len(lines) > most:
        shown += ["", f"… {len(lines) - most} more: see the full report"]
    return _folded(f"Data sets: {len(story.sets)}", [*shown, ""])


def _adapted(story: Story) -> list[str]:
    if not story.rewrites:
        return []
    adapted = [
        f"- {escaped(words)} ({plural(len(tests), 'test')})"
        for words, tests in story.rewrites.items()
    ]
    return _folded("Requests adapted for the candidate", [*adapted, ""])


def _tested(behaviors: Sequence[Behavior], most: int | None) -> list[str]:
    if not behaviors:
        return []
    lines = [f"| {' | '.join(HEAD)} |", "|---|---|---|"]
    for name, tests, by in (behavior.row for behavior in behaviors[:most]):
        lines.append(f"| {_name(name)} | {tests} | {escaped(by)} |")
    if most is not None and len(behaviors) > most:
        lines += ["", f"… {len(behaviors) - most} more: see the full report"]
    return _folded(_sentence(coverage_text(behaviors)), [*lines, ""])


def _groups(story: Story) -> Sequence[StaleGroup]:
    """The causes that a plain run is red for; a gate says of each test why it is undecided."""
    return () if story.compares else story.stale


def _stale(story: Story, most: int | None) -> list[str]:
    """What made recordings stale: each cause once, with what was edited, and the one command."""
    lines: list[str] = []
    for group in _groups(story)[:most]:
        number = plural(len(group.tests), "test")
        lines.append(f"- **{sentence(group.cause)}**: {number}, {group.to_record}")
        lines += [f"  - {code(edit)}" for edit in group.edits[:_MOST_EDITS]]
        if (rest := len(group.edits) - _MOST_EDITS) > 0:
            lines.append(f"  - … {rest} more")
    if not lines:
        return []
    tests = [test for group in _groups(story) for test in group.tests]
    named = [f"- {code(test)}" for test in tests[:most]]
    if most is not None and len(tests) > most:
        named.append(f"- … {len(tests) - most} more: see the full report")
    title = f"{plural(len(tests), 'test')} without a recording that fits"
    return [*lines, "", f"To record them: {code(RECORD)}", "", *_folded(title, [*named, ""])]


_MOST_EDITS = 3
_SIGNS = {"pass": "✔", "fail": "✗", "undecided": "…", "nothing": "✗"}
_FOLDED: tuple[Word, ...] = ("accepted", "changed", "improved", "not run")


def _title(story: Told) -> str:
    subject = " → ".join(escaped(model) for model in story.models) if story.compares else "claude"
    verdict = "undecided: " if story.overall == "undecided" else ""
    return f"{_SIGNS[story.overall]} {subject}: {verdict}{escaped(str(story.headline))}"


def _table(story: Story, rows: Sequence[Row], most: int | None) -> list[str]:
    if not rows:
        return []
    lines = [f"| test | {story.rates_title} | what {'changed' if story.compares else 'happened'} |",
             "|---|---|---|"]  # fmt: skip
    for row in rows[:most]:
        words = [row.word] if row.fails and story.compares else []
        text = ": ".join([*words, *([sentence(row.text)] if row.text else [])])
        lines.append(f"| {_name(row.test)} | {row.rates} | {text} |")
    if most is not None and len(rows) > most:
        lines += ["", f"… {len(rows) - most} more: see the full report"]
    return [*lines, ""]


def _name(test: str) -> str:
    shown = printable(test)
    return code(shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}…")


def _counts(story: Story) -> str:
    """`2 regressed, 1 improved, 3 changed, 31 unchanged.`"""
    shown = [f"{number} {word}" for word, number in story.counts.items() if number]
    return f"{', '.join(shown)}." if shown else ""


def _figures(story: Story) -> str:
    """The figures of a comparison that differ, in one sentence."""
    changed = (figure for figure in story.figures if len(set(figure.shown_sides)) > 1)
    text = "; ".join(f"{figure.label} {figure}" for figure in changed)
    return _sentence(text).replace("$", r"\$") if text else ""


def _folded(summary: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{summary}</summary>", "", *lines, "</details>", ""]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def sentence(text: str) -> str:
    """A sentence whose backquoted names become code, and everything else plain text.

    >>> sentence("calls `refund` | **now**")
    'calls `refund` \\\\| \\\\*\\\\*now\\\\*\\\\*'
    """
    pieces = printable(text).split("`")
    if len(pieces) % 2 == 0:  # a model's own backquote: nothing says which ones are ours
        return escaped(text)
    return "".join(code(p) if n % 2 else escaped(p) for n, p in enumerate(pieces) if p)


def code(text: str) -> str:
    """Inline code that holds `text` whatever is in it, in a table too.

    >>> code("a`b|c")
    '``a`b\\\\|c``'
    """
    text = printable(text).replace("|", "\\|")
    runs = [len(run) for run in re.findall("`+", text)]
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def escaped(text: str) -> str:
    """Text that Markdown and GitHub show as it is: no HTML, no emphasis, no mention, no link.

    >>> escaped("<b>_x_</b> & [y](z)")
    '\\\\<b>\\\\_x\\\\_\\\\</b> &amp; \\\\[y\\\\](z)'
    >>> escaped("@octocat x:y") == "@\\u200boctocat x:\\u200by"
    True
    """
    text = printable(text).replace("&", "&amp;")
    text = re.sub(r"([\\`*_{}\[\]<#|~$])", r"\\\1", text)
    # GitHub looks for mentions, issues, links and emoji after Markdown: an escape does not help.
    text = re.sub(r"(@|#|\bGH-|:)(?=[\w/])", "\\1\u200b", text)
    return re.sub(r"(?i)\b(www)\.", "\\1\u200b.", text)
