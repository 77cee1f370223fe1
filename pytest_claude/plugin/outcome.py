"""What a trial showed: its outcome, the report that says why, and what it recorded over."""

from __future__ import annotations

import unittest
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from sys import intern

import pytest

from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.trial import CheckNote, Outcome, Trial
from pytest_claude.errors import (
    CassetteMiss,
    CheckFailed,
    NoEvidence,
    RecordingProblem,
    Row,
    SpoiledTrial,
    UnreadableCassette,
    Void,
)
from pytest_claude.expect.as_recorded import NAME as AS_RECORDED
from pytest_claude.expect.checks.traffic import makes_no_call
from pytest_claude.expect.result import Check
from pytest_claude.models.served import is_other
from pytest_claude.plugin import explain
from pytest_claude.plugin.arms import Arm
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.trials import Replaced, TrialRun
from pytest_claude.report.explained import check_rows, problem_rows
from pytest_claude.report.numbers import plural
from pytest_claude.run.record import Stale
from pytest_claude.transcript.model import Transcript

Ending = tuple[Outcome, str | None]
"""The outcome of a trial, and its cause in words."""


def complete(
    item: pytest.Item,
    record: TrialRun,
    arm: Arm,
    view: ClaudeFixture,
    wide: Sequence[Arm],
    *,
    held: str | None,
    strict: bool,
    profiled: bool,
) -> None:
    """Fill in the trial of an ended record, and make its report show why it failed.

    Args:
        item: The test.
        record: Its trial, with pytest's reports.
        arm: What was recorded or replayed in it.
        view: The checks that were asked in it.
        wide: The arms of its wider fixtures that asked a model.
        held: Where an earlier run of the gate saw the test ask a model; None where none did.
        strict: Whether a recording that is not played fails it.
        profiled: Whether someone will read its profile: looking for the questions in a long
            answer takes longer than replaying it.
    """
    ending = _ending(record, arm, asked=bool(arm.recorder.calls or wide))
    if ending[0] == "pass":
        record.unused = _unused(arm)
    ending = _strict(ending, record, arm) if strict else ending
    ending = _unplayed(ending, record, arm, None if wide else arm.recorder.unasked or held)
    ending = _idle(ending, record, arm)
    trial = _trial(item.nodeid, ending, arm, view, wide, profiled=profiled)
    record.trial = trial.as_evidence() if arm.settings.gated else trial
    record.stated = view._stated if ending[0] == "pass" else None
    if arm.recorder.problems:
        _show_problem(record, arm.recorder.problems)
    elif "call" in record.raised or record.subtests:
        _show_check(record, arm, view)
    _redact(record, arm)


# --- the outcome, and what overrides it -----------------------------------------------------


def _ending(record: TrialRun, arm: Arm, *, asked: bool) -> Ending:
    """How the trial ended by what was raised: a problem of the recording edge comes first.

    In a gate a set-up that asked the model fails as a body does; in a plain run the pass rate
    forgives no error in a set-up.
    """
    if problems := arm.recorder.problems:
        first = problems[0]
        return ("void", first.why) if isinstance(first, SpoiledTrial) else ("abort", first.headline)
    for when in ("setup", "call", "teardown"):
        raised = record.raised.get(when)
        if raised is None:
            continue
        if isinstance(raised, pytest.skip.Exception | unittest.SkipTest):
            return "skip", arm.recorder.redaction.text(str(raised))
        if when == "setup" and isinstance(raised, pytest.xfail.Exception):
            return "skip", "xfail, not run"
        if arm.settings.gated and _is_expected(record.reports.get(when)):
            continue
        if when == "setup" and not (arm.settings.gated and asked):
            return "abort", f"error in the set-up: {_first_line(raised, arm)}"
        return "fail", _first_line(raised, arm)
    if record.subtests:
        return "fail", plural(len(record.subtests), "failed sub-test")
    failed = next((report for report in record.reports.values() if report.failed), None)
    if failed is not None and arm.settings.gated:  # an unexpected success
        return "fail", _first_line(AssertionError(failed.longrepr), arm)
    return "pass", None


def abort_broken(runs: Sequence[TrialRun]) -> None:
    """Make red trials of a case aborted ones where not the model, but the test is to blame.

    The pass rate of a set forgives what fails in the body after a call to a model.
    """
    for run in runs:
        red = bool(run.subtests) or any(report.failed for report in run.reports.values())
        raised = run.raised.get("call")
        at_ends = any(not run.reports[when].passed for when in ("setup", "teardown"))
        ends = not isinstance(raised, Exception | pytest.fail.Exception | None)
        broken = at_ends or ends or isinstance(raised, Warning) or not run.result.interactions
        if run.result.outcome == "fail" and red and broken:
            run.trial = replace(run.result, outcome="abort")


def _is_expected(report: pytest.TestReport | None) -> bool:
    """Whether pytest takes a failure for the expected one of an `xfail`."""
    return report is not None and report.skipped and hasattr(report, "wasxfail")


