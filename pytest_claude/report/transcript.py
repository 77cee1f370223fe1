"""One call as people read it: what was asked, turn by turn, and what was answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_claude.report.numbers import count, seconds
from pytest_claude.transcript.model import KNOWN_FIELDS, Answer, Transcript, is_known_block
from pytest_claude.transcript.quoting import printable
from pytest_claude.transcript.request import Attachment


def conversation_lines(transcript: Transcript) -> list[str]:
    """All calls of a trial as one conversation: every turn once, each answer with its numbers.

    What a call repeats of the turns before it is left out. A conversation beside the main one
    says so.
    """
    lines: list[str] = []
    for answer, (home, shown) in zip(transcript.answers, transcript.places, strict=True):
        if not shown and home:
            lines.append(f"-- conversation {home + 1}")
        lines += _asked_lines(answer, shown)
        lines += _answer_lines(answer)
        lines.append(f"  [{_numbers(answer)}]")
    return lines


def _numbers(answer: Answer) -> str:
    usage, timing = answer.usage, answer.timing
    parts = [
        answer.stop_reason or "no stop reason",
        f"{count(usage.input_tokens)} in",
        f"{count(usage.output_tokens)} out",
        *([seconds(timing.total_s)] if timing is not None else []),
    ]
    return printable(f"interaction {answer.number}: {', '.join(parts)}")


def transcript_lines(answer: Answer) -> list[str]:
    """System prompt, messages and answer, whole, each turn under its speaker.

    Tool calls and results are one line each; what is no text is named by its type. Control
    characters are made visible.
    """
    return [*_asked_lines(answer), *_answer_lines(answer)]


def _asked_lines(answer: Answer, shown: int = 0) -> list[str]:
    """The request from its message number `shown` on; with the system prompt, if that is 0."""
    request = answer.request
    lines = _turn("system", request.system) if request.system and not shown else []
    for message in request.messages[shown:]:
        lines += _turn(str(message.get("role")), message.get("content"))
    return lines


def _answer_lines(answer: Answer) -> list[str]:
    lines = _turn(f"answer ({answer.served_model or answer.model})", answer.content)
    for event in answer.unknown_events:
        lines.append(f"  [unknown event] {printable(_short(event))}")
    for name, value in answer.other_fields.items():
        known = "" if name in KNOWN_FIELDS else "unknown field "
        lines.append(f"  [{known}{printable(name)}] {printable(_short(value))}")
    for edit in answer.context_edits:
        lines.append(f"  [context edited] {printable(_short(edit))}")
    if answer.stop_details is not None:
        lines.append(f"  [stop details] {printable(_short(answer.stop_details))}")
    if answer.error is not None:
        error = f"{answer.error.type or 'error'}: {answer.error.message}"
        lines += [f"  HTTP {answer.status} {printable(error)}"]
    if not answer.complete:
        lines.append("  … the stream was cut here")
    return lines


def _turn(speaker: str, content: Any) -> list[str]:
    return [f"{printable(speaker)}:", *(f"  {_harmless(line)}" for line in _lines(content))]


def _harmless(line: str) -> str:
    """The line as no command of GitHub Actions, which looks for them behind blanks too."""
    line = line.replace("##[", "## [")
    return line.replace("::", ": :", 1) if line.lstrip().startswith("::") else line


def _lines(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield from (printable(line) for line in content.splitlines() or [""])
    elif isinstance(content, Sequence):
        for block in content:
            yield from _block(block) if isinstance(block, Mapping) else _lines(str(block))


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    kind = str(block.get("type"))
    if kind == "text":
        yield from _lines(str(block.get("text") or ""))
        cited = block.get("citations")
        if isinstance(cited, Sequence):
            yield from (printable(f"[cites] {_source(citation)}") for citation in cited)
    elif kind == "thinking":
        thought = str(block.get("thinking") or "(not shown)")
        yield from (f"(thinks) {line}" for line in _lines(thought))
    elif kind == "redacted_thinking":
        yield "(thinks) (redacted)"
    elif kind == "compaction":
        yield from (f"[compacted] {line}" for line in _lines(str(block.get("content") or "")))
    elif kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
        yield printable(f"→ {block.get('name')}({_short(block.get('input'))})")
    elif kind.endswith("tool_result"):
        failed = " (error)" if block.get("is_error") else ""
        yield from _result(failed, block.get("content"))
    elif kind in ("image", "document", "container_upload"):
        yield printable(f"[{_attached(Attachment.of(block))}]")
    elif is_known_block(kind):
        yield printable(f"[{kind}]")
    else:
        yield printable(f"[unknown block] {_short(block)}")


def _result(failed: str, content: Any) -> Iterator[str]:
    """A result of text and attachments line by line, anything else as JSON."""
    kinds = ("text", "image", "document")
    blocks = content if isinstance(content, list) else []
    if blocks and all(isinstance(b, Mapping) and b.get("type") in kinds for b in blocks):
        lines = (line for block in blocks for line in _block(block))
        yield from (f"←{failed} {line}" for line in lines)
    else:
        yield printable(f"←{failed} {_short(content)}")


def _attached(what: Attachment) -> str:
    size = None if what.size_bytes is None else f"{what.size_bytes:,} bytes"
    title = None if what.title is None else f'"{what.title}"'
    return " ".join(filter(None, (what.kind, title, what.media_type, size, what.reference)))


def _source(citation: Any) -> str:
    """Where a citation points to, and the words it cites."""
    if not isinstance(citation, Mapping):
        return str(citation)
    names = ("document_title", "title", "url", "source")
    where = next((str(citation[n]) for n in names if citation.get(n)), "")
    return f"{where}: {_short(citation.get('cited_text'))}" if where else _short(citation)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
