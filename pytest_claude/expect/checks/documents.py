"""What the last reply makes of a document: finds a fact, cites it."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_claude.behavior.citing import Citation, Document, citations, documents
from pytest_claude.behavior.needle import Needle, finds_fact
from pytest_claude.behavior.tools import texts_in
from pytest_claude.errors import NotOffered
from pytest_claude.expect.checks.evidence import (
    MOST,
    counted,
    last_answer,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.checks.offered import near
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import cut, quote

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

_LONGEST_NAME = 120


def finds(transcript: Transcript, needle: Needle, /) -> Check:
    """Whether the last reply states the fact that a needle hides in its document.

    Counts: the needle's `answer`, where it has one; else every number and quoted word of the
    fact, or 60 % of the words that matter; under 30 % is no, between is unknown. Letter case and
    spaces don't count. A fact that no request of the main conversation holds was never asked:
    the check is unknown. The check keeps `tokens`, `depth` and `fact` for the report.

    Raises:
        TypeError: `needle` was not made by `pytest_claude.needle`.
    """
    if not isinstance(needle, Needle):
        raise TypeError(f"{needle!r}: a needle, made by pytest_claude.needle(fact, …)")
    expected = f"the reply states {quote(needle.fact)}"
    facts = {"fact": needle.fact, "tokens": needle.tokens, "depth": needle.depth}
    missing = unknown_of_reply(Check, "finds", transcript, expected, facts=facts)
    if missing is not None:
        return missing
    last, evidence = last_answer(transcript), quoted_reply(transcript)
    place = f"at depth {needle.depth:g} of about {needle.tokens:,} tokens"
    outcome, marks = finds_fact(last.text, needle)
    if not any(_mentions(answer, needle.fact) for answer in transcript.main):
        outcome, evidence = None, (Evidence(last.number),)
        observed = reason = "no request holds the fact: the app left out that part of the document"
    elif outcome is None:
        observed = reason = f"in doubt: {marks} stand in the reply"
    elif outcome:
        observed, reason = f"it states {marks}", f"found {place}"
    else:
        observed, reason = f"it lacks {marks}, which stands {place}", f"not found {place}"
    return Check("finds", outcome, expected, observed, reason, evidence, facts=facts)


def cites(transcript: Transcript, document: str | int | None = None, /) -> Check:
    """Whether the last reply cites a document, and its citations hold there.

    Counts: citations of `document` blocks, `search_result` blocks and web pages. A citation holds
    when what it points to was offered and, where the text can be read, the cited text stands at
    that place in it. PDFs, files and web pages can't be read: there it is enough that they were
    offered or found.

    Args:
        document: Its title, URL or source, its number among the `document` blocks from 0, or
            its text; None for any document.

    Raises:
        NotOffered: No request offered such a document.
    """
    shown = "a document" if document is None else f"document {_name(document)}"
    expected = f"the reply cites {shown}, and its citations hold there"
    if (missing := unknown_of_reply(Check, "cites", transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    cited = citations(last)
    meant = _choose(document, documents(last), cited)
    about = [c for c in cited if meant is None or c.document is None or _key(c.document) in meant]
    hint, number = None, counted(len(about), "citation")
    if faults := [c for c in about if c.fault is not None]:
        observed = f"{len(faults)} of {number} {'does' if len(faults) == 1 else 'do'} not hold"
        reason = f"citation {quote(faults[0].cited)}: {faults[0].fault}"
        lines = [f"{quote(c.cited)}  {c.fault}" for c in faults[:MOST]]
    elif about:
        observed, reason = number, f"{number} of {shown}"
        lines = [quote(c.cited) for c in about[:MOST]]
        if not any(c.seen for c in about):
            hint = "the document's text is not in the request: that it holds the words was not seen"
    else:
        others = ", ".join(dict.fromkeys(f'"{cut(c.document.name)}"' for c in cited if c.document))
        observed = f"cites {others} only" if cited else "no citation"
        hint = None if cited else _why_none(transcript)
        return Check("cites", False, expected, observed, observed, quoted_reply(transcript), hint)
    evidence = (Evidence(last.number, tuple(lines)),)
    return Check("cites", not faults, expected, observed, reason, evidence, hint)


def _choose(
    document: str | int | None, offered: Sequence[Document], cited: Sequence[Citation]
) -> set[tuple[str, int, str | None]] | None:
    """The documents that are meant; None for any."""
    if document is None:
        return None
    candidates = [*offered, *(c.document for c in cited if c.document is not None)]
    meant = [d for d in candidates if _is(d, document)]
    if not meant:
        names = [name for d in candidates for name in (d.title, d.source) if name]
        close = near(document, names) if isinstance(document, str) else "."
        listed = ", ".join(repr(cut(name)) for name in dict.fromkeys(names[:MOST]))
        count = len(candidates)
        untitled = f"{counted(count, 'document')} without a title" if count else "none"
        raise NotOffered(
            f"no request offered a document {_name(document)}{close} Offered: {listed or untitled}."
        )
    return {_key(d) for d in meant}


def _is(document: Document, meant: str | int) -> bool:
    if isinstance(meant, int):
        return (document.kind, document.index) == ("document", meant)
    if meant in (document.title, document.source):
        return True
    return document.text is not None and document.text.strip() == meant.strip()


def _key(document: Document) -> tuple[str, int, str | None]:
    return document.kind, document.index, document.source


def _name(document: str | int) -> str:
    return str(document) if isinstance(document, int) else quote(document, _LONGEST_NAME)


def _why_none(transcript: Transcript) -> str | None:
    """What keeps the model from citing, where the request shows it."""
    blocks = [
        block
        for message in last_answer(transcript).request.messages
        for block in mappings(message.get("content"))
        if block.get("type") in ("document", "search_result")
    ]
    if not blocks or any(mapping(block.get("citations")).get("enabled") for block in blocks):
        return None
    return 'citations are off: send the documents with "citations": {"enabled": true}'


def _mentions(answer: Answer, fact: str) -> bool:
    """Whether a request holds a fact, in its messages or its system prompt."""
    texts = (text for _, text in texts_in(answer.request.messages))
    return fact in answer.request.system or any(fact in text for text in texts)
