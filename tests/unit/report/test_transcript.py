"""A call as people read it."""

from __future__ import annotations

import json

from pytest_claude.report.transcript import transcript_lines
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_answer

URL = "https://api.anthropic.com/v1/messages"
ASKED = {
    "model": "claude-sonnet-4-5",
    "system": "Be brief.",
    "messages": [
        {"role": "user", "content": "Where is 1234?\nThanks"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "lookup", "input": {"id": "1234"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "shipped \x1b[31m"},
            {"type": "image", "source": {}}]},
    ],
}  # fmt: skip
SAID = {
    "type": "message",
    "model": "claude-sonnet-4-5-20250929",
    "stop_reason": "refusal",
    "stop_details": {"type": "refusal", "category": "cyber"},
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "It is on its way."},
        {"type": "a_new_kind", "value": 1},
    ],
    "usage": {"input_tokens": 1, "output_tokens": 2, "service_tier": "priority"},
}


def answer(status: int = 200, said: object = SAID):
    request = Request("POST", URL, json.dumps(ASKED).encode())
    found = parse_answer(Interaction(request, Response(status, json.dumps(said).encode())))
    assert found is not None
    return found


def test_the_whole_call_turn_by_turn() -> None:
    assert transcript_lines(answer()) == [
        "system:",
        "  Be brief.",
        "user:",
        "  Where is 1234?",
        "  Thanks",
        "assistant:",
        '  → lookup({"id": "1234"})',
        "user:",
        "  ← shipped \\x1b[31m",
        "  [image]",
        "answer (claude-sonnet-4-5-20250929):",
        "  (thinks) Hm.",
        "  (thinks) (redacted)",
        "  It is on its way.",
        '  [unknown block] {"type": "a_new_kind", "value": 1}',
        '  [stop details] {"type": "refusal", "category": "cyber"}',
    ]


def test_what_is_no_text_is_named_and_not_poured_out() -> None:
    found = [{"type": "web_search_result", "url": "https://e.example"}]
    content = [
        {"type": "compaction", "content": "They talked\nof hammers."},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": found},
        {"type": "text", "text": "So.", "citations": [
            {"document_title": "Terms", "cited_text": "30 days"}, {"cited_text": "?"}]},
    ]  # fmt: skip
    edits = {"applied_edits": [{"type": "clear_thinking_20251015"}]}
    said = {"content": content, "context_management": edits, "container": {"id": "c"}, "mood": 1}
    document = {
        "type": "document",
        "title": "Terms",
        "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
    }
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "is_error": True,
        "content": [{"type": "text", "text": "two\nlines"}, {"type": "image", "source": {}}],
    }
    asked = {"model": "m", "messages": [{"role": "user", "content": [document, result]}]}
    request = Request("POST", URL, json.dumps(asked).encode())
    answer = parse_answer(Interaction(request, Response(200, json.dumps(said).encode())))
    assert answer is not None  # fmt: skip
    assert transcript_lines(answer) == [
        "user:",
        '  [document "Terms" application/pdf 3 bytes sha256:63c1dd951ffe]',
        "  ← (error) two",
        "  ← (error) lines",
        "  ← (error) [image]",
        "answer (m):",
        "  [compacted] They talked",
        "  [compacted] of hammers.",
        '  → web_search({"query": "x"})',
        '  ← [{"type": "web_search_result", "url": "https://e.example"}]',
        "  So.",
        "  [cites] Terms: 30 days",
        '  [cites] {"cited_text": "?"}',
        '  [container] {"id": "c"}',
        "  [unknown field mood] 1",
        '  [context edited] {"type": "clear_thinking_20251015"}',
    ]


def test_an_error_is_the_answer() -> None:
    said = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert transcript_lines(answer(529, said))[-2:] == [
        "answer (claude-sonnet-4-5):",
        "  HTTP 529 overloaded_error: Overloaded",
    ]


def test_what_an_answer_says_beside_its_text() -> None:
    found = answer()
    assert (found.redacted_thinking, found.refusal_category, found.service_tier) == (
        1, "cyber", "priority",
    )  # fmt: skip
    assert found.content[3] == {"type": "a_new_kind", "value": 1}, "kept as it came"
