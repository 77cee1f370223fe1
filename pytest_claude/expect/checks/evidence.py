"""What a check can see: what is missing to say anything, and how what was said is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.linking import app
from pytest_claude.transcript.model import Answer, ToolUse, Transcript
from pytest_claude.transcript.quoting import cut, quote

C = TypeVar("C", bound=Check)

WHICH = (
    "say which is meant: claude.conversations[i], claude.where(system=…), or the arguments "
    "conversation=, system=, model=, tool= of the marker"
)
"""What to do where conversations compete for the last reply."""

MOST = 5
"""How many calls, faults or citations a failure text shows."""


def gap(transcript: Transcript) -> str | None:
    """What is missing to say anything about the whole run, in words; None when nothing is.

    Missing can be: an answered call, the answer of a call in flight, the end of a stream, a good
    answer after a failed one.
    """
    return _gap(transcript, transcript.answers)


def gap_of_reply(transcript: Transcript) -> str | None:
    """The same for the last reply, and why it is open which reply that is."""
    return gap(transcript) or several(transcript) or _broken_off(transcript)


def several(transcript: Transcript) -> str | None:
    """Which conversations compete for the last reply, with what tells them apart."""
    conversations, numbers = transcript.conversations, transcript.rivals
    if numbers:
        places = " and ".join(f"conversations[{number}]" for number in numbers)
        names = " and ".join(_name(conversations[number]) for number in numbers)
        return f"{places} compete for the last reply: {names}"
    if transcript.state_field is not None and len(conversations) > 1:
        field = cut(transcript.state_field)
        return f"the request field `{field}`, unknown here, may say which conversation goes on"
    return None


def _name(conversation: Sequence[Answer]) -> str:
    """What is particular to a conversation: its system prompt, tools, model and last call."""
    last = conversation[-1]
    system = quote(last.request.system) if last.request.system else "no system prompt"
    tools = names_text(last.request.tool_names[:MOST]) or "no tools"
    return f"{system} ({last.model}, {tools}, call {last.number})"


def _broken_off(transcript: Transcript) -> str | None:
    """The failure that ended a dialogue, after which the same app began another."""
    for each in transcript.conversations:
        dialogue = each is not transcript.main and any(answer.ok for answer in each)
        if dialogue and app(each[-1].request) == app(transcript.main[-1].request):
            if (missing := _gap(transcript, each)) is not None:
                return missing
    return None


def _gap(transcript: Transcript, answers: Sequence[Answer]) -> str | None:
    if transcript.pending:
        calls = "1 call has" if transcript.pending == 1 else f"{transcript.pending} calls have"
        return f"{calls} no answer yet"
    if not transcript.answers and transcript.injected:
        return "a fault that the test injected answered every call"
    if not transcript.answers:
        return transcript.empty_because
    for answer in reversed(answers):
        if answer.ok:
            return None
        if not answer.complete and answer.error is None:
            return f"the stream of call {answer.number} was not read to its end"
        message = answer.error.message if answer.error is not None else None
        words = f": {quote(message)}" if message else ""
        return f"call {answer.number} failed with HTTP {answer.status}{words}"
    assert False, "because a conversation has an answer"


def unknown(name: str, transcript: Transcript, expected: str) -> Check | None:
    """The unknown check of a run that shows nothing; None when it shows something."""
    if (missing := gap(transcript)) is None:
        return None
    return Check(name, None, expected, missing, missing, ends(transcript.answers))


def unknown_of_reply(
    kind: type[C], name: str, transcript: Transcript, expected: str, **more: Any
) -> C | None:
    """The unknown check of a last reply that shows nothing; None when it shows something.

    Args:
        kind: The class of the check.
        name: The check's function.
        transcript: What was said.
        expected: What was expected, in words.
        more: Further fields of the check.
    """
    if (missing := gap_of_reply(transcript)) is None:
        return None
    meant = [transcript.conversations[home] for home in transcript.rivals] or [transcript.main]
    evidence = tuple(end for conversation in meant for end in ends(conversation))
    hint = WHICH if several(transcript) == missing else None
    return kind(name, None, expected, missing, missing, evidence, hint, **more)


def ends(answers: Sequence[Answer]) -> tuple[Evidence, ...]:
    """The interaction of the last of several answers, should there be one."""
    return tuple(Evidence(answer.number) for answer in answers[-1:])


def last_answer(transcript: Transcript) -> Answer:
    """The last answer of the main conversation; there is one."""
    last = transcript.last
    assert last is not None, "because the gap says so otherwise"
    return last


def calls_in(transcript: Transcript) -> list[tuple[Answer, ToolUse]]:
    """All calls of client tools, each with the answer that holds it."""
    return [(answer, use) for answer in transcript.answered for use in answer.tool_uses]


def instead(transcript: Transcript) -> str:
    """What happened, where no call did."""
    if transcript.tool_uses:
        return f"calls {names_text(use.name for use in transcript.tool_uses)}"
    last = transcript.last
    text = last.text if last is not None else ""
    return f"no tool call; the reply says: {quote(text)}" if text else "no tool call, no text"


def most(lines: Sequence[str]) -> list[str]:
    """The first five lines, and how many more there are."""
    rest = [f"… {len(lines) - MOST} more"] if len(lines) > MOST else []
    return [*lines[:MOST], *rest]


def by_answer(lines: Iterable[tuple[Answer, str]]) -> tuple[Evidence, ...]:
    """Lines, each with the answer in which it was seen, by interaction."""
    grouped: dict[int, list[str]] = {}
    for answer, line in lines:
        grouped.setdefault(answer.number, []).append(line)
    return tuple(Evidence(number, tuple(lines)) for number, lines in grouped.items())


def tool_evidence(calls: Iterable[tuple[Answer, ToolUse]]) -> tuple[Evidence, ...]:
    """The calls, five at most, by the interaction that holds them."""
    calls = list(calls)
    lines = [(answer, call_text(use.name, use.input)) for answer, use in calls[:MOST]]
    if len(calls) > MOST:
        lines.append((lines[-1][0], f"… {len(calls) - MOST} more calls"))
    return by_answer(lines)


def quoted_reply(transcript: Transcript) -> tuple[Evidence, ...]:
    """The text of the last reply, cut."""
    last = last_answer(transcript)
    return (Evidence(last.number, (quote(last.text, 200),) if last.text else ()),)


def names_text(names: Iterable[str]) -> str:
    """Names in backquotes, each once."""
    return ", ".join(f"`{cut(name)}`" for name in dict.fromkeys(names))


def call_text(name: str, arguments: Any) -> str:
    """A call as it is read: `lookup_order(order_id="1234")`."""
    if not isinstance(arguments, Mapping):
        return f"{cut(name)}({value_text(arguments)})"
    shown = ", ".join(f"{cut(str(key))}={value_text(arguments[key])}" for key in arguments)
    return f"{cut(name)}({shown})"


def times_text(number: int) -> str:
    """A number of times, in words."""
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def counted(number: int, noun: str, several: str | None = None) -> str:
    """`1 call`, `2 calls`, `1,024 calls`; `several` is the plural where it is not noun + s."""
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"


def value_text(value: Any) -> str:
    """A value as JSON, or its repr where it is not JSON; cut."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return cut(text)
