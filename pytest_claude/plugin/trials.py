"""run(item, plan): the trials of one test, fixtures afresh, published as one test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from traceback import clear_frames, walk_tb
from typing import Any, Literal, get_args

import pytest

from pytest_claude.behavior.accepted import Accepted, Facts
from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import RecordingProblem, Row
from pytest_claude.expect.result import Check
from pytest_claude.gating.steps import LATER, Plan, Step
from pytest_claude.run.record import Stale

When = Literal["setup", "call", "teardown"]
PHASES: tuple[When, ...] = get_args(When)
Reports = dict[str, pytest.TestReport]
"""pytest's reports of one test by phase; setup and teardown always, call when it was reached."""

Replaced = tuple[Profile, Profile]
"""What a trial did in the recording that it replaced, and what it does now."""


@dataclass(frozen=True)
class Stated:
    """A trial that states that it behaves as accepted, and may be accepted itself.

    Attributes:
        facts: What it showed.
        check: The check, held to another accepted behavior, or why there is none.
        replayed: Whether all that was said in it had been recorded before, into its own cassette.
    """

    facts: Facts
    check: Callable[[Accepted | None, str], Check]
    replayed: bool


@dataclass
class TrialRun:
    """One trial that has ended.

    Attributes:
        reports: Of its phases.
        raised: What a phase raised, by phase.
        subtests: Failure texts of failed sub-tests.
        trial: The trial itself; set by whoever watched it.
        rows: Rows of the `claude` section, should this trial be the one shown.
        unused: Recorded and not played, one line each.
        interactive: Whether a debugger opens when it fails.
        in_body: Whether the call phase is running.
        by_marker: What a check marker raised after the body.
        stale: Why no recording answered, where that is so.
        said: The transcript, should this trial be the one shown; empty unless asked for.
        replaced: What it recorded over; None where it did not.
        dropped: How many trials of what the app asked before were dropped for it.
        problems: Those of the recording edge so far.
        unread: Whether, in a dry run, a judge would have read a reply.
        stated: What it showed, where it passed and this run may accept it.
    """

    reports: Reports = field(default_factory=dict)
    raised: dict[str, BaseException] = field(default_factory=dict)
    subtests: list[str] = field(default_factory=list)
    trial: Trial | None = None
    rows: list[Row] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    interactive: bool = True
    in_body: bool = False
    by_marker: Exception | None = None
    stale: Stale | None = None
    said: list[str] = field(default_factory=list)
    replaced: Replaced | None = None
    dropped: int = 0
    problems: Sequence[RecordingProblem] = ()
    unread: bool = False
    stated: Stated | None = None

    @property
    def passed(self) -> bool:
        """Whether every phase passed, sub-tests included."""
        return not self.subtests and all(report.passed for report in self.reports.values())

    @property
    def result(self) -> Trial:
        """The trial; it has ended."""
        assert self.trial is not None, "the watcher sets it"
        return self.trial


Watch = Callable[[pytest.Item, Step], AbstractContextManager[TrialRun]]
"""Stands round one trial: gives the record to fill, and completes it at the end."""


class NextTrial(pytest.Item):
    """The next item that pytest is given for a trial: an item of the same parent.

    With the test itself as the next item nothing would be torn down, and function fixtures would
    silently survive into the next trial.
    """

    def runtest(self) -> None:
        assert False, "because it is never run"


def run(item: pytest.Item, plan: Plan, watch: Watch, runs: list[TrialRun]) -> bool:
    """Run the trials that `plan` asks for, adding to `runs`; False when it must wait for others.

    `runs` holds what earlier calls for the same item ran.
    """
    while True:
        step = plan([run.result for run in runs])
        if step is None:
            return True
        if step is LATER:
            return False
        if runs:
            _start_afresh(item)
        _run_trial(item, step, watch, runs)


def _run_trial(item: pytest.Item, step: Step, watch: Watch, runs: list[TrialRun]) -> None:
    private: Any = item
    if hasattr(private, "_request") and not private._request:
        private._initrequest()
    assert item.parent is not None, "a test has a module"
    after = NextTrial.from_parent(item.parent, name="next trial")
    with _whole_time(item), watch(item, step) as record:
        _phase(item, "setup", record)
        if record.reports["setup"].passed:
            _phase(item, "call", record)
        _phase(item, "teardown", record, nextitem=after)
    runs.append(record)


def _phase(item: pytest.Item, when: When, record: TrialRun, **kwargs: Any) -> None:
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    reraise: tuple[type[BaseException], ...] = (pytest.exit.Exception,)
    if not item.config.getoption("usepdb", False):
        reraise += (KeyboardInterrupt,)
    record.in_body = when == "call"
    call = pytest.CallInfo.from_call(lambda: hook(item=item, **kwargs), when, reraise)
    record.in_body = False
    if record.problems and call.excinfo is not None and call.excinfo.errisinstance(Exception):
        _shorten(call, keep=bool(item.config.getoption("usepdb", False)))
    report = item.ihook.pytest_runtest_makereport(item=item, call=call)
    record.reports[when] = report
    if call.excinfo is not None:
        record.raised[when] = call.excinfo.value
        if report.failed and record.interactive:
            item.ihook.pytest_exception_interact(node=item, call=call, report=report)


