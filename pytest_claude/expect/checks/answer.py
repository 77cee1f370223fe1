"""What the last reply does: asks, refuses, stops, thinks."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Literal, get_args

from pytest_claude.behavior.clarifying import Clarification
from pytest_claude.behavior.profile import Settle, clarification
from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, roles
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    names_text,
    quoted_reply,
    tool_evidence,
    unknown,
    unknown_of_reply,
)
from pytest_claude.expect.result import Check, ClarificationCheck, Evidence, RefusalCheck
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import quote

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "compaction",
    "refusal",
    "model_context_window_exceeded",
]

_UNSURE = "the rules are in doubt; claude_judge = unsure lets a model settle it"
CUT = ("max_tokens", "model_context_window_exceeded")


def asks_clarifying_question(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
    settle: Settle | None = None,
) -> ClarificationCheck:
    """Whether the last reply asks for what it needs instead of guessing.

    Counts: a question or a request for information that the task waits for, with or without a
    question mark, also beside a partial answer; a call of an asking tool. Does not count: an
    offer of more help, a request to confirm, a refusal, questions that are the deliverable or
    are in code or quotation. The check has `.kind`, `.sentence` and `.certain`; it is unknown
    where the rules are in doubt.

    Args:
        output_tools: Globs of tools whose input is the answer; one forced by `tool_choice` is too.
            A method takes this and the following from the project's settings.
        asking_tools: Globs of tools that ask the user.
        settle: Settles what the rules leave open; None: it is unknown.
    """
    name, expected = "asks_clarifying_question", "the last reply asks for what it needs"
    missing = unknown_of_reply(ClarificationCheck, name, transcript, expected)
    if missing is not None:
        return missing
    last, tools = last_answer(transcript), roles(transcript, output_tools, asking_tools)
    reading = clarification(last, tools, settle)
    calls = [(last, use) for use in last.tool_uses if tools.acts(use)]
    kind = reading.kind.replace("_", " ")
    if not reading.certain:
        sentence = f": {quote(reading.sentence)}" if reading.sentence else ""
        observed = reason = f"in doubt whether it asks{sentence} (most likely: {kind})"
    elif reading.asks:
        question = quote(reading.sentence or last.text)
        observed, reason = f"it asks: {question}", f"asks {question}"
    elif calls:
        observed = f"calls {names_text(use.name for _, use in calls)}; the reply asks nothing"
        reason = f"calls `{calls[0][1].name}`, asks nothing"
    else:
        observed, reason = f"it asks nothing ({kind})", f"no question ({reading.kind})"
    observed, reason = _with_teller(reading, observed), _with_teller(reading, reason)
    lines = [quote(last.text, 200)] if last.text else []
    lines += [line for shown in tool_evidence(calls) for line in shown.lines]
    return ClarificationCheck(
        name,
        reading.asks if reading.certain else None,
        expected,
        observed,
        reason,
        (Evidence(last.number, tuple(lines)),),
        None if reading.certain else reading.advice or _UNSURE,
        kind=reading.kind,
        sentence=reading.sentence,
        certain=reading.certain and reading.rule != "guess",
    )


def refuses(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
    settle: Settle | None = None,
) -> RefusalCheck:
    """Whether the last reply refuses, by the stop reason `refusal` or in words.

    Counts: that stop reason, with or without text, and a refusal in words, also with an
    alternative. Does not count: a call that failed, a reply that asks, an answer with caveats,
    a reply that declines a part and does the rest. The check has `.sentence` and `.category`, why
    it refuses: in the API's word for it where that gave one, else `policy` (a rule, or it will
    not) or `ability` (it lacks the means), where its words say so. It is unknown where the rules
    are in doubt whether the reply refuses. The keywords are those of `asks_clarifying_question`.
    """
    name, expected = "refuses", "the last reply refuses"
    if (missing := unknown_of_reply(RefusalCheck, name, transcript, expected)) is not None:
        return missing
    last, shown = last_answer(transcript), quoted_reply(transcript)
    if last.stop_reason == "refusal":
        category = last.refusal_category
        observed = "stops with `refusal`" + (f" (category `{category}`)" if category else "")
        return RefusalCheck(name, True, expected, observed, observed, shown, category=category)
    tools = roles(transcript, output_tools, asking_tools)
    reading = clarification(last, tools, settle, about="refuses")
    sentence = reading.sentence if reading.kind == "refusal" else None
    words, kind = quote(sentence or last.text), reading.kind.replace("_", " ")
    if reading.refuses is None:
        observed = f"in doubt whether this refuses: {words} (most likely: {kind})"
    elif reading.refuses:
        because = f" ({reading.category})" if reading.category else ""
        observed = f"it refuses{because}: {words}"
    else:
        observed = f"no refusal ({kind})"
    observed = _with_teller(reading, observed)
    return RefusalCheck(
        name,
        reading.refuses,
        expected,
        observed,
        observed,
        shown,
        (reading.advice or _UNSURE) if reading.refuses is None else None,
        category=reading.category,
        sentence=sentence,
        certain=reading.refuses is not None and reading.rule != "guess",
    )


def _with_teller(reading: Clarification, words: str) -> str:
    """`words`, with what settled it where the rules left it open."""
    return f"{words} ({reading.told_by})" if reading.told_by else words


def stops_with(transcript: Transcript, reason: StopReason | str) -> Check:
    """Whether the last reply ended with the stop reason `reason`.

    Args:
        reason: In the API's words; one that is not in `StopReason` may be newer than this package.

    Raises:
        TypeError: `reason` is a misspelt stop reason.
    """
    near = difflib.get_close_matches(reason, get_args(StopReason), n=1)
    if reason not in get_args(StopReason) and near:
        raise TypeError(f"no stop reason {reason!r}; did you mean {near[0]!r}?")
    expected = f"the last reply stops with `{reason}`"
    if (missing := unknown_of_reply(Check, "stops_with", transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    observed = f"stops with `{last.stop_reason}`"
    outcome = last.stop_reason == reason
    return Check("stops_with", outcome, expected, observed, observed, (Evidence(last.number),))


def is_truncated(transcript: Transcript) -> Check:
    """Whether the last reply was cut at `max_tokens` or at the end of the context window.

    Does not count: a stop sequence, and a stream that was not read to its end (unknown).
    """
    expected = "the last reply is cut at its limit of tokens"
    if (missing := unknown_of_reply(Check, "is_truncated", transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    observed = reason = f"stops with `{last.stop_reason}`"
    if last.usage.output_tokens is not None:
        limit = f" of {last.request.max_tokens:,}" if last.request.max_tokens else ""
        observed += f" after {last.usage.output_tokens:,}{limit} output tokens"
    evidence = (Evidence(last.number, (quote(last.text[-200:], 200),) if last.text else ()),)
    return Check("is_truncated", last.stop_reason in CUT, expected, observed, reason, evidence)


def thinks(transcript: Transcript) -> Check:
    """Whether any reply of the run thought before it answered.

    Counts: a thinking block, visible, omitted or redacted, and thinking tokens in the usage.
    Does not count: that thinking was allowed and not used; reasoning in the text.
    """
    expected = "at least one reply thinks"
    if (missing := unknown("thinks", transcript, expected)) is not None:
        return missing
    answered = transcript.answered
    thinking = [answer for answer in answered if _thinks(answer)]
    if not thinking:
        observed = f"no thinking{_budget(answered[0])}"
        evidence: tuple[Evidence, ...] = (Evidence(answered[-1].number),)
    else:
        counts = [a.usage.thinking_tokens for a in thinking if a.usage.thinking_tokens is not None]
        used = f", {counted(sum(counts), 'thinking token')}" if counts else ""
        replies = f"{len(thinking)} of {counted(len(answered), 'reply', 'replies')}"
        observed = f"thinks in {replies}{used}{_budget(thinking[0])}"
        evidence = tuple(
            Evidence(a.number, (quote(a.thinking, 200) if a.thinking else "not shown",))
            for a in thinking[:3]
        )
    return Check("thinks", bool(thinking), expected, observed, observed, evidence)


def _thinks(answer: Answer) -> bool:
    return bool({"thinking", "redacted_thinking"} & set(answer.blocks)) or bool(
        answer.usage.thinking_tokens
    )


def _budget(answer: Answer) -> str:
    """What the request allowed, in words."""
    setting = answer.request.thinking
    if setting is None:
        return " (no thinking setting was sent)"
    budget = setting.get("budget_tokens")
    limit = f", budget {budget:,}" if isinstance(budget, int) else ""
    return f" (asked: {setting.get('type')}{limit})"
