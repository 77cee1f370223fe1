"""Reading: a reply cut into sentences, with what is content of the answer taken out.

Content is what the reply shows instead of says: code, quotations, tables, dialogues, letters, FAQ
headings. Its questions are addressed to nobody, so the rules never see them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_claude.behavior.clarifying.language import is_english
from pytest_claude.behavior.clarifying.masking import MASK, MASKED, without_code, without_quoted
from pytest_claude.behavior.clarifying.structure import Line, lines_of

_WINDOW = 10_000  # characters looked at from each end: what asks stands at an end
_MOST = 200  # sentences looked at from each end
_LONGEST_SENTENCE = 600


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence that the reply says to the user.

    Attributes:
        number: Its place among the sentences.
        text: Verbatim from the reply.
        plain: What the rules look at: lower case, straight apostrophes, quotations as "…".
        paragraph: Number of its paragraph.
        item: Whether it stands in a list.
        is_question: Whether it ends with a question mark.
    """

    number: int
    text: str
    plain: str
    paragraph: int
    item: bool
    is_question: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reply says, and how much it shows.

    Attributes:
        sentences: What it says, in order.
        code: Characters of code.
        shown: Characters of content other than code: letters, dialogues, quotations, tables.
        forms: What the content is: dialogue, letter, faq, verse, stage, json.
        english: Whether it says what it says in English.
    """

    sentences: tuple[Sentence, ...]
    code: int
    shown: int
    forms: frozenset[str]
    english: bool


def read(reply: str, *, letters: bool = True) -> Reading:
    """The sentences of a reply and the forms of its content.

    Args:
        reply: The text.
        letters: Whether a letter is content; False where nobody ordered one, so that it is the
            reply itself.
    """
    stripped = reply.strip()
    if stripped[:1] in ("{", "[") and stripped[-1:] in ("}", "]") and len(stripped) > 1:
        return Reading((), 0, len(stripped), frozenset({"json"}), english=False)
    text, code = without_code(reply)
    cut = max(0, len(text) - 2 * _WINDOW)
    if cut:
        text = f"{text[:_WINDOW]}\n\n{text[-_WINDOW:]}"
    text = without_quoted(text)
    lines, forms = lines_of(text, letters=letters)
    spans = [span for line in lines if line.kind in ("prose", "item") for span in _spans(line)]
    if len(spans) > 2 * _MOST:
        spans = [*spans[:_MOST], *spans[-_MOST:]]
    moved = max(0, cut - 2)  # what follows the cut stands so much further on
    sentences = tuple(
        _sentence(number, reply, text, span, moved) for number, span in enumerate(spans)
    )
    shown = sum(len(line.text) for line in lines if line.kind == "content" or _is_quoted(line))
    english = is_english(" ".join(sentence.plain for sentence in sentences))
    return Reading(sentences, code, shown, forms, english)


def _is_quoted(line: Line) -> bool:
    """Whether a line is nothing but a quotation or inline code."""
    return MASKED in line.text and not any(char.isalnum() for char in line.text)


def _sentence(number: int, reply: str, text: str, span: Span, moved: int) -> Sentence:
    start, end, line = span
    piece = text[start:end]
    at = start + (moved if start > _WINDOW + 1 else 0)
    plain = " ".join(MASK.sub("…", piece).lower().split())[:_LONGEST_SENTENCE]
    return Sentence(
        number=number,
        text=reply[at : at + end - start],
        plain=plain.replace("？", "?"),
        paragraph=line.paragraph,
        item=line.kind == "item",
        is_question=_QUESTION.search(piece) is not None,
    )


_QUESTION = re.compile(
    r"(?:[?？]|(?:です|ます|でしょう|ません)か[。．]?|[吗呢][。．]?)[\"')*\]_”»」』） ]*$"
)
Span = tuple[int, int, Line]

_END = re.compile(
    r"[.!?…]+[\"')\]*_”»]*(?=\s|$)"
    r"|[?!](?=[\u3040-\u9fff])"
    r"|[。！？]+[」』）)\"*_]*"
)
_SHORT_FORMS = {
    "e.g", "i.e", "etc", "vs", "approx", "dr", "mr", "mrs", "ms", "no", "nr", "st", "incl", "resp",
    "z.b", "d.h", "bzw", "ca", "p.ex", "p.ej", "ej", "ex", "sr", "sra", "u.s", "a.m", "p.m",
}  # fmt: skip
_LAST_WORD = re.compile(r"[\w./]*$")


def _spans(line: Line) -> Iterator[Span]:
    """Where the sentences of a line begin and end, without the blanks and marks around them."""
    text, start = line.text, len(line.mark)
    for match in _END.finditer(text, start):
        before = text[max(start, match.start() - 12) : match.start()]
        if match[0] == "." and _is_short_form(before, text[match.end() : match.end() + 3]):
            continue
        yield from _trimmed(line, start, match.end())
        start = match.end()
    yield from _trimmed(line, start, len(text))


def _is_short_form(before: str, after: str) -> bool:
    found = _LAST_WORD.search(before)
    word = found[0].lower() if found else ""
    if word == "no":
        return after.strip()[:1].isdigit()
    return word in _SHORT_FORMS or (len(word) == 1 and word.isalpha() and word not in "ia")


def _trimmed(line: Line, start: int, end: int) -> Iterator[Span]:
    text = line.text
    while start < end and text[start] in " *_#>•–—-·…":
        start += 1
    while end > start and text[end - 1] in " *_":
        end -= 1
    if text[start:end].count("**") % 2 and text[:start].endswith("**"):
        start -= 2
    if any(char.isalnum() or char == MASKED for char in text[start:end]):
        yield line.start + start, line.start + end, line
