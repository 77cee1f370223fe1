"""How a cassette refers to a part of the store, and what a part may be of. Pure.

<pytest-claude part: _parts/<sha256>.pdf, base64, 8388608 bytes: %PDF-1.7>
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

FOLDER = "_parts"
MARK = "<pytest-claude part: "

_NAME = r"[0-9a-f]{64}\.\w+"
_REFERENCE = re.compile(rf"{MARK}{FOLDER}/({_NAME}), (base64|text|file), (\d+) bytes(?:: [^<>]*)?>")
FIRST = 60
"""Characters of a part that its reference shows."""


@dataclass(frozen=True)
class Reference:
    """What a cassette says of a part.

    Attributes:
        name: Of its file: the hash of the content, and an ending by its type.
        is_base64: Whether the request holds it in base64; else as it is.
        size: Of the file, in bytes.
    """

    name: str
    is_base64: bool
    size: int

    @classmethod
    def read(cls, text: str) -> Reference | None:
        """The reference that a text is; None where it is something else."""
        return next(iter(references_in(text)), None) if _REFERENCE.fullmatch(text) else None


def written(name: str, coding: str, size: int, first: str) -> str:
    """The reference to a part, with the `first` words of it."""
    words = "".join(c if c.isprintable() and c not in '<>"\\' else " " for c in first)
    words = " ".join(words.split())[:FIRST].strip()
    return f"{MARK}{FOLDER}/{name}, {coding}, {size} bytes{words and f': {words}'}>"


def references_in(text: str) -> list[Reference]:
    """The references in a request as a cassette holds it."""
    found = _REFERENCE.findall(text) if MARK in text else ()
    return [Reference(name, coding == "base64", int(size)) for name, coding, size in found]


def names_in(text: str) -> set[str]:
    """The names of the parts that a text may refer to, in whatever state it is."""
    return set(re.findall(rf"{FOLDER}/({_NAME})", text))


def is_part(path: PurePath) -> bool:
    """Whether a file is named as a part is."""
    return path.parent.name == FOLDER and re.fullmatch(_NAME, path.name) is not None


# --- binary content of a block --------------------------------------------------------------


def may_be_binary(block: Mapping[str, Any], key: str) -> bool:
    """Whether a field holds base64: of the Messages API, or of Bedrock's Converse."""
    return key == "bytes" or (key == "data" and block.get("type") == "base64")


def decoded(text: str) -> bytes | None:
    """The bytes of which `text` is the base64; None where another text would be made of them."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return data if base64.b64encode(data).decode() == text else None


def described(block: Mapping[str, Any], key: str) -> str | None:
    """What the binary content of a block is, in words; None where `key` holds none."""
    text = block.get(key)
    data = decoded(text) if may_be_binary(block, key) and isinstance(text, str) else None
    if data is None:
        return None
    kind = block.get("media_type")
    digest = hashlib.sha256(data).hexdigest()
    words = [*([str(kind)] if kind else []), f"{len(data)} bytes", f"sha256 {digest}"]
    return ", ".join(words)
