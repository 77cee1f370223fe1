"""What a trial came to: its outcome, and the report that shows why."""

from __future__ import annotations

import unittest
from collections.abc import Sequence

import pytest

from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.trial import CheckNote, Outcome, Trial
from pytest_claude.errors import CheckFailed, NoEvidence, RecordingProblem, SpoiledTrial
from pytest_claude.expect.result import Check
from pytest_claude.models.ids import canonical_model
from pytest_claude.plugin import explain
from pytest_claude.plugin.arms import Arm
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.report.numbers import plural


def complete(item: pytest.Item, record: TrialRun, arm: Arm, view: ClaudeFixture) -> None:
    """Say what a trial came to, and make its report show why."""
    recorder = arm.recorder
    outcome, cause = _outcome(record, recorder.problems)
    transcript = view._transcript()
    record.trial = Trial(
        test=item.nodeid,
        stream=arm.step.stream,
        index=arm.step.index,
        outcome=outcome,
        cause=cause,
        models=tuple(sorted({canonical_model(c.model) for c in recorder.calls if c.model})),
        cassette=recorder.shown_path,
        interactions=len(recorder.calls),
        checks=tuple(CheckNote(c.name, c.outcome, c.reason) for c in view._kept),
        profile=profile(transcript, output_tools=arm.output_tools) if recorder.calls else None,
        rewrites=tuple(arm.rewrites),
        simulated_by=recorder.simulated_by,
    )
    if outcome == "pass" and recorder.replaying:
        of = len(recorder.unused) + len(recorder.calls)
        record.unused = [
            f"{recorder.shown_path}, interaction {number} of {of}" for number in recorder.unused
        ]
    if recorder.problems:
        _show_problem(record, recorder.problems)
    elif "call" in record.raised or record.subtests:
        _show_check(record, arm, view)


def _outcome(record: TrialRun, problems: Sequence[RecordingProblem]) -> tuple[Outcome, str | None]:
    if problems:
        void = isinstance(problems[0], SpoiledTrial)
        return ("void" if void else "abort"), problems[0].headline
    for when in ("setup", "call", "teardown"):
        raised = record.raised.get(when)
        if raised is None:
            continue
        if isinstance(raised, pytest.skip.Exception | unittest.SkipTest):
            return "skip", str(raised)
        if when == "setup":
            return "abort", f"error in the set-up: {_first_line(raised)}"
        return "fail", _first_line(raised)
    if record.subtests:
        return "fail", plural(len(record.subtests), "failed sub-test")
    return "pass", None


def _show_problem(record: TrialRun, problems: Sequence[RecordingProblem]) -> None:
    """A problem of the recording edge is the headline, also over what the app made of it."""
    first = problems[0]
    when = "call" if "call" in record.reports else "setup"
    report = record.reports[when]
    report.outcome = "failed"
    report.longrepr = explain.problem_repr(first)
    report.__dict__.pop("wasxfail", None)
    record.rows = explain.problem_rows(first, len(problems) - 1)
    if not isinstance(record.raised.get(when), RecordingProblem):
        record.rows.insert(2, ("", "the app caught the error"))


def _show_check(record: TrialRun, arm: Arm, view: ClaudeFixture) -> None:
    raised = record.raised.get("call")
    report = record.reports["call"]
    placeless = record.by_marker is not None or isinstance(raised, NoEvidence)
    if raised is not None and placeless and report.failed:
        report.longrepr = explain.problem_repr(raised)  # no line of the test is to blame
    if not isinstance(raised, AssertionError):
        return
    check = view._last_asked
    if isinstance(raised, CheckFailed | NoEvidence) and isinstance(raised.check, Check):
        check = raised.check
    elif check is not None and check.outcome and repr(check) not in str(raised):
        return  # it held, and something else failed
    if check is not None:
        commands = [("to redo it", arm.recorder.rerecord)]
        of = len(arm.recorder.calls)
        record.rows = explain.check_rows(check, arm.recorder.shown_path, of, commands)


def _first_line(raised: BaseException) -> str:
    text = str(raised).strip() or type(raised).__name__
    name = "" if isinstance(raised, AssertionError) else f"{type(raised).__name__}: "
    return (name + text).splitlines()[0][:200]
