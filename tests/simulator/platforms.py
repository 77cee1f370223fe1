"""The same model behind other doors: Bedrock, Vertex, Foundry, files."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from pytest_claude.models.ids import canonical_model

_BEDROCK = re.compile(r"/model/([^/]+)/(invoke|converse)(-with-response-stream|-stream)?$")
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)$")
_CREATED = "2026-01-01T00:00:00Z"


def asked(path: str, body: Any) -> tuple[str, Any]:
    """How a request to a platform is answered, and the first-party body behind it.

    The kind is "messages", "eventstream" or "converse"; or "" for a path of the API itself.
    """
    if (found := _BEDROCK.search(path)) is not None:
        there, stream = unquote(found[1]), found[3] is not None
        # It knows no id of the API.
        model = f"not {there}" if there.startswith("claude-") else canonical_model(there)
        if found[2] == "converse":
            return "converse", {"model": model, "stream": stream, **_from_converse(body)}
        return "eventstream" if stream else "messages", {**body, "model": model, "stream": stream}
    if (found := _VERTEX.search(path)) is not None:
        stream = found[2] == "streamRawPredict"
        return "messages", {**body, "model": canonical_model(found[1]), "stream": stream}
    if path.endswith("/anthropic/v1/messages"):
        return "messages", body
    return "", body


def converse_stream(whole: Mapping[str, Any]) -> Iterator[bytes]:
    """A message in binary frames, as Converse streams it."""
    said = converse(whole)
    yield _frame({"role": "assistant"}, "messageStart")
    for index, block in enumerate(said["output"]["message"]["content"]):
        place = {"contentBlockIndex": index}
        if "toolUse" in block:
            use = dict(block["toolUse"])
            delta = {"toolUse": {"input": json.dumps(use.pop("input"))}}
            yield _frame({**place, "start": {"toolUse": use}}, "contentBlockStart")
            yield _frame({**place, "delta": delta}, "contentBlockDelta")
        else:
            yield _frame({**place, "delta": block}, "contentBlockDelta")
        yield _frame(place, "contentBlockStop")
    yield _frame({"stopReason": said["stopReason"]}, "messageStop")
    yield _frame({"usage": said["usage"], "metrics": said["metrics"]}, "metadata")


def event_stream(events: Iterable[bytes]) -> Iterator[bytes]:
    """Server-sent events as Bedrock sends them: binary frames, each event in base64."""
    for event in events:
        data = event.partition(b"data: ")[2].strip()
        yield _frame({"bytes": base64.b64encode(data).decode(), "p": "abcd"}, "chunk")


def converse(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A message in the words of Bedrock's Converse API."""
    content = [{"text": part["text"]} for part in whole["content"] if part["type"] == "text"]
    content += [
        {"toolUse": {"toolUseId": part["id"], "name": part["name"], "input": part["input"]}}
        for part in whole["content"]
        if part["type"] == "tool_use"
    ]
    used = whole["usage"]["input_tokens"], whole["usage"]["output_tokens"]
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": whole["stop_reason"],
        "usage": {"inputTokens": used[0], "outputTokens": used[1], "totalTokens": sum(used)},
        "metrics": {"latencyMs": 1},
    }


def uploaded(content: bytes) -> dict[str, Any]:
    """The metadata of a file that was sent as multipart/form-data."""
    name = re.search(rb'filename="([^"]+)"', content)
    return {
        "id": f"file_01{hashlib.sha256(content.partition(b'filename')[2][:200]).hexdigest()[:8]}",
        "type": "file",
        "filename": name[1].decode() if name else "unnamed",
        "mime_type": "text/plain",
        "size_bytes": 5,
        "created_at": _CREATED,
        "downloadable": False,
    }


def _from_converse(body: Any) -> dict[str, Any]:
    def text(parts: list[dict[str, Any]]) -> str:
        return "".join(part.get("text", "") for part in parts)

    limits, tools = body.get("inferenceConfig", {}), body.get("toolConfig", {})
    asked = {
        **body.get("additionalModelRequestFields", {}),
        "max_tokens": limits.get("maxTokens", 100),
        "messages": [
            {"role": message["role"], "content": text(message["content"])}
            for message in body["messages"]
        ],
    }
    asked |= {
        ours: limits[theirs]
        for theirs, ours in (("temperature", "temperature"), ("topP", "top_p"))
        if theirs in limits
    }
    for kind, named in tools.get("toolChoice", {}).items():
        asked["tool_choice"] = {"type": kind, **named}
    specs = [tool["toolSpec"] for tool in tools.get("tools", ())]
    if specs:
        asked["tools"] = [
            {"name": spec["name"], "input_schema": spec["inputSchema"]["json"]} for spec in specs
        ]
    return asked


def _frame(value: Mapping[str, Any], kind: str) -> bytes:
    payload = json.dumps(value).encode()
    kinds = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value))
        + value.encode()
        for name, value in kinds.items()
    )  # fmt: skip
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    body = prelude + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))
