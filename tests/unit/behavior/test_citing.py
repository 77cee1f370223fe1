"""Citations of every kind, held against what was offered."""

from __future__ import annotations

from typing import Any

import pytest
from transcripts import answer, run

from pytest_claude.behavior.citing import citations, documents
from pytest_claude.errors import NotOffered
from pytest_claude.expect import checks

TEXT = "Returns within 30 days. Shipping is free."
PLAIN = {"type": "document", "title": "Terms", "source": {"type": "text", "data": TEXT}}
CHUNKS = {
    "type": "document",
    "title": "Prices",
    "source": {"type": "content", "content": [{"type": "text", "text": t} for t in ("A. ", "B.")]},
}
PDF = {"type": "document", "title": "Manual", "source": {"type": "base64", "data": "JVBERi0="}}
RESULT = {
    "type": "search_result",
    "title": "FAQ",
    "source": "https://example.com/faq",
    "content": [{"type": "text", "text": "Open at nine."}, {"type": "text", "text": "Closed."}],
}
CONVERSE = {"type": "document", "format": "txt", "name": "policy", "source": {"text": TEXT}}


def offered(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [*blocks, {"type": "text", "text": "?"}]}]}


def cites(entry: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    return ({"type": "text", "text": "x", "citations": [entry]},)


def char(text: str, start: int, end: int, index: int = 0) -> dict[str, Any]:
    return {"type": "char_location", "cited_text": text, "document_index": index,
            "start_char_index": start, "end_char_index": end}  # fmt: skip


CASES: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any], str | None, bool]] = {
    "characters": ((PLAIN,), char(TEXT[:23], 0, 23), None, True),
    "characters elsewhere": ((PLAIN,), char("Shipping is free.", 0, 17),
                             "the text stands elsewhere", True),
    "invented": ((PLAIN,), char("Returns within 14 days.", 0, 23),
                 "the text does not stand in the document", True),
    "the second document": ((PDF, PLAIN), char(TEXT[:23], 0, 23, 1), None, True),
    "not offered": ((PLAIN,), char("x", 0, 1, 1), "document 1 was not offered", False),
    "blocks": ((CHUNKS,), {"type": "content_block_location", "cited_text": "B.",
                           "document_index": 0, "start_block_index": 1, "end_block_index": 2},
               None, True),
    "pages": ((PDF,), {"type": "page_location", "cited_text": "x", "document_index": 0,
                       "start_page_number": 1, "end_page_number": 2}, None, False),
    "search result": ((PLAIN, RESULT), {
        "type": "search_result_location", "cited_text": "Closed.", "search_result_index": 0,
        "source": "https://example.com/faq", "start_block_index": 1, "end_block_index": 2},
        None, True),
    "web": ((), {"type": "web_search_result_location", "cited_text": "x",
                 "url": "https://example.com", "title": "Example"}, None, False),
    "Converse": ((CONVERSE,), {
        "title": "policy", "sourceContent": [{"text": TEXT[:23]}],
        "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 24}}}, None, True),
    "Converse, pages": ((CONVERSE,), {
        "title": "policy", "sourceContent": [{"text": "x"}],
        "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}, None, False),
    "nonsense": ((PLAIN,), {"type": 3, "cited_text": None}, "document None was not offered", False),
}  # fmt: skip


@pytest.mark.parametrize(("blocks", "entry", "fault", "seen"), CASES.values(), ids=CASES)
def test_a_citation(
    blocks: tuple[dict[str, Any], ...], entry: dict[str, Any], fault: str | None, seen: bool
) -> None:
    cited = answer("x", body=offered(*blocks), content=cites(entry))
    (found,) = citations(cited)
    assert (found.fault, found.seen) == (fault, seen)
    assert checks.cites(run(cited)).outcome is (fault is None)


MEANT = {
    "title": "Terms", "number": 0, "text": TEXT, "any": None,
}  # fmt: skip


@pytest.mark.parametrize("document", MEANT.values(), ids=MEANT)
def test_a_document_is_named_by_title_number_or_text(document: str | int | None) -> None:
    both = answer("x", body=offered(PLAIN, CHUNKS), content=cites(char(TEXT[:23], 0, 23)))
    assert checks.cites(run(both), document)
    other = checks.cites(run(both), "Prices")
    assert not other
    assert other.observed == 'cites "Terms" only'


def test_a_document_that_was_not_offered_is_a_misuse() -> None:
    one = run(answer("x", body=offered(PLAIN, RESULT)))
    with pytest.raises(NotOffered) as raised:
        checks.cites(one, "Trems")
    assert str(raised.value) == (
        "no request offered a document \"Trems\"; did you mean 'Terms'? "
        "Offered: 'Terms', 'FAQ', 'https://example.com/faq'."
    )


def test_documents_in_tool_results_are_counted_too() -> None:
    inner = {"type": "tool_result", "tool_use_id": "t", "content": [PLAIN]}
    found = documents(answer("x", body=offered(inner, PDF)))
    assert [(d.kind, d.index, d.title) for d in found] == [
        ("document", 0, "Terms"),
        ("document", 1, "Manual"),
    ]


def test_why_there_is_no_citation_is_hinted() -> None:
    silent = checks.cites(run(answer("x", body=offered(PLAIN))))
    assert silent.hint is not None
    assert "citations are off" in silent.hint
    enabled = {**PLAIN, "citations": {"enabled": True}}
    assert checks.cites(run(answer("x", body=offered(enabled)))).hint is None


def test_unseen_words_are_hinted() -> None:
    entry = {"type": "page_location", "cited_text": "x", "document_index": 0}
    check = checks.cites(run(answer("x", body=offered(PDF), content=cites(entry))))
    assert check
    assert check.hint is not None
