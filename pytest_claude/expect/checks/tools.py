"""Which tools were called, and with what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, roles, same_spelling, written_call
from pytest_claude.expect.checks.evidence import (
    call_text,
    calls_in,
    instead,
    names_text,
    quoted_reply,
    times_text,
    tool_evidence,
    unknown,
    value_text,
)
from pytest_claude.expect.checks.offered import check_offered, check_server_tool
from pytest_claude.expect.result import Check
from pytest_claude.transcript.model import Answer, ToolUse, Transcript
from pytest_claude.transcript.quoting import quote

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

Calls = list[tuple[Answer, ToolUse]]

_KEYWORDS = ("times", "exact", "offered")
_KINDS: dict[type, str] = {int: "number", float: "number", str: "string", bool: "boolean"}


def calls_tool(
    transcript: Transcript,
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

    What counts as a call: a `tool_use` block of an answered reply, whether or not the app ran
    it, and also of an output tool or an asking tool, for it is named here. What does not: a tool
    that the API runs itself (`calls_server_tool`), a name in another letter case, a call written
    as text, a call in an answer that failed or was cut.

    Args:
        name: The tool.
        arguments: Arguments whose names are taken here or are no identifiers.
        times: How often such a call was made, 0 or more; None for once or more.
        exact: No argument other than the given ones.
        offered: Refuse names that no request offered; False switches that off.
        more: Arguments by name. Values compare with `==`, so matchers work.

    Raises:
        NotOffered: No request offered such a tool, or its `input_schema` knows no such argument.
    """
    wanted = _Wanted(name, _merged(arguments, more), times, exact)
    return _called("calls_tool", transcript, calls_in(transcript), wanted, offered=offered)


