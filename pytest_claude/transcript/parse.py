"""Interactions of the Messages API, on whatever platform → Transcript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_claude.transcript import converse
from pytest_claude.transcript.batches import Batches
from pytest_claude.transcript.event_stream import is_event_stream, message_events, read_frames
from pytest_claude.transcript.interaction import Ended, Interaction, Request, Response
from pytest_claude.transcript.json_values import integer, mapping, mappings, string
from pytest_claude.transcript.model import (
    Answer,
    ErrorReply,
    RequestView,
    ToolResult,
    ToolUse,
    Transcript,
    Usage,
)
from pytest_claude.transcript.stream import assemble, read_events


def parse_transcript(interactions: Iterable[Interaction], pending: int = 0) -> Transcript:
    """The transcript of the app's calls to a model; the judge's are left out.

    Args:
        interactions: Requests and recorded responses, numbered from 1. The results of a batch are
            answers to the requests by which it was created.
        pending: How many calls have no answer yet.
    """
    groups = [answers for _, answers in parse_answers(interactions)]
    of_app = tuple(answer for answers in groups for answer in answers if not answer.judges)
    return Transcript(of_app, pending, others=sum(not answers for answers in groups))


def parse_answers(
    interactions: Iterable[Interaction],
) -> Iterator[tuple[Interaction, tuple[Answer, ...]]]:
    """Each interaction with its answers: several for a batch's results, none for other calls."""
    batches = Batches()
    for number, interaction in enumerate(interactions, start=1):
        answer = parse_answer(interaction, number)
        single = None if answer is None else (answer,)
        yield interaction, single or batch_answers(interaction, number, batches)


def batch_answers(interaction: Interaction, number: int, batches: Batches) -> tuple[Answer, ...]:
    """The answers where an interaction fetches the results of a batch.

    Args:
        interaction: Request and recorded response.
        number: Its number in the cassette, from 1.
        batches: The batches so far; each interaction must pass here in turn.
    """
    batches.note(interaction)
    results = batches.results(interaction)
    return tuple(_batched(interaction, number, *each) for each in results)


def parse_answer(
    interaction: Interaction, number: int = 1, asked_model: str | None = None
) -> Answer | None:
    """The answer in one interaction, or None when it is not a call of the Messages API.

    Args:
        interaction: Request and recorded response.
        number: Its number in the cassette, from 1.
        asked_model: The model the app asked for, where the request was swapped.
    """
    call = _call(interaction.request)
    if call is None:
        return None
    platform, request = call
    response = interaction.response
    streamed = _is_stream(response)
    content = _content(response, streamed, platform)
    return replace(
        _answer(number, request, content, response.status),
        model=asked_model or request.model,
        timing=response.timing,
        ended=_ended(content, response),
        stream=streamed or request.stream,
        platform="bedrock" if platform == "converse" else platform,
    )


def _batched(
    interaction: Interaction, number: int, custom_id: str, params: Any, result: Mapping[str, Any]
) -> Answer:
    """The answer of one request of a batch."""
    request = RequestView("POST", "/v1/messages", params if isinstance(params, Mapping) else None)
    if result.get("type") == "succeeded":
        content = _Content(mapping(result.get("message")))
    else:
        # An error is wrapped as the API would have answered it alone; a canceled or expired
        # request has none.
        body = mapping(result.get("error"))
        kind = {"type": string(result.get("type"))}
        error = _error({**kind, **mapping(body.get("error"))}, body.get("request_id"))
        content = _Content({}, error=error)
    answer = _answer(number, request, content, interaction.response.status)
    return replace(answer, custom_id=custom_id, ended=interaction.response.ended)


@dataclass(frozen=True)
class _Content:
    """The content of a response, however it was sent."""

    message: Mapping[str, Any]
    complete: bool = True
    error: ErrorReply | None = None
    unknown: tuple[Mapping[str, Any], ...] = ()
    stopped: bool = False


