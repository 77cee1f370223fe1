"""Hears reports, in the controller or the single process; alone prints, writes, sets the status."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_claude.settings import RunSettings


class Results:
    """Collects what the tests came to and tells it at the end.

    Attributes:
        collected: Node ids of the claude tests that were to run.
        outside: Refused calls that no claude test made, one sentence each.
        usage_error: A usage error that a worker found; workers can't raise one.
    """

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self.collected: dict[str, None] = {}
        self.outside: list[str] = []
        self.usage_error: str | None = None
        self._config = config
        self._settings = settings
        self._results: dict[str, dict[str, Any]] = {}
        self._run: Any = None
        self._unwritten: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the result that travels on a teardown report."""
        data = getattr(report, "claude", None)
        if data is not None:
            self.collected.update(dict.fromkeys(data.pop("collected", ())))
            self._results[data["test"]] = data

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a worker of xdist leaves behind."""
        output = getattr(node, "workeroutput", {})
        self.usage_error = self.usage_error or output.get("claude_usage_error")
        self.outside += output.get("claude_outside", ())
        self.collected.update(dict.fromkeys(output.get("claude_collected", ())))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(
        self, session: pytest.Session, exitstatus: int
    ) -> Generator[None, None, None]:
        """Decide, write the reports, set the exit status."""
        if self.usage_error is not None:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif self._results or self.collected or self.outside or self._settings.bump:
            self._decide(session)
        yield

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the section `claude`, when there is something to say."""
        if self.usage_error is not None:
            terminalreporter.ensure_newline()
            for line in f"ERROR: {self.usage_error}".splitlines():
                terminalreporter.write_line(line, red=True)
            return
        if self._run is None:
            return
        from pytest_claude.report import terminal

        title, lines = "claude", [*self._unwritten, *self._outside_lines()]
        if self._settings.bump:
            title = terminal.bump_title(self._run)
            whole = self._config.get_verbosity() >= 2
            lines += terminal.bump_lines(self._run, whole=whole, commands=self._commands())
        else:
            lines += terminal.plain_lines(self._run.results)
        if lines:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line, **_colour(line))

    def _decide(self, session: pytest.Session) -> None:
        from pytest_claude.gating.plain import RULE, decide
        from pytest_claude.report.artifact import Run, TestResult

        results = [TestResult.from_json(data) for _, data in sorted(self._results.items())]
        collected = tuple(sorted(self.collected))
        self._run = Run(collected=collected, results=tuple(results))
        if self._settings.bump:
            verdicts = {r.test: r.verdict for r in results if r.verdict is not None}
            verdict, sentence = decide(verdicts, collected)
            self._run = Run(
                tuple(map(str, self._settings.bump)), verdict, sentence, RULE, collected,
                tuple(results),
            )  # fmt: skip
            if verdict != "pass" and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        self._write()
        if (self.outside or self._unwritten) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _write(self) -> None:
        from pytest_claude.recording.cassette import write_atomically
        from pytest_claude.report.artifact import dumps

        for path in self._settings.reports:
            try:
                write_atomically(path, dumps(self._run).encode())
            except OSError as error:
                self._unwritten.append(f"{path} could not be written: {error.strerror}")

    def _outside_lines(self) -> list[str]:
        from pytest_claude.report.numbers import plural

        if not self.outside:
            return []
        lines = [f"{plural(len(self.outside), 'call')} outside the claude tests, refused"]
        return [*lines, *(f"  {line}" for line in dict.fromkeys(self.outside))]

    def _commands(self) -> list[str]:
        from pytest_claude.report.terminal import undecided_advice

        bump = " ".join(f"--claude-bump {swap}" for swap in self._settings.bump)
        lines = [""]
        if undecided_advice(self._run.results) and not self._settings.recording:
            lines.append(f"  to record what is missing  pytest {bump} --claude-record")
        reports = [str(path) for path in self._settings.reports]
        lines += [f"  run file      {path}" for path in reports]
        return [*lines, f"  to repeat it  pytest {bump}"]


def _colour(line: str) -> dict[str, bool]:
    if line.startswith("FAIL"):
        return {"red": True, "bold": True}
    if line.startswith("UNDECIDED"):
        return {"yellow": True, "bold": True}
    return {"green": True, "bold": True} if line.startswith("PASS") else {}
