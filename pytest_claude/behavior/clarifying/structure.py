"""Structure: which lines of a reply speak to the user, and which are content that it shows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["prose", "item", "heading", "content"]


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or the lines of one wrapped sentence.

    Attributes:
        text: With its marks, as it stands in the masked text.
        start: Where it begins there.
        paragraph: Number of its paragraph.
        kind: prose, item (of a list), heading, content (shown, not said).
    """

    text: str
    start: int
    paragraph: int
    kind: Kind = "prose"

    @property
    def mark(self) -> str:
        """The mark of a list item with the blanks around it, or nothing."""
        match = _BULLET.match(self.text)
        return match[0] if match and not _BOLD.match(self.text) else ""


_ITEM = re.compile(r"[ \t]*(?:[-*•–‣◦▪☐□]|\(?\d{1,3}[.):、．]|\(?[a-zA-Z][.)]|[①-⑳])[ \t]*\S")
_BULLET = re.compile(r"[ \t]*(?:[-*•–‣◦▪☐□]|\(?\d{1,3}[.):、．]|\(?[a-zA-Z][.)]|[①-⑳])[ \t]+")
_BOLD = re.compile(r"[ \t]*(?:\*\*|__)")
_HEADING = re.compile(r"[ \t]{0,3}#{1,6}[ \t]")
_TABLE = re.compile(r"[ \t]*\|")
_QUOTE = re.compile(r"[ \t]*>")
_INDENTED = re.compile(r"(?: {4}|\t)[ \t]*\S")
_OPEN_END = re.compile(r"[\w,\ue000]$")
_BOLD_QUESTION = re.compile(r"[ \t]*(?:\d{1,3}[.)][ \t]*)?(\*\*|__)[^*\n]{3,200}[?？]:?\1:?[ \t]*$")
_BOLD_QUESTION_RUN_IN = re.compile(
    r"[ \t]*(?:[-*•]|\d{1,3}[.)])?[ \t]*(\*\*|__)[^*\n]{3,200}[?？]\1[ \t]+\S"
)
_FAQ_ASKS = re.compile(r"[ \t]*\**(?:Q|F|P|问|Question|Frage|Pregunta|Pergunta)\d{0,2} ?[:：]\**\s")
_FAQ_ANSWERS = re.compile(
    r"[ \t]*\**(?:A|R|答|Answer|Antwort|Réponse|Respuesta|Resposta)\d{0,2} ?[:：]\**\s"
)
_LABEL = re.compile(
    r"[ \t]*\**((?:[A-ZÀ-Þ][\w.'-]*)(?: [A-ZÀ-Þ0-9][\w.'-]*){0,2}|[\u3040-\u9fff]{1,8})"
    r"(?: ?\([^()\n]{1,30}\))?\** ?[:：]\**[ \t]*\S"
)
_NO_SPEAKER = re.compile(
    r"(?i)(?:subject|note|notes|example|step|option|tip|warning|important|hinweis|nota|betreff|"
    r"asunto|objet|assunto|ps|update|summary|result|status|error|question|questions)\b"
)
_ROLE = re.compile(
    r"(?i)(?:user|assistant|human|ai|bot|agent|customer|client|clerk|waiter|waitress|doctor|"
    r"patient|interviewer|interviewee|candidate|teacher|student|host|guest|narrator|speaker|caller|"
    r"operator|receptionist|manager|employee|mother|father|mom|dad|child|man|woman|boy|girl|[ab]|"
    r"kunde|kundin|verkäufer|verkäuferin|arzt|patientin?|lehrer|schüler|kellner|gast|"
    r"cliente|vendedora?|camarer[oa]|médic[oa]|doctora?|paciente|profesora?|alumn[oa]|atendente|"
    r"vendeuse|vendeur|serveur|serveuse|médecin|professeur|élève|"
    r"店員|客|お客様|医者|患者|先生|学生|面接官|応募者|记者|店员|顾客|客户|医生|病人|老师|面试官)$"
)
_SALUTATION = re.compile(
    r"[ \t]*\**(?:(?:dear|hi|hello|hey|good (?:morning|afternoon)|sehr geehrte\w*|liebe[rs]?|hallo|"
    r"guten tag|estimad[oa]s?|querid[oa]s?|hola|cher|chère|bonjour|madame|monsieur|prezad[oa]s?|"
    r"car[oa]|olá)\b(?:[^.!?\n]|\b(?:mr|mrs|ms|dr|prof)\.){0,60}[,:]|(?:尊敬|亲爱)的[^。\n]{0,20}[:：]|[^。\n]{1,20}(?:様|さま)[、,]?)\**$",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"[ \t]*(?:dear|hi|hello|hey|hallo|liebe[rs]?|hola|bonjour|olá) (?:(?:mr|mrs|ms|dr)\. )?"
    r"[^,!.?\n]{1,40}[,!]\s.{20,800}"
    r"[.!?] (?:(?:many |best |kind |warm )?(?:thanks|thank you|regards|wishes|best|cheers|love|xo|"
    r"gracias|merci|danke|lg|viele grüße|un saludo|obrigad[oa]))(?: so much| again)?[,!.–-]+ ?"
    r"[^\s,.!?]{2,20}[.!]?[ \t]*$",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"[ \t]*\**(?:subject(?: line)?|betreff|asunto|objet|assunto|件名|主题)\**[:：]", re.IGNORECASE
)
_SIGN_OFF = re.compile(
    r"[ \t]*\**(?:(?:(?:best|kind|warm|warmest|many)?[ ]?(?:regards|wishes|thanks)|best|sincerely|"
    r"yours(?: truly| sincerely| faithfully)?|cheers|thanks(?: again| so much)?|thank you|love|"
    r"respectfully|warmly|mit freundlichen grüßen|(?:viele|liebe|beste) grüße|"
    r"saludos(?: cordiales)?|atentamente|un saludo|cordialement|bien à vous|"
    r"atenciosamente|abraços|cordialmente)[,.!]?|"
    r"敬具|よろしくお願いいたします。?|此致|敬上|祝好)\**$",
    re.IGNORECASE,
)
_NAME_ALONE = re.compile(r"[ \t]*\**[A-ZÀ-Þ][A-ZÀ-Þ .'-]{1,25}\**(?: \([^()\n]{1,30}\))?[ \t]*$")
_STAGE = re.compile(r"[ \t]*\*(?!\*)[^*\n]{4,300}\*(?!\*)[ \t]*$")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|—{2,})[ \t]*$")


