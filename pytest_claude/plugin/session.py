"""What one test run holds where items are: runs the claude tests, never prints or writes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.trial import CheckNote, Outcome, Trial
from pytest_claude.errors import CheckFailed, NoEvidence, RecordingProblem, SpoiledTrial
from pytest_claude.gating.plain import Verdict, judge, plan_plain
from pytest_claude.gating.plan import Plan, Step
from pytest_claude.models.ids import canonical_model
from pytest_claude.plugin import explain, trials
from pytest_claude.plugin.arms import Arm, Arms
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.markers import TEST_SETTINGS, marker_checks
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.recording import transport
from pytest_claude.report.artifact import TestResult
from pytest_claude.report.numbers import plural
from pytest_claude.settings import RunSettings, TestSettings

# Our wrappers stand round every test of the session; their frames are of no interest to it.
__tracebackhide__ = True


class ClaudeSession:
    """Runs the claude tests of one process.

    Attributes:
        claude_tests: Node ids of the claude tests that are to run.
        outside: Refused calls that no claude test made.
    """

    def __init__(self, config: pytest.Config, settings: RunSettings, tests: Sequence[str]) -> None:
        self.claude_tests = tuple(tests)
        self._settings = settings
        self._arms = Arms(config, settings)
        self._closed = transport.ClosedLine()
        self._held: list[tuple[pytest.Item, Plan, list[TrialRun]]] = []
        self._running: TrialRun | None = None
        self._arm: Arm | None = None
        self._notes: dict[str, None] = {}
        self._causes: dict[str, str] = {}
        self._told_collected = False

    @property
    def outside(self) -> list[str]:
        """What was refused outside the claude tests, one sentence each."""
        return [problem.headline for problem in self._closed.problems]

    # --- hooks ------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Stand between the session and the API, and run what had to wait."""
        if session.config.option.collectonly:
            return (yield)
        guarded = self._settings.guard == "session" and not self._settings.recording
        transport.install()
        try:
            with transport.line(self._closed if guarded else None):
                result = yield
                self._run_held()
                return result
        finally:
            self._publish_undecided()
            transport.uninstall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run a claude test trial by trial; other tests are pytest's."""
        option = item.config.option
        if TEST_SETTINGS not in item.stash or option.setuponly or option.setupplan:
            return None
        transport.patch_imported()
        plan = plan_plain(item.stash[TEST_SETTINGS].trials, olds=self._arms.olds)
        runs: list[TrialRun] = []
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        if trials.run(item, plan, self._watch(runs), runs):
            self._publish(item, runs, nextitem)
        else:
            self._held.append((item, plan, runs))
            trials.finish(item, nextitem)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give unittest classes `self.claude`; after the body, ask the marker checks."""
        view = item.stash.get(CURRENT, None)
        if view is None:
            return (yield)
        if (case := getattr(item, "instance", None)) is not None and _is_unittest(case):
            case.claude = view
        result = yield
        if not getattr(item, "_excinfo", None):
            self._ask_markers(item, view)
        return result

    def _ask_markers(self, item: pytest.Item, view: ClaudeFixture) -> None:
        try:
            for marker in marker_checks(item):
                check = marker.check(view)
                if not check:
                    raise CheckFailed(marker.mark.name, check)
        except Exception as error:
            assert self._running is not None, "the test is in its call phase"
            self._running.by_marker = error
            raise

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A failed sub-test fails its trial, not the session: pass_rate may forgive the trial."""
        report = yield
        record = self._running
        if record is not None and record.in_body and report.failed:
            record.subtests.append(str(report.longrepr))
            report.outcome, report.longrepr = "passed", None
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: Any
    ) -> Generator[None, object, object]:
        """Note when a fixture wider than the test calls the API."""
        arm = self._arm
        before = len(arm.recorder.calls) if arm is not None else 0
        try:
            return (yield)
        finally:
            if arm is not None and fixturedef.scope != "function":
                if len(arm.recorder.calls) > before:
                    self._notes.setdefault(_wide_note(fixturedef, request))

    # --- one trial --------------------------------------------------------------------------

    def _watch(self, runs: list[TrialRun]) -> trials.Watch:
        @contextmanager
        def watch(item: pytest.Item, step: Step) -> Iterator[TrialRun]:
            arm = self._arms.open(item, step)
            view = ClaudeFixture(arm)
            item.stash[CURRENT] = view
            record = TrialRun(interactive=self._decides(item.stash[TEST_SETTINGS], runs))
            self._running, self._arm = record, arm
            ended = False
            try:
                with transport.line(arm.recorder):
                    yield record
                ended = "call" in record.reports
            finally:
                self._running = self._arm = None
                del item.stash[CURRENT]
                self._arms.close(item, arm, ended=ended)
            complete(item, record, arm, view)
            if (first := self._same_cause(item, arm)) is not None:
                explain.refer_to(record.reports, first)
                record.rows = []

        return watch

    def _same_cause(self, item: pytest.Item, arm: Arm) -> str | None:
        """The test that was first stale for the same edit: it is told once, not in every test."""
        problem = arm.recorder.problems[0] if arm.recorder.problems else None
        cause = getattr(problem, "cause", None)
        first = self._causes.setdefault(cause, item.nodeid) if cause else item.nodeid
        return first if first != item.nodeid else None

    def _decides(self, settings: TestSettings, runs: Sequence[TrialRun]) -> bool:
        """Whether one more failed trial makes the pass rate unreachable."""
        failed = sum(run.result.outcome != "pass" for run in runs)
        return not self._settings.bump and failed + settings.passes_needed >= settings.trials

    # --- one test ---------------------------------------------------------------------------

    def _run_held(self) -> None:
        """Run the tests that had to wait for the trials of others."""
        for number, (item, plan, runs) in enumerate(list(self._held)):
            done = trials.run(item, plan, self._watch(runs), runs)
            assert done, "a plan that waits must be able to go on when all others have run"
            del self._held[0]
            following = self._held[0][0] if number < len(self._held) and self._held else None
            self._publish(item, runs, following)

    def _publish_undecided(self) -> None:
        """A test that was held and never decided is told as such: it must not be missing."""
        for item, _, runs in self._held:
            if runs:
                verdict = Verdict("undecided", "the run was stopped", (0, 0), (0, 0))
                reports = trials.merged(runs, runs[-1])
                _fail(reports, explain.headline_repr("undecided: the run was stopped"))
                self._attach(item, reports, runs, verdict)
                trials.publish(item, reports, lambda: None)
        self._held.clear()

    def _publish(
        self, item: pytest.Item, runs: list[TrialRun], nextitem: pytest.Item | None
    ) -> None:
        settings = item.stash[TEST_SETTINGS]
        verdict = None
        if self._settings.bump:
            verdict = judge([r.result for r in runs], settings.passes_needed, self._arms.olds)
            reports = _gated(runs, verdict)
        else:
            reports = _counted(runs, settings)
        self._attach(item, reports, runs, verdict)
        trials.publish(item, reports, lambda: trials.finish(item, nextitem))

    def _attach(
        self,
        item: pytest.Item,
        reports: trials.Reports,
        runs: Sequence[TrialRun],
        verdict: Verdict | None,
    ) -> None:
        """Results travel on the teardown report: xdist carries it, junit does not show it."""
        result = TestResult(
            item.nodeid,
            tuple(run.result for run in runs),
            verdict,
            tuple(line for run in runs for line in run.unused),
            tuple(self._notes),
        )
        self._notes.clear()
        data = result.to_json()
        if not self._told_collected:
            data["collected"] = list(self.claude_tests)
            self._told_collected = True
        reports["teardown"].claude = data  # type: ignore[attr-defined]


