"""The cues of the clarifying-question detector: data that is whole in each language."""

from __future__ import annotations

from typing import get_args

import pytest

from pytest_claude.behavior.clarifying.cues import Cue, find_cue, phrases_of, without_tail
from pytest_claude.behavior.clarifying.language import Language, language_of

LANGUAGES = get_args(Language)
ONLY_ENGLISH = {"suggests", "plays", "picks", "closes", "regrets", "nevertheless", "uses",
                "replies", "is_personal", "lacks", "speaks_as_many", "speaks_as_one",
                "wants_verse", "wants_role", "wants_asking", "wants_fact",
                "wants_talk"}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_the_cues_that_the_rules_ask_for(language: Language) -> None:
    known = set(get_args(Cue))
    own = set(phrases_of(language))
    assert own <= known
    wanted = known if language == "en" else known - ONLY_ENGLISH
    assert wanted - own <= ({"tail"} if language in ("ja", "zh") else set())


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_phrase_is_a_pattern_and_none_matches_nothing(language: Language) -> None:
    for cue in get_args(Cue):
        assert find_cue(cue, "", language) is None
        assert find_cue(cue, "…", language) is None


def test_a_cue_is_told_with_the_rule_that_found_it() -> None:
    assert find_cue("request", "please send me the log.", "en") == "asks-to-tell"
    assert find_cue("request", "the log is in the folder.", "en") is None
    assert find_cue("request", "por favor, envíame el registro.", "es") == "asks-to-tell"


def test_the_offer_at_the_end_of_a_sentence_is_cut_off() -> None:
    asked = "please let me know which one you mean, or if you need anything else."
    assert without_tail(asked, "en") == "please let me know which one you mean."
    assert without_tail("which one do you mean?", "en") == "which one do you mean?"


SENTENCES = {
    "en": "Ask me about the order.",
    "de": "Welche Bestellung meinen Sie?",
    "es": "¿A qué pedido se refiere?",
    "fr": "De quelle commande parlez-vous ?",
    "pt": "Qual pedido você quer devolver?",
    "ja": "どの注文ですか？",
    "zh": "您指的是哪个订单？",
}


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items(), ids=SENTENCES)
def test_a_sentence_tells_its_language(language: Language, sentence: str) -> None:
    assert language_of(sentence, "en") == language


def test_a_sentence_without_small_words_has_the_language_of_its_reply() -> None:
    assert language_of("Budget?", "fr") == "fr"
    assert language_of("注文番号", "ja") == "ja"
    assert language_of("注文番号", "en") == "zh"
