"""Case: a reply as the rules see it, its acts with what is said before and after each."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

from pytest_claude.behavior.clarifying.acts import Act, Deed, act_of
from pytest_claude.behavior.clarifying.cues import Cue, find_cue
from pytest_claude.behavior.clarifying.language import Language, language_of
from pytest_claude.behavior.clarifying.reading import Reading, read

LONG = 350  # characters of statements that are an answer
BLOCK = 60  # characters of code, of a letter or of a table that are one

_PROMPT_LOOKED_AT = 1_500  # characters, its end
_DATUM = re.compile(r"[^:.]{1,30}:\W{0,4}.{0,60}$")  # "departure: 16:00", shown to choose from


@dataclass(frozen=True)
class Case:
    """A reply, what was asked for, and whether the reply comes with a tool call."""

    reading: Reading
    acts: tuple[Act, ...]
    prompt: str
    tool_call: bool

    def with_acts(self, acts: tuple[Act, ...]) -> Case:
        """The same reply, its sentences understood otherwise."""
        return replace(self, acts=acts)

    def of(self, *deeds: Deed) -> list[Act]:
        """The acts of these deeds, in order."""
        return [act for act in self.acts if act.deed in deeds]

    def any(self, cue: Cue) -> bool:
        """Whether some sentence shows a cue."""
        return any(act.has(cue) for act in self.acts)

    def wants(self, cue: Cue) -> bool:
        """Whether the prompt orders this."""
        text = self.prompt[-_PROMPT_LOOKED_AT:]
        if not text:
            return False
        home = self.acts[0].sentence.language if self.acts else "en"
        languages: set[Language] = {"en", home, language_of(text, "en")}
        return any(find_cue(cue, text, language) for language in languages)

    @cached_property
    def wants_text(self) -> bool:
        """Whether the prompt orders a text."""
        return self.wants("wants_text") or self.wants("wants_rewrite")

    @cached_property
    def assumes(self) -> bool:
        """Whether the reply answers under an assumption."""
        return any(
            act.has("assumes")
            for act in self.acts
            if act.deed != "question" or ";" in act.sentence.plain
        )

    @property
    def shown(self) -> int:
        """Characters of content."""
        return self.reading.code + self.reading.shown

    @property
    def said(self) -> int:
        """Characters of statements and of content."""
        return self._sums[-1] + self.shown

    def said_before(self, act: Act) -> int:
        """Characters of statements before an act."""
        return self._sums[act.sentence.number]

    def said_after(self, act: Act) -> int:
        """Characters of statements after an act."""
        return self._sums[-1] - self._sums[act.sentence.number + 1]

    def answers_before(self, act: Act) -> bool:
        """Whether the reply is an answer without this act."""
        return self.said_before(act) > LONG or self.shown > BLOCK

    @cached_property
    def _sums(self) -> list[int]:
        return list(accumulate(map(_weight, self.acts), initial=0))


def case_of(reply: str, prompt: str | None, tool_call: bool) -> Case:
    """The case of a reply."""
    case = _case(read(reply), prompt, tool_call)
    if prompt and "letter" in case.reading.forms and not case.wants_text:
        # A letter that nobody ordered is the reply itself.
        return _case(read(reply, letters=False), prompt, tool_call)
    return case


def _case(reading: Reading, prompt: str | None, tool_call: bool) -> Case:
    acts = tuple(act_of(sentence) for sentence in reading.sentences)
    return Case(reading, acts, (prompt or "").lower(), tool_call)


def _weight(act: Act) -> int:
    """How much of an answer a sentence is: its characters, if it states something."""
    if act.deed != "statement" or act.has("opener"):
        return 0
    if act.sentence.item and _DATUM.match(act.sentence.plain):
        return 0
    return len(act.sentence.plain)
