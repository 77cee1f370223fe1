"""Messages, tools and replies as exports tell them → the words of the Messages API.

Each library has words of its own for the same parts. The tables name them; nothing here asks which
library wrote what.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_claude.transcript.json_values import mapping, mappings, parsed
from pytest_claude.transcript.stream import assemble, read_events

Turn = dict[str, Any]
MADE_UP = "toolu_recorded_"
"""How the ids of tool calls begin that a source does not tell."""

_ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user",
    "assistant": "assistant", "ai": "assistant", "model": "assistant", "tool": "tool",
    "function": "tool", "SystemMessage": "system", "HumanMessage": "user", "AIMessage": "assistant",
    "AIMessageChunk": "assistant", "ToolMessage": "tool",
}  # fmt: skip
_KINDS = {
    "text": "text", "input_text": "text", "output_text": "text",
    "tool_use": "call", "tool_call": "call", "tool-call": "call", "function_call": "call",
    "function": "call",
    "tool_result": "result", "tool_call_response": "result", "tool-result": "result",
    "thinking": "thinking", "reasoning": "thinking",
    "blob": "data", "uri": "url", "image_url": "url", "file": "file",
}  # fmt: skip
_ID = ("id", "toolCallId", "tool_call_id", "call_id", "toolUseId")
_RESULT_ID = ("tool_use_id", "tool_call_id", "toolCallId", "toolUseId", "id")
_CONVERSE = {"toolUse": "tool_use", "toolResult": "tool_result"}  # of Bedrock, without a type
_NAME = ("name", "toolName", "tool_name")
_INPUT = ("input", "arguments", "args", "parameters", "partial_json")
_RESULT = ("response", "result", "output", "content")
_CONTENT = ("parts", "contents", "content", "text")
_SCHEMA = ("input_schema", "parameters", "inputSchema", "parameters_json_schema")
_WRAPPERS = ("message", "tool_call", "message_content", "data", "kwargs", "tool", "function")
_NATIVE = {"tool_use": ("id", "input"), "tool_result": ("tool_use_id",), "thinking": ("thinking",)}
_REPLY_IN = ("message", "choices", "generations", "messages", "kwargs", "output",
             "combined_chunk_content")  # fmt: skip
_MARKS = frozenset({"combined_chunk_content", "stop_reason", "tool_calls", "usage_metadata",
                    "response_metadata"})  # fmt: skip
_TELLS = _MARKS | {"role", "content", "contents", "parts", "text", "type", "id", "model", "usage",
                   "error", "llm_output", "finish_reason", "chunk_count"}  # fmt: skip
_INLINE = re.compile(r"data:([\w/.+-]+);base64,(.*)", re.DOTALL)
_ELSEWHERE = re.compile(r"@@@langfuseMedia:[^@]*@@@")
_NO_MEDIA = ("braintrust_attachment", "input_audio")
_STREAM = re.compile(r"\s*(?:event|data):")
_CHOICES = {"auto": "auto", "none": "none", "required": "any", "any": "any"}
_OF_CHUNKS = ("index",)  # LangChain leaves it in the blocks of streams
_OWN_BLOCKS = frozenset({
    "image", "document", "redacted_thinking", "search_result", "server_tool_use", "mcp_tool_use",
    "mcp_tool_result", "web_search_tool_result", "web_fetch_tool_result", "container_upload",
    "code_execution_tool_result", "bash_code_execution_tool_result", "tool_search_tool_result",
    "text_editor_code_execution_tool_result", "compaction",
})  # fmt: skip
_SHOWN = ("text", "image", "document")  # blocks that a result may hold
_OPEN_SCHEMA = {"type": "object"}


def structured(value: Any) -> Any:
    """A value that may be written as JSON text."""
    is_json = isinstance(value, str) and value.lstrip()[:1] in ("{", "[")
    return parsed(value, value) if is_json else value


def blocks_in(value: Any) -> Any:
    """The blocks in a text of JSON that lists typed blocks only; anything else as it is.

    OpenTelemetry's attributes are scalars, so libraries write blocks as such texts.
    """
    listed = structured(value)
    return listed if _are_blocks(listed) else value


def first(of: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of these fields that says something."""
    return next((of[name] for name in names if of.get(name) not in (None, "", [], {})), None)


