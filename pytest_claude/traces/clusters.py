"""Cases of one app that are dealt with in one manner, and a sample of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pytest_claude.traces.cases import digest
from pytest_claude.traces.model import Case
from pytest_claude.transcript.json_values import mappings, parsed
from pytest_claude.transcript.request import text_of

_ALIKE = 0.8  # of the words of two system prompts
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
    prompts = _Prompts()
    for case in cases:
        tools = tuple(sorted(str(t.get("name")) for t in mappings(case.request.get("tools"))))
        prompt = prompts.number(text_of(case.request.get("system")), tools)
        manner = manner_of(case)
        key = (str(case.request["model"]), prompt, tools, manner)
        found.setdefault(key, Cluster(*key)).cases.append(case)
    return [*found.values()]


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
    """Numbers system prompts; those that are alike have one number."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], int] = {}
        self._first: list[tuple[set[str], tuple[str, ...]]] = []

    def number(self, system: str, tools: tuple[str, ...]) -> int:
        """The number of a prompt, from 1; 0 for none."""
        if not system:
            return 0
        if (system, tools) not in self._known:
            words = set(re.findall(r"[^\W\d]+", system.casefold()))
            alike = (
                number
                for number, (first, offered) in enumerate(self._first, start=1)
                if offered == tools
                and len(first & words) >= _ALIKE * max(len(first), len(words), 1)
            )
            number = next(alike, 0)
            if not number:
                self._first.append((words, tools))
                number = len(self._first)
            self._known[system, tools] = number
        return self._known[system, tools]
