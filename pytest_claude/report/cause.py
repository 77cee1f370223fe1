"""Why a test is regressed: what separates its failed trials from those that passed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_claude.comparison.difference import Difference, Kind, differences, shows
from pytest_claude.comparison.trial import Trial
from pytest_claude.report.numbers import plural

_ASSERTED = re.compile(r"^assert (?:not )?<(?:no|yes|unknown): (.*)>$", re.DOTALL)
_SAYS_NOTHING = re.compile(r"assert (not )?(True|False|None|0|''|\"\"|\[\]|\{\})$")
_NEARLY_ALL, _NEARLY_NONE = 0.8, 0.2

_NO_TOOL: tuple[Kind, ...] = ("asks", "refuses", "declines")
_EXPLAINED: dict[str, tuple[Kind, ...]] = {
    "calls_tool": _NO_TOOL,
    "calls_tools": _NO_TOOL,
    "calls_server_tool": _NO_TOOL,
    "calls_in_parallel": ("parallel",),
    "asks_clarifying_question": ("asks",),
    "refuses": ("refuses", "declines"),
}
"""The differences that say what a failed check saw, and more: they take the place of its words."""


@dataclass(frozen=True)
class Cause:
    """Why a test is regressed.

    Attributes:
        sentence: What the failed trials have in common, with counts; names are in backquotes.
        trial: The failed trial that shows it.
        interaction: Number of the interaction there.
    """

    sentence: str
    trial: Trial
    interaction: int


def cause_of(trial: Trial) -> str | None:
    """Why a trial did not pass, without the words of the assertion.

    >>> cause_of(Trial("t", "base", 0, "fail", "assert <no: `refund` called>"))
    '`refund` called'
    """
    return None if trial.cause is None else _ASSERTED.sub(r"\1", trial.cause)


def cause(
    base: Sequence[Trial], cand: Sequence[Trial], first_failure: int | None = None
) -> Cause | None:
    """Why the candidate's trials of a test fail; None where none does.

    First what the failing check saw, or pytest's text of the assertion, in the first failed trial;
    then what the candidate does otherwise, as far as nearly all failed trials show it and nearly no
    passed one. A trial that passed is never counted among those that show a cause.

    Args:
        base: The trials of the baseline that were read.
        cand: Those of the candidate.
        first_failure: Index of the failed trial to show; the first one unless given.
    """
    failed = [trial for trial in cand if trial.outcome == "fail"]
    passed = [trial for trial in cand if trial.outcome == "pass"]
    if not failed:
        return None
    shown = next((trial for trial in failed if trial.index == first_failure), failed[0])
    changes = list(_separating(base, failed, passed))
    sentences = [_counted(change, seen, failed, passed) for change, seen in changes]
    if not (changes and _is_explained(shown, [change.kind for change, _ in changes])):
        own = _observed(shown)
        if own is not None and not (changes and _SAYS_NOTHING.match(own)):
            alike = sum(_is_alike(trial, shown) for trial in failed)
            sentences.insert(0, f"{own} in {alike} of {_of(failed, passed)}")
    else:
        sentences = sentences[:1]
    interaction = 1 if shown.profile is None else shown.profile.last
    return Cause("; ".join(sentences[:2]), shown, shown.number_of(interaction))


def _separating(
    base: Sequence[Trial], failed: Sequence[Trial], passed: Sequence[Trial]
) -> Iterator[tuple[Difference, tuple[int, int]]]:
    """The differences between the baseline and the failed trials that the passed ones don't show.

    Each with how many failed and how many passed trials show it.
    """
    for change in differences(base, failed):
        behaves = shows(change.kind, base, failed)
        seen = sum(map(behaves, failed)), sum(map(behaves, passed))
        if seen[0] >= _NEARLY_ALL * len(failed) and seen[1] <= _NEARLY_NONE * len(passed):
            yield change, seen


def _observed(trial: Trial) -> str | None:
    """What the check that failed a trial observed, or pytest's text of the assertion."""
    own = cause_of(trial)
    if own is None or not trial.checks or own == trial.cause:
        return own
    observed = trial.checks[-1].observed
    return own if observed in own else f"{own}: {observed}"


def _is_alike(trial: Trial, shown: Trial) -> bool:
    """Whether two trials failed for one cause, whatever words the model used."""
    return cause_of(trial) == cause_of(shown)


def _is_explained(trial: Trial, kinds: Sequence[Kind]) -> bool:
    """Whether the first difference says what the check that failed saw.

    A question beside the right call of a tool does not say why its arguments are wrong.
    """
    if cause_of(trial) == trial.cause or not trial.checks:
        return False  # a plain assertion
    check = trial.checks[-1].name
    if check in ("calls_tool", "calls_tools", "calls_server_tool"):
        if not {"tools", "server"}.intersection(kinds):
            return False
    return kinds[0] in _EXPLAINED.get(check, ())


def _counted(
    change: Difference, seen: tuple[int, int], failed: Sequence[Trial], passed: Sequence[Trial]
) -> str:
    also = f" and {seen[1]} of {len(passed)} passed ones" if passed else ""
    return f"{change.sentence} in {seen[0]} of {_of(failed, passed)}{also}"


def _of(failed: Sequence[Trial], passed: Sequence[Trial]) -> str:
    """The failed trials; they are all there are where none passed."""
    return plural(len(failed), "failed trial" if passed else "trial")
