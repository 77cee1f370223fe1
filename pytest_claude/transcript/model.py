"""What was said, as plain data: the same for every platform, streamed or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from pytest_claude.transcript.interaction import Timing


@dataclass(frozen=True)
class ToolUse:
    """One call of a tool as the model wrote it.

    Attributes:
        id: Ties the call to its result.
        name: The tool.
        input: Parsed arguments; the raw text where a cut stream left no whole JSON.
        index: Position among the blocks of its answer, from 0.
        server: Whether the API ran the tool itself.
    """

    id: str
    name: str
    input: Any
    index: int
    server: bool = False


@dataclass(frozen=True)
class ToolResult:
    """What the app sent back for a tool call."""

    tool_use_id: str
    content: Any
    is_error: bool = False


@dataclass(frozen=True)
class Usage:
    """Tokens as the API counted them; a count that it did not state is None, never 0.

    Attributes:
        input_tokens: Prompt tokens that were neither read from nor written to the cache.
        output_tokens: Thinking included.
        cache_read_tokens: Prompt tokens read from the cache.
        cache_write_5m_tokens: Prompt tokens written to the cache for 5 minutes.
        cache_write_1h_tokens: Prompt tokens written to the cache for 1 hour.
        thinking_tokens: The part of `output_tokens` that was thinking.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    thinking_tokens: int | None = None

    def __add__(self, other: Usage) -> Usage:
        """The sum of what is known; None where neither side knows."""

        def total(name: str) -> int | None:
            known = [v for v in (getattr(self, name), getattr(other, name)) if v is not None]
            return sum(known) if known else None

        return Usage(**{each.name: total(each.name) for each in fields(Usage)})


@dataclass(frozen=True)
class ErrorReply:
    """The API's error in place of an answer."""

    type: str | None
    message: str | None
    request_id: str | None = None


@dataclass(frozen=True)
class RequestView:
    """What was asked; whatever the body holds, reading it raises nothing.

    Attributes:
        method: HTTP method.
        path: Path of the URL.
        body: The JSON body as it was sent, or None.
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None

    @property
    def model(self) -> str | None:
        """The model as sent."""
        model = self._get("model")
        return model if isinstance(model, str) else None

    @property
    def system(self) -> str:
        """The system prompt, its text blocks joined."""
        return text_of(self._get("system"))

    @property
    def messages(self) -> tuple[Mapping[str, Any], ...]:
        """The messages, each with `role` and `content`."""
        return _mappings(self._get("messages"))

    @property
    def tools(self) -> tuple[Mapping[str, Any], ...]:
        """The tools offered, as sent."""
        return _mappings(self._get("tools"))

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The names of the tools offered."""
        return tuple(str(tool["name"]) for tool in self.tools if "name" in tool)

    @property
    def max_tokens(self) -> int | None:
        """The limit of output tokens."""
        value = self._get("max_tokens")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self._get("stream") is True

    @property
    def tool_choice(self) -> Mapping[str, Any] | None:
        """The tool choice, as sent."""
        value = self._get("tool_choice")
        return value if isinstance(value, Mapping) else None

    @property
    def thinking(self) -> Mapping[str, Any] | None:
        """The thinking setting, as sent."""
        value = self._get("thinking")
        return value if isinstance(value, Mapping) else None

    def _get(self, key: str) -> Any:
        return self.body.get(key) if self.body is not None else None


@dataclass(frozen=True)
class Answer:
    """One call to a model and what came back, an error included.

    Attributes:
        number: Number of the interaction, from 1.
        request: What was asked.
        model: The model the app asked for, before any swap.
        served_model: The model that answered, as the API names it.
        status: HTTP status.
        stop_reason: In the API's words; None where there is none.
        text: All text blocks joined.
        thinking: Visible thinking; None when there is none.
        tool_uses: Calls of client tools, in order.
        server_tool_uses: Calls of tools that the API ran itself.
        blocks: Block types in order.
        usage: Tokens of this answer.
        timing: As measured while recording; None where it was not.
        error: Set when the call failed, or its stream ended in an error.
        complete: False when a stream was cut.
        stream: Whether the answer came as a stream.
        citations: Number of citations in the text.
        response_id: The API's id of the message.
    """

    number: int
    request: RequestView
    model: str | None
    served_model: str | None
    status: int
    stop_reason: str | None = None
    text: str = ""
    thinking: str | None = None
    tool_uses: tuple[ToolUse, ...] = ()
    server_tool_uses: tuple[ToolUse, ...] = ()
    blocks: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    timing: Timing | None = None
    error: ErrorReply | None = None
    complete: bool = True
    stream: bool = False
    citations: int = 0
    response_id: str | None = None

    @property
    def ok(self) -> bool:
        """Whether this is a whole answer of the model."""
        return self.status < 400 and self.error is None and self.complete


