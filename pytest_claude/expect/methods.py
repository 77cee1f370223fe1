"""The checks as methods of a view: each is one function of `expect.checks` on what was said.

A check has one declaration: type checkers, editors, `help` and `inspect` see the function's
parameters and docstring. What a project says of its tools and prices (`Reading`) is the view's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, overload

from pytest_claude.behavior.structured import Where
from pytest_claude.expect import checks
from pytest_claude.expect.misuse import stated
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check, JsonCheck
from pytest_claude.transcript.model import Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

P = ParamSpec("P")
C = TypeVar("C", bound=Check)
T = TypeVar("T")


def _method(
    check: Callable[Concatenate[Transcript, P], C],
) -> Callable[Concatenate[CheckMethods, P], C]:
    """The method that makes `check` on the transcript of its view and keeps the result."""
    signature = inspect.signature(check)
    transcript, *others = signature.parameters.values()
    of_reading = [each.name for each in others if hasattr(Reading, each.name)]

    @wraps(check)
    def method(self: CheckMethods, /, *args: P.args, **kwargs: P.kwargs) -> C:
        reading = self._reading()
        for name in of_reading:
            kwargs.setdefault(name, getattr(reading, name))
        return self._keep(check(self._transcript(), *args, **kwargs))

    view = transcript.replace(name="self", annotation=transcript.empty)
    own = [view, *(each for each in others if each.name not in of_reading)]
    method.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
    return stated(method)


class _ReturnsJson(Protocol):
    """The overloads of `returns_json`, which a `ParamSpec` would lose."""

    @overload
    def __call__(self, schema: type[T], *, where: Where = ...) -> JsonCheck[T]: ...

    @overload
    def __call__(self, schema: Any = ..., *, where: Where = ...) -> JsonCheck[Any]: ...


class CheckMethods:
    """What a test can state about a part of what was said."""

    def _transcript(self) -> Transcript:
        raise NotImplementedError

    def _reading(self) -> Reading:
        return Reading()

    def _keep(self, check: C) -> C:
        """Note a check for the comparison; on a single reply there is nothing to note."""
        return check

    # Tools.
    calls_tool = _method(checks.calls_tool)
    calls_server_tool = _method(checks.calls_server_tool)
    calls_no_tool = _method(checks.calls_no_tool)
    calls_tools = _method(checks.calls_tools)
    calls_in_parallel = _method(checks.calls_in_parallel)
    passes_valid_arguments = _method(checks.passes_valid_arguments)
    # The last reply.
    asks_clarifying_question = _method(checks.asks_clarifying_question)
    refuses = _method(checks.refuses)
    returns_json = cast(_ReturnsJson, _method(checks.returns_json))
    stops_with = _method(checks.stops_with)
    is_truncated = _method(checks.is_truncated)
    finds = _method(checks.finds)
    cites = _method(checks.cites)
    writes_valid_code = _method(checks.writes_valid_code)
    # The run.
    thinks = _method(checks.thinks)
    within = _method(checks.within)
    reads_cache = _method(checks.reads_cache)
    calls_model = _method(checks.calls_model)
    makes_no_call = _method(checks.makes_no_call)
