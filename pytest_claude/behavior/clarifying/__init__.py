"""Did it ask before acting? Offline and deterministic: form and learned weights, no model is asked.

Asking is to wait for what only the user can tell. A reply is cut into sentences, and what it shows
instead of says (code, quotations, letters, dialogues) is taken out (`masking`, `structure`,
`reading`). The words of its sentences and its form (`features`) speak for and against each kind of
reply, as `weights` learned it from replies that people labelled. What that leaves open is said to
be unsure (`verdict`); the phrases of asking, offering and declining (`cues`) name the sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_claude.behavior.clarifying.cues import Category
from pytest_claude.behavior.clarifying.verdict import Kind, verdict

__all__ = ["Category", "Clarification", "Kind", "detect_clarification"]


@dataclass(frozen=True)
class Clarification:
    """What a reply does instead of, or beside, answering.

    Attributes:
        kind: clarifying_question (the task waits for what it asks), partial (it answers under
            an assumption and asks for what would settle it), confirmation_request (all is known,
            it asks for a yes), answer, answer_with_offer (done, and offers more), refusal. The
            best guess where `certain` is False.
        asks: True for clarifying_question and partial.
        sentence: The sentence that decided, verbatim from the reply; None for a plain answer.
        rule: Name of what that sentence does.
        certain: Whether `asks`, and that a refusal is one, can be relied on. False where the
            signs are weak or speak against each other, so that a human or an LLM judge had better
            look.
        refuses: Whether the reply refuses; None where that is unsure.
        category: Why it refuses, where it does and says so: policy (it keeps a rule, or will
            not), ability (it lacks the means).
        chance: The probability that the reply asks, from 0 to 1.
        doubt: Why `certain` is False; None where it is True.
        told_by: What settled it where the rules left it open: the judge with its reason, or that
            it is a guess; None where the rules tell.
        advice: What would settle it; None where nothing is open.
    """

    kind: Kind
    asks: bool
    sentence: str | None
    rule: str
    certain: bool
    refuses: bool | None = None
    category: Category | None = None
    chance: float = 1.0
    doubt: str | None = None
    told_by: str | None = None
    advice: str | None = None


def detect_clarification(
    reply: str, *, prompt: str | None = None, tool_call: bool = False
) -> Clarification:
    """Whether a reply asks the user for information that it needs.

    Counts: "Which order do you mean?", "Please provide your order id.", "I'd need to know which
    region", "I don't see an attachment", a choice that only the user can make. Does not count:
    "Let me know if you need anything else", "Shall I go ahead?", a refusal with an alternative,
    questions in code, quotations, dialogues, quizzes, letters and FAQs, questions that the reply
    answers itself. Certain verdicts are for English; of other languages it is certain only where
    a reply states something and puts no question. Of a reply over 20,000 characters both ends
    are looked at.

    Args:
        reply: The text of the reply.
        prompt: The last message of the user; it tells when questions are what was ordered.
        tool_call: Whether the reply also calls a tool: what it says it needs, it may get by it.

    Returns:
        The kind of the reply, with the sentence that decided and whether that is certain.

    >>> detect_clarification("Happy to help! Which order do you want to return?").sentence
    'Which order do you want to return?'
    >>> detect_clarification("Done. Let me know if you need anything else.").kind
    'answer_with_offer'
    >>> detect_clarification("I'm sorry, but I can't share customer data.").kind
    'refusal'
    """
    judged = verdict(reply, prompt=prompt, tool_call=tool_call)
    return Clarification(
        kind=judged.kind,
        asks=judged.kind in ("clarifying_question", "partial"),
        sentence=judged.sentence.text if judged.sentence is not None else None,
        rule=judged.rule,
        certain=judged.doubt is None,
        refuses=judged.refuses,
        category=judged.category,
        chance=judged.chance,
        doubt=judged.doubt,
    )
