"""A run as Markdown: a pull-request comment or a step summary of GitHub, verdict first.

Words of a model, a user or a test are shown as they are: no mention, link, HTML, table or emphasis
comes of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytest_claude.report.advice import next_commands
from pytest_claude.report.entry import Entry
from pytest_claude.report.numbers import factor, mean, plural, written
from pytest_claude.report.outline import Outline
from pytest_claude.transcript.quoting import printable

COMMENT_BYTES = 65_536
"""GitHub refuses a longer comment (it counts characters; bytes are never fewer)."""
SUMMARY_BYTES = 1_048_576
"""GitHub drops a longer step summary."""

_LONGEST_NAME = 160
_ROWS = (None, 100, 25, 5)  # of a table, until the text is short enough


def markdown(
    outline: Outline, *, run_file: str | None = None, page: str | None = None,
    most_bytes: int = COMMENT_BYTES,
) -> str:  # fmt: skip
    """The run in Markdown of at most `most_bytes` bytes of UTF-8.

    Args:
        outline: The run.
        run_file: Path of the run file, for the commands.
        page: Name of the HTML report, to point to.
        most_bytes: What the reader takes; tables are cut, and say so, until the text fits.
    """
    text = ""
    for rows in _ROWS:
        text = "\n".join(_lines(outline, run_file, page, rows)) + "\n"
        if len(text.encode("utf-8", "replace")) <= most_bytes:
            break
    return text


def _lines(outline: Outline, run_file: str | None, page: str | None, rows: int | None) -> list[str]:
    lines = [f"### {_title(outline)}", ""]
    named = outline.of("regressed", "undecided", "failed")
    lines += _table(outline, named, rows)
    if told := " ".join(filter(None, (_counts(outline), _numbers(outline)))):
        lines += [told, ""]
    if outline.overall == "nothing":
        lines += ["A gate without data does not pass.", ""] if outline.bump else []
    elif outline.bump and outline.rule:
        lines += [escaped(_sentence(outline.rule)), ""]
    if outline.simulated_by:
        played = escaped(outline.simulated_by)
        lines += [f"The models are simulated by {played}: no answer is a real model's.", ""]
    if changed := outline.of("changed"):
        words = ("behaves", "passes") if len(changed) == 1 else ("behave", "pass")
        title = "{} {} differently and still {}".format(plural(len(changed), "test"), *words)
        lines += _folded(title, _table(outline, changed, rows))
    if improved := outline.of("improved"):
        title = f"{plural(len(improved), 'test')} improved"
        lines += _folded(title, _table(outline, improved, rows))
    if ungated := outline.of("ungated"):
        title = f"{plural(len(ungated), 'test')} not gated"
        lines += _folded(title, _table(outline, ungated, rows))
    if outline.rewrites:
        adapted = [f"- {escaped(words)} ({plural(n, 'test')})" for words, n in outline.rewrites]
        lines += _folded("Requests adapted for the candidate", [*adapted, ""])
    commands = next_commands(outline, run_file)
    if commands:
        typed = [f"- {entry.purpose}: {code(entry.line)}" for entry in commands]
        lines += _folded("Commands", [*typed, ""])
    if page:
        lines.append(f"Full report: artifact {code(page)} of this run.")
    while lines and not lines[-1]:
        lines.pop()
    return lines


_SIGNS = {"pass": "✔", "fail": "✗", "undecided": "…", "nothing": "✗"}


def _title(outline: Outline) -> str:
    told = " → ".join(escaped(model) for model in outline.models) if outline.bump else "claude"
    headline = outline.headline
    if outline.overall == "undecided":
        headline = f"undecided: {headline.replace(' undecided', '', 1)}"
    return f"{_SIGNS[outline.overall]} {told}: {escaped(headline)}"


def _table(outline: Outline, entries: Sequence[Entry], rows: int | None) -> list[str]:
    if not entries:
        return []
    middle = "baseline → candidate" if outline.bump else "trials passed"
    lines = [f"| test | {middle} | what {'changed' if outline.bump else 'happened'} |",
             "|---|---|---|"]  # fmt: skip
    for entry in entries[:rows]:
        name = printable(entry.test)
        name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
        lines.append(
            f"| {code(name)} | {entry.decided or entry.rates} | {sentence(entry.sentence or '')} |"
        )
    if rows is not None and len(entries) > rows:
        lines += ["", f"… {len(entries) - rows} more: see the full report"]
    return [*lines, ""]


def _counts(outline: Outline) -> str:
    """`1 improved, 3 changed (not gating), 31 unchanged.`"""
    words = {"changed": "changed (not gating)", "ungated": "not gated"}
    shown = [
        f"{number} {words.get(kind, kind)}"
        for kind, number in outline.counts.items()
        if number and (kind not in ("regressed", "failed") or outline.overall == "undecided")
    ]
    return f"{', '.join(shown)}." if shown else ""


def _numbers(outline: Outline) -> str:
    """The deltas of cost, output tokens and first token, in one sentence."""
    told = []
    for fact in outline.facts:
        if outline.bump and fact.label in ("cost", "output tokens", "time to first token"):
            before, after = mean(fact.base), mean(fact.cand)
            ratio = factor(before, after)
            label = "cost per trial" if fact.label == "cost" else fact.label
            told.append(
                f"{label} {written(before, fact.unit)} → {written(after, fact.unit)}"
                f"{f' ({ratio})' if ratio else ''}"
            )
    text = ", ".join(told).replace("$", r"\$")
    return f"{text[:1].upper()}{text[1:]}." if told else ""


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "</details>", ""]


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