def _unused(arm: Arm) -> list[str]:
    """What was recorded and not played, one line each."""
    recorder = arm.recorder
    if recorder.replaying and recorder.unused:
        of = len(recorder.unused) + len(recorder.calls)
        return [f"{recorder.shown_path}, interaction {n} of {of}" for n in recorder.unused]
    whole = recorder.unopened
    return [] if whole is None else [f"{whole}, whole: no call was made"]


def _strict(ending: Ending, record: TrialRun, arm: Arm) -> Ending:
    """Under --claude-strict a trial fails that did not play all of its recordings."""
    if not record.unused:
        return ending
    cause = f"{plural(len(record.unused), 'recording')} not played"
    explain.fail(record.reports["call"], f"{cause} (--claude-strict)")
    record.rows = [
        ("expected", "every recorded call is made"),
        ("observed", "the app calls less"),
        *(("evidence", line) for line in record.unused),
        ("to drop it", f"{arm.recorder.command} --claude-record"),
    ]
    record.unused = []
    return "fail", cause


def _unplayed(ending: Ending, record: TrialRun, arm: Arm, evidence: str | None) -> Ending:
    """In a gate a trial that played nothing of its recording shows nothing of a model."""
    if ending[0] != "pass" or not arm.settings.gated or evidence is None or arm.recorder.calls:
        return ending
    cause = "the app made no call, and its recording has some"
    explain.fail(record.reports["call"], cause)
    record.rows = [
        ("expected", "the recorded calls are made"),
        ("observed", "no call was made"),
        ("evidence", evidence),
        ("to go on", "see what kept the app from calling: it may have caught an exception"),
    ]
    record.unused = []
    return "abort", cause


def _idle(ending: Ending, record: TrialRun, arm: Arm) -> Ending:
    """A trial fails of which no call met an injected fault: it did not test what it says."""
    idle = list(arm.recorder.faults.idle)
    if ending[0] != "pass" or not idle:
        return ending
    explain.fail(record.reports["call"], idle[0])
    record.rows = [
        ("expected", "each injected fault is met by as many calls as the test said"),
        *(("observed", line) for line in idle),
        ("to go on", "inject before the app calls; lower times=; the SDK's retries count as calls,"
         " cut_stream_after and slow_stream_s need a stream"),
    ]  # fmt: skip
    return "fail", idle[0]


def _trial(
    test: str,
    ending: Ending,
    arm: Arm,
    view: ClaudeFixture,
    wide: Sequence[Arm],
    *,
    profiled: bool,
) -> Trial:
    """The trial; what its wider fixtures asked is told where it asked nothing itself."""
    (outcome, cause), names = ending, arm.settings.names
    own = next((of for of in (arm, *wide) if of.recorder.calls), arm)
    recorder, problems = own.recorder, arm.recorder.problems
    of_app = [c for of in (arm, *wide) for c in of.recorder.calls if not c.judges]
    trial = Trial(
        test=test,
        stream=arm.step.stream,
        index=arm.step.index,
        outcome=outcome,
        cause=cause,
        models=tuple(sorted({names.canonical(c.model) for c in of_app if c.model})),
        cassette=recorder.shown_path or _lost_file(problems),
        interactions=len(recorder.calls),
        checks=tuple(_note(c, at) for c, at in zip(view._kept, view._lines, strict=True)),
        profile=profile(
            own.said.transcript(),
            output_tools=own.reading.output_tools,
            asking_tools=own.reading.asking_tools,
            settle=own.reading.settle,
            is_other=partial(is_other, names=names),
        )
        if profiled and (of_app or not recorder.faults.met)
        else None,
        rewrites=tuple(dict.fromkeys(text for of in (arm, *wide) for text in of.rewrites)),
        simulated_by=recorder.calls.simulated_by,
        attempt=arm.attempt,
        model=recorder.calls.models[0] if recorder.calls.models else "",
        replies=recorder.calls.replies if profiled else (),
        cost_usd=_usd(own) if profiled else None,
        entries=recorder.numbers,
        void=_void(problems),
        refused=_refused(own),
        set_ups=tuple(of.recorder.shown_path or "" for of in wide),
        set_ups_usd=tuple(map(_usd, wide)) if profiled else (),
        edition=tuple(map(_once, own.edition)),
    )
    if own.own_efforts and trial.profile is not None:  # what the arm asked for is no behavior
        efforts = tuple(level for level in own.own_efforts if level is not None)
        trial = replace(trial, profile=replace(trial.profile, efforts=efforts))
    return replace(trial, judged=own.judge.judged)  # by what was read for the profile too


def _note(check: Check, line: int | None) -> CheckNote:
    reason, expected, observed = map(_once, (check.reason, check.expected, check.observed))
    return CheckNote(check.name, check.outcome, reason, dict(check.facts), expected, line, observed)


def _once(text: str) -> str:
    """The one copy of a text: thousands of trials have few."""
    return intern(str(text))


def _usd(arm: Arm) -> float | None:
    usd: float | None = arm.reading.pricing(arm.said.transcript().answers).usd
    return usd