def _answer(number: int, request: RequestView, content: _Content, status: int) -> Answer:
    message = content.message
    blocks = _blocks(message.get("content"))
    text = "".join(string(b.get("text")) or "" for b in blocks if b.get("type") == "text")
    uses = [_tool_use(block, n) for n, block in enumerate(blocks) if _is_tool_use(block)]
    details = message.get("stop_details")
    edits = mapping(message.get("context_management")).get("applied_edits")
    return Answer(
        number=number,
        request=request,
        model=request.model,
        served_model=string(message.get("model")),
        status=status,
        stop_reason=string(message.get("stop_reason")),
        text=text and request.prefill + text,
        thinking=_thinking(blocks),
        tool_uses=tuple(use for use in uses if not use.server),
        server_tool_uses=tuple(use for use in uses if use.server),
        blocks=tuple(str(block.get("type")) for block in blocks),
        usage=_usage(message.get("usage")),
        error=content.error,
        citations=sum(len(mappings(block.get("citations"))) for block in blocks),
        response_id=string(message.get("id")),
        content=blocks,
        redacted_thinking=sum(block.get("type") == "redacted_thinking" for block in blocks),
        refusal_category=string(mapping(details).get("category")),
        service_tier=string(mapping(message.get("usage")).get("service_tier")),
        stop_sequence=string(message.get("stop_sequence")),
        stop_details=details if isinstance(details, Mapping) else None,
        server_tool_results=tuple(_server_result(b) for b in blocks if _is_server_result(b)),
        context_edits=mappings(edits),
        unknown_events=content.unknown,
        other_fields={k: v for k, v in message.items() if k not in _FIELDS and v is not None},
    )


_FIELDS = ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details",
           "usage", "context_management", "completion", "stop", "log_id")  # fmt: skip


def parse_request(request: Request) -> RequestView | None:
    """What a request asks a model, or None when it is not a call of the Messages API."""
    call = _call(request)
    return None if call is None else call[1]


_PLATFORM = re.compile(
    r"/model/(?P<bedrock>[^/]+)/(?P<how>invoke|invoke-with-response-stream|converse|converse-stream)$"
    r"|/publishers/anthropic/models/(?P<vertex>[^/:]+):(?P<raw>rawPredict|streamRawPredict)$"
)


def _call(request: Request) -> tuple[str, RequestView] | None:
    """The platform and the request in the words of the Messages API; None for another call."""
    try:
        url = urlsplit(request.url)
        host = url.hostname or ""
    except ValueError:
        return None
    if request.method != "POST":
        return None
    json_body = request.json()
    body = json_body if isinstance(json_body, Mapping) else None
    if url.path.rstrip("/").endswith(("/v1/messages", "/v1/complete")):
        platform = "foundry" if host.endswith(".azure.com") else "anthropic"
        return platform, RequestView(request.method, url.path, _with_messages(body))
    match = _PLATFORM.search(url.path)
    if match is None:
        return None
    platform, body = _on_platform(match, body or {})
    return platform, RequestView(request.method, url.path, body)


def _with_messages(body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The body of a text completion of the first models with its prompt as a message."""
    if body is None or "prompt" not in body or "messages" in body:
        return body
    limit = {"max_tokens": body["max_tokens_to_sample"]} if "max_tokens_to_sample" in body else {}
    return {**body, **limit, "messages": [{"role": "user", "content": body["prompt"]}]}


def _on_platform(match: re.Match[str], body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A cloud's request: the path names the model and says whether a stream is asked for."""
    model = unquote(match["bedrock"] or match["vertex"])
    how = match["how"] or match["raw"]
    stream = "stream" in how.lower()
    if how.startswith("converse"):
        return "converse", converse.request_body(body, model, stream=stream)
    platform = "bedrock" if match["bedrock"] else "vertex"
    return platform, {**(_with_messages(body) or {}), "model": model, "stream": stream}


_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:event|data|id|retry)?:")


def _is_stream(response: Response) -> bool:
    body = response.body
    if is_event_stream(body) or _FIRST_LINE.match(body):
        return True
    kind = response.headers.get("content-type", "").lower()
    return "text/event-stream" in kind and not body.lstrip().startswith(b"{")


