"""Masking: code, quotations and links lose their letters, and everything keeps its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

MASKED = "\ue000"
MASK = re.compile(f"{MASKED}+")

_FENCE = re.compile(r"^[ \t]*(?:[-*] |\d+\. )?(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_NOT_SAID = re.compile(
    r"`[^`\n]{1,300}`"
    r"|https?://[^\s)>\]]+"
    r"|</?[a-zA-Z!][^<>\n]{0,200}>"
    r'|(?:(?<!\w)"[^"\n]{0,400}"'
    r"|“[^”\n]{0,400}”|«[^»\n]{0,400}»|「[^」\n]{0,400}」|『[^』\n]{0,400}』|„[^“”\n]{0,400}[“”])"
    r"(?:\*{0,2} \*?\([^()\n]{1,200}\))?"  # and what it means
    r"|(?<!\w)'[^'\n]{1,200}[?？!.]'(?!\w)"
)
_STRAIGHT = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " ", "\t": " ", "\r": " "})


def without_code(reply: str) -> tuple[str, int]:
    """The reply, as long as before, with blanks for fenced code; and the characters of code."""
    parts, last, code = [], 0, 0
    text = reply.translate(_STRAIGHT)
    for start, end in _fenced(text):
        parts += [text[last:start], " " * (end - start)]
        code += end - start
        last = end
    parts.append(text[last:])
    return "".join(parts), code


def without_quoted(text: str) -> str:
    """The text, as long as before, with marks for inline code, quotations, tags and links."""
    return _NOT_SAID.sub(lambda match: MASKED * len(match[0]), text)


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """Where the fenced blocks begin and end; an open one ends with the text."""
    opened, mark = -1, ""
    for match in _FENCE.finditer(text):
        if opened < 0:
            opened, mark = match.start(), match[1]
        elif match[1].startswith(mark) and not match[2].strip():
            yield opened, match.end()
            opened = -1
    if opened >= 0:
        yield opened, len(text)
