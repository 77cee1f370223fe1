"""What happens once when claude tests were collected: check them, then register what runs them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Ledger
from pytest_claude.models.ids import shown_pair
from pytest_claude.models.naming import near_miss
from pytest_claude.places import Places, places_of
from pytest_claude.plugin import markers, options, preflight
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.earlier import Earlier, begin_attempt, read_earlier
from pytest_claude.plugin.gate import Gate
from pytest_claude.plugin.guarding import Guarding
from pytest_claude.plugin.judging import policy_of
from pytest_claude.plugin.reading import usage_error
from pytest_claude.plugin.results import Results
from pytest_claude.plugin.session import ClaudeSession
from pytest_claude.report.numbers import mean, plural
from pytest_claude.run.place import fold
from pytest_claude.settings import RunSettings


def take(
    config: pytest.Config,
    items: list[pytest.Item],
    ours: Sequence[pytest.Item],
    selected: list[pytest.Item],
) -> None:
    """Take over the selected claude tests; `ours` are all, also those that were deselected.

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
        config.stash[markers.PLACES] = places_of(settings, [item.nodeid for item in ours])
        _check_shared(config.stash[markers.PLACES], settings, ours, selected)
        earlier = read_earlier(config, settings) if settings.gated else None
        if settings.bump:
            _check_bump(settings, Arms(config, settings), selected)
        if earlier is not None and _begins_attempt(config, settings):
            arms = Arms(config, settings)
            asked = [i.nodeid for i in selected if arms.olds & arms.recorded(i, "base")]
            begin_attempt(settings, earlier, asked)
    except SettingsError as error:
        if worker is None:
            raise usage_error(error) from None
        worker["claude_usage_error"] = str(error)
        items.clear()
        return
    if settings.go_on is not None and earlier is not None:
        selected = _waiting(config, settings, earlier, items, selected)
    tests = [item.nodeid for item in selected if not item.stash[markers.TEST_SETTINGS].live]
    guarding = Guarding(settings)
    session = ClaudeSession(config, settings, tests, guarding.closed.problems, earlier)
    config.pluginmanager.register(guarding, "pytest-claude-guard")
    config.pluginmanager.register(session, "pytest-claude-session")
    watch = config.stash.get(options.IMPORT_WATCH, None)
    imported = [] if watch is None else watch.stop()
    named = {item.nodeid: item.stash[markers.TEST_SETTINGS].cassette for item in selected}
    shared = {test: name for test, name in named.items() if name is not None}
    if worker is not None:
        worker["claude_collected"] = tests
        worker["claude_shared"] = shared
        config.pluginmanager.register(_WorkerOutput(guarding, session, imported, worker))
    else:
        results = Results(config, settings, earlier)
        results.collected.update(dict.fromkeys(tests))
        results.shared.update(shared)
        preflight.watch(config, settings, results)
        config.pluginmanager.register(results, "pytest-claude-results")
        config.pluginmanager.register(_OfTheSession(guarding, session, imported, results))
        lines = [_line(settings, len(selected), len(items))]
        if settings.bump and settings.recording and settings.go_on is None:
            lines += _expected(settings, Arms(config, settings), earlier, selected)
        config.stash[options.COLLECTED_LINE] = "\n".join(lines)


def _waiting(
    config: pytest.Config,
    settings: RunSettings,
    earlier: Earlier,
    items: list[pytest.Item],
    selected: list[pytest.Item],
) -> list[pytest.Item]:
    """Leave only the tests of which the gate that is gone on with needs trials."""
    policy = policy_of(settings, earlier)
    gate = Gate(settings, Arms(config, settings), policy, earlier.known, earlier.collected)
    needed = gate.rounds()
    kept = [item for item in selected if item.nodeid in needed]
    others = [item for item in items if item not in kept]
    if others:
        config.hook.pytest_deselected(items=others)
    items[:] = kept
    return kept


class _WorkerOutput:
    """Leaves for the controller what belongs to no test."""

    def __init__(
        self,
        guarding: Guarding,
        session: ClaudeSession,
        imported: list[str],
        output: dict[str, Any],
    ) -> None:
        self._guarding = guarding
        self._session = session
        self._imported = imported
        self._output = output

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self._output["claude_outside"] = self._guarding.outside
        notes = [*self._imported, *self._guarding.notes, *self._session.late_notes]
        self._output["claude_notes"] = notes


class _OfTheSession:
    """Hands over, in a single process, what belongs to no test."""

    def __init__(
        self, guarding: Guarding, session: ClaudeSession, imported: list[str], results: Results
    ) -> None:
        self._guarding = guarding
        self._session = session
        self._imported = imported
        self._results = results

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, None, None]:
        self._results.outside += self._guarding.outside
        notes = [*self._imported, *self._guarding.notes, *self._session.late_notes]
        self._results.notes.update(dict.fromkeys(notes))
        yield


