"""The ledger: the trials taken so far, by index; what is read of them, and what is still needed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating.policy import Policy
from pytest_claude.transcript.utf8 import encodable


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """The place of a trial; places sort by test, stream, index and attempt.

    Attributes:
        test: Node id.
        stream: "base", "base_fresh" or "cand".
        index: Number of the trial in its stream, from 0.
        attempt: Which asking of the gate, from 1; always 1 in the stream "base".
    """

    test: str
    stream: Stream
    index: int
    attempt: int = 1


@dataclass(frozen=True)
class Need:
    """The trials to make before `plan` can say more: all of them can run at the same time.

    Attributes:
        trials: Their places, sorted; never empty, and none could be left out.
    """

    trials: tuple[Key, ...]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    @property
    def interleaved(self) -> tuple[Key, ...]:
        """The same, with the streams of each test mixed evenly.

        A change of the service within the hour then meets both models alike.
        """
        length = Counter((key.test, key.stream) for key in self.trials)
        seen: Counter[tuple[str, Stream]] = Counter()
        placed = []
        for key in self.trials:
            of = key.test, key.stream
            placed.append((key.test, (seen[of] + 0.5) / length[of], key))
            seen[of] += 1
        return tuple(key for _, _, key in sorted(placed))


@dataclass(frozen=True)
class Reading:
    """The first `wanted` usable trials of a stream, in index order.

    Void trials and copies are passed over, and the next index takes their place.

    Attributes:
        wanted: How many are read.
        trials: Those that are there, gaps passed over.
        ready: How many of them stand before the first gap.
        missing: Indices that must be run so that all could be there.
        void: The void trials passed over.
        copies: Copies of a paid answer passed over.
        stop: The first trial that was skipped or could not be run; reading ends there.
        spoiled: Whether there are more voids or copies than a reading of this length may have;
            reading ends at the one too many, so later trials don't matter.
    """

    wanted: int
    trials: tuple[Trial, ...]
    ready: int
    missing: tuple[int, ...] = ()
    void: tuple[Trial, ...] = ()
    copies: int = 0
    stop: Trial | None = None
    spoiled: Literal["voids", "copies"] | None = None

    @property
    def voids(self) -> int:
        """How many void trials were passed over."""
        return len(self.void)

    @property
    def complete(self) -> bool:
        """Whether all trials that were wanted are there."""
        return len(self.trials) == self.wanted

    @property
    def fails(self) -> int:
        """Failed trials among them."""
        return sum(trial.outcome == "fail" for trial in self.trials)

    @property
    def passes(self) -> int:
        """Passed trials among them."""
        return sum(trial.outcome == "pass" for trial in self.trials)


def asks_nothing(trial: Trial) -> bool:
    """Whether a trial is known to have called no model."""
    return trial.profile is not None and trial.profile.manner == "silent"


class _Stream:
    """The trials of one stream of one test by index, and which are copies.

    A copy has the replies of an earlier trial, or what its wider fixtures were answered then; so
    has one that asks no model where an earlier one did: the app remembered the answer.
    """

    def __init__(self, trials: Iterable[Trial], attempt: int) -> None:
        self.by_index: dict[int, Trial] = {}
        self.copies: set[int] = set()
        seen: set[tuple[str, ...]] = set()
        asked = False
        for trial in sorted(trials, key=lambda trial: (trial.attempt, trial.index)):
            silent = asks_nothing(trial)
            copied = any(ids and ids in seen for ids in (trial.replies, trial.set_ups))
            copy = copied or (silent and asked)
            seen |= {trial.replies, trial.set_ups}
            asked = asked or (trial.profile is not None and not silent)
            if trial.attempt == attempt:
                self.by_index[trial.index] = trial
                if copy:
                    self.copies.add(trial.index)


class TestTrials:
    """The trials of one test, as its stages read them.

    Args:
        test: Node id.
        trials: Its trials, of any streams and attempts.
        policy: Says which attempt is read, and how many voids a reading may have.
        attempt: The one that is read, where it is not the policy's.

    Attributes:
        test: Node id.
        attempt: The attempt whose trials are read.
    """

    __test__ = False

    def __init__(
        self, test: str, trials: Iterable[Trial], policy: Policy, attempt: int | None = None
    ) -> None:
        self.test = test
        self.attempt = attempt = attempt or policy.attempt
        self._void_share = policy.max_void_share
        by_stream: dict[str, list[Trial]] = {}
        for trial in trials:
            if trial.attempt <= attempt:
                by_stream.setdefault(trial.stream, []).append(trial)
        self._streams = {
            # Recorded trials belong to no attempt.
            stream: _Stream(found, 1 if stream == "base" else attempt)
            for stream, found in by_stream.items()
        }

    @cached_property
    def base(self) -> Reading:
        """All usable recorded trials of the baseline: gaps don't matter, stale ones are gone."""
        stream = self._streams.get("base", _EMPTY)
        trials, void, stop = [], [], None
        for index in sorted(stream.by_index):
            trial = stream.by_index[index]
            if trial.outcome in ("abort", "skip"):
                stop = stop or trial
            elif trial.outcome == "void":
                void.append(trial)
            elif index not in stream.copies:
                trials.append(trial)
        return Reading(
            len(trials), tuple(trials), len(trials), (), tuple(void), len(stream.copies), stop
        )

    def read(self, stream: Stream, wanted: int) -> Reading:
        """The first `wanted` usable trials of a stream made for the gate."""
        found = self._streams.get(stream, _EMPTY)
        trials: list[Trial] = []
        missing: list[int] = []
        ready, copies, index = 0, 0, 0
        void: list[Trial] = []
        stop: Trial | None = None
        spoiled: Literal["voids", "copies"] | None = None
        while len(trials) + len(missing) < wanted and stop is None and spoiled is None:
            trial = found.by_index.get(index)
            if trial is None:
                missing.append(index)
            elif trial.outcome in ("abort", "skip"):
                stop = trial
            elif trial.outcome == "void":
                void.append(trial)
                # Weighed against the trials that are wanted: one void is no reason to give up
                # on a test whose later trials are good.
                most = self._void_share * (wanted + len(void))
                spoiled = "voids" if len(void) > most else None
            elif index in found.copies:
                copies += 1
                spoiled = "copies" if copies > wanted else None
            else:
                trials.append(trial)
                ready += not missing
            index += 1
        return Reading(
            wanted, tuple(trials), ready, tuple(missing), tuple(void), copies, stop, spoiled
        )

    def usable(self, stream: Stream, most: int) -> tuple[Trial, ...]:
        """The first usable trials of a stream, at most so many: what its looks have read."""
        of = self._streams.get(stream, _EMPTY)
        usable = (
            trial
            for index, trial in sorted(of.by_index.items())
            if trial.outcome in ("pass", "fail") and index not in of.copies
        )
        return tuple(islice(usable, most))

    def around(self, stream: Stream, read: Iterable[Trial]) -> tuple[Trial, ...]:
        """The trials of a stream that were read, and those passed over: void ones and copies.

        Args:
            stream: Which one.
            read: Its trials that count; other usable ones are left out.
        """
        of = self._streams.get(stream, _EMPTY)
        kept = {trial.index for trial in read} | of.copies
        return tuple(
            trial
            for index, trial in sorted(of.by_index.items())
            if index in kept or trial.outcome not in ("pass", "fail")
        )

    def keys(self, stream: Stream, indices: Iterable[int]) -> tuple[Key, ...]:
        """The places of the trials with these indices."""
        attempt = 1 if stream == "base" else self.attempt
        return tuple(Key(self.test, stream, index, attempt) for index in indices)


