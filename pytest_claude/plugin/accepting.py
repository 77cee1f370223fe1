"""What is accepted of each test: read for its check, written by its first recording.

`pytest-claude accept` loads this module as a plugin of its own: then the tests that are run accept
what they do.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from pytest_claude.accepted_files import AcceptedFile
from pytest_claude.behavior.accepted import Accepted
from pytest_claude.comparison.trial import CheckNote
from pytest_claude.errors import UnreadableCassette
from pytest_claude.expect.as_recorded import moved_text
from pytest_claude.plugin import explain
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.options import root_typed
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.recording.files import unsaved
from pytest_claude.recording.redaction import Redaction
from pytest_claude.report.explained import problem_rows
from pytest_claude.run.typed import as_typed
from pytest_claude.settings import RunSettings, TestSettings


@dataclass(frozen=True)
class AcceptedOf:
    """What is accepted of one test.

    Attributes:
        file: Where it is.
        takes: Whether this run accepts what the test does.
        command: What is typed to accept what the test does.
    """

    file: AcceptedFile
    takes: bool
    command: str


class Accepting:
    """Gives what is accepted of the tests of a run, and keeps what it accepts."""

    def __init__(self, config: pytest.Config, settings: RunSettings, arms: Arms) -> None:
        self._arms = arms
        self._root = root_typed(config)
        self._commanded = config.pluginmanager.hasplugin(__name__)
        # A run that swaps models shows what another model does.
        self._records = settings.recording and not settings.gated and not settings.swaps

    def of(self, test: str) -> AcceptedOf:
        """What is accepted of the test with this node id."""
        file = self._arms.recordings.places.accepted(test)
        takes = self._commanded or (self._records and not file.path.exists())
        command = f"pytest-claude accept {as_typed([test], self._root)}"
        return AcceptedOf(file, takes, command)

    def keep(self, test: str, runs: Sequence[TrialRun], settings: TestSettings) -> Iterator[str]:
        """Write what a test that passed did, where this run accepts it.

        Args:
            test: Its node id.
            runs: Its trials: those that pass, and state the check, are taken.
            settings: How many of them must pass.

        Yields:
            What is told of it.
        """
        shown = [run.stated.facts for run in runs if run.stated is not None]
        passed = [run.result.outcome for run in runs].count("pass") >= settings.passes_needed
        stopped = any(run.result.outcome not in ("pass", "fail") for run in runs)
        if self._commanded and passed and not shown:
            yield f"{test}: nothing to accept: it does not state behaves_as_recorded"
        if not shown or not passed or stopped or not (of := self.of(test)).takes:
            return
        new = Accepted.of(shown, settings.passes_needed)
        try:
            before = of.file.read()
        except UnreadableCassette:
            before = None
        try:
            of.file.write(new, Redaction.of_environment(os.environ).text)
        except OSError as error:
            _fail(runs[-1], of.file, error)
            return
        if self._commanded:
            yield f"{test}: accepted in {of.file.shown}: {moved_text(before, new)}"
        if places := [".".join(place) for place in new.varying]:
            yield f"{test}: its trials differ in {', '.join(places)}: anything is accepted there"
        for run in runs:
            _hold(run, new)


def _hold(run: TrialRun, accepted: Accepted) -> None:
    """A trial that is not as was accepted of all fails, as it will in replay."""
    if run.stated is None or (check := run.stated.check(accepted)).outcome is True:
        return
    notes = tuple(
        CheckNote(
            n.name, check.outcome, check.reason, n.facts, check.expected, n.line, check.observed
        )
        if n.name == check.name
        else n
        for n in run.result.checks
    )
    run.trial = replace(run.result, outcome="fail", cause=check.reason, checks=notes)


def _fail(run: TrialRun, file: AcceptedFile, error: OSError) -> None:
    problem = unsaved(file.path, error)
    explain.fail(run.reports["call"], problem)
    run.rows = problem_rows([problem])
    run.trial = replace(run.result, outcome="abort", cause=problem.headline)
