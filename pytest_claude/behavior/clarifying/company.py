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
    if any(act.has("picks" if act.has("offer") else "decides") for act in questions):
        return False
    talks = case.wants("wants_fact") or case.wants("wants_talk")
    chooses = any(act.has("choice") for act in questions)
    if talks or (moved and (case.wants("tells_of_oneself") if case.prompt else not chooses)):
        return True
    lacks = any(act.has("lacks") for act in told)
    apart = not any(act.has("addresses") for act in told) or _stands_apart(case, questions[0])
    return all(act.has("chats") or (apart and not lacks and _is_loose(act)) for act in questions)


def _is_loose(act: Act) -> bool:
    """Whether an answer is none the worse for want of what a question asks."""
    if act.has("offer"):
        return not act.has("confirmation")
    return act.has("is_personal") and not act.has("choice")


def _stands_apart(case: Case, act: Act) -> bool:
    """Whether a question begins a paragraph after what may be an answer."""
    before = case.acts[act.sentence.number - 1]
    return before.sentence.paragraph < act.sentence.paragraph and case.said_before(act) > _ANSWER
