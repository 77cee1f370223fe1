"""What a check can see: what is missing to say anything, and how what was said is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Answer, ToolUse, Transcript
from pytest_claude.transcript.quoting import cut, quote

_MOST_CALLS = 5


def gap(transcript: Transcript) -> str | None:
    """What is missing to say anything of the whole run, or None when nothing is.

    Missing is: an answered call, the answer of a call in flight, the end of a stream, a good
    answer after a failed one.
    """
    return _gap(transcript, transcript.answers)


def gap_of_reply(transcript: Transcript) -> str | None:
    """The same for the last reply: a later good answer of another conversation is none."""
    return gap(transcript) or _gap(transcript, transcript.main)


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
        told = f": {quote(message)}" if message else ""
        return f"call {answer.number} failed with HTTP {answer.status}{told}"
    assert False, "because a conversation has an answer"


def unknown(name: str, transcript: Transcript, expected: str) -> Check | None:
    """The unknown check of a run that shows nothing; None when it shows something."""
    return _unknown(name, transcript, expected, gap(transcript), transcript.answers)


def unknown_of_reply(name: str, transcript: Transcript, expected: str) -> Check | None:
    """The same for a check of the last reply."""
    return _unknown(name, transcript, expected, gap_of_reply(transcript), transcript.main)


def _unknown(
    name: str,
    transcript: Transcript,
    expected: str,
    missing: str | None,
    answers: Sequence[Answer],
) -> Check | None:
    if missing is None:
        return None
    evidence = (Evidence(answers[-1].number),) if answers else ()
    return Check(name, None, expected, missing, missing, evidence)


def parts(check: Check) -> dict[str, Any]:
    """The fields of a check, for a kind of check that has more."""
    names = ("name", "outcome", "expected", "observed", "reason", "evidence", "hint", "facts")
    return {name: getattr(check, name) for name in names}


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


def tool_evidence(calls: Iterable[tuple[Answer, ToolUse]]) -> tuple[Evidence, ...]:
    """The calls, five at most, by the interaction that holds them."""
    calls = list(calls)
    by_answer: dict[int, list[str]] = {}
    for answer, use in calls[:_MOST_CALLS]:
        by_answer.setdefault(answer.number, []).append(call_text(use.name, use.input))
    if len(calls) > _MOST_CALLS:
        by_answer[calls[_MOST_CALLS - 1][0].number].append(
            f"… {len(calls) - _MOST_CALLS} more calls"
        )
    return tuple(Evidence(number, tuple(lines)) for number, lines in by_answer.items())


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
    """A value as JSON, or its repr where it is no JSON; cut."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return cut(text)
