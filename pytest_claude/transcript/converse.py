"""Bedrock's Converse API in the words of the Messages API, both ways it answers.

What has no counterpart is kept under its own name, so that it shows as unknown and is not lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_claude.transcript.event_stream import Frame

_USAGE = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheWriteInputTokens": "cache_creation_input_tokens",
}
_TTLS = {"5m": "ephemeral_5m_input_tokens", "1h": "ephemeral_1h_input_tokens"}
_LIMITS = {
    "maxTokens": "max_tokens",
    "temperature": "temperature",
    "topP": "top_p",
    "stopSequences": "stop_sequences",
}


def request_body(body: Mapping[str, Any], model: str, *, stream: bool) -> dict[str, Any]:
    """The Messages API's body for a Converse request."""
    limits = _mapping(body.get("inferenceConfig"))
    found: dict[str, Any] = {
        "model": model,
        "stream": stream,
        **{ours: limits[theirs] for theirs, ours in _LIMITS.items() if theirs in limits},
        **_mapping(body.get("additionalModelRequestFields")),
        "messages": [
            {"role": message.get("role"), "content": _blocks(message.get("content"))}
            for message in _mappings(body.get("messages"))
        ],
    }
    if body.get("system"):
        found["system"] = _blocks(body["system"])
    tools = _mapping(body.get("toolConfig"))
    if tools.get("tools"):
        found["tools"] = [_tool(tool) for tool in _mappings(tools["tools"])]
    for kind, value in _mapping(tools.get("toolChoice")).items():
        found["tool_choice"] = {"type": kind, **_mapping(value)}
    if (format_ := _format(body)) is not None:
        found["output_config"] = {**_mapping(found.get("output_config")), "format": format_}
    return found


def _format(body: Mapping[str, Any]) -> dict[str, Any] | None:
    text_format = _mapping(_mapping(body.get("outputConfig")).get("textFormat"))
    stated = _mapping(_mapping(text_format.get("structure")).get("jsonSchema")).get("schema")
    if not text_format:
        return None
    try:
        schema = json.loads(stated) if isinstance(stated, str) else stated
    except (ValueError, RecursionError):
        schema = None
    return {"type": text_format.get("type"), "schema": schema}


def message(body: Mapping[str, Any]) -> dict[str, Any]:
    """The Messages API's message for a Converse response."""
    said = _mapping(_mapping(body.get("output")).get("message"))
    return {
        "role": said.get("role"),
        "content": _blocks(said.get("content")),
        "stop_reason": body.get("stopReason"),
        "usage": _usage(body.get("usage"), body.get("serviceTier")),
    }


def events(frames: Iterable[Frame | None]) -> Iterable[dict[str, Any] | None]:
    """The Messages API's events for a Converse stream."""
    started: set[Any] = set()
    for frame in frames:
        if frame is None:
            yield None
        elif frame.failed:
            yield {"type": "error", "error": {"type": frame.kind, **frame.payload}}
        else:
            for event in _event(frame.kind, frame.payload):
                if event["type"] == "content_block_delta" and event["index"] not in started:
                    # Only tool calls are announced here.
                    yield _start(event["index"], event["delta"])
                started.add(event.get("index"))
                yield event


_STARTS = {
    "thinking_delta": "thinking",
    "signature_delta": "thinking",
    "redacted_delta": "redacted_thinking",
}


def _start(index: Any, delta: Mapping[str, Any]) -> dict[str, Any]:
    block = {"type": _STARTS.get(str(delta["type"]), "text")}
    return {"type": "content_block_start", "index": index, "content_block": block}


def _event(kind: str, payload: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    given = payload.get("contentBlockIndex")
    index = given if isinstance(given, int) else 0
    if kind == "messageStart":
        yield {"type": "message_start", "message": {"role": payload.get("role")}}
    elif kind == "contentBlockStart":
        block = _block(_mapping(payload.get("start")))
        yield {"type": "content_block_start", "index": index, "content_block": block}
    elif kind == "contentBlockDelta":
        for delta in _deltas(_mapping(payload.get("delta"))):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
    elif kind == "messageStop":
        yield {"type": "message_delta", "delta": {"stop_reason": payload.get("stopReason")}}
        # The usage follows in a frame of its own; the answer is whole without it.
        yield {"type": "message_stop"}
    elif kind == "metadata":
        usage = _usage(payload.get("usage"), payload.get("serviceTier"))
        yield {"type": "message_delta", "delta": {}, "usage": usage}
    elif kind != "contentBlockStop":
        yield {"type": kind, **payload}


def _deltas(delta: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    if "text" in delta:
        yield {"type": "text_delta", "text": delta["text"]}
    if "toolUse" in delta:
        text = _mapping(delta["toolUse"]).get("input", "")
        yield {"type": "input_json_delta", "partial_json": text}
    if "citation" in delta:
        yield {"type": "citations_delta", "citation": delta["citation"]}
    reasoning = _mapping(delta.get("reasoningContent"))
    if "text" in reasoning:
        yield {"type": "thinking_delta", "thinking": reasoning["text"]}
    if "signature" in reasoning:
        yield {"type": "signature_delta", "signature": reasoning["signature"]}
    if "redactedContent" in reasoning:
        yield {"type": "redacted_delta", "data": reasoning["redactedContent"]}


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [_block(block) for block in _mappings(content)]


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "toolUse" in block:
        use = _mapping(block["toolUse"])
        return {
            "type": use.get("type") or "tool_use",
            "id": use.get("toolUseId"),
            "name": use.get("name"),
            "input": use.get("input"),
        }
    if "toolResult" in block:
        result = _mapping(block["toolResult"])
        return {
            "type": "tool_result",
            "tool_use_id": result.get("toolUseId"),
            "content": _blocks(result.get("content")),
            "is_error": result.get("status") == "error",
        }
    if "reasoningContent" in block:
        text = _mapping(_mapping(block["reasoningContent"]).get("reasoningText"))
        if not text:
            return {"type": "redacted_thinking"}
        return {
            "type": "thinking",
            "thinking": text.get("text"),
            "signature": text.get("signature"),
        }
    if "citationsContent" in block:
        cited = _mapping(block["citationsContent"])
        texts = (str(part.get("text") or "") for part in _mappings(cited.get("content")))
        return {"type": "text", "text": "".join(texts), "citations": cited.get("citations")}
    kind = next(iter(block), "unknown")
    return {"type": kind, **_mapping(block.get(kind))}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    spec = _mapping(tool.get("toolSpec"))
    if not spec:
        return dict(tool)
    schema = _mapping(spec.get("inputSchema")).get("json")
    return {
        "name": spec.get("name"),
        "description": spec.get("description"),
        "input_schema": schema,
        **({"strict": spec["strict"]} if "strict" in spec else {}),
    }


def _usage(value: Any, service_tier: Any = None) -> dict[str, Any]:
    stated = _mapping(value)
    found: dict[str, Any] = {
        ours: stated[theirs] for theirs, ours in _USAGE.items() if theirs in stated
    }
    split = {
        _TTLS[ttl]: detail.get("inputTokens")
        for detail in _mappings(stated.get("cacheDetails"))
        if (ttl := str(detail.get("ttl"))) in _TTLS
    }
    if split:
        found["cache_creation"] = split
    if (tier := _mapping(service_tier).get("type")) is not None:
        found["service_tier"] = tier
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    entries = value if isinstance(value, list) else []
    return [entry for entry in entries if isinstance(entry, Mapping)]
