"""What the clarifying-question detector knows of words: cues, languages, weights."""

from __future__ import annotations

from importlib import resources

import pytest

from pytest_claude.behavior.clarifying import detect_clarification
from pytest_claude.behavior.clarifying.cues import CUES, Deed, category_of, find_cue
from pytest_claude.behavior.clarifying.language import is_english
from pytest_claude.behavior.clarifying.weights import weights

SENTENCES: dict[str, tuple[Deed, str]] = {
    "asks-to-go-ahead": ("confirms", "shall i go ahead?"),
    "asks-whether-it-is-right": ("confirms", "is that correct?"),
    "offers-on-request": ("offers", "let me know if you need anything else."),
    "offers-more": ("offers", "is there anything else?"),
    "asks-what-you-think": ("offers", "what do you think?"),
    "asks-to-tell": ("asks", "please send me the log."),
    "tells-to-send": ("asks", "paste it here."),
    "asks-to-let-know": ("asks", "let me know which one."),
    "says-it-needs": ("asks", "i need your order id."),
    "wants-to-know": ("asks", "i'd like to know the size."),
    "names-what-is-missing": ("asks", "you haven't told me the currency."),
    "asks-if-you-tell": ("asks", "once you send the file, i can start."),
    "checks-an-assumption": ("asks", "correct me if that is wrong."),
    "asks-which": ("asks", "which order do you mean?"),
    "offers-a-choice": ("asks", "red or blue?"),
    "declines": ("declines", "i can't help with that."),
    "says-it-lacks-the-means": ("declines", "i don't have access to your calendar."),
    "regrets": ("declines", "unfortunately, it is gone."),
    "does-something-else": ("amends", "but i can draft a letter."),
    "holds-to-a-fact": ("disputes", "the answer is still 42."),
}


@pytest.mark.parametrize("cue", [cue for deed in CUES.values() for cue in deed])
def test_each_cue_has_a_sentence_that_shows_it(cue: str) -> None:
    deed, sentence = SENTENCES[cue]
    assert find_cue(deed, sentence) == cue


@pytest.mark.parametrize("deed", CUES)
def test_a_plain_statement_shows_no_cue(deed: Deed) -> None:
    assert find_cue(deed, "the parcel left on monday.") is None
    assert find_cue(deed, "") is None


@pytest.mark.parametrize(
    ("sentence", "category"),
    [
        ("our policy does not allow refunds.", "policy"),
        ("i won't write that.", "policy"),
        ("i don't have access to your calendar.", "ability"),
        ("as an ai, i can't taste.", "ability"),
        ("no.", None),
    ],
)
def test_a_refusal_is_by_policy_or_for_want_of_ability(sentence: str, category: str | None) -> None:
    assert category_of(sentence) == category


LANGUAGES = {
    "Ask me about the order.": True,
    "Which order do you mean?": True,
    "Welche Bestellung meinen Sie?": False,
    "¿A qué pedido se refiere?": False,
    "De quelle commande parlez-vous ?": False,
    "Qual pedido você quer devolver?": False,
    "どの注文ですか？": False,
    "您指的是哪个订单？": False,
    "Danke schön.": False,
    "はい": False,
    "Done.": True,
    "1234": True,
}


@pytest.mark.parametrize(("text", "english"), LANGUAGES.items())
def test_english_is_told_by_its_small_words(text: str, english: bool) -> None:
    assert is_english(text) == english


@pytest.mark.parametrize("question", [q for q, english in LANGUAGES.items() if not english])
def test_another_language_is_never_certain_to_ask(question: str) -> None:
    found = detect_clarification(question)
    assert not (found.asks and found.certain)


def test_a_long_statement_in_another_language_asks_nothing() -> None:
    text = "Die Bestellung wurde am Montag verschickt und kommt morgen an. " * 5
    assert detect_clarification(text).certain
    assert not detect_clarification(f"{text}Welche Adresse soll ich nehmen?").certain
    assert not detect_clarification(f"{text}Dafür brauche ich:").certain


def test_the_weights_are_small_and_hold_no_text() -> None:
    folder = resources.files("pytest_claude.behavior.clarifying")
    binary = folder.joinpath("weights.bin").read_bytes()
    facts = folder.joinpath("weights.json").read_text("utf-8")
    assert len(binary) + len(facts) <= 200_000
    assert len(binary) == len(weights().rows) * (4 + len(weights().classes))
    assert list(weights().rows) == sorted(weights().rows)
