"""Where a text names a model, and what the text is with another in its place. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import ModelNames
from pytest_claude.models.naming import may_be_a_model
from pytest_claude.models.platforms import Platform, spelled

# An id on its own or behind a gateway's prefix, dated or not; not a word that goes on before it.
# Not the OLD of an `OLD=NEW`, which says what was bumped.
_ID = re.compile(
    r"(?<![\w.-])(?:(?:[a-z]{2,6}(?:-[a-z]+)*\.)?anthropic\.)?"
    r"claude-[a-z0-9]++(?:[-.@][a-z0-9]++)*+(?::\d++)?+(?![\w-])(?!=[\w.])"
)
_OF_A_FILE = re.compile(r"\.[a-z]")  # a cassette is called after its model


@dataclass(frozen=True)
class Mention:
    """One place of a text that names a model.

    Attributes:
        line: From 1.
        start: Where the name begins in the text, in characters.
        name: The model, as it is written there.
        new: What to write in its place; None where that is not known.
    """

    line: int
    start: int
    name: str
    new: str | None


def mentions(text: str, pairs: Sequence[tuple[str, str]], names: ModelNames) -> list[Mention]:
    """The places of a text that name the old model of a pair, in order.

    A platform's spelling becomes that platform's, where the facts of the new model know it.

    Args:
        text: Of a source or configuration file.
        pairs: Old and new model, as typed.
        names: What the project's own names of models stand for.

    >>> from pytest_claude.models.ids import NO_NAMES
    >>> pair = ("claude-sonnet-4-5", "claude-sonnet-5-5")
    >>> [m.new for m in mentions('MODEL = "claude-sonnet-4-5-20250929"', [pair], NO_NAMES)]
    ['claude-sonnet-5-5']
    """
    return sorted(
        _mentions(text, pairs, names), key=lambda mention: (mention.start, -len(mention.name))
    )


def ids_in(text: str, names: ModelNames) -> list[Mention]:
    """The places of a text that name any model, in order: ids of all platforms, and own names.

    Words that only begin like an id, such as `claude-code`, are left out.

    >>> from pytest_claude.models.ids import NO_NAMES
    >>> [m.name for m in ids_in("model: claude-haiku-4-5 # by claude-code", NO_NAMES)]
    ['claude-haiku-4-5']
    """
    own = [(name, name) for name in names.models if _ID.fullmatch(name) is None]
    found = [*_mentions(text, own, names)]
    found += [
        Mention(_line(text, match), match.start(), match[0], None)
        for match in _ID.finditer(text)
        if facts_of(names.resolved(match[0]))
        or (may_be_a_model(match[0]) and not _OF_A_FILE.search(match[0]))
    ]
    return sorted(found, key=lambda mention: mention.start)


def edited(text: str, places: Sequence[Mention]) -> str:
    """The text with what is known to be written in the place of each mention."""
    for mention in reversed(places):
        if mention.new is not None:
            end = mention.start + len(mention.name)
            text = text[: mention.start] + mention.new + text[end:]
    return text


def _mentions(text: str, pairs: Sequence[tuple[str, str]], names: ModelNames) -> Iterator[Mention]:
    own = [pair for pair in pairs if _ID.fullmatch(pair[0]) is None]
    for old, its_new in own:  # a name of the project's own: a value, and no word of a sentence
        name = re.escape(old)
        value = rf"(?<=['\"]){name}(?=['\"])|(?<=[=:]){name}(?=\s*$)|(?<=[=:]\s){name}(?=\s*$)"
        for found in re.finditer(value, text, re.MULTILINE):
            yield Mention(_line(text, found), found.start(), found[0], its_new)
    for found in _ID.finditer(text):
        name = found[0]
        meant = (pair for pair in pairs if pair not in own and names.same(pair[0], name))
        for pair in islice(meant, 1):
            new = spelled(pair, name, _platform(name), names)
            yield Mention(_line(text, found), found.start(), name, new)


def _platform(name: str) -> Platform | None:
    if "anthropic." in name:
        return "bedrock"
    return "vertex" if "@" in name else None


def _line(text: str, found: re.Match[str]) -> int:
    return text.count("\n", 0, found.start()) + 1
