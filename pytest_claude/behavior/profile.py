"""Profile: the facts one trial showed, whether or not its test asserts on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pytest_claude.behavior.clarifying import Clarification, detect_clarification
from pytest_claude.behavior.structured import find_json
from pytest_claude.behavior.timing import time_to_first_token_s, total_s
from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, Roles, question_in, roles
from pytest_claude.transcript.json_values import mappings
from pytest_claude.transcript.model import Answer, Transcript

Manner = Literal["refused", "asked", "unread", "acted", "answered", "silent"]

Settle = Callable[[Answer, Clarification, bool, bool], Clarification]
"""Settles what the rules leave open of an answer: gets it, their reading, whether the answer calls
a tool that acts, and whether what is asked about it is open."""

IsOther = Callable[[str, str], bool]

_LARGEST_OUTPUT = 20_000  # bytes of JSON kept whole
_LONGEST_QUESTION = 200  # characters of a reply that asks in no sentence of its own
_REFUSAL = "refusal"  # the stop reason by which the model itself refuses


@dataclass(frozen=True, slots=True)
class ToolFact:
    """One call of a client tool.

    Attributes:
        name: The tool.
        input: Its arguments.
        interaction: Number of the interaction that holds the call, from 1.
    """

    name: str
    input: Any
    interaction: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What the model did in one trial.

    Attributes:
        manner: How it dealt with the request: refused > asked > acted > answered; silent
            when no call was made; unread when it is unsure whether the last reply asks.
        question: The sentence by which it asks for what it needs, if the last reply surely does.
        refusal: Why it refused, or the error that it ended with.
        declined: The sentence by which the last reply surely refuses in words, with another stop
            reason.
        tools: Calls of client tools in order; output and asking tools do not count.
        parallel: Names of the tools called together, for each reply with two calls or more.
        output: JSON value of the last reply: its text, or the input of its output tool; None
            when it is not JSON or over 20 kB.
        has_output: Whether the last reply is JSON.
        around: Characters of text around the JSON inside the last reply; None when the reply is
            JSON, or holds no JSON.
        stop_reason: Of the last reply.
        last: Number of the last reply's interaction.
        calls: Calls to a model.
        output_tokens: None when unknown; so are the fields below.
        thinking_tokens: Part of the output tokens.
        input_tokens: Uncached, cached and written together.
        total_s: Time in seconds of all calls as recorded; None where one has no time recorded.
        time_to_first_token_s: Time in seconds from sending to the first content of the first
            streamed answer, as recorded.
        server_tools: Names of the tools that the API ran itself, each once, in alphabetical order;
            how often it searches differs between two answers of one model.
        cache_read_tokens: Part of the input tokens.
        cache_write_tokens: Likewise.
        fenced: Whether the JSON of the last reply is in a fence; None in a file of an earlier
            version, which says nothing of `declined`, `efforts` and `served` either.
        efforts: The levels of effort that the app asked for, each once, in order.
        served: Models that answered and were not asked, as the API names them, each once.
    """

    manner: Manner
    question: str | None = None
    refusal: str | None = None
    tools: tuple[ToolFact, ...] = ()
    parallel: tuple[tuple[str, ...], ...] = ()
    output: Any = None
    has_output: bool = False
    around: int | None = None
    stop_reason: str | None = None
    last: int = 1
    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    total_s: float | None = None
    time_to_first_token_s: float | None = None
    server_tools: tuple[str, ...] = ()
    cache_read_tokens: int | None = None
    declined: str | None = None
    cache_write_tokens: int | None = None
    fenced: bool | None = False
    efforts: tuple[str, ...] = ()
    served: tuple[str, ...] = ()

    @property
    def asks(self) -> bool | None:
        """Whether the last reply asks for what it needs; None where that is unread."""
        return None if self.manner == "unread" else self.question is not None

    @property
    def is_refused(self) -> bool:
        """Whether the API refused the last request: it ended with an error, not with a reply."""
        return self.refusal is not None and self.refusal != _REFUSAL


