"""Cues: per language, the phrases that tell what a sentence does.

A language is a module of data: `PHRASES`, by act and by rule, and `WORDS`, the groups of words that
`{name}` stands for in them. Phrases are regular expressions over lower-case text in which
quotations are "…" and blanks are single; `BY_WORD` says whether they begin and end at words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Literal

from pytest_claude.behavior.clarifying.language import Language

Cue = Literal[
    "rhetorical",  # a question that expects no answer
    "assumption",  # asks to be corrected
    "conditional",  # would do more if it were told more
    "proviso",  # begins with a case that may not come: "if you run into trouble, …"
    "contact",  # what makes an offer of a proviso: "let me know", "I can …"
    "request",  # asks for information in so many words
    "choice",  # a question between things
    "picks",  # … that the reply has laid out
    "confirmation",  # asks for a yes
    "more",  # … to something beyond the task
    "offer",
    "missing",  # says that something was not given
    "decline",
    "waits",  # declines only as long as something is missing
    "alternative",  # what is offered in place of what was declined
    "assumes",  # answers under an assumption
    "refines",  # would make an answer a better one: "so I can narrow it down"
    "replies",  # answers the question before it: "Probably not."
    "speaks_as_many",  # as a text does, not an assistant
    "speaks_as_one",  # says "I" or "me"
    "names_the_user",
    "addresses",  # speaks to the user, or of itself
    "opener",  # "Sure, I can help with that."
    "explains",  # what follows a question to the user: why it is asked, examples
    "shows",  # announces questions that are content
    "tail",  # "…, or if you need anything else"
    "suggests",  # advice in the form of a question
    "plays",  # a turn of a role-play
    "chats",  # asks about the life or the opinion of the user
    "is_personal",  # … or may do so
    "decides",  # asks for what decides how to go on
    "feels",  # congratulates or feels for the user
    "lacks",  # says that something is not there, or not in order
    "unsettled",  # says that more than one thing may be meant
    "regrets",
    "closes",  # takes leave
    "nevertheless",  # declines, and does something else
    "uses",  # what the reply will do with what it asks for
    "wants_questions",  # in a prompt: orders questions
    "wants_asking",  # in a prompt: orders to be asked
    "wants_text",  # in a prompt: orders a text that may hold questions
    "wants_verse",  # in a prompt
    "wants_role",  # in a prompt: begins a role-play
    "wants_fact",  # in a prompt: asks for what is so, whoever asks
    "wants_talk",  # in a prompt: greets, tells of oneself, asks about the assistant
    "tells_of_oneself",  # in a prompt
    "wants_rewrite",  # in a prompt: orders the given text in other words
    "about_text",  # in a reply: speaks about the text that was ordered
]

_MODULES: Mapping[Language, str] = {
    "en": "english", "de": "german", "es": "spanish", "fr": "french", "pt": "portuguese",
    "ja": "japanese", "zh": "chinese",
}  # fmt: skip
_GROUP = re.compile(r"\{([a-z_]+)\}")


def find_cue(cue: Cue, plain: str, language: Language) -> str | None:
    """The rule by which a sentence shows a cue, or None."""
    pattern = _pattern(cue, language)
    match = pattern.search(plain) if pattern is not None else None
    return None if match is None else (match.lastgroup or cue).replace("_", "-")


def without_tail(plain: str, language: Language) -> str:
    """A sentence without the offer that is hung on its end."""
    pattern = _pattern("tail", language)
    match = pattern.search(plain) if pattern is not None else None
    return plain if match is None else plain[: match.start()].rstrip(" ,") + plain[-1:]


def phrases_of(language: Language) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The phrases of a language by cue and rule, groups of words not yet filled in."""
    phrases: Mapping[str, Mapping[str, Sequence[str]]] = _module(language).PHRASES
    return phrases


def _module(language: Language) -> Any:
    return import_module(f"pytest_claude.behavior.clarifying.cues.{_MODULES[language]}")


@cache
def _pattern(cue: Cue, language: Language) -> re.Pattern[str] | None:
    # Compiled on first use: importing costs nothing, and most runs see one language.
    rules = phrases_of(language).get(cue, {})
    if not rules:
        return None
    module = _module(language)
    words: Mapping[str, str] = module.WORDS
    joined = "|".join(
        f"(?P<{rule.replace('-', '_')}>{'|'.join(_expanded(p, words) for p in phrases)})"
        for rule, phrases in rules.items()
    )
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w|'t)" if module.BY_WORD else joined)


def _expanded(phrase: str, words: Mapping[str, str]) -> str:
    while found := _GROUP.search(phrase):
        phrase = f"{phrase[: found.start()]}(?:{words[found[1]]}){phrase[found.end() :]}"
    return phrase
