"""Interactions of the Messages API, on whatever platform → Transcript."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from pytest_claude.transcript import converse
from pytest_claude.transcript.batches import Batches
from pytest_claude.transcript.event_stream import (
    is_event_stream,
    message_events,
    read_frames,
)
from pytest_claude.transcript.interaction import Interaction, Request, Response
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
    """The transcript of the app's calls to a model among `interactions`, numbered from 1.

    The results of a batch are answers to the requests by which it was created.
    """
    found = [answers for _, answers in parse_answers(interactions)]
    of_app = tuple(answer for answers in found for answer in answers if not answer.judges)
    return Transcript(of_app, pending, others=sum(not answers for answers in found))


def parse_answers(
    interactions: Iterable[Interaction],
) -> Iterator[tuple[Interaction, tuple[Answer, ...]]]:
    """Each interaction with its answers: none of a call to no model, many of a batch's results."""
    batches = Batches()
    for number, interaction in enumerate(interactions, start=1):
        answer = parse_answer(interaction, number)
        if answer is not None:
            yield interaction, (answer,)
        else:
            yield interaction, batch_answers(interaction, number, batches)


def batch_answers(interaction: Interaction, number: int, batches: Batches) -> tuple[Answer, ...]:
    """The answers where an interaction fetches the results of a batch.

    `batches` hears of each interaction in turn, and so knows what a batch was asked.
    """
    batches.note(interaction)
    results = batches.results(interaction)
    return tuple(_batched(interaction, number, *each) for each in results)


def parse_answer(
    interaction: Interaction, number: int = 1, asked_model: str | None = None
) -> Answer | None:
    """The answer in one interaction, or None when it is no call of the Messages API.

    Args:
        interaction: Request and recorded response.
        number: Its number in the cassette, from 1.
        asked_model: The model the app asked for, where the request was swapped.
    """
    asked = _asked(interaction.request)
    if asked is None:
        return None
    platform, request = asked
    response = interaction.response
    streamed = _is_stream(response)
    said = _said(response, streamed, platform)
    answer = _answer(number, request, said, response.status)
    return replace(
        answer,
        model=asked_model or request.model,
        timing=response.timing,
        complete=said.complete and response.complete,
        stream=streamed or request.stream,
        platform="bedrock" if platform == "converse" else platform,
    )


def _batched(
    interaction: Interaction, number: int, custom_id: str, params: Any, result: Mapping[str, Any]
) -> Answer:
    """The answer of one request of a batch."""
    request = RequestView("POST", "/v1/messages", params if isinstance(params, Mapping) else None)
    if result.get("type") == "succeeded":
        said = _Said(_mapping(result.get("message")))
    else:
        # An error is wrapped as the API would have answered it alone; the others have none.
        body = _mapping(result.get("error"))
        kind = {"type": _str(result.get("type"))}
        error = _error({**kind, **_mapping(body.get("error"))}, body.get("request_id"))
        said = _Said({}, error=error)
    answer = _answer(number, request, said, interaction.response.status)
    return replace(answer, custom_id=custom_id, complete=interaction.response.complete)


@dataclass(frozen=True)
class _Said:
    """What a response says, however it was sent."""

    message: Mapping[str, Any]
    complete: bool = True
    error: ErrorReply | None = None
    unknown: tuple[Mapping[str, Any], ...] = ()


def _answer(number: int, request: RequestView, said: _Said, status: int) -> Answer:
    message = said.message
    blocks = _blocks(message.get("content"))
    uses = [_tool_use(block, n) for n, block in enumerate(blocks) if _is_tool_use(block)]
    details = message.get("stop_details")
    edits = _mapping(message.get("context_management")).get("applied_edits")
    return Answer(
        number=number,
        request=request,
        model=request.model,
        served_model=_str(message.get("model")),
        status=status,
        stop_reason=_str(message.get("stop_reason")),
        text="".join(_str(b.get("text")) or "" for b in blocks if b.get("type") == "text"),
        thinking=_thinking(blocks),
        tool_uses=tuple(use for use in uses if not use.server),
        server_tool_uses=tuple(use for use in uses if use.server),
        blocks=tuple(str(block.get("type")) for block in blocks),
        usage=_usage(message.get("usage")),
        error=said.error,
        complete=said.complete,
        citations=sum(len(_list(block.get("citations"))) for block in blocks),
        response_id=_str(message.get("id")),
        content=tuple(blocks),
        redacted_thinking=sum(block.get("type") == "redacted_thinking" for block in blocks),
        refusal_category=_str(_mapping(details).get("category")),
        service_tier=_str(_mapping(message.get("usage")).get("service_tier")),
        stop_sequence=_str(message.get("stop_sequence")),
        stop_details=details if isinstance(details, Mapping) else None,
        server_tool_results=tuple(_server_result(b) for b in blocks if _is_server_result(b)),
        context_edits=tuple(edit for edit in _list(edits) if isinstance(edit, Mapping)),
        unknown_events=said.unknown,
        other_fields={k: v for k, v in message.items() if k not in _FIELDS and v is not None},
    )


_FIELDS = ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details",
           "usage", "context_management", "completion", "stop", "log_id")  # fmt: skip


def parse_request(request: Request) -> RequestView | None:
    """What a request asks a model, or None when it is no call of the Messages API."""
    asked = _asked(request)
    return None if asked is None else asked[1]


