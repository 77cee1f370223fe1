"""The bytes of an answer, changed event by event: shortened, or its texts rewritten. Pure."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_claude.transcript.event_stream import is_event_stream, message_events
from pytest_claude.transcript.stream import read_events
from pytest_claude.transcript.utf8 import utf8

# A line ends with LF, CRLF or CR, as `read_events` has it.
_EVENT = re.compile(rb"(?:\A|(?<=[\r\n]))data: ?\{")
_BLANK_LINE = re.compile(rb"(?<=\n)(?:\r?\n|\r)|(?<=\r)\r\n?")
_TEXTS = {"text_delta": "text", "input_json_delta": "partial_json"}
_WRITTEN = {**_TEXTS, "thinking_delta": "thinking", "compaction_delta": "content"}


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return utf8(f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n")


def pieces(body: bytes) -> Iterator[bytes]:
    """The events of a stream, each with all its bytes: server-sent, or frames of Bedrock's."""
    at = 0
    if is_event_stream(body):
        while is_event_stream(body[at : at + 16]):
            size = int.from_bytes(body[at : at + 4])
            yield body[at : at + size]
            at += size
    else:
        for blank in _BLANK_LINE.finditer(body):
            yield body[at : blank.end()]
            at = blank.end()
    if at < len(body):
        yield body[at:]


def texts(body: bytes) -> list[str]:
    """The texts of a stream, server-sent or Bedrock's, each in one piece."""
    if not is_event_stream(body) and not _is_sent_by_server(body):
        return []
    events = [_data(piece) for piece in pieces(body)]
    return [_joined(events, numbers, kind) for kind, numbers in _blocks(events)]


def rewritten(
    body: bytes, rewrite: Callable[[str], str], rewrite_json: Callable[[str], str]
) -> bytes:
    """A stream of server-sent events whose texts, each in one piece, went through `rewrite`.

    The input of a tool, which is JSON, went through `rewrite_json`.

    What they leave as it is stays byte for byte; so does every other body.
    """
    if not _is_sent_by_server(body):
        return body
    parts = list(pieces(body))
    events = [_data(piece) for piece in parts]
    for kind, numbers in _blocks(events):
        before = _joined(events, numbers, kind)
        after = (rewrite_json if kind == "input_json_delta" else rewrite)(before)
        if after != before:
            for number, text in zip(numbers, [after, *[""] * len(numbers)], strict=False):
                delta = {**events[number]["delta"], _WRITTEN[kind]: text}
                parts[number] = event({**events[number], "delta": delta})
    return b"".join(parts)


def _is_sent_by_server(body: bytes) -> bool:
    return b"_delta" in body and _EVENT.search(body) is not None


def _blocks(events: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[int]]]:
    """The kind of each text, and the numbers of the events that hold its pieces."""
    blocks: dict[tuple[int, str], list[int]] = defaultdict(list)
    for number, data in enumerate(events):
        delta = data.get("delta") or {}
        kind = str(delta.get("type"))
        if isinstance(delta.get(_WRITTEN.get(kind, "")), str):
            blocks[data.get("index", 0), kind].append(number)
    return ((kind, numbers) for (_, kind), numbers in blocks.items())


def _joined(events: Sequence[dict[str, Any]], numbers: Iterable[int], kind: str) -> str:
    return "".join(events[number]["delta"][_WRITTEN[kind]] for number in numbers)


def cut(body: bytes, deltas: int) -> bytes:
    """A stream up to its first `deltas` pieces of content, or to its last where it has fewer.

    It never holds the end of the answer.
    """
    kept: list[bytes] = []
    whole = 0
    seen = 0
    for piece in pieces(body):
        kind = _data(piece).get("type")
        if seen == deltas and kind == "content_block_delta":
            break
        if kind in ("message_delta", "message_stop"):
            break
        kept.append(piece)
        if kind == "content_block_delta":
            seen += 1
            whole = len(kept)
    # Behind the last piece of content that is kept nothing more arrives.
    return b"".join(kept[:whole] if whole else kept)


def stopped(body: bytes, characters: int, tokens: int) -> bytes:
    """An answer, streamed or not, that stopped at max_tokens after so many characters.

    Thinking does not count. A tool call that does not fit has no arguments, or begun ones in a
    stream.
    """
    try:
        message = json.loads(body)
    except ValueError:
        return b"".join(_stopped_events(body, characters, tokens))
    if not isinstance(message, dict):
        return body
    content = list(_stopped_blocks(message.get("content") or [], characters))
    usage = _limited(message.get("usage"), tokens)
    changed = {**message, "content": content, "stop_reason": "max_tokens", "usage": usage}
    return utf8(json.dumps(changed, ensure_ascii=False))


def _stopped_blocks(blocks: list[Any], left: int) -> Iterator[Any]:
    for block in blocks:
        if left <= 0:
            return
        if block.get("type") == "text":
            yield {**block, "text": block["text"][:left]}
            left -= len(block["text"])
        elif block.get("type") == "tool_use":
            size = len(json.dumps(block.get("input")))
            yield block if size <= left else {**block, "input": {}}
            left -= size
        else:
            yield block


def _stopped_events(body: bytes, left: int, tokens: int) -> Iterator[bytes]:
    events = [(piece, _data(piece)) for piece in pieces(body)]
    index = 0
    for piece, data in events:
        delta = data.get("delta", {})
        key = _TEXTS.get(delta.get("type"))
        if key is not None:
            index = data.get("index", 0)
            text = delta[key][:left]
            left -= len(delta[key])
            yield event({**data, "delta": {**delta, key: text}})
            if left < 0:
                yield event({"type": "content_block_stop", "index": index})
                break
        elif data.get("type") in ("message_delta", "message_stop"):
            break
        else:
            yield piece
    last = next((data for _, data in events if data.get("type") == "message_delta"), {})
    ended = {**last.get("delta", {}), "stop_reason": "max_tokens"}
    usage = _limited(last.get("usage"), tokens)
    yield event({**last, "type": "message_delta", "delta": ended, "usage": usage})
    yield event({"type": "message_stop"})


def _limited(usage: Any, tokens: int) -> dict[str, Any]:
    counts = usage if isinstance(usage, dict) else {}
    return {**counts, "output_tokens": min(tokens, counts.get("output_tokens") or tokens)}


def _data(piece: bytes) -> dict[str, Any]:
    """The JSON of one event; empty where it is not JSON."""
    read: Callable[[bytes], Iterator[Mapping[str, Any] | None]] = (
        message_events if is_event_stream(piece) else read_events
    )
    first = next(read(piece), None)
    return dict(first or {})
