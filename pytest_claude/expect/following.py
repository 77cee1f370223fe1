"""The loop of an agent that was recorded, gone through again step by step. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_claude.expect.checks.evidence import counted
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.json_values import mappings
from pytest_claude.transcript.model import Answer
from pytest_claude.transcript.quoting import cut

NAME = "follows"
Turns = Sequence[Mapping[str, Any]]
Block = Mapping[str, Any]


def given_back(content: Sequence[Block], turns: Turns) -> list[Mapping[str, Any]] | None:
    """The messages that follow a reply: itself, and the recorded results of the tools it calls.

    None where it leaves the recorded path: it calls other tools, more or fewer, or with other
    arguments. A text of several words may be worded otherwise; any other argument may not differ.

    Args:
        content: The blocks of the reply.
        turns: The messages that the app added to the recorded one: the model's turn first.

    >>> turns = [
    ...     {"role": "assistant", "content": [
    ...         {"type": "tool_use", "id": "a", "name": "look_up", "input": {"id": 7}}]},
    ...     {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]},
    ... ]
    >>> again = {"type": "tool_use", "id": "b", "name": "look_up", "input": {"id": 7}}
    >>> given_back([again], turns)[1]["content"]
    [{'type': 'tool_result', 'tool_use_id': 'b'}]
    >>> given_back([{**again, "input": {"id": 8}}], turns) is None
    True
    """
    recorded, new = _calls(turns[0].get("content")), _calls(content)
    if [call["id"] for call in recorded] == [call["id"] for call in new]:
        return list(turns)  # it is the recorded reply: the app sent it back in its own way
    ids: dict[str, str] = {}
    for call in new:
        same = (c for c in recorded if c["id"] not in ids and _is_same(c, call))
        if (fits := next(same, None)) is None:
            return None
        ids[fits["id"]] = call["id"]
    if len(ids) != len(recorded):
        return None
    said = {"role": "assistant", "content": list(content)}
    return [said, *(_renamed(turn, ids) for turn in turns[1:])]


def follows(step: int, steps: int, answer: Answer, turns: Turns) -> Check:
    """The check whether a case was gone through to its end.

    Args:
        step: The last step that was asked, from 1.
        steps: How many the recorded one has.
        answer: What came back at that step.
        turns: What the app added to the recorded reply of that step; empty for the last one.
    """
    every = counted(steps, "step")
    if step == steps:
        return Check(
            NAME, True, "the recorded path", f"{every}, as recorded", f"{every} as recorded"
        )
    recorded, did = _told(_calls(turns[0].get("content"))), _told(_calls(answer.content))
    if answer.error is not None:
        did = f"HTTP {answer.status}: {answer.error.message}"
    elif answer.tool_uses:
        did = f"calls {did}"
    observed = f"changed at step {step} of {steps}: {did}"
    reason = f"{observed} instead of {recorded}"
    return Check(
        NAME, False, f"calls {recorded}", observed, reason, (Evidence(answer.number, (did,)),)
    )


def _calls(content: Any) -> list[Block]:
    return [block for block in mappings(content) if block.get("type") == "tool_use"]


def _is_same(recorded: Block, new: Block) -> bool:
    return recorded["name"] == new["name"] and _agree(recorded.get("input"), new.get("input"))


def _agree(recorded: Any, new: Any) -> bool:
    """Whether arguments are the same, the wording of texts aside."""
    match recorded, new:
        case dict(), dict():
            same = recorded.keys() == new.keys()
            return same and all(_agree(recorded[name], new[name]) for name in recorded)
        case list(), list():
            return len(recorded) == len(new) and all(map(_agree, recorded, new))
        case str(), str():
            return recorded == new or (" " in recorded.strip() and " " in new.strip())
    return bool(recorded == new)


def _renamed(turn: Mapping[str, Any], ids: Mapping[str, str]) -> Mapping[str, Any]:
    content = turn.get("content")
    if not isinstance(content, list):
        return turn
    return {**turn, "content": [
        {**block, "tool_use_id": ids[block["tool_use_id"]]}
        if isinstance(block, Mapping) and block.get("tool_use_id") in ids
        else block
        for block in content
    ]}  # fmt: skip


def _told(calls: Sequence[Block]) -> str:
    if not calls:
        return "no tool call"
    each = (f"{c['name']}({json.dumps(c.get('input'), ensure_ascii=False)})" for c in calls)
    return cut(", ".join(each))
