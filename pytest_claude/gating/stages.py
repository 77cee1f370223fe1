"""The stages of a gate, each from the ones before it, on one ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from pytest_claude.gating.duel import Duel, duel_test
from pytest_claude.gating.ledger import Key, Ledger, TestTrials
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Screen, ScreenStatus, screen_test
from pytest_claude.gating.status import Why
from pytest_claude.gating.suite import Channel, recheck_suite, suite_p


class Stages:
    """Screen, suite, duels and second look, as far as the ledger carries them.

    Attributes:
        policy: The settings.
        not_run: Tests that are listed and not compared, and why.
        accepted: Tests whose regression does not fail the gate, and why.
        trials: The trials of the tests to gate, by node id in order.
        least_suspects: For how many suspects the duels are calibrated at least.
        sets: The tests of each data set that has a channel of its own, by its name in order: it
            has several, and not all that are compared.
    """

    def __init__(
        self,
        ledger: Ledger,
        policy: Policy,
        tests: Collection[str],
        not_run: Mapping[str, Why],
        accepted: Mapping[str, str],
        attempts: Mapping[str, int],
        least_suspects: int,
        sets: Mapping[str, str],
    ) -> None:
        if isinstance(tests, str):
            raise TypeError(f"tests={tests!r}: node ids, not one string")
        self._ledger = ledger
        self.policy = policy
        self.not_run = not_run
        self.accepted = accepted
        self._attempts = attempts
        self.least_suspects = least_suspects
        compared = sorted({*tests} - {*not_run})
        self.trials = {test: ledger.of(test, policy, attempts.get(test)) for test in compared}
        self._set_of = sets
        by_set: dict[str, list[str]] = {}
        for test in compared:
            if test in sets:
                by_set.setdefault(sets[test], []).append(test)
        several = {name: of for name, of in by_set.items() if 1 < len(of) < len(compared)}
        self.sets = dict(sorted(several.items()))

    def with_voids_as(self, outcome: Any, tests: Collection[str]) -> Stages:
        """The same, as if the void trials of `tests` had come to `outcome`."""
        ledger = self._ledger.with_voids_as(outcome, tests)
        return Stages(
            ledger,
            self.policy,
            [*self.trials],
            self.not_run,
            self.accepted,
            self._attempts,
            self.least_suspects,
            self._set_of,
        )

    @cached_property
    def screens(self) -> dict[str, Screen]:
        """The screen of each test."""
        return {test: screen_test(of, self.policy) for test, of in self.trials.items()}

    @cached_property
    def suspects(self) -> tuple[str, ...]:
        """The tests that their screens did not clear."""
        return self._screened("suspect")

    @cached_property
    def contenders(self) -> int:
        """For how many suspects the duels are calibrated.

        They count, and the tests that could still become one when the plan was cut.
        """
        return max(len(self.suspects) + len(self._screened("open")), self.least_suspects)

    @cached_property
    def duels(self) -> dict[str, Duel]:
        """The duel of each suspect."""
        return {
            test: duel_test(self.trials[test], self.policy, self.contenders)
            for test in self.suspects
        }

    @cached_property
    def compared(self) -> list[TestTrials]:
        """The tests that have something to compare."""
        screens = self.screens
        nothing: tuple[ScreenStatus, ...] = ("left out", "refused")
        return [of for test, of in self.trials.items() if screens[test].status not in nothing]

    @cached_property
    def channel(self) -> list[TestTrials]:
        """The tests that the suite channel reads; what is accepted beforehand is left out."""
        return [of for of in self.compared if of.test not in self.accepted]

    @cached_property
    def channels(self) -> list[Channel]:
        """The channel of the suite, then that of each data set."""
        number = len(self.sets)
        read = {of.test: of for of in self.channel}
        channels = [self._looked_at("", self.channel, self.policy.suite_level(number))]
        for name, tests in self.sets.items():
            of_set = [read[test] for test in tests if test in read]
            channels.append(self._looked_at(name, of_set, self.policy.set_level(number)))
        return channels

    def _looked_at(self, name: str, tests: Sequence[TestTrials], level: float) -> Channel:
        """A channel, with a second look where it fired alone."""
        channel = Channel(name, tests, level, suite_p(tests, self.policy), None)
        if not channel.fires or self.regressed or self.policy.baseline == "retired":
            return channel
        return replace(channel, recheck=recheck_suite(tests, self.policy))

    @property
    def regressed(self) -> bool:
        """Whether a test is regressed and not accepted."""
        named = {test for test, duel in self.duels.items() if duel.status == "regressed"}
        return not named.union(self._screened("refused")).issubset(self.accepted)

    @property
    def needs(self) -> tuple[Key, ...]:
        """What the first incomplete stage needs, over all tests."""
        wanted = tuple(key for screen in self.screens.values() for key in screen.needs)
        if not wanted:
            wanted = tuple(key for duel in self.duels.values() for key in duel.needs)
        if not wanted:
            looks = (of.recheck for of in self.channels if of.recheck is not None)
            wanted = tuple(dict.fromkeys(key for look in looks for key in look.needs))
        return wanted

    def _screened(self, status: ScreenStatus) -> tuple[str, ...]:
        return tuple(test for test, screen in self.screens.items() if screen.status == status)
