"""Interactions of the Messages API → Transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.model import (
    Answer,
    ErrorReply,
    RequestView,
    ToolUse,
    Transcript,
    Usage,
)
from pytest_claude.transcript.stream import assemble, read_events


def parse_transcript(interactions: Iterable[Interaction], pending: int = 0) -> Transcript:
    """The transcript of all calls to a model among `interactions`, numbered from 1."""
    answers = (parse_answer(i, number) for number, i in enumerate(interactions, start=1))
    return Transcript(tuple(answer for answer in answers if answer is not None), pending)


def parse_answer(
    interaction: Interaction, number: int = 1, asked_model: str | None = None
) -> Answer | None:
    """The answer in one interaction, or None when it is no call of the Messages API.

    Args:
        interaction: Request and recorded response.
        number: Its number in the cassette, from 1.
        asked_model: The model the app asked for, where the request was swapped.
    """
    request = _request(interaction.request)
    if request is None:
        return None
    response = interaction.response
    streamed = _is_stream(response)
    message, complete, error = _message(response, streamed)
    blocks = [block for block in _list(message.get("content")) if isinstance(block, Mapping)]
    uses = [_tool_use(block, n) for n, block in enumerate(blocks) if _is_tool_use(block)]
    return Answer(
        number=number,
        request=request,
        model=asked_model or request.model,
        served_model=_str(message.get("model")),
        status=response.status,
        stop_reason=_str(message.get("stop_reason")),
        text="".join(_str(b.get("text")) or "" for b in blocks if b.get("type") == "text"),
        thinking=_thinking(blocks),
        tool_uses=tuple(use for use in uses if not use.server),
        server_tool_uses=tuple(use for use in uses if use.server),
        blocks=tuple(str(block.get("type")) for block in blocks),
        usage=_usage(message.get("usage")),
        timing=response.timing,
        error=error,
        complete=complete and response.complete,
        stream=streamed or request.stream,
        citations=sum(len(_list(block.get("citations"))) for block in blocks),
        response_id=_str(message.get("id")),
    )


def _request(request: Request) -> RequestView | None:
    try:
        path = urlsplit(request.url).path
    except ValueError:
        return None
    if request.method != "POST" or not path.endswith("/v1/messages"):
        return None
    body = request.json()
    return RequestView(request.method, path, body if isinstance(body, Mapping) else None)


def _is_stream(response: Response) -> bool:
    if "text/event-stream" in response.headers.get("content-type", "").lower():
        return True
    return response.body.lstrip().startswith((b"event:", b"data:"))


def _message(
    response: Response, streamed: bool
) -> tuple[Mapping[str, Any], bool, ErrorReply | None]:
    """The message, whether it is whole, and the error where there is one."""
    if streamed:
        found = assemble(read_events(response.body))
        if response.status < 400 or found.error is not None:
            return found.message, found.complete, _error(found.error, None)
    body = response.json()
    if not isinstance(body, Mapping):
        # HTML of a proxy, an empty body: no answer of the API.
        text = response.body[:200].decode("utf-8", "replace").strip()
        return {}, True, ErrorReply(None, text or "an empty body")
    if response.status >= 400 or body.get("type") == "error":
        return {}, True, _error(body.get("error"), body.get("request_id")) or ErrorReply(None, None)
    return body, True, None


def _error(error: Any, request_id: Any) -> ErrorReply | None:
    if error is None:
        return None
    if not isinstance(error, Mapping):
        return ErrorReply(None, str(error), _str(request_id))
    return ErrorReply(_str(error.get("type")), _str(error.get("message")), _str(request_id))


def _is_tool_use(block: Mapping[str, Any]) -> bool:
    return block.get("type") in ("tool_use", "server_tool_use", "mcp_tool_use")


def _tool_use(block: Mapping[str, Any], index: int) -> ToolUse:
    return ToolUse(
        id=_str(block.get("id")) or "",
        name=_str(block.get("name")) or "",
        input=block.get("input"),
        index=index,
        server=block.get("type") != "tool_use",
    )


def _thinking(blocks: list[Mapping[str, Any]]) -> str | None:
    pieces = [_str(b.get("thinking")) for b in blocks if b.get("type") == "thinking"]
    return "\n\n".join(piece for piece in pieces if piece) or None


def _usage(value: Any) -> Usage:
    if not isinstance(value, Mapping):
        return Usage()
    creation = value.get("cache_creation")
    details = value.get("output_tokens_details")
    split = creation if isinstance(creation, Mapping) else {}
    # Before the split existed, all cache writes were for 5 minutes.
    old_count = value.get("cache_creation_input_tokens")
    written_5m = split.get("ephemeral_5m_input_tokens") if split else old_count
    return Usage(
        input_tokens=_int(value.get("input_tokens")),
        output_tokens=_int(value.get("output_tokens")),
        cache_read_tokens=_int(value.get("cache_read_input_tokens")),
        cache_write_5m_tokens=_int(written_5m),
        cache_write_1h_tokens=_int(split.get("ephemeral_1h_input_tokens")),
        thinking_tokens=_int(details.get("thinking_tokens"))
        if isinstance(details, Mapping)
        else None,
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