def calls_server_tool(
    transcript: Transcript,
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

    What counts as a call: a `server_tool_use` or `mcp_tool_use` block of an answered reply. The
    arguments are those of `calls_tool`.

    Raises:
        NotOffered: No request offered such a tool.
    """
    wanted = _Wanted(name, _merged(arguments, more), times, exact)
    calls = [(answer, use) for answer in transcript.answered for use in answer.server_tool_uses]
    return _called("calls_server_tool", transcript, calls, wanted, offered=offered)


def calls_no_tool(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> Check:
    """Whether no client tool was called.

    What counts as a call: a `tool_use` block of an answered reply. What does not: tools that
    the API runs itself, output tools (their input is the answer; one that is forced by
    `tool_choice` is one too), asking tools, a call written as text.

    Args:
        output_tools: Globs of tools whose input is the answer. A method takes this and the
            following from the project's settings.
        asking_tools: Globs of tools that ask the user.
    """
    expected = "no tool call"
    if (missing := unknown("calls_no_tool", transcript, expected)) is not None:
        return missing
    acts = roles(transcript, output_tools, asking_tools).acts
    calls = [(answer, use) for answer, use in calls_in(transcript) if acts(use)]
    if calls:
        observed = f"calls {names_text(use.name for _, use in calls)}"
        evidence = tool_evidence(calls)
        return Check("calls_no_tool", False, expected, observed, observed, evidence)
    hint = None
    if (written := _written(transcript, transcript.offered)) is not None:
        hint = f"the reply writes a call as text, which nothing runs: {quote(written)}"
    evidence = quoted_reply(transcript) if transcript.last else ()
    observed = instead(transcript)
    if transcript.tool_uses:
        observed += " (output and asking tools are no actions)"
    return Check("calls_no_tool", True, expected, observed, "no tool call", evidence, hint)


def fits(given: Any, wanted: Mapping[str, Any], *, exact: bool = False) -> bool:
    """Whether the arguments of a call include the wanted ones.

    Args:
        given: The arguments of the call: an object, unless the model wrote something else.
        wanted: Arguments that the call must have; values compare with `==`.
        exact: Whether the call must have no others.
    """
    if not isinstance(given, Mapping):
        return not wanted and not exact
    return not _wrong(given, wanted, exact=exact)


def check_times(times: int | None) -> None:
    """Refuse what is not a number of times.

    Raises:
        TypeError: `times` is neither None nor a whole number, 0 or more.
    """
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
        raise TypeError(f"times={times!r}: a whole number, 0 or more; None for once or more")


@dataclass(frozen=True)
class _Wanted:
    """The call that a test states."""

    name: str
    arguments: Mapping[str, Any]
    times: int | None
    exact: bool

    def __post_init__(self) -> None:
        check_times(self.times)

    @property
    def expected(self) -> str:
        shown = ", ".join(f"{key}={value_text(value)}" for key, value in self.arguments.items())
        given = f" with {'exactly ' if self.exact else ''}{shown}" if shown else ""
        none = " with no arguments" if self.exact and not shown else ""
        counted = f" {times_text(self.times)}" if self.times is not None else ""
        return f"`{self.name}` called{given}{none}{counted}"


def _merged(arguments: Mapping[str, Any] | None, more: Mapping[str, Any]) -> Mapping[str, Any]:
    if arguments is not None and not isinstance(arguments, Mapping):
        raise TypeError(f"{arguments!r}: the arguments of the tool as a dict, or by name")
    return {**(arguments or {}), **more}


def _called(
    check: str, transcript: Transcript, made: Calls, wanted: _Wanted, *, offered: bool
) -> Check:
    if (missing := unknown(check, transcript, wanted.expected)) is not None:
        return missing
    name, times = wanted.name, wanted.times
    if offered and check == "calls_tool":
        check_offered(transcript, name, wanted.arguments, _KEYWORDS)
    elif offered:
        check_server_tool(transcript, name)
    calls = [(answer, use) for answer, use in made if use.name == name]
    fitting = [each for each in calls if fits(each[1].input, wanted.arguments, exact=wanted.exact)]
    outcome = len(fitting) == times if times is not None else bool(fitting)
    hint, counted = None, times_text(len(fitting))
    if outcome:
        shown = call_text(name, wanted.arguments)
        observed = f"called {counted}"
        reason = f"calls {shown}" if fitting else f"{shown} not called"
    elif not calls:
        observed, reason, hint = _not_called(transcript, name, made)
    elif fitting or (not wanted.arguments and not wanted.exact):
        observed = f"called {counted}"
        reason = f"`{name}` called {counted}, not {times_text(times or 0)}"
    else:
        observed, reason = _nearest_call([use.input for _, use in calls], wanted)
    evidence = tool_evidence(fitting if outcome else calls or made) or quoted_reply(transcript)
    return Check(check, outcome, wanted.expected, observed, reason, evidence, hint)


def _not_called(transcript: Transcript, name: str, made: Calls) -> tuple[str, str, str | None]:
    """Observed, reason and hint where the tool was not called, or not by its name."""
    other = next((use.name for _, use in made if same_spelling(use.name, name)), None)
    if other is not None:
        observed = f"calls `{other}`, which is spelled otherwise"
        hint = "tool names are compared as they are: an app that looks the tool up finds none"
        return observed, f"`{other}` called, not `{name}`", hint
    if (written := _written(transcript, (name,))) is not None:
        observed = f"no tool call; the reply writes it as text: {quote(written)}"
        hint = "a call written as text is run by nothing"
        return observed, f"`{name}` written as text, not called", hint
    return instead(transcript), f"`{name}` not called", None


def _written(transcript: Transcript, names: Collection[str]) -> str | None:
    texts = (written_call(answer.text, names) for answer in transcript.answered)
    return next((text for text in texts if text is not None), None)


def _nearest_call(inputs: list[Any], wanted: _Wanted) -> tuple[str, str]:
    """Observed and reason for calls of the right tool with other arguments."""
    wrong = [_wrong(given, wanted.arguments, exact=wanted.exact) for given in inputs]
    nearest = min(range(len(inputs)), key=lambda n: len(wrong[n]))
    given, keys = inputs[nearest], wrong[nearest]
    if not isinstance(given, Mapping):
        return f"called with {value_text(given)}, which is no object", "wrong arguments"
    shown = ", ".join(_given(key, given, wanted.arguments) for key in keys)
    more = f" (the nearest of {len(inputs)} calls)" if len(inputs) > 1 else ""
    return f"called with {shown}{more}", f"wrong {', '.join(keys)}"


def _wrong(given: Any, wanted: Mapping[str, Any], *, exact: bool) -> list[str]:
    """The arguments that differ, are missing or, with `exact`, are too many."""
    given = given if isinstance(given, Mapping) else {}
    # The wanted value on the left: a matcher's own `==` decides. It is not asked of what is
    # missing: `mock.ANY` would take that.
    wrong = [k for k, value in wanted.items() if k not in given or not bool(value == given[k])]
    return wrong + ([str(key) for key in given if key not in wanted] if exact else [])


def _given(key: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if key not in given:
        return f"no {key}"
    kind = ""
    if key in wanted and str(wanted[key]) == str(given[key]):
        kind = f" (a {_KINDS.get(type(given[key]), type(given[key]).__name__)})"
    return f"{key}={value_text(given[key])}{kind}"