_EMPTY = _Stream((), 1)


@dataclass(frozen=True)
class Ledger:
    """The trials taken so far, in any order; equal ones count once.

    Attributes:
        trials: All of them, sorted by place.

    Raises:
        SettingsError: Two different trials claim one place; the text names both sources.

    >>> ledger = Ledger([Trial("t", "cand", 0, "pass")])
    >>> len(ledger | Ledger([Trial("t", "cand", 1, "fail")]))
    2
    """

    trials: tuple[Trial, ...] = ()
    _by_test: dict[str, tuple[Trial, ...]] = field(init=False, repr=False, compare=False)

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        found: dict[tuple[str, str, int, int], Trial] = {}
        for trial in trials:
            place = trial.test, trial.stream, trial.index, trial.attempt
            other = found.setdefault(place, trial)
            if other is not trial and other != trial:
                raise _conflict(other, trial)
        ordered = [found[place] for place in sorted(found)]
        by_test: dict[str, list[Trial]] = {}
        for trial in ordered:
            by_test.setdefault(trial.test, []).append(trial)
        object.__setattr__(self, "trials", tuple(ordered))
        object.__setattr__(self, "_by_test", {test: tuple(of) for test, of in by_test.items()})

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    def __len__(self) -> int:
        return len(self.trials)

    def __or__(self, other: Iterable[Trial]) -> Ledger:
        return Ledger([*self.trials, *other])

    def taken(self, test: str) -> tuple[Trial, ...]:
        """The trials of one test."""
        return self._by_test.get(test, ())

    def of(self, test: str, policy: Policy, attempt: int | None = None) -> TestTrials:
        """The trials of one test, as a gate with this policy reads them.

        `attempt` is the one to read of a test that the policy's left out.
        """
        return TestTrials(test, self.taken(test), policy, attempt)

    def attempts(self) -> dict[str, int]:
        """The last attempt that has trials of each test; without the tests that have none."""
        found: dict[str, int] = {}
        for trial in self.trials:
            if trial.stream != "base":
                found[trial.test] = max(trial.attempt, found.get(trial.test, 1))
        return found

    def with_voids_as(self, outcome: Any, tests: Iterable[str]) -> Ledger:
        """The same, with the void trials of `tests` that a gate made as if they had come to it."""
        named = set(tests)
        return Ledger(
            replace(trial, outcome=outcome)
            if trial.test in named and trial.outcome == "void" and trial.stream != "base"
            else trial
            for trial in self.trials
        )

    def dumps(self) -> str:
        """The text of a ledger file: one line per trial, the same ledger gives the same bytes."""
        return "".join(
            encodable(json.dumps(trial.to_json(), ensure_ascii=False, sort_keys=True)) + "\n"
            for trial in self.trials
        )

    @classmethod
    def loads(cls, text: str, name: str = "ledger") -> Ledger:
        """The ledger in the text of a ledger file.

        Raises:
            SettingsError: A line is no trial, or two lines contradict each other.
        """
        trials = []
        for number, line in enumerate(text.split("\n"), start=1):
            if not line.strip():
                continue
            try:
                data = json.loads(line)
                if not isinstance(data, Mapping):
                    raise ValueError("no JSON object")
                trials.append(Trial.from_json(data))
            except SettingsError as error:
                raise SettingsError(f"{name}:{number}: {error}") from None
            except (ValueError, TypeError, KeyError) as error:
                raise SettingsError(f"{name}:{number}: not a trial ({error})") from None
        return cls(trials)


def _conflict(one: Trial, other: Trial) -> SettingsError:
    sources = " and ".join(
        sorted(f"{trial.cassette or 'no cassette'} ({trial.outcome})" for trial in (one, other))
    )
    return SettingsError(
        f"{one.test}: two different trials are {one.stream} {one.index} "
        f"of attempt {one.attempt}: {sources}"
    )
