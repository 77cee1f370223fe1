"""What the user reads in the terminal, as lines of at most 80 columns where text allows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

from pytest_claude.errors import Row as Labelled
from pytest_claude.report.candidates import Candidates, Told
from pytest_claude.report.commands import Command
from pytest_claude.report.numbers import dollars, plural, probability
from pytest_claude.report.row import Row
from pytest_claude.report.sets import set_text
from pytest_claude.report.stale import RECORD, StaleGroup
from pytest_claude.report.story import Group, Story, short_names
from pytest_claude.run.record import TestResult
from pytest_claude.run.sets import set_counts
from pytest_claude.transcript.quoting import printable

WIDTH = 80
_ERROR = "ERROR: "
_COMMANDS = ("pytest", "@pytest")
_LABEL = len("to repeat it")
_MOST = 5  # rows of a list before it is cut, unless all are asked for
_MOST_OF_ALL = 20  # tests of several candidates
_COLUMN = 17  # of the figures of a gate, where no label is longer


def rows_text(rows: Sequence[Labelled]) -> list[str]:
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
        wrapped = [text] if keep else fit(text, WIDTH - indent)
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


def plain_lines(results: Sequence[TestResult], stale: Sequence[StaleGroup] = ()) -> list[str]:
    """The section of a plain run: only what the user should know; usually nothing.

    Args:
        results: Of the tests.
        stale: Why recordings do not answer any more, as the story has it.
    """
    lines = _stale(stale)
    unused = [*dict.fromkeys(line for result in results for line in result.unused)]
    if unused:
        verb = "was" if len(unused) == 1 else "were"
        lines.append(f"{plural(len(unused), 'recording')} {verb} not played (the app calls less)")
        lines += [f"  {line}" for line in cut_list(unused)]
    return [*lines, *note_lines(note for result in results for note in result.notes)]


def set_lines(results: Sequence[TestResult]) -> list[str]:
    """The data sets of a plain run in which not every case passed, and what their rate forgives."""
    lines = []
    for count in set_counts(results):
        if count.passed < count.cases:
            lines += hanging(f"{printable(count.name)}: ", set_text(count))
        if count.verdict == "passed" and count.failed:
            names = (test.removeprefix(count.name)[1:-1] for test in count.failed)
            lines += hanging("  failed within the rate: ", ", ".join(map(printable, names)))
    return lines


def note_lines(notes: Iterable[str]) -> list[str]:
    """What the user should know though nothing failed, each sentence once; commands unbroken.

    >>> note_lines(["  to go on  pytest " + "x " * 40])[0].count("x")
    40
    """
    told = dict.fromkeys(notes)
    return [line for n in told for line in ([n] if n.startswith("  to ") else wrap(n, WIDTH))]


def _stale(groups: Sequence[StaleGroup]) -> list[str]:
    """What made recordings stale, the cause first: one edit is told once, with what it costs."""
    if not groups:
        return []
    tests = plural(sum(len(group.tests) for group in groups), "test")
    calls = plural(sum(group.calls for group in groups), "call")
    lines = [f"{tests} without a recording that fits, about {calls} to record"]
    rows = [(g.cause, plural(len(g.tests), "test"), plural(g.calls, "call")) for g in groups]
    width = max(len(cause) for cause, _, _ in rows)
    lines += cut_list(
        [f"  {cause:<{width}}  {tests:>8}  {calls:>8}" for cause, tests, calls in rows]
    )
    return [*lines, f"  to record  {RECORD}"]


_STATIONS = ("judge", "mend and try a fix", "judge all", "adopt")
_LEADS_TO = {"to try a fix": 1, "to judge all": 2, "to adopt it": 3}


def way_line(labels: Iterable[str]) -> str:
    """Where one is on the way from a bump to a merged change, by what is printed to type next.

    >>> way_line(["to read it", "to try a fix", "to repeat it"])
    'where you are:  judge → [mend and try a fix] → judge all → adopt'
    """
    here = next((_LEADS_TO[label] for label in labels if label in _LEADS_TO), 0)
    shown = (f"[{name}]" if n == here else name for n, name in enumerate(_STATIONS))
    return f"where you are:  {' → '.join(shown)}"


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
        return "".join(c if c.encode(encoding, "ignore") else _SIGNS.get(c, "?") for c in line)
    except LookupError:
        return in_encoding(line, "ascii")


_SIGNS = {"✔": "ok", "✗": "FAIL", "→": "->", "←": "<-", "≤": "<=", "…": "..."}


def cut_list(lines: Sequence[str]) -> list[str]:
    """The first few of a list and how many more there are."""
    if len(lines) <= _MOST:
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


def hanging(head: str, text: str) -> list[str]:
    """Lines of `text` beside `head`, and under one another."""
    lines = wrap(printable(text), WIDTH - len(head))
    return [(" " * len(head) if n else head) + line for n, line in enumerate(lines)]


def gate_lines(story: Story, *, whole: bool = False) -> list[str]:
    """The section of a gate: verdict, tests by their word, figures, what the run could see.

    Args:
        story: The run; it compares.
        whole: Name all tests and differences, not the first few.
    """
    lines = [*verdict_lines(story), *(line for note in story.notes for line in wrap(note, WIDTH))]
    for group in story.groups:
        lines += ["", *_group(group, story.rates_title, whole=whole or group.word in _SHOWN_WHOLE)]
    lines += _rewritten(story, whole=whole)
    return [*lines, *_labelled(_set_rows(story, whole=whole), _figures(story), _seen(story))]


def _labelled(*parts: Sequence[Labelled]) -> list[str]:
    """Parts of labelled rows, each after an empty line."""
    lines = []
    column = max([_COLUMN, *(len(label) + 2 for rows in parts for label, _ in rows)])
    for rows in parts:
        texts = [(f"{label:<{column}}" if label else "", text) for label, text in rows]
        lines += [""] if rows else []
        lines += [line for indent, text in texts for line in hanging(indent, text)]
    return lines


def verdict_lines(story: Told) -> list[str]:
    """The verdict and its sentence, indented under itself."""
    return hanging(f"{_verdict(story)}  ", str(story.headline))


def _verdict(story: Told) -> str:
    return "FAIL" if story.overall == "nothing" else story.overall.upper()


def side_by_side_lines(of: Candidates, *, whole: bool = False) -> list[str]:
    """The section of several candidates: verdict, candidates, tests on each, why some fail.

    Args:
        of: The run.
        whole: Name all tests and differences, not the first few.
    """
    lines = [*verdict_lines(of), *(line for note in of.notes for line in wrap(note, WIDTH)), ""]
    rows = [("candidates", "verdict", "passed", "cost", "time")]
    rows.append((of.baseline.name, "baseline", of.baseline.shown_passed, "", ""))
    for arm in of.arms:
        figures = arm.shown_passed, arm.shown_cost, arm.shown_time
        rows.append((arm.name, _verdict(arm.story), *figures))
    lines += _table(rows)
    lines += [line for text in of.order for line in wrap(printable(text), WIDTH)]
    lines += _tests_lines(of, whole=whole)
    for arm in of.arms:
        lines += ["", printable(f"{arm.name}: {_verdict(arm.story)}")]
        texts = (str(arm.story.headline), *arm.notes)
        lines += [f"  {line}" for text in texts for line in wrap(text, WIDTH - 2)]
        for row in arm.story.failing if whole else arm.story.failing[:_MOST]:
            lines += _row(row)
        if (rest := len(arm.story.failing) - _MOST) > 0 and not whole:
            lines.append(f"  … {rest} more (-vv shows all)")
        lines += [f"  {line}" for line in _rewritten(arm.story, whole=whole)[1:]]
        lines += _labelled(_set_rows(arm.story, whole=whole))[1:]
    return [*lines, *_labelled([*_simulated(of), *_seen(of)])]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with columns under one another; in two lines each where they don't fit beside."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    if sum(widths) + 2 * len(widths) <= WIDTH:
        return [f"  {_beside(row, widths)}".rstrip() for row in shown]
    lines = []
    for name, *cells in shown:
        lines += [f"  {name}", f"    {_beside(cells, widths[1:])}".rstrip()]
    return lines


def _beside(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{text:<{width}}" for text, width in zip(cells, widths, strict=True))


def _tests_lines(of: Candidates, *, whole: bool) -> list[str]:
    """The tests that are not unchanged, each with its word on every candidate."""
    if not of.changed:
        return ["", of.quiet] if of.quiet else []
    shorts = short_names([printable(arm.name) for arm in of.arms])
    shown = of.changed if whole else of.changed[:_MOST_OF_ALL]
    table = [("baseline", *shorts), *((row.shown_recorded, *row.shown) for row in shown)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    fits = sum(widths) + 2 * len(widths) + 2 <= WIDTH
    heading = f"{_beside(table[0], widths):>{WIDTH - len('tests')}}" if fits else ""
    lines = ["", f"tests{heading}".rstrip()]
    for row, cells in zip(shown, table[1:], strict=True):
        lines.append(f"  {printable(row.test)}")
        if fits:
            lines.append(f"{_beside(cells, widths):>{WIDTH}}".rstrip())
        else:
            named = zip(("baseline", *(arm.name for arm in of.arms)), cells, strict=True)
            lines += [f"    {text}  {printable(name)}" for name, text in named if text]
    if (rest := len(of.changed) - len(shown)) > 0:
        lines.append(f"  … {rest} more (-vv shows all)")
    return [*lines, *([f"  {of.quiet}"] if of.quiet else [])]


def overview_lines(story: Told) -> list[str]:
    """A run file in the terminal: every test, and the figures of a comparison."""
    if isinstance(story, Candidates):
        title = printable(" → ".join(story.models))
        return [title, *side_by_side_lines(story, whole=True)]
    if story.compares:
        return [printable(" → ".join(story.models)), *gate_lines(story, whole=True)]
    lines = verdict_lines(story)
    for group in story.groups:
        lines += ["", *_group(group, story.rates_title, whole=True)]
    return [*lines, *_labelled(_set_rows(story, whole=True))]


def row_lines(row: Row) -> list[str]:
    """One test in the terminal: its word, its rates, and why."""
    lines = [f"{printable(row.test)}  {row.word} {row.rates}".rstrip()]
    texts = filter(None, (row.sentence, row.because, row.evidence))
    return [*lines, *(f"  {line}" for text in texts for line in wrap(printable(text), WIDTH - 2))]


_SHOWN_WHOLE = ("refused", "regressed", "undecided", "accepted")


def _group(group: Group, rates_title: str, *, whole: bool) -> list[str]:
    named = [row for row in group.rows if whole or _has_news(row)]
    head = f"{group.title}: {len(group.rows)}"
    lines = [_columns(head, rates_title) if named else head]
    shown = named if whole else named[:_MOST]
    lines += [line for row in shown for line in _row(row)]
    rest = len(named) - len(shown)
    return [*lines, *([f"  … {rest} more (-vv shows all)"] if rest else [])]


def _row(row: Row) -> list[str]:
    lines = [_columns(f"  {printable(row.test)}", row.rates).rstrip()]
    for text in filter(None, (row.sentence, row.because, row.evidence)):
        lines += [f"    {line}" for line in wrap(printable(text), WIDTH - 4)]
    if row.place is not None and row.word != "unchanged":
        place = "{}, interaction {}".format(*row.place)
        lines += [f"    {line}" for line in wrap_place(place, WIDTH - 4)]
    return lines


def _has_news(row: Row) -> bool:
    passed, of = row.sides[0].passed if row.sides else (0, 0)
    return row.word != "unchanged" or passed < of or row.reason is not None


def _columns(left: str, right: str) -> str:
    gap = WIDTH - len(left) - len(right)
    return f"{left}{' ' * gap}{right}" if gap >= 2 else f"{left}  {right}"


def _rewritten(story: Story, *, whole: bool) -> list[str]:
    if not story.rewrites:
        return []
    tests = {test for of in story.rewrites.values() for test in of}
    lines = [
        "",
        f"adapted for the candidate: {plural(len(tests), 'test')}; the app's own code must follow",
    ]
    for rewrite, of in story.rewrites.items():
        lines.append(f"  {rewrite} ({', '.join(of) if whole else plural(len(of), 'test')})")
    return lines


def _set_rows(story: Story, *, whole: bool) -> list[Labelled]:
    """How often the cases of each data set pass on both models, and what that says."""
    rows: list[Labelled] = []
    for of in story.sets if whole else story.sets[:_MOST]:
        cases, passed = of.rates[0].cases, of.rates[0].passed
        texts = (f"{cases} cases", passed, of.text) if story.compares else (of.text or passed,)
        text = f"{of.name}: {', '.join(filter(None, texts))}"
        rows.append(("" if rows else "data sets", text))
    rest = len(story.sets) - len(rows)
    return [*rows, *([("", f"… {rest} more (-vv shows all)")] if rest else [])]


def _figures(story: Story) -> list[Labelled]:
    """Cost, calls, tokens and times of both models, and the behaviors that moved."""
    rows = [(figure.label, str(figure)) for figure in story.figures]
    if any(figure.tests for figure in story.figures):
        tests = plural(max(figure.tests for figure in story.figures), "test")
        rows.insert(0, ("figures", f"ratio over the tests, sums of one trial of each of {tests}"))
    rows += _simulated(story)
    moved = [
        "{}: {}/{} → {}/{} trials (p {} over the suite)".format(
            rate.behavior, *rate.baseline, *rate.candidate, probability(rate.adjusted)
        )
        for rate in story.behaviors
        if rate.changed
    ]
    return [*rows, *(("", sentence) for sentence in moved)]


def _simulated(story: Told) -> list[Labelled]:
    if story.simulated_by is None:
        return []
    return [("models", f"simulated by {story.simulated_by}: no real model's answers")]


def _seen(story: Told) -> list[Labelled]:
    """What the run could see, and what was paid for it."""
    if not any(story.trials):
        return []
    candidate, fresh = story.trials
    trials = f"{candidate} of the candidate{'s' if isinstance(story, Candidates) else ''}"
    if fresh:
        trials += f" + {fresh} fresh of the baseline"
    if story.spent_usd is not None:
        trials += f", {dollars(story.spent_usd)} in all"
    rows = [] if story.sight is None else [("what it can see", story.sight.sentence)]
    return [*rows, ("trials", trials)]
