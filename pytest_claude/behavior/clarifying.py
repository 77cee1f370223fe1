"""Did it ask before acting? Offline and deterministic: rules about language, no model.

A first version. Sentence by sentence it looks for a request to the user (with or without a question
mark) and tells it from offers of more help, requests to confirm, refusals, and questions that are
content: quoted, in code, in a dialogue, or the deliverable itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "clarifying_question",
    "partial",
    "confirmation_request",
    "answer",
    "answer_with_offer",
    "refusal",
]

_LONGEST = 20_000  # characters looked at, half from each end: what asks stands at an end
_LONGEST_SENTENCE = 600
_LONG_ANSWER = 350  # characters before a request that are an answer already
_MANY_QUESTIONS = 4


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
        certain: False where only weak signs were found.
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
    region", a choice that only the user can make. Does not count: "Let me know if you need
    anything else", "Shall I go ahead?", a refusal with an alternative, questions in code,
    quotations, dialogues, quizzes, e-mails and FAQs.

    Args:
        reply: The text of the reply.
        prompt: The last message of the user; it tells deliverables that consist of questions.
        tool_call: Whether the reply also calls a tool: a mere question is then less certain.

    >>> detect_clarification("Happy to help! Which order do you want to return?").sentence
    'Which order do you want to return?'
    >>> detect_clarification("Done. Let me know if you need anything else.").kind
    'answer_with_offer'
    """
    sentences = _sentences(_without_quoted(_ends(reply)))
    found = [(sentence, _role(sentence)) for sentence in sentences]
    requests = [(s, rule) for s, (role, rule) in found if role == "request"]
    if requests and not _is_deliverable(sentences, prompt):
        return _asking(reply, found, requests, tool_call=tool_call)
    for kind, role in _OTHERWISE:
        for sentence, (is_a, rule) in reversed(found):
            if is_a == role:
                return _clarification(reply, kind, sentence, rule)
    return Clarification("answer", False, None, "no-request", True)


_OTHERWISE: tuple[tuple[Kind, str], ...] = (
    ("refusal", "refusal"),
    ("confirmation_request", "confirmation"),
    ("answer_with_offer", "offer"),
)

Found = Sequence[tuple[str, tuple[str, str]]]


def _asking(
    reply: str, found: Found, requests: Sequence[tuple[str, str]], *, tool_call: bool
) -> Clarification:
    """The kind of a reply that holds a request."""
    sentence, rule = requests[-1]
    before = reply.find(sentence)
    answered = before > _LONG_ANSWER and not any(role == "refusal" for _, (role, _) in found[:3])
    declined = any(role == "refusal" for _, (role, _) in found)
    if declined and rule == "question" and _ALTERNATIVE.search(sentence):
        return _clarification(reply, "refusal", sentence, "declines-and-offers")
    if answered and rule in ("question", "conditional-request"):
        if rule == "conditional-request":
            return _clarification(reply, "answer_with_offer", sentence, rule, certain=False)
        if len(reply) - before > _LONG_ANSWER:
            return Clarification("answer", False, None, "question-inside", False)
    kind: Kind = "partial" if answered else "clarifying_question"
    weak = answered or (tool_call and rule == "question")
    return _clarification(reply, kind, sentence, rule, certain=not weak)


def _clarification(
    reply: str, kind: Kind, sentence: str, rule: str, *, certain: bool = True
) -> Clarification:
    asks = kind in ("clarifying_question", "partial")
    return Clarification(kind, asks, sentence if sentence in reply else None, rule, certain)


# --- text -----------------------------------------------------------------------------------

_QUOTED = re.compile(
    r"```[\s\S]{0,20000}?(?:```|\Z)"  # code
    r"|`[^`\n]{1,300}`"
    r"|^[ \t]*>.*$"  # block quotes
    r"|^#{1,6} .*$"  # headings, also as bold lines
    r"|^[ \t]*(?:\d+[.)] )?\*\*[^*\n]*[?？]\*\*:?[ \t]*$"
    r"|^[ \t]*\*{0,2}(?:[A-Z][\w .'-]{0,24}|[\u3040-\u9fff]{1,8})[:：]\*{0,2}.*[?？].*$"  # dialogue
    r'|"[^"\n]{0,400}"|“[^”\n]{0,400}”|«[^»\n]{0,400}»|「[^」\n]{0,400}」',
    re.MULTILINE,
)
_END = re.compile(r"(?<=[.!?。！？])[\"')*_\]]*(?:\s+|$)|(?<=[。！？])|\n+")
_MARK = re.compile(r"^[\s>*_#•-]*(?:\d+[.)]\s*)?[*_]*")


