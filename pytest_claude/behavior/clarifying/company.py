"""Company: questions that keep a conversation going, for which no task waits.

"K2 is 8,611 m high. Have you ever been to Pakistan?" has answered. What tells is that something
was said first which has to do neither with the user nor with what is missing, that the question
is about the user's life or opinion, or that the prompt asked for a fact or told of itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_claude.behavior.clarifying.acts import Act
from pytest_claude.behavior.clarifying.case import Case

_ANSWER = 100  # characters of statements that may be an answer
_TOLD = 5  # characters of statements that a remark has


def keeps_company(case: Case, questions: Sequence[Act]) -> bool:
    """Whether these questions, none of which the reply answers, ask for company only."""
    before = case.acts[: questions[0].sentence.number]
    told = [act for act in before if act.deed == "statement" and not act.has("opener")]
    moved = any(act.has("feels") for act in before)
    if not moved and case.said_before(questions[0]) < _TOLD and not case.shown:
        return False
    if case.assumes or case.any("refines") or any(act.has("unsettled") for act in told):
        return False
    if any(act.has("decides") for act in questions):
        return False
    if moved or case.wants("wants_fact") or case.wants("wants_talk"):
        return True
    lacks = any(act.has("lacks") for act in told)
    apart = not any(act.has("addresses") for act in told) or _stands_apart(case, questions[0])
    return all(
        act.has("chats")
        or (apart and not lacks and act.has("is_personal") and not act.has("choice"))
        for act in questions
    )


def _stands_apart(case: Case, act: Act) -> bool:
    """Whether a question begins a paragraph after what may be an answer."""
    before = case.acts[act.sentence.number - 1]
    return before.sentence.paragraph < act.sentence.paragraph and case.said_before(act) > _ANSWER