def _void(problems: Sequence[RecordingProblem]) -> Void | None:
    if _lost_file(problems) is not None:
        return "unreadable"
    return problems[0].void if problems and isinstance(problems[0], SpoiledTrial) else None


def _lost_file(problems: Sequence[RecordingProblem]) -> str | None:
    """The cassette that no command makes readable, where that ended the trial."""
    first = problems[0] if problems else None
    return first.path if isinstance(first, UnreadableCassette) and first.is_lost else None


def _refused(arm: Arm) -> str | None:
    """What the API said, where it refused every request that a bump compares; else None."""
    canonical = arm.settings.names.canonical
    olds = {canonical(swap.old) for swap in arm.settings.bump}
    answers = [a for a in arm.said.transcript().answers if canonical(a.model or "") in olds]
    refusals = [a.error.message for a in answers if a.error is not None and a.status < 500]
    return refusals[0] if refusals and len(refusals) == len(answers) else None


def _first_line(raised: BaseException, arm: Arm) -> str:
    text = arm.recorder.redaction.text(str(raised)).strip() or type(raised).__name__
    name = "" if isinstance(raised, AssertionError) else f"{type(raised).__name__}: "
    return (name + text).splitlines()[0][:200]


# --- the report -----------------------------------------------------------------------------


def _redact(record: TrialRun, arm: Arm) -> None:
    """What pytest shows of the test, its locals and logs too, holds no secret that is known."""
    text = arm.recorder.redaction.text
    for report in record.reports.values():
        explain.redact(report, text)
    record.rows = [(label, text(row)) for label, row in record.rows]
    record.subtests = [text(subtest) for subtest in record.subtests]


def _show_problem(record: TrialRun, problems: Sequence[RecordingProblem]) -> None:
    """A problem of the recording edge is the headline, also over what the app made of it."""
    first = problems[0]
    record.rows = problem_rows(problems)
    if isinstance(first, SpoiledTrial) and first.void == "timed_out":
        return  # pytest shows the line where the test was
    if isinstance(first, CassetteMiss):
        record.stale = Stale(first.cause, first.edit, first.calls)
    when = "call" if "call" in record.reports else "setup"
    explain.fail(record.reports[when], first)
    raised = record.raised.get(when)
    if isinstance(first, SpoiledTrial) and first.void == "other_model":
        return  # the app met no error
    of_judge = isinstance(raised, NoEvidence) and getattr(raised.check, "name", "") == "judge"
    if not of_judge and (not isinstance(raised, Exception) or isinstance(raised, AssertionError)):
        record.rows.insert(2, ("", "the app caught the error"))


def _show_check(record: TrialRun, arm: Arm, view: ClaudeFixture) -> None:
    raised = record.raised.get("call")
    report = record.reports["call"]
    placeless = record.by_marker is not None or isinstance(raised, NoEvidence)
    if raised is not None and placeless and report.failed:
        report.longrepr = explain.one_line(raised)  # no line of the test is to blame
    if not isinstance(raised, AssertionError):
        return
    check = view._last_asked
    if isinstance(raised, CheckFailed | NoEvidence) and isinstance(raised.check, Check):
        check = raised.check
    elif check is not None and check.outcome and repr(check) not in str(raised):
        return  # it held, and something else failed
    if check is not None:
        record.rows = check_rows(check, record.result, _to_type(check, arm, view))


def _to_type(check: Check, arm: Arm, view: ClaudeFixture) -> list[Row]:
    if makes_no_call(arm.said.transcript()):  # nothing that could be recorded again
        rows = [("to go on", "call the app before the check; it called no model in this test")]
        meant = [("on purpose", "assert claude.makes_no_call()")]
        return [*rows, *(meant if check.outcome is None else ())]
    if check.name == AS_RECORDED and check.outcome is not True:
        of = view._accepting()
        if not of.file.path.exists():
            return [("to accept it", of.command)]
        if check.outcome is False and not arm.settings.gated:
            accept = [("accepted in", of.file.shown), ("to accept it", of.command)]
            return [*accept, ("to redo it", f"{arm.recorder.command} --claude-record=all")]
    if check.outcome is None and getattr(check, "certain", True) is False and arm.judge.is_asked:
        return [("to have it read", f"{arm.recorder.command} --claude-record")]
    if arm.settings.gated:  # recording it anew is another attempt
        return [("to repeat it", arm.recorder.command)]
    if arm.recorder.shared:
        return [("to redo it", f"rm {arm.recorder.shown_path}"), ("", "pytest --claude-record")]
    return [("to redo it", f"{arm.recorder.command} --claude-record=all")]


# --- recording over an older recording ------------------------------------------------------


def replaced(before: Transcript | None, arm: Arm) -> Replaced | None:
    """What a trial recorded over; None where nothing, or every answer is the one it was."""
    after, tools = arm.said.transcript(), arm.reading.output_tools
    if before is None or not before.answers or not after.answers:
        return None
    if [answer.content for answer in before.answers] == [a.content for a in after.answers]:
        return None
    return profile(before, output_tools=tools), profile(after, output_tools=tools)
