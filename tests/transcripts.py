"""Hand-written transcripts for the tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude.transcript.interaction import Timing
from pytest_claude.transcript.model import (
    Answer,
    ErrorReply,
    RequestView,
    ToolUse,
    Transcript,
    Usage,
)

TOOLS: list[dict[str, Any]] = [
    {
        "name": "lookup_order",
        "input_schema": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}, "deep": {}},
            "required": ["order_id"],
        },
    },
    {"name": "refund", "input_schema": {"type": "object", "additionalProperties": True}},
    {"type": "web_search_20250305", "name": "web_search"},
    {"type": "bash_20250124", "name": "bash"},
]


def call(name: str, /, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """A tool call to pass to `answer`."""
    return name, arguments


def answer(
    text: str = "",
    *tools: tuple[str, Any],
    number: int = 1,
    server: Sequence[tuple[str, Any]] = (),
    prompt: Any = None,
    body: Mapping[str, Any] | None = None,
    **more: Any,
) -> Answer:
    """One answer; a conversation of its own unless `prompt` or `body` says otherwise."""
    prompt = f"turn {number}" if prompt is None else prompt
    sent = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1024,
        "tools": TOOLS,
        "messages": [{"role": "user", "content": prompt}],
        **(body or {}),
    }
    uses = tuple(ToolUse(f"t{number}{n}", name, value, n) for n, (name, value) in enumerate(tools))
    at_server = tuple(
        ToolUse(f"s{number}{n}", name, value, n, True) for n, (name, value) in enumerate(server)
    )
    facts: dict[str, Any] = {
        "status": 200,
        "stop_reason": "tool_use" if tools else "end_turn",
        "blocks": ("text",) if text else (),
        "usage": Usage(100, 20),
        **more,
    }
    return Answer(
        number=number,
        request=RequestView("POST", "/v1/messages", sent),
        model=sent["model"],
        served_model=f"{sent['model']}-20250929",
        text=text,
        tool_uses=uses,
        server_tool_uses=at_server,
        **facts,
    )


def failed(number: int = 1, status: int = 529, message: str = "Overloaded", **more: Any) -> Answer:
    """A call that the API answered with an error."""
    error = ErrorReply("api_error", message)
    return answer(number=number, status=status, error=error, stop_reason=None, usage=Usage(),
                  **more)  # fmt: skip


def run(*answers: Answer, pending: int = 0) -> Transcript:
    """A transcript of these answers."""
    return Transcript(answers, pending)


def talk(*answers: Answer) -> Transcript:
    """One conversation: each request holds the turns before it."""
    said: list[dict[str, Any]] = []
    going: list[Answer] = []
    for number, one in enumerate(answers, start=1):
        said = [*said, {"role": "user", "content": f"turn {number}"}]
        body = {**(one.request.body or {}), "messages": said}
        request = RequestView("POST", "/v1/messages", body)
        going.append(Answer(**{**vars(one), "number": number, "request": request}))
        said = [*said, {"role": "assistant", "content": one.text or "…"}]
    return Transcript(tuple(going))


def timed(total_s: float, first_token_s: float | None = None) -> Timing:
    """Recorded times."""
    return Timing(first_token_s or total_s, total_s, first_token_s)
