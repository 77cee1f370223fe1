"""A gate's folder: which attempt of the gate each test is at, and the ledger of each attempt."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy
from pytest_claude.gating.policy import Baseline
from pytest_claude.places import Places, gate_side
from pytest_claude.recording.files import write_atomically
from pytest_claude.recording.folder import outside
from pytest_claude.run.editions import Past
from pytest_claude.run.ledger_file import LedgerFile, by_test
from pytest_claude.run.place import Side
from pytest_claude.settings import RunSettings
from pytest_claude.transcript.utf8 import utf8


class Attempts:
    """The attempts of a gate, from the first to the one that a run makes, goes on with or replays.

    A later attempt may ask a few tests only (`-k`): the others stay at the one before.

    Attributes:
        last: The latest.
    """

    def __init__(self, settings: RunSettings, places: Places) -> None:
        self.last = settings.attempt
        self._settings = settings
        self._places = places
        # Asked of every test; a ledger holds all trials, and is written when the run has ended.
        self.of, self.file = cache(self._of), cache(self._file)

    @property
    def is_new(self) -> bool:
        """Whether the latest has no ledger yet."""
        return not _ledger(self._settings, self.last).exists()

    @property
    def candidate_is_recorded(self) -> bool:
        """Whether any has trials of the candidate."""
        roots = (_root(self._settings, number) for number in self._numbers)
        return any((root / "cand").is_dir() for root in roots)

    @property
    def tests(self) -> set[str]:
        """Node ids of the tests that any has trials of."""
        return {trial.test for number in self._numbers for trial in self.file(number).ledger}

    @property
    def _numbers(self) -> range:
        """All, the latest first: a test is at the latest that asked it."""
        return range(self.last, 0, -1)

    def side(self, attempt: int, stream: Stream) -> Side:
        """One stream of an attempt."""
        return gate_side(self._settings, attempt, stream)

    def _of(self, test: str) -> int:
        """Which attempt a test is at: the latest that asked it, or is to ask it."""
        if self._settings.record_mode == "all":
            return self.last
        return next((n for n in self._numbers if n > 1 and self._has(n, test)), 1)

    def _has(self, attempt: int, test: str) -> bool:
        sides = [self.side(attempt, stream) for stream in ("cand", "base_fresh")]
        recorded = any(self._places.test(test, side).is_there for side in sides)
        file = self.file(attempt)
        # A test of which only wider fixtures ask has no recording of its own.
        held = any(trial.test == test for trial in file.ledger)
        return recorded or held or test in (file.waiting or {})

    def _file(self, attempt: int) -> LedgerFile:
        """The ledger of an attempt as it was when the run began; empty where there is none."""
        return _read(_ledger(self._settings, attempt))

    def voids(self) -> tuple[Trial, ...]:
        """The trials without evidence that keep their index, each of the attempt its test is at.

        In a replay these are also the trials that could not be run, and made no call to replay.

        Raises:
            SettingsError: A ledger can't be read.
        """
        voids = []
        for number in self._numbers:
            file = self.file(number)
            if self._settings.records:
                kept = file.settled_voids(Policy.named(self._settings.gate, attempt=number))
            else:
                kept = [trial for trial in file.ledger if _unrecorded(trial)]
            # An answer of another model is there, and what its name stands for can be told since.
            voids += [t for t in kept if t.void != "other_model" and self.of(t.test) == number]
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
        file = self.file(self.of(test))
        trials = [trial for trial in self._trials(test) if trial.stream != "base"]
        if not trials or file.waiting is None or test in file.waiting:
            return None
        return {trial.index for trial in trials if trial.stream == stream}

    def models_of(self, test: str) -> set[str]:
        """Canonical ids of the models that a test asked in the trials of the ledger."""
        return {model for trial in self._trials(test) for model in trial.models}

    def pasts(
        self, trials: Iterable[Trial], policy: Policy, edited: Collection[str]
    ) -> tuple[dict[str, Past], int]:
        """What was judged of tests before their app was edited; and of how many suspects.

        Args:
            trials: Of this run.
            policy: The gate's settings.
            edited: Tests of which a recorded trial missed in this run.
        """
        pasts: dict[str, Past] = {}
        least = 0
        for number in self._numbers:
            tests = {t: of for t, of in by_test(trials).items() if self.of(t) == number}
            file = self.file(number).following(tests, replace(policy, attempt=number), edited)
            pasts |= {test: file.past(test, of) for test, of in tests.items()}
            least = max(least, file.suspects)
        return pasts, least

    def shown(self, test: str) -> str:
        """The ledger of a test, as it is shown to the user."""
        path = _ledger(self._settings, self.of(test))
        return path.relative_to(self._settings.rootdir).as_posix()

    def _trials(self, test: str) -> list[Trial]:
        return [trial for trial in self.file(self.of(test)).ledger if trial.test == test]

    def begin(self, tests: Iterable[str], baseline: Baseline) -> None:
        """Keep which tests the latest attempt is to ask, before its first call.

        However it ends, they are at it: what the attempt before said of them holds no more.

        Raises:
            SettingsError: The disk refuses it.
        """
        path = _ledger(self._settings, self.last)
        file = LedgerFile(baseline=baseline, waiting={test: [0, 0] for test in tests})
        if not file.waiting or path.exists() or outside(path, self._places.root):
            return  # behind a link nothing is written: the first call is refused
        try:
            write_atomically(path, utf8(file.dumps()))
        except OSError as error:
            raise SettingsError(
                f"{path}: the ledger could not be written: {error.strerror}"
            ) from None

    def write(self, ledger: Ledger, decision: Decision, edited: Collection[str]) -> None:
        """Keep which trials a gate read, beside their cassettes, and which tests wait for more.

        Each test is kept with the attempt it is at. What is there of other tests stays.

        Raises:
            OSError: The disk refuses it.
        """
        judged = [v for v in decision.tests if v.reason not in ("deselected", "live")]
        for number in self._numbers:
            path = _ledger(self._settings, number)
            verdicts = [v for v in judged if (v.attempt or decision.attempt) == number]
            if verdicts and path.parent.is_dir() and not outside(path, self._places.root):
                text = _read(path).updated(ledger, verdicts, decision, edited).dumps()
                if not path.exists() or path.read_text("utf-8") != text:
                    write_atomically(path, utf8(text))


def next_attempt(settings: RunSettings) -> int:
    """Which attempt a bump's run is: one more when the last one has its verdict.

    Only recording anew asks again; every other run goes on with the last attempt, or replays it.
    """
    attempt = 1
    while _root(settings, attempt + 1).is_dir():
        attempt += 1
    ledger = _ledger(settings, attempt)
    # Old ledgers don't say which tests wait.
    ended = ledger.exists() and not _read(ledger).waiting
    return attempt + 1 if settings.record_mode == "all" and ended else attempt


def _unrecorded(trial: Trial) -> bool:
    without_call = trial.outcome in ("abort", "skip") and trial.cassette is None
    return trial.outcome == "void" or (without_call and trial.stream != "base")


def _root(settings: RunSettings, attempt: int) -> Path:
    return settings.cassette_root / gate_side(settings, attempt).root


def _ledger(settings: RunSettings, attempt: int) -> Path:
    return _root(settings, attempt) / "ledger.jsonl"


def _read(path: Path) -> LedgerFile:
    try:
        return LedgerFile.loads(path.read_text("utf-8"), str(path))
    except FileNotFoundError:
        return LedgerFile()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the ledger could not be read: {error}") from None
