"""What the user reads in the terminal, as lines of at most 80 columns where text allows it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Sequence

from pytest_claude.behavior.profile import Profile
from pytest_claude.errors import Row
from pytest_claude.gating.plain import Verdict, split
from pytest_claude.report.artifact import Run, TestResult
from pytest_claude.report.numbers import count, factor, mean, plural, seconds
from pytest_claude.transcript.quoting import printable

WIDTH = 80
_MOST = 5  # rows of a list before it is cut, unless all are asked for


def rows_text(rows: Sequence[Row], width: int = WIDTH) -> list[str]:
    """Labelled rows with a two-space indent: `expected`, `observed`, `evidence`, `to …`.

    A row without label goes on under the row before it. Paths and commands are not broken.
    """
    label_width = max((len(label) for label, _ in rows), default=0)
    indent = 2 + max(8, label_width) + 2
    lines: list[str] = []
    for label, text in rows:
        head = f"  {label}".ljust(indent)
        text = printable(text)
        keep = label.startswith("to ") or not label
        wrap = _wrap_place if label == "evidence" else _wrap
        wrapped = [text] if keep else wrap(text, width - indent)
        lines.append((head + wrapped[0]).rstrip())
        lines += [" " * indent + line for line in wrapped[1:]]
    return lines


def plain_lines(results: Sequence[TestResult]) -> list[str]:
    """The section of a plain run: only what the user should know; usually nothing."""
    unused = [line for result in results for line in result.unused]
    lines: list[str] = []
    if unused:
        verb = "was" if len(unused) == 1 else "were"
        lines.append(f"{plural(len(unused), 'recording')} {verb} not played (the app calls less)")
        lines += [f"  {line}" for line in _cut(unused)]
    notes = dict.fromkeys(note for result in results for note in result.notes)
    return [*lines, *(wrapped for note in notes for wrapped in _wrap(note, WIDTH))]


def bump_title(run: Run) -> str:
    """`claude-sonnet-4-5 → claude-sonnet-5-5`."""
    return ", ".join(pair.replace("=", " → ", 1) for pair in run.pairs)


def bump_lines(run: Run, *, whole: bool = False, commands: Iterable[str] = ()) -> list[str]:
    """The section of a bump: verdict first, then tests by verdict, numbers, what to type.

    Args:
        run: The run.
        whole: Name all tests and differences, not the first few.
        commands: Commands to try next, without their labels.
    """
    lines = [f"{(run.verdict or '').upper()}  {run.sentence}", *_wrap(run.rule or "", WIDTH)]
    judged = [(result, result.verdict) for result in run.results if result.verdict is not None]
    for name, heading in _GROUPS:
        group = [(result, verdict) for result, verdict in judged if _group_of(verdict) == name]
        if group:
            lines += ["", *_group(heading, group, whole=whole or name in _SHOWN_WHOLE)]
    lost = [test for test in run.collected if test not in {result.test for result in run.results}]
    if lost:
        lines += ["", "did not arrive (a lost worker, or the run was stopped)"]
        lines += [f"  {test}" for test in _cut(lost, whole=whole)]
    lines += _adapted(run, whole=whole)
    lines += _numbers(run)
    lines += plain_lines(run.results)
    return [*lines, *commands]


def undecided_advice(results: Sequence[TestResult]) -> bool:
    """Whether a test is undecided because the candidate has no recording."""
    return any(r.verdict is not None and r.verdict.kind == "undecided" for r in results)


_SHOWN_WHOLE = ("refused", "regressed", "undecided")
_GROUPS = (
    ("refused", "refused by the API"),
    ("regressed", "regressed"),
    ("undecided", "undecided"),
    ("improved", "improved"),
    ("changed", "changed, does not gate"),
    ("unchanged", "unchanged"),
    ("not gated", "not gated"),
)


def _group_of(verdict: Verdict) -> str:
    """What NEW refuses is no behavior: it is told apart from what regressed."""
    first = verdict.differences[0] if verdict.differences else None
    refused = verdict.kind == "regressed" and first is not None and first.kind == "refuses"
    return "refused" if refused else verdict.kind


def _group(name: str, group: list[tuple[TestResult, Verdict]], *, whole: bool) -> list[str]:
    lines = [_columns(f"{name}: {len(group)}", "baseline → candidate")]
    named = [entry for entry in group if whole or entry[1].sentence is not None]
    shown = named if whole else named[:_MOST]
    for result, verdict in shown:
        lines.append(_columns(f"  {printable(result.test)}", verdict.rates))
        if verdict.sentence is not None:
            lines += [f"    {line}" for line in _wrap(printable(verdict.sentence), WIDTH - 4)]
        if verdict.differences and verdict.kind != "unchanged":
            first = verdict.differences[0]
            place = f"{first.cassette}, interaction {first.interaction}"
            lines += [f"    {line}" for line in _wrap_place(place, WIDTH - 4)]
    rest = len(named) - len(shown)
    return [*lines, *([f"  … {rest} more (-vv shows all)"] if rest else [])]


def _columns(left: str, right: str) -> str:
    gap = WIDTH - len(left) - len(right)
    return f"{left}{' ' * gap}{right}" if gap >= 2 else f"{left}  {right}"


def _adapted(run: Run, *, whole: bool) -> list[str]:
    words: dict[str, list[str]] = {}
    for result in run.results:
        for rewrite in dict.fromkeys(r for trial in result.trials for r in trial.rewrites):
            words.setdefault(rewrite, []).append(result.test)
    if not words:
        return []
    tests = {test for named in words.values() for test in named}
    lines = ["", f"adapted for the candidate: {plural(len(tests), 'test')}; "
             "the app's own code must follow"]  # fmt: skip
    for rewrite, named in words.items():
        where = ", ".join(_cut(named, whole=whole)) if whole else plural(len(named), "test")
        lines.append(f"  {rewrite} ({where})")
    return lines


def _numbers(run: Run) -> list[str]:
    """Means per trial, over the tests that have a candidate."""
    base, cand = split([trial for result in run.results for trial in result.trials])
    tests = {trial.test for trial in cand}
    old = [trial.profile for trial in base if trial.test in tests]
    new = [trial.profile for trial in cand]
    if not old or not new:
        return []
    simulated = sorted({trial.simulated_by for trial in (*base, *cand)} - {None}, key=str)
    lines = [""]
    for label, fact, write in _FACTS:
        if simulated and write is seconds:
            continue  # no model took that time
        before, after = mean([_known(fact, p) for p in old]), mean([_known(fact, p) for p in new])
        if before is None and after is None:
            continue
        told = f"{label:<17}{write(before)} → {write(after)}  {factor(before, after)}"
        lines.append(told.rstrip())
    if simulated:
        by = ", ".join(map(str, simulated))
        lines.append(f"{'models':<17}simulated by {by}: no answer is a real model's")
    return lines


_FACTS: tuple[tuple[str, Callable[[Profile], float | None], Callable[[float | None], str]], ...] = (
    ("calls per trial", lambda profile: profile.calls, count),
    ("output tokens", lambda profile: profile.output_tokens, count),
    ("time per trial", lambda profile: profile.total_s, seconds),
)


def _known(fact: Callable[[Profile], float | None], profile: Profile | None) -> float | None:
    return None if profile is None else fact(profile)


def _cut(lines: Sequence[str], *, whole: bool = False) -> list[str]:
    if whole or len(lines) <= _MOST:
        return list(lines)
    return [*lines[:_MOST], f"… {len(lines) - _MOST} more (-vv shows all)"]


def _wrap_place(text: str, width: int) -> list[str]:
    """A path and a place in it, broken after a slash or a comma only."""
    lines = [""]
    for piece in re.findall(r"[^/,]*(?:/|, |$)", text):
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > width:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line]


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]
