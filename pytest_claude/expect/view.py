"""View and Reply: what a test author holds; the checks as methods, each with one body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pytest_claude.behavior.structured import Where
from pytest_claude.expect import checks
from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck
from pytest_claude.transcript.interaction import Timing
from pytest_claude.transcript.model import Answer, RequestView, ToolUse, Transcript, Usage

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

C = TypeVar("C", bound=Check)


@dataclass(frozen=True)
class ToolCall:
    """One call of a client tool.

    Attributes:
        name: The tool.
        input: Its arguments, parsed.
        result: What the app sent back for it; None while it has sent nothing.
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


class View:
    """A part of a conversation with Claude, and what a test can state about it.

    Not made by tests: the fixture `claude` is one, and so is each reply.
    """

    def _transcript(self) -> Transcript:
        raise NotImplementedError

    def _output_tools(self) -> frozenset[str]:
        """Tools whose input is the answer: a call of them is no action."""
        return frozenset()

    def _keep(self, check: C) -> C:
        return check

    # --- what was said ----------------------------------------------------------------------

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The answered Messages calls, in the order their requests were sent."""
        transcript = self._transcript()
        return tuple(Reply(a, transcript, self._output_tools()) for a in transcript.answered)

    @property
    def reply(self) -> Reply:
        """The last reply of the main conversation, the one that the first call began.

        Raises:
            LookupError: No call was answered.
        """
        transcript = self._transcript()
        if transcript.last is None:
            raise LookupError(f"no reply: {checks.gap(transcript) or 'no call was answered'}")
        return Reply(transcript.last, transcript, self._output_tools())

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of client tools, in order."""
        results = self._transcript().tool_results
        calling = [reply for reply in self.replies if reply._answer.tool_uses]
        return tuple(
            _tool_call(use, results, reply, group)
            for group, reply in enumerate(calling, start=1)
            for use in reply._answer.tool_uses
        )

    @property
    def usage(self) -> Usage:
        """Tokens of all answers together; a count that no answer states is None."""
        return self._transcript().usage

    # --- checks -----------------------------------------------------------------------------

    def calls_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        times: int | None = None,
        exact: bool = False,
        offered: bool = True,
        **more: Any,
    ) -> Check:
        """Whether the client tool `name` was called, with at least the given arguments.

        Args:
            name: The tool.
            arguments: Arguments whose names are taken here or are no identifiers.
            times: How often such a call was made; None for once or more.
            exact: No argument other than the given ones.
            offered: Refuse names that no request offered; False switches that off.
            more: Arguments by name. Values compare with `==`, so matchers work.

        Raises:
            NotOffered: No request offered such a tool, or it has no such argument.
        """
        return self._keep(
            checks.calls_tool(
                self._transcript(),
                name,
                arguments,
                times=times,
                exact=exact,
                offered=offered,
                **more,
            )
        )

    def calls_no_tool(self) -> Check:
        """Whether no client tool was called. Server tools do not count."""
        return self._keep(checks.calls_no_tool(self._transcript()))

    def asks_clarifying_question(self) -> ClarificationCheck:
        """Whether the last reply asks for what it needs instead of guessing.

        Offers of more help, requests to confirm and questions that are the deliverable do not
        count. The check has `.kind`, `.sentence` and `.certain`.
        """
        found = checks.asks_clarifying_question(
            self._transcript(), output_tools=self._output_tools()
        )
        return self._keep(found)

    def returns_json(self, schema: Any = None, *, where: Where = "answer") -> JsonCheck[Any]:
        """Whether the last reply is JSON, and satisfies `schema` if one is given.

        Args:
            schema: A JSON Schema, or a pydantic model; None for any JSON.
            where: "answer": what `json.loads` accepts whole; "anywhere": also in fences and prose.
        """
        found = checks.returns_json(
            self._transcript(), schema, where=where, output_tools=self._output_tools()
        )
        return self._keep(found)

    def stops_with(self, reason: str) -> Check:
        """Whether the last reply ended with the stop reason `reason`."""
        return self._keep(checks.stops_with(self._transcript(), reason))


class Reply(View):
    """One answer of the model, with the checks of that answer alone."""

    def __init__(self, answer: Answer, run: Transcript, output_tools: frozenset[str]) -> None:
        self._answer = answer
        self._run = run
        self._outputs = output_tools

    def __repr__(self) -> str:
        calls = "".join(f", calls `{use.name}`" for use in self._answer.tool_uses)
        return f"<reply {self._answer.number}: {self.stop_reason}{calls}>"

    def _transcript(self) -> Transcript:
        return replace(self._run, answers=(self._answer,), pending=0)

    def _output_tools(self) -> frozenset[str]:
        return self._outputs

    @property
    def text(self) -> str:
        """All text blocks joined."""
        return self._answer.text

    @property
    def thinking(self) -> str | None:
        """The visible thinking; None when there is none."""
        return self._answer.thinking

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of client tools in this reply, in order."""
        results = self._run.tool_results
        return tuple(_tool_call(use, results, self, 1) for use in self._answer.tool_uses)

    @property
    def stop_reason(self) -> str | None:
        """Why the model stopped, in the API's words."""
        return self._answer.stop_reason

    @property
    def usage(self) -> Usage:
        """Tokens of this answer; a count that it does not state is None."""
        return self._answer.usage

    @property
    def timing(self) -> Timing | None:
        """Times as measured while recording; None where none were."""
        return self._answer.timing

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


def _tool_call(use: ToolUse, results: Mapping[str, Any], reply: Reply, group: int) -> ToolCall:
    result = results.get(use.id)
    return ToolCall(
        name=use.name,
        input=use.input,
        result=None if result is None else result.content,
        is_error=False if result is None else result.is_error,
        reply=reply,
        parallel_group=group,
    )