class Conversation(NamedTuple):
    """What was said before a reply.

    Attributes:
        system: The system prompt, as blocks.
        turns: The messages.
        made_up: How many ids of tool calls were missing, and are made up.
        unsigned: Whether thinking is left out: the API takes back none that it did not sign.
        tools: Definitions of tools that stand among the messages, as Langfuse's handler of
            LangChain writes them.
        moved: Whether a system message stood between turns, and is in the system prompt now.
    """

    system: list[Any]
    turns: list[Turn]
    made_up: int
    unsigned: bool
    tools: list[Any]
    moved: bool


def conversation(value: Any) -> Conversation:
    """The messages of a request.

    Args:
        value: All of them: a list, the prompt as one text, or a list in a list.
    """
    whole = _unnested(structured(value))
    if isinstance(value, str) and not _are_messages(whole):
        whole = [{"role": "user", "content": value}]
    system: list[Any] = []
    turns: list[Turn] = []
    defined: list[Any] = []
    unsigned = moved = is_late = False
    for message in mappings([structured(each) for each in whole or ()]):
        if _defines_tool(message):
            defined.append(message["content"])
            continue
        role, said = _message(message)
        blocks = [b for b in said if b["type"] != "thinking" or b.get("signature")]
        unsigned |= len(blocks) < len(said)
        if role == "system":
            system += blocks
            is_late = bool(turns)
            continue
        moved |= is_late
        is_late = False
        if role == "tool" and turns and _gives_back(turns[-1]):
            turns[-1]["content"] += blocks
        elif blocks:
            turns.append({"role": "user" if role == "tool" else role, "content": blocks})
    made_up = _give_ids(turns)
    return Conversation(system, [_plain(turn) for turn in turns], made_up, unsigned, defined, moved)


def reply(value: Any, made_up: int = 0) -> tuple[list[Turn], Mapping[str, Any]]:
    """The content of a reply, and what tells more of it: the message and what is around it.

    Args:
        value: The reply.
        made_up: How many ids of tool calls were made up in the messages before it.
    """
    value, around = _reply_in(value), dict[str, Any]()
    while isinstance(value, Mapping | list) and not _are_blocks(value):
        inner: Any = None
        if isinstance(value, Mapping):
            around |= value
            if "parts" not in value:
                inner = _reply_in(_inner(value))
            if isinstance(inner, Mapping) and "tool_calls" in value:
                inner = {"tool_calls": value["tool_calls"], **inner}
        elif any(_is_reply(each) for each in value):
            inner = value[-1] if len(value) > 1 and _has_roles(value) else value[0]
        if inner is None:
            break
        value = inner
    if isinstance(value, Mapping) and (_TELLS & value.keys() or not value):
        around |= mapping(value.get("response_metadata"))
        blocks = _message({"role": "assistant", **value})[1]
    elif _are_blocks(value):
        blocks = _blocks(value)
    else:  # a text, or JSON of the model that the exporter parsed
        blocks = _blocks(_as_text(value) if value else "")
    _give_ids([{"role": "assistant", "content": blocks}], made_up)
    return blocks, around


def tools(value: Any) -> tuple[list[Turn], bool]:
    """The tools as the API takes them, and whether a schema was missing."""
    listed = structured(value)
    listed = [structured(each) for each in listed] if isinstance(listed, list) else ()
    made = [_tool(each) for each in mappings(listed)]
    return [tool for tool in made if tool], any(t.get("input_schema") is _OPEN_SCHEMA for t in made)


def _reply_in(value: Any) -> Any:
    """A reply as an object, a list or a text; None for a stream without its end.

    The text of a reply may be JSON itself: it is read only where it has the form of a reply.
    """
    if isinstance(value, str) and _STREAM.match(value):
        whole: Any = [*read_events(value.encode("utf-8", "surrogatepass"))]
    else:
        whole = structured(value)
    if isinstance(whole, list) and any(e.get("type") == "message_start" for e in mappings(whole)):
        stream = assemble(whole)
        return stream.message if stream.complete and stream.error is None else None
    return value if isinstance(value, str) and not _is_reply(whole) else whole


def _is_reply(value: Any) -> bool:
    """Whether an object or a list has the form of a reply, or of what is around one."""
    if isinstance(value, list):
        return _are_blocks(value) or any(_is_reply(each) for each in value)
    of = mapping(value)
    inner = (of.get(name) for name in _REPLY_IN)
    return (
        "role" in of
        or any(isinstance(each, Mapping | list) for each in inner)
        or bool(_MARKS & of.keys())
    )


