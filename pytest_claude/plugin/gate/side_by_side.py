"""Several candidates beside one baseline: each side runs in a process of its own, judged here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.gating import Key
from pytest_claude.plugin import explain, summary
from pytest_claude.plugin.collection import Collected
from pytest_claude.plugin.gate.candidates import with_part
from pytest_claude.plugin.gate.comparison import GatedRun
from pytest_claude.plugin.gate.estimate import Ahead
from pytest_claude.plugin.gate.part import Taken, variables
from pytest_claude.plugin.gate.preflight import BumpPreflight, retirement_notes
from pytest_claude.plugin.guard import Guard
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.plugin.options import UNCOLLECTED, WORKERS, recorded_of, usage_error
from pytest_claude.plugin.results import note_line
from pytest_claude.plugin.scale.children import Child
from pytest_claude.plugin.scale.limits import limit_notes
from pytest_claude.plugin.scale.progress import MADE, Progress
from pytest_claude.recording.shared_state import shared_path, sharing
from pytest_claude.report.candidates import Candidates, candidates
from pytest_claude.report.numbers import dollars, plural
from pytest_claude.report.properties import candidate_properties
from pytest_claude.report.row import Row
from pytest_claude.run.decide import contenders, needed
from pytest_claude.run.record import Run, TestResult, dumps
from pytest_claude.settings import Part, RunSettings

_MOST_ROUNDS = 100
_POLL_S = 0.5


@dataclass(eq=False)
class _Side:
    """The baseline of some candidates, or one of them.

    Attributes:
        name: As people read it.
        settings: Of its processes.
        taken: What these left.
    """

    name: str
    settings: RunSettings
    taken: Taken = field(default_factory=Taken)

    @property
    def part(self) -> Part:
        """What its processes take."""
        assert self.settings.part is not None, "it is one of several"
        return self.settings.part


class _Arm(_Side):
    """A candidate.

    Attributes:
        base: Its baseline.
        collected: Its tests, checked.
        gated: What it is compared with, and how it is judged.
        run: Its run as it was judged last.
        suspects: For how many suspects of all candidates its duels were calibrated then.
    """

    def __init__(self, base: _Side, collected: Collected, gated: GatedRun) -> None:
        super().__init__(gated.comparison.sides[1], collected.settings)
        self.base = base
        self.collected = collected
        self.gated = gated
        self.run: Run | None = None
        self.suspects = 0

    @property
    def superseded(self) -> dict[str, bool]:
        """Tests whose recorded trials were dropped."""
        return {**self.base.taken.superseded, **self.taken.superseded}

    def gathered(self, tests: Iterable[str]) -> Run:
        """What was taken on both sides, not judged; `tests` were to run."""
        base, own = self.base.taken, self.taken
        results = {
            test: _joined(base.results.get(test), own.results.get(test))
            for test in {*base.results, *own.results}
            # What was not collected on this side did not arrive: it waits for no trial.
            if test in own.collected or test in own.results or not own.collected
        }
        return self.gated.gathered(results, tests, {**base.left_out, **own.left_out})


class SideBySide:
    """Runs the sides, judges each candidate, and tells the run.

    Attributes:
        collected: Node ids of the claude tests that are to run.
        shared: Names of the cassettes that some of them share, by node id.
        run: The run; None until its tests have ended.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: RunSettings,
        arms: Sequence[Collected],
        guard: Guard,
    ) -> None:
        self._config = config
        self._settings = settings
        self._guard = guard
        self._groups: dict[_Side, list[_Arm]] = {}
        self._arms: list[_Arm] = []
        self._group(arms)
        own = arms[0].selected
        self._items = [item for item in own if not item.stash[TEST_SETTINGS].live]
        self.collected = dict.fromkeys(item.nodeid for item in self._items)
        self._tests = [*self.collected, *recorded_of(config, UNCOLLECTED)]
        names = {item.nodeid: item.stash[TEST_SETTINGS].cassette for item in self._items}
        self.shared = {test: name for test, name in names.items() if name is not None}
        self.run: Run | None = None
        self._told: Candidates | None = None
        self._lines: dict[str, int] = {}
        self._stopped: str | None = None
        self._unwritten: list[str] = []
        self._notes: dict[str, None] = {}
        self._files = 0
        self._stack = ExitStack()
        folder = self._stack.enter_context(TemporaryDirectory(prefix="pytest-claude-"))
        self._folder = Path(folder)
        if shared_path() is None:  # now: the progress reads what all processes spend
            self._stack.enter_context(sharing(folder))
        self._progress = Progress(config, settings) if settings.recording else None
        self._counted: dict[Path, int] = {}

    def _group(self, arms: Sequence[Collected]) -> None:
        """Group the candidates by the chances of a false alarm that they share."""
        bases: dict[int, _Side] = {}
        for each in arms:
            settings = each.settings
            assert settings.part is not None, "it is one of several"
            assert each.run is not None, "it is gated"
            part, attempt = settings.part, settings.attempt
            baseline = with_part(self._settings, None, part.arms, part.first_attempt, attempt)
            base = bases.setdefault(attempt, _Side("the baseline", baseline))
            self._arms.append(_Arm(base, each, each.run))
            self._groups.setdefault(base, []).append(self._arms[-1])

    def register(self) -> None:
        """Have pytest call it."""
        manager = self._config.pluginmanager
        manager.register(self, "pytest-claude-side-by-side")
        pairs = tuple(pair for each in self._settings.candidates for pair in each.pairs)
        places = self._arms[0].gated.places
        told: Any = self
        preflight = BumpPreflight(self._config, replace(self._settings, bump=pairs), told, places)
        manager.register(preflight)
        if self._progress is not None:  # it ends after the sides
            manager.register(self._progress, "pytest-claude-progress")

    # --- hooks ------------------------------------------------------------------------------

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        """How many tests are ours, and what the gate of each candidate may cost."""
        kept = {item.nodeid for item in items}
        self._items = [item for item in self._items if item.nodeid in kept]
        mode = "recording" if self._settings.records else "replay only"
        of = f"claude: {len(self._items)} of {plural(len(items), 'test')}"
        lines = [f"{of}, {mode}, {plural(len(self._arms), 'candidate')} beside one baseline"]
        workers = self._config.stash.get(WORKERS, 1)
        aheads = [(arm.name, arm.collected.ahead(workers)) for arm in self._arms]
        if self._progress is not None:
            self._progress.begin(_sum([ahead for _, ahead in aheads if ahead is not None]))
        each = {name: ahead.lines for name, ahead in aheads if ahead is not None}
        said = Counter(line for _, *more in each.values() for line in more)
        for name, (trials, *more) in each.items():
            lines += [f"{name}: {line}" for line in (trials, *more) if said[line] < len(each)]
        return [*lines, *(line for line, number in said.items() if number == len(each))]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Run what is not ours here, then all sides; publish our tests with their verdicts."""
        option = self._config.option
        if option.collectonly or option.setuponly or option.setupplan:
            return (yield)
        ours = {id(item) for item in self._items}
        every, session.items = session.items, [i for i in session.items if id(i) not in ours]
        result = yield
        session.items = every
        if session.shouldstop or session.shouldfail:
            self._stopped = str(session.shouldstop or session.shouldfail)
        try:
            if self._stopped is None:
                self._run_sides()
        except KeyboardInterrupt:
            self._stopped = "the run was stopped"
            raise
        finally:
            if not self._settings.dry_run:
                self._judge()
                self._publish()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Write the reports, set the exit status."""
        if self.run is not None or self._stopped is not None:  # a dry run judges nothing
            fails = self.run is None or self._finish(self.run)
            if fails and session.exitstatus == pytest.ExitCode.OK:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
        return (yield)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the section `claude`."""
        run, told = self.run, self._told
        if run is not None and told is not None and not self._config.getoption("no_summary"):
            problems = [*self._unwritten, *summary.outside_lines(self._outside)]
            notes = [*self._notes, *self._account_notes()]
            summary.print_section(terminalreporter, run, told, problems, notes)
            summary.print_annotations(terminalreporter, told, self._lines)
        elif self._settings.dry_run:
            self._print_dry_run(terminalreporter)

    def _account_notes(self) -> list[str]:
        """What the account and the judge made of a recording."""
        unread: Counter[str] = Counter()
        for side in (*self._groups, *self._arms):
            unread.update(side.taken.unread)
        notes = summary.judged_notes(self._settings, (), unread)
        if self._settings.recording:
            results = tuple(of for arm in self._arms if arm.run for of in arm.run.results)
            run = Run(results=results)
            notes += limit_notes(self._config, self._settings, run, unread.total())
        return notes

    def _print_dry_run(self, reporter: Any) -> None:
        """Print what a recording would take of each candidate, and of all."""
        reporter.section("claude")
        estimates = [arm.taken.dry for arm in self._arms if arm.taken.dry is not None]
        for arm in self._arms:
            reporter.write_line(f"{arm.name}:")
            for line in () if arm.taken.dry is None else arm.taken.dry["lines"]:
                reporter.write_line(f"  {line}")
        usd = [each["usd"] for each in estimates if each["usd"] is not None]
        if len(usd) == len(self._arms):
            least, most = (dollars(sum(of)) for of in zip(*usd, strict=True))
            text = " to ".join(dict.fromkeys((least, most)))
            reporter.write_line(f"in all {text}; what they share is counted for each candidate")

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        self._stack.close()

    # --- the sides --------------------------------------------------------------------------

    def _run_sides(self) -> None:
        """Take trials until no candidate needs more, or nothing more comes in."""
        if self._settings.dry_run:
            self._take({arm: arm.settings for arm in self._arms})
            return
        if self._settings.recording:
            for arm in self._arms:
                arm.gated.attempts.begin(self.collected, arm.gated.policy.baseline)
        for base, arms in self._groups.items():
            self._run_group(base, arms)

    def _run_group(self, base: _Side, arms: Sequence[_Arm]) -> None:
        """Take the trials of the candidates that share the chances of a false alarm."""
        self._take({base: base.settings})
        self._take({arm: arm.settings for arm in arms})
        for _ in range(_MOST_ROUNDS):
            before = self._judge()
            suspects = self._suspects(arms)
            sides: dict[_Side, RunSettings] = {}
            fresh: dict[tuple[str, str, int], None] = {}
            for arm in arms:
                needs = self._needed(arm, suspects)
                keys = ((k.test, k.stream, k.index) for k in needs if k.stream != "cand")
                fresh.update(dict.fromkeys(keys))
                if any(key.stream == "cand" for key in needs):
                    sides[arm] = _going_on(arm, suspects=suspects)
            if fresh:
                sides = {base: _going_on(base, keys=tuple(fresh)), **sides}
            if not sides or self._stopped is not None:
                return
            self._tell(f"{plural(suspects, 'suspect')} over all candidates")
            self._take(sides)
            if self._judge() <= before:
                return  # nothing more comes in

    def _suspects(self, arms: Sequence[_Arm]) -> int:
        """For how many suspects the duels of the candidates of a group are calibrated.

        For those over all of them; for no fewer than before an app was edited.
        """
        runs = [(arm, arm.gathered(self._tests)) for arm in arms]
        suspects = sum(contenders(run, arm.gated.policy) for arm, run in runs)
        least = (arm.gated.least_suspects(run, arm.superseded) for arm, run in runs)
        return max(suspects, *least)

    def _needed(self, arm: _Arm, suspects: int) -> Sequence[Key]:
        verdicts = () if arm.run is None or arm.run.decision is None else arm.run.decision.tests
        if not self._settings.recording or any(v.reason == "budget" for v in verdicts):
            return ()
        return needed(arm.gathered(self._tests), arm.gated.policy, suspects)

    def _take(self, sides: Mapping[_Side, RunSettings]) -> None:
        """Run the processes of these sides, at once where that is possible.

        Raises:
            pytest.UsageError: One found something wrong.
        """
        every = list(sides)
        at_once = 1 if self._settings.batch != "off" else len(every)
        for first in range(0, len(every), at_once):
            some = every[first : first + at_once]
            self._tell(", ".join(side.name for side in some))
            children: list[tuple[Child, Path]] = []
            try:
                for side in some:  # within: ^C stops those that have begun
                    children.append(self._start(side, sides[side], len(some)))
                for child, _ in children:
                    while child.runs(_POLL_S):
                        self._count(path for _, path in children)
                    child.wait()
                self._count(path for _, path in children)
            except BaseException:
                for child, _ in children:
                    child.interrupt()
                for child, _ in children:
                    child.wait()
                raise
            finally:
                left = [Taken.read(path) for _, path in children]
                for side, taken in zip(some, left, strict=False):  # some may not have started
                    self._keep(side, taken)
            for side, (child, _), taken in zip(some, children, left, strict=True):
                self._check(side, child, taken)

    def _start(self, side: _Side, settings: RunSettings, beside: int) -> tuple[Child, Path]:
        self._files += 1
        out, earlier = (self._folder / f"{self._files}.{name}" for name in ("out", "earlier"))
        results = side.taken.results.values()
        if isinstance(side, _Arm):
            results = {r.test: r for r in side.gathered(self._tests).results}.values()
        part = settings.part
        assert part is not None, "it is one of several"
        if results:
            earlier.write_text(dumps(Run(results=tuple(results))), "utf-8")
            part = replace(part, earlier=earlier)
        more = []
        if self._config.getoption("xmlpath", None):
            more.append(f"--junitxml={self._folder / 'unread.xml'}")
        if self._config.option.basetemp:  # each process empties the one that it is given
            more.append(f"--basetemp={self._folder / f'{self._files}.tmp'}")
        if (workers := self._config.stash.get(WORKERS, 0)) and beside > 1:
            more.append(f"-n{max(1, workers // beside)}")
        own = variables(replace(part, out=out), settings, out.with_suffix(".part"))
        return Child(self._config, own, more), out

    def _count(self, paths: Iterable[Path]) -> None:
        """Count what these processes have made since they were looked at last."""
        for path in (each.with_suffix(MADE) for each in paths):
            if self._progress is not None and path.exists():
                lines = path.read_text("utf-8").splitlines(keepends=True)
                for line in lines[self._counted.get(path, 0) :]:
                    if line.endswith("\n"):  # else it is being written
                        self._counted[path] = self._counted.get(path, 0) + 1
                        self._progress.take(json.loads(line))

    def _check(self, side: _Side, child: Child, taken: Taken | None) -> None:
        if taken is not None and taken.usage_error is not None:
            raise usage_error(SettingsError(taken.usage_error))
        if taken is None or not child.ran:
            self._tell(f"the run of {side.name} broke:")
            for line in child.last_lines:
                self._tell(f"  {line}")
            self._stopped = f"the run of {side.name} broke"

    def _keep(self, side: _Side, taken: Taken | None) -> None:
        """Keep what a process left, beside what earlier ones of its side did."""
        if taken is not None:
            side.taken = side.taken.followed_by(taken)
            self._notes |= dict.fromkeys(taken.notes)

    # --- the verdict ------------------------------------------------------------------------

    def _judge(self) -> int:
        """Judge each candidate with what is there; how many trials that is."""
        for arms in self._groups.values():
            suspects = self._suspects(arms)
            for arm in arms:
                run = arm.gathered(self._tests)
                results = {result.test: result for result in run.results}
                arm.suspects = suspects
                arm.run = arm.gated.judged(
                    results, run.collected, {}, arm.superseded, self._stopped, suspects
                )
        runs = tuple(arm.run for arm in self._arms if arm.run is not None)
        self.run = Run(
            collected=tuple(sorted(self.collected)), arms=runs, any_arm=self._settings.gate_any
        )
        return sum(len(result.trials) for run in runs for result in run.results)

    def _publish(self) -> None:
        """Report our tests to pytest, each with the verdict that fails it."""
        assert self.run is not None, "it was judged"
        typed = summary.typed_in(self._config)
        if summary.chooses(self._config):
            covers = partial(summary.covers, self._config)
            runs = ((arm.gated, arm.run) for arm in self._arms if arm.run is not None)
            typed = replace(typed, is_part=any(of.is_part(run, covers) for of, run in runs))
        self._told = of = candidates(self.run, typed)
        enough = self.run.any_arm and self.run.overall == "pass"
        failing = {
            test: (told.name, row)
            for test, rows in (of.by_test.items() if not enough else ())
            for told, row in reversed(rows)
            if row.fails
        }
        hook = self._config.hook
        for item in self._items:
            test, location = item.nodeid, item.location
            hook.pytest_runtest_logstart(nodeid=test, location=location)
            for report in self._reports(item, *failing.get(test, ("", None))):
                if report.when == "teardown" and self._config.getoption("xmlpath", None):
                    report.user_properties += candidate_properties(of, test)
                note_line(self._lines, report)
                hook.pytest_runtest_logreport(report=report)
            hook.pytest_runtest_logfinish(nodeid=test, location=location)

    def _reports(
        self, item: pytest.Item, name: str, row: Row | None
    ) -> Iterable[pytest.TestReport]:
        """The reports of a test: failed on a candidate, skipped, or passed."""
        arms: list[_Side] = [arm for arm in self._arms if arm.name == name]
        held = [side.taken.held.get(item.nodeid) for side in (*arms, *self._groups)]
        # What the baseline showed counts where it stopped the test on every candidate.
        shown = [each for each in held[: len(arms)] if each and each["reports"]]
        shown += [each for each in held[len(arms) :] if each and each["stopped"]]
        nothing = explain.held(item, [], None)
        data = next(iter(shown), nothing)
        return explain.judged(self._config, item.nodeid, data, row, name).values()

    @property
    def _outside(self) -> list[str]:
        sides = (*self._groups, *self._arms)
        return [*self._guard.outside, *(line for side in sides for line in side.taken.outside)]

    def _finish(self, run: Run) -> bool:
        """Write what is kept of the run; whether something fails it that fails no test."""
        from pytest_claude.models.prices import price_table
        from pytest_claude.report_files import write_reports, write_step_summary

        settings, root = self._settings, self._config.rootpath
        for arm in self._arms:
            if settings.recording and arm.run is not None:
                try:
                    arm.gated.keep(arm.run, arm.superseded, arm.suspects)
                except OSError as error:
                    self._unwritten.append(f"the ledger could not be written: {error.strerror}")
        prices = price_table(settings.prices, settings.names)
        assert self._told is not None, "it was judged"
        self._unwritten += write_reports(run, self._told, settings.reports, root, prices)
        self._unwritten += write_step_summary(self._told, settings.reports)
        runs = ((arm.run, arm.settings) for arm in self._arms if arm.run is not None)
        retiring = [note for of, own in runs for note in retirement_notes(of, own)]
        self._notes |= dict.fromkeys(retiring)
        fails = run.overall != "pass" or self._stopped is not None
        return bool(fails or self._outside or self._unwritten or (retiring and settings.strict))

    def _tell(self, line: str) -> None:
        reporter: Any = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._config.get_verbosity() >= 0:
            if self._progress is not None:
                self._progress.clear()
            reporter.ensure_newline()
            reporter.write_line(f"claude: {line}")


def _sum(aheads: Sequence[Ahead]) -> dict[str, Any] | None:
    """What the gates of several candidates will take together."""
    if not aheads:
        return None
    trials = [each.trials for each in aheads]
    usd = [each.usd for each in aheads if each.usd is not None]
    known = (sum(least for least, _ in usd), sum(most for _, most in usd))
    whole = replace(
        aheads[0],
        trials=(sum(least for least, _ in trials), sum(most for _, most in trials)),
        usd=known if len(usd) == len(aheads) else None,
    )
    return asdict(whole)


def _going_on(
    side: _Side, *, suspects: int | None = None, keys: tuple[tuple[str, str, int], ...] = ()
) -> RunSettings:
    """The settings of the next process of a side."""
    return replace(side.settings, part=replace(side.part, suspects=suspects, keys=keys))


def _joined(base: TestResult | None, own: TestResult | None) -> TestResult:
    """What both sides showed of a test; of a trial that both hold, the candidate's side read it."""
    if base is None or own is None:
        result = own or base
        assert result is not None, "one of them is there"
        return result
    trials = {(t.stream, t.index, t.attempt): t for t in (*base.trials, *own.trials)}
    return replace(
        own,
        trials=tuple(trials[key] for key in sorted(trials)),
        unused=tuple(dict.fromkeys((*base.unused, *own.unused))),
        notes=tuple(dict.fromkeys((*base.notes, *own.notes))),
        stale=base.stale or own.stale,
        not_run=base.not_run or own.not_run,
    )
