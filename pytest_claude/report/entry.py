"""One test as every report lists it: its verdict in a sentence, and the trials of both sides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.difference import Difference, shows
from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import words
from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.report.artifact import TestResult

Kind = Literal[
    "regressed", "improved", "changed", "undecided", "unchanged", "ungated",
    "failed", "passed", "not run",
]  # fmt: skip
Mark = Literal["pass", "fail", "void", "yes", "no"]

_ASSERTED = re.compile(r"^assert (?:not )?<(?:no|yes|unknown): (.*)>$", re.DOTALL)
_VERDICTS: Mapping[str, Kind] = {
    "regressed": "regressed",
    "improved": "improved",
    "changed": "changed",
    "undecided": "undecided",
    "unchanged": "unchanged",
    "not gated": "ungated",
}
_LOST = "did not arrive: a lost worker, or the run was stopped"


@dataclass(frozen=True)
class Lane:
    """The trials of one stream, in order.

    Attributes:
        label: What the stream is: "recorded", "fresh", "screen", "duel"; "" where there is one.
        trials: All of them.
        marks: What each came to, as it is drawn: outcome, or whether it behaves in a new way.
    """

    label: str
    trials: tuple[Trial, ...]
    marks: tuple[Mark, ...]

    @property
    def good(self) -> int:
        """Trials that passed, or that behave in the new way."""
        return sum(mark in ("pass", "yes") for mark in self.marks)

    @property
    def of(self) -> int:
        """All trials that are evidence."""
        return sum(mark != "void" for mark in self.marks)


@dataclass(frozen=True)
class Side:
    """One model's trials of one test.

    Attributes:
        role: "base" for the baseline, "cand" for the candidate.
        model: The model that answered, as the app or the bump names it.
        lanes: By stream.
    """

    role: Literal["base", "cand"]
    model: str
    lanes: tuple[Lane, ...]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of all lanes."""
        return tuple(trial for lane in self.lanes for trial in lane.trials)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of all lanes."""
        return tuple(mark for lane in self.lanes for mark in lane.marks)

    @property
    def fraction(self) -> tuple[int, int]:
        """Good trials, and all."""
        return sum(lane.good for lane in self.lanes), sum(lane.of for lane in self.lanes)


@dataclass(frozen=True)
class Entry:
    """What one test came to.

    Attributes:
        test: Node id.
        kind: Under which verdict it is listed.
        sentence: What changed, or why there is no verdict; names are in backquotes.
        statement: How the verdict was reached, in words; None where there is nothing to say.
        sides: Baseline first; one in a plain run.
        behaves: Whether the marks tell of a behavior (which both models pass with).
        differences: What the candidate does otherwise, the one to tell first.
        decided: The rates at the look that decided, `20/20 → 1/4`; None where none did.
        result: The test's result as the run holds it.
    """

    test: str
    kind: Kind
    sentence: str | None
    statement: str | None
    sides: tuple[Side, ...]
    behaves: bool
    differences: tuple[Difference, ...]
    decided: str | None
    result: TestResult

    @property
    def module(self) -> str:
        """The node id up to the function's name, `::` included."""
        head, separator, _ = self.test.partition("::")
        return head + separator

    @property
    def name(self) -> str:
        """The node id without its module."""
        return self.test.removeprefix(self.module) or self.test

    @property
    def rates(self) -> str:
        """`20/20 → 1/4`."""
        return " → ".join("{}/{}".format(*side.fraction) for side in self.sides)


def gated_entry(result: TestResult, decision: Decision, models: tuple[str, ...]) -> Entry:
    """What a test came to in a gate.

    Args:
        result: Its result.
        decision: The gate's.
        models: Baseline and candidate.
    """
    verdict = decision.verdicts.get(result.test) or TestVerdict(
        result.test, "undecided", detail=_LOST
    )
    kind = _VERDICTS[verdict.verdict]
    if verdict.reason == "already_failing":
        kind = "ungated"
    if kind == "regressed" and verdict.accepted is not None:
        kind = "changed"
    streams = {name: [t for t in result.trials if t.stream == name and t.attempt in
                      (1 if name == "base" else verdict.attempt or decision.attempt,)]
               for name in ("base", "base_fresh", "cand")}  # fmt: skip
    mark: Callable[[Trial], Mark] = _outcome
    behaves = verdict.verdict == "changed" and bool(verdict.differences)
    if behaves:
        new = shows(verdict.differences[0].kind, streams["base"], streams["cand"])
        mark = lambda trial: "yes" if new(trial) else "no"  # noqa: E731
    screen, duel = _split(streams["cand"], verdict)
    base = [_lane("recorded", streams["base"], mark), _lane("fresh", streams["base_fresh"], mark)]
    cand = [_lane("screen" if duel else "candidate", screen, mark), _lane("duel", duel, mark)]
    sides: tuple[Side, ...] = (
        Side("base", models[0], tuple(lane for lane in base if lane.trials)),
        Side("cand", models[1], tuple(lane for lane in cand if lane.trials)),
    )
    if not any(side.lanes for side in sides):
        sides = ()
    told = _sentence(verdict), _statement(verdict, decision)
    decided = verdict.rates if verdict.baseline[1] and not behaves else None
    return Entry(result.test, kind, *told, sides, behaves, verdict.differences, decided, result)


