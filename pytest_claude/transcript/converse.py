"""Bedrock's Converse API in the words of the Messages API, both ways it answers.

What has no counterpart is kept under its own name, so that it shows as unknown and is not lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_claude.transcript.event_stream import Frame
from pytest_claude.transcript.json_values import mapping, mappings, parsed

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
    """The Messages API's body for a Converse request.

    Args:
        body: The body of the Converse request.
        model: The model, which the path names.
        stream: Whether a stream is asked for, which the path says.
    """
    limits, tools = mapping(body.get("inferenceConfig")), mapping(body.get("toolConfig"))
    request: dict[str, Any] = {
        "model": model,
        "stream": stream,
        **{ours: limits[theirs] for theirs, ours in _LIMITS.items() if theirs in limits},
        **mapping(body.get("additionalModelRequestFields")),
        "messages": [
            {"role": message.get("role"), "content": _blocks(message.get("content"))}
            for message in mappings(body.get("messages"))
        ],
    }
    if body.get("system"):
        request["system"] = _blocks(body["system"])
    if tools.get("tools"):
        request["tools"] = [_tool(tool) for tool in mappings(tools["tools"])]
    for kind, value in mapping(tools.get("toolChoice")).items():
        request["tool_choice"] = {"type": kind, **mapping(value)}
    if text_format := mapping(mapping(body.get("outputConfig")).get("textFormat")):
        stated = mapping(mapping(text_format.get("structure")).get("jsonSchema")).get("schema")
        schema = parsed(stated) if isinstance(stated, str) else stated
        json_format = {"type": text_format.get("type"), "schema": schema}
        request["output_config"] = {**mapping(request.get("output_config")), "format": json_format}
    return request


_OWN = (
    "messages", "system", "toolConfig", "outputConfig", "inferenceConfig", "guardrailConfig",
    "promptVariables", "additionalModelResponseFieldPaths", "requestMetadata",
    "performanceConfig", "serviceTier",
)  # fmt: skip


def parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    """A Converse request with its parameters as the Messages API has them, the rest as it is.

    What a model takes or refuses is said in the words of the Messages API; messages and tools are
    Converse's own.
    """
    limits, tools = mapping(body.get("inferenceConfig")), mapping(body.get("toolConfig"))
    whole = {key: value for key, value in body.items() if key != "additionalModelRequestFields"}
    whole |= mapping(body.get("additionalModelRequestFields"))
    if limits:
        whole["inferenceConfig"] = {k: v for k, v in limits.items() if k not in _LIMITS}
        whole |= {_LIMITS[key]: value for key, value in limits.items() if key in _LIMITS}
    for kind, value in mapping(tools.get("toolChoice")).items():
        whole["toolConfig"] = {k: v for k, v in tools.items() if k != "toolChoice"}
        whole["tool_choice"] = {"type": kind, **mapping(value)}
    return whole


def with_parameters(whole: Mapping[str, Any]) -> dict[str, Any]:
    """The Converse request that `parameters` would read so."""
    body = {key: value for key, value in whole.items() if key in _OWN}
    left = {key: value for key, value in whole.items() if key not in _OWN}
    limits = {theirs: left.pop(ours) for theirs, ours in _LIMITS.items() if ours in left}
    if limits or "inferenceConfig" in body:
        body["inferenceConfig"] = {**mapping(body.get("inferenceConfig")), **limits}
    if choice := mapping(left.pop("tool_choice", None)):
        named = {key: value for key, value in choice.items() if key != "type"}
        tools = mapping(body.get("toolConfig"))
        body["toolConfig"] = {**tools, "toolChoice": {choice["type"]: named}}
    if left:
        body["additionalModelRequestFields"] = left
    return body


def message(body: Mapping[str, Any]) -> dict[str, Any]:
    """The Messages API's message for a Converse response."""
    output = mapping(mapping(body.get("output")).get("message"))
    return {
        "role": output.get("role"),
        "content": _blocks(output.get("content")),
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
        block = _block(mapping(payload.get("start")))
        yield {"type": "content_block_start", "index": index, "content_block": block}
    elif kind == "contentBlockDelta":
        for delta in _deltas(mapping(payload.get("delta"))):
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


_DELTAS = {"text": ("text_delta", "text"), "citation": ("citations_delta", "citation")}
_REASONING = {
    "text": ("thinking_delta", "thinking"),
    "signature": ("signature_delta", "signature"),
    "redactedContent": ("redacted_delta", "data"),
}


def _deltas(delta: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    if "toolUse" in delta:
        text = mapping(delta["toolUse"]).get("input", "")
        yield {"type": "input_json_delta", "partial_json": text}
    for pieces, kinds in ((delta, _DELTAS), (mapping(delta.get("reasoningContent")), _REASONING)):
        yield from ({"type": kinds[k][0], kinds[k][1]: pieces[k]} for k in kinds if k in pieces)


def _blocks(content: Any) -> list[dict[str, Any]]:
    return [_block(block) for block in mappings(content)]


def _block(block: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "toolUse" in block:
        use = mapping(block["toolUse"])
        return {
            "type": use.get("type") or "tool_use",
            "id": use.get("toolUseId"),
            "name": use.get("name"),
            "input": use.get("input"),
        }
    if "toolResult" in block:
        result = mapping(block["toolResult"])
        return {
            "type": "tool_result",
            "tool_use_id": result.get("toolUseId"),
            "content": _blocks(result.get("content")),
            "is_error": result.get("status") == "error",
        }
    if "reasoningContent" in block:
        text = mapping(mapping(block["reasoningContent"]).get("reasoningText"))
        if not text:
            return {"type": "redacted_thinking"}
        return {
            "type": "thinking",
            "thinking": text.get("text"),
            "signature": text.get("signature"),
        }
    if "citationsContent" in block:
        cited = mapping(block["citationsContent"])
        texts = (str(part.get("text") or "") for part in mappings(cited.get("content")))
        return {"type": "text", "text": "".join(texts), "citations": cited.get("citations")}
    kind = next(iter(block), "unknown")
    return {"type": kind, **mapping(block.get(kind))}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    spec = mapping(tool.get("toolSpec"))
    if not spec:
        return dict(tool)
    schema = mapping(spec.get("inputSchema")).get("json")
    return {
        "name": spec.get("name"),
        "description": spec.get("description"),
        "input_schema": schema,
        **({"strict": spec["strict"]} if "strict" in spec else {}),
    }


def _usage(value: Any, service_tier: Any = None) -> dict[str, Any]:
    stated = mapping(value)
    usage: dict[str, Any] = {_USAGE[key]: stated[key] for key in _USAGE if key in stated}
    written = {
        _TTLS[ttl]: detail.get("inputTokens")
        for detail in mappings(stated.get("cacheDetails"))
        if (ttl := str(detail.get("ttl"))) in _TTLS
    }
    if written:
        usage["cache_creation"] = written
    if (tier := mapping(service_tier).get("type")) is not None:
        usage["service_tier"] = tier
    return usage
