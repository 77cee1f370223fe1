"""What happens once when claude tests were collected: check them, then register what runs them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.models.ids import canonical_model
from pytest_claude.plugin import markers, options
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.results import Results
from pytest_claude.plugin.session import ClaudeSession
from pytest_claude.report.numbers import plural
from pytest_claude.settings import RunSettings


def take(config: pytest.Config, items: list[pytest.Item], selected: list[pytest.Item]) -> None:
    """Take over the selected claude tests.

    Raises:
        pytest.UsageError: A marker is wrong, or the bump has nothing to compare. A worker of
            xdist can't raise it (the run would end as an internal error): it leaves the text for
            the controller and runs nothing.
    """
    settings = config.stash[options.SETTINGS]
    worker: dict[str, Any] | None = getattr(config, "workeroutput", None)
    try:
        for item in selected:
            markers.prepare(item, settings)
        if settings.bump:
            _check_bump(settings, Arms(config, settings), selected)
    except SettingsError as error:
        if worker is None:
            raise pytest.UsageError(str(error)) from None
        worker["claude_usage_error"] = str(error)
        items.clear()
        return
    tests = [item.nodeid for item in selected]
    session = ClaudeSession(config, settings, tests)
    config.pluginmanager.register(session, "pytest-claude-session")
    if worker is not None:
        worker["claude_collected"] = tests
        config.pluginmanager.register(_WorkerOutput(session, worker))
    else:
        results = Results(config, settings)
        results.collected.update(dict.fromkeys(tests))
        config.pluginmanager.register(results, "pytest-claude-results")
        config.pluginmanager.register(_Outside(session, results))
        config.stash[options.COLLECTED_LINE] = _line(settings, len(selected), len(items))


class _WorkerOutput:
    """Leaves for the controller what belongs to no test."""

    def __init__(self, session: ClaudeSession, output: dict[str, Any]) -> None:
        self._session = session
        self._output = output

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._output["claude_outside"] = self._session.outside


class _Outside:
    """Hands over, in a single process, what belongs to no test."""

    def __init__(self, session: ClaudeSession, results: Results) -> None:
        self._session = session
        self._results = results

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        self._results.outside += self._session.outside
        yield


def _line(settings: RunSettings, claude_tests: int, all_tests: int) -> str:
    mode = f"recording ({settings.record_mode})" if settings.recording else "replay only"
    bump = ", ".join(str(swap).replace("=", " → ") for swap in (*settings.bump, *settings.swaps))
    of = f"claude: {claude_tests} of {plural(all_tests, 'test')}"
    return f"{of}, {mode}{f', {bump}' if bump else ''}"


def _check_bump(settings: RunSettings, arms: Arms, selected: Sequence[pytest.Item]) -> None:
    recorded = {item.nodeid: arms.recorded(item, "base") for item in selected}
    option = " ".join(f"--claude-bump {swap}" for swap in settings.bump)
    if not selected:
        raise SettingsError(f"{option}: no claude test was selected")
    for swap in settings.bump:
        _check_old(option, canonical_model(swap.old), recorded, recording=settings.recording)
    if settings.recording:
        return
    olds = arms.olds
    using = [item for item in selected if olds & recorded[item.nodeid]]
    if not any(arms.recorded(item, "cand") for item in using):
        new = ", ".join(swap.new for swap in settings.bump)
        raise SettingsError(
            f"{option}: nothing is recorded for {new} in {plural(len(using), 'test')}\n"
            f"       to record it, add --claude-record"
        )


def _check_old(option: str, old: str, recorded: dict[str, set[str]], *, recording: bool) -> None:
    if any(old in models for models in recorded.values()):
        return
    unknown = sum(not models for models in recorded.values())
    if recording and unknown:
        return  # the baseline's first trials will show
    seen: dict[str, int] = {}
    for models in recorded.values():
        for model in models:
            seen[model] = seen.get(model, 0) + 1
    asked = ", ".join(f"{model} ({number})" for model, number in sorted(seen.items()))
    told = f"they ask {asked}" if asked else "none has a recording"
    raise SettingsError(f"{option}: no selected test asks {old}; {told}")
