"""Whether the arguments of tool calls are what the tools' own schemas say."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_claude.behavior.structured import violations
from pytest_claude.behavior.tools import same_spelling
from pytest_claude.expect.checks.evidence import (
    MOST,
    by_answer,
    call_text,
    calls_in,
    counted,
    most,
    names_text,
    unknown,
)
from pytest_claude.expect.checks.offered import check_offered
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Answer, ToolUse, Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

_NAME = "passes_valid_arguments"


def passes_valid_arguments(
    transcript: Transcript, name: str | None = None, /, *, offered: bool = True
) -> Check:
    """Whether every call of a client tool satisfies the `input_schema` that its request offered.

    What counts: each call of the tool `name`, or of every tool; output and asking tools too. A
    call of a tool that its request did not offer does not satisfy. The check is unknown when
    there was no call, or no call of a tool with a schema (the API's own tools have none).

    Args:
        name: The tool; None for every tool.
        offered: Refuse a name that no request offered; False switches that off.

    Raises:
        NotOffered: No request offered a tool `name`.
    """
    which = "every call" if name is None else f"every call of `{name}`"
    expected = f"{which} satisfies the tool's input_schema"
    if (missing := unknown(_NAME, transcript, expected)) is not None:
        return missing
    if name is not None and offered:
        check_offered(transcript, name, {})
    calls = [(a, use) for a, use in calls_in(transcript) if name in (None, use.name)]
    held = [(a, use, faults) for a, use in calls if (faults := _faults(a, use)) is not None]
    if not held:
        reason = "no tool was called"
        if calls:
            names = names_text(use.name for _, use in calls)
            reason = f"{names}: no input_schema to hold the call against"
        evidence = (Evidence(transcript.answered[-1].number),)
        return Check(_NAME, None, expected, reason, reason, evidence)
    number = counted(len(held), "call")
    wrong = [each for each in held if each[2]]
    if not wrong:
        observed = f"{number}, {'it fits' if len(held) == 1 else 'all fit'}"
        numbers = list(dict.fromkeys(answer.number for answer, _, _ in held))[:MOST]
        return Check(_NAME, True, expected, observed, observed, tuple(map(Evidence, numbers)))
    breaks = "breaks its schema" if len(wrong) == 1 else "break their schemas"
    lines = (
        (answer, line)
        for answer, use, faults in wrong[:MOST]
        for line in (call_text(use.name, use.input), *(f"  {fault}" for fault in most(faults)))
    )
    _, use, faults = wrong[0]
    observed, reason = f"{len(wrong)} of {number} {breaks}", f"{use.name}: {faults[0]}"
    return Check(_NAME, False, expected, observed, reason, by_answer(lines))


def _faults(answer: Answer, use: ToolUse) -> list[str] | None:
    """What is wrong with a call; None where no schema says."""
    tools = {str(tool.get("name")): tool for tool in answer.request.tools}
    if use.name not in tools:
        near = next((name for name in tools if same_spelling(name, use.name)), None)
        offered = f"; `{near}` was" if near else ""
        return [f"no tool of this name was offered{offered}"]
    schema = tools[use.name].get("input_schema")
    if not isinstance(schema, Mapping):
        return None
    try:
        return [f"{fault.path} {fault.message}" for fault in violations(use.input, schema)]
    except TypeError:
        return None  # the app's schema is not valid; the API refuses it where it looks
