"""How words of a model, a user or the API are shown: on one line, cut, harmless to a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST = 60

_NOT_PRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_WORTH_CUTTING = 20  # fewer characters than this cost less than saying that they are cut


def printable(text: str) -> str:
    r"""`text` with control characters written out.

    >>> printable("a\x1b[31m")
    'a\\x1b[31m'
    """
    return _NOT_PRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def cut(text: str, longest: int = LONGEST) -> str:
    """The first `longest` characters of `text`, and how many are left out.

    Words that GitHub Actions would take for a command are broken up: wrapped text can begin a
    line anywhere.

    >>> cut("a" * 90, 4)
    'aaaa… (+86 characters)'
    >>> cut("::error::no")
    ': :error: :no'
    """
    text = printable(text).replace("::", ": :").replace("##[", "## [")
    rest = len(text) - longest
    return f"{text[:longest]}… (+{rest} characters)" if rest > _WORTH_CUTTING else text


def quote(text: str, longest: int = LONGEST) -> str:
    r"""`text` on one line, in quotation marks, cut.

    >>> quote("Which\norder?")
    '"Which order?"'
    """
    return f'"{cut(" ".join(text.split()), longest)}"'


def as_data(entry: Mapping[str, Any]) -> str:
    """`entry` as one line of JSON in which no mark that begins or ends a quotation can occur."""
    text = json.dumps(entry, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")
