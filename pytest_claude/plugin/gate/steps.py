"""Which trials a gated run takes: of each test in turn, then of all tests together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, cast, get_args

import pytest

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.gating import Decision, Ledger, Need, Policy, TestVerdict, plan, screen_test
from pytest_claude.gating.ledger import Key
from pytest_claude.gating.status import Status
from pytest_claude.gating.steps import LATER, Later, Plan, Step
from pytest_claude.plugin.arms import Arm, Arms
from pytest_claude.plugin.gate.comparison import GatedRun
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.run.decide import left_out
from pytest_claude.settings import RunSettings

_NO_DROP: tuple[Status, ...] = ("unchanged", "improved", "changed")
_OF_THE_GATE: tuple[Stream, ...] = ("base_fresh", "cand")


class Gate:
    """Plans the trials of one process.

    Offline, a test takes every trial that has a recording: the verdict reads of them what it
    needs. While recording, a test takes the trials of its screen; what depends on the trials of
    others waits for `rounds`.

    Attributes:
        waits: Whether, in a round of batches, a trial waits for an answer.
        superseded: Tests whose recorded trials were dropped; each with whether its requests hold
            what, as a rule says, changes from run to run: such a difference is no edit.
    """

    def __init__(
        self, settings: RunSettings, arms: Arms, run: GatedRun, sets: Mapping[str, str]
    ) -> None:
        """`sets` are the data sets that tests are cases of, by node id."""
        self._sets = sets
        self._settings = settings
        self._arms = arms
        self._recordings = arms.recordings
        self._run = run
        # By test: each is asked for its own trials many times.
        self._trials: dict[str, dict[Key, Trial]] = {}
        self.take(run.known)
        self._earlier = {trial.test for trial in run.known if trial.stream == "base"}
        self._gateable: dict[str, None] = {}
        self._streams, self._keys = _of_part(settings)
        # The baseline is that of all candidates: one may replace another model.
        self._olds = run.comparison.olds if "cand" in self._streams else frozenset()
        self._made: dict[str, dict[Key, Path | None]] = {}
        self._followed: dict[str, set[Stream]] = {}
        self.waits = False
        self.superseded: dict[str, bool] = {}
        if run.continues:
            # A test that did not arrive in it is screened before any test goes on.
            for test in sorted(self._earlier.union(run.collected)):
                self.consider(test)

    def plan(self, item: pytest.Item) -> Plan:
        """The plan of one test; it ends in LATER where the trials of others must be known."""
        start = self._start(item)
        wanted = max(1, item.stash[TEST_SETTINGS].trials)

        def next_step(taken: Sequence[Trial]) -> Step | Literal[Later.LATER] | None:
            self.take(taken)
            if taken and taken[-1].outcome in ("skip", "abort") and not self._is_lost(taken[-1]):
                return None
            if item.nodeid in self.superseded:  # as many of the new edition as the marker says
                start[:] = [s for s in start if s.stream != "base" or s.index < wanted]
            following = start[len(taken)] if len(taken) < len(start) else None
            if following is not None and following.stream == "base":
                return following
            if not self.consider(item.nodeid):
                return None
            if following is None and self._settings.recording:
                return self._of_its_own(item.nodeid)
            return following

        return next_step

    def plan_all(self, item: pytest.Item) -> Plan:
        """The plan of one test in a round of batches: all that it needs by itself is asked."""
        start = self._start(item)

        def next_step(taken: Sequence[Trial]) -> Step | None:
            if taken:
                self.take_answered(taken[-1:])
                if taken[-1].outcome == "skip":
                    return None
            waits = any(t.outcome == "abort" and t.stream == "base" for t in taken)
            if len(taken) == len(start) and not waits and self.consider(item.nodeid):
                need = self._planned([item.nodeid], self._run.policy)
                keys = need.interleaved if isinstance(need, Need) else ()
                # How much is needed of today's baseline depends on the other tests.
                streams = [each for each in self._streams if each != "base_fresh"]
                steps = [Step(k.stream, k.index) for k in keys if k.stream in streams]
                start.extend(step for step in steps if step not in start)
            return start[len(taken)] if len(taken) < len(start) else None

        return next_step

    def take_answered(self, trials: Iterable[Trial]) -> None:
        """Keep what was taken, in a round of batches; a trial that waits shows nothing."""
        for trial in trials:
            if trial.outcome == "abort":
                self.waits = True
            else:
                self.take([trial])

    def _is_lost(self, trial: Trial) -> bool:
        """Whether a replay goes on with the next file: the one of this trial can't be read."""
        return trial.void == "unreadable" and not self._settings.recording

    def asked_before(self, test: str, step: Step) -> str | None:
        """The ledger where the test asked a model, for its first recorded trial; else None.

        Later ones may be answered by what the app remembers.
        """
        attempts = self._run.attempts
        asked = step == Step("base", 0) and attempts.models_of(test)
        return attempts.shown(test) if asked else None

    def follow(self, item: pytest.Item, arm: Arm) -> int:
        """Leave the trials of an edition that the app, as a recorded trial shows, has left.

        The first trial that has a recording says it for its stream, and one of the baseline that
        was edited for all.

        Args:
            item: The test.
            arm: A trial of it that has ended.

        Returns:
            How many recorded trials were dropped.
        """
        test, stream = item.nodeid, arm.step.stream
        if not self._settings.recording:
            return 0
        made = self._made.setdefault(test, {})
        made[Key(test, stream, arm.step.index, arm.attempt)] = arm.recorder.path
        edited = arm.recorder.edited
        if edited is None or stream in self._known_of(test):
            return 0
        # What a hook changed for the candidate alone leaves the trials of the baseline.
        streams: Collection[Stream] = get_args(Stream) if stream == "base" else (stream,)
        self._known_of(test).update(streams if edited else (stream,))
        if not edited:
            return 0
        if stream != "base_fresh":  # the others come first, and say it of today's trials
            unsteady = bool(arm.recorder.ignorable)
            self.superseded[test] = unsteady or self.superseded.get(test, False)
        left = (key for key in self._trials.get(test, {}) if key not in made)
        for key in [key for key in left if key.stream in streams and key.stream != "base"]:
            del self._trials[test][key]
        return self._arms.drop_superseded(item, arm, streams, set(made.values()))

    def _known_of(self, test: str) -> set[Stream]:
        """The streams of a test of which is known whether the app was edited since."""
        return self._followed.setdefault(test, set())

    def trials(self, test: str) -> list[Trial]:
        """The trials of a test so far, by stream and index."""
        trials = self._trials.get(test, {})
        return [trials[key] for key in sorted(trials)]

    def take(self, trials: Iterable[Trial]) -> None:
        """Keep what was taken."""
        for trial in trials:
            key = Key(trial.test, trial.stream, trial.index, trial.attempt)
            self._trials.setdefault(trial.test, {})[key] = trial

    def consider(self, test: str) -> bool:
        """Whether a test can be gated, by what its trials show so far."""
        if left_out(self.trials(test), self._olds) is not None:
            self._gateable.pop(test, None)
            return False
        self._gateable[test] = None
        return True

    def settled(self, test: str) -> bool:
        """Whether what a test has shown is enough, whatever the others show: it did not drop."""
        return not self.consider(test) or self._alone(test).verdict in _NO_DROP

    def first_failure(self, test: str) -> int | None:
        """Index of the first fresh trial of the candidate that failed in the duel of a test."""
        return self._alone(test).first_failure if self.consider(test) else None

    def rounds(self) -> dict[str, list[Step]]:
        """What each test must take next, now that all have ended their screens."""
        part = self._settings.part
        if not self._settings.recording or (part is not None and not self._run.continues):
            return {}  # the trials of other candidates say how much a duel takes
        steps: dict[str, list[Step]] = {}
        for key in self._keys or self._needed(list(self._gateable)):
            if not self._is_taken(key):
                steps.setdefault(key.test, []).append(Step(key.stream, key.index))
        return steps

    def _needed(self, tests: Sequence[str]) -> list[Key]:
        """The trials of these tests that this process is to take next, streams mixed evenly."""
        need = self._planned(tests, self._run.policy)
        keys = need.interleaved if isinstance(need, Need) else ()
        return [key for key in keys if key.stream in self._streams]

    def _is_taken(self, key: Key) -> bool:
        """Whether a trial of a given key was taken; what a plan needs was not."""
        return bool(self._keys) and any(
            (of.stream, of.index) == (key.stream, key.index)
            for of in self._trials.get(key.test, {})
        )

    def _start(self, item: pytest.Item) -> list[Step]:
        """The trials that a test takes whatever they show."""
        recorded = self._untaken(item, "base")
        has_them = self._settings.baseline is not None or item.nodeid in self._earlier
        if has_them or "base" not in self._streams:
            base = []  # the earlier run has them, or another process takes them
        else:
            wanted = max(1, item.stash[TEST_SETTINGS].trials) if self._settings.recording else 1
            base = recorded or list(range(wanted))
        steps = [Step("base", index) for index in base]
        if not self._settings.recording:
            for stream in _OF_THE_GATE:
                untaken = self._untaken(item, stream) if stream in self._streams else []
                self.take(self._gaps(item.nodeid, stream, untaken))
                steps += [Step(stream, index) for index in untaken]
        return steps

    def _untaken(self, item: pytest.Item, stream: Stream) -> list[int]:
        keys = self._trials.get(item.nodeid, {})
        taken = {key.index for key in keys if key.stream == stream}
        recorded = {*self._recordings.indices(item.nodeid, item.stash[TEST_SETTINGS], stream)}
        if stream != "base":
            recorded.update(self._run.attempts.with_set_ups(item.nodeid, stream))
            read = self._run.attempts.read_of(item.nodeid, stream)
            recorded = recorded if read is None else recorded & read
        return sorted(recorded - taken)

    def _gaps(self, test: str, stream: Stream, recorded: Sequence[int]) -> Iterator[Trial]:
        """A trial that left no recording between others was spoiled: it keeps its index."""
        attempt = self._recordings.attempt(test, stream)
        for n in range(max(recorded, default=0)):
            if n not in recorded and Key(test, stream, n, attempt) not in self._trials.get(
                test, {}
            ):
                cause = "it has no recording"
                yield Trial(test, stream, n, "void", cause, attempt=attempt, void="no_recording")

    def _of_its_own(self, test: str) -> Step | Literal[Later.LATER] | None:
        """The next trial that a test takes without regard to the others."""
        if self._keys:
            steps = self.rounds().get(test)
            return steps[0] if steps else None
        alone = not self._run.continues or test not in self._earlier
        # A screen reads no other test's trials, and to plan for all tests once per trial is slow.
        tests = [test] if alone or self._screens(test) else list(self._gateable)
        need = self._planned(tests, self._run.policy)
        if not isinstance(need, Need):
            return None
        mine = [key for key in need.interleaved if key.test == test]
        if alone and any(key.stream == "base_fresh" for key in mine):
            return LATER  # a suspect: how much it takes depends on how many there are
        mine = [key for key in mine if key.stream in self._streams]
        return Step(mine[0].stream, mine[0].index) if mine else None

    def _screens(self, test: str) -> bool:
        """Whether the screen of a test is open."""
        attempt, policy = self._recordings.attempt(test, "cand"), self._run.policy
        return screen_test(self._ledger([test]).of(test, policy, attempt), policy).status == "open"

    def _alone(self, test: str) -> TestVerdict:
        """What a test's own trials say, were there no other test."""
        decision = self._planned([test], replace(self._run.policy, offline=True))
        assert not isinstance(decision, Need), "an offline policy always decides"
        return decision.verdicts[test]

    def _planned(self, tests: Sequence[str], policy: Policy) -> Need | Decision:
        attempts = {test: self._recordings.attempt(test, "cand") for test in tests}
        part = self._settings.part
        ledger, least = self._ledger(tests), 0 if part is None else part.suspects or 0
        if least == 0 and len(tests) > 1:  # alone it says nothing of a duel
            _, least = self._run.attempts.pasts(ledger, policy, self.superseded)
        return plan(ledger, policy, tests, attempts=attempts, least_suspects=least, sets=self._sets)

    def _ledger(self, tests: Iterable[str]) -> Ledger:
        return Ledger(t for test in tests for t in self._trials.get(test, {}).values())


def _of_part(settings: RunSettings) -> tuple[tuple[Stream, ...], list[Key]]:
    """The streams that this process takes, and the trials that it is to take beside."""
    part = settings.part
    if part is None:
        return get_args(Stream), []
    keys = [Key(test, cast(Stream, stream), index) for test, stream, index in part.keys]
    return ("base", "base_fresh") if part.candidate is None else ("cand",), keys
