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
    if case.said_before(questions[0]) < _TOLD and not case.shown:
        return False
    if case.assumes or case.any("refines") or any(act.has("unsettled") for act in told):
        return False
    if any(act.has("picks" if act.has("offer") else "decides") for act in questions):
        return False
    if case.wants("wants_fact") or case.wants("wants_talk"):
        return True
    gathers = len(questions) > 1 or questions[0].rule == "asks-two-things"
    if any(act.has("feels") for act in before) and (
        case.wants("tells_of_oneself") if case.prompt else not gathers
    ):
        return True
    if gathers:
        return False
    act = questions[0]
    if act.has("offer"):
        return not act.has("confirmation") and _stands_apart(case, act)
    if act.has("chats"):
        return True
    personal = act.has("is_personal") and act.rule == "question"
    return personal and not case.prompt and _stands_apart(case, act)


def _stands_apart(case: Case, act: Act) -> bool:
    """Whether what is said before a question has nothing to do with the user, or is an answer."""
    before = [a for a in case.acts[: act.sentence.number] if a.deed == "statement"]
    if any(a.has("lacks") for a in before):
        return False
    begins = before and before[-1].sentence.paragraph < act.sentence.paragraph
    if begins and case.said_before(act) > _ANSWER:
        return True
    return not any(a.has("addresses") and not a.has("opener") for a in before)
