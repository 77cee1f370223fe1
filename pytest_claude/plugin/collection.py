"""What happens once when claude tests were collected: check them, then register what runs them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from posixpath import join
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.gating.status import Reason
from pytest_claude.models.ids import shown_pair, without_account
from pytest_claude.models.naming import near_miss
from pytest_claude.models.platforms import Platform, line_to_add, spelled
from pytest_claude.places import Places, places_of
from pytest_claude.plugin import options
from pytest_claude.plugin.arms import Arms
from pytest_claude.plugin.cases import IN_SET, keep_sets
from pytest_claude.plugin.gate.comparison import gated_run
from pytest_claude.plugin.gate.steps import Gate
from pytest_claude.plugin.guard import Guard
from pytest_claude.plugin.judging import expected_text
from pytest_claude.plugin.markers import (
    FOUND,
    TEST_SETTINGS,
    asks_of_reply,
    cassette_of,
    prepare,
)
from pytest_claude.plugin.recordings import Recordings
from pytest_claude.plugin.results import hear_results
from pytest_claude.plugin.scale.batch import checks_time
from pytest_claude.plugin.session import ClaudeSession, Leave
from pytest_claude.report.numbers import plural
from pytest_claude.run.comparison import check_bump
from pytest_claude.run.place import fold
from pytest_claude.settings import RunSettings, TestSettings

if TYPE_CHECKING:
    from pytest_claude.plugin.gate.estimate import Ahead

Items = Sequence[pytest.Item]

_LIVE = "dry run: it is live, and asks the API itself"


def take(config: pytest.Config, items: list[pytest.Item], ours: Items, selected: Items) -> None:
    """Take over the claude tests of a session.

    Args:
        config: Pytest's; it holds the settings.
        items: All tests that pytest will run; a gate that goes on leaves only some of them.
        ours: All claude tests, also those that were deselected.
        selected: Those of them that pytest will run.

    Raises:
        pytest.UsageError: A marker is wrong, or the bump has nothing to compare. A worker of
            xdist can't raise it (the run would end as an internal error): it leaves the text for
            the controller and runs nothing.
    """
    settings = config.stash[options.SETTINGS]
    worker: dict[str, Any] | None = getattr(config, "workeroutput", None)
    try:
        if settings.candidates:
            _take_candidates(config, settings, ours, selected)
            return
        collected = Collected(config, settings, ours, selected)
    except SettingsError as error:
        if worker is None:
            raise options.usage_error(error) from None
        worker["claude_usage_error"] = str(error)
        items.clear()
        return
    collected.leave_what_waits(items)
    collected.leave_others(items)
    collected.register(worker)


def _take_candidates(
    config: pytest.Config, settings: RunSettings, ours: Items, selected: Items
) -> None:
    """Take over a session whose tests run in other processes, once for each candidate."""
    from pytest_claude.plugin.gate.candidates import arms_of
    from pytest_claude.plugin.gate.side_by_side import SideBySide

    # Batches are submitted by the processes that take the trials.
    each = (replace(arm, batch="off") for arm in arms_of(settings))
    arms = [Collected(config, arm, ours, selected) for arm in each]
    guard = Guard(settings, [])
    config.pluginmanager.register(guard, "pytest-claude-guard")
    SideBySide(config, settings, arms, guard).register()


class Collected:
    """The claude tests of one process, checked; SettingsError where a check fails.

    Attributes:
        settings: Of the run.
        run: What it compares; None in a plain run.
        selected: Those that pytest will run.
    """

    def __init__(
        self, config: pytest.Config, settings: RunSettings, ours: Items, selected: Items
    ) -> None:
        keep_sets(ours)
        for item in selected:
            prepare(item, settings)
            if settings.dry_run and item.stash[TEST_SETTINGS].live:
                item.add_marker(pytest.mark.skip(reason=_LIVE))
        self._config = config
        self.settings = self._settings = settings
        self._ours = ours
        self.selected = self._selected = self._chosen = selected
        places = places_of(settings, [item.nodeid for item in ours])
        _check_shared(places, settings, ours, selected)
        self.run = self._run = gated_run(config, settings, places)
        attempts = None if self._run is None else self._run.attempts
        self._recordings = Recordings(settings, places, attempts)
        self._arms = Arms(config, settings, self._recordings)
        self._using: Items = ()
        self._renamed: list[str] = []
        self._begin: Callable[[Ahead | None], None] = lambda ahead: None
        part = settings.part
        if self._run is not None and settings.bump and (part is None or part.candidate is not None):
            olds = self._run.comparison.olds
            asked = {
                item.nodeid: self._recordings.models(item.nodeid, item.stash[TEST_SETTINGS])
                for item in selected
            }
            _check_spelling(settings, asked)
            canonical = settings.names.canonical
            attempts = self._run.attempts
            models = {
                test: {canonical(sent) for sent, _ in each} | attempts.models_of(test)
                for test, each in asked.items()
            }
            using = [item for item in selected if olds & models[item.nodeid]]
            # One that has no recording may ask OLD; its trials are made before that is known.
            self._using = [
                item
                for item in selected
                if olds & models[item.nodeid]
                or not (models[item.nodeid] or item.stash[TEST_SETTINGS].live)
            ]
            there = settings.records or attempts.candidate_is_recorded
            comparison, recording = self._run.comparison, settings.records
            bare = [test for test, each in models.items() if not each]
            self._renamed = _renamed(places, bare, options.root_typed(config))
            try:
                check_bump(comparison, models, near_miss, recording=recording, there=there)
            except SettingsError as error:
                raise SettingsError("\n       ".join([f"{error}", *self._renamed])) from None
            if _begins_attempt(config, settings):
                attempts.begin([item.nodeid for item in using], self._run.policy.baseline)
        elif attempts is not None and part is not None and part.candidate is not None:
            if not (settings.records or attempts.candidate_is_recorded):
                raise SettingsError(
                    f"{part.candidate.option}: nothing is recorded for it\n"
                    "       to record it, add --claude-record"
                )
        sets = {item.nodeid: item.stash[IN_SET].name for item in ours if IN_SET in item.stash}
        self._gate = None if self._run is None else Gate(settings, self._arms, self._run, sets)

    def leave_what_waits(self, items: list[pytest.Item]) -> None:
        """Leave only the tests of which a gate that is gone on with needs trials."""
        recording, gate = self._settings.recording, self._gate
        if gate is None or self._run is None or not (self._run.continues and recording):
            return
        needed = gate.rounds()
        self._selected = [item for item in self._selected if item.nodeid in needed]
        self._keep_selected(items)

    def leave_others(self, items: list[pytest.Item]) -> None:
        """Leave only claude tests in a process that another one has started.

        In a round of batches these are the tests that batches answer.
        """
        batch = self._settings.batch == "collect"
        if batch or self._settings.part is not None:
            own = [i for i in self._selected if not i.stash[TEST_SETTINGS].live]
            own = [item for item in own if not (batch and checks_time(item))]
            self._selected = own
            self._keep_selected(items)

    def _keep_selected(self, items: list[pytest.Item]) -> None:
        kept = {id(item) for item in self._selected}
        others = [item for item in items if id(item) not in kept]
        if others:
            self._config.hook.pytest_deselected(items=others)
        items[:] = self._selected

    def register(self, worker: dict[str, Any] | None) -> None:
        """Register what runs the tests, and in a single process what hears of them."""
        config, settings, manager = self._config, self._settings, self._config.pluginmanager
        named = {item.nodeid: item.stash[TEST_SETTINGS] for item in self._selected}
        tests = [test for test, own in named.items() if not own.live]
        shared = {test: own.cassette for test, own in named.items() if own.cassette is not None}
        watch = config.stash.get(options.IMPORT_WATCH, None)
        guard = Guard(settings, [] if watch is None else watch.stop())
        manager.register(guard, "pytest-claude-guard")
        if worker is not None:
            leave: Leave = worker.update
        elif settings.batch == "collect":
            leave = dict[str, Any]().update  # nobody hears of a round
        else:
            results = hear_results(config, settings, self._run)
            results.first_lines = self._lines
            self._begin = results.begin
            leave = results.take_session
        uncollected = options.recorded_of(config, options.UNCOLLECTED)
        leave(
            {"claude_collected": tests, "claude_shared": shared, "claude_uncollected": uncollected}
        )
        if settings.gated:
            chosen = {item.nodeid: item.stash[TEST_SETTINGS] for item in self._chosen}
            manager.register(_LeftOut(self._ours, chosen, leave), "pytest-claude-left-out")
        # After the results: it hands over what belongs to no test before they are decided.
        dry = None
        if settings.dry_run:
            from pytest_claude.plugin.scale.dry_run import DryRun

            dry = DryRun(settings, self._recordings, self._run)
        if worker is not None and _is_first(config) and self._run is None and settings.recording:
            from pytest_claude.plugin.scale.limits import leave_ahead

            # Of a gate the controller finds it out itself.
            ahead = self.ahead(getattr(config, "workerinput", {}).get("workercount", 1))
            if ahead is not None:
                leave_ahead(config, asdict(ahead))
        session = ClaudeSession(config, settings, tests, guard, self._arms, self._gate, leave, dry)
        manager.register(session, "pytest-claude-session")

    def _lines(self, items: Items) -> list[str]:
        """What is printed before the first test: how many are ours, and what a gate may cost.

        `items` are the tests that run: `--lf` deselects after us.
        """
        settings, run = self._settings, set(items)
        self._selected = [item for item in self._selected if item in run]
        self._using = [item for item in self._using if item in run]
        mode = f"recording ({settings.record_mode})" if settings.records else "replay only"
        mode = f"dry run of {mode}: nothing is sent" if settings.dry_run else mode
        pairs = (shown_pair(swap.old, swap.new) for swap in (*settings.bump, *settings.swaps))
        swaps = ", ".join(pair.replace("=", " → ") for pair in pairs)
        of = f"claude: {len(self._selected)} of {plural(len(items), 'test')}"
        line = f"{of}, {mode}{f', {swaps}' if swaps else ''}"
        ahead = self.ahead()
        self._begin(ahead)
        return [line, *self._renamed, *(ahead.lines if ahead is not None else ()), *self._judged()]

    def ahead(self, workers: int = 1) -> Ahead | None:
        """What a recording may take, before it is paid."""
        if not self._settings.records or self._settings.go_on is not None:
            return None
        from pytest_claude.plugin.gate.estimate import gate_ahead, plain_ahead

        plain = self._run is None or self._settings.baseline is not None
        tests = {
            item.nodeid: item.stash[TEST_SETTINGS]
            for item in (self._using if self._settings.bump and not plain else self._selected)
            if not item.stash[TEST_SETTINGS].live
        }
        if self._run is None:
            return plain_ahead(tests, self._settings, self._recordings, workers)
        return gate_ahead(tests, self._settings, self._run, self._recordings, workers=workers)

    def _judged(self) -> list[str]:
        """How many replies a judge may read in this recording, and for how much."""
        settings = self._settings
        if not settings.records or not settings.asks_judge:
            return []
        if settings.gated:
            trials: list[tuple[str, int | None]] = [
                (item.nodeid, None) for item in self._using or self._selected
            ]
        else:
            trials = [
                (item.nodeid, item.stash[TEST_SETTINGS].trials)
                for item in self._selected
                if asks_of_reply(item)
            ]
        return [expected_text(settings, dict(trials))] if trials else []


class _LeftOut:
    """Tells the results which claude tests a gate leaves out by the user's choice."""

    def __init__(self, ours: Items, selected: Mapping[str, TestSettings], leave: Leave) -> None:
        self._reasons: dict[str, Reason] = {
            item.nodeid: "live" if item.nodeid in selected else "deselected"
            for item in ours
            if item.nodeid not in selected or selected[item.nodeid].live
        }
        self._leave = leave
        self._tell()

    def pytest_deselected(self, items: Items) -> None:
        """Take what another plugin deselects after us: `--lf` does."""
        ours = [item.nodeid for item in items if TEST_SETTINGS in item.stash]
        self._reasons |= dict.fromkeys(ours, "deselected")
        self._tell()

    def _tell(self) -> None:
        self._leave({"claude_left_out": self._reasons})


