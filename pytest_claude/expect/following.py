"""The loop of an agent that was recorded, gone through again step by step. Pure."""

from __future__ import annotations

import json
import re
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

_SENTENCE = 5  # words; what is shorter is a name, an amount or a title
_EXACT = {"sql", "code", "script", "command", "cmd", "expression", "path"}  # names of arguments
_CODE = re.compile(
    r"""[={}\\|`<>]|\w\(|(?<!\S)--?[a-z]|(?<!\S)[.~]*/\w
    |^\W*(?:select\b.+\bfrom|with\b.+\bselect|update\b.+\bset|(?:insert|merge)\s+into
    |delete\s+from|(?:grant|revoke)\b.+\bon
    |(?:create|alter|drop|truncate)\s+(?:table|view|index|database|schema|user|role))\b""",
    re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_QUOTES = "\"'()“”„‘’«»"
_ENDS = _QUOTES + ".,;:!?…"
_BEGINS_ANEW = (".", "!", "?", ":")
_I = re.compile(r"I\b")


def given_back(content: Sequence[Block], turns: Turns) -> list[Mapping[str, Any]] | None:
    """The messages that follow a reply: itself, and the recorded results of the tools it calls.

    None where it leaves the recorded path: it calls other tools, more or fewer, or with other
    arguments. A sentence may be worded otherwise (`_is_reworded`); no other argument may differ.

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
    if (ids := _paired(recorded, new)) is None:
        return None
    if [*ids] == [*ids.values()]:
        return list(turns)  # it is the recorded reply: the app sent it back in its own way
    said = {"role": "assistant", "content": list(content)}
    return [said, *(_renamed(turn, ids) for turn in turns[1:])]


def follows(
    step: int, steps: int, answer: Answer, turns: Turns, last: Mapping[str, Any] | None
) -> Check:
    """The check whether a case was gone through to its end.

    Args:
        step: The last step that was asked, from 1.
        steps: How many the recorded one has.
        answer: What came back at that step.
        turns: What the app added to the recorded reply of that step; empty for the last one.
        last: The recorded reply of the last step: its `status`, and the tool `calls` in it. None
            where it is not known: any reply but an error ends the case then.
    """
    every = counted(steps, "step")
    wanted = turns[0].get("content") if turns else (last or {}).get("calls")
    status = 200 if turns or last is None else last["status"]
    recorded, new = _calls(wanted), _calls(answer.content)
    if step == steps and _is_error(status) == (answer.error is not None):
        if last is None or _is_error(status) or _paired(recorded, new) is not None:
            return Check(
                NAME, True, "the recorded path", f"{every}, as recorded", f"{every} as recorded"
            )
    expected, did = _told(recorded, status), _told(new, 200)
    if answer.error is not None:
        did = f"HTTP {answer.status}: {answer.error.message}"
    elif answer.tool_uses:
        did = f"calls {did}"
    observed = f"changed at step {step} of {steps}: {did}"
    reason = f"{observed} instead of {expected}"
    stated = f"calls {expected}" if recorded else expected
    return Check(NAME, False, stated, observed, reason, (Evidence(answer.number, (did,)),))


def _is_error(status: int) -> bool:
    return status >= 400


def _paired(recorded: Sequence[Block], new: Sequence[Block]) -> dict[str, str] | None:
    """The id of each recorded call with that of the new one that is the same; None: they differ."""
    if [(c["id"], c["name"]) for c in recorded] == [(c["id"], c["name"]) for c in new]:
        return {call["id"]: call["id"] for call in recorded}
    ids: dict[str, str] = {}
    for call in new:
        same = (c for c in recorded if c["id"] not in ids and _is_same(c, call))
        if (fits := next(same, None)) is None:
            return None
        ids[fits["id"]] = call["id"]
    return ids if len(ids) == len(recorded) else None


def _calls(content: Any) -> list[Block]:
    return [block for block in mappings(content) if block.get("type") == "tool_use"]


def _is_same(recorded: Block, new: Block) -> bool:
    return recorded["name"] == new["name"] and _agree(recorded.get("input"), new.get("input"))


def _agree(recorded: Any, new: Any) -> bool:
    """Whether arguments are the same, the wording of sentences aside."""
    match recorded, new:
        case dict(), dict():
            same = recorded.keys() == new.keys()
            return same and all(
                recorded[name] == new[name]
                if name.casefold() in _EXACT
                else _agree(recorded[name], new[name])
                for name in recorded
            )
        case list(), list():
            return len(recorded) == len(new) and all(map(_agree, recorded, new))
        case str(), str():
            return recorded == new or _is_reworded(recorded, new)
    return bool(recorded == new)


def _is_reworded(recorded: str, new: str) -> bool:
    """Whether both are sentences, not code, that tell the same facts in the same order."""
    return all(
        len(text.split()) >= _SENTENCE and _CODE.search(text) is None for text in (recorded, new)
    ) and _facts(recorded) == _facts(new)


def _facts(text: str) -> list[str]:
    """Numbers, amounts, ids, addresses and names: what another wording must keep.

    A word with a capital is a name, but where a sentence or a line begins.

    >>> _facts("Please send Ida Meyer 10 EUR for order A-7. It was late.")
    ['Ida', 'Meyer', '10', 'EUR', 'A-7']
    """
    facts = []
    for line in text.splitlines():
        begins = True
        for written in line.split():
            word = written.lstrip(_QUOTES).rstrip(_ENDS)
            own = word[:1].lower() + word[1:] if begins or _I.match(word) else word
            if word.strip("-–—") and not (_WORD.fullmatch(word) and own == own.lower()):
                facts.append(word)
            begins = written.rstrip(_QUOTES).endswith(_BEGINS_ANEW)
    return facts


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


def _told(calls: Sequence[Block], status: int) -> str:
    if _is_error(status):
        return f"HTTP {status}"
    if not calls:
        return "no tool call"
    each = (f"{c['name']}({json.dumps(c.get('input'), ensure_ascii=False)})" for c in calls)
    return cut(", ".join(each))
