"""The checks as methods of a view: each is one function of `expect.checks` on what was said.

Most methods are made from their function by `_method`, so that a check has one declaration: type
checkers, editors, `help` and `inspect` see the function's parameters and docstring. Written out
are the methods whose functions take what a project says of its tools and prices (`Reading`), and
`returns_json`, whose overloads a `ParamSpec` would lose.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from pytest_claude.behavior.structured import Where
from pytest_claude.expect import checks
from pytest_claude.expect.checks.order import Order, WantedCall
from pytest_claude.expect.misuse import stated
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck, RefusalCheck
from pytest_claude.transcript.model import Transcript

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

P = ParamSpec("P")
C = TypeVar("C", bound=Check)
T = TypeVar("T")


def _method(
    check: Callable[Concatenate[Transcript, P], C],
) -> Callable[Concatenate[CheckMethods, P], C]:
    """The method that makes `check` on the transcript of its view and keeps the result."""

    @wraps(check)
    def method(self: CheckMethods, /, *args: P.args, **kwargs: P.kwargs) -> C:
        return self._keep(check(self._transcript(), *args, **kwargs))

    signature = inspect.signature(check)
    transcript, *own = signature.parameters.values()
    view = transcript.replace(name="self", annotation=transcript.empty)
    method.__signature__ = signature.replace(parameters=[view, *own])  # type: ignore[attr-defined]
    return stated(method)


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

    calls_tool = _method(checks.calls_tool)
    calls_server_tool = _method(checks.calls_server_tool)
    calls_in_parallel = _method(checks.calls_in_parallel)
    passes_valid_arguments = _method(checks.passes_valid_arguments)

    @stated
    def calls_no_tool(self) -> Check:
        """Whether no client tool was called.

        What counts as a call: a `tool_use` block of an answered reply. What does not: tools that
        the API runs itself, output tools (their input is the answer; one that is forced by
        `tool_choice` is one too), asking tools, a call written as text.
        """
        return self._keep(checks.calls_no_tool(self._transcript(), **self._reading().tool_roles))

    @stated
    def calls_tools(
        self, calls: Sequence[WantedCall], /, *, order: Order = "strict", offered: bool = True
    ) -> Check:
        """Whether these client tools were called.

        What counts as a call: as in `calls_tool`, over all replies in the order they were sent,
        and in the order of the blocks within one. Output and asking tools count where `calls`
        names them.

        Args:
            calls: Names of tools, or pairs of a name and the arguments it has at least.
            order: "strict": these, in this order, and no others. "unordered": these and no
                others, in any order. "subset": no call outside the list, however often.
                "superset": at least these, each as often as it is listed.
            offered: Refuse names that no request offered; False switches that off.

        Raises:
            NotOffered: No request offered such a tool, or it has no such argument.
            TypeError: `calls` is not a list of calls, or `order` is not one of the four.
        """
        roles = self._reading().tool_roles
        return self._keep(
            checks.calls_tools(self._transcript(), calls, order=order, offered=offered, **roles)
        )

    # --- the last reply ---------------------------------------------------------------------

    stops_with = _method(checks.stops_with)
    is_truncated = _method(checks.is_truncated)
    finds = _method(checks.finds)
    cites = _method(checks.cites)
    writes_valid_code = _method(checks.writes_valid_code)

    @stated
    def asks_clarifying_question(self) -> ClarificationCheck:
        """Whether the last reply asks for what it needs instead of guessing.

        Counts: a question or a request for information that the task waits for, with or without a
        question mark, also beside a partial answer; a call of an asking tool. Does not count: an
        offer of more help, a request to confirm, a refusal, questions that are the deliverable or
        are in code or quotation. The check has `.kind`, `.sentence` and `.certain`; it is unknown
        where the rules are in doubt.
        """
        roles = self._reading().tool_roles
        return self._keep(checks.asks_clarifying_question(self._transcript(), **roles))

    @stated
    def refuses(self) -> RefusalCheck:
        """Whether the last reply refuses, by the stop reason `refusal` or in words.

        Counts: that stop reason, with or without text, and a refusal in words, also with an
        alternative. Does not count: a call that failed, a reply that asks, an answer with caveats.
        The check has `.category`, the API's word for why, where it gave one, and `.sentence`. It
        is unknown where the rules are in doubt whether the reply refuses.
        """
        return self._keep(checks.refuses(self._transcript(), **self._reading().tool_roles))

    @overload
    def returns_json(self, schema: type[T], *, where: Where = ...) -> JsonCheck[T]: ...

    @overload
    def returns_json(self, schema: Any = ..., *, where: Where = ...) -> JsonCheck[Any]: ...

    @stated
    def returns_json(self, schema: Any = None, *, where: Where = "answer") -> JsonCheck[Any]:
        """Whether the last reply is JSON, and satisfies `schema` if one is given.

        What counts: a text that `json.loads` accepts whole, structured output included, and the
        input of an output tool. What does not: JSON in a reply that was cut at `max_tokens`,
        though it parse. The check's `.value` is what was parsed, as an instance of the class where
        a class was given; `.raw` is the JSON value as written, also where it does not fit.

        Args:
            schema: A JSON Schema (its draft by `$schema`, 2020-12 by default), a pydantic model, a
                dataclass, a TypedDict or a type made of them; None for any JSON. Types are held
                strictly: a number written as a string does not fit.
            where: "answer": what `json.loads` accepts whole, or the input of the output tool;
                "anywhere": also in fences and prose, the first that satisfies the schema.

        Raises:
            TypeError: `schema` is not a schema, or `where` is neither.
        """
        outputs = self._reading().output_tools
        return self._keep(
            checks.returns_json(self._transcript(), schema, where=where, output_tools=outputs)
        )

    # --- the run ----------------------------------------------------------------------------

    thinks = _method(checks.thinks)
    makes_no_call = _method(checks.makes_no_call)

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

        All calls count, those that failed included. What is known only in part is unknown, unless
        the known part is above the limit already. Times are those of the recording, in a replay
        too.

        Args:
            cost_usd: Dollars as billed, by list prices or your own.
            output_tokens: Thinking included.
            thinking_tokens: Of the output tokens; a reply without a thinking block has none.
            time_to_first_token_s: Seconds from sending to the first content of the first streamed
                answer.
            total_s: Seconds of all calls, one after the other.

        Raises:
            TypeError: No limit is given, or one is not a number of 0 or more.
        """
        result = checks.within(
            self._transcript(),
            cost_usd=cost_usd,
            output_tokens=output_tokens,
            thinking_tokens=thinking_tokens,
            time_to_first_token_s=time_to_first_token_s,
            total_s=total_s,
            pricing=self._reading().pricing,
        )
        return self._keep(result)
