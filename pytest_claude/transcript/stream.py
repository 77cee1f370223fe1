"""Server-sent events → the message they spell out. Linear in the length of the stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Assembled:
    """A stream put together.

    Attributes:
        message: In the shape of the JSON answer.
        complete: Whether the stream came to its `message_stop`.
        error: The API's error object, when the stream ended in one.
    """

    message: dict[str, Any]
    complete: bool
    error: dict[str, Any] | None = None


def read_events(body: bytes) -> Iterator[dict[str, Any] | None]:
    """The JSON objects of a stream's `data:` fields, in order; None for one that is no JSON.

    Accepts LF and CRLF, comments, several `data:` lines an event, and a last event without its
    blank line.
    """
    data: list[str] = []
    for line in body.decode("utf-8", "replace").split("\n"):
        line = line.removesuffix("\r")
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield _object("\n".join(data))
            data = []
    if data:
        yield _object("\n".join(data))


def assemble(events: Iterable[dict[str, Any] | None]) -> Assembled:
    """The message that the events spell out; unknown events and deltas are passed over."""
    message: dict[str, Any] = {}
    blocks: dict[int, _Block] = {}
    complete, error = False, None
    for event in events:
        if event is None:
            break
        kind = event.get("type")
        if kind == "message_start":
            message = dict(_dict(event.get("message")))
        elif kind == "content_block_start":
            blocks[_index(event)] = _Block(dict(_dict(event.get("content_block"))))
        elif kind == "content_block_delta":
            blocks.setdefault(_index(event), _Block({})).add(_dict(event.get("delta")))
        elif kind == "message_delta":
            _update(message, event)
        elif kind == "message_stop":
            complete = True
        elif kind == "error":
            error = _dict(event.get("error"))
    content = [block.joined() for _, block in sorted(blocks.items())]
    return Assembled({**message, "content": content}, complete and error is None, error)


_TEXTS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


@dataclass
class _Block:
    """One content block as it grows; pieces are joined once, at the end."""

    start: dict[str, Any]
    texts: dict[str, list[str]] = field(default_factory=dict)
    partial_json: list[str] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)

    def add(self, delta: dict[str, Any]) -> None:
        kind = delta.get("type")
        if isinstance(kind, str) and (key := _TEXTS.get(kind)) is not None:
            self.texts.setdefault(key, []).append(str(delta.get(key, "")))
        elif kind == "input_json_delta":
            self.partial_json.append(str(delta.get("partial_json", "")))
        elif kind == "citations_delta":
            self.citations.append(delta.get("citation"))

    def joined(self) -> dict[str, Any]:
        block = dict(self.start)
        for key, pieces in self.texts.items():
            block[key] = "".join([str(block.get(key) or ""), *pieces])
        if text := "".join(self.partial_json):
            block["input"] = _json(text)
        if self.citations:
            given = block.get("citations")
            block["citations"] = [*(given if isinstance(given, list) else []), *self.citations]
        return block


def _update(message: dict[str, Any], event: dict[str, Any]) -> None:
    """Take what a `message_delta` says; its usage is cumulative and wins."""
    message.update({k: v for k, v in _dict(event.get("delta")).items() if v is not None})
    usage = {key: v for key, v in _dict(event.get("usage")).items() if v is not None}
    message["usage"] = {**_dict(message.get("usage")), **usage}


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _object(text: str) -> dict[str, Any] | None:
    value = _json(text)
    return value if isinstance(value, dict) else None