def _inner(value: Mapping[str, Any]) -> Any:
    """What is in the wrapper of a reply; a text only where the wrapper holds nothing of its own."""
    inner = first(value, _REPLY_IN)
    own = value.keys() - _TELLS - {*_REPLY_IN}
    return None if isinstance(inner, str) and own else inner


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _defines_tool(message: Mapping[str, Any]) -> bool:
    """Whether what is written as the result of a tool is the definition of one."""
    if message.get("role") != "tool" or first(message, (*_RESULT_ID, "name")) is not None:
        return False
    content = mapping(structured(message.get("content")))
    schema = _tool(content).get("input_schema")
    return schema is not None and (schema is not _OPEN_SCHEMA or content.get("type") == "function")


def lacks_media(value: Any) -> bool:
    """Whether an attachment is in the storage of the tool that exported it, or is sound."""
    if isinstance(value, str):
        return _ELSEWHERE.search(value) is not None
    if isinstance(value, Mapping):
        return str(value.get("type")) in _NO_MEDIA or any(map(lacks_media, value.values()))
    return isinstance(value, list | tuple) and any(map(lacks_media, value))


def _unnested(value: Any) -> Any:
    is_nested = isinstance(value, list) and len(value) == 1 and isinstance(value[0], list)
    return value[0] if is_nested else value


def _are_messages(value: Any) -> bool:
    """Whether each item of a list says whose turn it is."""
    said = mappings(value)
    return (
        bool(said)
        and len(said) == len(value)
        and all("role" in each or "kwargs" in each or each.get("type") in _ROLES for each in said)
    )


def _are_blocks(value: Any) -> bool:
    """Whether each item of a list is a block of a known type."""
    blocks = mappings(value)
    return bool(blocks) and len(blocks) == len(value) and all(map(_is_block, blocks))


def _is_block(value: Mapping[str, Any]) -> bool:
    named = str(value.get("type"))
    return (named in _KINDS or named in _OWN_BLOCKS) and not {"role", "message"} & value.keys()


def tool_choice(value: Any) -> Any:
    """The choice of a tool as the API takes it."""
    named = mapping(mapping(value).get("function")).get("name")
    if named is not None:
        return {"type": "tool", "name": named}
    return {"type": _CHOICES[value]} if isinstance(value, str) and value in _CHOICES else value


def _has_roles(value: list[Any]) -> bool:
    return all("role" in each for each in mappings(value))


def _message(message: Mapping[str, Any]) -> tuple[str, list[Turn]]:
    role = message.get("role") or message.get("type")
    named = message.get("id")
    if isinstance(named, list) and named:  # LangChain's name of the class
        role = named[-1]
    message = _unwrapped(message)
    role = _ROLES.get(str(message.get("role") or role), "user")
    content = first(message, _CONTENT)
    if role == "tool" and not any(b.get("type") in _KINDS for b in mappings(content)):
        content = [{**message, "type": "tool_result", "content": content}]
    elif role == "tool":
        content = [_with_id(block, message) for block in mappings(content)]
    blocks = _blocks(content)
    there = {block.get("id") for block in blocks}
    extra = (_call(_unwrapped(each)) for each in mappings(structured(message.get("tool_calls"))))
    return role, blocks + [call for call in extra if not call["id"] or call["id"] not in there]


