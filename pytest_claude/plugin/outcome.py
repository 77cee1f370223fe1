"""What a trial came to: its outcome, and the report that shows why."""

from __future__ import annotations

import unittest
from collections.abc import Sequence

import pytest

from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.trial import CheckNote, Outcome, Trial
from pytest_claude.errors import (
    CassetteMiss,
    CheckFailed,
    NoEvidence,
    NotSent,
    RecordingProblem,
    Row,
    SpoiledTrial,
)
from pytest_claude.expect.checks.traffic import makes_no_call
from pytest_claude.expect.result import Check
from pytest_claude.plugin import explain
from pytest_claude.plugin.arms import Arm
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.report.numbers import plural
from pytest_claude.run.record import Stale


def complete(
    item: pytest.Item,
    record: TrialRun,
    arm: Arm,
    view: ClaudeFixture,
    *,
    strict: bool,
    profiled: bool,
) -> None:
    """Say what a trial came to, and make its report show why.

    `profiled` says whether someone will read a profile: looking for the questions in a long
    answer takes longer than replaying it.
    """
    recorder = arm.recorder
    outcome, cause = _outcome(record, recorder.problems)
    if outcome == "pass" and recorder.replaying and recorder.unused:
        of = len(recorder.unused) + len(recorder.calls)
        record.unused = [
            f"{recorder.shown_path}, interaction {number} of {of}" for number in recorder.unused
        ]
    elif outcome == "pass" and recorder.unopened is not None:
        record.unused = [f"{recorder.unopened}, whole: no call was made"]
    if record.unused:
        if strict:
            outcome, cause = "fail", f"{plural(len(record.unused), 'recording')} not played"
            _show_unused(record, cause, arm)
    of_app = [call for call in recorder.calls if not call.judges]
    if outcome == "pass" and (idle := list(recorder.faults.idle)):
        outcome, cause = "fail", idle[0]
        _show_idle(record, idle)
    if outcome == "fail" and arm.gated and arm.step.stream != "cand":
        if (gone := _not_served(view)) is not None:
            outcome, cause = "abort", gone
    record.trial = Trial(
        test=item.nodeid,
        stream=arm.step.stream,
        index=arm.step.index,
        outcome=outcome,
        cause=cause,
        models=tuple(sorted({recorder.calls.names.canonical(c.model) for c in of_app if c.model})),
        cassette=recorder.shown_path,
        interactions=len(recorder.calls),
        checks=tuple(
            CheckNote(c.name, c.outcome, c.reason, dict(c.facts), expected=c.expected, line=at)
            for c, at in zip(view._kept, view._lines, strict=True)
        ),
        profile=(
            profile(
                view._transcript(),
                output_tools=arm.reading.output_tools,
                asking_tools=arm.reading.asking_tools,
            )
            if profiled and of_app
            else None
        ),
        rewrites=tuple(arm.rewrites),
        simulated_by=recorder.calls.simulated_by,
        attempt=arm.attempt,
        model=recorder.calls.models[0] if recorder.calls.models else "",
        replies=recorder.calls.replies if profiled else (),
        cost_usd=_cost_usd(view, arm) if profiled and of_app else None,
        entries=recorder.numbers,
        held_back=bool(recorder.problems) and isinstance(recorder.problems[0], NotSent),
    )
    if recorder.problems:
        _show_problem(record, recorder.problems)
    elif "call" in record.raised or record.subtests:
        _show_check(record, arm, view)


def _not_served(view: ClaudeFixture) -> str | None:
    """Why the baseline has no behavior to show: its model is not served any more."""
    for answer in view._transcript().answers:
        if answer.status == 404 and answer.error is not None:
            if answer.error.type == "not_found_error":
                return f"{answer.model} is not served any more: {answer.error.message}"
    return None


def _cost_usd(view: ClaudeFixture, arm: Arm) -> float | None:
    return arm.reading.pricing(view._transcript().answers).usd


def _show_idle(record: TrialRun, idle: Sequence[str]) -> None:
    report = record.reports["call"]
    report.outcome = "failed"
    report.longrepr = explain.headline_repr(idle[0])
    report.__dict__.pop("wasxfail", None)
    record.rows = [
        ("expected", "each injected fault is met by as many calls as the test said"),
        *(("observed", line) for line in idle),
        ("to go on", "inject before the app calls; lower times=; the SDK's retries count as calls,"
         " cut_stream_after and slow_stream_s need a stream"),
    ]  # fmt: skip


def _show_unused(record: TrialRun, cause: str, arm: Arm) -> None:
    report = record.reports["call"]
    report.outcome = "failed"
    report.longrepr = explain.headline_repr(f"{cause} (--claude-strict)")
    report.__dict__.pop("wasxfail", None)
    record.rows = [
        ("expected", "every recorded call is made"),
        ("observed", "the app calls less"),
        *(("evidence", line) for line in record.unused),
        ("to drop it", f"{arm.recorder.command} --claude-record"),
    ]
    record.unused = []


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
    if isinstance(first, CassetteMiss):
        record.stale = Stale(first.cause, first.edit, first.calls)
    when = "call" if "call" in record.reports else "setup"
    report = record.reports[when]
    report.outcome = "failed"
    report.longrepr = explain.problem_repr(first)
    report.__dict__.pop("wasxfail", None)
    record.rows = explain.problem_rows(first, len(problems) - 1)
    raised = record.raised.get(when)
    # Of a spoiled trial the app met an error of the SDK, which may have reached the test.
    its = (RecordingProblem, Exception) if isinstance(first, SpoiledTrial) else RecordingProblem
    if not isinstance(raised, its) or isinstance(raised, AssertionError):
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
        record.rows = explain.check_rows(check, record.result, _to_type(check, arm, view))


def _to_type(check: Check, arm: Arm, view: ClaudeFixture) -> list[Row]:
    if makes_no_call(view._transcript()):  # nothing that could be recorded again
        rows = [("to go on", "call the app before the check; it called no model in this test")]
        asked = check.outcome is None
        return [*rows, ("on purpose", "assert claude.makes_no_call()")] if asked else rows
    if arm.gated:  # recording it anew is another attempt
        return [("to repeat it", arm.recorder.command)]
    if arm.recorder.shared:
        return [("to redo it", f"rm {arm.recorder.shown_path}"), ("", "pytest --claude-record")]
    return [("to redo it", f"{arm.recorder.command} --claude-record=all")]


def _first_line(raised: BaseException) -> str:
    text = str(raised).strip() or type(raised).__name__
    name = "" if isinstance(raised, AssertionError) else f"{type(raised).__name__}: "
    return (name + text).splitlines()[0][:200]