def lines_of(text: str, *, letters: bool) -> tuple[list[Line], frozenset[str]]:
    """The lines of a masked text that are not blank, and the forms of its content."""
    lines = _joined(_kinds(_split(text)))
    forms = set()
    for form, find in _FORMS:
        found = find(lines) if letters or form != "letter" else set()
        if found:
            forms.add(form)
            lines = [
                replace(line, kind="content") if n in found else line
                for n, line in enumerate(lines)
            ]
    return lines, frozenset(forms)


def _split(text: str) -> list[Line]:
    lines, start, paragraph = [], 0, 0
    for piece in text.split("\n"):
        if piece.strip() and not _RULE.match(piece):
            lines.append(Line(piece, start, paragraph))
        else:
            paragraph += 1
        start += len(piece) + 1
    return lines


def _kinds(lines: Sequence[Line]) -> list[Line]:
    """Each line with the kind that its own marks tell."""
    kinds: list[Line] = []
    in_list = False
    for n, line in enumerate(lines):
        first = n == 0 or lines[n - 1].paragraph != line.paragraph
        kind: Kind = "prose"
        if _HEADING.match(line.text):
            kind, in_list = "heading", False
        elif _TABLE.match(line.text) or _QUOTE.match(line.text):
            kind = "content"
        elif _ITEM.match(line.text) and not line.text.lstrip().startswith("**"):
            kind, in_list = ("item", True) if _BULLET.match(line.text) else ("prose", in_list)
        elif _INDENTED.match(line.text) and not in_list:
            after_code = n > 0 and bool(kinds) and kinds[-1].kind == "content"
            kind = "content" if first or after_code else "prose"
        elif not line.text.startswith(" "):
            in_list = False
        kinds.append(replace(line, kind=kind))
    return kinds


def _joined(lines: Sequence[Line]) -> list[Line]:
    """Wrapped prose as one line: a blank stands for the break, so places stay."""
    joined: list[Line] = []
    for line in lines:
        last = joined[-1] if joined else None
        if (
            last is not None
            and line.kind == "prose"
            and last.kind in ("prose", "item")
            and last.paragraph == line.paragraph
            and last.start + len(last.text) + 1 == line.start
            and _OPEN_END.search(last.text)
            and line.text.lstrip()[:1].islower()
        ):
            joined[-1] = replace(last, text=f"{last.text} {line.text}")
        else:
            joined.append(line)
    return joined


