"""View and Reply: what was said, with the checks as methods: the objects of a test author."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_claude.behavior.timing import Pace, pace
from pytest_claude.expect.checks.evidence import WHICH, gap, several
from pytest_claude.expect.listed import Listed
from pytest_claude.expect.methods import CheckMethods
from pytest_claude.expect.misuse import stated, unknown_name
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.expect.selection import selection
from pytest_claude.models.prices import Cost
from pytest_claude.transcript.model import (
    Answer,
    ErrorReply,
    RequestView,
    ToolResult,
    ToolUse,
    Transcript,
    Usage,
)

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

C = TypeVar("C", bound=Check)


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        name: The tool.
        input: Its arguments, parsed.
        result: What the app sent back for it, or the API where it ran the tool itself; None
            while nothing came back.
        is_error: Whether the app sent the result as an error.
        reply: The reply that holds the call.
        parallel_group: Number, from 1, of the reply among those with tool calls: calls of one
            reply share it.
    """

    name: str
    input: Any
    result: Any
    is_error: bool
    reply: Reply
    parallel_group: int


@dataclass(frozen=True)
class FailedCall:
    """One call that the API answered with an error.

    Attributes:
        status: HTTP status; 200 where a stream ended in an error.
        type: The API's word for it: `overloaded_error`.
        message: What the API said.
        model: The model the app asked for.
        request: What was asked.
        interaction: Number of the interaction in the cassette, from 1.
    """

    status: int
    type: str | None
    message: str | None
    model: str | None
    request: RequestView
    interaction: int


