"""`--claude-batch`: the rounds before the run that records, and what is said of them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.clock import elapsed_s
from pytest_claude.errors import NotSent, RecordingProblem, SettingsError
from pytest_claude.models.prices import BATCH_FACTOR, answer_cost, price_table
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.plugin.scale.children import Child
from pytest_claude.plugin.scale.limits import limits_of
from pytest_claude.recording.admission import Admission
from pytest_claude.recording.batches.desk import VARIABLE, Desk
from pytest_claude.recording.batches.exchange import Exchange, Purse
from pytest_claude.recording.batches.items import Question, calls
from pytest_claude.recording.batches.journal import Journal, lockable
from pytest_claude.recording.batches.verdicts import Stopped
from pytest_claude.recording.limits import Claim
from pytest_claude.recording.locking import WriteLock
from pytest_claude.recording.shared_state import shared_path, sharing
from pytest_claude.report.numbers import dollars, plural
from pytest_claude.settings import RunSettings
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_answer

if TYPE_CHECKING:
    from pytest_claude.plugin.results import Results


class Rounds:
    """Runs the rounds, in the process that the user started, once the tests are collected."""

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        """Raises SettingsError where another run submits batches for the same cassettes."""
        self._config = config
        self._settings = settings
        try:
            self._lock = WriteLock(lockable(settings.cassette_root))
        except RecordingProblem as error:
            raise SettingsError(f"--claude-batch: {error}") from None
        try:
            journal = Journal(settings.cassette_root)
        except SettingsError:
            self._lock.release()
            raise
        self._shared = ExitStack()
        if shared_path() is None:  # the rounds are other processes
            folder = self._shared.enter_context(TemporaryDirectory(prefix="pytest-claude-"))
            self._shared.enter_context(sharing(folder))
        self._purse = _Purse(config, settings)
        self._exchange = Exchange(
            journal,
            anew=settings.record_mode == "all" and not settings.gated,
            tell=self._tell,
            purse=self._purse,
        )
        self._desk = Desk(self._exchange)
        os.environ[VARIABLE] = self._desk.variable()  # for the workers of xdist too

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Run the rounds before the tests: what these ask then has an answer."""
        option = self._config.option
        is_broken = session.testsfailed and not option.continue_on_collection_errors
        runs_none = option.collectonly or option.setuponly or option.setupplan
        if runs_none or is_broken or not self._has_tests(session):
            return (yield)
        self._exchange.run(self._collect)
        result = yield
        self._exchange.end(whole=not (session.shouldstop or session.shouldfail))
        results: Results | None = self._config.pluginmanager.get_plugin("pytest-claude-results")
        if results is not None:
            results.notes |= dict.fromkeys(self._notes())
        return result

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        os.environ.pop(VARIABLE, None)
        self._desk.close()
        self._shared.close()
        self._lock.release()

    def _has_tests(self, session: pytest.Session) -> bool:
        workers_collect = not session.items
        return workers_collect or any(TEST_SETTINGS in item.stash for item in session.items)

    def _collect(self) -> None:
        """Run the tests in a process of their own, for what they ask."""
        role = self._desk.variable(collects=True, attempt=self._settings.attempt)
        child = Child(self._config, {VARIABLE: role})
        status = child.wait()
        if not child.ran:
            for line in child.last_lines:
                self._tell(line)
            raise Stopped(f"a round ended with the exit status {status}")

    def _tell(self, line: str) -> None:
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"claude: {line}")

    def _notes(self) -> Iterator[str]:
        exchange = self._exchange
        if number := len(self._purse.usd):
            usd = [each for each in self._purse.usd if each is not None]
            known = sum(usd)
            price = f"{dollars(known * BATCH_FACTOR)} instead of {dollars(known)}"
            unknown = number - len(usd)
            price += f", {calls(unknown)} of unknown price aside" if unknown else ""
            rounds = plural(exchange.rounds, "round")
            what = f"{calls(number)} answered in batches, in {rounds}"
            yield f"{what}: {price} (costs are shown without the discount)"
        for why, number in exchange.alone.items():
            yield f"{calls(number)} recorded directly, not in a batch: {why}"
        for owner in exchange.changing:
            yield f"{owner}: it asks something else in each run; seed it or use claude_ignore"
        yield from exchange.told
        if exchange.stopped is not None:
            yield f"no more batches: {exchange.stopped.why}"


class _Purse(Purse):
    """Counts what batches cost, within the budget of the run.

    Attributes:
        usd: The price of each answer without the discount; None where it is unknown.
    """

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self.usd: list[float | None] = []
        self._config = config
        self._budget_usd = settings.budget_usd
        self._prices = price_table(settings.prices, settings.names)
        self._unsettled_usd = 0.0

    def reserve(self, run: str, questions: Sequence[Question]) -> None:
        """Reserve what a batch may cost, as a whole."""
        if self._budget_usd is None:
            return
        state = limits_of(self._config)
        admission = Admission(state, budget_usd=self._budget_usd, prices=self._prices)
        try:
            usd = sum(admission.claim(_request(q)).usd for q in questions) * BATCH_FACTOR
        except NotSent as error:
            raise Stopped(error.headline, error.void) from None
        with state.held() as limits:
            if not limits.enter(run, Claim("batches", usd=usd), elapsed_s(), self._budget_usd):
                return
            limits.over = True
        budget, most = dollars(self._budget_usd), dollars(usd)
        raise Stopped(f"the budget of {budget} allows no batch that may cost {most}", "budget")

    def pay(self, question: Question, answer: Response) -> None:
        """Count what an answer cost."""
        parsed = parse_answer(Interaction(_request(question), answer))
        usd = None if parsed is None else answer_cost(parsed, self._prices).usd
        self.usd.append(usd)
        self._unsettled_usd += (usd or 0.0) * BATCH_FACTOR

    def settle(self, run: str) -> None:
        """Count what a batch cost in the place of what was reserved."""
        with limits_of(self._config).held() as limits:
            limits.settle(run, self._unsettled_usd, elapsed_s())
        self._unsettled_usd = 0.0


def _request(question: Question) -> Request:
    return Request("POST", question.endpoint.url, question.body)
