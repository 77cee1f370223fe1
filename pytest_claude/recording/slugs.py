"""File names for any text: safe on every system, without secrets. Pure."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from pytest_claude.models.ids import canonical_model
from pytest_claude.recording.secrets import Secrets

LONGEST = 120
"""Characters of a slug before its hash."""
HASHED = 9
"""Characters of a hash and the hyphen before it."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.,=+\[\]-]+")
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)$")
_SECRETS = Secrets()


@lru_cache(maxsize=4096)
def slug(text: str) -> str:
    """A file name for `text` on every system; a hash is added where the name loses something.

    A key in it, as in the id of a test that has one for a parameter, is lost.

    >>> slug("test_asks[two words]")
    'test_asks[two_words]-e6d41469'
    """
    safe = _safe(text)[:LONGEST] or "_"
    return safe if safe == text and not is_reserved(safe) else f"{safe}-{digest(text)}"


def fitted(text: str, room: int) -> str:
    """The slug of `text`, cut and hashed where it has more than `room` characters (at least 10).

    >>> fitted("test_a_name_of_many_words", 20)
    'test_a_name-6eba2f93'
    """
    plain = slug(text)
    return plain if len(plain) <= room else hashed(text, text, room)


def hashed(text: str, identity: str, room: int) -> str:
    """A name for `text` that always ends in a hash, of `identity`; at most `room` characters."""
    safe = _safe(text)[: min(LONGEST, max(1, room - HASHED))].strip(". ") or "_"
    return f"{safe}-{digest(identity)}"


def digest(text: str) -> str:
    """Eight digits that tell `text` from other texts."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def named_model(model: str) -> str:
    """The canonical id of a model, as it names a file and is written into it.

    >>> named_model("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    'claude-haiku-4-5'
    """
    return as_label(canonical_model(model))


@lru_cache(maxsize=256)
def as_label(text: str) -> str:
    """`text` as the metadata of a cassette holds it: without keys, on one line.

    >>> as_label("test_x.py::test[a" + chr(10) + "b]")
    'test_x.py::test[a\\\\nb]'
    """
    text = _SECRETS.redacted(text)
    if text.isascii() and text.isprintable():
        return text
    plain = (c if c.isprintable() and c <= "\uffff" else ascii(c)[1:-1] for c in text)
    return "".join(plain)


def is_reserved(name: str) -> bool:
    """Whether Windows keeps a name, whatever its ending, for a device."""
    return bool(_RESERVED.match(name.split(".")[0]))


def _safe(text: str) -> str:
    return _UNSAFE.sub("_", _SECRETS.redacted(text)).strip(". ")
