"""A fact in a long document, and whether a reply finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

CHARACTERS_PER_TOKEN = 4.0
"""About, for English prose; newer tokenizers make about 30 % more tokens of the same text."""

_ENOUGH = 0.6
_TOO_FEW = 0.3


@dataclass(frozen=True)
class Needle:
    """A fact hidden in a document of filler.

    Attributes:
        fact: The sentence to be found.
        tokens: Length of the document, about; `reply.usage.input_tokens` is what was counted.
        depth: Place of the fact: 0 is the beginning, 1 the end.
        question: What to ask for it; None when the test asks in its own words.
        answer: What a reply that found it holds; None to decide by the words of the fact.
    """

    fact: str
    tokens: int
    depth: float
    question: str | None = None
    answer: str | None = None

    @cached_property
    def document(self) -> str:
        """The filler with the fact as a paragraph of its own: the same text every time."""
        length = max(0, int(self.tokens * CHARACTERS_PER_TOKEN) - len(self.fact) - 2)
        paragraphs = list(_filler(length))
        before = round(self.depth * len(paragraphs))
        return "\n\n".join([*paragraphs[:before], self.fact, *paragraphs[before:]])

    @property
    def text(self) -> str:
        """The document."""
        return self.document

    def __str__(self) -> str:
        return self.document


def needle(
    fact: str,
    *,
    tokens: int,
    depth: float,
    question: str | None = None,
    answer: str | None = None,
) -> Needle:
    """A document of about `tokens` tokens that holds `fact` at `depth`.

    Give `.document` to the app, ask it for the fact, and state `claude.finds(needle)`. The text
    is the same every time, so that recordings replay.

    Args:
        fact: The sentence to be found. A number or name that occurs nowhere else is the
            surest sign.
        tokens: Length of the document, at 4 characters to the token: an approximation.
        depth: Place of the fact, from 0 (the beginning) to 1 (the end).
        question: What to ask for it, kept with the needle.
        answer: What a reply that found it holds; None to decide by the fact's words.

    Raises:
        TypeError: An argument is out of range.

    >>> hidden = needle("The vault code is 7481.", tokens=500, depth=0.5)
    >>> hidden.document.count("The vault code is 7481.")
    1
    >>> 1_900 < len(hidden.document) < 2_100
    True
    """
    if not fact.strip():
        raise TypeError("fact is empty: there is nothing to find")
    if isinstance(tokens, bool) or not isinstance(tokens, int) or tokens < 1:
        raise TypeError(f"tokens={tokens!r}: a whole number, 1 or more")
    if isinstance(depth, bool) or not isinstance(depth, int | float) or not 0 <= depth <= 1:
        raise TypeError(f"depth={depth!r}: from 0 (the beginning) to 1 (the end)")
    return Needle(fact, tokens, float(depth), question, answer)


def finds_fact(reply: str, hidden: Needle) -> tuple[bool | None, str]:
    """Whether a reply states the fact, and the words that decided; None when in doubt.

    With an `answer`: the reply holds it, letter case and spaces aside. Else: it holds every number
    and quoted word of the fact. A fact without any is found when the reply has 60 % of the words
    that matter and are not in the question, missed with less than 30 %, in doubt between.
    """
    text = _plain(reply)
    if hidden.answer is not None:
        return _plain(hidden.answer) in text, f'the answer "{hidden.answer}"'
    if marks := _marks(hidden.fact):
        missing = [mark for mark in marks if not _holds(text, mark)]
        return not missing, ", ".join(missing or marks)
    in_question, in_reply = set(_words(hidden.question or "")), set(_words(reply))
    words = [word for word in dict.fromkeys(_words(hidden.fact)) if word not in in_question]
    if not words:
        return _plain(hidden.fact) in text, "the words of the fact"
    number = sum(word in in_reply for word in words)
    share = number / len(words)
    outcome = True if share >= _ENOUGH else False if share < _TOO_FEW else None
    return outcome, f"{number} of {len(words)} words of the fact"


def _filler(length: int) -> Iterator[str]:
    """Paragraphs of plain prose, `length` characters together, about; without digits or names."""
    number = 0
    while length > 0:
        sentences = [_sentence(number * _SENTENCES + n) for n in range(_SENTENCES)]
        paragraph = " ".join(sentences)
        if len(paragraph) > length:
            paragraph = paragraph[:length].rpartition(" ")[0]
            length = 0
        if paragraph:
            yield paragraph
        length -= len(paragraph) + 2
        number += 1


_SENTENCES = 2
_SUBJECTS = (
    "the harbour master", "an old gardener", "the night clerk", "a travelling printer",
    "the school orchestra", "a retired pilot", "the village baker", "a young surveyor",
    "the lighthouse crew", "a patient librarian", "the ferry company",
)  # fmt: skip
_VERBS = (
    "described", "repaired", "sketched", "counted", "remembered", "measured", "painted",
    "catalogued", "compared", "polished", "carried", "photographed", "replaced",
)  # fmt: skip
_OBJECTS = (
    "the wooden gates", "a row of lanterns", "the garden walls", "several worn maps",
    "the tall windows", "a stack of letters", "the copper kettles", "the market stalls",
    "a bundle of reeds", "the narrow stairs", "the painted boats", "a box of buttons",
    "the iron railings", "a pile of blankets", "the stone benches", "the clock faces",
    "a set of drums",
)  # fmt: skip
_WHEN = (
    "before the rain began", "while the kettle boiled", "after the last bell",
    "in the quiet of the morning", "as the fog lifted", "during the long winter",
    "on the way to the station", "without any hurry", "to everyone's surprise",
    "as had been the custom for years", "under a pale sky", "until the lamps were lit",
    "with the help of neighbours", "in spite of the wind", "by the light of a candle",
    "between two short journeys", "when the tide was low", "for the sake of good order",
    "as if nothing had happened",
)  # fmt: skip


def _sentence(number: int) -> str:
    # Lists of coprime lengths: no sentence comes back within 46,189.
    subject, verb = _SUBJECTS[number % 11], _VERBS[number % 13]
    return f"{subject.capitalize()} {verb} {_OBJECTS[number % 17]} {_WHEN[number % 19]}."


_QUOTED = re.compile(r"""["“«'‘]([^"”»'’]{2,60})["”»'’](?!\w)""")
_WITH_DIGIT = re.compile(r"[^\s\"'“”()]*\d[^\s\"'“”()]*")
_STOP_WORDS = """
a an and are as at be but by can did do does for from had has have he her his i if in into is it its
me most my no not of on one or our she so that the their them there they this to was we were what
when where which who will with you your
"""
_STOP = frozenset(_STOP_WORDS.split())


def _marks(fact: str) -> list[str]:
    """The parts of a fact that a reply must repeat as they are: numbers, codes, quoted words."""
    coded = [code.strip(".,;:!?%") for code in _WITH_DIGIT.findall(fact)]
    quoted = [words for words in _QUOTED.findall(fact) if not re.search(r"\d", words)]
    return list(dict.fromkeys(mark for mark in [*coded, *quoted] if mark))


def _holds(text: str, mark: str) -> bool:
    pattern = rf"(?<!\w){re.escape(_plain(mark))}(?!\w)"
    return re.search(pattern, text) is not None


def _plain(text: str) -> str:
    """Lower case, one space between words, `1,200` as `1200`."""
    text = re.sub(r"(?<=\d)[,  ' ](?=\d{3}(?!\d))", "", text)
    return " ".join(text.casefold().split())


def _words(text: str) -> list[str]:
    words = re.findall(r"[^\W\d_]{2,}", text.casefold())
    return [_stem(word) for word in words if word not in _STOP]


def _stem(word: str) -> str:
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
