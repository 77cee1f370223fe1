"""The bytes of any text, also of one that holds half an emoji."""

from __future__ import annotations


def utf8(text: str) -> bytes:
    r"""`text` in UTF-8; a lone surrogate, which UTF-8 can't hold, is written as its escape.

    Inside a string of JSON the escape is the same value. A model sends half an emoji where it
    stops in the middle of one, and JavaScript where it cuts a text.

    >>> utf8('{"text": "\ud83d"}')
    b'{"text": "\\ud83d"}'
    """
    return text.encode("utf-8", "backslashreplace")


def encodable(text: str) -> str:
    """`text` as `utf8` writes it; a text without lone surrogates is left as it is."""
    return text if text.isascii() else utf8(text).decode()
