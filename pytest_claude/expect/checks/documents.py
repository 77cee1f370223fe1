"""What the last reply makes of a document: finds a fact, cites it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude.behavior.citing import Citation, Document, citations, documents
from pytest_claude.behavior.needle import Needle, finds_fact
from pytest_claude.errors import NotOffered
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.checks.offered import near
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.quoting import cut, quote

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

_MOST = 5
_LONGEST_NAME = 120


def finds(transcript: Transcript, needle: Needle, /) -> Check:
    """Whether the last reply states the fact that a needle hides in its document.

    Counts: the needle's `answer`, where it has one; else every number and quoted word of the
    fact, or 60 % of the words that matter; under 30 % is no, between is unknown. Letter case and
    spaces don't count. A fact that no request of the main conversation holds was never asked:
    the check is unknown. The check keeps `tokens`, `depth` and `fact` for the report.
    """
    if not isinstance(needle, Needle):
        raise TypeError(f"{needle!r}: a needle, made by pytest_claude.needle(fact, …)")
    expected = f"the reply states {quote(needle.fact)}"
    facts = {"fact": needle.fact, "tokens": needle.tokens, "depth": needle.depth}
    if (missing := unknown_of_reply("finds", transcript, expected)) is not None:
        return Check("finds", None, expected, missing.observed, missing.reason, missing.evidence,
                     facts=facts)  # fmt: skip
    last = last_answer(transcript)
    place = f"at depth {needle.depth:g} of about {needle.tokens:,} tokens"
    if not any(_mentions(a.request.messages, needle.fact) or needle.fact in a.request.system
               for a in transcript.main):  # fmt: skip
        observed = "no request holds the fact: the app left out that part of the document"
        return Check("finds", None, expected, observed, observed, (Evidence(last.number),),
                     facts=facts)  # fmt: skip
    outcome, told = finds_fact(last.text, needle)
    if outcome is None:
        observed = reason = f"in doubt: {told} stand in the reply"
    elif outcome:
        observed, reason = f"it states {told}", f"found {place}"
    else:
        observed, reason = f"it lacks {told}, which stands {place}", f"not found {place}"
    return Check("finds", outcome, expected, observed, reason, quoted_reply(transcript),
                 facts=facts)  # fmt: skip


def cites(transcript: Transcript, document: str | int | None = None, /) -> Check:
    """Whether the last reply cites a document, and its citations hold there.

    Counts: citations of `document` blocks, `search_result` blocks and web pages. A citation holds
    when what it points to was offered and, where the text can be read, the cited text stands at
    that place in it. PDFs, files and web pages can't be read: there it is enough that they were
    offered or found.

    Args:
        transcript: What was said.
        document: Its title, URL or source, its number among the `document` blocks from 0, or
            its text; None for any document.

    Raises:
        NotOffered: No request offered such a document.
    """
    shown = "a document" if document is None else f"document {_name(document)}"
    expected = f"the reply cites {shown}, and its citations hold there"
    if (missing := unknown_of_reply("cites", transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    offered = documents(last)
    found = citations(last)
    fitting = _choose(document, offered, found)
    about = [
        c for c in found
        if fitting is None or c.document is None or _key(c.document) in fitting
    ]  # fmt: skip
    faults = [c for c in about if c.fault is not None]
    if faults:
        observed = f"{len(faults)} of {counted(len(about), 'citation')} does not hold" if (
            len(faults) == 1
        ) else f"{len(faults)} of {counted(len(about), 'citation')} do not hold"  # fmt: skip
        lines = [f"{quote(c.cited)}  {c.fault}" for c in faults[:_MOST]]
        reason = f"citation {quote(faults[0].cited)}: {faults[0].fault}"
        return Check("cites", False, expected, observed, reason,
                     (Evidence(last.number, tuple(lines)),))  # fmt: skip
    if not about:
        others = ", ".join(dict.fromkeys(f'"{cut(c.document.name)}"' for c in found if c.document))
        observed = f"cites {others} only" if found else "no citation"
        return Check("cites", False, expected, observed, observed, quoted_reply(transcript),
                     None if found else _why_none(transcript))  # fmt: skip
    lines = [quote(c.cited) for c in about[:_MOST]]
    observed = counted(len(about), "citation")
    hint = None
    if not any(c.seen for c in about):
        hint = "the document's text is not in the request: that it holds the words was not seen"
    return Check("cites", True, expected, observed, f"{observed} of {shown}",
                 (Evidence(last.number, tuple(lines)),), hint)  # fmt: skip


def _choose(
    document: str | int | None, offered: Sequence[Document], found: Sequence[Citation]
) -> set[tuple[str, int, str | None]] | None:
    """The documents that are meant; None for any."""
    if document is None:
        return None
    known = [*offered, *(c.document for c in found if c.document is not None)]
    meant = [d for d in known if _is(d, document)]
    if not meant:
        names = [name for d in known for name in (d.title, d.source) if name]
        close = near(document, names) if isinstance(document, str) else "."
        listed = ", ".join(repr(cut(name)) for name in dict.fromkeys(names[:_MOST]))
        untitled = f"{counted(len(known), 'document')} without a title" if known else "none"
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
        if isinstance(message.get("content"), list)
        for block in message["content"]
        if isinstance(block, Mapping) and block.get("type") in ("document", "search_result")
    ]
    asked = [block for block in blocks if isinstance(block.get("citations"), Mapping)
             and block["citations"].get("enabled")]  # fmt: skip
    if blocks and not asked:
        return 'citations are off: send the documents with "citations": {"enabled": true}'
    return None


def _mentions(value: Any, fact: str) -> bool:
    rest = [value]
    while rest:
        inner = rest.pop()
        if isinstance(inner, str):
            if fact in inner:
                return True
        elif isinstance(inner, Mapping):
            rest.extend(inner.values())
        elif isinstance(inner, list | tuple):
            rest.extend(inner)
    return False
