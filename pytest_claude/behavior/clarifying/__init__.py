"""Did it ask before acting? Offline and deterministic: rules about language, no model.

A reply is cut into sentences (`reading`, `masking`, `structure`), and what is content is taken
out. What each sentence does (`acts`) is told by the phrases of its language (`cues`); the whole is
judged from what its sentences do and where they stand (`case`, `content`, `verdict`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_claude.behavior.clarifying.verdict import Kind, verdict

__all__ = ["Clarification", "Kind", "detect_clarification"]


@dataclass(frozen=True)
class Clarification:
    """What a reply does instead of, or beside, answering.

    Attributes:
        kind: clarifying_question (the task waits for what it asks), partial (it answers under
            an assumption and asks for what would settle it), confirmation_request (all is known,
            it asks for a yes), answer, answer_with_offer (done, and offers more), refusal.
        asks: True for clarifying_question and partial.
        sentence: The sentence that decided, verbatim from the reply; None for a plain answer.
        rule: Name of the rule that decided.
        certain: False where the signs are weak or speak against each other, so that a human or
            an LLM judge had better look.
    """

    kind: Kind
    asks: bool
    sentence: str | None
    rule: str
    certain: bool


def detect_clarification(
    reply: str, *, prompt: str | None = None, tool_call: bool = False
) -> Clarification:
    """Whether a reply asks the user for information that it needs.

    Counts: "Which order do you mean?", "Please provide your order id.", "I'd need to know which
    region", "I don't see an attachment", a choice that only the user can make. Does not count:
    "Let me know if you need anything else", "Shall I go ahead?", a refusal with an alternative,
    questions in code, quotations, dialogues, quizzes, letters and FAQs, questions that the reply
    answers itself. English first; common forms of German, Spanish, French, Portuguese, Japanese
    and Chinese. Of a reply over 20,000 characters both ends are looked at.

    Args:
        reply: The text of the reply.
        prompt: The last message of the user; it tells when questions are what was ordered.
        tool_call: Whether the reply also calls a tool: what it says it needs, it may get by it.

    Returns:
        The kind of the reply, with the sentence and the rule that decided.

    >>> detect_clarification("Happy to help! Which order do you want to return?").sentence
    'Which order do you want to return?'
    >>> detect_clarification("Done. Let me know if you need anything else.").kind
    'answer_with_offer'
    >>> detect_clarification("I'm sorry, but I can't share customer data.").kind
    'refusal'
    """
    found = verdict(reply, prompt=prompt, tool_call=tool_call)
    sentence = found.act.sentence.text if found.act is not None else None
    asks = found.kind in ("clarifying_question", "partial")
    return Clarification(found.kind, asks, sentence, found.rule, found.certain)
