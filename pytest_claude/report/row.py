"""One test as every report lists it: its status, what changed, and the trials of both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.difference import Difference, shows
from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.gating.ledger import TestTrials
from pytest_claude.gating.measures import means
from pytest_claude.gating.status import Reason
from pytest_claude.report import words
from pytest_claude.report.cause import Cause, cause, cause_of
from pytest_claude.report.sets import set_text
from pytest_claude.report.words import Word
from pytest_claude.run.record import Status, TestResult
from pytest_claude.run.sets import SetCount

Place = tuple[str, int]
"""A cassette as it is shown, and the number of an interaction in it, from 1."""
Mark = Literal["pass", "fail", "void", "yes", "no"]


@dataclass(frozen=True)
class Lane:
    """The trials of one stage, in order.

    Attributes:
        label: The stage: "recorded", "fresh", "screen", "duel" or "candidate"; "" where there is
            one lane alone.
        trials: All of them.
        marks: The outcome of each, as it is drawn, or whether it behaves in a new way. A trial
            that is not evidence, a copy among them, is "void".
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
        lanes: By stage.
        passed: Trials that passed, and all that are evidence: the sum over the lanes.
    """

    role: Literal["base", "cand"]
    model: str
    lanes: tuple[Lane, ...]
    passed: tuple[int, int]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of all lanes."""
        return tuple(trial for lane in self.lanes for trial in lane.trials)

    @property
    def evidence(self) -> tuple[Trial, ...]:
        """The trials that are evidence, in order."""
        pairs = zip(self.trials, self.marks, strict=True)
        return tuple(trial for trial, mark in pairs if mark != "void")

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of all lanes."""
        return tuple(mark for lane in self.lanes for mark in lane.marks)


@dataclass(frozen=True)
class Row:
    """One test of a run.

    Attributes:
        test: Node id.
        status: Its verdict, or in a plain run whether it passed.
        reason: Why; None where the counts say it.
        sentence: What the candidate does otherwise, or why a plain test failed; names are in
            backquotes. None where nothing is to be said.
        because: The reason in words; None where the sentence says it.
        evidence: What the duel showed; None without one.
        sides: Baseline first; one in a plain run; none where no trial was made.
        behaves: Whether the marks show a behavior (which both models pass with).
        differences: What the candidate does otherwise, the one to tell first.
        cost_ratio: Mean cost per trial of the candidate over the baseline's, on the first look;
            of output tokens where the price is unknown. None where neither is known.
        result: The test's result as the run holds it.
        place: The cassette that shows the sentence, and the number of the interaction in it.
    """

    test: str
    status: Status
    reason: Reason | None
    sentence: str | None
    because: str | None
    evidence: str | None
    sides: tuple[Side, ...]
    behaves: bool
    differences: tuple[Difference, ...]
    cost_ratio: float | None
    result: TestResult
    place: Place | None = None

    @property
    def word(self) -> Word:
        """The word for its status on every surface."""
        return words.word(self.status, self.reason)

    @property
    def fails(self) -> bool:
        """Whether it keeps the run from passing."""
        return self.word in ("refused", "regressed", "undecided", "failed")

    @property
    def text(self) -> str | None:
        """The sentence and the reason in one line."""
        return "; ".join(filter(None, (self.sentence, self.because))) or None

    @property
    def rates(self) -> str:
        """Passed trials, and all that are evidence, of each side that has any: `23/23 → 4/12`."""
        return " → ".join("{}/{}".format(*side.passed) for side in self.sides if side.passed[1])

    @property
    def module(self) -> str:
        """The node id up to the function's name, `::` included."""
        head, separator, _ = self.test.partition("::")
        return head + separator

    @property
    def name(self) -> str:
        """The node id without its module."""
        return self.test.removeprefix(self.module) or self.test


def gated_row(
    result: TestResult,
    verdict: TestVerdict,
    decision: Decision,
    trials: TestTrials,
    models: tuple[str, str],
) -> Row:
    """One test of a gate.

    Args:
        result: Its result.
        verdict: The gate's on it.
        decision: The gate's on the suite.
        trials: Its trials, as the gate reads them.
        models: Baseline and candidate.
    """
    behaves = verdict.verdict == "changed" and bool(verdict.differences)
    why = _cause(verdict, trials)
    first = verdict.differences[0] if verdict.differences else None
    sides = _sides(verdict, trials, models, behaves=behaves)
    because = words.because(verdict.reason, verdict.values)
    return Row(
        result.test,
        verdict.verdict,
        verdict.reason,
        _sentence(why, first),
        None if verdict.reason == "refused" and verdict.differences else because,
        words.evidence(verdict, decision),
        sides if any(side.lanes for side in sides) else (),
        behaves,
        verdict.differences,
        _cost_ratio(trials, decision),
        result,
        _place(why, first),
    )


