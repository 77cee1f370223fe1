"""Calls → cases: the calls of an agent's loop are one, and what was asked twice is one."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytest_claude.traces.messages import MADE_UP
from pytest_claude.traces.model import Case, TracedCall
from pytest_claude.transcript.json_values import mappings

Turns = Sequence[Mapping[str, Any]]
_TOOLS = "tools"  # what is filled in where the export does not say what was offered
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_TIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:[.,](?P<part>[0-9]+))? ?(?P<offset>[Zz]|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_Chain = list[tuple[TracedCall, Turns]]  # each call with the turns that it adds


def linked(calls: Iterable[TracedCall]) -> list[Case]:
    """The cases of these calls, in the order in which they begin.

    A call goes on with an earlier one where it repeats its request and the tool calls of its reply,
    and gives back their results; of several, with the one of its trace. Marks of the prompt cache
    do not count, and no tools that were filled in.
    """
    chains: list[_Chain] = []
    ends: dict[str, list[_Chain]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: _moment(call.time)):
        before, turns = _before(call)
        fits = [c for c in ends[before] if _tool_calls(c[-1][0].reply) == _tool_calls(turns[0])]
        chain = next((c for c in fits if c[-1][0].trace == call.trace), fits[0] if fits else None)
        if chain is None:
            chains.append(chain := [])
        else:
            ends[before].remove(chain)
        chain.append((call, turns if chain else ()))
        ends[_digest(call, call.body["messages"])].append(chain)
    return [_case(chain) for chain in chains]


def begins_late(case: Case) -> bool:
    """Whether it begins with results of tools: the call that asked for them was not found."""
    return _answered(case.request["messages"]) is not None


def _moment(time: str | float) -> tuple[int, Decimal, str]:
    """What sorts times: numbers and RFC 3339, then texts of another form; unknown ones first."""
    text = str(time)
    if not text:
        return 0, Decimal(0), ""
    if _NUMBER.fullmatch(text):
        return 1, Decimal(text), ""
    if (parts := _TIME.fullmatch(text)) is not None:
        offset = "+00:00" if parts["offset"] in (None, "Z", "z", "UTC") else parts["offset"]
        try:
            second = datetime.fromisoformat(f"{parts['day']}T{parts['time']}{offset}")
        except ValueError:
            return 2, Decimal(0), text
        return 1, Decimal(int(second.timestamp())) + Decimal(f"0.{parts['part'] or 0}"), ""
    return 2, Decimal(0), text


def without_doubles(cases: Iterable[Case]) -> Iterator[Case]:
    """Each case once: those that ask the same, in the same steps, are one."""
    seen = set()
    for case in cases:
        mark = digest([case.request, case.then, case.betas])
        if mark not in seen:
            seen.add(mark)
            yield case


def digest(value: Any) -> str:
    """What tells a JSON value from others, however it is written: 32 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _tool_calls(turn: Mapping[str, Any]) -> list[Any]:
    """What tells the tool calls in a turn of the model from others: ids, where they are the API's.

    Apps send arguments back in their own way; an id that was made up tells nothing.
    """
    calls = [b for b in mappings(turn.get("content")) if b.get("type") == "tool_use"]
    return [c if str(c.get("id")).startswith(MADE_UP) else c.get("id") for c in calls]


def _before(call: TracedCall) -> tuple[str, Turns]:
    """What the request says that this one goes on with, and the turns that it adds.

    "" where it gives back no results of tools.
    """
    messages = call.body["messages"]
    at = _answered(messages)
    return ("", ()) if at is None else (_digest(call, messages[:at]), messages[at:])


def _answered(messages: Turns) -> int | None:
    """Which turn called the tools whose results the last turns give back."""
    at = max((n for n, m in enumerate(messages) if m.get("role") == "assistant"), default=0)
    given = [b for m in messages[at + 1 :] for b in mappings(m.get("content"))]
    gives = any(b.get("type") == "tool_result" for b in given)
    return at if _tool_calls(messages[at]) and gives else None


def _digest(call: TracedCall, messages: Turns) -> str:
    offered = None if _TOOLS in call.filled else call.body.get("tools")
    asked = {**call.body, "messages": messages, "tools": offered, "betas": call.betas}
    return digest(_unmarked(asked))


def _unmarked(value: Any) -> Any:
    """A request without the marks of the prompt cache, which move from step to step."""
    if isinstance(value, Mapping):
        return {k: _unmarked(each) for k, each in value.items() if k != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list | tuple) else value


def _case(chain: _Chain) -> Case:
    first, last = chain[0][0], chain[-1][0]
    # The last call has all tools that were called before it.
    tools = {"tools": last.body["tools"]} if _TOOLS in last.filled else {}
    return Case(
        {**first.body, **tools},
        [_unmarked(turns) for _, turns in chain[1:]],
        [(call.status, call.reply) for call, _ in chain],
        first.source,
        first.betas,
        frozenset(each for call, _ in chain for each in call.filled),
        frozenset(each for call, _ in chain for each in call.dropped),
    )
