"""A gate's folder: which attempt of the gate each test is at, and the ledger of each attempt.

Below the root of a repository may be projects in which the same gate was run: each keeps its own
tests, in its own folder and ledgers, whose ids and paths are relative to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import product
from pathlib import Path
from posixpath import join, normpath, relpath
from shlex import quote

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy
from pytest_claude.gating.policy import Baseline
from pytest_claude.places import LEDGER, Places, gate_side, places_of
from pytest_claude.recording.files import write_atomically
from pytest_claude.recording.folder import outside
from pytest_claude.run.editions import Past
from pytest_claude.run.ledger_file import LedgerFile, by_test
from pytest_claude.run.place import Side
from pytest_claude.settings import RunSettings
from pytest_claude.transcript.utf8 import utf8

_At = tuple[int, str]
"""An attempt, and the folder of the project that keeps it: what has one ledger."""


class Attempts:
    """The attempts of a gate, from the first to the one that a run makes, goes on with or replays.

    A later attempt may ask a few tests only (`-k`): the others stay at the one before.

    Attributes:
        last: The latest.
    """

    def __init__(self, settings: RunSettings, places: Places) -> None:
        self.last = settings.attempt
        self._first = 1 if settings.part is None else settings.part.first_attempt
        self._settings = settings
        self._places = places
        self._homes = _homes(settings, places)
        # Asked of every test; a ledger holds all trials, and is written when the run has ended.
        self.of, self.file = cache(self._of), cache(self._file)

    @property
    def is_new(self) -> bool:
        """Whether the latest has no ledger yet."""
        return not any(self._ledger((self.last, home)).exists() for home in self._homes)

    @property
    def is_retired(self) -> bool:
        """Whether the baseline of the latest could not be asked any more.

        Raises:
            SettingsError: It could in one project, and not in another.
        """
        found = {
            self.file((self.last, home)).baseline: self._ledger((self.last, home))
            for home in self._homes
            if self._ledger((self.last, home)).exists()
        }
        if len(found) > 1:
            one, other = map(self._shown, (found["callable"], found["retired"]))
            raise SettingsError(
                f"{one}: the old model could be asked; {other}: it could not\n"
                "       to judge each with its own, run pytest in the folder of each project"
            )
        return "retired" in found

    def check_homes(self) -> None:
        """Refuse to read a test in its project's gate where it failed in one above.

        The gate above, of which no run in the project knows, would be hidden.

        Raises:
            SettingsError: There is such a test.
        """
        for number, home in self._all():
            file = self.file((number, home))
            failed = {t.test for t in file.ledger if (t.stream, t.outcome) == ("cand", "fail")}
            failed |= {
                test for test, of in file.editions.items() if any(e.passes < e.trials for e in of)
            }
            for test in sorted(failed):
                if (inner := self._home(test)) != home:
                    one, other = (
                        self._shown(self._homes[of].root / self.side(1, "cand").root)
                        for of in (home, inner)
                    )
                    raise SettingsError(
                        f"{test}: it failed in {one}, and the gate of its project is in {other}\n"
                        "       to judge it by one of them, remove the other:\n"
                        f"       rm -r {quote(other)}\n"
                        f"       rm -r {quote(one)}"
                    )

    @property
    def candidate_is_recorded(self) -> bool:
        """Whether any has trials of the candidate."""
        sides = (self._homes[home].root / self.side(n, "cand").path for n, home in self._all())
        return any(path.is_dir() for side in sides if side.is_dir() for path in side.iterdir())

    @property
    def tests(self) -> set[str]:
        """Node ids of the tests that any has trials of."""
        return {trial.test for at in self._all() for trial in self.file(at).ledger}

    @property
    def _numbers(self) -> range:
        """All, the latest first: a test is at the latest that asked it."""
        return range(self.last, self._first - 1, -1)

    def side(self, attempt: int, stream: Stream) -> Side:
        """One stream of an attempt."""
        return gate_side(self._settings, attempt, stream)

    def _of(self, test: str) -> int:
        """Which attempt a test is at: the latest that asked it, or is to ask it."""
        if self._settings.record_mode == "all":
            return self.last
        later = (n for n in self._numbers if n > self._first and self._has(n, test))
        return next(later, self._first)

    def _has(self, attempt: int, test: str) -> bool:
        sides = [self.side(attempt, stream) for stream in ("cand", "base_fresh")]
        recorded = any(self._places.test(test, side).is_there for side in sides)
        file = self.file((attempt, self._home(test)))
        # A test of which only wider fixtures ask has no recording of its own.
        return recorded or bool(file.ledger.taken(test)) or test in (file.waiting or {})

    def _file(self, at: _At) -> LedgerFile:
        """A ledger as it was when the run began; empty where there is none."""
        return _seen_from_above(read_ledger(self._ledger(at)), at[1])

    def _ledger(self, at: _At) -> Path:
        attempt, home = at
        return self._homes[home].root / self.side(attempt, "cand").ledger / LEDGER

    def _all(self) -> Iterator[_At]:
        return product(self._numbers, self._homes)

    def _at(self, test: str) -> _At:
        """Where a test is."""
        return self.of(test), self._home(test)

    def _home(self, test: str) -> str:
        """The folder, from the root of this run, of the project that keeps the gate of a test."""
        return next(home for home in self._homes if test.startswith(home and f"{home}/"))

    def voids(self) -> tuple[Trial, ...]:
        """The trials without evidence that keep their index, each of the attempt its test is at.

        In a replay these are also the trials that could not be run, and made no call to replay.

        Raises:
            SettingsError: A ledger can't be read.
        """
        voids = []
        for at in self._all():
            file = self.file(at)
            if self._settings.records:
                kept = file.settled_voids(Policy.named(self._settings.gate, attempt=at[0]))
            else:
                kept = [trial for trial in file.ledger if _unrecorded(trial)]
            # An answer of another model is there, and what its name stands for can be told since.
            voids += [t for t in kept if t.void != "other_model" and self._at(t.test) == at]
        return tuple(voids)

    def with_set_ups(self, test: str, stream: Stream) -> list[int]:
        """Indices of a test's trials of which, maybe, only its wider fixtures have recordings."""
        trials = (trial for trial in self._trials(test) if trial.stream == stream)
        return [trial.index for trial in trials if trial.set_ups]

    def read_of(self, test: str, stream: Stream) -> set[int] | None:
        """Indices of the trials of a test that its verdict read, void ones included.

        A replay takes these and no others, so it walks what the recording run walked. None where
        the ledger does not say: it has no verdict on the test, or is lost.
        """
        file = self.file(self._at(test))
        trials = [trial for trial in self._trials(test) if trial.stream != "base"]
        if not trials or file.waiting is None or test in file.waiting:
            return None
        return {trial.index for trial in trials if trial.stream == stream}

    def models_of(self, test: str) -> set[str]:
        """Canonical ids of the models that a test asked in the trials of the ledger."""
        return {model for trial in self._trials(test) for model in trial.models}

    def failed(self, test: str) -> set[int]:
        """Indices of the recorded trials of the baseline that failed when a gate read them."""
        ledgers = (self.file(at).ledger for at in self._all())
        read = (trial for ledger in ledgers for trial in ledger.taken(test))
        return {of.index for of in read if (of.stream, of.outcome) == ("base", "fail")}

    def pasts(
        self, trials: Iterable[Trial], policy: Policy, superseded: Mapping[str, bool]
    ) -> tuple[dict[str, Past], int]:
        """What was judged of tests before their app was edited; and of how many suspects.

        Args:
            trials: Of this run.
            policy: The gate's settings.
            superseded: As a file of a ledger takes it.
        """
        pasts: dict[str, Past] = {}
        least = 0
        for at in self._all():
            tests = {t: of for t, of in by_test(trials).items() if self._at(t) == at}
            file = self.file(at).following(tests, replace(policy, attempt=at[0]), superseded)
            pasts |= {test: file.past(test, of) for test, of in tests.items()}
            least = max(least, file.suspects)
        return pasts, least

    def shown(self, test: str) -> str:
        """The ledger of a test, as it is shown to the user."""
        return self._shown(self._ledger(self._at(test)))

    def _shown(self, path: Path) -> str:
        return path.relative_to(self._settings.rootdir).as_posix()

    def _trials(self, test: str) -> tuple[Trial, ...]:
        return self.file(self._at(test)).ledger.taken(test)

    def begin(self, tests: Iterable[str], baseline: Baseline) -> None:
        """Keep which tests the latest attempt is to ask, before its first call.

        However it ends, they are at it: what the attempt before said of them holds no more.

        Raises:
            SettingsError: The disk refuses it.
        """
        asked = list(tests)
        for home, places in self._homes.items():
            path = self._ledger((self.last, home))
            waiting = {test: [0, 0] for test in asked if self._home(test) == home}
            if not waiting or path.exists() or outside(path, places.root):
                continue  # behind a link nothing is written: the first call is refused
            file = LedgerFile(baseline=baseline, waiting=waiting, arms=self._settings.arms)
            try:
                write_atomically(path, utf8(_below(file, home).dumps()))
            except OSError as error:
                raise SettingsError(
                    f"{path}: the ledger could not be written: {error.strerror}"
                ) from None

    def write(
        self,
        ledger: Ledger,
        decision: Decision,
        superseded: Mapping[str, bool],
        suspects: int = 0,
    ) -> None:
        """Keep which trials a gate read, beside their cassettes, and which tests wait for more.

        Each test is kept with the attempt it is at. What is there of other tests stays. The
        arguments are those of a ledger's file.

        Raises:
            OSError: The disk refuses it.
        """
        judged = [v for v in decision.tests if v.reason not in ("deselected", "live")]
        for number, home in self._all():
            path = self._ledger((number, home))
            verdicts = [
                v
                for v in judged
                if (v.attempt or decision.attempt) == number and self._home(v.test) == home
            ]
            if verdicts and path.parent.is_dir() and not outside(path, self._homes[home].root):
                before = _seen_from_above(read_ledger(path), home)
                after = before.updated(ledger, verdicts, decision, superseded, suspects)
                text = _below(after, home).dumps()
                if not path.exists() or path.read_text("utf-8") != text:
                    write_atomically(path, utf8(text))