def _content(response: Response, streamed: bool, platform: str) -> _Content:
    if streamed:
        stream = assemble(_events(response.body, platform))
        if response.status < 400 or stream.error is not None:
            error = _error(stream.error, stream.request_id)
            return _Content(stream.message, stream.complete, error, stream.unknown, stream.stopped)
    body = response.json()
    header = response.headers.get("request-id")
    if not isinstance(body, Mapping):
        # HTML of a proxy, an empty body: nothing that the API sends.
        text = response.body[:200].decode("utf-8", "replace").strip()
        return _Content({}, error=ErrorReply(None, text or "an empty body", header))
    if response.status >= 400 or body.get("type") == "error":
        error = _error(body.get("error", body), body.get("request_id") or header)
        return _Content({}, error=error)  # the clouds put the message at the top
    if platform == "converse":
        return _Content(converse.message(body))
    if "completion" in body and "content" not in body:
        return _Content({**body, "content": body["completion"]})
    return _Content(body)


def _events(body: bytes, platform: str) -> Iterable[Mapping[str, Any] | None]:
    if not is_event_stream(body):
        return read_events(body)
    return converse.events(read_frames(body)) if platform == "converse" else message_events(body)


def _ended(content: _Content, response: Response) -> Ended:
    if response.ended == "whole" and not content.complete:
        return "cut"  # all was read that came, and it has no end
    if response.ended == "left" and content.stopped:
        return "whole"  # litellm leaves here: what would still have come says nothing
    return response.ended


def _error(error: Any, request_id: Any) -> ErrorReply | None:
    if error is None:
        return None
    if not isinstance(error, Mapping):
        return ErrorReply(None, str(error), string(request_id))
    return ErrorReply(string(error.get("type")), string(error.get("message")), string(request_id))


def _blocks(content: Any) -> tuple[Mapping[str, Any], ...]:
    return ({"type": "text", "text": content},) if isinstance(content, str) else mappings(content)


def _is_server_result(block: Mapping[str, Any]) -> bool:
    return isinstance(block.get("tool_use_id"), str) and block.get("type") != "tool_result"


def _server_result(block: Mapping[str, Any]) -> ToolResult:
    content = block.get("content")
    failed = block.get("is_error") is True or "error" in str(mapping(content).get("type"))
    return ToolResult(block["tool_use_id"], content, failed)


def _is_tool_use(block: Mapping[str, Any]) -> bool:
    return block.get("type") in ("tool_use", "server_tool_use", "mcp_tool_use")


def _tool_use(block: Mapping[str, Any], index: int) -> ToolUse:
    return ToolUse(
        id=string(block.get("id")) or "",
        name=string(block.get("name")) or "",
        input=block.get("input"),
        index=index,
        server=block.get("type") != "tool_use",
    )


def _thinking(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    pieces = [string(b.get("thinking")) for b in blocks if b.get("type") == "thinking"]
    return "\n\n".join(piece for piece in pieces if piece) or None


def _usage(value: Any) -> Usage:
    usage = mapping(value)
    split, searched = mapping(usage.get("cache_creation")), mapping(usage.get("server_tool_use"))
    written_1h = integer(split.get("ephemeral_1h_input_tokens"))
    written_5m = integer(split.get("ephemeral_5m_input_tokens"))
    total = integer(usage.get("cache_creation_input_tokens"))
    by_time = (written_5m or 0) + (written_1h or 0)
    if total is not None and (written_5m is written_1h is None or total > by_time):
        # There was no split at first, and the end of a stream can count more than its beginning
        # split: what was not asked for an hour is for 5 minutes.
        written_5m = (written_5m or 0) + total - by_time
    return Usage(
        input_tokens=integer(usage.get("input_tokens")),
        output_tokens=integer(usage.get("output_tokens")),
        cache_read_tokens=integer(usage.get("cache_read_input_tokens")),
        cache_write_5m_tokens=written_5m,
        cache_write_1h_tokens=written_1h,
        thinking_tokens=integer(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
        web_searches=integer(searched.get("web_search_requests")),
        web_fetches=integer(searched.get("web_fetch_requests")),
    )
