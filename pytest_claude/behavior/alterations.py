"""What a trial shows that a check may look at, each with answers in which it is otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Literal

from pytest_claude.behavior.profile import Profile
from pytest_claude.behavior.structured import FoundJson, find_json
from pytest_claude.behavior.tools import Roles
from pytest_claude.transcript.json_values import mapping, mappings
from pytest_claude.transcript.model import Answer, Transcript

Kind = Literal[
    "tool", "argument", "server tool", "question", "no question", "refusal", "JSON field",
    "stop reason",
]  # fmt: skip

Message = Mapping[str, Any]
Alter = Callable[[Message], Message]
"""Gives an answer, as the API sends it, in which a behavior is otherwise; itself where it is not
one that shows it."""
Path = tuple[str, ...]
Change = Callable[[Any, Path], Any]
"""Gives a JSON value that is otherwise at a path."""

_WORDS = "This is done."
_QUESTION = "Could you tell me which one you mean?"
_MOST_FIELDS = 40
_EACH = "*"


@dataclass(frozen=True)
class Shown:
    """One behavior that a trial shows.

    Attributes:
        kind: What it is.
        name: Which one; "" where there is one alone.
        ways: How it can be otherwise, the most different first.
    """

    kind: Kind
    name: str
    ways: tuple[Alter, ...]


def shown(transcript: Transcript, profile: Profile, tools: Roles) -> Iterator[Shown]:
    """The behaviors of a trial whose last answer is a good one, each once.

    Args:
        transcript: What was said.
        profile: What it showed.
        tools: What its tools are for.
    """
    last = transcript.last
    if last is None or not last.ok:
        return
    arguments: dict[tuple[str, str], None] = {}
    for fact in profile.tools:
        arguments.update({(fact.name, key): None for key in mapping(fact.input)})
    for name in dict.fromkeys(fact.name for fact in profile.tools):
        yield Shown("tool", name, (partial(_without_tools, [name]),))
    for name, key in arguments:
        ways = [partial(_with_argument, name, key, change) for change in (_dropped, _changed)]
        yield Shown("argument", f"{name}.{key}", tuple(ways))
    for name in profile.server_tools:
        yield Shown("server tool", name, (partial(_without_server_tool, name),))
    yield from _of_reply(last, profile, tools)


def _of_reply(last: Answer, profile: Profile, tools: Roles) -> Iterator[Shown]:
    of_last = partial(_if_it_is, last.response_id)
    says = partial(_saying, tools.asking)
    if profile.question is not None:
        yield Shown("question", "", (of_last(partial(says, _WORDS)),))
    elif profile.refusal is not None or profile.declined is not None:
        yield Shown("refusal", "", (of_last(partial(says, _WORDS)),))
    elif (found := _json_in(last, tools.outputs)) is not None:
        for path in list(dict.fromkeys(_paths(found.value)))[:_MOST_FIELDS]:
            ways = [of_last(partial(_with_json, found, path, c)) for c in (_dropped, _changed)]
            yield Shown("JSON field", ".".join(path), tuple(ways))
    elif last.text and not last.tool_uses:
        yield Shown("no question", "", (of_last(partial(says, _QUESTION)),))
    if last.stop_reason is not None and profile.refusal is None:
        other = "max_tokens" if last.stop_reason == "end_turn" else "end_turn"
        stops = of_last(lambda message: {**message, "stop_reason": other})
        yield Shown("stop reason", last.stop_reason, (stops,))


def _if_it_is(ident: str | None, alter: Alter) -> Alter:
    """`alter` for the answer with this id, and nothing for any other."""
    return lambda message: alter(message) if message.get("id") == ident else message


# --- answers in which it is otherwise -------------------------------------------------------


def _without_tools(names: Collection[str], message: Message) -> Message:
    """An answer that does not call these tools, and says something where it says nothing else."""
    content = mappings(message.get("content"))
    left = [b for b in content if b.get("type") != "tool_use" or b.get("name") not in names]
    if len(left) == len(content):
        return message
    if not any(block.get("type") == "tool_use" for block in left):
        message = {**message, "stop_reason": "end_turn"}
        if not any(block.get("type") == "text" for block in left):
            left.append({"type": "text", "text": _WORDS})
    return {**message, "content": left}


def _with_argument(name: str, key: str, change: Change, message: Message) -> Message:
    """An answer whose calls of a tool lack an argument, or have another value for it."""

    def changed(block: Mapping[str, Any]) -> Mapping[str, Any]:
        given = block.get("input")
        if (block.get("type"), block.get("name")) != ("tool_use", name) or key not in mapping(
            given
        ):
            return block
        return {**block, "input": change(given, (key,))}

    return {**message, "content": [changed(b) for b in mappings(message.get("content"))]}


def _without_server_tool(name: str, message: Message) -> Message:
    content = mappings(message.get("content"))
    kinds = ("server_tool_use", "mcp_tool_use")
    ids = [b.get("id") for b in content if b.get("type") in kinds and b.get("name") == name]
    left = [b for b in content if b.get("id") not in ids and b.get("tool_use_id") not in ids]
    return {**message, "content": left} if ids else message


def _saying(asking: Collection[str], words: str, message: Message) -> Message:
    """An answer of other words, which asks nothing by a tool."""
    others = [b for b in mappings(message.get("content")) if b.get("type") != "text"]
    altered = _without_tools(asking, {**message, "content": others})
    said = [*mappings(altered.get("content")), {"type": "text", "text": words}]
    stops = {"stop_reason": "end_turn"} if message.get("stop_reason") == "refusal" else {}
    return {**altered, "content": said, **stops}


# --- JSON -----------------------------------------------------------------------------------


def _json_in(last: Answer, outputs: Collection[str]) -> FoundJson | None:
    """The JSON of a reply, where it is an object or a list and not begun by the app."""
    found = find_json(last, where="anywhere", output_tools=outputs)
    written = found is not None and isinstance(found.value, dict | list)
    return found if written and not last.request.prefill else None


def _paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """The names in a JSON value, with those above them; the items of a list are one."""
    if isinstance(value, list):
        yield from chain.from_iterable(_paths(each, (*above, _EACH)) for each in value)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name.isidentifier():  # any other is data
                yield (*above, name)
                yield from _paths(each, (*above, name))


def _dropped(value: Any, path: Path) -> Any:
    return _at(value, path, lambda of, name: {k: v for k, v in of.items() if k != name})


def _changed(value: Any, path: Path) -> Any:
    return _at(value, path, lambda of, name: {**of, name: _another(of[name])})


def _at(value: Any, path: Path, change: Callable[[dict[str, Any], str], Any]) -> Any:
    """`value` with its parts at a path changed, where it has them."""
    first, rest = path[0], path[1:]
    if first == _EACH and isinstance(value, list):
        return [_at(each, rest, change) for each in value]
    if not isinstance(value, dict) or first not in value:
        return value
    return {**value, first: _at(value[first], rest, change)} if rest else change(value, first)


def _another(value: Any) -> Any:
    """Another value of the same type; of null, a text."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return [] if value else [None]
        case dict():
            return {} if value else {"other": None}
    return _WORDS


def _with_json(found: FoundJson, path: Path, change: Change, message: Message) -> Message:
    """An answer whose JSON is otherwise at a path; in the same place, with the same text around."""
    content = mappings(message.get("content"))
    value = change(found.value, path)
    if found.place not in ("the text", "a fence", "the prose"):  # the input of an output tool
        call = next(block for block in content if block.get("input") == found.value)
        return {**message, "content": [{**b, "input": value} if b is call else b for b in content]}
    texts = [block for block in content if block.get("type") == "text"]
    text = "".join(str(block.get("text")) for block in texts).strip()
    end = len(text) - (found.around - found.before)
    written = json.dumps(value, ensure_ascii=False)
    if found.place == "a fence":
        opening, *_, closing = text[found.before : end].split("\n")
        written = f"{opening}\n{written}\n{closing}"
    altered = {"type": "text", "text": text[: found.before] + written + text[end:]}
    at = content.index(texts[0])
    others = [block for block in content if block.get("type") != "text"]
    return {**message, "content": [*others[:at], altered, *others[at:]]}
