"""What the last reply does: asks, refuses, stops, thinks."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Literal, get_args

from pytest_claude.behavior.clarifying import Clarification, detect_clarification
from pytest_claude.behavior.profile import last_prompt
from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, Roles, question_in, roles
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    names_text,
    parts,
    quoted_reply,
    tool_evidence,
    unknown,
    unknown_of_reply,
)
from pytest_claude.expect.result import Check, ClarificationCheck, Evidence, RefusalCheck
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import quote

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

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
_CUT = ("max_tokens", "model_context_window_exceeded")


def asks_clarifying_question(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> ClarificationCheck:
    """Whether the last reply asks for what it needs instead of guessing.

    Counts: a question or a request for information that the task waits for, with or without a
    question mark, also beside a partial answer; a call of an asking tool. Does not count: an
    offer of more help, a request to confirm, a refusal, questions that are the deliverable or
    stand in code or quotation. Where the rules are in doubt the check is unknown.
    """
    name, expected = "asks_clarifying_question", "the last reply asks for what it needs"
    if (missing := unknown_of_reply(name, transcript, expected)) is not None:
        return ClarificationCheck(**parts(missing))
    last, known = last_answer(transcript), roles(transcript, output_tools, asking_tools)
    found = _detected(last, known)
    asked = quote(found.sentence or last.text)
    calls = [use.name for use in last.tool_uses if known.acts(use)]
    if not found.certain:
        said = f": {quote(found.sentence)}" if found.sentence else ""
        observed = reason = f"in doubt whether it asks{said} (most likely: {_kind(found.kind)})"
    elif found.asks:
        observed, reason = f"it asks: {asked}", f"asks {asked}"
    elif calls:
        observed = f"calls {names_text(calls)}; the reply asks nothing"
        reason = f"calls `{calls[0]}`, asks nothing"
    else:
        observed = f"it asks nothing ({_kind(found.kind)})"
        reason = f"no question ({found.kind})"
    return ClarificationCheck(
        name=name,
        outcome=found.asks if found.certain else None,
        expected=expected,
        observed=observed,
        reason=reason,
        evidence=_shown(last, known),
        kind=found.kind,
        sentence=found.sentence,
        certain=found.certain,
        hint=None if found.certain else _UNSURE,
    )


def refuses(
    transcript: Transcript,
    *,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> RefusalCheck:
    """Whether the last reply refuses.

    Counts: the stop reason `refusal`, with or without text, and a refusal in words, also with an
    alternative. Does not count: a call that failed, a reply that asks, an answer with caveats.
    Where the rules doubt whether it refuses the check is unknown. The check has `.category`, the
    API's word for why, where it gave one, and `.sentence`.
    """
    name, expected = "refuses", "the last reply refuses"
    if (missing := unknown_of_reply(name, transcript, expected)) is not None:
        return RefusalCheck(**parts(missing))
    last = last_answer(transcript)
    if last.stop_reason == "refusal":
        why = f" (category `{last.refusal_category}`)" if last.refusal_category else ""
        observed = f"stops with `refusal`{why}"
        return RefusalCheck(
            name, True, expected, observed, observed, quoted_reply(transcript),
            category=last.refusal_category,
        )  # fmt: skip
    found = _detected(last, roles(transcript, output_tools, asking_tools))
    refused, said = found.kind == "refusal", quote(found.sentence or last.text)
    # A doubt between asking and answering is none about refusing.
    certain = found.certain or not refused
    if not certain:
        observed = f"in doubt whether this refuses: {said}"
    else:
        observed = f"it refuses: {said}" if refused else f"no refusal ({_kind(found.kind)})"
    return RefusalCheck(
        name,
        refused if certain else None,
        expected,
        observed,
        observed,
        quoted_reply(transcript),
        None if certain else _UNSURE,
        sentence=found.sentence if refused else None,
        certain=certain,
    )


def stops_with(transcript: Transcript, reason: StopReason | str) -> Check:
    """Whether the last reply ended with the stop reason `reason`.

    Raises:
        TypeError: `reason` is a misspelt stop reason.
    """
    near = difflib.get_close_matches(reason, get_args(StopReason), n=1)
    if reason not in get_args(StopReason) and near:
        raise TypeError(f"no stop reason {reason!r}; did you mean {near[0]!r}?")
    expected = f"the last reply stops with `{reason}`"
    if (missing := unknown_of_reply("stops_with", transcript, expected)) is not None:
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
    if (missing := unknown_of_reply("is_truncated", transcript, expected)) is not None:
        return missing
    last = last_answer(transcript)
    observed = f"stops with `{last.stop_reason}`"
    if last.usage.output_tokens is not None:
        limit = f" of {last.request.max_tokens:,}" if last.request.max_tokens else ""
        observed += f" after {last.usage.output_tokens:,}{limit} output tokens"
    end = (quote(last.text[-200:], 200),) if last.text else ()
    evidence = (Evidence(last.number, end),)
    outcome = last.stop_reason in _CUT
    reason = f"stops with `{last.stop_reason}`"
    return Check("is_truncated", outcome, expected, observed, reason, evidence)


def thinks(transcript: Transcript) -> Check:
    """Whether any reply of the run thought before it answered.

    Counts: a thinking block, visible, omitted or redacted, and thinking tokens in the usage.
    Does not count: that thinking was allowed and not used; reasoning in the text.
    """
    expected = "at least one reply thinks"
    if (missing := unknown("thinks", transcript, expected)) is not None:
        return missing
    thinking = [answer for answer in transcript.answered if _thinks(answer)]
    of = f"{len(thinking)} of {counted(len(transcript.answered), 'reply', 'replies')}"
    tokens = [answer.usage.thinking_tokens for answer in thinking]
    known = [number for number in tokens if number is not None]
    used = f", {counted(sum(known), 'thinking token')}" if known else ""
    first = (thinking or transcript.answered)[0]
    observed = f"thinks in {of}{used}{_budget(first)}"
    evidence = tuple(
        Evidence(a.number, (quote(a.thinking, 200),) if a.thinking else ("not shown",))
        for a in thinking[:3]
    )
    reason = observed if thinking else f"no thinking{_budget(first)}"
    return Check("thinks", bool(thinking), expected, observed if thinking else reason, reason,
                 evidence or (Evidence(transcript.answered[-1].number),))  # fmt: skip


def _thinks(answer: Answer) -> bool:
    return bool({"thinking", "redacted_thinking"} & set(answer.blocks)) or bool(
        answer.usage.thinking_tokens
    )


def _budget(answer: Answer) -> str:
    """What the request allowed."""
    setting = answer.request.thinking
    if setting is None:
        return " (no thinking setting was sent)"
    kind, budget = setting.get("type"), setting.get("budget_tokens")
    return (
        f" (asked: {kind}, budget {budget:,})" if isinstance(budget, int) else f" (asked: {kind})"
    )


def _detected(last: Answer, known: Roles) -> Clarification:
    for use in last.tool_uses:
        if use.name in known.asking:
            sentence = question_in(use)
            return Clarification("clarifying_question", True, sentence, "asking-tool", True)
    acts = any(known.acts(use) for use in last.tool_uses)
    return detect_clarification(last.text, prompt=last_prompt(last), tool_call=acts)


def _shown(last: Answer, known: Roles) -> tuple[Evidence, ...]:
    """The text of a reply and what it calls."""
    text = (quote(last.text, 200),) if last.text else ()
    calls = tool_evidence((last, use) for use in last.tool_uses if known.acts(use))
    return (Evidence(last.number, (*text, *(calls[0].lines if calls else ()))),)


def _kind(kind: str) -> str:
    return kind.replace("_", " ")
