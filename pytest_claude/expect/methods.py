"""The checks as methods: the one face of each function in `expect.checks`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, TypeVar, overload

from pytest_claude.behavior.needle import Needle
from pytest_claude.behavior.structured import Where
from pytest_claude.expect import checks
from pytest_claude.expect.checks.answer import StopReason
from pytest_claude.expect.checks.code import Language
from pytest_claude.expect.checks.order import Order, WantedCall
from pytest_claude.expect.misuse import stated
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck, RefusalCheck
from pytest_claude.transcript.model import Transcript

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

C = TypeVar("C", bound=Check)
T = TypeVar("T")


class CheckMethods:
    """What a test can state about a part of what was said."""

    def _transcript(self) -> Transcript:
        raise NotImplementedError

    def _reading(self) -> Reading:
        return Reading()

    def _keep(self, check: C) -> C:
        """Note a check for the comparison; on a single reply there is nothing to note."""
        return check

    # --- tools ------------------------------------------------------------------------------

    @stated
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

        What counts as a call: a `tool_use` block of an answered reply, whether or not the app
        ran it. What does not: a tool that the API runs itself, a name in another letter case, a
        call written as text.

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
        found = checks.calls_tool(
            self._transcript(), name, arguments, times=times, exact=exact, offered=offered, **more
        )
        return self._keep(found)

    @stated
    def calls_server_tool(
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
        """Whether a tool that the API runs itself was called: web search, code execution, MCP.

        The arguments are those of `calls_tool`.
        """
        found = checks.calls_server_tool(
            self._transcript(), name, arguments, times=times, exact=exact, offered=offered, **more
        )
        return self._keep(found)

    @stated
    def calls_no_tool(self) -> Check:
        """Whether no client tool was called.

        Tools that the API runs itself, output tools and asking tools do not count.
        """
        reading = self._reading()
        found = checks.calls_no_tool(
            self._transcript(),
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
        )
        return self._keep(found)

    @stated
    def calls_tools(
        self, calls: Sequence[WantedCall], /, *, order: Order = "strict", offered: bool = True
    ) -> Check:
        """Whether these client tools were called.

        Args:
            calls: Names of tools, or pairs of a name and the arguments it has at least.
            order: "strict": these, in this order, and no others. "unordered": these and no
                others, in any order. "subset": no call outside the list. "superset": at least
                these, each as often as it is listed.
            offered: Refuse names that no request offered; False switches that off.

        Raises:
            NotOffered: No request offered such a tool, or it has no such argument.
        """
        reading = self._reading()
        found = checks.calls_tools(
            self._transcript(),
            calls,
            order=order,
            offered=offered,
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
        )
        return self._keep(found)

    @stated
    def calls_in_parallel(
        self, first: str, second: str, /, *more: str, offered: bool = True
    ) -> Check:
        """Whether one reply calls all these client tools; a name given twice, twice.

        Raises:
            NotOffered: No request offered such a tool.
        """
        found = checks.calls_in_parallel(self._transcript(), first, second, *more, offered=offered)
        return self._keep(found)

    @stated
    def passes_valid_arguments(self, name: str | None = None, /, *, offered: bool = True) -> Check:
        """Whether every call (of the tool `name`) satisfies the tool's own `input_schema`.

        A call of a tool that was not offered does not. Unknown when there was no call.

        Raises:
            NotOffered: No request offered a tool `name`.
        """
        return self._keep(checks.passes_valid_arguments(self._transcript(), name, offered=offered))

    # --- the last reply ---------------------------------------------------------------------

    @stated
    def asks_clarifying_question(self) -> ClarificationCheck:
        """Whether the last reply asks for what it needs instead of guessing.

        A call of an asking tool counts. Offers of more help, requests to confirm and questions
        that are the deliverable do not. The check has `.kind`, `.sentence` and `.certain`; it is
        unknown where the rules are in doubt.
        """
        reading = self._reading()
        found = checks.asks_clarifying_question(
            self._transcript(),
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
        )
        return self._keep(found)

    @overload
    def returns_json(self, schema: type[T], *, where: Where = ...) -> JsonCheck[T]: ...

    @overload
    def returns_json(self, schema: Any = ..., *, where: Where = ...) -> JsonCheck[Any]: ...

    @stated
    def returns_json(self, schema: Any = None, *, where: Where = "answer") -> JsonCheck[Any]:
        """Whether the last reply is JSON, and satisfies `schema` if one is given.

        The check has `.value`, an instance of the class where a class was given, and `.raw`.

        Args:
            schema: A JSON Schema, a pydantic model, a dataclass, a TypedDict or a type made of
                them; None for any JSON. Types are held strictly.
            where: "answer": what `json.loads` accepts whole, or the input of the output tool;
                "anywhere": also in fences and prose.

        Raises:
            TypeError: `schema` is no schema.
        """
        found = checks.returns_json(
            self._transcript(), schema, where=where, output_tools=self._reading().output_tools
        )
        return self._keep(found)

    @stated
    def refuses(self) -> RefusalCheck:
        """Whether the last reply refuses, by the stop reason `refusal` or in words.

        The check has `.category`, the API's word for why, and `.sentence`. Unknown where the
        rules are in doubt.
        """
        reading = self._reading()
        found = checks.refuses(
            self._transcript(),
            output_tools=reading.output_tools,
            asking_tools=reading.asking_tools,
        )
        return self._keep(found)

    @stated
    def stops_with(self, reason: StopReason | str) -> Check:
        """Whether the last reply ended with the stop reason `reason`."""
        return self._keep(checks.stops_with(self._transcript(), reason))

    @stated
    def is_truncated(self) -> Check:
        """Whether the last reply was cut at `max_tokens` or at the end of the context window."""
        return self._keep(checks.is_truncated(self._transcript()))

    @stated
    def finds(self, needle: Needle, /) -> Check:
        """Whether the last reply states the fact that a `needle` hides in its document.

        Unknown when no request held the fact.
        """
        return self._keep(checks.finds(self._transcript(), needle))

    @stated
    def cites(self, document: str | int | None = None, /) -> Check:
        """Whether the last reply cites a document, and its citations hold there.

        Args:
            document: Its title, URL or source, its number from 0, or its text; None for any.

        Raises:
            NotOffered: No request offered such a document.
        """
        return self._keep(checks.cites(self._transcript(), document))

    @stated
    def writes_valid_code(
        self, language: Language = "python", *, against: ModuleType | None = None
    ) -> Check:
        """Whether the last reply writes code that parses and fits a module.

        Args:
            language: Only "python" is known.
            against: Every name of this module that the code uses must exist, and the arguments
                of every call must bind. Unknown when the code does not use it.
        """
        return self._keep(checks.writes_valid_code(self._transcript(), language, against=against))

    # --- the run ----------------------------------------------------------------------------

    @stated
    def thinks(self) -> Check:
        """Whether any reply thought before it answered, visibly or not."""
        return self._keep(checks.thinks(self._transcript()))

    @stated
    def within(
        self,
        *,
        cost_usd: float | None = None,
        output_tokens: int | None = None,
        thinking_tokens: int | None = None,
        time_to_first_token_s: float | None = None,
        total_s: float | None = None,
    ) -> Check:
        """Whether the run stays within these limits, each reached at most.

        Unknown where a price, a count or a time is. Times are those of the recording.

        Args:
            cost_usd: Dollars as billed.
            output_tokens: Thinking included.
            thinking_tokens: Of the output tokens.
            time_to_first_token_s: Seconds to the first content of the first streamed answer.
            total_s: Seconds of all calls, one after the other.
        """
        found = checks.within(
            self._transcript(),
            cost_usd=cost_usd,
            output_tokens=output_tokens,
            thinking_tokens=thinking_tokens,
            time_to_first_token_s=time_to_first_token_s,
            total_s=total_s,
            pricing=self._reading().pricing,
        )
        return self._keep(found)

    @stated
    def makes_no_call(self) -> Check:
        """Whether the app made no request to the API: true or false, never unknown."""
        return self._keep(checks.makes_no_call(self._transcript()))
