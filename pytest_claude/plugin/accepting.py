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
from pytest_claude.errors import NoEvidence, SettingsError, UnreadableCassette
from pytest_claude.expect.as_recorded import accepted_lines
from pytest_claude.plugin import explain
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.options import SETTINGS, root_typed, usage_error
from pytest_claude.plugin.trials import TrialRun
from pytest_claude.recording.files import unsaved
from pytest_claude.recording.redaction import Redaction
from pytest_claude.report.explained import check_rows, problem_rows
from pytest_claude.run.typed import as_typed
from pytest_claude.settings import RunSettings, TestSettings


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse what shows no behavior of the tests' own models; heard for the command alone."""
    refuse_other_models(config, "accept: what is accepted")


def refuse_other_models(config: pytest.Config, what: str) -> None:
    """Refuse a run in which other models answer; `what` says for which command, and of what."""
    settings = config.stash[SETTINGS]
    if settings.gated or settings.swaps or settings.dry_run:
        raise usage_error(
            SettingsError(
                f"pytest-claude {what} is what the tests do on their own models: "
                "leave out --claude-swap, --claude-bump, --claude-candidate, --claude-baseline and "
                "--claude-dry-run; where addopts holds one, add -- -o addopts="
            )
        )


@dataclass(frozen=True)
class AcceptedOf:
    """What is accepted of one test.

    Attributes:
        file: Where it is.
        takes: Whether this run accepts what the test does.
        commanded: Whether it does because the user typed so.
        command: What is typed to accept what the test does.
    """

    file: AcceptedFile
    takes: bool
    commanded: bool
    command: str


class Accepting:
    """Gives what is accepted of the tests of a run, and keeps what it accepts."""

    def __init__(self, config: pytest.Config, settings: RunSettings, arms: Arms) -> None:
        self._arms = arms
        self._root = root_typed(config)
        self._commanded = config.pluginmanager.hasplugin(__name__)
        # A gate, and a run that swaps models, show what another model does.
        self._records = settings.recording and not settings.gated and not settings.swaps

    def of(self, test: str) -> AcceptedOf:
        """What is accepted of the test with this node id."""
        file = self._arms.recordings.places.accepted(test)
        takes = self._commanded or (self._records and not file.path.exists())
        command = f"pytest-claude accept {as_typed([test], self._root)}"
        return AcceptedOf(file, takes, self._commanded, command)

    def keep(self, test: str, runs: Sequence[TrialRun], settings: TestSettings) -> Iterator[str]:
        """Write what a test that passed did, where this run accepts it.

        Args:
            test: Its node id.
            runs: Its trials: those that pass, and state the check, are taken.
            settings: How many of them must pass.

        Yields:
            What is told of it.
        """
        stated = [run for run in runs if run.stated is not None]
        passed = [run.result.outcome for run in runs].count("pass") >= settings.passes_needed
        stopped = any(run.result.outcome not in ("pass", "fail") for run in runs)
        if not stated or not passed or stopped:
            return
        of = self.of(test)
        trials = [run.stated for run in stated if run.stated is not None]
        if len(trials) > 1 and any(trial.replayed for trial in trials) and not of.commanded:
            for run in stated:  # they may be of several prompts
                _hold(run, None, of, "some of its trials were recorded before")
            return
        new = Accepted.of([trial.facts for trial in trials], settings.passes_needed)
        try:
            before = of.file.read()
        except UnreadableCassette:
            before = None
        redacted = Redaction.of_environment(os.environ).text
        try:
            of.file.write(new, redacted)
        except OSError as error:
            _fail(runs[-1], of.file, error)
            return
        yield from (
            redacted(f"{test}: {line}") for line in accepted_lines(of.file.shown, before, new)
        )
        for run in stated:
            _hold(run, new, of)


def _hold(run: TrialRun, accepted: Accepted | None, of: AcceptedOf, why: str = "") -> None:
    """A trial that is not as was accepted of all fails, as it will in replay."""
    if run.stated is None or (check := run.stated.check(accepted, why)).outcome is True:
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
    explain.fail(run.reports["call"], NoEvidence(check) if check.outcome is None else check.reason)
    run.rows = check_rows(check, run.result, [("to accept it", of.command)])


def _fail(run: TrialRun, file: AcceptedFile, error: OSError) -> None:
    problem = unsaved(file.path, error)
    explain.fail(run.reports["call"], problem)
    run.rows = problem_rows([problem])
    run.trial = replace(run.result, outcome="abort", cause=problem.headline)
