"""What a command asks of each recorded test, beside its result; the command loads this plugin.

The process that runs a test answers, the test's report carries the answer, and the process that
prints writes all of them into the file that the command named.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.expect.suggestions import Recorded, suggestions
from pytest_claude.plugin.fixtures import CURRENT
from pytest_claude.plugin.session import PROBE
from pytest_claude.plugin.trials import TrialRun

_OPTION = "--claude-probed"
_SAID: pytest.StashKey[list[Recorded]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(_OPTION, type=Path, metavar="PATH", help="of pytest-claude's own commands")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[PROBE] = _suggested
    config.pluginmanager.register(_Answers(config), "pytest-claude-answers")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Keep what was said by the end of the body: what is pasted there sees as much."""
    try:
        return (yield)
    finally:
        if (view := item.stash.get(CURRENT, None)) is not None:
            said = item.stash.setdefault(_SAID, [])
            said.append(Recorded(view._transcript(), view._reading()))


class _Answers:
    """Takes the answers from the reports, and writes them."""

    def __init__(self, config: pytest.Config) -> None:
        self._taken: list[Any] = []
        self._path: Path = config.getoption(_OPTION)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = getattr(report, "claude", None) or {}
        self._taken += [data["probed"]] if "probed" in data else []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not hasattr(session.config, "workerinput"):
            self._path.write_text(json.dumps(self._taken), "utf-8")


def _suggested(item: pytest.Item, runs: Sequence[TrialRun]) -> Any:
    """The checks that hold in all trials of a test, and what is in the way of knowing them."""
    said = item.stash.get(_SAID, [])
    ours = ("claude", "pytest_claude")
    fixture = next((name for name in ours if name in getattr(item, "fixturenames", ())), None)
    results = [run.result for run in runs]
    stopped = next((trial for trial in results if trial.outcome not in ("pass", "fail")), None)
    why = None if stopped is None else stopped.cause or stopped.outcome
    if why is None and any(trial.transcript.last is None for trial in said):
        why = "it makes no call to a model"
    stated = {(note.name, note.expected) for trial in results for note in trial.checks}
    found = [] if why is not None else suggestions(said, fixture or "claude")
    return {
        "test": item.nodeid,
        "fixture": fixture,
        "trials": len(said),
        "failed": sum(trial.outcome == "fail" for trial in results),
        "not_read": why,
        "checks": [asdict(s) for s in found if (s.check, s.expected) not in stated],
        "stated": sum((s.check, s.expected) in stated for s in found),
    }
