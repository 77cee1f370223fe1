"""What a bump would meet, read off the recorded requests: findings by rule and by test. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_claude.models.adapt import adapt
from pytest_claude.models.asked import Asked
from pytest_claude.models.facts import facts_of
from pytest_claude.models.findings import Finding, findings
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.transcript.model import Answer, Usage


@dataclass(frozen=True)
class Call:
    """One recorded request for a message.

    Attributes:
        test: The test that made it, as shown.
        module: The test file, or what stands for it.
        cassette: Path of the recording, as shown.
        number: Number of the interaction in it, from 1.
        trial: Number of the trial, from 1.
        asked: The request.
        answer: What came back; None where that is no message (a count, a batch).
    """

    test: str
    module: str
    cassette: str
    number: int
    trial: int
    asked: Asked
    answer: Answer | None = None

    @property
    def usage(self) -> Usage | None:
        """The recorded usage; None where the tokens of input or output are unknown."""
        usage = None if self.answer is None else self.answer.usage
        known = usage is not None and None not in (usage.input_tokens, usage.output_tokens)
        return usage if known else None


@dataclass(frozen=True)
class Judged:
    """A call with what the rules say of it.

    Attributes:
        call: The call.
        findings: What the rules say of it as it was recorded.
        left: The refusals that adapting does not settle.
    """

    call: Call
    findings: tuple[Finding, ...]
    left: tuple[Finding, ...] = ()

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """The findings for which the API refuses it."""
        return tuple(each for each in self.findings if each.effect == "refused")


@dataclass(frozen=True)
class Group:
    """The calls of which one rule says the same.

    Attributes:
        finding: What it says.
        calls: The calls, in order.
        settled: How many of them adapting settles.
    """

    finding: Finding
    calls: tuple[Call, ...]
    settled: int = 0

    @property
    def tests(self) -> tuple[str, ...]:
        """The tests that make the calls, in order."""
        return tuple(dict.fromkeys(call.test for call in self.calls))


@dataclass(frozen=True)
class Preflight:
    """What a bump would meet.

    Attributes:
        new: Id of the model to move to, as given.
        olds: Canonical ids of the models that are asked now.
        judged: All calls that were looked at; one of equal requests of a test.
        others: Canonical ids of recorded models that were not looked at, with their calls.
        on: The day by which it was judged.
        old_facts: What is known of the models now.
        new_facts: What is known of the model to move to; None when nothing is.
    """

    new: str
    olds: tuple[str, ...]
    judged: tuple[Judged, ...]
    others: dict[str, int] = field(default_factory=dict)
    on: str | None = None
    old_facts: tuple[ModelFacts, ...] = ()
    new_facts: ModelFacts | None = None

    @property
    def tests(self) -> tuple[str, ...]:
        """All tests that were looked at."""
        return tuple(dict.fromkeys(each.call.test for each in self.judged))

    @property
    def refused(self) -> tuple[Judged, ...]:
        """The calls that would be refused as they are."""
        return tuple(each for each in self.judged if each.refusals)

    def to_json(self) -> dict[str, Any]:
        """All of it as plain JSON types, call by call."""
        return {
            "format": "pytest-claude preflight 1",
            "new": self.new,
            "from": list(self.olds),
            "on": self.on,
            "tests": len(self.tests),
            "requests": len(self.judged),
            "refused": len(self.refused),
            "not_looked_at": dict(self.others),
            "models": {
                facts.id: facts.to_json()
                for facts in (*self.old_facts, self.new_facts)
                if facts is not None
            },
            "calls": [_call_json(each) for each in self.judged],
        }


def preflight(
    calls: Iterable[Call],
    new: str,
    *,
    olds: Sequence[str] = (),
    on: str | None = None,
    known: ModelFacts | None = None,
) -> Preflight:
    """What the rules say of the recorded `calls` if they went to `new`.

    Args:
        calls: All recorded calls.
        new: Id of the model to move to.
        olds: The models to move from; none given: those of the same line as `new`, or all where
            there are none.
        on: The day to judge by, as `YYYY-MM-DD`.
        known: Facts of `new` that go before those of the table.
    """
    calls = sorted(calls, key=lambda call: (call.test, call.trial))
    counts: dict[str, int] = {}
    for call in calls:
        model = known_id(call.asked.model or "")
        counts[model] = counts.get(model, 0) + 1
    chosen = {known_id(old) for old in olds} or _to_move(counts, new)
    facts = known or facts_of(new)
    judged = [
        _judge(call, new, on, facts if known else None)
        for call in _once(calls)
        if known_id(call.asked.model or "") in chosen
    ]
    kept = sorted(chosen & counts.keys())
    return Preflight(
        new=new,
        olds=tuple(kept),
        judged=tuple(judged),
        others={model: n for model, n in sorted(counts.items()) if model not in chosen},
        on=on,
        old_facts=tuple(f for f in map(facts_of, kept) if f is not None),
        new_facts=facts,
    )


def known_id(model: str) -> str:
    """The one id of a model that is known by several; else the canonical id.

    >>> known_id("claude-sonnet-4-0"), known_id("claude-next-1-20270101")
    ('claude-sonnet-4', 'claude-next-1')
    """
    facts = facts_of(model)
    return canonical_model(model) if facts is None else facts.id


def groups(judged: Iterable[Judged], effect: str) -> tuple[Group, ...]:
    """The findings of one effect by what they say, the most frequent first."""
    found: dict[tuple[str, str], tuple[Finding, list[Call], list[bool]]] = {}
    for each in judged:
        left = {finding.rule for finding in each.left}
        for finding in each.findings:
            if finding.effect == effect:
                _, calls, settled = found.setdefault(
                    (finding.rule, finding.seen), (finding, [], [])
                )
                calls.append(each.call)
                settled.append(finding.rule not in left)
    made = [Group(f, tuple(calls), sum(settled)) for f, calls, settled in found.values()]
    return tuple(sorted(made, key=lambda group: -len(group.calls)))


def surely_refused(asked: Asked, target: str, *, on: str | None = None) -> tuple[Finding, ...]:
    """The refusals of a request of which there is no doubt.

    No rule that was assumed of the model or inferred, and none that the documentation and the
    live API tell differently.
    """
    found = findings(asked, target, on=on)
    sure = ("documented",)
    return tuple(f for f in found if f.effect == "refused" and f.confidence in sure)


def _judge(call: Call, new: str, on: str | None, known: ModelFacts | None) -> Judged:
    asked, old = call.asked, call.asked.model
    found = findings(asked, new, old=old, on=on, known=known)
    if not any(each.effect == "refused" for each in found):
        return Judged(call, found)
    body, _ = adapt(asked.body, new)
    after = findings(replace(asked, body=body), new, on=on, known=known)
    return Judged(call, found, tuple(each for each in after if each.effect == "refused"))


def _once(calls: Sequence[Call]) -> list[Call]:
    """One of the equal requests of a test: its trials and retries ask the same."""
    seen: dict[tuple[str, str, str], Call] = {}
    for call in calls:
        text = json.dumps(call.asked.body, sort_keys=True, default=str)
        seen.setdefault((call.test, call.asked.kind, text), call)
    return list(seen.values())


def _to_move(counts: dict[str, int], new: str) -> set[str]:
    """The models that a bump to `new` is about: those of its line, but not itself."""
    target, facts = known_id(new), facts_of(new)
    others = {model for model in counts if model != target}
    line = {m for m in others if facts and (known := facts_of(m)) and known.line == facts.line}
    return line or ({target} if target in counts else others)


def _call_json(judged: Judged) -> dict[str, Any]:
    call = judged.call
    left = {finding.rule for finding in judged.left}
    return {
        "test": call.test,
        "cassette": call.cassette,
        "interaction": call.number,
        "model": call.asked.view.model,
        "platform": call.asked.platform,
        "kind": call.asked.kind,
        "recorded_status": None if call.answer is None else call.answer.status,
        "findings": [
            {
                **finding.to_json(),
                "adapted": finding.effect == "refused" and finding.rule not in left,
            }
            for finding in judged.findings
        ],
    }
