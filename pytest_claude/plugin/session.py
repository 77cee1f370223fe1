"""What one test run holds where items are: runs the claude tests, never prints or writes."""

from __future__ import annotations

import unittest
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from pytest_claude.errors import CheckFailed
from pytest_claude.gating.plain import Verdict, judge, plan_plain
from pytest_claude.gating.plan import Plan, Step
from pytest_claude.plugin import explain, publication, trials
from pytest_claude.plugin.arms import Arm, Arms
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.markers import TEST_SETTINGS, marker_checks
from pytest_claude.plugin.outcome import complete
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.recording import transport
from pytest_claude.report.artifact import TestResult
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
        self._wide: dict[Any, str] = {}
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
        if (case := getattr(item, "instance", None)) is not None and isinstance(
            case, unittest.TestCase
        ):
            case.claude = view  # type: ignore[attr-defined]  # what we add
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
                    self._wide[fixturedef] = f"{fixturedef.scope} fixture `{fixturedef.argname}`"

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
                publication.fail(reports, explain.headline_repr("undecided: the run was stopped"))
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
            if (wide := self._wide_fixture(item)) is not None:
                # Its answer is the baseline's on both arms.
                verdict = replace(verdict, kind="not gated", reason=f"its {wide} calls the model")
            reports = publication.gated(runs, verdict)
        else:
            reports = publication.counted(runs, settings)
        self._attach(item, reports, runs, verdict)
        trials.publish(item, reports, lambda: trials.finish(item, nextitem))

    def _wide_fixture(self, item: pytest.Item) -> str | None:
        known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
        used = (definition for definitions in known.values() for definition in definitions)
        return next((self._wide[d] for d in used if d in self._wide), None)

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


def _wide_note(fixturedef: Any, request: Any) -> str:
    return (
        f"the {fixturedef.scope} fixture `{fixturedef.argname}` calls the model: its answer is "
        f"kept with the first test that uses it ({request.node.nodeid or 'the session'}), "
        "and is missed when another test comes first"
    )
