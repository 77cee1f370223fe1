"""Acts: what one sentence does, whatever stands around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pytest_claude.behavior.clarifying.cues import Cue, find_cue, without_tail
from pytest_claude.behavior.clarifying.reading import Sentence

Deed = Literal[
    "request",  # asks for information in so many words
    "question",  # a question that is none of the others
    "missing",  # says that something was not given
    "conditional",  # would do more if it were told more
    "assumption",  # asks to be corrected
    "confirmation",  # asks for a yes
    "offer",
    "decline",
    "statement",
]

# What makes an offer of a sentence that holds the words of a request.
_OPEN_OFFERS = ("offers-on-request", "offers-anything-else", "offers-a-look-back")


@dataclass(frozen=True, slots=True)
class Act:
    """What a sentence does, and the rule that says so."""

    sentence: Sentence
    deed: Deed
    rule: str

    def has(self, cue: Cue) -> bool:
        """Whether the sentence shows a cue."""
        return find_cue(cue, self.sentence.plain, self.sentence.language) is not None

    def as_statement(self, rule: str) -> Act:
        """The same sentence, taken for content."""
        return Act(self.sentence, "statement", rule)


def act_of(sentence: Sentence) -> Act:
    """What a sentence does."""
    return Act(sentence, *_deed(sentence))


def _deed(sentence: Sentence) -> tuple[Deed, str]:
    plain = without_tail(sentence.plain, sentence.language)

    def find(cue: Cue) -> str | None:
        return find_cue(cue, plain, sentence.language)

    if plain.startswith("(") and plain.endswith(")"):
        return "statement", "aside"
    confirmation = find("confirmation")
    if sentence.is_question and not confirmation:
        if rule := find("rhetorical") or find("suggests") or find("plays"):
            return "statement", rule
    if rule := find("assumption"):
        return "assumption", rule
    request = find("request")
    if request == "tells-to-send" and sentence.item:
        request = None  # a step of instructions
    if (rule := find("conditional")) and not (sentence.is_question and request):
        return ("confirmation", confirmation) if confirmation else ("conditional", rule)
    if (rule := find("proviso")) and not sentence.is_question and not confirmation:
        if request:
            return "conditional", rule
        return ("offer", rule) if find("contact") else ("statement", "statement")
    choice = find("choice") if sentence.is_question else None
    offer = find("offer")
    if offer and not sentence.is_question:
        put = offer == "offers-on-request" or plain.endswith(":") or find("contact")
        offer = offer if put and offer != "offers-a-look-back" else None
    plainly = not choice or confirmation == "asks-for-yes-or-no"
    if confirmation and not request and plainly:
        beyond = offer == "offers-anything-else" or find("more")
        return ("offer", confirmation) if beyond else ("confirmation", confirmation)
    politely = request == "asks-to-try" or (sentence.is_question and request == "asks-to-tell")
    if request and (politely or choice or offer not in _OPEN_OFFERS):
        return "request", request
    if confirmation and not choice:
        return "confirmation", confirmation
    decline = None if sentence.is_question else find("decline")
    if offer and decline and not find("missing"):
        return "decline", decline
    chosen = choice and (choice == "asks-which" or not find("more"))
    if (offer == "offers-a-thing" and choice) or (offer == "offers-more" and chosen):
        offer = None
    if offer:
        return "offer", offer
    if rule := find("missing"):
        return "missing", rule
    if sentence.is_question:
        return "question", choice or "question"
    if decline:
        return "decline", decline
    return "statement", "statement"
