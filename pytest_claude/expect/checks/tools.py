"""Which tools were called, and with what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pytest_claude.behavior.tools import (
    DEFAULT_OUTPUT_TOOLS,
    roles,
    same_spelling,
    written_call,
)
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

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

Calls = list[tuple[Answer, ToolUse]]

_absent = object()
_KEYWORDS = ("times", "exact", "offered")


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
        transcript: What was said.
        name: The tool.
        arguments: Arguments whose names are taken here or are no identifiers.
        times: How often such a call was made; None for once or more.
        exact: No argument other than the given ones.
        offered: Refuse names that no request offered; False switches that off.
        more: Arguments by name. Values compare with `==`, so matchers work.

    Raises:
        NotOffered: No request offered such a tool, or its `input_schema` knows no such argument.
    """
    wanted = _wanted(arguments, more)
    check_times(times)
    expected = _expected(name, wanted, exact=exact, times=times)
    if (missing := unknown("calls_tool", transcript, expected)) is not None:
        return missing
    if offered:
        check_offered(transcript, name, wanted, _KEYWORDS)
    calls = calls_in(transcript)
    return _called("calls_tool", transcript, calls, name, wanted, expected, times, exact=exact)


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
    wanted = _wanted(arguments, more)
    check_times(times)
    expected = _expected(name, wanted, exact=exact, times=times)
    if (missing := unknown("calls_server_tool", transcript, expected)) is not None:
        return missing
    if offered:
        check_server_tool(transcript, name)
    calls = [(answer, use) for answer in transcript.answered for use in answer.server_tool_uses]
    return _called(
        "calls_server_tool", transcript, calls, name, wanted, expected, times, exact=exact
    )


def calls_no_tool(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> Check:
    """Whether no client tool was called.

    What counts as a call: a `tool_use` block of an answered reply. What does not: tools that the
    API runs itself, output tools (globs, and a tool forced by `tool_choice`: their input is the
    answer), asking tools, a call written as text.
    """
    expected = "no tool call"
    if (missing := unknown("calls_no_tool", transcript, expected)) is not None:
        return missing
    known = roles(transcript, output_tools, asking_tools)
    calls = [(answer, use) for answer, use in calls_in(transcript) if known.acts(use)]
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
    """Whether the arguments of a call are the wanted ones, or with others beside them."""
    if not isinstance(given, Mapping):
        return not wanted and not exact
    if exact and given.keys() != wanted.keys():
        return False
    # The wanted value on the left: a matcher's own `==` decides.
    return all(key in given and _equal(value, given[key]) for key, value in wanted.items())


def _equal(wanted: Any, given: Any) -> bool:
    return bool(wanted == given)


def check_times(times: int | None) -> None:
    """Refuse what is no number of times."""
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 0):
        raise TypeError(f"times={times!r}: a whole number, 0 or more; None for once or more")


def _wanted(arguments: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    if arguments is not None and not isinstance(arguments, Mapping):
        raise TypeError(f"{arguments!r}: the arguments of the tool as a dict, or by name")
    return {**(arguments or {}), **more}


def _expected(name: str, wanted: Mapping[str, Any], *, exact: bool, times: int | None) -> str:
    counted = f" {times_text(times)}" if times is not None else ""
    return f"`{name}` called{with_text(wanted, exact=exact)}{counted}"


def _called(
    check: str,
    transcript: Transcript,
    made: Calls,
    name: str,
    wanted: Mapping[str, Any],
    expected: str,
    times: int | None,
    *,
    exact: bool,
) -> Check:
    calls = [(answer, use) for answer, use in made if use.name == name]
    fitting = [(a, use) for a, use in calls if fits(use.input, wanted, exact=exact)]
    outcome = len(fitting) == times if times is not None else bool(fitting)
    shown = call_text(name, wanted)
    hint = None
    if outcome:
        observed = f"called {times_text(len(fitting))}"
        reason = f"calls {shown}" if fitting else f"{shown} not called"
    elif not calls:
        observed, reason, hint = _not_called(transcript, name, made)
    elif fitting or (not wanted and not exact):
        observed = f"called {times_text(len(fitting))}"
        reason = f"`{name}` called {times_text(len(fitting))}, not {times_text(times or 0)}"
    else:
        observed, reason = _nearest_call([use for _, use in calls], wanted, exact=exact)
    evidence = tool_evidence(fitting if outcome else calls or made) or quoted_reply(transcript)
    return Check(check, outcome, expected, observed, reason, evidence, hint)


def _not_called(transcript: Transcript, name: str, made: Calls) -> tuple[str, str, str | None]:
    """Observed, reason and hint where the tool was not called, or not by its name."""
    others = [use.name for _, use in made if same_spelling(use.name, name)]
    if others:
        observed = f"calls `{others[0]}`, which is spelled otherwise"
        hint = "tool names are compared as they are: an app that looks the tool up finds none"
        return observed, f"`{others[0]}` called, not `{name}`", hint
    if (written := _written(transcript, (name,))) is not None:
        observed = f"no tool call; the reply writes it as text: {quote(written)}"
        hint = "a call written as text is run by nothing"
        return observed, f"`{name}` written as text, not called", hint
    return instead(transcript), f"`{name}` not called", None


def _written(transcript: Transcript, names: Collection[str]) -> str | None:
    found = (written_call(answer.text, names) for answer in transcript.answered)
    return next((text for text in found if text is not None), None)


def _nearest_call(
    calls: Sequence[ToolUse], wanted: Mapping[str, Any], *, exact: bool
) -> tuple[str, str]:
    """Observed and reason for calls of the right tool with other arguments."""
    wrong = [_wrong(use, wanted, exact=exact) for use in calls]
    nearest = min(range(len(calls)), key=lambda n: len(wrong[n]))
    given = calls[nearest].input
    if not isinstance(given, Mapping):
        return f"called with {value_text(given)}, which is no object", "wrong arguments"
    shown = ", ".join(_given(key, given, wanted) for key in wrong[nearest])
    more = f" (the nearest of {len(calls)} calls)" if len(calls) > 1 else ""
    return f"called with {shown}{more}", f"wrong {', '.join(wrong[nearest])}"


def _wrong(use: ToolUse, wanted: Mapping[str, Any], *, exact: bool) -> list[str]:
    given = use.input if isinstance(use.input, Mapping) else {}
    wrong = [key for key, value in wanted.items() if not _equal(value, given.get(key, _absent))]
    return wrong + ([str(key) for key in given if key not in wanted] if exact else [])


def _given(key: str, given: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    if key not in given:
        return f"no {key}"
    kind = ""
    if key in wanted and str(wanted[key]) == str(given[key]):
        kind = f" (a {_KINDS.get(type(given[key]), type(given[key]).__name__)})"
    return f"{key}={value_text(given[key])}{kind}"


_KINDS: dict[type, str] = {int: "number", float: "number", str: "string", bool: "boolean"}


def with_text(wanted: Mapping[str, Any], *, exact: bool = False) -> str:
    """The wanted arguments, in words."""
    if not wanted:
        return " with no arguments" if exact else ""
    shown = ", ".join(f"{key}={value_text(value)}" for key, value in wanted.items())
    return f" with {'exactly ' if exact else ''}{shown}"
