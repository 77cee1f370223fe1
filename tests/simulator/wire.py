"""The wire format: a reply as a JSON message, and as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from simulator.personas import Reply


def message(reply: Reply, request: Mapping[str, Any], ident: str) -> dict[str, Any]:
    """The message of a JSON answer; `ident` makes its ids."""
    ident = reply.ident or ident
    content: list[dict[str, Any]] = []
    if reply.thinking is not None:
        content.append({"type": "thinking", "thinking": reply.thinking, "signature": f"Sg{ident}"})
    if reply.text:
        content.append({"type": "text", "text": reply.text})
    for number, (name, arguments) in enumerate(reply.tools):
        content.append(
            {"type": "tool_use", "id": f"toolu_01{ident}{number}", "name": name, "input": arguments}
        )
    return {
        "id": f"msg_01{ident}",
        "type": "message",
        "role": "assistant",
        "model": reply.model or request["model"],
        "content": content,
        "stop_reason": reply.stop_reason or ("tool_use" if reply.tools else "end_turn"),
        "stop_sequence": None,
        "usage": usage(reply, request),
    }


def usage(reply: Reply, request: Mapping[str, Any]) -> dict[str, Any]:
    """Token counts, four characters a token."""
    thinking = len(reply.thinking or "") // 4
    said = len(reply.text) + sum(len(json.dumps(tool)) for tool in reply.tools)
    return {
        "input_tokens": max(0, tokens(request) - reply.cache_read_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": reply.cache_read_tokens,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": thinking + max(1, said // 4),
        "output_tokens_details": {"thinking_tokens": thinking},
        "server_tool_use": None,
        "service_tier": "standard",
    }


def tokens(request: Mapping[str, Any]) -> int:
    """The prompt tokens of a request."""
    prompt = [request.get(key) for key in ("system", "tools", "messages")]
    return max(1, len(json.dumps(prompt)) // 4)


def events(whole: Mapping[str, Any]) -> Iterator[bytes]:
    """The stream of a message, event by event."""
    start = {**whole, "content": [], "stop_reason": None}
    start["usage"] = {**whole["usage"], "output_tokens": 1}
    yield event("message_start", message=start)
    for index, block in enumerate(whole["content"]):
        yield from _block(index, block)
    ended = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    counted = {"output_tokens": whole["usage"]["output_tokens"]}
    yield event("message_delta", delta=ended, usage=counted)
    yield event("message_stop")


def ended_in_error(stream: Iterable[bytes], after: int, error: tuple[str, str]) -> Iterator[bytes]:
    """The first `after` events of a stream, and an `error` event."""
    yield from islice(stream, after)
    yield event("error", error={"type": error[0], "message": error[1]})


def event(kind: str, **data: Any) -> bytes:
    """One server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def _block(index: int, block: Mapping[str, Any]) -> Iterator[bytes]:
    kind = block["type"]
    empty = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""},
             "tool_use": {"input": {}}}[kind]  # fmt: skip
    yield event("content_block_start", index=index, content_block={**block, **empty})
    if index == 0:
        yield event("ping")
    for delta in _deltas(kind, block):
        yield event("content_block_delta", index=index, delta=delta)
    yield event("content_block_stop", index=index)


def _deltas(kind: str, block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if kind == "text":
        for piece in _pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif kind == "thinking":
        for piece in _pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in _pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), 12):
        yield text[start : start + 12]
