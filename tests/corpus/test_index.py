"""All public recordings, of every format and platform, read as an independent index says."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.cassette import read_recording
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.parse import parse_answer

CALLS = ("messages", "bedrock-invoke", "bedrock-converse", "vertex")
EXPLAINED = json.loads((Path(__file__).parent / "differences.json").read_text("utf-8"))
FIELDS = (
    "model", "stream", "tools_called", "server_tools_called", "stop_reason", "status", "error",
    "block_types", "text", "input_tokens", "output_tokens",
    "cache_read", "cache_write", "thinking_tokens", "web_searches", "service_tier", "citations",
    "redacted_thinking", "structured", "response_model",
)  # fmt: skip


def observed(interaction: Interaction) -> dict[str, Any]:
    answer = parse_answer(interaction)
    assert answer is not None
    return {
        "model": answer.model,
        "stream": answer.stream,
        "tools_called": [(use.name, use.input) for use in answer.tool_uses],
        "server_tools_called": [use.name for use in answer.server_tool_uses],
        "stop_reason": answer.stop_reason,
        "status": answer.status,
        "error": answer.error.type if answer.error is not None else None,
        "block_types": list(answer.blocks),
        # The index knows what the model wrote, and not what the app began.
        "text": answer.text.removeprefix(answer.request.prefill)[:200],
        "input_tokens": answer.usage.input_tokens,
        "output_tokens": answer.usage.output_tokens,
        "cache_read": answer.usage.cache_read_tokens,
        "cache_write": _sum(answer.usage.cache_write_5m_tokens, answer.usage.cache_write_1h_tokens),
        "thinking_tokens": answer.usage.thinking_tokens,
        "web_searches": answer.usage.web_searches,
        "service_tier": answer.service_tier,
        "citations": answer.citations > 0,
        "redacted_thinking": answer.redacted_thinking > 0,
        "structured": answer.request.output_schema is not None,
        "response_model": answer.served_model,
    }


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def indexed(entry: dict[str, Any]) -> dict[str, Any]:
    usage, error = entry.get("usage") or {}, entry.get("error")
    return {
        "model": entry.get("model"),
        "stream": entry.get("stream", False),
        "tools_called": [(use["name"], use.get("input")) for use in entry.get("tools_called", [])],
        "server_tools_called": entry.get("server_tools_called", []),
        "stop_reason": entry.get("stop_reason"),
        "status": entry["status"],
        "error": error.get("type") if isinstance(error, dict) else error,
        "block_types": entry.get("block_types", []),
        "text": entry.get("text", ""),
        # Bedrock's Converse has names of its own.
        "input_tokens": usage.get("input_tokens", usage.get("inputTokens")),
        "output_tokens": usage.get("output_tokens", usage.get("outputTokens")),
        "cache_read": usage.get("cache_read_input_tokens", usage.get("cacheReadInputTokens")),
        "cache_write": usage.get("cache_creation_input_tokens", usage.get("cacheWriteInputTokens")),
        "thinking_tokens": (usage.get("output_tokens_details") or {}).get("thinking_tokens"),
        "web_searches": (usage.get("server_tool_use") or {}).get("web_search_requests"),
        "service_tier": usage.get("service_tier"),
        "citations": bool(entry.get("citations_resp")),
        "redacted_thinking": bool(entry.get("redacted_thinking")),
        "structured": bool(entry.get("structured")),
        "response_model": entry.get("response_model"),
    }


def compare(corpus: Path) -> tuple[int, list[tuple[str, int, str]], dict[str, str]]:
    """Calls read, the fields that differ, and the files refused with the sentence."""
    index = defaultdict(list)
    for line in (corpus / "INDEX.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        index[entry["file"]].append(entry)
    calls, differ, refused = 0, [], {}
    for file, entries in sorted(index.items()):
        try:
            found = read_recording(corpus / file, file)[1]
        except UnreadableCassette as error:
            refused[file] = error.reason
            continue
        for entry in (entry for entry in entries if entry["api"] in CALLS):
            calls += 1
            seen, told = observed(found[entry["n"]].interaction), indexed(entry)
            # Of Converse the index keeps its own names of blocks; we use those of the Messages API.
            own_names = ("block_types",) if entry["api"] == "bedrock-converse" else ()
            names = (name for name in FIELDS if name not in own_names)
            differ += [(file, entry["n"], name) for name in names if seen[name] != told[name]]
    return calls, differ, refused


def test_the_public_recordings_read_as_their_index_says(shared_dir: Path) -> None:
    calls, differ, refused = compare(shared_dir / "corpus")
    explained = {(row["file"], row["n"], row["field"]) for row in EXPLAINED}
    assert set(differ) - explained == set(), "a difference that nobody has looked at"
    assert 1 - len(differ) / (calls * len(FIELDS)) >= 0.995
    assert calls > 2200
    assert refused == {}