_PLATFORM = re.compile(
    r"/model/(?P<bedrock>[^/]+)/(?P<how>invoke|invoke-with-response-stream|converse|converse-stream)$"
    r"|/publishers/anthropic/models/(?P<vertex>[^/:]+):(?P<raw>rawPredict|streamRawPredict)$"
)


def _asked(request: Request) -> tuple[str, RequestView] | None:
    """The platform and what was asked in the words of the Messages API; None for another call."""
    try:
        url = urlsplit(request.url)
        host = url.hostname or ""
    except ValueError:
        return None
    if request.method != "POST":
        return None
    body = request.json()
    known = body if isinstance(body, Mapping) else None
    for path in ("/v1/messages", "/v1/complete"):
        if url.path.rstrip("/").endswith(path):
            platform = "foundry" if host.endswith(".azure.com") else "anthropic"
            return platform, RequestView(request.method, url.path, _with_messages(known))
    found = _PLATFORM.search(url.path)
    if found is None:
        return None
    platform, known = _on_platform(found, known or {})
    return platform, RequestView(request.method, url.path, known)


def _with_messages(body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The body of a text completion of the first models with its prompt as a message."""
    if body is None or "prompt" not in body or "messages" in body:
        return body
    limit = {"max_tokens": body["max_tokens_to_sample"]} if "max_tokens_to_sample" in body else {}
    return {**body, **limit, "messages": [{"role": "user", "content": body["prompt"]}]}


def _on_platform(found: re.Match[str], body: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A cloud's request: the path names the model and says whether a stream is asked for."""
    model = unquote(found["bedrock"] or found["vertex"])
    how = found["how"] or found["raw"]
    stream = "stream" in how.lower()
    if how.startswith("converse"):
        return "converse", converse.request_body(body, model, stream=stream)
    platform = "bedrock" if found["bedrock"] else "vertex"
    return platform, {**(_with_messages(body) or {}), "model": model, "stream": stream}


_FIRST_LINE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:event|data|id|retry)?:")


def _is_stream(response: Response) -> bool:
    body = response.body
    if is_event_stream(body) or _FIRST_LINE.match(body):
        return True
    kind = response.headers.get("content-type", "").lower()
    return "text/event-stream" in kind and not body.lstrip().startswith(b"{")


def _said(response: Response, streamed: bool, platform: str) -> _Said:
    if streamed:
        found = assemble(_events(response.body, platform))
        if response.status < 400 or found.error is not None:
            error = _error(found.error, found.request_id)
            return _Said(found.message, found.complete, error, found.unknown)
    body = response.json()
    header = response.headers.get("request-id")
    if not isinstance(body, Mapping):
        # HTML of a proxy, an empty body: no answer of the API.
        text = response.body[:200].decode("utf-8", "replace").strip()
        return _Said({}, error=ErrorReply(None, text or "an empty body", header))
    if response.status >= 400 or body.get("type") == "error":
        error = body.get("error", body)  # the clouds put the message at the top
        return _Said({}, error=_error(error, body.get("request_id") or header))
    if platform == "converse":
        return _Said(converse.message(body))
    if "completion" in body and "content" not in body:
        return _Said({**body, "content": body["completion"]})
    return _Said(body)


def _events(body: bytes, platform: str) -> Iterable[dict[str, Any] | None]:
    if not is_event_stream(body):
        return read_events(body)
    return converse.events(read_frames(body)) if platform == "converse" else message_events(body)


def _error(error: Any, request_id: Any) -> ErrorReply | None:
    if error is None:
        return None
    if not isinstance(error, Mapping):
        return ErrorReply(None, str(error), _str(request_id))
    return ErrorReply(_str(error.get("type")), _str(error.get("message")), _str(request_id))


def _blocks(content: Any) -> list[Mapping[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in _list(content) if isinstance(block, Mapping)]


def _is_server_result(block: Mapping[str, Any]) -> bool:
    return isinstance(block.get("tool_use_id"), str) and block.get("type") != "tool_result"


def _server_result(block: Mapping[str, Any]) -> ToolResult:
    content = block.get("content")
    failed = block.get("is_error") is True or (
        isinstance(content, Mapping) and "error" in str(content.get("type"))
    )
    return ToolResult(block["tool_use_id"], content, failed)


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
    details = value.get("output_tokens_details")
    split = _mapping(value.get("cache_creation"))
    written_1h = _int(split.get("ephemeral_1h_input_tokens"))
    written_5m = _int(split.get("ephemeral_5m_input_tokens"))
    known = [count for count in (written_5m, written_1h) if count is not None]
    total = _int(value.get("cache_creation_input_tokens"))
    if total is not None and (not known or total > sum(known)):
        # There was no split at first, and the end of a stream can count more than its beginning
        # split: what was not asked for an hour is for 5 minutes.
        written_5m = (written_5m or 0) + total - sum(known)
    return Usage(
        input_tokens=_int(value.get("input_tokens")),
        output_tokens=_int(value.get("output_tokens")),
        cache_read_tokens=_int(value.get("cache_read_input_tokens")),
        cache_write_5m_tokens=written_5m,
        cache_write_1h_tokens=written_1h,
        thinking_tokens=_int(details.get("thinking_tokens"))
        if isinstance(details, Mapping)
        else None,
        web_searches=_int(_mapping(value.get("server_tool_use")).get("web_search_requests")),
        web_fetches=_int(_mapping(value.get("server_tool_use")).get("web_fetch_requests")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _int(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
