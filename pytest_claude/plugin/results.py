"""Hears what the tests showed, in the controller or the single process; alone sets the status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.plugin import summary
from pytest_claude.settings import RunSettings

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_claude.gating.status import Reason
    from pytest_claude.plugin.gate.comparison import GatedRun
    from pytest_claude.plugin.gate.estimate import Ahead
    from pytest_claude.plugin.scale.dry_run import Findings
    from pytest_claude.plugin.scale.progress import Json, Progress
    from pytest_claude.report.row import Row
    from pytest_claude.report.story import Story
    from pytest_claude.run.record import Run, TestResult


class Results:
    """Collects the results of the tests, judges a gate, and hands the story of the run on.

    Attributes:
        collected: Node ids of the claude tests that were to run.
        shared: Names of the cassettes that some of them share, by node id.
        left_out: Why a gate leaves tests out by the user's choice, by node id.
        superseded: Tests of a gate, as `Gate` has them.
        outside: Refused calls that no claude test made, one sentence each.
        notes: What the user should know of the session, one sentence each.
        first_lines: Says, of the tests that run, what is printed before the first.
        usage_error: A usage error that a worker found; workers can't raise one.
        run: The run; None until its tests have ended.
        progress: Of a recording; None in a replay.
    """

    def __init__(
        self, config: pytest.Config, settings: RunSettings, gated: GatedRun | None
    ) -> None:
        self.collected: dict[str, None] = {}
        self.shared: dict[str, str] = {}
        self.left_out: dict[str, Reason] = {}
        self.superseded: dict[str, bool] = {}
        self.outside: list[str] = []
        self.notes = dict.fromkeys(summary.not_redacted() if settings.recording else ())
        self.first_lines: Callable[[Sequence[pytest.Item]], list[str]] = lambda items: []
        self.usage_error: str | None = None
        self.run: Run | None = None
        self.progress: Progress | None = None
        self._config = config
        self._settings = settings
        self._gated = gated
        self._part = None if settings.part is None else settings.part.out
        self._results: dict[str, TestResult] = {}
        self._uncollected: dict[str, None] = {}
        self._held: dict[str, dict[str, Any]] = {}
        self._story: Story | None = None
        self._unwritten: list[str] = []
        self._paid: list[float | None] = []
        self._unread: Counter[str] = Counter()
        self._lines: dict[str, int] = {}
        self._findings: Findings | None = None
        self._json: Json | None = None
        if settings.dry_run:
            from pytest_claude.plugin.scale.dry_run import Findings
            from pytest_claude.plugin.scale.progress import Json

            self._json = Json(settings) if settings.progress == "json" else None
            self._findings = Findings(settings, gated, self.collected)
            if (cache := getattr(config, "cache", None)) is not None:
                cache.set = lambda key, value: None  # `--lf` goes by the last real run
        # Now: recording makes the folder.
        self._strayed = config.inipath is None and not settings.cassette_root.is_dir()

    # --- what comes in ----------------------------------------------------------------------

    def take_session(self, data: Mapping[str, Any]) -> None:
        """Take what a process leaves that belongs to no test."""
        self.usage_error = self.usage_error or data.get("claude_usage_error")
        self.outside += data.get("claude_outside", ())
        self.notes.update(dict.fromkeys(data.get("claude_notes", ())))
        self.collected.update(dict.fromkeys(data.get("claude_collected", ())))
        self._uncollected.update(dict.fromkeys(data.get("claude_uncollected", ())))
        self.shared.update(data.get("claude_shared", {}))
        self.left_out.update(data.get("claude_left_out", {}))
        judged = data.get("claude_judged", {})
        self._paid += judged.get("paid", ())
        self._unread += Counter(judged.get("failures", {}))
        if (taken := data.get("claude_taken")) is not None:
            self._take(taken)
        if self.progress is not None and (made := data.get("claude_made")):
            self.progress.take(made)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker of xdist leaves behind."""
        self.take_session(getattr(node, "workeroutput", {}))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Give a worker of xdist what all must agree on."""
        node.workerinput["claude_attempt"] = self._settings.attempt
        if self._gated is not None:
            node.workerinput["claude_earlier"] = self._gated.text

    @pytest.hookimpl(tryfirst=True)  # before the JUnit file takes the report's properties
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result that travels on a report; a later one of the same test replaces it."""
        note_line(self._lines, report)
        data = getattr(report, "claude", None)
        if data is None or "result" not in data:  # another plugin may log a report twice
            return
        self._take(data)
        if report.when == "teardown" and not self._settings.gated:
            self._add_properties(report)

    def _take(self, data: dict[str, Any]) -> None:
        """Take what travels with a result, and leave the result."""
        if self._findings is not None and "dry" in data:
            self._findings.take(data["test"], data.pop("dry"))
        self.collected.update(dict.fromkeys(data.pop("collected", ())))
        if (unsteady := data.pop("superseded", None)) is not None:
            self.superseded[data["test"]] = unsteady
        held = data.pop("held", None)
        before = self._held.get(data["test"])
        if held is not None and (held["reports"] or before is None):
            # The duel's first failure is shown before the screen's.
            if held["failed"] or before is None or not before["failed"]:
                self._held[data["test"]] = held
        result = data.pop("result")  # pytest keeps the report
        self._results[data["test"]] = _joined(self._results.get(data["test"]), result)

    # --- the verdict ------------------------------------------------------------------------

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
            judges = self._settings.gated and self._findings is None and self._part is None
            if judges and self.usage_error is None and not collecting:
                self._publish(self._end(because))
            elif self._held and not self._settings.gated:
                self._publish_cases()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Decide, write the reports, set the exit status."""
        if self.usage_error is not None:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self._part is not None:
            self._leave_part(self._part)
        elif self.usage_error is not None:
            pass
        elif self._config.option.collectonly or self._findings is not None:
            pass  # nothing ran, and nothing was to run; a dry run keeps nothing
        elif self._results or self.collected or self.outside or self._settings.bump:
            fails = self._finish()
            if fails and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def _leave_part(self, path: Path) -> None:
        """Leave what this process took of a comparison of several candidates."""
        from pytest_claude.plugin.gate.part import Taken

        dry = None
        if self._findings is not None:
            lines = summary.dry_run_lines(self._config, self._findings, self.outside, [*self.notes])
            dry = {"lines": lines, "usd": self._findings.to_json()["usd"]}
        Taken(
            {test: self._results[test] for test in sorted(self._results)},
            [*self.collected, *self._uncollected],
            self._held,
            {**self.left_out},
            self.superseded,
            self.outside,
            [*self.notes],
            {**self._unread},
            self.usage_error,
            dry,
        ).write(path)

    def _end(self, because: str | None = None) -> Story:
        """Make the run of all results, judged where it is gated, and its story."""
        from pytest_claude.report.story import story
        from pytest_claude.run.record import Run

        results = {test: self._results[test] for test in sorted(self._results)}
        if self._gated is not None:
            self.run = self._gated.judged(
                results,
                {**self.collected, **self._uncollected},
                self.left_out,
                self.superseded,
                because,
            )
        else:
            collected = tuple(sorted(self.collected))
            self.run = Run(collected=collected, results=tuple(results.values()))
        typed = summary.typed_in(self._config)
        if self._gated is not None and summary.chooses(self._config):
            typed = replace(
                typed, is_part=self._gated.is_part(self.run, partial(summary.covers, self._config))
            )
        self._story = story(self.run, typed)
        return self._story

    def _publish(self, story: Story) -> None:
        """Report the tests that waited for their verdict to pytest."""
        from pytest_claude.plugin import explain

        rows = {row.test: row for row in story.rows}
        self._log(
            (explain.judged(self._config, test, held, rows[test]), rows[test])
            for test, held in self._held.items()
        )

    def _publish_cases(self) -> None:
        """Report the failed cases that waited for the pass rate of their set to pytest."""
        from pytest_claude.plugin import explain
        from pytest_claude.report.row import plain_row
        from pytest_claude.report.sets import set_text
        from pytest_claude.run.sets import set_counts

        shown: list[tuple[Mapping[str, pytest.TestReport], Row]] = []
        for count in set_counts(self._results.values()):
            passes, text = count.verdict == "passed", set_text(count)
            for test in sorted(self._held.keys() & {*count.failed}):
                held, result = self._held[test], self._results[test]
                reports = explain.in_set(self._config, test, held, text, passes=passes)
                shown.append((reports, plain_row(result, count if passes else None)))
        self._log(shown)

    def _log(self, held: Iterable[tuple[Mapping[str, pytest.TestReport], Row]]) -> None:
        """Report tests that were held to pytest, each with what the reports of the run say."""
        hook = self._config.hook
        if (terminal := self._config.pluginmanager.get_plugin("terminalreporter")) is not None:
            terminal.ensure_newline()  # after the percentage of the last line
        for reports, row in held:
            teardown = reports["teardown"]
            location = tuple(teardown.location)  # JSON has no tuples
            hook.pytest_runtest_logstart(nodeid=row.test, location=location)
            self._add_properties(teardown, row)
            for report in reports.values():
                hook.pytest_runtest_logreport(report=report)
            hook.pytest_runtest_logfinish(nodeid=row.test, location=location)

    def _add_properties(self, report: pytest.TestReport, row: Row | None = None) -> None:
        """Say in the JUnit file, where one is written, what a test showed."""
        if not self._config.getoption("xmlpath", None):
            return
        from pytest_claude.report.properties import properties
        from pytest_claude.report.row import plain_row

        report.user_properties += properties(row or plain_row(self._results[report.nodeid]))

    def _finish(self) -> bool:
        """Write what is kept of the run; whether something fails it that fails no test."""
        from pytest_claude.models.prices import price_table
        from pytest_claude.plugin.gate.comparison import keep_last
        from pytest_claude.plugin.gate.preflight import retirement_notes
        from pytest_claude.report_files import write_reports, write_step_summary
        from pytest_claude.run.sets import sets_verdict

        story = self._story or self._end()
        run, settings, root = self.run, self._settings, self._config.rootpath
        assert run is not None, "it has a story"
        if self._gated is None:
            if self._results and not hasattr(self._config, "workerinput"):
                keep_last(self._config, run)
        elif settings.recording:
            try:
                self._gated.keep(run, self.superseded)
            except OSError as error:
                self._unwritten.append(f"the ledger could not be written: {error.strerror}")
        prices = price_table(settings.prices, settings.names)
        self._unwritten += write_reports(run, story, settings.reports, root, prices)
        self._unwritten += write_step_summary(story, settings.reports)
        retiring = retirement_notes(run, settings)
        self.notes.update(dict.fromkeys(retiring))
        if run.decision is not None:
            fails = run.decision.overall != "pass"
        else:  # the cases of a set that is undecided are red themselves
            fails = sets_verdict(run.results) == "fail"
        return bool(fails or self.outside or self._unwritten or (retiring and settings.strict))

    # --- what is printed --------------------------------------------------------------------

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """How many tests are ours, and what a gate may cost."""
        return [*self.first_lines(items), *self._interrupted()]

    def _interrupted(self) -> list[str]:
        """The recordings that this run goes on with, or that the next one will."""
        if not self._settings.records:
            return []
        from pytest_claude.recording.partial import left_below
        from pytest_claude.report.recording import interrupted_lines

        root = self._settings.cassette_root
        return interrupted_lines([p.relative_to(root).as_posix() for p in left_below(root)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        """Print what a recording goes on with and what it may cost, before workers begin."""
        gated, settings = self._gated, self._settings
        if not settings.records or node.gateway.id != "gw0":  # each worker collects the same
            return
        lines = self._interrupted()
        if gated is not None:
            from pytest_claude.plugin.gate.estimate import gate_by_ids

            workers = summary.workers_of(self._config)
            ahead = gate_by_ids(ids, settings, gated, workers) if settings.go_on is None else None
            lines = [*(ahead.lines if ahead is not None else ()), *lines]
            self.begin(ahead)
        elif self.progress is not None:
            from pytest_claude.plugin.scale.limits import take_ahead

            left = take_ahead(self._config)
            self.progress.begin(left)
            if left is not None and self._config.get_verbosity() >= 0:
                lines = [*left["lines"], *lines]
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        for line in lines if reporter else ():
            reporter.write_line(line)

    def begin(self, ahead: Ahead | None) -> None:
        """Take what a recording will take."""
        if self.progress is not None:
            self.progress.begin(None if ahead is None else asdict(ahead))

    def pytest_keyboard_interrupt(self) -> None:
        """Say that an interrupted recording goes on; a gate's verdict says it with its commands."""
        if self._settings.recording and not self._settings.gated:
            from pytest_claude.plugin.scale.limits import ALL_STOPPED

            kept = "the recording was interrupted; what was answered is kept and not paid again"
            mode: str | None = None
            if self._settings.record_mode == "all":
                kept = f"the recording was interrupted; with the next command {ALL_STOPPED}"
                mode = "new_episodes"
            command = summary.record_command(self._config, mode)
            self.notes |= dict.fromkeys([kept, f"  to go on  {command}"])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the section `claude`, when there is something to say, and GitHub's annotations."""
        if self.usage_error is not None:
            summary.print_usage_error(terminalreporter, self.usage_error)
        elif self._findings is not None:
            if not self._config.option.collectonly:
                if self._json is not None:
                    self._json.write("estimate", self._findings.to_json())
                summary.print_dry_run(terminalreporter, self._findings, self.outside, [*self.notes])
        elif self._part is not None:
            pass
        elif self.run is not None and self._story and not self._config.getoption("no_summary"):
            problems = [*self._unwritten, *summary.outside_lines(self.outside)]
            strayed = self._strayed and self.collected
            elsewhere = summary.elsewhere(self._config, self.collected) if strayed else []
            judged = summary.judged_notes(self._settings, self._paid, self._unread)
            made = [] if self.progress is None else self.progress.notes
            notes = [*elsewhere, *self.notes, *judged, *made]
            if self._settings.recording:
                from pytest_claude.plugin.scale.limits import limit_notes

                notes += [
                    *limit_notes(self._config, self._settings, self.run, self._unread.total())
                ]
                notes += self._interrupted()
            summary.print_section(terminalreporter, self.run, self._story, problems, notes)
            summary.print_annotations(terminalreporter, self._story, self._lines)


