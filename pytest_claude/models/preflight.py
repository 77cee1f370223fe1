"""What a bump would meet, read off the recorded requests: findings by rule and by test. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pytest_claude.models.adapt import adapt
from pytest_claude.models.facts import facts_of
from pytest_claude.models.findings import RETIRED, Finding, findings, refusals
from pytest_claude.models.ids import canonical_model
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.model_facts import ModelFacts
from pytest_claude.models.rules import Effect
from pytest_claude.transcript.model import Answer, Usage


@dataclass(frozen=True)
class Call:
    """One recorded request for a message.

    Attributes:
        test: The test that made it, as shown.
        module: The test file; where there is none, the recording.
        cassette: Path of the recording, as shown.
        number: Number of the interaction in it, from 1.
        trial: Number of the trial, from 1.
        request: The request.
        answer: What came back; None where that is no message (a count, a batch).
    """

    test: str
    module: str
    cassette: str
    number: int
    trial: int
    request: MessageRequest
    answer: Answer | None = None

    @property
    def usage(self) -> Usage | None:
        """The recorded usage; None where the tokens of input or output are unknown."""
        usage = None if self.answer is None else self.answer.usage
        counted = usage is not None and None not in (usage.input_tokens, usage.output_tokens)
        return usage if counted else None


@dataclass(frozen=True)
class Judged:
    """A call with what the rules say of it.

    Attributes:
        call: The call.
        findings: What the rules say of it as it was recorded.
        left: Ids of the rules for which it is refused after adapting too.
    """

    call: Call
    findings: tuple[Finding, ...]
    left: frozenset[str] = frozenset()

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
        olds: Canonical ids of the models that the calls ask now.
        judged: All calls that were looked at; one of equal requests of a test.
        others: Canonical ids of recorded models that were not looked at, with their calls.
        on: The day by which it was judged.
        old_facts: Facts of the models now, where they are known.
        new_facts: Facts of the model to move to; None where it is unknown.
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
                facts.id: asdict(facts)
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
    facts: ModelFacts | None = None,
) -> Preflight:
    """What the rules say of the recorded `calls` if they went to `new`.

    Args:
        calls: All recorded calls.
        new: Id of the model to move to.
        olds: The models to move from; none given: those of the same line as `new`, or all where
            there are none.
        on: The day to judge by, as `YYYY-MM-DD`.
        facts: Facts of `new` that go before those of the data file.
    """
    calls = sorted(calls, key=lambda call: (call.test, call.trial))
    counts = Counter(known_id(call.request.model or "") for call in calls)
    chosen = {known_id(old) for old in olds} or _to_move(counts.keys(), new)
    judged = [
        _judge(call, new, on, facts)
        for call in _once(calls)
        if known_id(call.request.model or "") in chosen
    ]
    kept = sorted(chosen & counts.keys())
    return Preflight(
        new=new,
        olds=tuple(kept),
        judged=tuple(judged),
        others={model: n for model, n in sorted(counts.items()) if model not in chosen},
        on=on,
        old_facts=tuple(f for f in map(facts_of, kept) if f is not None),
        new_facts=facts or facts_of(new),
    )


def known_id(model: str) -> str:
    """The one id of a model that has several, and of an unknown model the canonical id.

    >>> known_id("claude-sonnet-4-0"), known_id("claude-next-1-20270101")
    ('claude-sonnet-4', 'claude-next-1')
    """
    facts = facts_of(model)
    return canonical_model(model) if facts is None else facts.id


def groups(judged: Iterable[Judged], effect: Effect) -> tuple[Group, ...]:
    """The findings of one effect by what they say, the most frequent first.

    Args:
        judged: The calls.
        effect: "refused", "warning" or "behavior".
    """
    alike: dict[tuple[str, str], list[tuple[Finding, Judged]]] = {}
    for each in judged:
        for finding in each.findings:
            if finding.effect == effect:
                alike.setdefault((finding.rule, finding.seen), []).append((finding, each))
    made = [
        Group(
            finding=pairs[0][0],
            calls=tuple(each.call for _, each in pairs),
            settled=sum(finding.rule not in each.left for finding, each in pairs),
        )
        for pairs in alike.values()
    ]
    return tuple(sorted(made, key=lambda group: -len(group.calls)))


def surely_refused(
    request: MessageRequest, target: str, *, on: str | None = None
) -> tuple[Finding, ...]:
    """The refusals of a request that are documented: not assumed, inferred or only observed.

    Args:
        request: The request.
        target: Id of the model that would answer, of any platform.
        on: The date to judge by, as `YYYY-MM-DD`; None leaves out what depends on the day.
    """
    return tuple(f for f in refusals(request, target, on=on) if f.confidence == "documented")


def _judge(call: Call, new: str, on: str | None, facts: ModelFacts | None) -> Judged:
    refuted = _refuted(call.request, new)
    told = findings(call.request, new, old=call.request.model, on=on, facts=facts)
    judged = Judged(call, tuple(finding for finding in told if not refuted(finding)))
    if not judged.refusals:
        return judged
    body, _ = adapt(call.request.body, new, bedrock=call.request.platform == "bedrock")
    after = refusals(replace(call.request, body=body), new, on=on, facts=facts)
    return replace(judged, left=frozenset(f.rule for f in after if not refuted(f)))


def _refuted(request: MessageRequest, new: str) -> Callable[[Finding], bool]:
    """Whether the recording shows that a refusal on `new` is not what the API does.

    What a model has answered it does not refuse, unless it retires. And what the rules see in a
    request that was answered is no ground of a refusal elsewhere: a recorder may have left out a
    header that was sent.
    """
    if not request.answered or request.model is None:
        return lambda finding: False
    if known_id(request.model) == known_id(new):
        return lambda finding: finding.effect == "refused" and finding.rule != RETIRED
    grounds = {(finding.rule, finding.seen) for finding in refusals(request, request.model)}
    return lambda finding: (finding.rule, finding.seen) in grounds


def _once(calls: Sequence[Call]) -> Iterable[Call]:
    """One of the equal requests of a test: its trials and retries ask the same."""
    alike: dict[tuple[str, str, str], Call] = {}
    for call in calls:
        text = json.dumps(call.request.body, sort_keys=True, default=str)
        alike.setdefault((call.test, call.request.kind, text), call)
    return alike.values()


def _to_move(models: Set[str], new: str) -> Set[str]:
    """The models that a bump to `new` is about: those of its line, but not itself."""
    target, facts = known_id(new), facts_of(new)
    others = models - {target}
    line = {m for m in others if facts and (old := facts_of(m)) and old.line == facts.line}
    return line or (models & {target}) or others


def _call_json(judged: Judged) -> dict[str, Any]:
    call = judged.call
    return {
        "test": call.test,
        "cassette": call.cassette,
        "interaction": call.number,
        "model": call.request.view.model,
        "platform": call.request.platform,
        "kind": call.request.kind,
        "recorded_status": None if call.answer is None else call.answer.status,
        "findings": [
            {
                **asdict(finding),
                "adapted": finding.effect == "refused" and finding.rule not in judged.left,
            }
            for finding in judged.findings
        ],
    }