def _shorten(call: pytest.CallInfo[None], *, keep: bool) -> None:
    """Drop the frames of the SDK from its error: reading their source takes pytest .3 s a miss."""
    assert call.excinfo is not None, "the caller looked"
    last = call.excinfo.tb
    while last.tb_next is not None and not keep:
        last = last.tb_next
    call.excinfo = pytest.ExceptionInfo.from_exc_info((call.excinfo.type, call.excinfo.value, last))


def forget(runs: Sequence[TrialRun]) -> None:
    """Drop what failed trials had in their hands, such as an SDK's client: 1 MB each.

    Other plugins keep their errors, with the frames, to the end of the session.
    """
    for run in runs:
        for error in run.raised.values():
            clear_frames(error.__traceback__)
            for frame, _ in walk_tb(error.__traceback__):
                _ = frame.f_locals  # up to Python 3.12 it is a copy, and made anew


# --- pytest-timeout -------------------------------------------------------------------------


@contextmanager
def _whole_time(item: pytest.Item) -> Iterator[None]:
    """Give a trial the time that pytest-timeout gives a test.

    Its timer runs round the whole test: a gate takes four trials and more of it, and takes those
    of a duel after all tests. The hook is called as pytest calls it, round one trial.
    """
    timeout: Any = sys.modules.get("pytest_timeout")
    if timeout is None or not item.config.pluginmanager.is_registered(timeout):
        yield
        return
    item.config.hook.pytest_timeout_cancel_timer(item=item)
    timer = timeout.pytest_runtest_protocol(item)
    next(timer)
    try:
        yield
    finally:
        next(timer, None)


def ended_by_timeout(raised: BaseException) -> bool:
    """Whether pytest-timeout raised it: its exception is the one of `pytest.fail`."""
    timeout, traceback = sys.modules.get("pytest_timeout"), raised.__traceback__
    while timeout is not None and traceback is not None:
        if traceback.tb_frame.f_globals is vars(timeout):
            return isinstance(raised, pytest.fail.Exception)
        traceback = traceback.tb_next
    return False


# --- what pytest does not offer in public ---------------------------------------------------


def _start_afresh(item: pytest.Item) -> None:
    """Forget what the last trial left on the item.

    The names are pytest's own and private, the same in 8.4 and 9.x. Without them the next trial
    reuses fixture values, `self` and captured output of the last one, and no error says so.
    """
    private: Any = item
    if hasattr(private, "_request"):
        private._initrequest()
    if getattr(private, "_instance", None) is not None:
        del private._instance
        private._obj = None
    private._report_sections.clear()
    private.user_properties.clear()
    private.__dict__.pop("_excinfo", None)


def finish(
    item: pytest.Item, nextitem: pytest.Item | None, problems: Sequence[RecordingProblem] = ()
) -> pytest.TestReport | None:
    """Tear down the wider fixtures that `nextitem` does not need; a report where one failed.

    A problem that is added to `problems` meanwhile is raised, should the fixture have caught it.
    """
    private: Any = item
    if hasattr(private, "_request"):
        private._request = False
        private.funcargs = None
    session = item.session
    if session.shouldfail or session.shouldstop:
        nextitem = None
    before = len(problems)

    def tear_down() -> None:
        session._setupstate.teardown_exact(nextitem)
        if len(problems) > before:
            raise problems[before]

    call = pytest.CallInfo.from_call(tear_down, when="teardown")
    if call.excinfo is None:
        return None
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=call)
    return report


def publish(item: pytest.Item, reports: Reports, finishing: Callable[[], Any]) -> None:
    """Log one test: set-up and call, then what `finishing` tears down, then the teardown."""
    for when in ("setup", "call"):
        if when in reports:
            item.ihook.pytest_runtest_logreport(report=reports[when])
    teardown = reports["teardown"]
    failed = finishing()
    if failed is not None and failed.failed and teardown.passed:
        failed.claude = getattr(teardown, "claude", None)
        failed.user_properties = teardown.user_properties
        teardown = failed
    item.ihook.pytest_runtest_logreport(report=teardown)


def merged(runs: Sequence[TrialRun], shown: TrialRun) -> Reports:
    """The reports of `shown`, with the durations and the captured output of all trials."""
    reports = shown.reports
    if len(runs) == 1:
        return reports
    for when, report in reports.items():
        report.duration = sum(r.reports[when].duration for r in runs if when in r.reports)
    captured = [run.reports["teardown"].sections for run in runs]
    for report in reports.values():
        report.sections = []
    last = reports.get("call", reports["setup"])
    for number, sections in enumerate(captured, start=1):
        # The teardown report repeats the sections of the phases before it.
        last.sections += [(f"trial {number}: {title}", text) for title, text in sections]
    return reports
