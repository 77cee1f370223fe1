"""What the processes of a recording share of the account: its limits, and what was spent."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.errors import SettingsError

if TYPE_CHECKING:
    from pytest_claude.recording.limits import Limits
    from pytest_claude.recording.shared_state import SharedState
    from pytest_claude.run.record import Run
    from pytest_claude.settings import RunSettings

_STATE: pytest.StashKey[SharedState[Limits]] = pytest.StashKey()
_FILE = "claude_limits"


def limits_of(config: pytest.Config) -> SharedState[Limits]:
    """The state of this run: of this process alone, or that of the controller of xdist."""
    from pytest_claude.recording.limits import Limits
    from pytest_claude.recording.shared_state import SharedState, shared_path

    if _STATE not in config.stash:
        given = getattr(config, "workerinput", {}).get(_FILE)
        config.stash[_STATE] = SharedState(Limits, Path(given) if given else shared_path())
    return config.stash[_STATE]


def share_limits(config: pytest.Config) -> None:
    """Make the state that the workers of xdist share; for the controller, before they begin.

    Raises:
        SettingsError: A worker runs on another machine.
    """
    for spec in config.getoption("tx", None) or ():
        if not spec.rpartition("*")[2].startswith("popen") or "//via=" in spec:
            raise SettingsError(
                f"--tx {spec}: --claude-record needs workers on this machine, for a recording of "
                "another would stay there\n"
                "       to share the work between machines, record shards and merge: docs/ci.md"
            )
    from pytest_claude.recording.limits import Limits
    from pytest_claude.recording.shared_state import SharedState, shared_path

    if (path := shared_path()) is None:
        folder = tempfile.mkdtemp(prefix="pytest-claude-")  # no other user can write there
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        path = Path(folder, "limits")
    config.stash[_STATE] = SharedState(Limits, path)
    config.pluginmanager.register(_Workers(path), "pytest-claude-limits")


def leave_ahead(config: pytest.Config, ahead: Mapping[str, Any]) -> None:
    """Leave for the controller what the recording will take; for a worker, once it has collected.

    xdist sends it no more than ids before the first test runs.
    """
    path = getattr(config, "workerinput", {}).get(_FILE)
    if path is not None:  # a worker in a round of batches shows nothing
        _ahead_below(Path(path)).write_text(json.dumps(ahead), encoding="utf-8")


def take_ahead(config: pytest.Config) -> dict[str, Any] | None:
    """What a worker left; None where it is not there."""
    path = limits_of(config).path
    if path is None or not _ahead_below(path).exists():
        return None
    text = _ahead_below(path).read_text(encoding="utf-8")
    _ahead_below(path).unlink()
    ahead: dict[str, Any] = json.loads(text)
    return ahead


def _ahead_below(path: Path) -> Path:
    return path.with_suffix(".ahead")


def limit_notes(config: pytest.Config, settings: RunSettings, run: Run, unread: int) -> list[str]:
    """How often the account made the run wait, what was spent, and what is missing for it.

    Args:
        config: Of the run.
        settings: Of the run.
        run: The run.
        unread: How many replies the judge was to read and has not.
    """
    from pytest_claude.report.numbers import dollars, mean, plural

    with limits_of(config).held() as limits:
        notes = []
        if limits.waits:
            times = plural(limits.waits, "time")
            notes.append(f"the API asked to wait {times}: {limits.waited_s:.0f} s in all")
        if settings.budget_usd is None:
            return notes
        spent, budget = dollars(limits.spent_usd), dollars(settings.budget_usd)
        if not limits.over:
            return [*notes, f"{spent} of the budget of {budget} were spent"]
        trials = [trial for result in run.results for trial in result.trials]
        missing = sum(trial.void == "budget" for trial in trials)
        each_usd = mean([t.cost_usd for t in trials if t.outcome in ("pass", "fail")])
        least = "at least " if each_usd is None or settings.gated else "about "
        usd = max(limits.held_back_usd, (each_usd or 0.0) * missing)
        costs = f"{plural(missing, 'trial')} not recorded; the rest costs {least}{dollars(usd)}"
        rest = [costs] if missing or not unread else []
        rest += [f"{plural(unread, 'reply')} left unread by the judge"] if unread else []
        return [
            *notes,
            f"the budget of {budget} stopped the recording: {spent} were spent, {', '.join(rest)}",
            f"  to go on  repeat it with {_way_on(settings)}",
        ]


def _way_on(settings: RunSettings) -> str:
    """What to type after a stop by the budget, and what is paid then."""
    if settings.record_mode != "all" or settings.gated:
        return "another --claude-budget: nothing is paid twice"
    return f"plain --claude-record and another --claude-budget: {ALL_STOPPED}"


ALL_STOPPED = (
    "nothing is paid twice, and a trial that has a recording keeps it "
    "(--claude-record=all records and pays every trial anew)"
)
"""What a plain recording does after one of all trials anew was stopped."""


class _Workers:
    """Tells the workers of xdist where the shared state is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput[_FILE] = str(self._path)
