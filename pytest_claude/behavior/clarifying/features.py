"""Features: what the verdict on a reply is made from, each a short name.

A reply asks by the words of its sentences, and by where its questions are: a question after which
nothing follows waits for an answer, one that text follows may be answered by it. So the features
are the runs of one to three words of each sentence, a question's apart from a statement's, and
the form of the whole: how many questions, what is said before and after them, what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from zlib import crc32

from pytest_claude.behavior.clarifying.case import Case, orders
from pytest_claude.behavior.clarifying.cues import CUES, find_cue
from pytest_claude.behavior.clarifying.reading import Sentence
from pytest_claude.behavior.clarifying.signs import wants_nothing

_WORDS = 60  # words looked at of a sentence
_LONGEST_RUN = 3  # words
_FEW = 3  # sentences whose cues count, at each end

_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d+|[…?!:;,.(]")
_YOU = re.compile(r"\byour?\b")


def hashed(feature: str) -> int:
    """The number that a feature is known by."""
    return crc32(feature.encode("utf-8", "surrogatepass"))


def of_sentence(sentence: Sentence) -> list[int]:
    """The runs of words of a sentence, hashed, a question's (Q) apart from a statement's (S)."""
    tokens = _TOKEN.findall(sentence.plain)[:_WORDS]
    words = ["^", *("0" if token.isdigit() else token for token in tokens), "$"]
    encoded = [f" {word}".encode("utf-8", "surrogatepass") for word in words]
    mark = hashed("Q" if sentence.is_question else "S")
    runs = []
    for start in range(len(encoded)):
        run = mark
        for word in encoded[start : start + _LONGEST_RUN]:
            run = crc32(word, run)  # goes on where the hash of the shorter run ended
            runs.append(run)
    return runs


def of_form(case: Case) -> Iterator[int]:
    """What holds of a reply as a whole, and what its ends do in known words, hashed."""
    return map(hashed, chain(_of_form(case), _of_prompt(case)))


def _of_ends(sentences: Sequence[Sentence]) -> Iterator[str]:
    """What the first sentences and the last ones do, in known words."""
    for place, end in (("first", sentences[:_FEW]), ("last", sentences[-_FEW:])):
        for sentence in end:
            mark = "Q" if sentence.is_question else "S"
            for deed in CUES:
                if cue := find_cue(deed, sentence.plain):
                    yield f"{place} {mark} {deed}"
                    yield f"{place} {mark} {cue}"


def _of_form(case: Case) -> Iterator[str]:
    reading = case.reading
    sentences = reading.sentences
    yield from _of_ends(sentences)
    questions = [sentence for sentence in sentences if sentence.is_question]
    count = min(len(questions), 3)
    yield f"questions {count}"
    yield f"said {_size(sentences)}"
    yield f"code {min(reading.code.bit_length(), 8)}"
    yield f"shown {min(reading.shown.bit_length(), 8)}"
    yield from (f"form {form}" for form in reading.forms)
    if case.tool_call:
        yield "tool call"
    if wants_nothing(reading):
        yield "wants nothing"
    if sentences:
        yield f"items {min(sum(sentence.item for sentence in sentences), 5)}"
        if sentences[-1].plain.endswith(":"):
            yield "ends with a colon"
    if questions:
        yield from _of_questions(sentences, questions)


def _of_questions(sentences: Sequence[Sentence], questions: Sequence[Sentence]) -> Iterator[str]:
    first, last = questions[0], questions[-1]
    yield f"before {_size(sentences[: first.number])}"
    yield f"after {min(_size(sentences[last.number + 1 :]), 8)}"
    yield f"asked in items {min(sum(question.item for question in questions), 3)}"
    if len(questions) == len(sentences):
        yield "only questions"
    if first.number == 0:
        yield "begins with a question"
    if last is sentences[-1]:
        yield f"ends with a question {min(len(questions), 3)}"
    if last.paragraph == sentences[-1].paragraph:
        yield "question in the last paragraph"
    if any(_YOU.search(question.plain) for question in questions):
        yield "asks about you"


def _of_prompt(case: Case) -> Iterator[str]:
    if not case.prompt:
        yield "no prompt"
        return
    questions = sum(sentence.is_question for sentence in case.reading.sentences)
    yield from (f"ordered {order} {min(questions, 2)}" for order in orders(case.prompt))


def _size(sentences: Sequence[Sentence]) -> int:
    """How much is said, on a scale that doubles."""
    return min(sum(len(sentence.plain) for sentence in sentences).bit_length(), 12)