def _cause(verdict: TestVerdict, trials: TestTrials) -> Cause | None:
    """Why a regressed test fails; what the API refuses says it itself."""
    if verdict.verdict != "regressed" or (verdict.reason == "refused" and verdict.differences):
        return None
    base, fresh = trials.base.trials, trials.usable("base_fresh", verdict.used[1])
    cand = trials.usable("cand", verdict.used[0])
    return cause((*base, *fresh), cand, verdict.first_failure)


def _sentence(why: Cause | None, first: Difference | None) -> str | None:
    if why is not None:
        return why.sentence or None
    return None if first is None else first.counted


def _place(why: Cause | None, first: Difference | None) -> Place | None:
    if why is not None:
        cassette, interaction = why.trial.cassette, why.interaction
    elif first is not None:
        cassette, interaction = first.cassette, first.interaction
    else:
        return None
    return None if cassette is None else (cassette, interaction)


def plain_row(result: TestResult, forgiven: SetCount | None = None) -> Row:
    """One test of a plain run.

    Args:
        result: Its result.
        forgiven: The set of a case that failed, where enough other cases of it passed.
    """
    status, reason, sentence = _plain_status(result)
    if forgiven is not None:
        status, sentence = "passed", f"failed, and its set passes: {set_text(forgiven)}; {sentence}"
    lane = _lane("", result.trials, _outcome)
    model = ", ".join(sorted({m for trial in result.trials for m in trial.models}))
    side = Side("base", model or "no model", (lane,), (lane.good, lane.of))
    because = None if reason is None else words.because(reason, {"why": sentence})
    return Row(
        result.test, status, reason, None if reason else sentence, because, None,
        (side,) if result.trials else (), False, (), None, result,
    )  # fmt: skip


def failing_line(row: Row) -> int | None:
    """The line of the test file whose check failed first, by what the trials kept."""
    for side in reversed(row.sides):
        for trial in side.trials:
            if trial.outcome == "fail" and trial.checks and trial.checks[-1].line is not None:
                return trial.checks[-1].line
    return None


def _sides(
    verdict: TestVerdict, trials: TestTrials, models: tuple[str, str], *, behaves: bool
) -> tuple[Side, Side]:
    """Both sides, as far as the gate has read them; surplus trials are not shown."""
    base, fresh = trials.base.trials, trials.usable("base_fresh", verdict.used[1])
    cand = trials.usable("cand", verdict.used[0])
    mark: Callable[[Trial], Mark] = _outcome
    if behaves:
        new = shows(verdict.differences[0].kind, (*base, *fresh), cand)
        mark = lambda trial: "yes" if new(trial) else "no"  # noqa: E731
    seen = trials.around("cand", cand)
    duel = cand[verdict.screened[1] :] if verdict.stage == "duel" else ()
    first = duel[0].index if duel else len(seen) + 1
    lanes = (
        _lane("recorded", trials.around("base", base), mark, base),
        _lane("fresh", trials.around("base_fresh", fresh), mark, fresh),
        _lane("screen" if duel else "candidate", [t for t in seen if t.index < first], mark, cand),
        _lane("duel", [t for t in seen if t.index >= first], mark, cand),
    )
    return (
        Side("base", models[0], _filled(lanes[:2]), passed((*base, *fresh))),
        Side("cand", models[1], _filled(lanes[2:]), passed(cand)),
    )


def _lane(
    label: str, trials: Sequence[Trial], mark: Callable[[Trial], Mark],
    read: Sequence[Trial] | None = None,
) -> Lane:  # fmt: skip
    """`read` are the trials that are evidence; None where all of them may be."""
    marks: list[Mark] = [
        mark(trial) if read is None or trial in read else "void" for trial in trials
    ]
    return Lane(label, tuple(trials), tuple(marks))


def _filled(lanes: Sequence[Lane]) -> tuple[Lane, ...]:
    return tuple(lane for lane in lanes if lane.trials)


def passed(trials: Sequence[Trial]) -> tuple[int, int]:
    """How many of the trials passed, and how many there are."""
    return sum(trial.outcome == "pass" for trial in trials), len(trials)


def _outcome(trial: Trial) -> Mark:
    return trial.outcome if trial.outcome == "pass" or trial.outcome == "fail" else "void"


def _cost_ratio(trials: TestTrials, decision: Decision) -> float | None:
    for measure in ("cost_usd", "output_tokens"):
        pair = means(trials, measure, decision.policy)
        if pair is not None and all(pair):
            return pair[1] / pair[0]
    return None


def _plain_status(result: TestResult) -> tuple[Status, Reason | None, str | None]:
    """The status of a test of a plain run, its reason, and why it did not pass."""
    if not result.trials:
        return "failed", "not_arrived", None
    outcomes = [trial.outcome for trial in result.trials]
    cause = next((cause_of(t) for t in result.trials if t.outcome != "pass" and t.cause), None)
    if "skip" in outcomes:
        return "not run", "skipped", cause
    if "abort" in outcomes or "void" in outcomes:
        return "failed", None, cause
    # `planned` trials and a pass rate decide; a run that was stopped early has fewer.
    return ("passed" if result.passed else "failed"), None, cause