def next_attempt(settings: RunSettings) -> int:
    """Which attempt a bump's run is: one more when the last one has its verdict.

    Only recording anew asks again; every other run goes on with the last attempt, or replays it.
    """
    attempt, homes = 1, _homes(settings, places_of(settings)).values()

    def roots(attempt: int) -> list[Path]:
        paths = (home.root / gate_side(settings, attempt).ledger for home in homes)
        return [path for path in paths if path.is_dir()]

    while roots(attempt + 1):
        attempt += 1
    ledgers = [path for root in roots(attempt) if (path := root / LEDGER).exists()]
    # Old ledgers don't say which tests wait.
    ended = ledgers and not any(read_ledger(path).waiting for path in ledgers)
    return attempt + 1 if settings.record_mode == "all" and ended else attempt


def _homes(settings: RunSettings, places: Places) -> dict[str, Places]:
    """Where the gate of a run is kept, by folder: in projects below, the innermost first; here."""
    side = gate_side(settings, 1)
    homes = {str(folder): each for folder, each in places.projects() if each.keeps(side)}
    homes[""] = places
    return {folder: homes[folder] for folder in sorted(homes, key=len, reverse=True)}


def _unrecorded(trial: Trial) -> bool:
    without_call = trial.outcome in ("abort", "skip") and trial.cassette is None
    return trial.outcome == "void" or (without_call and trial.stream != "base")