def _split(trials: Sequence[Trial], verdict: TestVerdict) -> tuple[list[Trial], list[Trial]]:
    """The candidate's trials of the screen, and those of the duel."""
    if verdict.stage != "duel":
        return list(trials), []
    seen = 0
    for number, trial in enumerate(trials):
        if seen == verdict.screened[1]:
            return list(trials[:number]), list(trials[number:])
        seen += trial.outcome in ("pass", "fail")
    return list(trials), []


def _sentence(verdict: TestVerdict) -> str | None:
    if verdict.reason == "already_failing":
        return f"already failing: {verdict.rates}"
    told = verdict.differences[0].counted if verdict.differences else None
    if verdict.verdict == "regressed" and verdict.accepted is not None:
        return f"regressed and accepted ({verdict.accepted}): {told or verdict.rates}"
    if verdict.verdict == "undecided" and told and verdict.detail:
        return f"{told}; {verdict.detail}"
    return verdict.detail if verdict.verdict == "not gated" or told is None else told


def _statement(verdict: TestVerdict, decision: Decision) -> str | None:
    """How the verdict was reached."""
    if verdict.verdict == "not gated":
        return None
    told = words.sentence(verdict, decision).removeprefix(f"{verdict.test}: ")
    if verdict.interval is not None:
        low, high = (-bound for bound in reversed(verdict.interval))
        told += f". Drop {low:.2f} to {high:.2f} (95%; descriptive, stopping biases it)"
    return f"{verdict.verdict}: {told}" if verdict.verdict == "regressed" else told


def plain_entry(result: TestResult) -> Entry:
    """What a test came to in a plain run."""
    if not result.trials:
        return Entry(result.test, "failed", _LOST, None, (), False, (), None, result)
    lane = _lane("", result.trials, _outcome)
    model = ", ".join(sorted({m for trial in result.trials for m in trial.models}))
    alone = Side("base", model or "no model", (lane,))
    kind, sentence = _plain_kind(result)
    return Entry(result.test, kind, sentence, None, (alone,), False, (), None, result)


def _plain_kind(result: TestResult) -> tuple[Kind, str | None]:
    outcomes = [trial.outcome for trial in result.trials]
    cause = next((cause_of(t) for t in result.trials if t.outcome != "pass" and t.cause), None)
    if not outcomes or "skip" in outcomes:
        return "not run", f"skipped: {cause}" if cause else "skipped"
    if "abort" in outcomes or "void" in outcomes:
        return "failed", cause
    passed = outcomes.count("pass")
    # `planned` trials and a pass rate decide; a run that was stopped early has fewer.
    return ("passed" if result.passed else "failed"), cause if passed < len(outcomes) else None


def _lane(label: str, trials: Sequence[Trial], mark: Callable[[Trial], Mark]) -> Lane:
    return Lane(label, tuple(trials), tuple(mark(trial) for trial in trials))


def _outcome(trial: Trial) -> Mark:
    if trial.outcome in ("pass", "fail"):
        return "pass" if trial.outcome == "pass" else "fail"
    return "void"


def cause_of(trial: Trial) -> str | None:
    """Why a trial did not pass, without the words of the assertion.

    >>> cause_of(Trial("t", "base", 0, "fail", "assert <no: `refund` called>"))
    '`refund` called'
    """
    return None if trial.cause is None else _ASSERTED.sub(r"\1", trial.cause)


def failing_line(entry: Entry) -> int | None:
    """The line of the test file whose check failed first, by what the trials kept."""
    for side in reversed(entry.sides):
        for trial in side.trials:
            if trial.outcome == "fail" and trial.checks and trial.checks[-1].line is not None:
                return trial.checks[-1].line
    return None
