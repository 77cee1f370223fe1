"""What keeps the tests of a session from a model, while nothing is recorded."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, nullcontext

import pytest

from pytest_claude.errors import CallOutsideTrial, RecordingProblem
from pytest_claude.plugin import dummy_key, explain, options
from pytest_claude.plugin.explain import unless_a_group
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.recording.doors import guard, neighbours, patching
from pytest_claude.recording.doors.line import ClosedLine, current, line, own_ports
from pytest_claude.recording.doors.traffic import Target
from pytest_claude.report.explained import problem_rows
from pytest_claude.settings import RunSettings

__tracebackhide__ = unless_a_group

OTHER_PROGRAMS = "claude tests started other programs"
"""How the note on them begins."""

# Kept to the end of the process: a context manager that is collected takes back what it did.
_in_force: list[ExitStack] = []


class Guard:
    """The guard of one process.

    Attributes:
        closed: What answers model traffic while no claude test is running: a refusal.
    """

    def __init__(self, settings: RunSettings, imported: Sequence[str]) -> None:
        """`imported` is what was seen while the tests were imported, one sentence each."""
        self.closed = ClosedLine(dry=settings.dry_run)
        self._settings = settings
        self._imported = imported
        self._live = False
        self._ended = False
        self._reported = 0
        self._programs: dict[str, None] = {}

    @property
    def outside(self) -> list[str]:
        """What was refused outside the claude tests, one sentence each."""
        return [problem.headline for problem in self.closed.problems]

    @property
    def notes(self) -> list[str]:
        """What the guard could not look into, one sentence each."""
        if not self._programs:
            return [*self._imported]
        programs = ", ".join(sorted(self._programs))
        unseen = "is neither seen nor counted" if self._settings.dry_run else "is not recorded"
        return [
            *self._imported,
            f"{OTHER_PROGRAMS} ({programs}): what those ask a model {unseen}; "
            "the fixture `claude_server` can serve them",
        ]

    # --- hooks ------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Patch the SDK and the transports, and close the line.

        Both outlast the loop: a thread that a test left behind must not reach a model either. A
        session inside another one, or one that records, takes back what it changed.
        """
        if session.config.option.collectonly:
            return (yield)
        is_open = self._settings.guard == "tests" and not self._settings.dry_run
        guarded = not (is_open or self._settings.recording)
        stack = ExitStack()
        _in_force.append(stack)
        patching.install()
        stack.callback(patching.uninstall)
        stack.enter_context(line(self.closed if guarded else None))
        note = None if self._settings.recording else self._note_program
        stack.enter_context(guard.watching(self._watch, note))
        try:
            with dummy_key.hidden_keys() if self._settings.dry_run else nullcontext():
                return (yield)
        finally:
            self._ended = True
            if self._settings.recording or options.running_sessions > 1:
                _in_force.pop().close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Let a live test through."""
        settings = item.stash.get(TEST_SETTINGS, None)
        if settings is None or not settings.live:
            return (yield)
        self._live = True
        dummy_key.take_back()
        try:
            with line(None):
                return (yield)
        finally:
            self._live = False
            if self._settings.dummy_key == "session" and not self._settings.recording:
                dummy_key.lend()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A refused call fails the test that made it, whatever the test made of the error."""
        report = yield
        problems = self.closed.problems[self._reported :]
        self._reported = len(self.closed.problems)
        if problems and self._settings.dry_run:
            explain.skip(report, f"dry run: {problems[0].headline}")
        elif problems:
            explain.fail(report, problems[0])
            explain.add_rows(report, problem_rows(problems))
        return report

    # --- below every library ----------------------------------------------------------------

    def _watch(self, target: Target, is_model: bool) -> None:
        answering = current()
        if is_model and answering is not None and neighbours.is_refused(answering, target):
            raise _unconnected(answering.refuse(target.words))
        is_closed = self._settings.network == "none" and not self._settings.records
        if is_closed and not (self._live or self._ended):
            if not guard.is_allowed(target.host, self._settings.allow_hosts):
                problem = _network_is_closed(target)
                raise _unconnected((answering or self.closed).problems.take(problem))

    def _note_program(self, program: str) -> None:
        answering = current()
        if answering is not None and answering is not self.closed and not own_ports:
            self._programs.setdefault(program)


def _unconnected(problem: RecordingProblem) -> ConnectionRefusedError:
    """What a library that opens a connection is ready for, whatever loop it runs in."""
    error = ConnectionRefusedError(problem.headline)
    error.__cause__ = problem
    return error


def _network_is_closed(target: Target) -> CallOutsideTrial:
    return CallOutsideTrial(
        f"{target.words} was refused: claude_network = none",
        [
            ("expected", "no network but loopback and the hosts in claude_allow_hosts"),
            ("observed", target.words),
            ("on purpose", f"claude_allow_hosts = {target.host}"),
        ],
    )