def _renamed(places: Places, tests: Sequence[str], root: str) -> list[str]:
    """What to type for the tests without a recording whose class had another name before."""
    found = [(there, places.own(test)) for test in tests if (there := places.renamed(test))]
    if not found:
        return []
    moves = (
        shlex.join(["mv", join(root, own.shows(there)), join(root, own.shown)])
        for there, own in found
    )
    number = plural(len(found), "test")
    return [
        f"{number}: the recordings lie under the name that the class had before",
        f"to move them, before anything is paid again  {' && '.join(moves)}",
    ]


def _begins_attempt(config: pytest.Config, settings: RunSettings) -> bool:
    """Whether this process, one of the run's, is to say that another attempt begins."""
    option = config.option
    if option.collectonly or option.setuponly or option.setupplan:
        return False
    again = settings.record_mode == "all" and settings.attempt > 1
    collects = settings.batch == "collect"  # the run that it belongs to begins the attempt
    begins = again and settings.recording and settings.go_on is None and not collects
    begins = begins and settings.part is None  # so does the run that started it
    return _is_first(config) and begins


def _is_first(config: pytest.Config) -> bool:
    """Whether this is the process that speaks for all."""
    return bool(getattr(config, "workerinput", {}).get("workerid", "gw0") == "gw0")


