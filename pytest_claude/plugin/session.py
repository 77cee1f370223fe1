"""Runs the claude tests of one process, trial by trial; never prints or writes."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from pytest_claude.errors import CheckFailed, UnknownSDK
from pytest_claude.gating.steps import Step, in_order, plan_all, plan_plain
from pytest_claude.plugin import dummy_key, explain, trials
from pytest_claude.plugin.accepting import Accepting
from pytest_claude.plugin.arms import Arm, Arms, beside_vcr
from pytest_claude.plugin.cases import IN_SET
from pytest_claude.plugin.claude_fixture import ClaudeFixture
from pytest_claude.plugin.explain import unless_a_group
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.gate.steps import Gate
from pytest_claude.plugin.guard import Guard
from pytest_claude.plugin.markers import TEST_SETTINGS, marker_checks
from pytest_claude.plugin.options import LEFT_OUT, recorded_of
from pytest_claude.plugin.outcome import abort_broken, complete, replaced
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.plugin.wide_fixtures import WideFixtures
from pytest_claude.recording import problems
from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.doors.probe import probe
from pytest_claude.report.explained import replaced_line, unsteady_line
from pytest_claude.report.transcript import conversation_lines
from pytest_claude.report_files import transcripts_below
from pytest_claude.run.record import TestResult
from pytest_claude.run.sets import may_be_forgiven
from pytest_claude.settings import ALL_RECORDED, RunSettings, TestSettings
from pytest_claude.transcript.utf8 import encodable

if TYPE_CHECKING:
    from pytest_claude.plugin.scale.dry_run import DryRun
    from pytest_claude.recording.altering import Altering

__tracebackhide__ = unless_a_group

Leave = Callable[[dict[str, Any]], object]
"""Takes, for the results, what belongs to no test."""
Rehearse: TypeAlias = "Callable[[int, Altering], TrialRun]"
"""Runs the trial with an index once more, on altered answers."""
Probe: TypeAlias = Callable[[pytest.Item, Sequence[TrialRun], Rehearse], Any]
"""Answers, as JSON, what a command asks of a test whose trials have ended."""
PROBE: pytest.StashKey[Probe] = pytest.StashKey()


class ClaudeSession:
    """Runs the claude tests of one process."""

    def __init__(
        self,
        config: pytest.Config,
        settings: RunSettings,
        tests: Sequence[str],
        guard: Guard,
        arms: Arms,
        gate: Gate | None,
        leave: Leave,
        dry: DryRun | None,
    ) -> None:
        """`tests` are the node ids of all claude tests to run; `gate` plans a gated run.

        `dry` plans a dry run; None in a real one.
        """
        self._tests = tests
        self._config = config
        self._settings = settings
        self._guard = guard
        self._outside = guard.closed.problems
        self._arms = arms
        self._gate = gate
        self._leave = leave
        self._dry = dry
        self._accepting = Accepting(config, settings, arms)
        self._wide = WideFixtures(settings, arms, lambda: self._arm, self._outside)
        config.pluginmanager.register(self._wide, "pytest-claude-wide-fixtures")
        self._items: dict[str, pytest.Item] = {}
        self._published: set[str] = set()
        self._running: TrialRun | None = None
        self._arm: Arm | None = None
        self._altering: Altering | None = None
        self._notes: dict[str, None] = {}
        self._probed = False
        self._unfit: UnknownSDK | None = None
        self._causes: dict[str, str] = {}
        self._left_collected = False

    # --- hooks ------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """When all tests of a gate have ended their screens, run what depends on all of them."""
        result = yield
        if self._gate is not None and not hasattr(session.config, "workerinput"):
            collects = self._settings.batch == "collect"
            (self._collect_rounds if collects else self._run_rounds)(session, self._gate)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run a claude test trial by trial; other tests are pytest's."""
        option = item.config.option
        settings = item.stash.get(TEST_SETTINGS, None)
        if settings is None or settings.live or option.setuponly or option.setupplan:
            return None
        if self._dry is not None:
            self._run_dry(item, nextitem, self._dry)
        elif self._settings.batch == "collect":
            self._collect(item, nextitem, settings)
        elif self._gate is None:
            self._run_plain(item, nextitem, settings)
        else:
            self._run_gated(item, nextitem, self._gate)
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
        assert self._arm is not None, "a claude test runs"
        with beside_vcr(item, self._arm.recorder):
            result = yield
        if not getattr(item, "_excinfo", None):
            self._ask_markers(item, view)
        return result

    def _ask_markers(self, item: pytest.Item, view: ClaudeFixture) -> None:
        try:
            view._stay_whole()
            self._ask_together(item, view)
            for marker, check in marker_checks(item, view):
                if not check:
                    raise CheckFailed(marker, check)
        except Exception as error:
            assert self._running is not None, "the test is in its call phase"
            self._running.by_marker = error
            raise

    def _ask_together(self, item: pytest.Item, view: ClaudeFixture) -> None:
        """Have what markers and profile ask about, and the rules leave open, read in one call."""
        arm = self._arm
        if arm is None or not arm.judge.may_ask:
            return
        with arm.judge.asking_together():
            self._read_last(arm)
            with suppress(Exception):  # the check itself will say so
                for _ in marker_checks(item, view.unkept):
                    pass

    def _read_last(self, arm: Arm) -> None:
        """Have the last reply read as a profile needs it, while its cassette is still open."""
        if self._gate is not None and arm.judge.may_ask:
            arm.read_last()

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
    def pytest_report_to_serializable(self) -> Generator[None, Any, Any]:
        """Let any text be sent: xdist can't encode half an emoji, and the worker would end."""
        data = yield
        ours = (data or {}).get("claude") or {}
        if (result := ours.get("result")) is not None:
            data["claude"] = {**ours, "result": result.to_json()}
        return _encodable(data)

    # A wrapper: a worker of xdist sends its output at the end of its own hook.
    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        """Hand over what belongs to no test, that of the time after the last one too."""
        notes = [*self._guard.notes, *self._wide.take_notes(), *self._left_out()]
        judged = self._arms.judging.to_json()
        self._leave(
            {
                "claude_outside": self._guard.outside,
                "claude_notes": notes,
                "claude_judged": judged,
                "claude_made": None if self._arms.made is None else self._arms.made.take(),
            }
        )
        return (yield)

    def _left_out(self) -> list[str]:
        """What a gate can't compare because its module skipped itself, though it is recorded."""
        return [
            f"{module} skipped itself: its recorded tests were not run on the candidate"
            for module in recorded_of(self._config, LEFT_OUT)
        ]

    # --- one trial --------------------------------------------------------------------------

    def _watch(self, runs: list[TrialRun]) -> trials.Watch:
        @contextmanager
        def watch(item: pytest.Item, step: Step) -> Iterator[TrialRun]:
            arm = self._arms.open(item, step)
            arm.recorder.altering = self._altering
            view = ClaudeFixture(arm, str(item.path), partial(self._accepting.of, item.nodeid))
            item.stash[CURRENT] = view
            decides = self._altering is None and self._decides(item.stash[TEST_SETTINGS], runs)
            record = TrialRun(interactive=decides)
            self._running, self._arm = record, arm
            record.problems = arm.recorder.problems
            self._check_sdk()
            ended = False
            try:
                with line(arm.recorder):
                    yield record
                    self._end_set_ups(record, step)
                    self._take_timeout(record, arm)
                self._read_last(arm)
                ended = "call" in record.reports or self._gate is not None
            finally:
                self._running = self._arm = None
                if self._settings.dummy_key == "tests":
                    dummy_key.take_back()
                del item.stash[CURRENT]
                alone = self._settings.recording and not arm.recorder.shared
                path = arm.recorder.path if alone else None
                before = None if path is None else transcripts_below(path.parent)(path.name)
                self._arms.close(item, arm, ended=ended, passed=ended and record.passed)
            met = arm.recorder.problems
            for problem in self._wide.problems_of(item):
                met.take(problem)
            wide = self._wide.used_by(item, step)
            for of in (arm, *wide):
                if not met and (spoiled := self._arms.spoiled(of)) is not None:
                    met.append(spoiled)
            self._notes.update(dict.fromkeys(arm.recorder.notes))
            settings = self._settings
            counts = settings.recording and settings.budget_usd  # what a trial costs is told
            profiled = bool(settings.gated or settings.reports or counts)
            strict = self._settings.strict
            held = self._gate.asked_before(item.nodeid, step) if self._gate is not None else None
            complete(item, record, arm, view, wide, held=held, strict=strict, profiled=profiled)
            record.unread = arm.judge.would_ask
            if self._arms.made is not None and not hasattr(self._config, "workerinput"):
                self._leave({"claude_made": {**self._arms.made.take(), "test": item.nodeid}})
            if self._gate is not None and not (met and self._settings.batch == "collect"):
                record.dropped = self._gate.follow(item, arm)
                if self._settings.recording and (miss := arm.recorder.ignorable) is not None:
                    self._notes[unsteady_line(miss.field, miss.ignorable)] = None
            if before is not None and not met:
                record.replaced = replaced(before, arm)
            if self._settings.show_transcript and record.result.outcome != "pass":
                record.said = conversation_lines(arm.said.transcript())
            if (first := self._same_cause(item, arm)) is not None:
                explain.refer_to(record.reports, first)
                record.rows = []

        return watch

    def _end_set_ups(self, record: TrialRun, step: Step) -> None:
        """What fails while the set-ups of a trial are torn down fails the trial."""
        if self._gate is None:
            return
        try:
            self._wide.end(step)
        except (Exception, pytest.fail.Exception) as error:
            record.raised.setdefault("teardown", error)

    def _take_timeout(self, record: TrialRun, arm: Arm) -> None:
        """A trial that a time limit ended is no recording, and shows nothing of a model.

        In a plain replay it is a test that took too long.
        """
        limit = next((e for e in record.raised.values() if trials.ended_by_timeout(e)), None)
        if limit is not None and (self._settings.gated or self._settings.recording):
            arm.recorder.problems.append(problems.timed_out(limit, arm.recorder.command))

    def _check_sdk(self) -> None:
        """Once, when the SDK is there: see that its requests pass our patch."""
        patching.patch_late()
        if patching.flaws or ("anthropic" in sys.modules and not self._probed):
            self._probed = "anthropic" in sys.modules
            self._unfit = self._unfit or probe()

    def pytest_runtest_setup(self) -> None:
        """Run no claude test that could go live unseen, and lend the others a key.

        After the conditions of `skipif` marks, which may look for one. In a gate no test runs on
        what a wider fixture was answered in another trial.
        """
        if self._arm is None:
            return
        if self._unfit is not None:
            raise self._arm.recorder.problems.take(self._unfit)
        if not self._settings.recording:
            dummy_key.lend()
        if self._gate is not None:
            self._wide.renew(self._arm.step)

    def _same_cause(self, item: pytest.Item, arm: Arm) -> str | None:
        """The test that was first stale for the same edit: it is shown once, not in every test."""
        problem = arm.recorder.problems[0] if arm.recorder.problems else None
        cause = getattr(problem, "edit", None)
        if isinstance(problem, UnknownSDK):
            cause = problem.headline
        first = self._causes.setdefault(cause, item.nodeid) if cause else item.nodeid
        return first if first != item.nodeid else None

    def _decides(self, settings: TestSettings, runs: Sequence[TrialRun]) -> bool:
        """Whether one more failed trial makes the pass rate unreachable."""
        failed = sum(run.result.outcome != "pass" for run in runs)
        collects = self._settings.batch == "collect"
        alone = self._gate is None and self._dry is None and not collects
        return alone and failed + settings.passes_needed >= settings.trials

    # --- one test ---------------------------------------------------------------------------

    def _collect(
        self, item: pytest.Item, nextitem: pytest.Item | None, settings: TestSettings
    ) -> None:
        """Run a test's trials for what they ask of batches; nobody hears of them."""
        self._items[item.nodeid] = item
        runs: list[TrialRun] = []
        if self._gate is not None:
            plan = self._gate.plan_all(item)
        else:
            plan = plan_all([Step("base", n) for n in range(self._counted(item, settings).trials)])
        trials.run(item, plan, self._watch(runs), runs)
        trials.forget(runs)
        trials.finish(item, nextitem, self._outside)

    def _collect_rounds(self, session: pytest.Session, gate: Gate) -> None:
        """Likewise for what depends on the trials of all tests, once none of them waits."""
        while not (gate.waits or session.shouldstop) and (steps := gate.rounds()):
            for test, own in steps.items():
                runs: list[TrialRun] = []
                trials.run(self._items[test], plan_all(own), self._watch(runs), runs)
                gate.take_answered(run.result for run in runs)
                trials.forget(runs)
                trials.finish(self._items[test], None, self._outside)

    def _run_plain(
        self, item: pytest.Item, nextitem: pytest.Item | None, settings: TestSettings
    ) -> None:
        """Run a test's trials; how many passed decides."""
        settings = self._counted(item, settings)
        runs: list[TrialRun] = []
        with _logged(item):
            trials.run(item, plan_plain(settings.trials), self._watch(runs), runs)
            if (of := item.stash.get(IN_SET, None)) is not None and of.pass_rate is not None:
                abort_broken(runs)
            self._notes.update(dict.fromkeys(self._accepting.keep(item.nodeid, runs, settings)))
            reports = explain.counted(runs, settings)
            result = self._result(item, runs)
            probed = self._probe(item, runs)
            if may_be_forgiven(result) and any(report.failed for report in reports.values()):
                # Whether the test fails depends on the other cases of its set.
                self._carry(item, result, explain.held(item, runs, None, reports), **probed)
                self._finish_held(item, nextitem)
                return
            self._attach(reports["teardown"], result, **probed)
            trials.publish(item, reports, lambda: trials.finish(item, nextitem, self._outside))

    def _probe(self, item: pytest.Item, runs: Sequence[TrialRun]) -> dict[str, Any]:
        """What travels with a result where a command asks something of each test."""
        probe = self._config.stash.get(PROBE, None)
        if probe is None:
            return {}
        answer = probe(item, runs, partial(self._rehearse, item, runs))
        self._notes.clear()
        return {"probed": answer}

    def _rehearse(
        self, item: pytest.Item, runs: Sequence[TrialRun], index: int, altering: Altering
    ) -> TrialRun:
        """Run a trial once more, after those of a test; nobody hears of it."""
        again, self._altering = [*runs], altering
        plan = plan_all([*(Step("base", n) for n in range(len(runs))), Step("base", index)])
        try:
            trials.run(item, plan, self._watch(again), again)
        finally:
            self._altering = None
        trials.forget(again[len(runs) :])
        return again[-1]

    def _counted(self, item: pytest.Item, settings: TestSettings) -> TestSettings:
        """The settings of a test with the number of its trials."""
        if self._settings.trials == ALL_RECORDED:
            number = self._arms.recordings.all_trials(item.nodeid, settings)
            settings = item.stash[TEST_SETTINGS] = replace(settings, trials=number)
        return settings

    def _run_dry(self, item: pytest.Item, nextitem: pytest.Item | None, dry: DryRun) -> None:
        """Run a test up to its first call that nothing recorded answers."""
        runs: list[TrialRun] = []
        with _logged(item):
            trials.run(item, dry.plan(item), self._watch(runs), runs)
            reports = dry.reports(runs)
            self._attach(reports["teardown"], self._result(item, runs))
            reports["teardown"].claude["dry"] = dry.found(item, runs)
            trials.publish(item, reports, lambda: trials.finish(item, nextitem, self._outside))

    def _run_gated(self, item: pytest.Item, nextitem: pytest.Item | None, gate: Gate) -> None:
        """Run what a test takes by itself; publish it where that settles it, else hold it."""
        runs: list[TrialRun] = []
        self._items[item.nodeid] = item
        plan = gate.plan(item)
        trials.run(item, plan, self._watch(runs), runs)
        gate.take(run.result for run in runs)
        stopped = any(run.result.outcome in ("skip", "abort") for run in runs)
        if runs and (stopped or gate.settled(item.nodeid)):
            reports = explain.settled(runs)
            self._published.add(item.nodeid)
            with _logged(item):
                self._attach(reports["teardown"], self._result(item, runs))
                if stopped and self._settings.part is not None:
                    # The run that started this process shows it.
                    reports["teardown"].claude["held"] = explain.held(item, runs, None, reports)
                trials.publish(item, reports, lambda: trials.finish(item, nextitem, self._outside))
        else:
            self._hold(item, runs)
            self._finish_held(item, nextitem)

    def _run_rounds(self, session: pytest.Session, gate: Gate) -> None:
        """Run what each test needs next, until nothing is needed or nothing more comes in."""
        ended: dict[str, list[TrialRun]] = {}
        try:
            while (steps := gate.rounds()) and not (session.shouldstop or session.shouldfail):
                items = [item for test, item in self._items.items() if test in steps]
                for item, following in zip(items, [*items[1:], None], strict=False):
                    runs = ended.setdefault(item.nodeid, [])
                    plan = in_order(steps[item.nodeid], len(runs))
                    trials.run(item, plan, self._watch(runs), runs)
                    gate.take(run.result for run in runs)
                    self._finish_held(item, following)
                if not items:
                    break
        finally:
            for test, runs in ended.items():
                gate.take(run.result for run in runs)  # ^C ends a test between its trials
                self._hold(self._items[test], runs)

    def _finish_held(self, item: pytest.Item, following: pytest.Item | None) -> None:
        """Tear wider fixtures down; what fails there is reported at once, the verdict later."""
        failed = trials.finish(item, following, self._outside)
        if failed is not None:
            item.ihook.pytest_runtest_logreport(report=failed)

    def _hold(self, item: pytest.Item, runs: Sequence[TrialRun]) -> None:
        """Hand a test's trials over; it is published, once, when all tests have their verdict."""
        assert self._gate is not None, "it is gated"
        result = self._result(item, runs)
        if item.nodeid in self._published:  # one more report would be one more test in JUnit
            self._leave({"claude_taken": self._travelling(result)})
        else:
            self._carry(
                item, result, explain.held(item, runs, self._gate.first_failure(result.test))
            )

    def _carry(
        self, item: pytest.Item, result: TestResult, held: dict[str, Any], **more: Any
    ) -> None:
        """Hand a result over, and what is needed to publish it later, by a report of no news."""
        carrier = pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "setup")
        self._attach(carrier, result, held=held, **more)
        item.ihook.pytest_runtest_logreport(report=carrier)

    def _result(self, item: pytest.Item, runs: Sequence[TrialRun]) -> TestResult:
        self._notes.update(dict.fromkeys(self._wide.take_notes()))
        if (expired := item.stash[TEST_SETTINGS].expired) is not None:
            self._notes[f"{item.nodeid} gates again: {expired}"] = None
        over = [run.replaced for run in runs if run.replaced is not None]
        dropped = sum(run.dropped for run in runs)
        if over or dropped:
            self._notes[replaced_line(item.nodeid, over, dropped)] = None
        taken = [run.result for run in runs]
        result = TestResult(
            item.nodeid,
            tuple(self._gate.trials(item.nodeid) if self._gate is not None else taken),
            unused=tuple(line for run in runs for line in run.unused),
            notes=tuple(self._notes),
            stale=next((run.stale for run in runs if run.stale is not None), None),
            planned=item.stash[TEST_SETTINGS].trials,
            needed=item.stash[TEST_SETTINGS].passes_needed,
            accepted=item.stash[TEST_SETTINGS].accepted,
            set=item.stash.get(IN_SET, None),
        )
        self._notes.clear()
        return result

    def _attach(self, report: pytest.TestReport, result: TestResult, **more: Any) -> None:
        """Results travel on the teardown report: xdist carries it, junit does not show it."""
        data = {**self._travelling(result), **more}
        if self._arms.made is not None:
            data["made"] = self._arms.made.take()
        report.claude = data  # type: ignore[attr-defined]

    def _travelling(self, result: TestResult) -> dict[str, Any]:
        """A result, and what is said of it once."""
        data: dict[str, Any] = {"test": result.test, "result": result}
        if not self._left_collected:
            data["collected"] = list(self._tests)
            self._left_collected = True
        if self._gate is not None and result.test in self._gate.superseded:
            data["superseded"] = self._gate.superseded[result.test]
        return data


@contextmanager
def _logged(item: pytest.Item) -> Iterator[None]:
    """Around the reports that pytest gets of a test."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    yield
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _encodable(data: Any) -> Any:
    match data:
        case str():
            return encodable(data)
        case dict():
            return {_encodable(key): _encodable(value) for key, value in data.items()}
        case list() | tuple():
            return type(data)(map(_encodable, data))
    return data
