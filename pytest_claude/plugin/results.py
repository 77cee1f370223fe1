"""Hears reports, in the controller or the single process; alone prints, writes, sets the status."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.plugin import github
from pytest_claude.settings import RunSettings

if TYPE_CHECKING:
    from pytest_claude.plugin.earlier import Earlier
    from pytest_claude.report.row import Row
    from pytest_claude.report.story import Typed
    from pytest_claude.run.record import Run


class Results:
    """Collects what the tests came to and tells it at the end.

    Attributes:
        collected: Node ids of the claude tests that were to run.
        shared: Names of the cassettes that some of them share, by node id.
        outside: Refused calls that no claude test made, one sentence each.
        notes: What the user should know of the session, one sentence each.
        usage_error: A usage error that a worker found; workers can't raise one.
    """

    def __init__(
        self, config: pytest.Config, settings: RunSettings, earlier: Earlier | None
    ) -> None:
        self.collected: dict[str, None] = {}
        self.shared: dict[str, str] = {}
        self.outside: list[str] = []
        self.notes = dict.fromkeys(_unredacted(os.environ) if settings.recording else ())
        self.usage_error: str | None = None
        self._config = config
        self._settings = settings
        self._earlier = earlier
        self._results: dict[str, dict[str, Any]] = {}
        self._held: dict[str, dict[str, Any]] = {}
        self._run: Run | None = None
        self._unwritten: list[str] = []
        self._lines: dict[str, int] = {}
        # Now: recording makes the folder.
        self._strayed = config.inipath is None and not settings.cassette_root.is_dir()

    @pytest.hookimpl(tryfirst=True)  # before the JUnit file takes the report's properties
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result that travels on a report; a later one of the same test replaces it."""
        note_line(self._lines, report)
        data = getattr(report, "claude", None)
        if data is None:
            return
        self.collected.update(dict.fromkeys(data.pop("collected", ())))
        held = data.pop("held", None)
        if held is not None and (held["reports"] or data["test"] not in self._held):
            # The duel's first failure is shown before the screen's.
            if held["failed"] or not self._held.get(data["test"], held)["failed"]:
                self._held[data["test"]] = held
        self._results[data["test"]] = _joined(self._results.get(data["test"]), data)
        if report.when == "teardown" and not self._settings.gated:
            self._add_properties(report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of xdist what all must agree on."""
        node.workerinput["claude_attempt"] = self._settings.attempt
        if self._earlier is not None:
            node.workerinput["claude_earlier"] = self._earlier.text

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Judge a gate when all trials are in, and publish the tests that waited for it."""
        because: str | None = "the run was stopped"
        try:
            result = yield
            because = str(session.shouldstop) if session.shouldstop else None
            return result
        finally:
            collecting = session.config.option.collectonly
            if self._settings.gated and self.usage_error is None and not collecting:
                self._run = self._judged(because)
                self._publish()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker of xdist leaves behind."""
        output = getattr(node, "workeroutput", {})
        self.usage_error = self.usage_error or output.get("claude_usage_error")
        self.outside += output.get("claude_outside", ())
        self.notes.update(dict.fromkeys(output.get("claude_notes", ())))
        self.collected.update(dict.fromkeys(output.get("claude_collected", ())))
        self.shared.update(output.get("claude_shared", {}))

    def pytest_keyboard_interrupt(self) -> None:
        """Say that an interrupted recording goes on; a gate's verdict says it with its commands."""
        if self._settings.recording and not self._settings.gated:
            mode = self._settings.record_mode
            option = "--claude-record" + (f"={mode}" if mode != "new_episodes" else "")
            command = " ".join(filter(None, ["pytest", self._typed().tests, option]))
            told = "the recording was interrupted; what was answered is kept and not paid again"
            self.notes |= dict.fromkeys([told, f"  to go on  {command}"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, None, None]:
        """Decide, write the reports, set the exit status."""
        if self.usage_error is not None:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif self._config.option.collectonly:
            pass  # nothing ran, and nothing was to run
        elif self._results or self.collected or self.outside or self._settings.bump:
            self._decide(session)
        yield

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the section `claude`, when there is something to say."""
        if self.usage_error is not None:
            from pytest_claude.report.terminal import usage_text

            terminalreporter.ensure_newline()
            for line in f"ERROR: {usage_text(self.usage_error)}".splitlines():
                terminalreporter.write_line(line, red=True)
            return
        if self._run is None or self._config.getoption("no_summary"):
            return
        from pytest_claude.report import terminal
        from pytest_claude.report.story import story

        title, lines = "claude", [*self._unwritten, *self._outside_lines()]
        if self._run.decision is not None:
            told = story(self._run, self._typed())
            title = " → ".join(told.models)
            verbosity = self._config.get_verbosity()
            section = [
                *terminal.gate_lines(told, whole=verbosity >= 2),
                *terminal.plain_lines(self._run.results),
            ]
            lines += terminal.verdict_lines(told) if verbosity < 0 else [*section, ""]
            lines += self._what_next(self._run)
        else:
            lines += terminal.plain_lines(self._run.results)
        strayed = self._strayed and self.collected
        elsewhere = _elsewhere(self._config, self.collected) if strayed else ()
        lines += terminal.note_lines([*elsewhere, *self.notes])
        if lines:
            terminalreporter.ensure_newline()
            terminalreporter.section(self._told(title))
            for line in lines:
                terminalreporter.write_line(self._told(line), **_colour(line))
        if github.on_actions():
            for line in github.annotation_lines(self._run, self._lines, self._config.rootpath):
                terminalreporter.write_line(line)

    def _told(self, line: str) -> str:
        """The line in characters that the terminal has."""
        from pytest_claude.report.terminal import in_encoding

        return in_encoding(line, getattr(sys.stdout, "encoding", None) or "utf-8")

    def _judged(self, because: str | None) -> Run:
        from pytest_claude.plugin.judging import judged
        from pytest_claude.run.record import TestResult

        assert self._earlier is not None, "a gate reads it"
        results = {test: TestResult.from_json(data) for test, data in self._results.items()}
        return judged(self._settings, self._earlier, results, list(self.collected), because)

    def _publish(self) -> None:
        """Tell pytest of the tests that waited for their verdict."""
        from pytest_claude.plugin import publication
        from pytest_claude.report.story import story

        hook = self._config.hook
        assert self._run is not None, "it was judged"
        rows = {row.test: row for row in story(self._run).rows} if self._held else {}
        if (terminal := self._config.pluginmanager.get_plugin("terminalreporter")) is not None:
            terminal.ensure_newline()  # after the percentage of the last line
        for test, held in self._held.items():
            location = tuple(held["location"])
            reports = publication.judged(self._config, test, held, rows[test])
            hook.pytest_runtest_logstart(nodeid=test, location=location)
            self._add_properties(reports["teardown"], rows[test])
            for report in reports.values():
                hook.pytest_runtest_logreport(report=report)
            hook.pytest_runtest_logfinish(nodeid=test, location=location)

    def _add_properties(self, report: pytest.TestReport, row: Row | None = None) -> None:
        """Say in the JUnit file, where one is written, what a test came to."""
        if not self._config.getoption("xmlpath", None):
            return
        from pytest_claude.report.properties import properties
        from pytest_claude.report.row import plain_row
        from pytest_claude.run.record import TestResult

        row = row or plain_row(TestResult.from_json(self._results[report.nodeid]))
        report.user_properties += properties(row)

    def _decide(self, session: pytest.Session) -> None:
        if self._run is None:
            self._run = self._judged(None) if self._settings.gated else self._plain()
        decision = self._run.decision
        if decision is not None:
            self._write_ledger()
            if decision.overall != "pass" and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif not hasattr(self._config, "workerinput") and self._results:
            from pytest_claude.plugin.earlier import keep_last

            keep_last(self._config, self._run)
        self._write()
        if (self.outside or self._unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _plain(self) -> Run:
        from pytest_claude.run.record import Run, TestResult

        results = (TestResult.from_json(data) for _, data in sorted(self._results.items()))
        return Run(collected=tuple(sorted(self.collected)), results=tuple(results))

    def _write_ledger(self) -> None:
        from pytest_claude.plugin.earlier import write_ledgers
        from pytest_claude.plugin.judging import ledger_of

        run, earlier = self._run, self._earlier
        if run is None or run.decision is None or earlier is None:
            return
        if self._settings.recording:
            try:
                write_ledgers(self._settings, earlier, ledger_of(run), run.decision)
            except OSError as error:
                self._unwritten.append(f"the ledger could not be written: {error.strerror}")

    def _write(self) -> None:
        from pytest_claude.models.prices import price_table
        from pytest_claude.report_files import write_reports

        assert self._run is not None, "it was decided"
        reports = self._settings.reports
        root = self._config.rootpath
        prices = price_table(self._settings.prices, self._settings.names)
        typed = self._typed()
        self._unwritten += write_reports(self._run, reports, root, prices, typed)
        if github.on_actions() and (problem := github.write_summary(self._run, reports, typed)):
            self._unwritten.append(problem)

    def _outside_lines(self) -> list[str]:
        from pytest_claude.report.numbers import plural

        if not self.outside:
            return []
        lines = [f"{plural(len(self.outside), 'problem')} outside the claude tests"]
        return [*lines, *(f"  {line}" for line in dict.fromkeys(self.outside))]

    def _typed(self) -> Typed:
        """What was typed for a gate, for the commands that go on with it."""
        from pytest_claude.report.story import Typed

        config, option = self._config, self._config.option
        preset = config.getoption("claude_gate")
        paths = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else ()
        given = {"-k": option.keyword, "-m": option.markexpr}
        words = [word for name, said in given.items() if said for word in (name, said)]
        workers = getattr(option, "numprocesses", None)
        return Typed(
            f"--claude-gate {preset}" if preset else "",
            shlex.join([*words, *paths]),
            str(workers) if workers else None,
        )

    def _what_next(self, run: Run) -> list[str]:
        """Where the reports are, and what to type next: the same as in them."""
        from pytest_claude.report.commands import Command, next_commands
        from pytest_claude.report.story import story
        from pytest_claude.report.terminal import command_lines
        from pytest_claude.report_files import as_typed, run_file_of

        # A hidden file is a program's own: `pytest-claude bump` reads it and removes it.
        shown = [path for path in self._settings.reports if not path.name.startswith(".")]
        labels = {".json": "run file", ".html": "page", ".md": "Markdown"}
        files = [Command("", as_typed(path), labels[path.suffix]) for path in shown]
        told = story(run, self._typed())
        return command_lines([*files, *next_commands(told, run_file_of(shown))])


def _elsewhere(config: pytest.Config, tests: Iterable[str]) -> list[str]:
    """Where the cassettes are when pytest, without an ini file, took another folder for root."""
    name, here = config.getini("claude_cassette_dir"), config.rootpath
    files = dict.fromkeys(here / test.partition("::")[0] for test in tests)
    below = [up for file in files for up in file.parents if here in up.parents]
    found = next((up for up in (*below, *here.parents) if (up / name).is_dir()), None)
    if found is None:
        return []
    where = "below" if found in below else "above"
    path = Path(os.path.relpath(found, config.invocation_params.dir))
    return [
        f"no {name}/ in pytest's rootdir, but one in a folder {where} it",
        f"  to use it  touch {path / 'pytest.ini'}",
    ]


def _unredacted(environment: Mapping[str, str]) -> list[str]:
    from pytest_claude.recording.secrets import left_alone

    return [
        f"{name} {why}: it is not redacted in what is recorded"
        for name, why in left_alone(environment).items()
    ]


def _joined(before: dict[str, Any] | None, data: dict[str, Any]) -> dict[str, Any]:
    """What a test came to, with what is told of it only once."""
    if before is None:
        return data
    told = {name: [*before[name], *data[name]] for name in ("unused", "notes")}
    return {**data, **told, "stale": before["stale"] or data["stale"]}


def note_line(lines: dict[str, int], report: pytest.TestReport) -> None:
    """Keep the line of a test to point at: the assertion that failed, else its first line."""
    path, line, _ = report.location
    crash = getattr(report.longrepr, "reprcrash", None)
    if report.failed and crash is not None and str(crash.path).endswith(path.lstrip(".")):
        lines[report.nodeid] = crash.lineno
    elif line is not None:
        lines.setdefault(report.nodeid, line + 1)


def _colour(line: str) -> dict[str, bool]:
    if line.startswith("FAIL"):
        return {"red": True, "bold": True}
    if line.startswith("UNDECIDED"):
        return {"yellow": True, "bold": True}
    return {"green": True, "bold": True} if line.startswith("PASS") else {}
