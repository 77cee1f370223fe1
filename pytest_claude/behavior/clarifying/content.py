"""Content: questions that a reply shows instead of asks, told by the words around them.

What marks and layout tell is taken out before, in `structure`; here are questions that a sentence
announces ("Ask yourself: …", "Here is a draft: …") or that the prompt ordered (a quiz, a poem).
"""

from __future__ import annotations

import re
from dataclasses import replace

from pytest_claude.behavior.clarifying.acts import Act, Deed
from pytest_claude.behavior.clarifying.case import BLOCK, LONG, Case
from pytest_claude.behavior.clarifying.cues import find_cue

_ASKS: tuple[Deed, ...] = ("question", "request", "confirmation", "missing")
_GREETS = re.compile(
    r"(?:hi|dear|hello|hey|subject|hallo|lieber?|hola|salut|coucou|bonjour|oi|olá)\b(?! there)"
    r"|[嘿嗨]"
)


def without_announced(acts: tuple[Act, ...]) -> tuple[Act, ...]:
    """The acts, with questions that a sentence announces taken for statements."""
    kept: list[Act] = []
    shown_until = listed_until = -1  # paragraphs
    for act in acts:
        here = act.sentence.paragraph
        if _may_be_shown(act) and (here <= shown_until or _announces_itself(act)):
            shown_until = max(shown_until, here)
            kept.append(act.as_statement("announced"))
            continue
        if act.sentence.item and here <= listed_until:
            kept.append(act.as_statement("listed"))
            continue
        opens = act.sentence.plain.endswith((":", "："))
        if opens and act.deed in ("offer", "confirmation", "request"):
            listed_until = here + 1
        if act.deed not in ("request", "offer", "conditional"):
            shown_until = max(shown_until, here + _paragraphs_announced(act) - 1)
        kept.append(act)
    return tuple(kept)


def _paragraphs_announced(act: Act) -> int:
    """Of how many paragraphs, its own among them, a sentence says that they show something."""
    rule = find_cue("shows", act.sentence.plain, act.sentence.language)
    if rule is None:
        return 0
    if act.sentence.plain.endswith((":", "：")):
        return 2
    return 1 if rule == "asks-oneself" else 0


def _may_be_shown(act: Act) -> bool:
    listed_offer = act.deed == "offer" and act.sentence.item
    return (act.deed in _ASKS or listed_offer) and not act.has("uses")


def _announces_itself(act: Act) -> bool:
    before, colon, _ = act.sentence.plain.partition(":")
    return bool(colon) and find_cue("shows", before, act.sentence.language) is not None


def ordered(case: Case) -> str | None:
    """The rule by which all questions of a reply are what was ordered, or None."""
    questions = case.of("question")
    if not questions and not case.of("request", "offer", "confirmation"):
        return None
    first = case.acts[0]
    if case.wants("wants_rewrite") and _is_the_rewrite(case):
        return "ordered-rewrite"
    if "stage" in case.reading.forms and not case.of("request"):
        return "acts-on-a-stage"
    if (case.wants("wants_role") and not _says_what_it_needs(case)) or (
        case.wants("wants_asking") and not _asks_what_to_ask(case)
    ):
        return "plays-a-role"
    if any(act.rule == "plays-a-role" for act in case.acts) and questions:
        return "plays-a-game"
    needs = [act for act in case.of("request", "conditional", "missing") if not _tells(case, act)]
    if needs:
        # It speaks of what it needs: only a letter does so in its own voice.
        return "ordered-text" if case.wants_text and _greets(case) else None
    alone = first in questions and not first.has("addresses")
    if case.wants("wants_questions") and (len(questions) > 1 or len(case.acts) > 3 or alone):
        return "ordered-questions"
    if questions and case.wants("wants_verse"):
        if questions[0] is not first or "\n" in questions[0].sentence.text:
            return "ordered-verse"
    if case.wants_text and (case.reading.forms or _greets(case) or _begins_a_text(case)):
        return "ordered-text"
    listed = [act for act in case.acts if act.sentence.item and act.sentence.is_question]
    if len(listed) > 2 and not case.prompt and all(act.sentence.item for act in questions):
        return "list-of-questions"
    return None


def as_ordered(act: Act, rule: str) -> Act:
    """An act of a reply whose questions were ordered by a rule."""
    if rule == "acts-on-a-stage":
        return replace(act, deed="offer") if act.deed == "question" else act
    in_content = act.deed == "offer" and (act.sentence.item or rule == "ordered-rewrite")
    return act.as_statement(rule) if act.deed in _ASKS or in_content else act


def _says_what_it_needs(case: Case) -> bool:
    needs = any(act.rule.startswith("says-") for act in case.of("request"))
    return needs or (len(case.acts) < 3 and any(act.has("decides") for act in case.of("question")))


def _asks_what_to_ask(case: Case) -> bool:
    """Whether a reply to "Quiz me" asks about the quiz, or says what it needs."""
    return bool(case.of("request")) or any(act.has("about_text") for act in case.of("question"))


def _is_the_rewrite(case: Case) -> bool:
    """Whether a reply of few sentences is the text that the prompt gave, in other words."""
    gives_text = len(case.prompt) > 25
    return gives_text and len(case.acts) <= 3 and not case.any("about_text")


def _tells(case: Case, act: Act) -> bool:
    """Whether a request is one to the readers of the text that was ordered."""
    if act.sentence.item and all(other.sentence.item for other in case.of("question")):
        return case.wants("wants_questions")
    to_readers = act.rule == "tells-to-send" or act.has("speaks_as_many")
    return to_readers and case.wants_text


def _begins_a_text(case: Case) -> bool:
    """Whether a reply is too long, or begins too abruptly, to speak to the user."""
    first, questions = case.acts[0], case.of("question")
    lacking = any(a.has("lacks") and a.has("speaks_as_one") for a in case.of("statement"))
    if case.assumes or lacking:
        return False
    opens = first.deed == "question"
    asks = any(a.has("decides") or (a.rule != "question" and not opens) for a in questions)
    if len(case.acts) < 3 and asks:
        return False
    if case.said > LONG or first.sentence.item:
        return True
    if opens and case.said > 0:  # "Where does your money go? Find out …"
        by_itself = not any(act.has("speaks_as_one") for act in case.acts)
        return by_itself or (case.said > BLOCK and not case.any("uses"))
    speaks = case.acts if case.wants("wants_rewrite") else questions
    abrupt = first.deed == "statement" and not first.has("opener")
    return abrupt and not any(act.has("about_text") for act in speaks)


def _greets(case: Case) -> bool:
    return _GREETS.match(case.acts[0].sentence.plain) is not None
