"""The ledger of one attempt of a gate ↔ the text of its file, `ledger.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy, TestVerdict, conclude, screen_test
from pytest_claude.gating.policy import Baseline, Preset
from pytest_claude.run.editions import Edition, Past, is_same, marks_of

_STREAMS: tuple[Stream, ...] = ("cand", "base_fresh")


@dataclass(frozen=True)
class LedgerFile:
    """What a gate read, and what it waits for.

    Attributes:
        ledger: The trials, without what a replay derives again.
        baseline: Whether the baseline could be asked for more.
        waiting: The tests that wait for more trials, each with how many usable ones of the streams
            "cand" and "base_fresh" its looks have read; None in a file of an early version.
        editions: What was judged of a test before the app was edited, by node id; the trials of
            these editions are gone.
        suspects: How many suspects the duels were calibrated for before an edit, at most.
        presets: By which preset a test was judged last; early versions do not say.
        arms: The options of all candidates that share the gate, this one's too; empty where it is
            alone.
        calibrated: For how many suspects of all these the duels were calibrated last.
    """

    ledger: Ledger = field(default_factory=Ledger)
    baseline: Baseline = "callable"
    waiting: Mapping[str, Sequence[int]] | None = None
    editions: Mapping[str, Sequence[Edition]] = field(default_factory=dict)
    suspects: int = 0
    presets: Mapping[str, Preset] = field(default_factory=dict)
    arms: tuple[str, ...] = ()
    calibrated: int = 0

    @classmethod
    def loads(cls, text: str, name: str) -> LedgerFile:
        """The file with this text; `name` is for the errors.

        Raises:
            SettingsError: It is not a ledger of a gate.
        """
        try:
            return cls._loads(text, name)
        except SettingsError:
            for number, line in enumerate(text.split("\n"), start=1):
                if line.startswith("<<<<<<< "):
                    raise SettingsError(
                        f"{name}: holds a merge conflict at line {number}\n"
                        "       to repair  take one side of it and of its cassettes: git checkout "
                        "--ours, or --theirs"
                    ) from None
            raise

    @classmethod
    def _loads(cls, text: str, name: str) -> LedgerFile:
        head, _, lines = text.partition("\n")
        try:
            about = dict(json.loads(head)["gate"])
        except (ValueError, TypeError, KeyError):
            raise SettingsError(
                f"{name}: no ledger of a gate (its first line says nothing of it)"
            ) from None
        retired = about.get("baseline") == "retired"
        baseline: Baseline = "retired" if retired else "callable"
        editions = {
            test: [Edition.from_json(each) for each in history]
            for test, history in about.get("editions", {}).items()
        }
        suspects = about.get("suspects", 0)
        ledger = Ledger.loads(f"\n{lines}", name)  # lines are counted from the head
        presets, arms = about.get("presets", {}), tuple(about.get("arms", ()))
        calibrated = about.get("calibrated", 0)
        waiting = about.get("open")
        return cls(ledger, baseline, waiting, editions, suspects, presets, arms, calibrated)

    def dumps(self) -> str:
        """The text of the file: the same ledger gives the same bytes."""
        head: dict[str, Any] = {"v": 1, "baseline": self.baseline, "open": self.waiting or {}}
        if self.editions:
            head["editions"] = {
                test: [edition.to_json() for edition in history]
                for test, history in self.editions.items()
            }
            head["suspects"] = self.suspects
        if self.presets:
            head["presets"] = self.presets
        if self.arms:
            head |= {"arms": self.arms, "calibrated": self.calibrated}
        return f"{json.dumps({'gate': head}, sort_keys=True)}\n{self.ledger.dumps()}"

    def updated(
        self,
        ledger: Ledger,
        verdicts: Iterable[TestVerdict],
        decision: Decision,
        superseded: Mapping[str, bool] | None = None,
        suspects: int = 0,
    ) -> LedgerFile:
        """The file after a decision: what it holds of the tests with other verdicts stays.

        Args:
            ledger: All trials that the gate read.
            verdicts: Of the tests that are at this attempt.
            decision: On all of them.
            superseded: As `following` takes it.
            suspects: For how many suspects of all candidates the duels were calibrated.
        """
        new = {verdict.test: verdict for verdict in verdicts}
        made = [trial for trial in ledger if trial.test in new]
        # A test that made no call today keeps the trials of the edition that was judged last.
        today, before = by_test(made), by_test(self.ledger)
        silent = {t for t in new if _asked(before.get(t, ())) and not _asked(today.get(t, ()))}
        made = [trial for trial in made if trial.test not in silent]
        unconfirmed = "unconfirmed" in decision.channels
        waiting = {test: read for test, read in (self.waiting or {}).items() if test not in new}
        for test, verdict in new.items():
            if verdict.waits or (unconfirmed and verdict.verdict != "not run"):
                waiting[test] = list(verdict.decided_on)
        followed = self.following(by_test(made), decision.policy, superseded)
        # Trials of this edition that today's run did not take, under another preset for one.
        places = {(t.test, t.stream, t.index, t.attempt) for t in made}
        kept = (
            trial
            for trial in followed.ledger
            if (trial.test, trial.stream, trial.index, trial.attempt) not in places
        )
        judged = dict.fromkeys(new.keys() - silent, decision.policy.preset)
        return replace(
            followed,
            ledger=Ledger([*kept, *made]),
            baseline=decision.policy.baseline,
            waiting=waiting,
            presets={**self.presets, **judged},
            calibrated=suspects if self.arms else 0,
        )

    def following(
        self,
        trials: Mapping[str, Iterable[Trial]],
        policy: Policy,
        superseded: Mapping[str, bool] | None = None,
    ) -> LedgerFile:
        """The file with the tests whose trials were left moved to its history.

        An edit leaves them, as today's trials ask something else. Requests that hold what changes
        from run to run are no edit: their trials were taken again, and their verdict counts as one
        of today's edition.

        Args:
            trials: Today's trials of tests, by node id.
            policy: The gate's settings; what the trials that are gone came to is said by the
                preset by which they were judged, where that is known.
            superseded: Tests whose recorded trials were dropped, as a request of today is in none
                of them; each with whether it holds what changes from run to run, as a rule says.
        """
        superseded = superseded or {}
        today = {test: marks_of(trials.get(test, ())) for test in {t.test for t in self.ledger}}
        left = {
            test: marks
            for test, before in by_test(self.ledger).items()
            for marks in [marks_of(before)]
            if test in superseded or (marks and today[test] and not is_same(marks, today[test]))
        }
        if not left:
            return self
        waiting = self.waiting or {}
        attempts = self.ledger.attempts()
        tests = {trial.test for trial in self.ledger}
        decisions = {}
        for preset in {self.presets.get(test) for test in left}:
            judged_by = policy
            if preset is not None:
                judged_by = Policy.named(
                    preset, baseline=self.baseline, attempt=policy.attempt, arms=policy.arms
                )
            decisions[preset] = conclude(
                self.ledger,
                judged_by,
                tests,
                attempts=attempts,
                least_suspects=self.calibrated,
            )
        editions = dict(self.editions)
        for test, marks in left.items():
            decision = decisions[self.presets.get(test)]
            verdict = decision.verdicts[test]
            read = verdict.used[0]
            of = self.ledger.of(test, decision.policy, attempts.get(test))
            usable = of.usable("cand", read)
            passes = sum(trial.outcome == "pass" for trial in usable)
            status = None if verdict.waits or test in waiting else verdict.verdict
            history = [*editions.get(test, ()), Edition(marks, read, passes, status)]
            if test in superseded and (superseded[test] or not marks):
                history = [
                    replace(each, marks=today[test]) if each.marks == marks else each
                    for each in history
                ]
            editions[test] = history
        return replace(
            self,
            ledger=Ledger(trial for trial in self.ledger if trial.test not in left),
            editions=editions,
            suspects=max(
                [self.suspects, self.calibrated, *(d.rounded_suspects for d in decisions.values())]
            ),
        )

    def past(self, test: str, trials: Iterable[Trial]) -> Past:
        """What was judged of a test before the edition of `trials`."""
        return Past.of(self.editions.get(test, ()), marks_of(trials))

    def settled_voids(self, policy: Policy) -> list[Trial]:
        """The trials without evidence that keep their index while the gate goes on.

        Of a test that waits, nothing was decided since its last look: the voids after it are tried
        again. Those before it stay, or what it has looked at would change.
        """
        voids = [trial for trial in self.ledger if trial.outcome == "void"]
        if self.waiting is not None:
            ends = self._ends(self.waiting)
            return [t for t in voids if t.index < ends.get((t.test, t.stream), inf)]
        return [t for t in voids if not self._ended_in_errors(t.test, policy)]

    def _ends(self, waiting: Mapping[str, Sequence[int]]) -> dict[tuple[str, Stream], int]:
        """The index after the trials that the looks of a waiting test have read, by stream."""
        usable: dict[tuple[str, Stream], list[int]] = {}
        for trial in self.ledger:
            if trial.outcome in ("pass", "fail"):
                usable.setdefault((trial.test, trial.stream), []).append(trial.index)
        ends = {}
        for test, lengths in waiting.items():
            for stream, length in zip(_STREAMS, lengths, strict=True):
                read = usable.get((test, stream), [])[:length]
                ends[test, stream] = read[-1] + 1 if read else 0
        return ends

    def _ended_in_errors(self, test: str, policy: Policy) -> bool:
        why = screen_test(self.ledger.of(test, policy), policy).why
        return why is not None and why.reason in ("errors", "not_sent", "budget")


def _asked(trials: Iterable[Trial]) -> bool:
    """Whether any of a test's trials made a call; early versions kept no edition."""
    return any(trial.edition or trial.interactions for trial in trials)


def by_test(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """The trials by the node id of their test."""
    tests: dict[str, list[Trial]] = {}
    for trial in trials:
        tests.setdefault(trial.test, []).append(trial)
    return tests
