"""The ledger of one attempt of a gate ↔ the text of its file, `ledger.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy, TestVerdict, screen_test
from pytest_claude.gating.policy import Baseline

_STREAMS: tuple[Stream, ...] = ("cand", "base_fresh")


@dataclass(frozen=True)
class LedgerFile:
    """What a gate read, and what it waits for.

    Attributes:
        ledger: The trials, without what a replay derives again.
        baseline: Whether the baseline could be asked for more.
        waiting: The tests that wait for more trials, each with how many usable ones of the streams
            "cand" and "base_fresh" its looks have read; None in a file of an early version.
    """

    ledger: Ledger = field(default_factory=Ledger)
    baseline: Baseline = "callable"
    waiting: Mapping[str, Sequence[int]] | None = None

    @classmethod
    def loads(cls, text: str, name: str) -> LedgerFile:
        """The file with this text; `name` is for the errors.

        Raises:
            SettingsError: It is not a ledger of a gate.
        """
        head, _, lines = text.partition("\n")
        try:
            about = dict(json.loads(head)["gate"])
        except (ValueError, TypeError, KeyError):
            raise SettingsError(
                f"{name}: no ledger of a gate (its first line says nothing of it)"
            ) from None
        retired = about.get("baseline") == "retired"
        baseline: Baseline = "retired" if retired else "callable"
        return cls(Ledger.loads(lines, name), baseline, about.get("open"))

    def dumps(self) -> str:
        """The text of the file: the same ledger gives the same bytes."""
        head = {"v": 1, "baseline": self.baseline, "open": self.waiting or {}}
        return f"{json.dumps({'gate': head}, sort_keys=True)}\n{self.ledger.dumps()}"

    def updated(
        self, ledger: Ledger, verdicts: Iterable[TestVerdict], decision: Decision
    ) -> LedgerFile:
        """The file after a decision: what it holds of the tests with other verdicts stays.

        Args:
            ledger: All trials that the gate read.
            verdicts: Of the tests that are at this attempt.
            decision: On all of them.
        """
        new = {verdict.test: verdict for verdict in verdicts}
        unconfirmed = decision.suite == "unconfirmed"
        waiting = {test: read for test, read in (self.waiting or {}).items() if test not in new}
        for test, verdict in new.items():
            if verdict.waits or (unconfirmed and verdict.verdict != "not run"):
                waiting[test] = list(verdict.decided_on)
        kept = (trial for trial in self.ledger if trial.test not in new)
        made = (trial for trial in ledger if trial.test in new)
        return LedgerFile(Ledger([*kept, *made]), decision.policy.baseline, waiting)

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
        return why is not None and why.reason in ("errors", "not_sent")