def _with_id(block: Mapping[str, Any], message: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block of a tool's message; what is no result is the content of one."""
    if _KINDS.get(str(block.get("type"))) == "result":
        return block
    return {"type": "tool_result", "id": first(message, _RESULT_ID), "content": [block]}


def _unwrapped(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object in wrappers, with what the outer ones say beside it."""
    for name in _WRAPPERS:
        if isinstance(value.get(name), Mapping) and "content" not in value:
            outer = {k: v for k, v in value.items() if k != name and k != "type"}
            return _unwrapped({**outer, **value[name]})
    return value


def _blocks(content: Any) -> list[Turn]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    if isinstance(content, Mapping):
        content = [content]
    blocks = (_block(b) if isinstance(b, Mapping) else _text(b) for b in content or ())
    return [block for block in blocks if block]


def _text(value: Any) -> Turn:
    return {"type": "text", "text": value} if isinstance(value, str) and value.strip() else {}


def _block(part: Mapping[str, Any]) -> Turn:
    for name, kind in _CONVERSE.items():
        if isinstance(part.get(name), Mapping):
            part = {**part[name], "type": kind}
            part["content"] = [
                {"type": "text", **each} if each.keys() == {"text"} else each
                for each in mappings(part.get("content"))
            ] or part.get("content")
    part = {k: v for k, v in _unwrapped(part).items() if v is not None and k not in _OF_CHUNKS}
    own = _NATIVE.get(str(part.get("type")), ())
    if own and all(part.get(name) for name in own):
        return part
    match _KINDS.get(str(part.get("type", "text"))):
        case "text":
            text = _text(first(part, ("text", "content")))
            return {**part, **text, "type": "text"} if text and "text" in part else text
        case "call":
            return _call(part)
        case "result":
            return _result(part)
        case "thinking":
            said = first(part, ("thinking", "content", "text"))
            named = {"signature": part["signature"]} if part.get("signature") else {}
            return {"type": "thinking", "thinking": said, **named} if said else {}
        case "data":
            media = first(part, ("mime_type", "media_type")) or "image/png"
            source = {"type": "base64", "media_type": media, "data": part.get("content")}
            return {"type": _modality(part), "source": source}
        case "url":
            at = part.get("image_url", part.get("uri"))
            url = mapping(at).get("url", at)
            if not isinstance(url, str):  # an object that names where the tool keeps it
                return {"type": _modality(part), "source": url}
            if (inline := _INLINE.fullmatch(url)) is not None:
                source = {"type": "base64", "media_type": inline[1], "data": inline[2]}
            else:
                source = {"type": "url", "url": url}
            return {"type": _modality(part), "source": source}
        case "file":
            source = {"type": "file", "file_id": part.get("file_id")}
            return {"type": _modality(part), "source": source}
    return part


def _modality(part: Mapping[str, Any]) -> str:
    return "image" if part.get("modality", "image") == "image" else "document"


def _call(part: Mapping[str, Any]) -> Turn:
    given = structured(first(part, _INPUT))
    is_field = isinstance(given, Mapping) and given.keys() == {"input"}
    if is_field and isinstance(part.get("arguments"), str) and isinstance(given["input"], Mapping):
        given = given["input"]  # Logfire writes the field of the block with its name
    given = given if isinstance(given, Mapping) else {} if given is None else {"input": given}
    name = first(part, _NAME) or ""
    return {"type": "tool_use", "id": first(part, _ID) or "", "name": name, "input": given}


def _result(part: Mapping[str, Any]) -> Turn:
    given = first(part, _RESULT)
    listed = structured(given)
    listed = [listed] if isinstance(listed, Mapping) else listed
    shown = _are_blocks(listed) and all(_is_shown(block) for block in listed)
    content = [dict(b) for b in listed] if shown else "" if given is None else _as_text(given)
    failed = {"is_error": True} if part.get("is_error") or part.get("status") == "error" else {}
    marked = {"cache_control": part["cache_control"]} if part.get("cache_control") else {}
    named = first(part, _RESULT_ID) or ""
    return {"type": "tool_result", "tool_use_id": named, "content": content, **failed, **marked}


def _is_shown(block: Mapping[str, Any]) -> bool:
    return block["type"] in _SHOWN and ("text" if block["type"] == "text" else "source") in block


def _tool(value: Mapping[str, Any]) -> Turn:
    given = mapping(structured(_unwrapped(value).get("json_schema"))) or value
    given = _unwrapped(given)
    schema = structured(first(given, _SCHEMA))
    kind = str(value.get("type", "custom"))
    if kind not in ("function", "custom", "tool") and schema is None:
        return dict(value)  # a tool of the API's own
    named = {"name": first(given, _NAME), "description": given.get("description")}
    known = {name: each for name, each in named.items() if each is not None}
    more = {k: given[k] for k in ("cache_control", "strict") if k in given}
    return {**known, "input_schema": schema or _OPEN_SCHEMA, **more} if "name" in known else {}


def _gives_back(turn: Turn) -> bool:
    return turn["role"] == "user" and all(b["type"] == "tool_result" for b in turn["content"])


def _give_ids(turns: list[Turn], before: int = 0) -> int:
    """Name the calls and results that have no id, by their order; how many were named so far."""
    waiting: list[str] = []
    for block in _all_blocks(turns):
        if block.get("type") == "tool_use":
            before += not block["id"]
            block["id"] = block["id"] or f"{MADE_UP}{before}"
            waiting.append(block["id"])
        elif block.get("type") == "tool_result" and waiting:
            block["tool_use_id"] = block["tool_use_id"] or waiting[0]
            if block["tool_use_id"] in waiting:
                waiting.remove(block["tool_use_id"])
    return before


def _all_blocks(turns: list[Turn]) -> Iterator[Turn]:
    return (block for turn in turns for block in turn["content"])


def _plain(turn: Turn) -> Turn:
    """A turn whose one block is a text, as the text."""
    match turn["content"]:
        case [{"type": "text", "text": text, **more}] if not more:
            return {**turn, "content": text}
    return turn
