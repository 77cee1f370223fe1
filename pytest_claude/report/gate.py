"""The section of a gated run in the terminal: verdict, tests by verdict, numbers, what to type."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_claude.gating import words
from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.gating.number_words import behavior_lines, number_lines
from pytest_claude.report.artifact import Run
from pytest_claude.report.numbers import count, factor, mean, plural
from pytest_claude.report.terminal import (
    WIDTH,
    cut_list,
    note_lines,
    plain_lines,
    wrap,
    wrap_place,
)
from pytest_claude.transcript.quoting import printable

_LABEL = 17  # columns
_MOST = 5  # tests of a group before it is cut, unless all are asked for


def gate_lines(run: Run, *, whole: bool = False) -> list[str]:
    """Verdict first, then tests by verdict, numbers, what the run could see.

    Args:
        run: The run; it has a decision.
        whole: Name all tests and differences, not the first few.
    """
    decision = run.decision
    assert decision is not None, "only a gated run has this section"
    lines = _verdict(decision)
    for name, heading in _GROUPS:
        group = [verdict for verdict in decision.tests if _group_of(verdict) == name]
        if group:
            lines += ["", *_group(heading, group, decision, whole=whole or name in _SHOWN_WHOLE)]
    if run.lost:
        lines += ["", "did not arrive (a lost worker, or the run was stopped)"]
        lines += [f"  {test}" for test in cut_list(run.lost, whole=whole)]
    lines += _adapted(run, whole=whole)
    lines += _numbers(run, decision)
    lines += _seen(decision)
    return [*lines, *plain_lines(run.results)]


def _verdict(decision: Decision) -> list[str]:
    """The verdict and its sentence, indented under itself, then what must be said with it."""
    word = decision.overall.upper()
    first, *more = wrap(words.headline(decision), WIDTH - len(word) - 2)
    indent = " " * (len(word) + 2)
    lines = [f"{word}  {first}", *(f"{indent}{line}" for line in more)]
    return [*lines, *note_lines(words.notes(decision))]


_SHOWN_WHOLE = ("refused", "regressed", "undecided", "accepted")
_GROUPS = (
    ("refused", "refused by the API"),
    ("regressed", "regressed"),
    ("accepted", "regressed and accepted"),
    ("undecided", "undecided"),
    ("improved", "improved"),
    ("changed", "changed, does not gate"),
    ("unchanged", "unchanged"),
    ("failing", "not gateable (already failing)"),
    ("not gated", "not gated"),
)


def _group_of(verdict: TestVerdict) -> str:
    """What NEW refuses is no behavior: it is told apart from what regressed."""
    if verdict.reason == "already_failing":
        return "failing"
    if verdict.verdict == "regressed" and verdict.accepted is not None:
        return "accepted"
    first = verdict.differences[0] if verdict.differences else None
    refused = verdict.verdict == "regressed" and first is not None and first.kind == "refuses"
    return "refused" if refused else verdict.verdict


def _group(name: str, group: list[TestVerdict], decision: Decision, *, whole: bool) -> list[str]:
    lines = [_columns(f"{name}: {len(group)}", "baseline → candidate")]
    named = [v for v in group if whole or _has_news(v)]
    shown = named if whole else named[:_MOST]
    for verdict in shown:
        rates = verdict.rates if verdict.baseline[1] or verdict.candidate[1] else ""
        lines.append(_columns(f"  {printable(verdict.test)}", rates).rstrip())
        for sentence in _sentences(verdict, decision):
            lines += [f"    {line}" for line in wrap(printable(sentence), WIDTH - 4)]
        first = verdict.differences[0] if verdict.differences else None
        if first is not None and first.cassette is not None and verdict.verdict != "unchanged":
            place = f"{first.cassette}, interaction {first.interaction}"
            lines += [f"    {line}" for line in wrap_place(place, WIDTH - 4)]
    rest = len(named) - len(shown)
    return [*lines, *([f"  … {rest} more (-vv shows all)"] if rest else [])]


def _has_news(verdict: TestVerdict) -> bool:
    flaky = verdict.baseline[0] < verdict.baseline[1]
    return verdict.verdict != "unchanged" or flaky or verdict.reason is not None


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
        where = ", ".join(cut_list(named, whole=whole)) if whole else plural(len(named), "test")
        lines.append(f"  {rewrite} ({where})")
    return lines


def _numbers(run: Run, decision: Decision) -> list[str]:
    """Calls, cost, tokens and times, over the tests that both models ran."""
    trials = [trial for result in run.results for trial in result.trials]
    tests = {trial.test for trial in trials if trial.stream == "cand"}
    old, new = (
        mean([t.profile.calls for t in trials if t.profile and t.test in tests and t.stream in of])
        for of in (("base", "base_fresh"), ("cand",))
    )
    if old is None or new is None:
        return []
    simulated = sorted({trial.simulated_by for trial in trials} - {None}, key=str)
    rows = [("calls per trial", f"{count(old)} → {count(new)}  {factor(old, new)}")]
    for label, text in number_lines(decision):
        if not (simulated and "side by side" in text):  # no model took that time
            rows.append((label, text))
    if simulated:
        by = ", ".join(map(str, simulated))
        rows.append(("models", f"simulated by {by}: no real model's answers"))
    told = [line for label, text in rows for line in _labelled(label, wrap(text, WIDTH - _LABEL))]
    behaviors = [line for text in behavior_lines(decision) for line in wrap(text, WIDTH)]
    return ["", *told, *behaviors]


def _sentences(verdict: TestVerdict, decision: Decision) -> list[str]:
    """What changed, and why that is or is not enough for a verdict."""
    told = [difference.counted for difference in verdict.differences[:1]]
    if verdict.verdict == "regressed" and verdict.stage == "duel":
        told.append(words.evidence(verdict, decision))
    elif verdict.detail and verdict.reason != "already_failing":
        told.append(verdict.detail)
    if verdict.accepted is not None:
        told.append(f"accepted: {verdict.accepted}")
    return told


def _seen(decision: Decision) -> list[str]:
    """What the run could see, and what was paid for it."""
    if not any(verdict.candidate[1] for verdict in decision.tests):
        return []
    sight = wrap(words.sight(decision), WIDTH - _LABEL)
    trials = f"{decision.candidate_trials} of the candidate"
    if decision.fresh_baseline_trials:
        trials += f" + {decision.fresh_baseline_trials} fresh of the baseline"
    return ["", *_labelled("what it can see", sight), *_labelled("trials", [trials])]


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    return [f"{label if n == 0 else '':<{_LABEL}}{line}" for n, line in enumerate(lines)]