def _begins_attempt(config: pytest.Config, settings: RunSettings) -> bool:
    """Whether this process, one of the run's, is to say that another attempt begins."""
    option = config.option
    if option.collectonly or option.setuponly or option.setupplan:
        return False
    first = getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0"
    again = settings.record_mode == "all" and settings.attempt > 1
    return first and again and settings.go_on is None


def _line(settings: RunSettings, claude_tests: int, all_tests: int) -> str:
    mode = f"recording ({settings.record_mode})" if settings.recording else "replay only"
    pairs = (shown_pair(swap.old, swap.new) for swap in (*settings.bump, *settings.swaps))
    bump = ", ".join(pair.replace("=", " → ") for pair in pairs)
    of = f"claude: {claude_tests} of {plural(all_tests, 'test')}"
    return f"{of}, {mode}{f', {bump}' if bump else ''}"


def _expected(
    settings: RunSettings, arms: Arms, earlier: Earlier | None, selected: Sequence[pytest.Item]
) -> list[str]:
    """What the gate will probably take, before it is paid."""
    from pytest_claude.models.prices import price_table, total_cost
    from pytest_claude.report.plan_words import plan_text

    using = [item for item in selected if arms.olds & arms.recorded(item, "base")]
    if not using or earlier is None:
        return []
    recorded = [
        Trial(item.nodeid, "base", index, "pass")
        for item in using
        for index in arms.available(item, "base")
    ]
    prices = price_table(settings.prices, settings.names)
    costs = [total_cost(arms.recorded_answers(item), prices).usd for item in using]
    policy = policy_of(settings, earlier)
    tests = [item.nodeid for item in using]
    return [plan_text(Ledger(recorded), policy, tests, trial_cost_usd=mean(costs))]


def _check_shared(
    places: Places,
    settings: RunSettings,
    ours: Sequence[pytest.Item],
    selected: Sequence[pytest.Item],
) -> None:
    """Refuse a shared cassette that is a test's own, and recording anew what tests share.

    Keeps which of them are there now, before a test records.
    """
    named = [(item, item.stash[markers.TEST_SETTINGS].cassette) for item in selected]
    sharing = {name: item for item, name in named if name is not None}
    shared = {name: places.shared(name) for name in sharing}
    for item, name in named:
        if name is not None:
            item.stash[markers.FOUND] = frozenset(path.name for path in shared[name].paths())
    # One folder on macOS and Windows, whatever the case.
    names: dict[str, str] = {}
    for name, item in sharing.items():
        twins = [*map(str, places.spelled_otherwise(name)), names.setdefault(fold(name), name)]
        if twins[0] != name:
            raise SettingsError(
                f"{item.nodeid}: cassette={name!r}: the folder of {twins[0]!r} on macOS and "
                "Windows; take one spelling"
            )
    for item in ours if sharing else ():
        folders = places.layout.test(item.nodeid).folders
        name = next((names[fold(folder)] for folder in folders if fold(folder) in names), None)
        if name is not None and markers.cassette_of(item) is None:
            raise SettingsError(
                f"{sharing[name].nodeid}: cassette={name!r}: the folder of the "
                f"cassettes of {item.nodeid}; take another name"
            )
    there = [folder.shown for folder in shared.values() if folder.is_there]
    if settings.record_mode == "all" and not settings.gated and there:
        raise SettingsError(
            "--claude-record=all: tests share "
            f"{', '.join(there)}: what one records anew, another replays\n"
            "       to record it all anew, delete it first"
        )


def _check_bump(settings: RunSettings, arms: Arms, selected: Sequence[pytest.Item]) -> None:
    recorded = {item.nodeid: arms.recorded(item, "base") for item in selected}
    option = " ".join(f"--claude-bump {swap}" for swap in settings.bump)
    if not selected:
        raise SettingsError(f"{option}: no claude test was selected")
    for swap in settings.bump:
        old = settings.names.canonical(swap.old)
        _check_old(option, old, recorded, recording=settings.recording)
    if settings.recording:
        return
    using = [item for item in selected if arms.olds & recorded[item.nodeid]]
    attempts = arms.attempts
    if not attempts or not any((attempts.root(n) / "cand").is_dir() for n in attempts.numbers):
        new = ", ".join(swap.new for swap in settings.bump)
        models = (settings.names.resolved(swap.new) for swap in settings.bump)
        hints = "".join(f"; {hint}" for model in models if (hint := near_miss(model)))
        raise SettingsError(
            f"{option}: nothing is recorded for {new} in {plural(len(using), 'test')}{hints}\n"
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
