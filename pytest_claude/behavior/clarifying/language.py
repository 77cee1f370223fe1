"""Which of the seven languages a sentence is written in, by its small words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Language = Literal["en", "de", "es", "fr", "pt", "ja", "zh"]

_KANA = re.compile(r"[\u3040-\u30ff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKED_AT = 2_000  # characters

_SMALL_WORDS: dict[Language, str] = {
    "en": (
        "the you your to is of and i for it that with what which please could would are do "
        "have can this be know let my if need when how should any like want on was as or me "
        "about our from at an not all there here will we us has had were but by more just so "
        "ask a some they them their than been into also its his her he she"
    ),
    "de": (
        "ich sie du der die das und ist nicht für mit bitte ihr ihre ihren ihnen können "
        "könnten welche welches welchen welcher wie ein eine einen möchten noch mir dir es zu "
        "den dem soll kann auf von wenn haben wurde oder als auch bei wo wann gerne leider "
        "dein deine um"
    ),
    "es": (
        "el la los las que de por para una un su tu es con no me qué cuál cuáles puedes "
        "podrías si más lo te en del necesito quieres cuándo dónde usted le desea está hay y "
        "o al favor son falta hola gracias puedo tienes"
    ),
    "fr": (
        "le la les de des vous je et est pour que un une votre vos pas avec du ce quel quelle "
        "en plus si à sur ne quels quelles pouvez pourriez souhaitez voulez tu au ou il j "
        "dans veuillez merci bonjour puis dois quelques cette mais"
    ),
    "pt": (
        "o a os as que de para um uma não seu sua você com por é do da em qual mais se eu me "
        "quais pode poderia deseja preciso quando onde no na ou está seus falta endereço são "
        "posso quer gostaria olá obrigado suas precisa alguma coisa isso tem há foi ao dos "
        "das mas vai"
    ),
}
_SMALL = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
_LETTERS: dict[Language, str] = {"de": "äöüß", "es": "ñ¿¡", "fr": "èêœîç", "pt": "ãõç"}


def language_of(text: str, home: Language) -> Language:
    """The language of a text; `home` where its words do not tell."""
    text = text[:_LOOKED_AT]
    if _KANA.search(text):
        return "ja"
    words = _WORD.findall(text.lower())
    if _HAN.search(text):
        return "ja" if home == "ja" else "zh"
    found: Language = home
    lower = text.lower()
    most = _likeness(home, words, lower)
    for language in _SMALL_WORDS:
        count = _likeness(language, words, lower)
        if count > most:
            found, most = language, count
    return found


def _likeness(language: Language, words: Sequence[str], text: str) -> int:
    small = _SMALL.get(language, frozenset())
    letters = sum(letter in text for letter in _LETTERS.get(language, ""))
    return sum(word in small for word in words) + 2 * letters
