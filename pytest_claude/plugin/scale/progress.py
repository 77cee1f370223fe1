"""How far a recording is: a live line on a terminal, plain lines elsewhere, or JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Mapping
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any, TextIO

import pytest

from pytest_claude import clock
from pytest_claude.plugin.scale.limits import limits_of
from pytest_claude.recording.made import Span, joined
from pytest_claude.report.recording import Standing, live_text, progress_text
from pytest_claude.settings import RunSettings

_EVERY_S = 30.0
"""Seconds between two plain lines, at least."""

_ERASE = "\x1b[K"  # to the end of the line
MADE = ".made"
"""Ends the name of the file in which a part of a comparison of several candidates counts."""


class View:
    """Shows nothing: the progress of `-q`, and of what has no terminal reporter."""

    def start(self, ahead: Mapping[str, Any] | None) -> None:
        """Show what the recording will take, where its head does not."""

    def show(self, standing: Standing) -> None:
        """Show how far it is."""

    def clear(self) -> None:
        """Make place for what pytest prints."""

    def end(self, standing: Standing) -> None:
        """Show what it took."""


class Progress:
    """Counts what the processes of a recording make, and shows it.

    Attributes:
        standing: How far the recording is.
    """

    def __init__(self, config: pytest.Config, settings: RunSettings) -> None:
        self.standing = Standing()
        self._config = config
        self._settings = settings
        self._gated = settings.gated
        self._started_s: float | None = None
        self._waits: list[Span] = []
        self._earlier_usd = self._of_budget()  # of a bump's earlier runs, which share it
        self._trials: tuple[int, int] | None = None
        self._by_test: dict[str, int] = {}
        self._done: dict[str, None] = {}
        self._began = self._ended = False
        self._json = Json(settings) if settings.progress == "json" else None

    @cached_property
    def _view(self) -> View:
        return self._json or view_of(self._config, self._settings)  # the reporter is there by now

    @property
    def notes(self) -> list[str]:
        """What a plain recording took; a gate tells it with its verdict."""
        return [progress_text(self.standing)] if self.standing.calls and not self._gated else []

    def begin(self, ahead: Mapping[str, Any] | None) -> None:
        """Take what the recording will take, as far as its cassettes say it; once."""
        if self._began:
            return
        self._began = True
        self._start_clock()
        if ahead is not None:
            self._trials, self._by_test = tuple(ahead["trials"]), dict(ahead["by_test"])
        self._view.start(ahead)

    def take(self, made: Mapping[str, Any]) -> None:
        """Count what a process made since it said so last."""
        if (part := self._settings.part) is not None and part.out is not None:
            with part.out.with_suffix(MADE).open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(made)}\n")  # the run that started this one counts
            return
        before, test = self.standing, made.get("test")
        if test is not None and test in self._by_test:  # an edited test takes more than foreseen
            self._by_test[test] = max(0, self._by_test[test] - made["trials"])
        trials = before.trials + made["trials"]
        self._waits = joined([*self._waits, *map(tuple, made["waits"])])
        self.standing = Standing(
            before.calls + made["calls"],
            before.usd + made["usd"],
            before.unpriced + made["unpriced"],
            sum(end - start for start, end in self._waits),
            self._elapsed_s,
            trials,
            self._left(trials),
        )
        if self._settings.budget_usd is not None:  # one sum: that which the budget allows by
            usd = self._of_budget() - self._earlier_usd
            self.standing = replace(self.standing, usd=usd, unpriced=0)
        self._show()

    def clear(self) -> None:
        """Make place for a line that is printed now."""
        self._view.clear()

    def _of_budget(self) -> float:
        """Dollars of the budget that all processes have spent; 0 without a budget."""
        if self._settings.budget_usd is None:
            return 0.0
        with limits_of(self._config).held() as limits:
            return limits.spent_usd

    def _start_clock(self) -> None:
        if self._started_s is None:
            self._started_s = clock.elapsed_s()

    @property
    def _elapsed_s(self) -> float:
        return 0.0 if self._started_s is None else clock.elapsed_s() - self._started_s

    def _left(self, done: int) -> tuple[int, int] | None:
        if self._trials is None:
            return None
        if self._gated:
            return max(0, self._trials[0] - done), max(0, self._trials[1] - done)
        left = sum(n for test, n in self._by_test.items() if test not in self._done)
        return left, left

    def _show(self) -> None:
        self._view.clear()
        if self.standing.calls and self._began and not self._ended:
            self._view.show(self.standing)

    # --- hooks ------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Count what travels on a report, once pytest has printed it."""
        data = getattr(report, "claude", {})
        made = data.pop("made", None)
        self._view.clear()
        result = yield
        if made is None:
            self._show()
        else:
            self._done[data["test"]] = None
            self.take(made)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, object, object]:
        """Keep the line after what pytest prints of a test that begins."""
        self._start_clock()
        self._view.clear()
        result = yield
        self._show()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Generator[None, object, object]:
        """The same of one that has ended."""
        return (yield from self.pytest_runtest_logstart())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Show at the end what the recording took."""
        try:
            return (yield)
        finally:
            self._ended = True
            self._view.clear()
            self._view.end(replace(self.standing, elapsed_s=self._elapsed_s))


def view_of(config: pytest.Config, settings: RunSettings) -> View:
    """How the progress of a recording is shown."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if settings.progress == "off" or reporter is None or config.get_verbosity() < 0:
        return View()
    # With `-s` and `--capture=tee-sys` tests print where the line is.
    captures = config.getoption("capture", "fd") in ("fd", "sys")
    is_live = reporter.isatty and captures and os.environ.get("TERM") != "dumb"
    return (Live if is_live else Lines)(reporter, config.get_terminal_writer())


