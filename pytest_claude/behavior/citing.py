"""Which documents a request offered, and whether the citations of an answer hold in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    blocks = list(_blocks([m.get("content") for m in answer.request.messages]))
    texts = [block for block in blocks if block.get("type") == "document"]
    results = [block for block in blocks if block.get("type") == "search_result"]
    pages = _pages([*blocks, *_blocks(list(answer.content))])
    return (
        *(_document(block, n) for n, block in enumerate(texts)),
        *(_search_result(block, n) for n, block in enumerate(results)),
        *pages,
    )


def citations(answer: Answer) -> tuple[Citation, ...]:
    """Every citation of an answer, held against what it points to."""
    offered = documents(answer)
    found = (block.get("citations") for block in answer.content)
    return tuple(
        _citation(entry, offered)
        for entries in found
        if isinstance(entries, list)
        for entry in entries
        if isinstance(entry, Mapping)
    )


def _citation(entry: Mapping[str, Any], offered: tuple[Document, ...]) -> Citation:
    entry = _of_converse(entry)
    cited = entry.get("cited_text")
    cited = cited if isinstance(cited, str) else ""
    if entry.get("type") == "web_search_result_location":
        url = entry.get("url")
        document = next((d for d in offered if d.kind == "web" and d.source == url), None)
        # A page may have been found in an earlier turn that the request does not repeat.
        document = document or Document("web", 0, _text(entry.get("title")), _text(url))
        return Citation(cited, document)
    kind = "search_result" if entry.get("type") == "search_result_location" else "document"
    index = entry.get(f"{kind}_index")
    document = next((d for d in offered if (d.kind, d.index) == (kind, index)), None)
    if document is None:
        return Citation(cited, None, f"{kind} {index} was not offered")
    span = _span(entry, document)
    if span is None or document.blocks is None:
        return Citation(cited, document)
    fault = None if _squeezed(span) == _squeezed(cited) else "the text stands elsewhere"
    if fault and _squeezed(cited) not in _squeezed(document.text or ""):
        fault = "the text does not stand in the document"
    return Citation(cited, document, fault, seen=True)


def _of_converse(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A citation of Bedrock's Converse in the words of the Messages API; others as they are."""
    location = entry.get("location")
    if not isinstance(location, Mapping):
        return entry
    kind, place = next(iter(location.items()), ("", None))
    place = place if isinstance(place, Mapping) else {}
    cited = "".join(_texts(entry.get("sourceContent")) or ())
    start, end, index = place.get("start"), place.get("end"), place.get("documentIndex")
    if kind == "documentChar":
        numbers = {"start_char_index": start, "end_char_index": end}
        return {"type": "char_location", "cited_text": cited, "document_index": index, **numbers}
    if kind == "documentChunk":
        numbers = {"start_block_index": start, "end_block_index": end}
        return {"type": "content_block_location", "cited_text": cited, "document_index": index,
                **numbers}  # fmt: skip
    if kind == "searchResultLocation":
        numbers = {"start_block_index": start, "end_block_index": end}
        return {"type": "search_result_location", "cited_text": cited,
                "search_result_index": place.get("searchResultIndex"), **numbers}  # fmt: skip
    if kind == "web":
        return {"type": "web_search_result_location", "cited_text": cited, "url": place.get("url"),
                "title": entry.get("title")}  # fmt: skip
    return {"type": "page_location", "cited_text": cited, "document_index": index}


def _span(entry: Mapping[str, Any], document: Document) -> str | None:
    """The text at the place that a citation names, where it can be read."""
    if entry.get("type") == "char_location":
        start, end = entry.get("start_char_index"), entry.get("end_char_index")
        if isinstance(start, int) and isinstance(end, int) and document.text is not None:
            return document.text[start:end]
    elif entry.get("type") in ("content_block_location", "search_result_location"):
        start, end = entry.get("start_block_index"), entry.get("end_block_index")
        if isinstance(start, int) and isinstance(end, int) and document.blocks is not None:
            return "".join(document.blocks[start:end])
    return None


def _document(block: Mapping[str, Any], index: int) -> Document:
    source = block.get("source")
    source = source if isinstance(source, Mapping) else {}
    url = _text(source.get("url")) or _text(source.get("file_id"))
    blocks: tuple[str, ...] | None = None
    if source.get("type") == "text" and isinstance(source.get("data"), str):
        blocks = (source["data"],)
    elif isinstance(source.get("text"), str):  # Converse
        blocks = (source["text"],)
    elif source.get("type") == "content":
        blocks = _texts(source.get("content"))
    title = _text(block.get("title")) or _text(block.get("name"))
    return Document("document", index, title, url, blocks)


def _search_result(block: Mapping[str, Any], index: int) -> Document:
    return Document(
        "search_result", index, _text(block.get("title")), _text(block.get("source")),
        _texts(block.get("content")),
    )  # fmt: skip


def _pages(blocks: list[Mapping[str, Any]]) -> Iterator[Document]:
    results = [block for block in blocks if block.get("type") == "web_search_result"]
    for index, result in enumerate(results):
        yield Document("web", index, _text(result.get("title")), _text(result.get("url")))


def _blocks(values: list[Any]) -> Iterator[Mapping[str, Any]]:
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
    texts = [block.get("text") if isinstance(block, Mapping) else None for block in content]
    return tuple(text if isinstance(text, str) else "" for text in texts)


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