@dataclass(frozen=True)
class Transcript:
    """All calls to models of one trial, in the order their requests were sent.

    Attributes:
        answers: With errors and cut streams.
        pending: Calls whose answer had not arrived.
    """

    answers: tuple[Answer, ...] = ()
    pending: int = 0

    @property
    def answered(self) -> tuple[Answer, ...]:
        """The whole answers."""
        return tuple(answer for answer in self.answers if answer.ok)

    @property
    def tool_uses(self) -> tuple[ToolUse, ...]:
        """All calls of client tools, in order."""
        return tuple(use for answer in self.answered for use in answer.tool_uses)

    @property
    def usage(self) -> Usage:
        """The tokens of all answers together."""
        return sum((answer.usage for answer in self.answers), Usage())

    @cached_property
    def tool_results(self) -> Mapping[str, ToolResult]:
        """What the app sent back, by the id of the call."""
        return {
            result.tool_use_id: result
            for answer in self.answers
            for message in answer.request.messages
            for result in _results(message.get("content"))
        }

    @cached_property
    def conversations(self) -> tuple[tuple[Answer, ...], ...]:
        """The answers by conversation, the first call's conversation first.

        A call goes on with a conversation when its messages begin with all messages of that
        conversation's latest call and add at least one.
        """
        found: list[list[Answer]] = []
        for answer in self.answers:
            home = next((c for c in reversed(found) if _goes_on(c[-1], answer)), None)
            if home is None:
                found.append([answer])
            else:
                home.append(answer)
        return tuple(tuple(conversation) for conversation in found)

    @property
    def main(self) -> tuple[Answer, ...]:
        """The conversation that the first call began."""
        return self.conversations[0] if self.answers else ()

    @property
    def last(self) -> Answer | None:
        """The last answer of the main conversation, good or not."""
        return self.main[-1] if self.answers else None


def text_of(content: Any) -> str:
    """The text of a content field: a string, or its text blocks joined by a blank line."""
    if isinstance(content, str):
        return content
    texts = (block.get("text") for block in _mappings(content) if block.get("type") == "text")
    return "\n\n".join(text for text in texts if isinstance(text, str))


def _mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(entry for entry in value if isinstance(entry, Mapping))


def _results(content: Any) -> list[ToolResult]:
    return [
        ToolResult(block["tool_use_id"], block.get("content"), block.get("is_error") is True)
        for block in _mappings(content)
        if block.get("type") == "tool_result" and isinstance(block.get("tool_use_id"), str)
    ]


def _goes_on(before: Answer, after: Answer) -> bool:
    old, new = before.request.messages, after.request.messages
    if new == old:
        return not before.ok  # the SDK's retry of a failed call
    return len(new) > len(old) and _same_turns(new[: len(old)], old)


def _same_turns(left: tuple[Mapping[str, Any], ...], right: tuple[Mapping[str, Any], ...]) -> bool:
    return all(_turn(a) == _turn(b) for a, b in zip(left, right, strict=True))


def _turn(message: Mapping[str, Any]) -> tuple[Any, Any]:
    """Role and content; the cache marks that move from turn to turn do not count."""
    content = message.get("content")
    if isinstance(content, list):
        content = [
            {key: value for key, value in block.items() if key != "cache_control"}
            if isinstance(block, Mapping)
            else block
            for block in content
        ]
        if len(content) == 1 and isinstance(content[0], dict) and content[0].keys() == {
            "type", "text",
        }:  # fmt: skip
            content = content[0]["text"]
    return message.get("role"), content
