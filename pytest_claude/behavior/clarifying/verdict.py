"""Verdict: what a reply does, how sure that is, and the sentence that shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_claude.behavior.clarifying.case import Case, case_of, looked_at
from pytest_claude.behavior.clarifying.cues import Category, Deed, category_of, find_cue
from pytest_claude.behavior.clarifying.features import of_form, of_sentence
from pytest_claude.behavior.clarifying.reading import Reading, Sentence
from pytest_claude.behavior.clarifying.signs import (
    argues,
    asks_plainly,
    declines_nothing,
    gives_ordered_questions,
    may_be_ordered,
    only_offers,
    requests_at_end,
)
from pytest_claude.behavior.clarifying.weights import weights

Kind = Literal[
    "clarifying_question",
    "partial",
    "confirmation_request",
    "answer",
    "answer_with_offer",
    "refusal",
]

NOT_ASKING: tuple[Kind, ...] = ("answer", "answer_with_offer", "confirmation_request", "refusal")

_DEEDS: Mapping[Kind, Deed] = {
    "clarifying_question": "asks",
    "partial": "asks",
    "confirmation_request": "confirms",
    "answer_with_offer": "offers",
    "refusal": "declines",
}
_CLASSES: Mapping[Deed, str] = {
    "asks": "asks",
    "confirms": "confirmation_request",
    "offers": "answer_with_offer",
    "declines": "refusal",
}
_SURELY = 0.97  # chance from which a reply asks though its question may be what was ordered
_ANSWER = 200  # letters of statements that answer, in a language that is not read
_LONG = 600  # letters of statements that refuse nothing
_WIDE_LETTER = 2  # what a character of Chinese or Japanese counts


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply does.

    Attributes:
        kind: The best guess.
        asks: Whether it asks; None where that is unsure.
        refuses: Whether it refuses; None where that is unsure.
        sentence: The sentence that shows it; None for an answer.
        rule: The name of what it shows.
        chance: The probability that it asks, from 0 to 1.
        category: Why it refuses, if it does and says so.
        doubt: Why the kind can't be relied on; None where it can.
    """

    kind: Kind
    asks: bool | None
    refuses: bool | None
    sentence: Sentence | None = None
    rule: str = "answers"
    chance: float = 0.0
    category: Category | None = None
    doubt: str | None = None


def verdict(reply: str, *, prompt: str | None, tool_call: bool) -> Verdict:
    """What a reply does."""
    case = case_of(reply, prompt, tool_call=tool_call)
    if not case.reading.sentences:
        return settle(case, {})
    sentences = looked_at(case.reading)
    runs = [weights().rows_of(of_sentence(sentence)) for sentence in sentences]
    form = weights().rows_of(of_form(case))
    rows = form.union(*runs)
    chances = {name: weights().probability(rows, name) for name in weights().classes}
    settled = settle(case, chances)
    deed = _DEEDS.get(settled.kind)
    if deed is None:
        return settled
    sentence, rule = _shows(deed, sentences, runs)
    category = category_of(sentence.plain) if deed == "declines" else None
    return replace(settled, sentence=sentence, rule=rule, category=category)


def settle(case: Case, chances: Mapping[str, float]) -> Verdict:
    """What a reply does by the chances of each class; the sentence is not looked for."""
    if not case.reading.sentences:
        return Verdict("answer", False, False, rule="says-nothing")
    asks, refuses = _certainties(case, chances)
    kind = _likeliest(case, chances, asks)
    doubt = _doubt(kind, asks, refuses, english=case.reading.english)
    return Verdict(kind, asks, refuses, chance=chances["asks"], doubt=doubt)


def _likeliest(case: Case, chances: Mapping[str, float], asks: bool | None) -> Kind:
    """The best guess; it agrees with what is certain about asking. Who acts does not refuse."""
    if asks is None and gives_ordered_questions(case):
        return "answer"
    if asks or (asks is None and chances["asks"] >= 0.5):
        return "partial" if chances["partial"] >= 0.5 else "clarifying_question"
    kinds = NOT_ASKING[: -1 if case.tool_call else None]
    return max(kinds, key=lambda kind: chances[kind])


