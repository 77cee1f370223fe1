"""Case: a reply cut into sentences, with what was asked for and what came with it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_claude.behavior.clarifying.reading import Reading, Sentence, read

_ENDS = 8  # sentences looked at from each end
_PROMPT_END = 400  # characters of the prompt that are looked at

_ORDERS = {
    "a-text": re.compile(
        r"\b(?:write|draft|compose|create|generate|rewrite|translate|summari[sz]e|paraphrase|"
        r"rephrase|improve|edit|proofread|poem|story|e-?mail|letter|script|essay|article|post|"
        r"title|caption|tweet|slogan|sentence|speech)\b"
    ),
    "questions": re.compile(
        r"\b(?:quiz|questions?|interview|survey|faqs?|questionnaire|riddle|trivia)\b"
    ),
    "a-role": re.compile(r"\b(?:role-?play|pretend|act as|you are|imagine|game|character)\b"),
    "asking": re.compile(r"\bask (?:me|any|for|clarifying|if)\b|\bclarif"),
}
_ORDERS_SEVERAL = re.compile(
    r"\b(?:make|write|create|generate|give|draft|prepare|list|come up|suggest|design|ask|pose)\b"
    r"[^.?!\n]{0,80}\b(?:quiz\w*|questions|survey|interview|riddles|faqs?|trivia|questionnaire)\b"
    r"|\bquiz me\b"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A reply cut into sentences, what was asked for, and whether it comes with a tool call."""

    reading: Reading
    prompt: str | None
    tool_call: bool


def case_of(reply: str, prompt: str | None, *, tool_call: bool) -> Case:
    """The case of a reply; a letter that the prompt did not order is the reply itself."""
    reading = read(reply, letters=not prompt or "a-text" in orders(prompt))
    return Case(reading, prompt, tool_call)


def orders(prompt: str | None) -> Sequence[str]:
    """What a prompt orders: a text, questions, a role to play, to be asked."""
    end = (prompt or "")[-_PROMPT_END:].lower()
    return [order for order, pattern in _ORDERS.items() if pattern.search(end)]


def orders_several_questions(prompt: str | None) -> bool:
    """Whether a prompt orders a quiz, a survey, a list of questions."""
    return _ORDERS_SEVERAL.search((prompt or "")[-_PROMPT_END:].lower()) is not None


def looked_at(reading: Reading) -> Sequence[Sentence]:
    """The sentences that are looked at: what asks, offers or declines is near an end."""
    sentences = reading.sentences
    if len(sentences) <= 2 * _ENDS:
        return sentences
    return (*sentences[:_ENDS], *sentences[-_ENDS:])
