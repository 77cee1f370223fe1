"""What was said, as plain data: the same for every platform, streamed or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from pytest_claude.transcript.interaction import Ended, Timing
from pytest_claude.transcript.json_values import mappings
from pytest_claude.transcript.judging import asks_judge
from pytest_claude.transcript.linking import Linked, link
from pytest_claude.transcript.request import RequestView, text_of

__all__ = [
    "Answer", "ErrorReply", "RequestView", "ToolResult", "ToolUse", "Transcript", "Usage",
    "text_of",
]  # fmt: skip


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
    """What the app, or for a server tool the API, gave back for a tool call."""

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
        web_searches: Searches that the API made, billed one by one.
        web_fetches: Pages that the API fetched.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_5m_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    thinking_tokens: int | None = None
    web_searches: int | None = None
    web_fetches: int | None = None

    @property
    def cache_write_tokens(self) -> int | None:
        """Prompt tokens written to the cache, for however long."""
        stated = (self.cache_write_5m_tokens, self.cache_write_1h_tokens)
        known = [count for count in stated if count is not None]
        return sum(known) if known else None

    @property
    def all_input_tokens(self) -> int | None:
        """All prompt tokens: read from the cache, written to it, and neither.

        An answer that states no count of the cache used none.
        """
        if self.input_tokens is None:
            return None
        return self.input_tokens + (self.cache_read_tokens or 0) + (self.cache_write_tokens or 0)

    def __add__(self, other: Usage) -> Usage:
        """The sum of each count; None where neither side states it."""

        def total(name: str) -> int | None:
            stated = [v for v in (getattr(self, name), getattr(other, name)) if v is not None]
            return sum(stated) if stated else None

        return Usage(**{each.name: total(each.name) for each in fields(Usage)})


@dataclass(frozen=True)
class ErrorReply:
    """The API's error in place of an answer."""

    type: str | None
    message: str | None
    request_id: str | None = None


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
        text: All text blocks joined, after the beginning that the request gave (prefill).
        thinking: Visible thinking; None when there is none.
        tool_uses: Calls of client tools, in order.
        server_tool_uses: Calls of tools that the API ran itself.
        blocks: Block types in order.
        usage: Tokens of this answer.
        timing: As measured while recording; None where it was not.
        error: Set when the call failed, or its stream ended in an error.
        ended: How it ended; "cut" also where a stream has no end, or ended in an error.
        stream: Whether the answer came as a stream.
        citations: Number of citations in the text.
        response_id: The API's id of the message.
        content: The blocks as the API sent them, also of kinds that we don't know.
        redacted_thinking: Number of thinking blocks that can't be read.
        stop_sequence: The stop sequence that it met, if one.
        stop_details: What the API says of the stop, as sent; None when it says nothing.
        refusal_category: Why it refused, in the API's words; None when it did not say.
        service_tier: "standard", "priority" or "batch"; None when not stated.
        platform: "anthropic" for the API itself and gateways to it, "bedrock", "vertex" or
            "foundry".
        server_tool_results: What tools that the API ran itself gave back, in order.
        context_edits: What the API cut from the context before the model saw it, as sent.
        custom_id: The id by which the app asked for an answer in a batch; None for others.
        unknown_events: Events of the stream of a kind that we don't know, as sent.
        other_fields: Fields of the message that have no place above, as sent.
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
    ended: Ended = "whole"
    stream: bool = False
    citations: int = 0
    response_id: str | None = None
    content: tuple[Mapping[str, Any], ...] = ()
    redacted_thinking: int = 0
    refusal_category: str | None = None
    service_tier: str | None = None
    platform: str = "anthropic"
    stop_sequence: str | None = None
    stop_details: Mapping[str, Any] | None = None
    server_tool_results: tuple[ToolResult, ...] = ()
    context_edits: tuple[Mapping[str, Any], ...] = ()
    custom_id: str | None = None
    unknown_events: tuple[Mapping[str, Any], ...] = ()
    other_fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether it was received to its end."""
        return self.ended == "whole"

    @property
    def ok(self) -> bool:
        """Whether this is a whole answer of the model."""
        return self.status < 400 and self.error is None and self.complete

    @property
    def judges(self) -> bool:
        """Whether our judge asked, and not the app."""
        return asks_judge(self.request.body)


@dataclass(frozen=True)
class Transcript:
    """All calls to models of one trial, in the order their requests were sent.

    Attributes:
        answers: With errors and cut streams.
        pending: Calls whose answer had not arrived.
        injected: Calls that a fault of the test answered or altered: no answers of the model.
        others: Requests that are not a call of the Messages API: batches, token counts.
        empty_because: The reason that is given where `answers` is empty.
    """

    answers: tuple[Answer, ...] = ()
    pending: int = 0
    injected: int = 0
    others: int = 0
    empty_because: str = "no call to a model was made"

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

    @property
    def offered(self) -> Mapping[str, Mapping[str, Any]]:
        """The tools that the requests offered, by name, as first sent."""
        tools: dict[str, Mapping[str, Any]] = {}
        for answer in self.answers:
            for tool in answer.request.tools:
                if isinstance(name := tool.get("name"), str):
                    tools.setdefault(name, tool)
        return tools

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
    def _linked(self) -> Linked:
        return link(self.answers)

    @cached_property
    def conversations(self) -> tuple[tuple[Answer, ...], ...]:
        """The answers by conversation, in the order in which the conversations began."""
        chosen = self._linked.conversations
        return tuple(tuple(self.answers[number] for number in each) for each in chosen)

    @property
    def main(self) -> tuple[Answer, ...]:
        """The conversation of the last answer."""
        return self.conversations[self.places[-1][0]] if self.answers else ()

    @property
    def last(self) -> Answer | None:
        """The last answer, good or not; another may be meant where conversations compete."""
        return self.answers[-1] if self.answers else None

    @property
    def rivals(self) -> tuple[int, ...]:
        """The numbers of the conversations that compete for the last reply; empty if none does.

        Those are the last answer's own and those of other apps whose last reply may be meant.
        """
        others = self._linked.rivals
        return tuple(sorted({*others, self.places[-1][0]})) if others else ()

    @property
    def state_field(self) -> str | None:
        """A request field, unknown here, that says which conversation goes on; None for none."""
        return self._linked.state_field

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """The number of each answer's conversation, and how many of its messages are old there.

        Those are at the beginning of its request, and calls before it have shown them.
        """
        return self._linked.links

    def dialogue(self, home: int) -> list[Mapping[str, Any]]:
        """The messages of the conversation number `home`, its last answer included.

        They are those of its last request, after the earlier ones that it stands for and does not
        repeat: the API holds them (`thread`), or the app left them out.
        """
        messages: list[Mapping[str, Any]] = []
        shown = 0
        for number in self._linked.conversations[home]:
            answer, repeats = self.answers[number], self.places[number][1]
            asked = answer.request.messages
            left_out = messages if repeats < shown else []
            said = {"role": "assistant", "content": list(answer.content)}
            messages = [*left_out, *(asked[repeats:] if left_out else asked), said]
            shown = len(asked)
        return messages

    def part(self, answers: Iterable[Answer], empty_because: str) -> Transcript:
        """The same run, with these of its answers alone."""
        return replace(self, answers=tuple(answers), empty_because=empty_because)


_KNOWN_BLOCKS = ("text", "thinking", "redacted_thinking", "tool_use", "server_tool_use",
                 "mcp_tool_use", "container_upload", "compaction", "image", "document")  # fmt: skip


KNOWN_FIELDS = ("container", "input_transformations", "diagnostics")
"""Fields of a message that the API documents and nothing here reads."""


def is_known_block(kind: str) -> bool:
    """Whether a block type of an answer is one that this package reads."""
    return kind in _KNOWN_BLOCKS or kind.endswith("tool_result")


def _results(content: Any) -> list[ToolResult]:
    return [
        ToolResult(block["tool_use_id"], block.get("content"), block.get("is_error") is True)
        for block in mappings(content)
        if block.get("type") == "tool_result" and isinstance(block.get("tool_use_id"), str)
    ]