def _dialogue(lines: Sequence[Line]) -> set[int]:
    """Lines spoken by named persons: a name that comes again, or two that are roles."""
    spoken = {}
    for n, line in enumerate(lines):
        if line.kind == "prose" and (match := _LABEL.match(line.text)):
            if not _NO_SPEAKER.match(match[1]):
                spoken[n] = match[1].lower()
    names = Counter(spoken.values())
    roles = {name for name in names if _ROLE.match(name)}
    if len(spoken) < 2 or len(names) < 2:
        return set()
    alone = len(spoken) == len(lines) and roles
    if max(names.values()) < 2 and len(roles) < 2 and not alone:
        return set()
    return set(range(min(spoken), max(spoken) + 1))


def _letter(lines: Sequence[Line]) -> set[int]:
    """A letter or e-mail, from its subject or salutation to its signature."""
    starts = [n for n, line in enumerate(lines) if _opens_letter(line)]
    if not starts:
        return {n for n, line in enumerate(lines) if _NOTE.match(line.text)}
    start = starts[0]
    has_subject = bool(_SUBJECT.match(lines[start].text))
    ends = [n for n, line in enumerate(lines) if n > start and _SIGN_OFF.match(line.text)]
    if not ends:
        return set(range(start, len(lines))) if has_subject else set()
    end = ends[-1]
    for n in range(end + 1, min(end + 4, len(lines))):
        if len(lines[n].text) > 50 or lines[n].paragraph > lines[end].paragraph + 1:
            break
        if lines[n].text.rstrip().endswith(("?", "？", ".")):
            break
        end = n
    return set(range(start, end + 1))


def _opens_letter(line: Line) -> bool:
    return bool(_SUBJECT.match(line.text) or _SALUTATION.match(line.text))


def _faq(lines: Sequence[Line]) -> set[int]:
    """Questions in bold that the next line answers."""
    found = set()
    for n, line in enumerate(lines):
        following = lines[n + 1] if n + 1 < len(lines) else None
        if _BOLD_QUESTION.match(line.text) and following is not None:
            if following.kind == "prose" and not _BOLD_QUESTION.match(following.text):
                if not following.text.rstrip().endswith(("?", "？")):
                    found.add(n)
    run_in = {n for n, line in enumerate(lines) if _BOLD_QUESTION_RUN_IN.match(line.text)}
    run_in = {n for n in run_in if not lines[n].text.rstrip(" )").endswith(("?", "？"))}
    asked = {n for n, line in enumerate(lines) if _FAQ_ASKS.match(line.text)}
    answered = {n for n, line in enumerate(lines) if _FAQ_ANSWERS.match(line.text)}
    lettered = asked | answered if asked and answered else set()
    return found | lettered | (run_in if len(run_in) > 1 else set())


def _screenplay(lines: Sequence[Line]) -> set[int]:
    """What persons say below their names in capitals."""
    names = {n for n, line in enumerate(lines) if _NAME_ALONE.match(line.text)}
    if len(names) < 2:
        return set()
    return {n for n in range(min(names), len(lines)) if n in names or n - 1 in names}


def _stage(lines: Sequence[Line]) -> set[int]:
    """What a role-play does between asterisks."""
    return {n for n, line in enumerate(lines) if _STAGE.match(line.text)}


def _verse(lines: Sequence[Line]) -> set[int]:
    """Paragraphs of three short lines or more that mostly end without a full stop."""
    found: set[int] = set()
    paragraphs: dict[int, list[int]] = {}
    for n, line in enumerate(lines):
        paragraphs.setdefault(line.paragraph, []).append(n)
    for members in paragraphs.values():
        texts = [lines[n].text.rstrip() for n in members]
        if len(texts) < 3 or any(lines[n].kind != "prose" for n in members):
            continue
        open_ends = sum(not text.endswith((".", ":", "?", "：", "。", "？")) for text in texts)
        if max(map(len, texts)) <= 75 and open_ends * 2 >= len(texts):
            if not any(": " in text for text in texts):
                found.update(members)
    return found


_FORMS = (
    ("letter", _letter),
    ("dialogue", _dialogue),
    ("screenplay", _screenplay),
    ("faq", _faq),
    ("stage", _stage),
    ("verse", _verse),
)