def _ends(reply: str) -> str:
    if len(reply) <= _LONGEST:
        return reply
    return reply[: _LONGEST // 2] + "\n" + reply[-_LONGEST // 2 :]


def _without_quoted(text: str) -> str:
    # The line breaks stay: they end sentences.
    return _QUOTED.sub(lambda match: "\n" if "\n" in match[0] else " … ", text)


def _sentences(text: str) -> list[str]:
    pieces = (_MARK.sub("", piece).strip(" *_") for piece in _END.split(text) if piece)
    return [piece[:_LONGEST_SENTENCE] for piece in pieces if piece]


# --- sentences ------------------------------------------------------------------------------


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_OFFER = _any(
    r"\banything (else|more|specific)\b",
    r"\b(how|what) (can|may|could) i (help|assist|do for)\b",
    r"\b(would|do) you (like|want) (me|any|some|more|to (know|see|hear|learn|continue|explore))\b",
    r"\bwould you like (a|an|additional|further|help)\b",
    r"\blet me know (if|whether|how (i|it)|what you think|when)\b",
    r"\bfeel free\b|\bdon't hesitate\b|\bhappy to (help|assist|provide|explain|go|answer)\b",
    r"\bif you('d| would)? (like|want|need|have|prefer|run|hit|encounter|face|wish|share|get)\b",
    r"\bi (can|could) also\b|\bwant me to\b|\bshould i also\b|\bshall i also\b",
    r"\bneed (any )?(more|further|additional) (help|information|details|assistance)\b",
    r"\b(algo|alguna cosa) más\b|\b(puedo|te) ayudar|\bquieres que\b|si (necesitas|quieres)",
    r"\b(kann|soll) ich (dir|ihnen|sonst|noch|auch)\b|\bsonst noch\b|\bmöchten sie, dass ich\b",
    r"\bautre chose\b|\b(puis-je|je peux) vous aider|\bvoulez-vous que\b|n'hésitez pas",
    r"\bmais alguma\b|\bposso ajudar\b|\bquer que eu\b|se precisar",
    r"他に|お気軽に|お手伝い|还有什么|需要我|如果您?需要|随时",
)
_CONFIRM = _any(
    r"\b(shall|should|may|can|do you want me to|would you like me to) i? ?(go ahead|proceed)\b",
    r"\bshall i\b|\bshould i (go|proceed|book|send|cancel|continue|make|submit|delete|do)\b",
    r"\b(would|do) you (like|want|wish) (me )?to (proceed|go ahead|confirm|continue|book|cancel|"
    r"finali[sz]e|move forward)\b",
    r"\b(is|are|does) (that|this|these|everything|it) (all )?"
    r"(correct|right|ok|okay|acceptable|sound|look)\b",
    r"\(yes ?/ ?no\)|\breply (with )?.?yes\b|\bconfirm (with|by) .{0,12}yes\b",
    r"\b(please|can you|could you|do you) confirm\b(?!.{0,40}\b(which|what|your|the (name|number|id"
    r"|date|email|order number|address|payment method))\b|.{0,20}let me know)",
    r"\bsound good\b|\bready to (proceed|go ahead)\b|\bare you sure\b|\bok(ay)? to (proceed|go)\b",
    r"\b(procedo|continúo|confirmas?)\b|\bsoll ich (fortfahren|das)\b|\bdois-je\b"
    r"|\bposso prosseguir",
    r"よろしいですか|进行吗|确认.{0,6}吗",
)
_REQUEST = _any(
    r"\b(please|kindly) (also )?(?!give me a (moment|second|minute))(provide|share|"
    r"specify|tell|clarify|give|send|paste|describe|upload|"
    r"attach|list|enter|include|select|choose|indicate|supply|let me know|confirm)\b",
    r"\b(could|can|would|will) you (please |kindly |also |first |just )*(provide|share|specify|"
    r"tell|clarify|give|send|paste|describe|upload|attach|list|let me know|confirm|be more|"
    r"elaborate|explain (what|which|your)|rephrase|point)\b",
    r"\b(may|could|can) i (please )?(have|get|ask|know)\b",
    r"\b(i|we)('d|'ll| will| would|'m going to| just| still| also)? ?need (to know|your|you to|"
    r"(some|a (few|bit)|a little|more|the following|additional|further|one) )",
    r"\b(let me know|tell me) (which|what|your|the|how many|where|who|about (your|the))\b",
    r"\bdo you (have|know|remember|mean|prefer|need|want)\b.*\?",
    r"\bare you (looking|asking|referring|trying|using|interested|planning|able to)\b.*\?",
    r"\bin order to\b.{0,80}\b(i|we) (will )?need\b|\bneed more (information|details|context)\b",
    r"\bsend me\b.*(:|\.)$",
    r"\b(can|could) you (resend|re-?upload|try (again|sending))\b",
    r"\b(is|are) (missing|not included|cut off)\b|\bdidn't come through\b|\bi('m| am) missing\b",
    r"^(paste|send|share|upload|drop|give me|tell me|attach) (it|them|the|your|me)\b",
    r"\bi('d| would)? need (the|an?|at least|to understand)\b",
    r"\b(podrías?|puedes?|podría usted|me (puedes|podrías))\b.*\?|\b(indícame|dime|"
    r"necesito (saber|tu|su|que))\b",
    r"\b(könnten|könntest|können|kannst) (sie|du)\b.*\?|\bbitte (nennen|geben|teilen|sag|senden)"
    r"|\bich (benötige|brauche)\b"
    r"|\b(müsste|muss) ich (noch )?wissen\b",
    r"\b(pourriez|pouvez|peux|pourrais)[- ](vous|tu)\b.*\?|\bveuillez\b|\bj'ai besoin\b"
    r"|\bmerci de (préciser|m'indiquer|fournir)\b"
    r"|\b(indiquez|précisez|dites)[- ]moi\b",
    r"\b(você )?(poderia|pode|consegue)\b.*\?|\bpreciso (saber|do|da|de)\b|\b(informe|diga)\b",
    r"(教えて|お知らせ|ご提供|お聞かせ|ご指定)(ください|いただけ|くださ)|必要です",
    r"请(问|提供|告诉|告知|说明|选择)|能(否|不能)?(告诉|提供)|需要(知道|您)",
)
_QUESTION = _any(
    r"^(so )?(which|what|who|where|when|how)\b.{0,100}\b(should|shall|do|can|would|could) (i|we)\b",
    r"^(did|do) you mean\b|\b(will|would) you be\b|\byou('re| are)? referring to\b",
    r"\bwhat (city|country|date|name|size|kind|type|version|language|format|currency|time|year)\b",
    r"\b(which|what|when|where|who|whose|how (many|much|long|old|often|far|big)|how would|"
    r"how do|how should)\b.{0,160}\byou(r|'d|'re|'ve)?\b",
    r"\b(which|what)('s| is| are| was| were)? .{0,80}\b(your|the (order|name|date|number|id|email|"
    r"size|colou?r|city|location|destination|address|budget|deadline|file|error|version))\b",
    r"\bwhich (one|of|option|version|account|order|file|city|date|flight|model|type)\b",
    r"\b(is|was|were|are|do|does|did|have|has) (it|this|that|there|these|you)\b.{0,120}\b(or|you|"
    r"your)\b",
    r"^(cuál|qué|cuándo|dónde|cuánt|de qué|a qué|para qué)|¿(cuál|qué|cuándo|dónde|cuánt|a qué|de)",
    r"^(welche|was|wann|wo|wie|für wann|um welche|wohin)\b.*\b(sie|du|ihr|dein|möcht)",
    r"^(quel|quelle|quand|où|combien|pour quel|de quel|à quel|qu'est-ce)\b",
    r"^(qual|quando|onde|quant|para qual|que tipo)\b",
    r"(どの|どちら|いつ|どこ|何|いくつ|どんな|どれ)|(哪|什么|几|多少|何时)",
)
_CHOICE = _any(
    r"\b(which|what) (one|of|order|option)|\blet me know (which|what)\b|\bneed to know\b"
)
_CONDITIONAL = _any(
    r"^(if|once|when|as soon as) you (can |could |would )?(provide|share|tell|give|specify|send|"
    r"paste|clarify)\b",
    r"^(once|when|as soon as) i (have|know|get|receive) (this|that|these|those|your|the)\b",
)
_REFUSAL = _any(
    r"\bi('m| am) (sorry|afraid)\b.{0,60}\b(can't|cannot|can not|unable|not able|don't|won't|"
    r"not (allowed|permitted|possible))\b",
    r"\bi (can't|cannot|can not|won't|will not|am unable|'m unable|am not able|'m not able|must "
    r"decline|don't have (the ability|access|a tool|any tool|tools|information|enough|real))\b",
    r"\bi'm (unable|not able|not comfortable)\b|\bi apologi[sz]e, but\b|\bnot something i can\b",
    r"\bas an ai\b.{0,60}\b(can't|cannot|don't)\b"
    r"|\b(is|are) not (possible|permitted|allowed) for me",
    r"\bno (puedo|tengo acceso)\b|\b(kann|darf) ich (leider )?nicht\b|\bje ne (peux|suis) pas\b"
    r"|\bnão posso\b|できません|无法|不能",
)
_RHETORICAL = _any(
    r"^(but |and |so )?what if\b|^(did|have|had) you (ever |already )?(try|tried|consider|thought|"
    r"know that|heard)\b|^(have you )?ever wondered\b|^why not\b|^who (knows|would)\b"
)
_ALTERNATIVE = _any(
    r"\b(instead|alternative(ly)?|another (way|option)|something (else|specific|other)|assist|help|"
    r"transfer|hoping to)\b"
)


def _role(sentence: str) -> tuple[str, str]:
    """What a sentence does, and the rule that says so."""
    if _RHETORICAL.search(sentence):
        return "statement", "rhetorical"
    question = sentence.rstrip("\"')*_] ").endswith(("?", "？"))
    if _CONDITIONAL.search(sentence) and not question:
        return "request", "conditional-request"
    asks = _REQUEST.search(sentence)
    if _CONFIRM.search(sentence) and not (asks and re.search(r"\bwhich|\bwhat\b", sentence)):
        return "confirmation", "asks-for-a-yes"
    if _OFFER.search(sentence) and not _CHOICE.search(sentence):
        return "offer", "offers-more"
    if asks:
        return "request", "request"
    if question and _QUESTION.search(sentence):
        return "request", "question"
    if _REFUSAL.search(sentence):
        return "refusal", "declines"
    return "statement", "statement"


# --- the whole reply ------------------------------------------------------------------------

_WANTS_QUESTIONS = _any(
    r"\b(quiz|questionnaire|survey|interview|faq|trivia|riddle|icebreakers?)\b",
    r"\b(write|create|generate|give|make|draft|compose|list|suggest|prepare|come up with|translate"
    r"|rewrite|rephrase|summari[sz]e|correct|proofread|improve|continue)\b.{0,80}\b(questions?|"
    r"e-?mail|letter|story|poem|song|dialogue?|script|conversation|message|post|tweet|essay|text|"
    r"sentence|paragraph|prompts?|speech|scene|lyrics|template)\b",
    r"\b(role-?play|pretend|act as|you are (a|an|the)|play the)\b",
)


def _is_deliverable(sentences: Sequence[str], prompt: str | None) -> bool:
    """Whether the questions of a reply are what was asked for."""
    questions = sum(sentence.endswith("?") for sentence in sentences)
    if any(_REQUEST.search(sentence) for sentence in sentences):
        return False  # it says itself that it needs the answers
    if prompt is not None and questions and _WANTS_QUESTIONS.search(prompt):
        return len(sentences) > 2
    return questions > _MANY_QUESTIONS
