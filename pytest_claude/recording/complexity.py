"""Whether a value can be told from ordinary text. Pure."""

from __future__ import annotations

import re
from typing import Literal

SHORTEST = 8
"""Characters of a credential; a shorter value would be replaced in ordinary words too."""

# As documentation writes keys. A real one is longer, and random.
_PLACEHOLDER = re.compile(r"(?i)your|example|placeholder|redacted|x{6}|<[\w -]+>$|\$\{|\{\{")
_LONGEST_PLACEHOLDER = 60
_ONLY_X = re.compile(r"[xX_-]+$")
_NAME = re.compile(r"(?:[^\W\d]|[.-]){,19}")
_PATH = re.compile(r"(?:~|\.{1,2})?/")
_PART = re.compile(r"[^\W_]+")
# In lower case, CamelCase, UPPER CASE, or a script that has no case.
_WORD = r"(?:[A-Za-z][a-z]{,19}(?:[A-Z]{1,4}[a-z]{2,19})*[A-Z]{,4}|[A-Z]{1,20}|[^\W\dA-Za-z]{1,20})"
_USUAL = re.compile(rf"{_WORD}?\d*|\d+{_WORD}")

Place = Literal["a key", "a password", "anything"]
"""What the place of a value says of it."""


def plain(value: str, place: Place = "anything") -> str:
    """Why `value` can't be told from ordinary text, in words; "" where it can.

    What can't be told is not replaced wherever it recurs: prompts would lose their words.

    A value can be told when it has at least 8 characters, is no placeholder, and 8 or more of its
    characters are in parts that are not usual. Parts are between all characters but letters and
    digits. Usual are a word, a number, and a word beside a number (`v2`, `8b`); a word has at
    most 20 letters, in lower case, UPPER CASE or CamelCase. So names, paths, dates, addresses and
    ids of models can't be told.

    Where the place says that it is a key or a password, all can be told but up to 19 letters,
    hyphens, underscores and dots, and, of a password, numbers and paths of usual parts.

    >>> plain("acme-corporation")
    'reads like words and numbers'
    >>> plain("tr0ub4dor-and-3")
    ''
    """
    if len(value) < SHORTEST:
        return f"has fewer than {SHORTEST} characters"
    if is_placeholder(value):
        return "reads like a placeholder"
    is_usual = sum(len(p) for p in _PART.findall(value) if not _USUAL.fullmatch(p)) < SHORTEST
    if place == "anything":
        return "reads like words and numbers" if is_usual else ""
    if _NAME.fullmatch(value):
        return "reads like a word"
    is_no_password = value.isdigit() or (is_usual and _PATH.match(value) is not None)
    return "reads like a number or a path" if place == "a password" and is_no_password else ""


def is_placeholder(text: str) -> bool:
    """Whether `text` is what documentation writes in the place of a key."""
    if len(text) < _LONGEST_PLACEHOLDER and _PLACEHOLDER.search(text):
        return True
    return bool(_ONLY_X.search(text)) and len(set(text[-SHORTEST:].lower())) == 1