def _certainties(case: Case, chances: Mapping[str, float]) -> tuple[bool | None, bool | None]:
    """Whether a reply asks, and whether it refuses; None where that is unsure."""
    if not case.reading.english:
        return _by_form_alone(case.reading)
    refuses = _refuses(case, chances["refusal"])
    if refuses and chances["asks"] < 0.5:
        return False, True
    return _asks(case, chances["asks"]), refuses


def _by_form_alone(reading: Reading) -> tuple[bool | None, bool | None]:
    """What is sure of a reply in a language that the weights were not learned from.

    It asks nothing and refuses nothing, where it states something at length and puts no question.
    """
    stated = _stated(reading)
    return (False if stated >= _ANSWER else None), (False if stated >= _LONG else None)


def _asks(case: Case, chance: float) -> bool | None:
    """Whether an English reply asks; None where that is unsure.

    One that wants nothing but to offer more help asks nothing, unless the weights speak against
    it. One that ends with a request is never sure to ask nothing; where the request is plain, less
    is needed to be sure that it asks. What comes with a tool call is never sure to ask: it may get
    by it what it needs.
    """
    if gives_ordered_questions(case):
        return None
    if chance < 0.5 and only_offers(case.reading):
        return False
    thresholds = weights().thresholds
    upper = thresholds["asks_plainly" if asks_plainly(case) else "asks"]
    if may_be_ordered(case):
        upper = max(upper, _SURELY)
    asks = _beyond(chance, upper, thresholds["asks_not"])
    if asks:
        return None if case.tool_call else True
    return None if requests_at_end(case.reading) else asks


def _refuses(case: Case, chance: float) -> bool | None:
    """Whether an English reply refuses; None where that is unsure.

    One that has no words of declining refuses nothing, unless the weights speak against it. One
    that argues or waits, and one that acts, is never sure to refuse.
    """
    if chance < 0.5 and declines_nothing(case.reading):
        return False
    thresholds = weights().thresholds
    refuses = _beyond(chance, thresholds["refuses"], thresholds["refuses_not"])
    return None if refuses and (case.tool_call or argues(case.reading)) else refuses


def _beyond(chance: float, upper: float, lower: float) -> bool | None:
    if chance >= upper:
        return True
    return False if chance <= lower else None


def _stated(reading: Reading) -> int:
    """How much a reply states and shows, in letters; 0 where it may ask, by its form."""
    sentences = reading.sentences
    if any(sentence.is_question for sentence in sentences):
        return 0
    said = "".join(sentence.plain for sentence in sentences)
    if said.endswith((":", "：")):
        return 0
    size = sum(1 if letter < "\u2e80" else _WIDE_LETTER for letter in said[:_LONG])
    return size + reading.shown + reading.code


def _doubt(kind: Kind, asks: bool | None, refuses: bool | None, *, english: bool) -> str | None:
    if asks is None and not english:
        return "only English is read by its words, and its form does not tell"
    if asks is None:
        return "its words speak for asking and against it"
    if kind == "refusal" and not refuses:
        return "its words speak for a refusal and against it"
    return None


def _shows(
    deed: Deed, sentences: Sequence[Sentence], runs: Sequence[Iterable[int]]
) -> tuple[Sentence, str]:
    """The sentence that does it, and the name of the cue by which.

    It is the last one that does so in known words, the first where it declines; else the one
    whose words speak most for it.
    """
    cues = [(sentence, cue) for sentence in sentences if (cue := find_cue(deed, sentence.plain))]
    if cues:
        return cues[0 if deed == "declines" else -1]
    name = _CLASSES[deed]
    strongest = max(range(len(runs)), key=lambda n: weights().sum_of(runs[n], name))
    return sentences[strongest], "by-its-words"