class Lines(View):
    """A plain line now and then."""

    def __init__(self, reporter: Any, writer: Any) -> None:
        self._reporter = reporter
        self._writer = writer
        self._shown_s = clock.elapsed_s()
        self._calls = 0
        self._is_shown = False

    def show(self, standing: Standing) -> None:
        now_s = clock.elapsed_s()
        if now_s - self._shown_s >= _EVERY_S and standing.calls > self._calls:
            self._shown_s, self._calls = now_s, standing.calls
            self._say(progress_text(standing, _ends(standing)))

    def _say(self, line: str) -> None:
        self._reporter.ensure_newline()
        if self._writer.width_of_current_line:  # of dots after a line of ours
            self._writer.line()
        self._reporter.write_line(f"claude: {line}")


class Live(Lines):
    """A line after what pytest has printed; what pytest prints next takes its place."""

    def show(self, standing: Standing) -> None:
        room = self._writer.fullwidth - self._writer.width_of_current_line - 1
        if words := live_text(standing, _ends(standing), room - 2):
            self._is_shown = True
            text = f"  {words}"
            self._write(f"{_ERASE}{text}\x1b[{len(text)}D")

    def clear(self) -> None:
        if self._is_shown:
            self._is_shown = False
            self._write(_ERASE)

    def _write(self, text: str) -> None:
        """Write what pytest is not to count as part of its line; pytest 8 can't."""
        getattr(self._writer, "write_raw", sys.stdout.write)(text)
        self._writer.flush()


class Json(View):
    """One JSON object a line, on standard error or in a file."""

    def __init__(self, settings: RunSettings) -> None:
        """Open the file.

        Raises:
            pytest.UsageError: It can't be written.
        """
        self._file: TextIO | None = None
        self._shown: Standing | None = None
        if (path := settings.progress_path) is not None:
            try:
                self._file = path.open("w", encoding="utf-8")
            except OSError as error:
                told = f"--claude-progress=json:{path}: {error.strerror}"
                raise pytest.UsageError(told) from None

    def write(self, event: str, data: Mapping[str, Any]) -> None:
        """Write one object."""
        print(json.dumps({"event": event, **data}), file=self._file or sys.stderr, flush=True)

    def start(self, ahead: Mapping[str, Any] | None) -> None:
        keys = ("trials", "calls", "is_open", "usd", "seconds")
        self.write("start", {key: ahead and ahead[key] for key in keys})

    def show(self, standing: Standing) -> None:
        if replace(standing, elapsed_s=0) != self._shown:
            self._shown = replace(standing, elapsed_s=0)
            self.write("progress", _data(standing))

    def end(self, standing: Standing) -> None:
        self.write("end", _data(standing))


def _ends(standing: Standing) -> list[str]:
    """The times of day when it will end; empty where that is not known."""
    left_s = standing.left_s if standing.left != (0, 0) else None
    return [clock.local_time(each).strftime("%H:%M") for each in left_s or ()]


def _data(standing: Standing) -> dict[str, Any]:
    ends = [clock.local_time(each).isoformat(timespec="seconds") for each in standing.left_s or ()]
    return {
        **asdict(standing),
        "calls_left": standing.calls_left,
        "usd_in_all": standing.usd_in_all,
        "left_s": standing.left_s,
        "ends": ends or None,
    }
