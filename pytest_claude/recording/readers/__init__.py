"""Recordings of any known format → interactions.

A reader is a `Reader`; ours are modules, and the entries of `table.FORMATS`. A third party adds
its own with `register_reader`.
"""

from __future__ import annotations

from typing import Any, Protocol

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording import yaml_text
from pytest_claude.recording.readers import httprr, pairs, vcrpy
from pytest_claude.recording.readers.table import FORMATS
from pytest_claude.recording.yaml_text import one_line
from pytest_claude.transcript.interaction import Interaction


class Reader(Protocol):
    """What reads recordings of one format."""

    @property
    def FORMAT(self) -> str:  # noqa: N802  # a constant of a module
        """Its name, as `pytest-claude inspect` shows it."""
        ...

    def claims(self, data: Any, /) -> bool:
        """Whether a file is of this format; `data` is parsed YAML or JSON, or text."""
        ...

    def read(self, data: Any, /) -> list[Interaction]:
        """The interactions of a file that was claimed; what it raises becomes one sentence."""
        ...


# The particular ones first: `pairs` claims what looks like any recording but vcrpy's, and vcrpy
# every file with interactions that nobody before it does.
READERS: list[Reader] = [httprr, *FORMATS, pairs, vcrpy]


def register_reader(reader: Reader) -> None:
    """Add a reader; it is asked before those that are there.

    For example in `conftest.py`, `pytest_claude.register_reader(my_reader)` with a module that has
    `FORMAT`, `claims` and `read`.
    """
    if reader not in READERS:
        READERS.insert(0, reader)


def read_text(text: str, name: str) -> tuple[str, list[Interaction]]:
    """The name of the format and the interactions of a file's text.

    Raises:
        UnreadableCassette: The text is not YAML or JSON, of no known format, or broken; `name`
            is in the message.
    """
    data = text if httprr.claims(text) else yaml_text.load(text, name)
    documents = data.parts if isinstance(data, yaml_text.Documents) else [data]
    read = [_read(document, name) for document in documents]
    return read[0][0], [interaction for _, interactions in read for interaction in interactions]


def _read(data: Any, name: str) -> tuple[str, list[Interaction]]:
    reader = next((reader for reader in READERS if reader.claims(data)), None)
    if reader is None:
        raise UnreadableCassette(name, f"is no recording of a known format ({_looks_like(data)})")
    try:
        return reader.FORMAT, reader.read(data)
    # The one place where what a broken file makes of foreign code becomes our error.
    except _BROKEN as error:
        where = _where(reader, data, error)
        if isinstance(error, KeyError):
            raise UnreadableCassette(name, f"lacks the key {error}{where}") from error
        raise UnreadableCassette(name, f"is broken: {one_line(error)}{where}") from error


_BROKEN = (AttributeError, EOFError, KeyError, IndexError, OSError, TypeError, ValueError)


def _where(reader: Reader, data: Any, error: BaseException) -> str:
    """Which interaction can't be read, unless the error says it."""
    if str(error).startswith("interaction ") or not isinstance(data, dict):
        return ""
    key = next((k for k in ("interactions", "http_interactions") if k in data), None)
    if key is None or not isinstance(data[key], list):
        return ""
    for number, entry in enumerate(data[key], start=1):
        try:
            reader.read({**data, key: [entry]})
        except _BROKEN:
            return f" (interaction {number})"
    return ""


_KINDS = {
    "a report of pytest-claude": {"format", "verdict", "tests"},
    "a package of Node": {"name", "version", "dependencies"},
    "an answer of the Messages API without its request": {"type", "role", "content"},
    "a request to the Messages API without its answer": {"model", "messages"},
    "a simulation of Hoverfly": {"data", "meta"},
    "a description of an API": {"openapi", "paths"},
}


def _looks_like(data: Any) -> str:
    if data is None:
        return "nothing"
    for kind, keys in _KINDS.items():
        if isinstance(data, dict) and keys <= data.keys():
            return kind
    if isinstance(data, dict):
        return f"a mapping with {', '.join(map(str, list(data)[:5]))}"
    return f"a {type(data).__name__}"
