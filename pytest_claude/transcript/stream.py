"""Server-sent events → the message they spell out. Linear in the length of the stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_claude.transcript.json_values import mapping, parsed, string


@dataclass(frozen=True)
class Assembled:
    """A stream put together.

    Attributes:
        message: In the shape of the JSON answer.
        complete: Whether the stream reached its `message_stop`.
        error: The API's error object, when the stream ended in one.
        request_id: The API's id of the request, which an error event carries.
        unknown: The events that we don't know, and those with a delta that we don't know, raw.
        stopped: Whether the stream came to where the message stops, and says why; a
            `message_start` that names a reason says nothing of it.
    """

    message: dict[str, Any]
    complete: bool
    error: Mapping[str, Any] | None = None
    request_id: str | None = None
    unknown: tuple[Mapping[str, Any], ...] = ()
    stopped: bool = False


def read_events(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The JSON objects of a stream's `data:` fields, in order; None for one that is not JSON.

    Accepts LF, CRLF and CR, a byte order mark, comments, several `data:` lines an event, and a
    last event without its blank line. An event without data says nothing: a gateway's heartbeat.
    """
    data: list[str] = []
    text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if "\r" in text:  # never inside of JSON, which writes it as an escape
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            if any(data):
                yield _object("\n".join(data))
            data = []
    if any(data):
        yield _object("\n".join(data))


def assemble(events: Iterable[Mapping[str, Any] | None]) -> Assembled:
    """The message that the events spell out.

    Also of the text completions of the first models, whose events are pieces of one text.
    """
    message: dict[str, Any] = {}
    blocks: dict[int, _Block] = {}
    complete, stopped, error, request_id = False, False, None, None
    unknown: list[Mapping[str, Any]] = []
    for event in events:
        if event is None:
            break
        kind = event.get("type")
        if kind == "content_block_delta":
            block = blocks.get(_index(event)) or blocks.setdefault(_index(event), _Block({}))
            if not block.add(event.get("delta")):
                unknown.append(event)
        elif kind == "content_block_start":
            blocks[_index(event)] = _Block(dict(mapping(event.get("content_block"))))
        elif kind == "message_start":
            message = dict(mapping(event.get("message")))
        elif kind == "message_delta":
            _update(message, event)
            stopped = stopped or mapping(event.get("delta")).get("stop_reason") is not None
        elif kind == "message_stop":
            complete = True
        elif kind == "error":
            error, request_id = mapping(event.get("error")), string(event.get("request_id"))
        elif kind in (None, "completion") and "completion" in event:
            complete = _complete(message, blocks, event) or complete
        elif kind not in ("ping", "content_block_stop"):
            unknown.append(event)
    whole = {**message, "content": [block.joined() for _, block in sorted(blocks.items())]}
    complete = complete and error is None
    return Assembled(whole, complete, error, request_id, tuple(unknown), stopped)


def _complete(message: dict[str, Any], blocks: dict[int, _Block], event: Mapping[str, Any]) -> bool:
    """Take one piece of a text completion; the last one states a stop reason."""
    block = blocks.setdefault(0, _Block({"type": "text", "text": ""}))
    block.add({"type": "text_delta", "text": event["completion"] or ""})
    message.update({k: v for k in ("id", "model", "stop_reason") if (v := event.get(k))})
    return event.get("stop_reason") is not None


_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


@dataclass
class _Block:
    """One content block as it grows; pieces are joined once, at the end."""

    start: dict[str, Any]
    texts: dict[str, list[str]] = field(default_factory=dict)
    partial_json: list[str] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)

    def add(self, delta: Any) -> bool:
        """Take one delta; False when it is of no known kind."""
        kind = delta.get("type") if isinstance(delta, dict) else None
        if isinstance(kind, str) and (key := _TEXTS.get(kind)) is not None:
            self.texts.setdefault(key, []).append(str(delta.get(key, "")))
        elif kind == "input_json_delta":
            self.partial_json.append(str(delta.get("partial_json", "")))
        elif kind == "citations_delta":
            self.citations.append(delta.get("citation"))
        elif kind in ("compaction_delta", "redacted_delta"):
            self.start.update({k: v for k, v in delta.items() if k != "type"})
        else:
            return False
        return True

    def joined(self) -> dict[str, Any]:
        block = dict(self.start)
        for key, pieces in self.texts.items():
            block[key] = "".join([str(block.get(key) or ""), *pieces])
        if text := "".join(self.partial_json):
            block["input"] = parsed(text, text)
        if self.citations:
            given = block.get("citations")
            block["citations"] = [*(given if isinstance(given, list) else []), *self.citations]
        return block


def _update(message: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Take what a `message_delta` says; its usage is cumulative and wins."""
    beside = {k: v for k, v in event.items() if k not in ("type", "delta", "usage")}
    for changes in (mapping(event.get("delta")), beside):
        message.update({k: v for k, v in changes.items() if v is not None})
    usage = {k: v for k, v in mapping(event.get("usage")).items() if v is not None}
    message["usage"] = {**mapping(message.get("usage")), **usage}


def _index(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _object(text: str) -> dict[str, Any] | None:
    value = parsed(text)
    return value if isinstance(value, dict) else None