def hear_results(config: pytest.Config, settings: RunSettings, gated: GatedRun | None) -> Results:
    """Register what hears the results of a run; the arguments are those of `Results`."""
    results = Results(config, settings, gated)
    config.pluginmanager.register(results, "pytest-claude-results")
    if settings.recording:
        from pytest_claude.plugin.scale.progress import Progress

        results.progress = Progress(config, settings)
        config.pluginmanager.register(results.progress, "pytest-claude-progress")
    if settings.bump and gated is not None and settings.part is None:
        from pytest_claude.plugin.gate.preflight import BumpPreflight

        preflight = BumpPreflight(config, settings, results, gated.places)
        config.pluginmanager.register(preflight)
    return results


def _joined(before: TestResult | None, travelled: TestResult | Mapping[str, Any]) -> TestResult:
    """The result of a test, with what earlier reports of it said only once.

    It has travelled as JSON where it comes from a worker.
    """
    from pytest_claude.run.record import TestResult

    if isinstance(travelled, Mapping):
        travelled = TestResult.from_json(travelled)
    if before is None:
        return travelled
    return replace(
        travelled,
        unused=before.unused + travelled.unused,
        notes=before.notes + travelled.notes,
        stale=before.stale or travelled.stale,
    )


def note_line(lines: dict[str, int], report: pytest.TestReport) -> None:
    """Keep the line of a test to point at: the assertion that failed, else its first line."""
    path, line, _ = report.location
    crash = getattr(report.longrepr, "reprcrash", None)
    if report.failed and crash is not None and str(crash.path).endswith(path.lstrip(".")):
        lines[report.nodeid] = crash.lineno
    elif line is not None:
        lines.setdefault(report.nodeid, line + 1)
