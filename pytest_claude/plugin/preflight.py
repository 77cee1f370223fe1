"""What the rules say of a run: before a bump, before a call is paid, before a model retires."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude import clock
from pytest_claude.errors import NotSent, RecordingProblem
from pytest_claude.models.ids import same_model
from pytest_claude.models.naming import near_miss
from pytest_claude.plugin.markers import PLACES
from pytest_claude.settings import RunSettings, Swap
from pytest_claude.transcript.interaction import Interaction, Request, Response

if TYPE_CHECKING:
    from pytest_claude.models.message_request import MessageRequest
    from pytest_claude.models.preflight import Call, Preflight
    from pytest_claude.plugin.results import Results
    from pytest_claude.recording.recorder import Veto
    from pytest_claude.transcript.model import Answer


def watch(config: pytest.Config, settings: RunSettings, results: Results) -> None:
    """Say in this run what the rules know; called where the results are heard."""
    config.pluginmanager.register(Retirements(settings, results))
    if settings.bump:
        config.pluginmanager.register(BumpPreflight(config, settings, results))


def veto(swaps: Sequence[Swap], settings: RunSettings) -> Veto | None:
    """What forbids a paid call that its model is known to refuse; None where all may be paid.

    In a gate only what a swap sent to another model: the baseline is asked what it was asked.
    """
    if not settings.recording or settings.record_refused or (settings.gated and not swaps):
        return None

    day = clock.today()

    def forbids(request: Request) -> RecordingProblem | None:
        from pytest_claude.models.message_request import requests_in
        from pytest_claude.models.preflight import surely_refused

        for message in requests_in(Interaction(request, Response(200)), settings.names):
            target = message.model or ""
            swapped = any(settings.names.same(swap.new, target) for swap in swaps)
            if swapped or (not settings.gated and _reaches_claude(message)):
                for finding in surely_refused(message, target, on=day):
                    # A retirement can be put off after this version came out.
                    if swapped or finding.rule != "model-retired":
                        return _not_sent(target, finding)
        return None

    return forbids


def _reaches_claude(request: MessageRequest) -> bool:
    """Whether a request meets the rules as it is: a gateway may alter it on the way."""
    return request.direct or request.platform != "anthropic"


class Retirements:
    """Tells the models in use that retire soon; under --claude-strict the run fails for it."""

    def __init__(self, settings: RunSettings, results: Results) -> None:
        self._settings = settings
        self._results = results
        self._tests: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the models that a test asked."""
        data = getattr(report, "claude", None) or {}
        for trial in data.get("trials", ()):
            for model in trial.get("models", ()):
                self._tests.setdefault(model, set()).add(data["test"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Note what retires, before the notes are told."""
        days = self._settings.retirement_days
        if self._tests and days is not None:
            self._note(session, days)
        return (yield)

    def _note(self, session: pytest.Session, days: int) -> None:
        from pytest_claude.models.facts import facts_of, retires_within
        from pytest_claude.report.preflight import retirement_line

        swaps = (*self._settings.bump, *self._settings.swaps)
        left = {self._settings.names.canonical(swap.old) for swap in swaps}
        day = clock.today()
        found = retires_within(sorted(self._tests.keys() - left), day, days)
        for model in found:
            tests = {t for name, ts in self._tests.items() if same_model(name, model) for t in ts}
            facts = facts_of(model)
            assert facts is not None, "it retires"
            self._results.notes.update(dict.fromkeys(retirement_line(facts, day, len(tests))))
        if found and self._settings.strict and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


class BumpPreflight:
    """The first section of a bump, which recorded requests NEW refuses; at its end, speed."""

    def __init__(self, config: pytest.Config, settings: RunSettings, results: Results) -> None:
        self._config = config
        self._settings = settings
        self._results = results
        self._told = False
        self._cassettes: dict[str, dict[str, dict[str, list[int]]]] = {"base": {}, "cand": {}}

    def pytest_report_header(self) -> list[str]:
        """Tell a slip in an id at once where workers collect: they tell nothing, and pay."""
        if not self._settings.recording:
            return []
        names = (name for swap in self._settings.bump for name in (swap.old, swap.new))
        models = map(self._settings.names.resolved, names)
        return [f"claude: {hint}" for model in models if (hint := near_miss(model))]

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """Tell it before the first test runs."""
        self._told = True
        lines = self._lines(list(self._results.collected))
        return lines or self.pytest_report_header()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, object, object]:
        """Tell it at the end where the workers collected; after the verdict, speed."""
        if not self._told and (lines := self._lines(list(self._results.collected))):
            terminalreporter.section("preflight")
            for line in lines:
                terminalreporter.write_line(line)
        result = yield
        for line in self._speed():
            terminalreporter.write_line(line)
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take where the trials of a test are recorded."""
        data = getattr(report, "claude", None) or {}
        for trial in data.get("trials", ()):
            if trial.get("cassette") and not trial.get("simulated_by"):
                side = self._cassettes["cand" if trial["stream"] == "cand" else "base"]
                side.setdefault(data["test"], {})[trial["cassette"]] = trial["entries"]

    def _speed(self) -> list[str]:
        """Recorded speed on both models; under -v only, for it reads every cassette again."""
        from pytest_claude.models.speed import compare_speed
        from pytest_claude.report.preflight import speed_lines

        if self._config.get_verbosity() < 1:
            return []
        answers = {
            side: {test: list(self._answers(paths)) for test, paths in tests.items()}
            for side, tests in self._cassettes.items()
        }
        return speed_lines(compare_speed(answers["base"], answers["cand"]))

    def _answers(self, cassettes: Mapping[str, list[int]]) -> Iterator[Answer]:
        from pytest_claude.recording import cassette
        from pytest_claude.transcript.parse import parse_answer

        for shown, own in cassettes.items():
            try:
                entries = cassette.load(self._config.rootpath / shown, shown)
            except RecordingProblem:
                continue  # its trial told
            if own:
                entries = [entry for n, entry in enumerate(entries, start=1) if n in own]
            found = (parse_answer(entry.interaction) for entry in entries)
            yield from (answer for answer in found if answer is not None)

    def _lines(self, tests: list[str]) -> list[str]:
        from pytest_claude.models.preflight import preflight
        from pytest_claude.report.preflight import refusal_lines

        calls = list(self._recorded(tests))
        lines: list[str] = []
        for swap in self._settings.bump:
            old, new = map(self._settings.names.resolved, (swap.old, swap.new))
            found: Preflight = preflight(calls, new, olds=[old], on=clock.today())
            verbose = self._config.get_verbosity() >= 2
            if told := refusal_lines(found, verbose=verbose):
                lines += [f"preflight {swap.new}:", *told]
        return lines

    def _recorded(self, tests: Sequence[str]) -> Iterator[Call]:
        from pytest_claude.models.message_request import requests_in
        from pytest_claude.models.preflight import Call
        from pytest_claude.places import places_of
        from pytest_claude.recording import cassette

        places = self._config.stash.get(PLACES, None) or places_of(self._settings)
        shared = self._results.shared
        folders = {test: places.test(test) for test in tests if test not in shared}
        folders |= {name: places.shared(name) for name in sorted(shared.values())}
        for test, folder in folders.items():
            module = test.partition("::")[0]
            for recording in folder.recordings():
                shown = folder.shows(recording.path)
                try:
                    entries = cassette.load(recording.path, shown)
                except RecordingProblem:
                    continue  # the trial that opens it tells
                for number, entry in enumerate(entries, start=1):
                    for request in requests_in(entry.interaction, self._settings.names):
                        yield Call(test, module, shown, number, recording.index + 1, request)


def _not_sent(target: str, finding: Any) -> NotSent:
    # A trial without evidence: its test stays undecided, and the gate goes on with the others.
    said = [("the API", finding.message)] if finding.message else []
    fix = [] if finding.fix is None else [("to mend it", finding.fix)]
    return NotSent(
        f"not sent: {target} refuses it: {finding.seen}",
        [
            ("expected", f"a request that {target} accepts"),
            ("observed", f"{finding.seen} (HTTP {finding.status}, rule {finding.rule})"),
            *said,
            *fix,
            ("to send it", "add --claude-record-refused"),
        ],
    )
