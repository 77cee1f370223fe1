"""Trials written as letters: P pass, F fail, V void, A abort, S skip, a dot for none."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, cast

from pytest_claude.comparison.trial import Outcome, Stream
from pytest_claude.gating import Decision, Ledger, Need, Policy, TestVerdict, Trial, plan
from pytest_claude.report import words

WORDS: dict[str, Outcome] = {"P": "pass", "F": "fail", "V": "void", "A": "abort", "S": "skip"}

Streams = Mapping[str, str]


def stream(test: str, name: str, letters: str, **more: Any) -> list[Trial]:
    return [
        Trial(test, cast(Stream, name), index, WORDS[letter], **more)
        for index, letter in enumerate(letters)
        if letter != "."
    ]


def trials(tests: Mapping[str, Streams]) -> list[Trial]:
    """The streams of tests; `fresh` is short for `base_fresh`."""
    return [
        trial
        for test, of in tests.items()
        for name, letters in of.items()
        for trial in stream(test, {"fresh": "base_fresh"}.get(name, name), letters)
    ]


def needed(ledger: Ledger, policy: Policy, tests: Any) -> list[str]:
    """What a plan needs, as `test stream first-last`."""
    answer = plan(ledger, policy, tests)
    assert isinstance(answer, Need), answer
    found: dict[str, list[int]] = {}
    for key in answer:
        found.setdefault(f"{key.test} {key.stream}", []).append(key.index)
    return [f"{place} {','.join(map(str, indices))}" for place, indices in found.items()]


def decided(ledger: Ledger, policy: Policy, tests: Any) -> Decision:
    answer = plan(ledger, policy, tests)
    assert isinstance(answer, Decision), answer
    return answer


def played(every: list[Trial], policy: Policy, tests: Any) -> tuple[Decision, int]:
    """The decision when only what is asked for is made, and how often it asks."""
    made = {(t.test, t.stream, t.index, t.attempt): t for t in every}
    ledger, rounds = Ledger(trial for trial in every if trial.stream == "base"), 0
    while isinstance(answer := plan(ledger, policy, tests), Need):
        ledger |= [made[key.test, key.stream, key.index, key.attempt] for key in answer]
        rounds += 1
    return answer, rounds


def because(verdict: TestVerdict) -> str | None:
    """The reason of a verdict in words."""
    return words.because(verdict.reason, verdict.values)


def line(verdict: TestVerdict, decision: Decision) -> str:
    """A verdict in one line: counts at the look that decided, word, reason, evidence."""
    rates = "{}/{} → {}/{}".format(*verdict.baseline, *verdict.candidate)
    word = words.word(verdict.verdict, verdict.reason)
    parts = (f"{verdict.test} {rates}", word, because(verdict), words.evidence(verdict, decision))
    return "; ".join(filter(None, parts))


def letters(chance: Random, rate: float, number: int) -> str:
    """Outcomes drawn at a pass rate."""
    return "".join("PF"[chance.random() >= rate] for _ in range(number))


class Written:
    """Outcomes written as letters."""

    def __init__(self, suite: dict[str, dict[str, str]]) -> None:
        self._suite = suite

    def fails(self, test: int, stream: str, start: int, stop: int) -> int:
        letters = self._suite[f"t{test}"][{"base_fresh": "fresh"}.get(stream, stream)]
        return letters[start:stop].count("F")
