"""A fact in a long document: where it stands, that it is the same every time, when it is found."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts import answer, run

from pytest_claude.behavior.needle import CHARACTERS_PER_TOKEN, Needle, finds_fact, needle
from pytest_claude.expect import checks

FACT = "The vault code is 7481-XK."


@given(st.integers(20, 3_000), st.floats(0, 1))
def test_the_document_has_the_length_and_the_fact_at_the_depth(tokens: int, depth: float) -> None:
    hidden = needle(FACT, tokens=tokens, depth=depth)
    length = tokens * CHARACTERS_PER_TOKEN
    assert abs(len(hidden.document) - length) <= 0.05 * length + 20
    assert hidden.document.count(FACT) == 1
    room = len(hidden.document) - len(FACT)
    assert abs(hidden.document.index(FACT) - depth * room) <= 250


def test_depth_0_is_the_beginning_and_depth_1_the_end() -> None:
    assert needle(FACT, tokens=1_000, depth=0).document.startswith(FACT)
    assert needle(FACT, tokens=1_000, depth=1).document.endswith(FACT)


def test_the_document_is_the_same_every_time_and_holds_no_number_but_the_fact_s() -> None:
    first, again = (needle(FACT, tokens=5_000, depth=0.3) for _ in range(2))
    assert first == again
    assert first.document == again.document == first.text == str(first)
    assert pickle.loads(pickle.dumps(first)).document == first.document
    assert not any(c.isdigit() for c in first.document.replace(FACT, ""))


def test_no_sentence_of_a_book_comes_twice() -> None:
    sentences = needle(FACT, tokens=100_000, depth=0.5).document.replace("\n\n", " ").split(". ")
    assert len(sentences) == len(set(sentences)) > 4_000


def test_a_document_of_a_million_tokens_is_made() -> None:
    assert len(needle(FACT, tokens=1_000_000, depth=0.5).document) > 3_900_000


FOUND = [
    (FACT, "It is 7481-XK.", True),
    (FACT, "The code: 7481-xk", True),
    (FACT, "I could not find a code.", False),
    (FACT, "It is 7481.", False),
    (FACT, "It is 17481-XK.", False),
    ("The fee is 1,200 dollars.", "You pay $1200.", True),
    ("The fee is 1200 dollars.", "You pay $1,200.", True),
    ('The password is "open sesame".', "Say Open  Sesame.", True),
    ('The password is "open sesame".', "Say open.", False),
    ("The best thing to do in Lisbon is to ride the old yellow tram at sunrise.",
     "Ride the old yellow trams of Lisbon at sunrise; it's the best thing.", True),
    ("The best thing to do in Lisbon is to ride the old yellow tram at sunrise.",
     "Visit a museum.", False),
    ("The best thing to do in Lisbon is to ride the old yellow tram at sunrise.",
     "Lisbon has an old tram, which is the best.", None),
]  # fmt: skip


@pytest.mark.parametrize(("fact", "reply", "found"), FOUND, ids=range(len(FOUND)))
def test_when_a_reply_states_a_fact(fact: str, reply: str, found: bool | None) -> None:
    hidden = needle(fact, tokens=50, depth=0)
    assert finds_fact(reply, hidden)[0] is found
    check = checks.finds(run(answer(reply, prompt=hidden.document)), hidden)
    assert check.outcome is found


def test_an_answer_says_itself_what_must_be_there() -> None:
    hidden = needle(FACT, tokens=50, depth=0, answer="seventy-four")
    assert finds_fact("Seventy-Four eighty-one", hidden)[0] is True
    assert finds_fact("7481-XK", hidden)[0] is False


def test_words_of_the_question_do_not_count() -> None:
    hidden = needle("Ada keeps the lamp in a drawer.", tokens=50, depth=0,
                    question="Where does Ada keep the lamp?")  # fmt: skip
    assert finds_fact("Ada keeps the lamp somewhere.", hidden)[0] is False
    assert finds_fact("In a drawer.", hidden)[0] is True


def test_what_a_report_draws_is_kept_whatever_came_of_it() -> None:
    hidden = needle(FACT, tokens=50, depth=0.25)
    facts = {"fact": FACT, "tokens": 50, "depth": 0.25}
    for transcript in (run(), run(answer("7481-XK", prompt=hidden.document)), run(answer("x"))):
        assert checks.finds(transcript, hidden).facts == facts


WRONG = {
    "depth": ({"fact": FACT, "tokens": 5, "depth": 1.1}, "depth=1.1: from 0 "),
    "tokens": ({"fact": FACT, "tokens": 0, "depth": 1}, "tokens=0: a whole number"),
    "fact": ({"fact": " ", "tokens": 1, "depth": 1}, "fact is empty"),
}


@pytest.mark.parametrize(("arguments", "text"), WRONG.values(), ids=WRONG)
def test_a_needle_that_is_none(arguments: dict, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        needle(**arguments)


def test_only_a_needle_is_found() -> None:
    with pytest.raises(TypeError, match=r"made by pytest_claude\.needle"):
        checks.finds(run(), FACT)  # type: ignore[arg-type]
    assert isinstance(needle(FACT, tokens=1, depth=0), Needle)
