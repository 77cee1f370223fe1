"""Which documents a request offered, and whether the citations of an answer hold in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.transcript.json_values import mapping, mappings, string
from pytest_claude.transcript.model import Answer


@dataclass(frozen=True)
class Document:
    """A document that can be cited.

    Attributes:
        kind: "document", "search_result" or "web": each is counted for itself.
        index: Its number among those of its kind, from 0.
        title: As sent; None when it has none.
        source: URL or source, where there is one.
        blocks: Its text, by the blocks that the app made; None where it can't be read: a PDF,
            an image, a file id, a page of the web.
    """

    kind: str
    index: int
    title: str | None = None
    source: str | None = None
    blocks: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """How it is called in a message."""
        return self.title or self.source or f"{self.kind} {self.index}"

    @property
    def text(self) -> str | None:
        """Its whole text."""
        return None if self.blocks is None else "".join(self.blocks)


@dataclass(frozen=True)
class Citation:
    """One citation in an answer.

    Attributes:
        cited: The text that it cites.
        document: What it points to; None when no such document was offered.
        fault: Why it does not hold; None when it holds, or when that can't be seen.
        seen: Whether the cited text could be held against the document.
    """

    cited: str
    document: Document | None
    fault: str | None = None
    seen: bool = False


def documents(answer: Answer) -> tuple[Document, ...]:
    """The documents and search results of a request, and the web pages found for the answer."""
    blocks = list(_blocks([message.get("content") for message in answer.request.messages]))
    pages = [*blocks, *_blocks(answer.content)]
    return (
        *(_document(n, block) for n, block in _of_type("document", blocks)),
        *(
            Document("search_result", n, *_names(block, "source"), _texts(block.get("content")))
            for n, block in _of_type("search_result", blocks)
        ),
        *(Document("web", n, *_names(b, "url")) for n, b in _of_type("web_search_result", pages)),
    )


def citations(answer: Answer) -> tuple[Citation, ...]:
    """Every citation of an answer, held against what it points to."""
    offered = documents(answer)
    return tuple(
        _citation(entry, offered)
        for block in answer.content
        for entry in mappings(block.get("citations"))
    )


def _citation(entry: Mapping[str, Any], offered: tuple[Document, ...]) -> Citation:
    entry = _of_converse(entry)
    cited = string(entry.get("cited_text")) or ""
    if entry.get("type") == "web_search_result_location":
        url = entry.get("url")
        document = next((d for d in offered if d.kind == "web" and d.source == url), None)
        # A page may have been found in an earlier turn that the request does not repeat.
        return Citation(cited, document or Document("web", 0, *_names(entry, "url")))
    kind = "search_result" if entry.get("type") == "search_result_location" else "document"
    index = entry.get(f"{kind}_index")
    document = next((d for d in offered if (d.kind, d.index) == (kind, index)), None)
    if document is None:
        return Citation(cited, None, f"{kind} {index} was not offered")
    span = _span(entry, document)
    if span is None:
        return Citation(cited, document)
    fault = None if _squeezed(span) == _squeezed(cited) else "the text stands elsewhere"
    if fault and _squeezed(cited) not in _squeezed(document.text or ""):
        fault = "the text does not stand in the document"
    return Citation(cited, document, fault, seen=True)


_CONVERSE = {
    # Converse: type of the citation, its index in Converse, its unit
    "documentChar": ("char_location", "documentIndex", "char"),
    "documentChunk": ("content_block_location", "documentIndex", "block"),
    "searchResultLocation": ("search_result_location", "searchResultIndex", "block"),
}


def _of_converse(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A citation of Bedrock's Converse in the words of the Messages API; others as they are."""
    if not (location := mapping(entry.get("location"))):
        return entry
    place_kind, place = next((kind, mapping(place)) for kind, place in location.items())
    cited = {"cited_text": "".join(_texts(entry.get("sourceContent")) or ())}
    if place_kind == "web":
        web = {"type": "web_search_result_location", "url": place.get("url")}
        return {**cited, **web, "title": entry.get("title")}
    page = ("page_location", "documentIndex", "page")
    kind, key, unit = _CONVERSE.get(place_kind, page)
    return {
        **cited,
        "type": kind,
        "search_result_index" if key == "searchResultIndex" else "document_index": place.get(key),
        f"start_{unit}_index": place.get("start"),
        f"end_{unit}_index": place.get("end"),
    }


def _span(entry: Mapping[str, Any], document: Document) -> str | None:
    """The text at the place that a citation names, where it can be read."""
    if document.blocks is None:
        return None
    unit = "char" if entry.get("type") == "char_location" else "block"
    start, end = entry.get(f"start_{unit}_index"), entry.get(f"end_{unit}_index")
    if not isinstance(start, int) or not isinstance(end, int):
        return None  # pages of a PDF are counted otherwise
    parts = "".join(document.blocks) if unit == "char" else document.blocks
    return "".join(parts[start:end])


def _document(index: int, block: Mapping[str, Any]) -> Document:
    source = mapping(block.get("source"))
    text = source.get("data") if source.get("type") == "text" else None
    text = text if isinstance(text, str) else source.get("text")  # Converse has it under `text`
    blocks = _texts(text)
    if blocks is None and source.get("type") == "content":
        blocks = _texts(source.get("content"))
    url = string(source.get("url")) or string(source.get("file_id"))
    title = string(block.get("title")) or string(block.get("name"))
    return Document("document", index, title, url, blocks)


def _names(block: Mapping[str, Any], source: str) -> tuple[str | None, str | None]:
    return string(block.get("title")), string(block.get(source))


def _of_type(
    kind: str, blocks: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    return enumerate(block for block in blocks if block.get("type") == kind)


def _blocks(values: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """All blocks, those inside tool results too, in order."""
    for value in values:
        if isinstance(value, list):
            yield from _blocks(value)
        elif isinstance(value, Mapping):
            yield value
            if value.get("type") not in ("document", "search_result"):
                yield from _blocks([value.get("content")])


def _texts(content: Any) -> tuple[str, ...] | None:
    if isinstance(content, str):
        return (content,)
    if not isinstance(content, list):
        return None
    return tuple(string(mapping(block).get("text")) or "" for block in content)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
