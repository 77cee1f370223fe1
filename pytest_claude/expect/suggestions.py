"""The checks that hold in all recorded trials of a test, as the code that states them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from keyword import iskeyword
from math import isfinite
from typing import Any, get_args
from unicodedata import normalize
from unittest.mock import ANY

from pytest_claude.behavior.accepted import shape
from pytest_claude.behavior.profile import Profile, ToolFact, profile
from pytest_claude.behavior.structured import Where
from pytest_claude.errors import NotOffered
from pytest_claude.expect.checks.answer import refuses
from pytest_claude.expect.checks.json_answer import returns_json
from pytest_claude.expect.methods import CheckMethods
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.transcript.model import Transcript

# Arguments of `calls_tool` itself, and names that a method or Python keeps.
_TAKEN = ("times", "exact", "offered", "self", "__debug__")
_USUAL = (None, "end_turn", "tool_use", "refusal")  # the last is stated by `refuses`
_WIDTH = 88


@dataclass(frozen=True)
class Suggestion:
    """A check that holds in all trials.

    Attributes:
        check: Its name.
        code: The expression that an `assert` states, with the fixture's name before the first dot.
        expected: What it expects, in words.
    """

    check: str
    code: str
    expected: str


class Recorded(CheckMethods):
    """One recorded trial, with the checks."""

    def __init__(self, transcript: Transcript, reading: Reading) -> None:
        """See what was said as the project reads it."""
        self.transcript = transcript
        self.reading = reading
        self.profile: Profile = profile(
            transcript,
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
            settle=reading.settle,
        )

    def _transcript(self) -> Transcript:
        return self.transcript

    def _reading(self) -> Reading:
        return self.reading


@dataclass(frozen=True)
class _Stated:
    """A check as a test states it; `holds` says whether it is asserted, or its contrary."""

    check: str
    positional: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()
    holds: bool = True

    def asked(self, trial: Recorded) -> Check | None:
        """The check where it holds in a trial, for certain; else None."""
        try:
            check: Check = getattr(trial, self.check)(*self.positional, **dict(self.named))
        except NotOffered:  # the model called what no request offered
            return None
        return check if check.outcome is self.holds and getattr(check, "certain", True) else None

    def code(self, fixture: str) -> str:
        """The expression that an `assert` states."""
        given = [*map(_literal, self.positional)]
        given += [f"{name}={_literal(value)}" for name, value in self.named]
        return f"{'' if self.holds else 'not '}{fixture}.{self.check}({', '.join(given)})"


def suggestions(trials: Sequence[Recorded], fixture: str = "claude") -> list[Suggestion]:
    """What holds in all trials, the most telling first.

    What is suggested are facts that do not differ between two answers of one model (the reference,
    "What is steady"), and of those none that nearly every test shows: that a reply ends its turn,
    or does not refuse. The value of an argument is stated where it is the same in all trials and
    the app had sent it, such as the number of an order; any other value is free. Limits of cost and
    time are none of the recordings' facts, but what a team decides.

    Args:
        trials: All recorded ones of a test.
        fixture: What the test calls our fixture.
    """
    assert all(trial.transcript.last for trial in trials), "a trial without a call shows nothing"
    parts = (_tools, _manner, _json, _ending, _models)
    found: dict[str, Suggestion] = {}
    for stated in chain.from_iterable(part(trials) for part in parts):
        checks = [stated.asked(trial) for trial in trials]
        if (first := checks[0]) is not None and None not in checks:
            code = stated.code(fixture)
            found.setdefault(code, Suggestion(stated.check, code, first.expected))
    return [*found.values()]


def _tools(trials: Sequence[Recorded]) -> Iterator[_Stated]:
    made = [[fact.name for fact in trial.profile.tools] for trial in trials]
    called = dict.fromkeys(chain.from_iterable(made))
    for name in called:
        yield from _calls(name, trials)
    if not called and any(trial.transcript.offered for trial in trials):
        yield _Stated("calls_no_tool")
    elif all(made):
        yield _order(made, [*called])
        yield _Stated("passes_valid_arguments")
    for group in dict.fromkeys(chain.from_iterable(trial.profile.parallel for trial in trials)):
        yield _Stated("calls_in_parallel", group)
    for name in dict.fromkeys(chain.from_iterable(t.profile.server_tools for t in trials)):
        yield _Stated("calls_server_tool", (name,))


def _order(made: list[list[str]], names: list[str]) -> _Stated:
    if all(each == made[0] for each in made):
        return _Stated("calls_tools", (made[0],))
    if all(sorted(each) == sorted(made[0]) for each in made):
        return _Stated("calls_tools", (made[0],), (("order", "unordered"),))
    return _Stated("calls_tools", (names,), (("order", "subset"),))


def _calls(name: str, trials: Sequence[Recorded]) -> Iterator[_Stated]:
    """The calls of one tool: each by itself where all trials make equally many, else as one."""
    by_trial = [[f for f in trial.profile.tools if f.name == name] for trial in trials]
    alike = len({len(facts) for facts in by_trial}) == 1
    sent = [partial(_is_sent, trial.transcript) for trial in trials]
    groups: Sequence[Sequence[ToolFact]] = (
        [*zip(*by_trial, strict=True)] if alike else [[*chain.from_iterable(by_trial)]]
    )
    for facts in groups:
        inputs = [fact.input if isinstance(fact.input, Mapping) else {} for fact in facts]
        names = [key for key in inputs[0] if all(key in each for each in inputs)]
        given: dict[str, Any] = {}
        for key in names:
            value = inputs[0][key]
            same = alike and all(_same(each[key], value) for each in inputs)
            copied = same and all(
                is_sent(fact, value) for is_sent, fact in zip(sent, facts, strict=False)
            )
            given[key] = value if copied else ANY
        yield _Stated("calls_tool", *_arguments(name, given))


def _arguments(
    name: str, given: Mapping[str, Any]
) -> tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]:
    plain = {k: v for k, v in given.items() if _is_keyword(k)}
    others = {k: v for k, v in given.items() if k not in plain}
    return (name, others) if others else (name,), tuple(plain.items())


def _is_keyword(name: str) -> bool:
    """Whether a call can be written with it: Python reads a name in its NFKC form."""
    plain = name.isidentifier() and normalize("NFKC", name) == name
    return plain and not iskeyword(name) and name not in _TAKEN


def _is_sent(transcript: Transcript, fact: ToolFact, value: Any) -> bool:
    """Whether the app had sent a value, as a word or words, before the model called with it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        return False
    asked = next(a.request for a in transcript.answers if a.number == fact.interaction)
    text = json.dumps([asked.system, asked.messages], ensure_ascii=False)
    written = json.dumps(value, ensure_ascii=False).strip('"')
    return re.search(rf"(?<!\w){re.escape(written)}(?!\w)", text) is not None


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _manner(trials: Sequence[Recorded]) -> Iterator[_Stated]:
    yield _Stated("asks_clarifying_question")
    yield _Stated("refuses")
    # Of a reply that acts or is JSON, that it does not ask is said by what it does.
    acts = any(trial.profile.tools or trial.profile.has_output for trial in trials)
    if not acts and not any(refuses(t.transcript).outcome for t in trials):
        yield _Stated("asks_clarifying_question", holds=False)


