"""What the user reads in the terminal, as lines of at most 80 columns where text allows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from pytest_claude.errors import Row
from pytest_claude.report.advice import Command
from pytest_claude.report.artifact import TestResult
from pytest_claude.report.entry import Entry
from pytest_claude.report.numbers import plural
from pytest_claude.report.outline import Outline
from pytest_claude.transcript.quoting import printable

WIDTH = 80
_ERROR = "ERROR: "
_COMMANDS = ("pytest", "@pytest")
_LABEL = len("to repeat it")
_MOST = 5  # rows of a list before it is cut, unless all are asked for


def rows_text(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Labelled rows with a two-space indent: `expected`, `observed`, `evidence`, `to …`.

    A row without label goes on under the row before it. Neither it nor a command is broken.
    """
    label_width = max((len(label) for label, _ in rows), default=0)
    indent = 2 + max(8, label_width) + 2
    lines: list[str] = []
    for label, text in rows:
        head = f"  {label}".ljust(indent)
        text = printable(text)
        keep = not label or text.startswith(_COMMANDS)
        fit = wrap_place if label == "evidence" else wrap
        wrapped = [text] if keep else fit(text, width - indent)
        lines.append((head + wrapped[0]).rstrip())
        lines += [" " * indent + line for line in wrapped[1:]]
    return lines


def usage_text(message: str) -> str:
    """What a usage error says, to print after `ERROR: `; what to type stands on lines of its own.

    >>> usage_text("--claude-gate=fast: not one of quick, standard, thorough")
    '--claude-gate=fast: not one of quick, standard, thorough'
    """
    lines = []
    for line in message.splitlines():
        keep = line.startswith(" ")  # a command, not broken
        lines += [line] if keep else wrap(line, WIDTH - len(_ERROR))
    return f"\n{' ' * len(_ERROR)}".join(line.removeprefix(" " * len(_ERROR)) for line in lines)


def plain_lines(results: Sequence[TestResult]) -> list[str]:
    """The section of a plain run: only what the user should know; usually nothing."""
    lines = _stale(results)
    unused = [line for result in results for line in result.unused]
    if unused:
        verb = "was" if len(unused) == 1 else "were"
        lines.append(f"{plural(len(unused), 'recording')} {verb} not played (the app calls less)")
        lines += [f"  {line}" for line in cut_list(unused)]
    return [*lines, *note_lines(note for result in results for note in result.notes)]


def note_lines(notes: Iterable[str]) -> list[str]:
    """What the user should know though nothing failed, each sentence once; commands unbroken.

    >>> note_lines(["  to go on  pytest " + "x " * 40])[0].count("x")
    40
    """
    told = dict.fromkeys(notes)
    return [line for n in told for line in ([n] if n.startswith("  to ") else wrap(n, WIDTH))]


def _stale(results: Sequence[TestResult]) -> list[str]:
    """What made recordings stale, the cause first: one edit is told once, with what it costs."""
    groups: dict[str, list[TestResult]] = {}
    for result in results:
        if result.stale is not None:
            groups.setdefault(result.stale.cause, []).append(result)
    if not groups:
        return []
    stale = [result for group in groups.values() for result in group]
    tests = plural(len(stale), "test")
    lines = [f"{tests} without a recording that fits, {_calls(stale)} to record"]
    most_first = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    rows = [(cause, plural(len(group), "test"), _calls(group)) for cause, group in most_first]
    width = max(len(cause) for cause, _, _ in rows)
    lines += cut_list(
        [f"  {cause:<{width}}  {tests:>8}  {calls:>8}" for cause, tests, calls in rows]
    )
    return [*lines, "  to record  pytest --claude-record"]


def _calls(results: Sequence[TestResult]) -> str:
    return plural(sum(r.stale.calls * _unrecorded(r) for r in results if r.stale), "call")


def _unrecorded(result: TestResult) -> int:
    """Trials from the first that is stale to the last that was planned."""
    before = sum(trial.stream == "base" for trial in result.trials) - 1
    return max(1, result.planned - max(0, before))


def command_lines(commands: Iterable[Command]) -> list[str]:
    """What to type next; a command too long to stand beside its label stands below, unbroken.

    >>> command_lines([Command("Repeat it", "pytest --claude-bump a=b", "to repeat it")])
    ['  to repeat it  pytest --claude-bump a=b']
    """
    lines = []
    for command in commands:
        typed = printable(command.line)
        line = f"  {command.label:<{_LABEL}}  {typed}"
        below = wrap(typed, WIDTH - 4) if typed.startswith("@") else [typed]
        short = len(line) <= WIDTH
        lines += [line] if short else [f"  {command.label}", *(f"    {part}" for part in below)]
    return lines


def in_encoding(line: str, encoding: str) -> str:
    """The line in characters that `encoding` has: signs become words, the rest `?`.

    >>> in_encoding("✗ a → b … 日本", "cp1252")
    'FAIL a -> b … ??'
    """
    try:
        line.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        for sign, word in (("✔", "ok"), ("✗", "FAIL"), ("→", "->"), ("←", "<-"), ("≤", "<=")):
            line = line.replace(sign, word)
        try:
            return line.encode(encoding, "replace").decode(encoding)
        except LookupError:
            return line.encode("ascii", "replace").decode("ascii")
    return line


def cut_list(lines: Sequence[str], *, whole: bool = False) -> list[str]:
    """The first few of a list and how many more there are, or all of it."""
    if whole or len(lines) <= _MOST:
        return list(lines)
    return [*lines[:_MOST], f"… {len(lines) - _MOST} more (-vv shows all)"]


def wrap_place(text: str, width: int) -> list[str]:
    """A path and a place in it, broken after a slash or a comma only."""
    lines = [""]
    for piece in re.findall(r"[^/,]*(?:/|, |$)", text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line]


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns; words and commands are not broken."""
    return textwrap.wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def overview_lines(outline: Outline, width: int = WIDTH) -> list[str]:
    """A run in the terminal, one test a line: verdict, rates, what changed."""
    word = {"nothing": "FAIL"}.get(outline.overall, outline.overall.upper())
    lines = wrap(f"{word}  {printable(outline.headline)}", width)
    if outline.bump:
        lines.insert(0, printable(" → ".join(outline.models)))
    for kind, number in outline.counts.items():
        if not number:
            continue
        lines += ["", f"{'not gated' if kind == 'ungated' else kind}: {number}"]
        for entry in outline.of(kind):
            name = printable(entry.test)
            rates = entry.decided or entry.rates
            gap = max(2, width - 2 - len(name) - len(rates))
            lines.append(f"  {name}{' ' * gap}{rates}".rstrip())
            if entry.sentence:
                lines += [f"    {line}" for line in wrap(printable(entry.sentence), width - 4)]
    return lines


def entry_lines(entry: Entry, width: int = WIDTH) -> list[str]:
    """One test in the terminal: its verdict and why."""
    kind = "not gated" if entry.kind == "ungated" else entry.kind
    told = list(dict.fromkeys(filter(None, (entry.sentence, entry.statement))))
    lines = [f"{printable(entry.test)}  {kind} {entry.decided or entry.rates}".rstrip()]
    return [*lines, *(f"  {line}" for text in told for line in wrap(printable(text), width - 2))]