def complete(item: pytest.Item, record: TrialRun, arm: Arm, view: ClaudeFixture) -> None:
    """Say what a trial came to, and make its report show why."""
    recorder = arm.recorder
    outcome, cause = _outcome(record, recorder.problems)
    transcript = view._transcript()
    asked = [call.asked_model or "" for call in recorder.calls] if recorder.calls else []
    record.trial = Trial(
        test=item.nodeid,
        stream=arm.step.stream,
        index=arm.step.index,
        outcome=outcome,
        cause=cause,
        models=tuple(sorted({canonical_model(model) for model in asked if model})),
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
        if isinstance(raised, pytest.skip.Exception) or _is_skip_test(raised):
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
    if isinstance(raised, CheckFailed | NoEvidence):
        check = raised.check
    elif check is not None and check.outcome and repr(check) not in str(raised):
        return  # it held, and something else failed
    if check is not None:
        commands = [("to redo it", arm.recorder.rerecord)]
        of = len(arm.recorder.calls)
        record.rows = explain.check_rows(check, arm.recorder.shown_path, of, commands)


# --- what is published ----------------------------------------------------------------------


def _counted(runs: Sequence[TrialRun], settings: TestSettings) -> trials.Reports:
    """The reports of a plain run: the pass rate over the trials decides."""
    passed = [run for run in runs if run.result.outcome == "pass"]
    special = [run for run in runs if run.result.outcome in ("skip", "void", "abort")]
    if special:
        shown, heading = special[0], f"trial {special[0].result.index + 1} of {settings.trials}"
    elif len(passed) >= settings.passes_needed:
        return trials.merged(runs, passed[-1])
    else:
        shown = next(run for run in runs if run.result.outcome == "fail")
        heading = _which(shown, settings)
    if not special and settings.trials > 1:
        count = f"{len(passed)} of {plural(len(runs), 'trial')} passed"
        needed = f"{settings.passes_needed} needed"
        heading = f"{heading} ({count}, {needed}: pass_rate {settings.pass_rate})"
    reports = trials.merged(runs, shown)
    if shown.subtests and (call := reports.get("call")) is not None:
        call.outcome = "failed"
        call.longrepr = explain.headline_repr(shown.result.cause or "failed sub-tests")
        explain.add_text(call, "sub-tests", "\n\n".join(shown.subtests))
    failed = next((r for r in reports.values() if r.longrepr is not None and not r.skipped), None)
    if failed is not None:
        if not special and settings.trials > 1:
            explain.prefix_message(failed, f"{count}, {needed}")
        explain.add_section(failed, "" if special and len(runs) == 1 else heading, shown.rows)
    return reports


def _gated(runs: Sequence[TrialRun], verdict: Verdict) -> trials.Reports:
    """The reports of a bump: only the verdict fails a test."""
    special = [run for run in runs if run.result.outcome in ("skip", "void", "abort")]
    if special:
        reports = trials.merged(runs, special[0])
        explain.add_section(reports.get("call", reports["setup"]), "", special[0].rows)
        return reports
    failing = [r for r in runs if r.result.stream == "cand" and r.result.outcome == "fail"]
    if verdict.kind in ("regressed", "undecided"):
        shown = failing[0] if failing else runs[-1]
        reports = trials.merged(runs, shown)
        headline = f"{verdict.kind} {verdict.rates}: {verdict.sentence or verdict.reason}"
        _fail(reports, explain.headline_repr(headline))
        rows = shown.rows or explain.failure_rows(shown.result, verdict)
        explain.add_section(reports["call"], _on_arm(shown), rows)
        return reports
    reports = trials.merged(runs, runs[-1])
    for report in reports.values():
        report.outcome, report.longrepr = "passed", None
        report.__dict__.pop("wasxfail", None)
    return reports


def _fail(reports: trials.Reports, longrepr: Any) -> None:
    for when, report in reports.items():
        report.outcome, report.longrepr = "passed", None
        report.__dict__.pop("wasxfail", None)
        if when == ("call" if "call" in reports else "setup"):
            report.outcome, report.longrepr = "failed", longrepr


def _which(run: TrialRun, settings: TestSettings) -> str:
    profile_models = ", ".join(run.result.models) or "no model"
    trial = f", trial {run.result.index + 1} of {settings.trials}" if settings.trials > 1 else ""
    return f"{profile_models}{trial}"


def _on_arm(run: TrialRun) -> str:
    side = "candidate" if run.result.stream == "cand" else "baseline"
    return f"{side}, trial {run.result.index + 1}"


def _first_line(raised: BaseException) -> str:
    text = str(raised).strip() or type(raised).__name__
    name = "" if isinstance(raised, AssertionError) else f"{type(raised).__name__}: "
    return (name + text).splitlines()[0][:200]


def _is_unittest(case: object) -> bool:
    import unittest

    return isinstance(case, unittest.TestCase)


def _is_skip_test(raised: BaseException) -> bool:
    import unittest

    return isinstance(raised, unittest.SkipTest)


def _wide_note(fixturedef: Any, request: Any) -> str:
    return (
        f"the {fixturedef.scope} fixture `{fixturedef.argname}` calls the model: its answer is "
        f"kept with the first test that uses it ({request.node.nodeid or 'the session'}), "
        "and is missed when another test comes first"
    )
