"""What the rules say of a run: before a bump, and before a model in use retires."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude import clock
from pytest_claude.errors import RecordingProblem
from pytest_claude.models.ids import same_model
from pytest_claude.models.naming import near_miss
from pytest_claude.settings import RunSettings

if TYPE_CHECKING:
    from pytest_claude.models.preflight import Call
    from pytest_claude.places import Places
    from pytest_claude.plugin.results import Results
    from pytest_claude.run.record import Run
    from pytest_claude.transcript.model import Answer


def retirement_notes(run: Run, settings: RunSettings) -> list[str]:
    """The models in use that retire soon, each in one sentence and with a command."""
    from pytest_claude.models.facts import facts_of, retires_within
    from pytest_claude.report.preflight import retirement_line

    users: dict[str, set[str]] = {}
    for result in run.results:
        for model in (model for trial in result.trials for model in trial.models):
            users.setdefault(model, set()).add(result.test)
    if not users or settings.retirement_days is None:
        return []
    left = {settings.names.canonical(swap.old) for swap in (*settings.bump, *settings.swaps)}
    day, notes = clock.today(), []
    for model in retires_within(sorted(users.keys() - left), day, settings.retirement_days):
        tests = {t for name, of in users.items() if same_model(name, model) for t in of}
        facts = facts_of(model)
        assert facts is not None, "it retires"
        notes += retirement_line(facts, day, len(tests))
    return notes


class BumpPreflight:
    """The first section of a bump, which recorded requests NEW refuses; at its end, speed."""

    def __init__(
        self, config: pytest.Config, settings: RunSettings, results: Results, places: Places
    ) -> None:
        self._config = config
        self._settings = settings
        self._results = results
        self._places = places
        self._printed = False

    def pytest_report_header(self) -> list[str]:
        """Tell a slip in an id at once where workers collect: they print nothing, and pay."""
        if not self._settings.records:
            return []
        names = (name for swap in self._settings.bump for name in (swap.old, swap.new))
        models = map(self._settings.names.resolved, names)
        return [f"claude: {hint}" for model in models if (hint := near_miss(model))]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Print the section before the first test runs."""
        self._printed = True
        return self._refusals() or self.pytest_report_header()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, object, object]:
        """Print it at the end where the workers collected; after the verdict, speed."""
        if not self._printed and (lines := self._refusals()):
            terminalreporter.section("preflight")
            for line in lines:
                terminalreporter.write_line(line)
        result = yield
        # Under -v only, for it reads every cassette again.
        if self._results.run is not None and self._config.get_verbosity() >= 1:
            for line in self._speed(self._results.run):
                terminalreporter.write_line(line)
        return result

    def _speed(self, run: Run) -> list[str]:
        """Recorded speed on both models; simulated answers have none."""
        from pytest_claude.models.speed import compare_speed
        from pytest_claude.report.preflight import speed_lines

        sides: dict[bool, dict[str, list[Answer]]] = {False: {}, True: {}}
        for result in run.results:
            cassettes = {
                (trial.stream == "cand", trial.cassette): trial.entries
                for trial in result.trials
                if trial.cassette and not trial.simulated_by
            }
            for (on_candidate, shown), numbers in cassettes.items():
                answers = sides[on_candidate].setdefault(result.test, [])
                answers += self._answers(shown, numbers)
        return speed_lines(compare_speed(sides[False], sides[True]))

    def _answers(self, shown: str, numbers: Sequence[int]) -> Iterator[Answer]:
        from pytest_claude.recording import cassette
        from pytest_claude.transcript.parse import parse_answer

        try:
            entries = cassette.load(self._config.rootpath / shown, shown)
            for number, entry in enumerate(entries, start=1):
                if not numbers or number in numbers:
                    answer = parse_answer(entry.interaction)
                    if answer is not None:
                        yield answer
        except RecordingProblem:
            return  # its trial reported it

    def _refusals(self) -> list[str]:
        from pytest_claude.models.preflight import preflight
        from pytest_claude.report.preflight import refusal_lines

        calls = list(self._recorded(list(self._results.collected)))
        verbose = self._config.get_verbosity() >= 2
        lines: list[str] = []
        for swap in self._settings.bump:
            old, new = map(self._settings.names.resolved, (swap.old, swap.new))
            findings = preflight(calls, new, olds=[old], on=clock.today())
            if refused := refusal_lines(findings, verbose=verbose):
                lines += [f"preflight {swap.new}:", *refused]
        return lines

    def _recorded(self, tests: Sequence[str]) -> Iterator[Call]:
        from pytest_claude.models.message_request import requests_in
        from pytest_claude.models.preflight import Call
        from pytest_claude.recording import cassette

        places, shared = self._places, self._results.shared
        folders = {test: places.test(test) for test in tests if test not in shared}
        folders |= {name: places.shared(name) for name in sorted(shared.values())}
        for test, folder in folders.items():
            module = test.partition("::")[0]
            for recording in folder.recordings():
                shown, trial = folder.shows(recording.path), recording.index + 1
                try:
                    entries = cassette.load(recording.path, shown)
                    for number, entry in enumerate(entries, start=1):
                        for request in requests_in(entry.interaction, self._settings.names):
                            yield Call(test, module, shown, number, trial, request)
                except RecordingProblem:
                    continue  # the trial that opens it reports it
