"""Verdict: what a reply does, from what its sentences do and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_claude.behavior.clarifying.acts import Act
from pytest_claude.behavior.clarifying.case import BLOCK, LONG, Case, case_of
from pytest_claude.behavior.clarifying.company import keeps_company
from pytest_claude.behavior.clarifying.content import as_ordered, ordered, without_announced

Kind = Literal[
    "clarifying_question",
    "partial",
    "confirmation_request",
    "answer",
    "answer_with_offer",
    "refusal",
]

_FEW = 80  # characters of statements that may be an answer
_ASIDE = 150  # characters after which a need was one on the way to the answer
_EARLY = 4  # sentences among which a refusal stands


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a reply, the act that decided, the rule, and whether it is beyond doubt."""

    kind: Kind
    act: Act | None
    rule: str
    certain: bool = True


def verdict(reply: str, *, prompt: str | None, tool_call: bool) -> Verdict:
    """What a reply does."""
    case = case_of(reply, prompt, tool_call)
    case = case.with_acts(without_announced(case.acts))
    if not case.acts:
        return Verdict("answer", None, "says-nothing")
    if (rule := ordered(case)) is not None:
        case = case.with_acts(tuple(as_ordered(act, rule) for act in case.acts))
        return replace(_first(case, _NOT_ASKING), certain=False)
    return _first(case, (*_ASKING, *_NOT_ASKING))


Rule = Callable[[Case], "Verdict | None"]


def _first(case: Case, rules: tuple[Rule, ...]) -> Verdict:
    for rule in rules:
        if (found := rule(case)) is not None:
            return found
    # A question that was taken for content is a weak sign that it was none.
    dismissed = any(act.sentence.is_question and act.rule != "rhetorical" for act in case.acts)
    return Verdict("answer", None, "answers", certain=not dismissed)


# --- replies that ask -----------------------------------------------------------------------


def _corrects(case: Case) -> Verdict | None:
    """ "Let me know if I got that wrong." """
    acts = case.of("assumption")
    if not acts or case.of("request", "question"):
        return None
    return Verdict("partial", acts[-1], acts[-1].rule, certain=False)


def _requests(case: Case) -> Verdict | None:
    """ "Please provide your order id." """
    requests = [act for act in case.of("request") if not _is_on_the_way(case, act)]
    if not requests:
        return None
    act = requests[-1]
    if act.rule == "says-it-needs" and act.has("regrets") and case.any("alternative"):
        return Verdict("refusal", act, "declines-for-want-of-it", certain=False)
    certain = not case.answers_before(act) and not case.of("decline") and not case.tool_call
    return Verdict(_asking_kind(case), act, act.rule, certain)


def _is_on_the_way(case: Case, act: Act) -> bool:
    """Whether the words of a request are a step of the answer."""
    if case.said_before(act) > LONG and case.said_after(act) > LONG:
        return True
    if act.rule.startswith("asks-"):
        return False
    if case.tool_call:
        return True  # what it needs, it gets by the tool
    following = case.acts[act.sentence.number + 1 :]
    if act.sentence.plain.endswith(":") and following and following[0].has("names_the_user"):
        return False  # a list of what it needs
    return case.said_after(act) > _ASIDE and not act.has("names_the_user")


def _questions(case: Case) -> Verdict | None:
    """ "Which order do you mean?" """
    questions = [act for act in case.of("question") if not _is_answered(case, act)]
    if not questions or _weighs(case, case.of("question")):
        return None
    act, answered = questions[-1], case.answers_before(questions[-1])
    to_user = act.has("addresses")
    declines = case.of("decline")
    if declines and (
        act.has("alternative")
        or not to_user
        or (declines[0].rule == "declines" and _is_flat(declines[0]))
    ):
        return None
    if keeps_company(case, questions):
        return Verdict("answer_with_offer", act, "makes-conversation", certain=False)
    if answered and not act.has("picks") and not (case.assumes and to_user):
        return Verdict("answer_with_offer", act, "asks-after-an-answer", certain=False)
    if case.said_after(act) > LONG:
        return None
    aside = case.said_before(act) > _FEW and not act.has("picks")
    # Where nothing else is said, a question is for the user, whatever its words.
    certain = (to_user or case.said == 0) and not answered and not aside and not case.tool_call
    return Verdict(_asking_kind(case), act, act.rule, certain)


def _is_flat(decline: Act) -> bool:
    """Whether a refusal would stand whatever the user said."""
    return not decline.has("waits")


