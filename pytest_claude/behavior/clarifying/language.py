"""Whether a text is English, by its small words: the learned weights know no other language."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 2_000  # characters
_FEWEST = 3  # words that have a language
_SHARE = 0.12  # of small words, below which a text is not English

# Words that German, French, Spanish and Portuguese don't have.
_SMALL_WORDS = (
    "the your you to of and is i for it that with what which please could would are have this "
    "can know if when how should any like my there not be been we our from at by than they them "
    "their its has had but just let need want who where did does don t s ll re ve"
)
_SMALL = frozenset(_SMALL_WORDS.split())


def is_english(text: str) -> bool:
    """Whether the words of a text are English; a word or two tell nothing, and are taken for it.

    >>> is_english("Which order do you mean?"), is_english("Welche Bestellung meinen Sie?")
    (True, False)
    """
    words = _WORD.findall(text[:_LOOKED_AT].lower())
    if len(words) < _FEWEST:
        return all(word.isascii() for word in words)
    small = sum(word in _SMALL for word in words)
    foreign = sum(not word.isascii() for word in words)
    return small > _SHARE * len(words) and 4 * foreign < len(words)
