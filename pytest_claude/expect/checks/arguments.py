"""Whether the arguments of tool calls are what the tools' own schemas say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_claude.behavior.structured import violations
from pytest_claude.behavior.tools import same_spelling
from pytest_claude.expect.checks.evidence import call_text, calls_in, counted, names_text, unknown
from pytest_claude.expect.checks.offered import check_offered
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Answer, ToolUse, Transcript

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

_MOST = 5


def passes_valid_arguments(
    transcript: Transcript, name: str | None = None, /, *, offered: bool = True
) -> Check:
    """Whether every call of a client tool satisfies the `input_schema` that its request offered.

    What counts: each call of the tool `name`, or of every tool; output and asking tools too. A
    call of a tool that its request did not offer is none that satisfies. The check is unknown
    when there was no call, or none whose tool has a schema (the API's own tools have none).

    Raises:
        NotOffered: No request offered a tool `name`.
    """
    of = "every call" if name is None else f"every call of `{name}`"
    expected = f"{of} satisfies the tool's input_schema"
    if (missing := unknown("passes_valid_arguments", transcript, expected)) is not None:
        return missing
    if name is not None and offered:
        check_offered(transcript, name, {})
    calls = [(a, use) for a, use in calls_in(transcript) if name in (None, use.name)]
    faults = {id(use): _faults(answer, use) for answer, use in calls}
    judged = [(a, use) for a, use in calls if faults[id(use)] is not None]
    if not judged:
        reason = "no tool was called" if not calls else (
            f"{names_text(use.name for _, use in calls)}: no input_schema to hold the call against"
        )  # fmt: skip
        last = transcript.answered[-1].number
        return Check("passes_valid_arguments", None, expected, reason, reason, (Evidence(last),))
    wrong = [(answer, use) for answer, use in judged if faults[id(use)]]
    if not wrong:
        observed = f"{counted(len(judged), 'call')}, {'it fits' if len(judged) == 1 else 'all fit'}"
        return Check("passes_valid_arguments", True, expected, observed, observed,
                     tuple(Evidence(n) for n in dict.fromkeys(a.number for a, _ in judged))[:_MOST],
                     )  # fmt: skip
    observed = f"{len(wrong)} of {counted(len(judged), 'call')} {_breaks(len(wrong))}"
    by_answer: dict[int, list[str]] = {}
    for answer, use in wrong[:_MOST]:
        told = [call_text(use.name, use.input), *_told(faults[id(use)] or ())]
        by_answer.setdefault(answer.number, []).extend(told)
    evidence = tuple(Evidence(number, tuple(lines)) for number, lines in by_answer.items())
    first = (faults[id(wrong[0][1])] or [""])[0]
    reason = f"{wrong[0][1].name}: {first}"
    return Check("passes_valid_arguments", False, expected, observed, reason, evidence)


def _faults(answer: Answer, use: ToolUse) -> list[str] | None:
    """What is wrong with a call; None where no schema says."""
    tools = {str(tool.get("name")): tool for tool in answer.request.tools}
    if use.name not in tools:
        near = next((name for name in tools if same_spelling(name, use.name)), None)
        told = f"; `{near}` was" if near else ""
        return [f"no tool of this name was offered{told}"]
    schema = tools[use.name].get("input_schema")
    if not isinstance(schema, Mapping):
        return None
    try:
        return [f"{fault.path} {fault.message}" for fault in violations(use.input, schema)]
    except TypeError:
        return None  # the app's schema is none; the API refuses it where it looks


def _told(faults: Sequence[str]) -> list[str]:
    rest = [f"  … {len(faults) - _MOST} more"] if len(faults) > _MOST else []
    return [*(f"  {fault}" for fault in faults[:_MOST]), *rest]


def _breaks(number: int) -> str:
    return "breaks its schema" if number == 1 else "break their schemas"
