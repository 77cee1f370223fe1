"""Each check: a function of a transcript. The methods of `View` are these and nothing more."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pytest_claude.behavior.clarifying import detect_clarification
from pytest_claude.behavior.profile import last_prompt
from pytest_claude.behavior.structured import Where, find_json, json_schema, violations
from pytest_claude.errors import NotOffered
from pytest_claude.expect.result import Check, ClarificationCheck, Evidence, JsonCheck
from pytest_claude.transcript.model import Answer, ToolUse, Transcript
from pytest_claude.transcript.quoting import cut, quote

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

_MOST_VIOLATIONS = 5
_absent = object()


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
    it. What does not: server tools, a call written as text, an answer that failed.

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
    wanted = {**(arguments or {}), **more}
    shown = _call(name, wanted)
    expected = f"`{name}` called" + _with(wanted, exact) + (f" {_times(times)}" if times else "")
    if (unknown := _unknown("calls_tool", transcript, expected)) is not None:
        return unknown
    if offered:
        _check_offered(transcript, name, wanted)
    calls = [(a, use) for a in transcript.answered for use in a.tool_uses if use.name == name]
    fitting = [(a, use) for a, use in calls if _fits(use.input, wanted, exact)]
    outcome = len(fitting) == times if times is not None else bool(fitting)
    if outcome:
        observed = f"called {_times(len(fitting))}"
        reason = f"calls {shown}" if fitting else f"{shown} not called"
    elif not calls:
        observed, reason = _instead(transcript), f"`{name}` not called"
    elif fitting or not wanted:
        observed = f"called {_times(len(fitting))}"
        reason = f"`{name}` called {_times(len(fitting))}, not {_times(times or 0)}"
    else:
        observed, reason = _nearest_call([use for _, use in calls], wanted, exact)
    evidence = _tool_evidence(fitting if outcome else calls) or _last_reply(transcript)
    return Check("calls_tool", outcome, expected, observed, reason, evidence)


def calls_no_tool(transcript: Transcript) -> Check:
    """Whether no client tool was called. Server tools do not count."""
    expected = "no tool call"
    if (unknown := _unknown("calls_no_tool", transcript, expected)) is not None:
        return unknown
    calls = [(answer, use) for answer in transcript.answered for use in answer.tool_uses]
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(use.name for _, use in calls))
    observed = f"calls {names}" if calls else _instead(transcript)
    reason = observed if calls else "no tool call"
    evidence = _tool_evidence(calls) or _last_reply(transcript)
    return Check("calls_no_tool", not calls, expected, observed, reason, evidence)


def asks_clarifying_question(
    transcript: Transcript, *, output_tools: Collection[str] = ()
) -> ClarificationCheck:
    """Whether the last reply asks for what it needs instead of guessing.

    Counts: a question or a request for information that the task waits for, with or without a
    question mark, also beside a partial answer. Does not count: an offer of more help, a request
    to confirm, a refusal, questions that are the deliverable or stand in code or quotation.
    """
    name, expected = "asks_clarifying_question", "the last reply asks for what it needs"
    if (unknown := _unknown(name, transcript, expected)) is not None:
        return ClarificationCheck(**_parts(unknown))
    last = _last(transcript)
    acts = any(use.name not in output_tools for use in last.tool_uses)
    found = detect_clarification(last.text, prompt=last_prompt(last), tool_call=acts)
    if found.asks:
        observed = f"it asks: {quote(found.sentence or last.text)}"
        reason = f"asks {quote(found.sentence or last.text)}"
    else:
        calls = [use.name for use in last.tool_uses]
        observed = _instead(transcript) if calls else f"it asks nothing ({_kind(found.kind)})"
        reason = f"calls `{calls[0]}`, asks nothing" if calls else f"no question ({found.kind})"
    return ClarificationCheck(
        name=name,
        outcome=found.asks,
        expected=expected,
        observed=observed,
        reason=reason,
        evidence=_last_reply(transcript),
        kind=found.kind,
        sentence=found.sentence,
        certain=found.certain,
    )


def returns_json(
    transcript: Transcript,
    schema: Any = None,
    *,
    where: Where = "answer",
    output_tools: Collection[str] = (),
) -> JsonCheck[Any]:
    """Whether the last reply is JSON, and satisfies `schema` if one is given.

    Args:
        transcript: What was said.
        schema: A JSON Schema, or a pydantic model; None for any JSON.
        where: "answer": what `json.loads` accepts whole, or the input of the output tool;
            "anywhere": also in fences and prose.
        output_tools: Names of tools whose input is the answer.

    Raises:
        TypeError: `schema` is no schema.
    """
    title, rules = json_schema(schema)
    expected = "text that is JSON" + (f" and satisfies {title}" if rules is not None else "")
    if (unknown := _unknown("returns_json", transcript, expected)) is not None:
        return JsonCheck(**_parts(unknown))
    last = _last(transcript)
    found = find_json(last, where=where, output_tools=output_tools)
    quoted = _last_reply(transcript)
    if found is None:
        hint = None
        if where == "answer" and find_json(last, where="anywhere") is not None:
            hint = 'there is JSON inside the text; where="anywhere" accepts it'
        observed = f"{len(last.text):,} characters of text that are no JSON"
        return JsonCheck(
            "returns_json", False, expected, observed, "no JSON", quoted, hint, value=None
        )
    if last.stop_reason == "max_tokens":
        observed = "the reply was cut at max_tokens; what there is parses by chance"
        return JsonCheck(
            "returns_json", False, expected, observed, "cut at max_tokens", quoted,
            value=found.value,
        )  # fmt: skip
    broken = violations(found.value, rules) if rules is not None else []
    if not broken:
        observed = f"JSON in {found.place}"
        return JsonCheck(
            "returns_json", True, expected, observed, observed, quoted, value=found.value
        )
    lines = [f"{fault.path}  {fault.message}" for fault in broken[:_MOST_VIOLATIONS]]
    if len(broken) > _MOST_VIOLATIONS:
        lines.append(f"… {len(broken) - _MOST_VIOLATIONS} more")
    places = "1 value breaks" if len(broken) == 1 else f"{len(broken)} values break"
    return JsonCheck(
        "returns_json",
        False,
        expected,
        f"JSON in {found.place}; {places} the schema",
        f"{broken[0].path} {broken[0].message}",
        (Evidence(last.number, tuple(lines)),),
        value=found.value,
    )


def stops_with(transcript: Transcript, reason: str) -> Check:
    """Whether the last reply ended with the stop reason `reason`."""
    expected = f"the last reply stops with `{reason}`"
    if (unknown := _unknown("stops_with", transcript, expected)) is not None:
        return unknown
    last = _last(transcript)
    observed = f"stops with `{last.stop_reason}`"
    outcome = last.stop_reason == reason
    return Check("stops_with", outcome, expected, observed, observed, (Evidence(last.number),))


def gap(transcript: Transcript) -> str | None:
    """What is missing to say anything of the behavior, or None when nothing is.

    Missing is: an answered call, the answer of a call in flight, the end of a stream, a good
    answer after a failed one.
    """
    if transcript.pending:
        return f"{transcript.pending} of the calls has no answer yet"
    if not transcript.answers:
        return "no call to a model was made"
    for answer in reversed(transcript.answers):
        if answer.ok:
            return None
        if not answer.complete and answer.error is None:
            return f"the stream of call {answer.number} was not read to its end"
        if answer.error is not None or answer.status >= 400:
            message = answer.error.message if answer.error is not None else None
            told = f": {quote(message)}" if message else ""
            return f"call {answer.number} failed with HTTP {answer.status}{told}"
    return None


def _unknown(name: str, transcript: Transcript, expected: str) -> Check | None:
    missing = gap(transcript)
    if missing is None:
        return None
    last = transcript.answers[-1].number if transcript.answers else None
    evidence = () if last is None else (Evidence(last),)
    return Check(name, None, expected, missing, missing, evidence)


def _parts(check: Check) -> dict[str, Any]:
    names = ("name", "outcome", "expected", "observed", "reason", "evidence")
    return {name: getattr(check, name) for name in names}


def _last(transcript: Transcript) -> Answer:
    last = transcript.last
    assert last is not None, "gap() says so otherwise"
    return last


def _fits(given: Any, wanted: Mapping[str, Any], exact: bool) -> bool:
    if not isinstance(given, Mapping):
        return not wanted
    if exact and given.keys() != wanted.keys():
        return False
    # The wanted value on the left: a matcher's own `==` decides.
    return all(key in given and value == given[key] for key, value in wanted.items())


def _check_offered(transcript: Transcript, name: str, wanted: Mapping[str, Any]) -> None:
    tools = [tool for answer in transcript.answers for tool in answer.request.tools]
    named = {str(tool["name"]): tool for tool in tools if "name" in tool}
    if name not in named:
        raise NotOffered(
            f"no request offered a tool {name!r}{_near(name, named)} "
            f"Offered: {', '.join(named) or 'none'}. (offered=False switches this check off)"
        )
    schema = named[name].get("input_schema")
    if not isinstance(schema, Mapping) or schema.get("additionalProperties", False) is not False:
        return
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or "patternProperties" in schema:
        return
    for key in wanted:
        if key not in properties:
            raise NotOffered(
                f"the tool {name!r} has no argument {key!r}{_near(key, properties)} "
                f"Arguments: {', '.join(properties) or 'none'}. "
                "(offered=False switches this check off)"
            )


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


def _nearest_call(
    calls: Sequence[ToolUse], wanted: Mapping[str, Any], exact: bool
) -> tuple[str, str]:
    """Observed and reason for calls of the right tool with other arguments."""
    first = calls[0].input if isinstance(calls[0].input, Mapping) else {}
    wrong = [key for key, value in wanted.items() if value != first.get(key, _absent)]
    wrong += [key for key in first if key not in wanted] if exact else []
    given = ", ".join(
        f"{key}={_value(first[key])}" if key in first else f"no {key}" for key in wrong
    )
    more = f" (first of {len(calls)} calls)" if len(calls) > 1 else ""
    return f"called with {given}{more}", f"wrong {', '.join(wrong)}"


def _instead(transcript: Transcript) -> str:
    """What happened, where no call did."""
    names = list(dict.fromkeys(use.name for use in transcript.tool_uses))
    if names:
        return "calls " + ", ".join(f"`{name}`" for name in names)
    last = transcript.last
    text = last.text if last is not None else ""
    return f"no tool call; the reply says: {quote(text)}" if text else "no tool call, no text"


def _tool_evidence(calls: Sequence[tuple[Answer, ToolUse]]) -> tuple[Evidence, ...]:
    by_answer: dict[int, list[str]] = {}
    for answer, use in calls:
        by_answer.setdefault(answer.number, []).append(_call(use.name, use.input))
    return tuple(Evidence(number, tuple(lines)) for number, lines in by_answer.items())


def _last_reply(transcript: Transcript) -> tuple[Evidence, ...]:
    last = _last(transcript)
    return (Evidence(last.number, (quote(last.text, 200),) if last.text else ()),)


def _call(name: str, arguments: Any) -> str:
    if not isinstance(arguments, Mapping):
        return f"{name}({_value(arguments)})"
    return f"{name}({', '.join(f'{key}={_value(value)}' for key, value in arguments.items())})"


def _with(wanted: Mapping[str, Any], exact: bool) -> str:
    if not wanted:
        return " with no arguments" if exact else ""
    shown = ", ".join(f"{key}={_value(value)}" for key, value in wanted.items())
    return f" with {'exactly ' if exact else ''}{shown}"


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _value(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return cut(text)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")
