"""The same model behind other doors: Bedrock, Vertex, Foundry, batches, files."""

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

_BEDROCK = re.compile(r"/model/([^/]+)/(invoke|invoke-with-response-stream|converse)$")
_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)$")
_CREATED = "2026-01-01T00:00:00Z"


def asked(path: str, body: Any) -> tuple[str, Any]:
    """How a request to a platform is answered, and the first-party body behind it.

    The kind is "messages", "eventstream" or "converse"; or "" for a path of the API itself.
    """
    if (found := _BEDROCK.search(path)) is not None:
        model, how = canonical_model(unquote(found[1])), found[2]
        if how == "converse":
            return "converse", {"model": model, **_from_converse(body)}
        stream = how != "invoke"
        return "eventstream" if stream else "messages", {**body, "model": model, "stream": stream}
    if (found := _VERTEX.search(path)) is not None:
        stream = found[2] == "streamRawPredict"
        return "messages", {**body, "model": canonical_model(found[1]), "stream": stream}
    if path.endswith("/anthropic/v1/messages"):
        return "messages", body
    return "", body


def event_stream(events: Iterable[bytes]) -> Iterator[bytes]:
    """Server-sent events as Bedrock sends them: binary frames, each event in base64."""
    for event in events:
        data = event.partition(b"data: ")[2].strip()
        payload = json.dumps({"bytes": base64.b64encode(data).decode(), "p": "abcd"}).encode()
        yield _frame(payload)


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


def batch(ident: str, requests: int, url: str) -> dict[str, Any]:
    """A batch that has ended."""
    counts = {"processing": 0, "succeeded": requests, "errored": 0, "canceled": 0, "expired": 0}
    return {
        "id": ident,
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": counts,
        "created_at": _CREATED,
        "ended_at": _CREATED,
        "expires_at": "2026-01-02T00:00:00Z",
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{url}/v1/messages/batches/{ident}/results",
    }


def batch_id(body: Any) -> str:
    """The id of a batch: the same requests, the same id."""
    return f"msgbatch_01{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]}"


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

    return {
        "max_tokens": body.get("inferenceConfig", {}).get("maxTokens", 100),
        "messages": [
            {"role": message["role"], "content": text(message["content"])}
            for message in body["messages"]
        ],
    }


def _frame(payload: bytes) -> bytes:
    kinds = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", 7, len(value))
        + value.encode()
        for name, value in kinds.items()
    )  # fmt: skip
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    body = prelude + headers + payload
    return body + struct.pack(">I", zlib.crc32(body))