def _weighs(case: Case, questions: Sequence[Act]) -> bool:
    """Whether these are questions to think over, amid advice."""
    first, last = questions[0].sentence, questions[-1].sentence
    after = case.acts[last.number + 1 : last.number + 2]
    return (
        len(questions) > 1
        and case.said_before(questions[0]) > 0
        and last.number - first.number == len(questions) - 1
        and all(act.deed == "statement" and not act.has("explains") for act in after)
        and [act.sentence.paragraph for act in after] == [first.paragraph]
    )


def _is_answered(case: Case, act: Act) -> bool:
    """Whether the reply answers its own question."""
    following = case.acts[act.sentence.number + 1 :]
    after = next((other for other in following if other.deed != "question"), None)
    if act.has("addresses"):
        return after is not None and after.deed == "statement" and after.has("replies")
    return (
        after is not None
        and after.deed == "statement"
        and (after.has("replies") or not after.has("explains"))
    )


def _names_missing(case: Case) -> Verdict | None:
    """ "I don't see an attachment." """
    acts = case.of("missing")
    if not acts or case.of("confirmation") or case.said > LONG or case.tool_call:
        return None
    certain = not case.of("offer") and case.said <= _FEW
    return Verdict("clarifying_question", acts[-1], acts[-1].rule, certain)


def _would_do_more(case: Case) -> Verdict | None:
    """ "If you share the log, I can say more." """
    acts = case.of("conditional")
    declines = case.of("decline")
    if not acts or case.of("confirmation") or any(map(_is_flat, declines)):
        return None
    act = acts[-1]
    if declines and not act.rule.startswith("asks-"):
        return None
    waits = act.rule == "asks-once-you-tell" or not _tells_something(case)
    if case.said == 0 or (waits and not case.answers_before(act) and not case.any("closes")):
        return Verdict("clarifying_question", act, act.rule, certain=False)
    if case.assumes:
        return Verdict("partial", act, act.rule, certain=False)
    return None


def _narrows(case: Case) -> Verdict | None:
    """ "Sure! Would you like the short or the long version?" – nothing is done yet."""
    acts = case.of("offer", "conditional", "assumption")
    if not acts or case.said or case.shown or case.of("decline", "confirmation"):
        return None
    act = acts[-1]
    chooses = act.rule in ("offers-more", "offers-a-thing") and act.sentence.is_question
    if not chooses or act.sentence.number == 0:
        return None
    return Verdict("clarifying_question", act, act.rule, certain=False)


def _tells_something(case: Case) -> bool:
    """Whether some statement is more than that something is open or lacking."""
    told = [act for act in case.of("statement") if not act.has("opener")]
    return any(not act.has("unsettled") and not act.has("lacks") for act in told)


def _asking_kind(case: Case) -> Kind:
    return "partial" if case.assumes or _refines(case) else "clarifying_question"


def _refines(case: Case) -> bool:
    """Whether a reply has answered, and asks for what would make the answer a better one."""
    first = case.of("request", "question")[0]
    told = case.acts[: first.sentence.number]
    return (
        (case.said_before(first) > BLOCK or case.shown > BLOCK)
        and case.any("refines")
        and not any(act.has("unsettled") for act in told)
    )


# --- replies that do not ask ----------------------------------------------------------------


def _declines(case: Case) -> Verdict | None:
    """ "I can't share that." """
    declines, confirms = case.of("decline"), case.of("confirmation")
    if not declines and case.said < LONG and case.any("alternative"):
        declines = [act for act in case.acts[:_EARLY] if act.has("regrets")]
    if not declines or case.tool_call or case.said > 2 * LONG:
        return None
    act = declines[0]
    if act.sentence.number >= _EARLY:
        return None
    if act.has("nevertheless") and (case.said_after(act) > BLOCK or case.shown > BLOCK):
        return None
    if confirms and not case.any("alternative"):
        return None
    return Verdict("refusal", act, act.rule, certain=not confirms and case.said < LONG)


def _confirms(case: Case) -> Verdict | None:
    """ "Shall I go ahead?" """
    acts = case.of("confirmation")
    if not acts or case.said_after(acts[-1]) > LONG:
        return None
    return Verdict("confirmation_request", acts[-1], acts[-1].rule)


def _offers(case: Case) -> Verdict | None:
    """ "Let me know if you need anything else." """
    acts = case.of("offer", "conditional", "assumption")
    if not acts or case.said_after(acts[-1]) > LONG:
        return None
    sure = acts[-1].rule != "offers-a-thing" or case.said > 0
    return Verdict("answer_with_offer", acts[-1], acts[-1].rule, certain=sure)


_ASKING: tuple[Rule, ...] = (
    _corrects,
    _requests,
    _questions,
    _names_missing,
    _would_do_more,
    _narrows,
)
_NOT_ASKING: tuple[Rule, ...] = (_declines, _confirms, _offers)
