"""Calls → cases: the calls of an agent's loop are one, and what was asked twice is one."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pytest_claude.traces.model import Case, TracedCall
from pytest_claude.transcript.json_values import mappings

Turns = Sequence[Mapping[str, Any]]
_Chain = list[tuple[TracedCall, Turns]]  # each call with the turns that it adds


def linked(calls: Iterable[TracedCall]) -> list[Case]:
    """The cases of these calls, in the order in which they begin.

    A call goes on with an earlier one of its trace where it repeats its request and the tool calls
    of its reply, and gives back their results. Marks of the prompt cache do not count.
    """
    chains: list[_Chain] = []
    ends: dict[tuple[str, str], list[_Chain]] = defaultdict(list)
    for call in sorted(calls, key=lambda call: (call.trace, str(type(call.time)), call.time)):
        before, turns = _before(call)
        may = ends[call.trace, before] if before else []
        chain = next((c for c in may if tool_ids(c[-1][0].reply) == tool_ids(turns[0])), None)
        if chain is None:
            chains.append(chain := [])
        else:
            may.remove(chain)
        chain.append((call, turns if chain else ()))
        ends[call.trace, _digest(call, call.body["messages"])].append(chain)
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


def tool_ids(turn: Mapping[str, Any]) -> set[str]:
    """The ids of the tool calls in a turn of the model."""
    return {str(b.get("id")) for b in mappings(turn.get("content")) if b.get("type") == "tool_use"}


def _before(call: TracedCall) -> tuple[str, Turns]:
    """What the request says that this one goes on with, and the turns that it adds.

    "" where it gives back no results of tools.
    """
    messages = call.body["messages"]
    at = max((n for n, m in enumerate(messages) if m.get("role") == "assistant"), default=0)
    given = [b for m in messages[at + 1 :] for b in mappings(m.get("content"))]
    if not tool_ids(messages[at]) or not any(b.get("type") == "tool_result" for b in given):
        return "", ()
    return _digest(call, messages[:at]), messages[at:]


def _digest(call: TracedCall, messages: Turns) -> str:
    return digest(_unmarked({**call.body, "messages": messages, "betas": call.betas}))


def _unmarked(value: Any) -> Any:
    """A request without the marks of the prompt cache, which move from step to step."""
    if isinstance(value, Mapping):
        return {k: _unmarked(each) for k, each in value.items() if k != "cache_control"}
    return [_unmarked(each) for each in value] if isinstance(value, list | tuple) else value


def _case(chain: _Chain) -> Case:
    first = chain[0][0]
    return Case(
        first.body,
        [_unmarked(turns) for _, turns in chain[1:]],
        [(call.status, call.reply) for call, _ in chain],
        first.source,
        first.betas,
        frozenset(each for call, _ in chain for each in call.filled),
        frozenset(each for call, _ in chain for each in call.dropped),
    )