def _check_spelling(
    settings: RunSettings, asked: Mapping[str, Collection[tuple[str, Platform | None]]]
) -> None:
    """Refuse to pay where NEW has no known name in the place of an OLD that was recorded."""
    names = settings.names
    lines: dict[str, str] = {}
    for test, each in asked.items() if settings.records else ():
        for sent, platform in sorted(each, key=str):
            swap = next((s for s in settings.bump if names.same(s.old, sent)), None)
            if swap and not spelled((swap.old, swap.new), sent, platform, names):
                shown = f"{without_account(sent)}, asked by {test}"
                lines.setdefault(line_to_add(swap.new, sent, names), shown)
    if lines:
        bump = " ".join(f"--claude-bump {swap}" for swap in settings.bump)
        raise SettingsError(
            "\n       ".join(
                (
                    f"{bump}:",
                    "it is not known what NEW is called in the place of",
                    *lines.values(),
                    "to go on, add to claude_model_map, with its name or ARN there for NAME:",
                    *lines,
                )
            )
        )


def _check_shared(places: Places, settings: RunSettings, ours: Items, selected: Items) -> None:
    """Refuse a shared cassette that is a test's own, and recording anew what tests share.

    Keeps which of them are there now, before a test records.
    """
    named = [(item, item.stash[TEST_SETTINGS].cassette) for item in selected]
    sharing = {name: item for item, name in named if name is not None}
    shared = {name: places.shared(name) for name in sharing}
    for item, name in named:
        if name is not None:
            item.stash[FOUND] = frozenset(path.name for path in shared[name].paths())
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
        if name is not None and cassette_of(item) is None:
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