def _json(trials: Sequence[Recorded]) -> Iterator[_Stated]:
    for where in get_args(Where):
        values = [
            returns_json(t.transcript, where=where, output_tools=t.reading.output_tools).raw
            for t in trials
        ]
        if all(isinstance(value, dict | list) for value in values):
            named = () if where == "answer" else (("where", where),)
            yield _Stated("returns_json", (schema(values),), named)
            return


def schema(values: Sequence[Any]) -> dict[str, Any]:
    """A JSON schema that the values satisfy: their types, and the names that all of them have.

    Keys that are no identifiers are data, and are not named.

    >>> schema([{"id": 7}, {"id": 8.5, "note": None}])["required"]
    ['id']
    """
    kinds = [*dict.fromkeys(map(_kind, values))]
    told: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds}
    if kinds == ["object"] and all(key.isidentifier() for value in values for key in value):
        names = dict.fromkeys(chain.from_iterable(values))
        if names:
            told["properties"] = {n: schema([v[n] for v in values if n in v]) for n in names}
            told["required"] = [n for n in names if all(n in value for value in values)]
    if kinds == ["array"] and (items := [*chain.from_iterable(values)]):
        told["items"] = schema(items)
    return told


def _kind(value: Any) -> str:
    match value:
        case dict():
            return "object"
        case list():
            return "array"
    return str(shape(value))


def _ending(trials: Sequence[Recorded]) -> Iterator[_Stated]:
    reasons = {trial.profile.stop_reason for trial in trials}
    yield from (_Stated("stops_with", (reason,)) for reason in reasons if reason not in _USUAL)


def _models(trials: Sequence[Recorded]) -> Iterator[_Stated]:
    """The models of an app that asks several: which one answers what is its own decision."""
    canonical = trials[0].reading.canonical
    asked = dict.fromkeys(a.model for t in trials for a in t.transcript.answers if a.model)
    names = dict.fromkeys(map(canonical, asked))
    yield from (_Stated("calls_model", (name,)) for name in names if len(names) > 1)


def _literal(value: Any, depth: int = 1) -> str:
    """Python that reads as the value; what has no room on a line is indented."""
    if value is ANY:
        return "ANY"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if value.isprintable() else repr(value)
    if isinstance(value, float) and not isfinite(value):  # 1e999, which is JSON
        return f'float("{value}")'
    if not isinstance(value, dict | list):
        endless = isinstance(value, float) and not isfinite(value)
        return f'float("{value}")' if endless else repr(value)
    below = partial(_literal, depth=depth + 1)
    if isinstance(value, dict):
        opening, closing = "{}"
        items = [f"{_literal(name)}: {below(each)}" for name, each in value.items()]
    else:
        opening, closing = "[]"
        items = [*map(below, value)]
    line, margin = f"{opening}{', '.join(items)}{closing}", "    " * depth
    if len(margin) + len(line) <= _WIDTH:
        return line
    lines = "".join(f"{margin}{item},\n" for item in items)
    return f"{opening}\n{lines}{margin[4:]}{closing}"
