"""Fixtures wider than a test that call the model: a cassette of their own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_claude.errors import RecordingProblem
from pytest_claude.gating.steps import Step
from pytest_claude.plugin.arms import Arm, Arms
from pytest_claude.plugin.explain import unless_a_group
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.recorder import Recorder
from pytest_claude.settings import RunSettings

__tracebackhide__ = unless_a_group


@dataclass(frozen=True)
class SetUp:
    """One set-up of a fixture wider than a test that asked the model.

    Attributes:
        arms: What it asked, and what its teardown asked so far, if anything.
        request: Pytest's, which tears the fixture down.
    """

    arms: list[Arm]
    request: Any

    @property
    def step(self) -> Step:
        """The first of the trials that share it."""
        return self.arms[0].step


class WideFixtures:
    """Records and replays what class-, module-, package- and session-scoped fixtures ask.

    Such a fixture is set up in whichever test comes first: in that test's cassette its calls
    would move with `-k`, random order and `-n`. In a gate it is set up anew for each trial, and
    the tests of its scope replay the same set-up in their trials with that number: one answer for
    all trials of a model would turn one bad answer into a regression.
    """

    def __init__(
        self,
        settings: RunSettings,
        arms: Arms,
        running: Callable[[], Arm | None],
        outside: list[RecordingProblem],
    ) -> None:
        self._settings = settings
        self._arms = arms
        self._running = running
        self._outside = outside
        self._set_ups: dict[Any, SetUp] = {}
        self._stale: dict[Any, list[RecordingProblem]] = {}
        self._notes: list[str] = []

    def take_notes(self) -> list[str]:
        """What the user should know since the last time, one sentence each."""
        notes, self._notes = self._notes, []
        return notes

    def used_by(self, item: pytest.Item, step: Step) -> list[Arm]:
        """The arms of the set-ups that a trial of a test used, of those that asked the model."""
        used = [self._set_ups[d] for d in _fixtures_of(item) if d in self._set_ups]
        return [arm for of in used if of.step == _shared_by(step) for arm in of.arms]

    def end(self, step: Step) -> None:
        """Tear down, at the end of a trial, what wide fixtures asked for it alone.

        Pytest sets a fixture up again that was torn down, and with it what depends on it. Those
        that ask no model stay, and so does what the recorded trials of the baseline share.
        """
        self._finish(lambda of: of == step and step.stream != "base")

    def renew(self, step: Step) -> None:
        """Tear down, before a trial, what wide fixtures asked for others."""
        self._finish(lambda of: of != _shared_by(step))

    def _finish(self, ends: Callable[[Step], bool]) -> None:
        for definition, set_up in self._set_ups.items():
            if definition.cached_result is not None and ends(set_up.step):
                definition.finish(set_up.request)

    def problems_of(self, item: pytest.Item) -> list[RecordingProblem]:
        """Those that the set-ups of a test's wide fixtures met, in this test or an earlier one."""
        return [problem for d in _fixtures_of(item) for problem in self._stale.get(d, ())]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: Any, request: Any
    ) -> Generator[None, object, object]:
        """Put a cassette of the fixture's own in force while it is set up and torn down."""
        running = self._running()
        belongs_to_none = running is None and self._settings.guard == "tests"
        if fixturedef.scope == "function" or belongs_to_none:
            return (yield)
        # Finalizers run in reverse: ours stand around those that the set-up adds.
        teardown = ExitStack()
        request.addfinalizer(teardown.close)
        step = _shared_by(running.step if running is not None else Step("base", 0))
        with self._recording(fixturedef, request, step):
            result = yield
        recording = self._recording(fixturedef, request, step, teardown=True)
        request.addfinalizer(lambda: teardown.enter_context(recording))
        return result

    @contextmanager
    def _recording(
        self, fixturedef: Any, request: Any, step: Step, *, teardown: bool = False
    ) -> Generator[None, None, None]:
        arm = self._arms.open_fixture(fixturedef, request, step, teardown=teardown)
        recorder, ended = arm.recorder, False
        try:
            with line(recorder):
                yield
            ended = True
        except (Exception, pytest.fail.Exception, pytest.skip.Exception):
            ended = self._settings.gated  # what it was answered made it end so
            raise
        finally:
            recorder.close(ended=ended)
            name = f"{fixturedef.scope} fixture `{fixturedef.argname}`"
            if not teardown:
                self._stale[fixturedef] = recorder.problems
                self._set_ups.pop(fixturedef, None)
                if recorder.calls:
                    self._set_ups[fixturedef] = SetUp([arm], request)
            elif recorder.calls and fixturedef in self._set_ups:
                self._set_ups[fixturedef].arms.append(arm)
            if ended and recorder.replaying and (unused := _unused(recorder)):
                whole = recorder.unopened is not None
                self._take_unused(f"the {name} did not play {unused}", whole=whole)
            self._notes += recorder.notes
            self._problems.extend(recorder.problems)

    @property
    def _problems(self) -> list[RecordingProblem]:
        """Where a problem becomes that of the running test, or of the session."""
        running = self._running()
        return self._outside if running is None else running.recorder.problems

    def _take_unused(self, sentence: str, *, whole: bool) -> None:
        """In a gate a set-up that played nothing of its recording shows nothing of a model."""
        if self._settings.strict or (self._settings.gated and whole):
            rows = [("expected", "every recorded call is made"), ("observed", sentence)]
            strict = " (--claude-strict)" if self._settings.strict else ""
            self._problems.append(RecordingProblem(f"{sentence}{strict}", rows))
        else:
            self._notes.append(sentence)


def _shared_by(step: Step) -> Step:
    """The step of the set-up that a trial uses: recorded trials of the baseline share one."""
    return Step("base", 0) if step.stream == "base" else step


def _fixtures_of(item: pytest.Item) -> list[Any]:
    """The fixtures of a test: those it names, and what it asked for by `getfixturevalue`."""
    named: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    met: Any = getattr(getattr(item, "_request", None), "_fixture_defs", {})  # no public name
    return [*{*(definitions[-1] for definitions in named.values()), *met.values()}]


def _unused(recorder: Recorder) -> str | None:
    if recorder.unopened is not None:
        return recorder.unopened
    numbers = ", ".join(map(str, recorder.unused))
    return f"interaction {numbers} of {recorder.shown_path}" if numbers else None
