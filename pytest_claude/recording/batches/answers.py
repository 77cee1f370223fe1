"""The response that a call of its own would have had, made of a batch's result. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_claude.recording.event_text import event
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.utf8 import utf8

# As documented on platform.claude.com (errors), November 2026. The others are not of the request.
_OF_THE_REQUEST = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
}
_PIECE = 24  # characters of a text in one event


def response(result: Mapping[str, Any], headers: Mapping[str, str], *, streams: bool) -> Response:
    """The response of a result that is an answer.

    Args:
        result: The `result` of one line: a message, or an error of the request.
        headers: More headers.
        streams: Whether the app wants a stream: one of the events that spell the message out.
    """
    if result.get("type") == "succeeded":
        message = mapping(result.get("message"))
        if streams:
            kind = {"content-type": "text/event-stream; charset=utf-8"}
            return Response(200, b"".join(_events(message)), {**headers, **kind})
        status, body = 200, message
    else:
        body = mapping(result.get("error"))
        status = _OF_THE_REQUEST[str(mapping(body.get("error")).get("type"))]
    data = utf8(json.dumps(body, ensure_ascii=False))
    return Response(status, data, {**headers, "content-type": "application/json"})


def why_none(result: Mapping[str, Any]) -> str | None:
    """Why a result is no answer, in one word; None where it is one."""
    kind = str(result.get("type"))
    error = mapping(mapping(result.get("error")).get("error")).get("type")
    is_answer = kind == "succeeded" or (kind == "errored" and error in _OF_THE_REQUEST)
    return None if is_answer else str(error) if kind == "errored" else kind


def _events(message: Mapping[str, Any]) -> Iterator[bytes]:
    usage = mapping(message.get("usage"))
    ends = {name: message[name] for name in _ENDS if name in message}
    begun = {**message, "content": [], **dict.fromkeys(ends)}
    if usage:
        begun["usage"] = {**usage, "output_tokens": 1}
        begun["usage"].pop("output_tokens_details", None)
    yield event({"type": "message_start", "message": begun})
    for index, block in enumerate(mappings(message.get("content"))):
        start, deltas = _parts(block)
        yield event({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            yield event({"type": "content_block_delta", "index": index, "delta": delta})
        yield event({"type": "content_block_stop", "index": index})
    yield event({"type": "message_delta", "delta": ends, "usage": dict(usage)})
    yield event({"type": "message_stop"})


_ENDS = ("stop_reason", "stop_sequence", "stop_details", "container")


def _parts(block: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """How a block begins, and the deltas that it grows by; one of a kind with none is whole."""
    start, deltas = dict(block), []
    for name, kind in _GROWS.get(str(block.get("type")), ()):
        value = block.get(name)
        if name == "input":
            start[name] = {}
            pieces = ["", *_pieces(json.dumps(value, ensure_ascii=False))] if value else [""]
            deltas += [{"type": kind, "partial_json": piece} for piece in pieces]
        elif name == "citations" and isinstance(value, list):
            start[name] = []
            deltas += [{"type": kind, "citation": each} for each in value]
        elif isinstance(value, str):
            start[name] = ""
            pieces = [value] if name == "signature" else _pieces(value)
            deltas += [{"type": kind, name: piece} for piece in pieces]
    return start, deltas


_INPUT = (("input", "input_json_delta"),)
_GROWS = {
    "text": (("text", "text_delta"), ("citations", "citations_delta")),
    "thinking": (("thinking", "thinking_delta"), ("signature", "signature_delta")),
    "tool_use": _INPUT,
    "server_tool_use": _INPUT,
    "mcp_tool_use": _INPUT,
}


def _pieces(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