class View(CheckMethods):
    """A part of what was said to Claude and by Claude, and what a test can state about it.

    Not made by tests: the fixture `claude` is one, and so are its replies, its conversations and
    what `where` selects.
    """

    if not TYPE_CHECKING:  # a type checker would let every name pass

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or name in dir(type(self)):
                return object.__getattribute__(self, name)  # raises what was raised before
            raise AttributeError(unknown_name(type(self), name, Reply))

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The answered Messages calls, in the order their requests were sent."""
        transcript = self._transcript()
        replies = (self._reply_of(answer, transcript) for answer in transcript.answered)
        return Listed("replies", replies)

    @property
    def reply(self) -> Reply:
        """The last reply; the checks of a last reply look at it.

        Raises:
            LookupError: No call was answered, or conversations of several apps compete for it
                (see `conversations`).
        """
        transcript = self._transcript()
        last = transcript.last
        if last is None:
            raise LookupError(f"no reply: {gap(transcript) or 'no call was answered'}")
        if (open_between := several(transcript)) is not None:
            raise LookupError(f"no last reply: {open_between}; {WHICH}")
        return self._reply_of(last, transcript)

    @property
    def conversations(self) -> tuple[View, ...]:
        """The conversations, in the order in which they began; each has all the checks.

        A call goes on with the call that its `thread` names, else with the one whose turns it
        repeats, also where what was said before is trimmed, annotated or in part summed up.
        Sub-agents, side questions and calls that repeat nothing begin their own.

        Conversations with equal system prompts and tools are one app's, and the later is the
        last. Those of several apps compete for the last reply where one has calls between the
        other's, and where the last reply is no more than a verdict on another.
        """
        count = len(self._transcript().conversations)
        parts = (_Part(self, partial(_conversation, number)) for number in range(count))
        return Listed("conversations", parts)

    @stated
    def where(self, *, model: Any = None, system: Any = None, tool_offered: Any = None) -> View:
        """The calls that fit all that is given, with all the checks.

        Args:
            model: The model the app asked for, dates and platforms aside; a glob; or anything
                that compares with `==`.
            system: A text that the system prompt holds; a compiled pattern that is found in it;
                or anything that compares with `==`.
            tool_offered: The name of a tool that the request offered.

        Raises:
            TypeError: Nothing is given.
        """
        wanted = {"model": model, "system": system, "tool_offered": tool_offered}
        return _Part(self, selection(self._reading().names, **wanted))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of client tools, in order."""
        calls = _tool_calls(self.replies, lambda answer: answer.tool_uses, self._results())
        return Listed("tool_calls", calls)

    @property
    def server_tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of tools that the API ran itself, in order, with what it gave back."""
        calls = _tool_calls(self.replies, lambda answer: answer.server_tool_uses, {})
        return Listed("server_tool_calls", calls)

    @property
    def usage(self) -> Usage:
        """Tokens of all answers together; a count that no answer states is None."""
        return self._transcript().usage

    @property
    def cost_usd(self) -> float | None:
        """Dollars as billed, of all calls; None when a price or a count is unknown."""
        return None if (cost := self._cost()) is None else cost.usd

    @property
    def uncached_cost_usd(self) -> float | None:
        """Dollars for the same tokens had nothing been cached; None when unknown."""
        return None if (cost := self._cost()) is None else cost.uncached_usd

    @property
    def timing(self) -> Pace | None:
        """Times in seconds as measured while recording, also in a replay; None where unrecorded.

        `.total_s` of all calls, one after the other; `.first_token_s` of the first that was
        streamed; `.output_tokens_per_s` over the total.
        """
        return pace(self._transcript().answers)

    @property
    def errors(self) -> tuple[FailedCall, ...]:
        """The calls that the API answered with an error, in order."""
        failed = (
            FailedCall(a.status, error.type, error.message, a.model, a.request, a.number)
            for a in self._transcript().answers
            if a.error is not None or a.status >= 400
            for error in [a.error or ErrorReply(None, None)]
        )
        return Listed("errors", failed)

    def _results(self) -> Mapping[str, ToolResult]:
        """What came back for the calls of client tools; a later request brings it."""
        return self._transcript().tool_results

    def _cost(self) -> Cost | None:
        """What all calls cost; None where one was cut, which does not state all its tokens."""
        answers = self._transcript().answers
        whole = all(answer.ok or answer.status >= 400 for answer in answers)
        return self._reading().pricing(answers) if answers and whole else None

    def _reply_of(self, answer: Answer, run: Transcript) -> Reply:
        return Reply(answer, run, self._reading())


class Reply(View):
    """One answer of the model, with the checks of that answer alone."""

    def __init__(self, answer: Answer, run: Transcript, reading: Reading) -> None:
        self._answer = answer
        self._run = run
        self._read = reading

    def __repr__(self) -> str:
        calls = "".join(f", calls `{use.name}`" for use in self._answer.tool_uses)
        return f"<reply {self._answer.number}: {self.stop_reason}{calls}>"

    def _transcript(self) -> Transcript:
        return replace(self._run, answers=(self._answer,), pending=0, injected=0, others=0)

    def _reading(self) -> Reading:
        return self._read

    @property
    def text(self) -> str:
        """All text blocks joined."""
        return self._answer.text

    @property
    def thinking(self) -> str | None:
        """The visible thinking; None when there is none."""
        return self._answer.thinking

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped, in the API's words."""
        return self._answer.stop_reason

    @property
    def usage(self) -> Usage:
        """Tokens of this answer; a count that it does not state is None."""
        return self._answer.usage

    @property
    def request(self) -> RequestView:
        """What was asked: `.system`, `.messages`, `.tools`, `.body`."""
        return self._answer.request

    @property
    def model(self) -> str | None:
        """The model the app asked for, before any swap."""
        return self._answer.model

    @property
    def served_model(self) -> str | None:
        """The model that answered, as the API names it."""
        return self._answer.served_model

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._answer.status


class _Part(View):
    """Some of the calls of another view, chosen anew each time it is asked."""

    def __init__(self, whole: View, choose: Callable[[Transcript], Transcript]) -> None:
        self._whole = whole
        self._choose = choose

    def __repr__(self) -> str:
        number = len(self._transcript().answered)
        return f"<part of claude: {number} {'reply' if number == 1 else 'replies'}>"

    def _transcript(self) -> Transcript:
        return self._choose(self._whole._transcript())

    def _reading(self) -> Reading:
        return self._whole._reading()

    def _keep(self, check: C) -> C:
        return self._whole._keep(check)


def _conversation(number: int, run: Transcript) -> Transcript:
    return run.part(run.conversations[number], f"no call in conversation {number}")


def _tool_calls(
    replies: Iterable[Reply],
    uses: Callable[[Answer], tuple[ToolUse, ...]],
    results: Mapping[str, ToolResult],
) -> Iterator[ToolCall]:
    calling = [reply for reply in replies if uses(reply._answer)]
    for group, reply in enumerate(calling, start=1):
        for use in uses(reply._answer):
            result = results.get(use.id)
            content = None if result is None else result.content
            if use.server:
                blocks = (b for b in reply._answer.content if b.get("tool_use_id") == use.id)
                content = next((block.get("content") for block in blocks), None)
            failed = result is not None and result.is_error
            yield ToolCall(use.name, use.input, content, failed, reply, group)
