"""Cases of one app that are dealt with in one manner, and a sample of each."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_claude.traces.cases import digest
from pytest_claude.traces.model import Case
from pytest_claude.transcript.json_values import mappings, parsed
from pytest_claude.transcript.request import text_of

Offered = tuple[str, ...]  # the names of tools

_ALIKE = 0.8  # of the words of two system prompts
_INDEXED = 100  # prompts by one word
_COMPARED = 50  # prompts with one
_WORD = re.compile(r"[^\W\d_]+")
_ASKS = re.compile(r"\?[\s*_)\"']*$")


@dataclass
class Cluster:
    """Cases alike.

    Attributes:
        model: The model that was asked.
        prompt: The number of the system prompt, from 1; 0 where there is none.
        tools: The names of the tools offered.
        manner: What the model did: the tools that it called, or how it answered.
        cases: In the order of the source.
    """

    model: str
    prompt: int
    tools: tuple[str, ...]
    manner: str
    cases: list[Case] = field(default_factory=list)

    def sample(self, number: int) -> list[Case]:
        """So many of the cases, the same each time, in the order of the source."""
        chosen = sorted(self.cases, key=lambda case: digest([case.request, case.then]))[:number]
        taken = {id(case) for case in chosen}
        return [case for case in self.cases if id(case) in taken]

    @property
    def tags(self) -> list[str]:
        """How a report groups its cases."""
        prompt = f"prompt {self.prompt}" if self.prompt else "no system prompt"
        return [self.manner, prompt]


def clusters(cases: Iterable[Case]) -> list[Cluster]:
    """The cases by model, system prompt, tools offered, and what the model did.

    Two system prompts are one where four of five words are the same: apps write dates and names
    into theirs.
    """
    found: dict[tuple[str, int, tuple[str, ...], str], Cluster] = {}
    cases = list(cases)
    prompts = _Prompts(_asked(case) for case in cases)
    for case in cases:
        system, tools = _asked(case)
        prompt = prompts.number(system, tools)
        manner = manner_of(case)
        key = (str(case.request["model"]), prompt, tools, manner)
        found.setdefault(key, Cluster(*key)).cases.append(case)
    return [*found.values()]


def _asked(case: Case) -> tuple[str, Offered]:
    """The system prompt and the tools offered."""
    tools = sorted(str(tool.get("name")) for tool in mappings(case.request.get("tools")))
    return text_of(case.request.get("system")), tuple(tools)


def manner_of(case: Case) -> str:
    """What the model did in a case, in a word or two."""
    called = dict.fromkeys(_called(case))
    if called:
        return f"calls {', '.join(called)}"
    status, last = case.replies[-1]
    if status >= 400:
        return "refused by the API"
    text = text_of(last.get("content"))
    if last.get("stop_reason") not in ("end_turn", "stop_sequence"):
        return f"stops with {last.get('stop_reason')}"
    if isinstance(parsed(text), dict | list):
        return "answers in JSON"
    return "asks" if _ASKS.search(text) else "answers"


def _called(case: Case) -> Iterator[str]:
    for _, reply in case.replies:
        for block in mappings(reply.get("content")):
            if str(block.get("type")).endswith("tool_use"):
                yield str(block.get("name"))


class _Prompts:
    """Numbers system prompts; those that are alike have one number.

    Two sets of which four of five words are the same share one of the fifth of their words that
    fewest prompts have, and one more: an index of those gives the few that are compared. Of a word
    that many prompts begin with, and of prompts with many neighbours, the rest is not looked at.
    """

    def __init__(self, asked: Iterable[tuple[str, Offered]]) -> None:
        """Of these prompts, each with the tools offered, numbers are asked."""
        self._words = {each: set(_WORD.findall(each[0].casefold())) for each in asked if each[0]}
        self._often = Counter(word for words in self._words.values() for word in words)
        self._index: dict[tuple[str, Offered], list[int]] = defaultdict(list)
        self._first: list[set[str]] = []
        self._known: dict[tuple[str, Offered], int] = {}

    def number(self, system: str, tools: Offered) -> int:
        """The number of a prompt, from 1; 0 for none."""
        if not system:
            return 0
        if (system, tools) not in self._known:
            self._known[system, tools] = self._alike(self._words[system, tools], tools)
        return self._known[system, tools]

    def _alike(self, words: set[str], tools: Offered) -> int:
        rarest = sorted(words, key=lambda word: (self._often[word], word))
        places = [self._index[word, tools] for word in rarest[: len(words) // 5 + 1]]
        shared = Counter(number for place in places for number in place)
        near = (number for number, _ in shared.most_common(_COMPARED))
        alike = [n for n in near if _are_alike(self._first[n - 1], words)]
        if alike:
            return min(alike)
        self._first.append(words)
        for place in places:
            if len(place) < _INDEXED:
                place.append(len(self._first))
        return len(self._first)


def _are_alike(one: set[str], other: set[str]) -> bool:
    return len(one & other) >= _ALIKE * max(len(one), len(other))
