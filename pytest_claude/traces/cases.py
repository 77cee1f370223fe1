"""Calls → cases: the calls of an agent's loop are one, and what was asked twice is one."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_claude.traces.messages import MADE_UP
from pytest_claude.traces.model import Case, TracedCall
from pytest_claude.transcript.json_values import mappings

Turns = Sequence[Mapping[str, Any]]
_TOOLS = "tools"  # what is filled in where the export does not say what was offered
_Chain = list[tuple[TracedCall, Turns]]  # each call with the turns that it adds


def linked(calls: Iterable[TracedCall]) -> list[Case]:
    """The cases of these calls, in the order in which they begin.

    A call goes on with an earlier one where it repeats its request and the tool calls of its reply,
    and gives back their results; of several, with the one of its trace. Marks of the prompt cache
    do not count, and no tools that were filled in.
    """
    chains: list[_Chain] = []
    ends: dict[str, list[_Chain]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (str(type(call.time)), call.time)):
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
    at = max((n for n, m in enumerate(messages) if m.get("role") == "assistant"), default=0)
    given = [b for m in messages[at + 1 :] for b in mappings(m.get("content"))]
    if not _tool_calls(messages[at]) or not any(b.get("type") == "tool_result" for b in given):
        return "", ()
    return _digest(call, messages[:at]), messages[at:]


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