def read_ledger(path: Path) -> LedgerFile:
    """The ledger in a file; empty where there is none.

    Raises:
        SettingsError: It can't be read.
    """
    try:
        return LedgerFile.loads(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        return LedgerFile()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the ledger could not be read: {error}") from None


def _seen_from_above(file: LedgerFile, home: str) -> LedgerFile:
    """A ledger with ids and paths as they are in the run whose root `home` is relative to."""
    if not home:
        return file
    return _renamed(file, lambda test: f"{home}/{test}", lambda path: normpath(join(home, path)))


def _below(file: LedgerFile, home: str) -> LedgerFile:
    """A ledger of such a run, as it is kept in the project at `home`."""
    if not home:
        return file
    return _renamed(file, lambda test: test[len(home) + 1 :], lambda path: relpath(path, home))


def _renamed(
    file: LedgerFile, test: Callable[[str], str], path: Callable[[str], str]
) -> LedgerFile:
    trials = (
        replace(
            trial,
            test=test(trial.test),
            cassette=trial.cassette and path(trial.cassette),
            set_ups=tuple(map(path, trial.set_ups)),
        )
        for trial in file.ledger
    )
    waiting = file.waiting
    return replace(
        file,
        ledger=Ledger(trials),
        waiting=None if waiting is None else {test(name): of for name, of in waiting.items()},
        editions={test(name): of for name, of in file.editions.items()},
        presets={test(name): of for name, of in file.presets.items()},
    )