def profile(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
    settle: Settle | None = None,
    is_other: IsOther | None = None,
) -> Profile:
    """The facts of one trial.

    Args:
        transcript: What was said.
        output_tools: Globs of tools whose input is the answer; one forced by `tool_choice` is too.
        asking_tools: Globs of tools whose call is a question to the user.
        settle: Settles what the rules leave open of the last reply; None: it stays open.
        is_other: Whether a second id is of another model than the first; None: nobody asks.
    """
    last = transcript.last
    if last is None:
        return Profile("silent")
    tools = roles(transcript, output_tools, asking_tools)
    reading = clarification(last, tools, settle) if last.ok else None
    question, refusal = _question(last, reading, tools), _refusal(last)
    declined = None if reading is None or refusal is not None else _declined(last, reading)
    calls = [
        [
            ToolFact(use.name, use.input, answer.number)
            for use in answer.tool_uses
            if tools.acts(use)
        ]
        for answer in transcript.answered
    ]
    json_value = find_json(last, where="anywhere", output_tools=tools.outputs) if last.ok else None
    value = None if json_value is None or json_value.around else json_value.value
    has_output = isinstance(value, dict | list)
    usage = transcript.usage
    return Profile(
        manner=_manner(refusal or declined, question, reading, acts=any(calls)),
        question=question,
        refusal=refusal,
        tools=tuple(fact for group in calls for fact in group),
        parallel=tuple(tuple(sorted(f.name for f in group)) for group in calls if len(group) > 1),
        output=value if has_output and len(json.dumps(value)) <= _LARGEST_OUTPUT else None,
        has_output=has_output,
        around=json_value.around or None if json_value is not None else None,
        stop_reason=last.stop_reason,
        last=last.number,
        calls=len(transcript.answers),
        input_tokens=usage.all_input_tokens,
        output_tokens=usage.output_tokens,
        thinking_tokens=usage.thinking_tokens,
        total_s=total_s(transcript),
        time_to_first_token_s=time_to_first_token_s(transcript),
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        declined=declined,
        fenced=json_value is not None and json_value.place == "a fence",
        efforts=_once(answer.request.effort for answer in transcript.answers),
        served=_once(_others(transcript.answered, is_other)),
        server_tools=tuple(
            sorted({use.name for answer in transcript.answered for use in answer.server_tool_uses})
        ),
    )


def clarification(
    answer: Answer,
    tools: Roles,
    settle: Settle | None = None,
    *,
    about: Literal["asks", "refuses"] = "asks",
) -> Clarification:
    """Whether an answer asks for what it needs, or refuses; a call of an asking tool asks.

    The sentence is None where such a call holds no text. `about` is what must not be left open,
    as far as `settle` can settle it.
    """
    for use in answer.tool_uses:
        if use.name in tools.asking:
            question = question_in(use)
            return Clarification(
                "clarifying_question", True, question, "asking-tool", certain=True, refuses=False
            )
    acts = any(tools.acts(use) for use in answer.tool_uses)
    rules = detect_clarification(answer.text, prompt=last_prompt(answer), tool_call=acts)
    if settle is None:
        return rules
    is_open = not rules.certain if about == "asks" else rules.refuses is None
    return settle(answer, rules, acts, is_open)


def last_prompt(answer: Answer) -> str | None:
    """The text of the last user message of an answer's request, or None."""
    for message in reversed(answer.request.messages):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            texts = [block.get("text") for block in mappings(content)]
            return "\n".join(text for text in texts if isinstance(text, str)) or None
    return None


def _question(last: Answer, reading: Clarification | None, tools: Roles) -> str | None:
    """The sentence by which the last reply surely asks for what it needs."""
    if reading is None or not (reading.asks and reading.certain):
        return None
    asking = (use.name for use in last.tool_uses if use.name in tools.asking)
    called = next((f"(calls `{name}`)" for name in asking), None)
    return reading.sentence or called or last.text[:_LONGEST_QUESTION]


def _manner(
    refusal: str | None, question: str | None, reading: Clarification | None, *, acts: bool
) -> Manner:
    if refusal is not None:
        return "refused"
    if question is not None:
        return "asked"
    if reading is not None and not reading.certain:
        return "unread"
    return "acted" if acts else "answered"


def _declined(last: Answer, reading: Clarification) -> str | None:
    """The sentence by which the last reply surely refuses in words."""
    if not reading.refuses:
        return None
    return (reading.sentence if reading.kind == "refusal" else None) or last.text[
        :_LONGEST_QUESTION
    ]


def _others(answers: Iterable[Answer], is_other: IsOther | None) -> Iterator[str]:
    """The models that answered and were not asked."""
    for answer in answers:
        asked, served = answer.request.model, answer.served_model
        if is_other is not None and asked and served and is_other(asked, served):
            yield served


def _once(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _refusal(last: Answer) -> str | None:
    if last.error is not None or last.status >= 400:
        message = last.error.message if last.error is not None else None
        return f"HTTP {last.status}: {message or 'no message'}"
    return _REFUSAL if last.stop_reason == _REFUSAL else None
