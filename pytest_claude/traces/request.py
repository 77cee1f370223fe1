"""A span of any export → a call in the words of the Messages API, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from pytest_claude.models.facts import facts_of
from pytest_claude.models.ids import canonical_model
from pytest_claude.traces.messages import (
    blocks_in,
    conversation,
    lacks_media,
    reply,
    structured,
    tool_choice,
    tools,
)
from pytest_claude.traces.model import LeftOut, TracedCall
from pytest_claude.traces.names import CALLS, FIELDS, OPTIONS, STOPS, named
from pytest_claude.transcript.json_values import mapping, mappings, parsed, string

DEFAULTS: Mapping[str, Any] = {
    "max_tokens": 4096,
    "tool schemas": {"type": "object"},
    "tools": "those that are called, each with any arguments",
    "place of later system messages": "the system prompt, before all turns",
    "tool ids": "toolu_recorded_1, toolu_recorded_2, …",
    "stop_reason": "tool_use where a tool is called, else end_turn",
}
"""What stands for what an export lacks, by what it lacks."""

NOT_SENT = frozenset({"stream", "anthropic_version", "anthropic_beta", "betas", "extra_headers",
                      "extra_query", "extra_body", "timeout"})  # fmt: skip
"""Arguments of an SDK and fields of a platform that say nothing of what is asked."""

_DEEPEST = 200
_REQUEST = frozenset({"messages", "prompt"})
_CONTENT = ("request", "messages", "system", "tools", "reply")
_CUT = re.compile(r"\s*(?:\[\s*)?\{\s*\"")
_PLAIN = re.compile(r"claude-[\w.-]+")
_PROVIDERS = ("anthropic", "claude")


@dataclass(frozen=True)
class Span:
    """One record of an export, its parts under whatever names.

    Attributes:
        fields: All that it says.
        source: The file, and the line or the number of the record in it.
        trace: What it has in common with the other spans of a run of the app.
        time: When it began.
    """

    fields: Mapping[str, Any]
    source: str = field(compare=False)
    trace: str = ""
    time: str | float = 0


def is_claude(model: str) -> bool:
    """Whether an id, of any platform, is of a Claude model."""
    return "claude" in canonical_model(model).lower()


def spelled(model: str) -> str:
    """A model's id as the API itself takes it; one that nothing is known of stays as it is.

    >>> spelled("anthropic/claude-sonnet-4.5"), spelled("claude-sonnet-4-5-20250929")
    ('claude-sonnet-4-5', 'claude-sonnet-4-5-20250929')
    """
    model = model.rsplit("/", 1)[-1]
    plain = model if _PLAIN.fullmatch(model) else canonical_model(model)
    routed = canonical_model(plain.partition(":")[0].replace(".", "-"))  # a router's, :free and all
    return routed if facts_of(plain) is None and facts_of(routed) is not None else plain


def call_of(span: Span) -> TracedCall | LeftOut:
    """The call that a span tells, or why it tells none."""
    fields, source = span.fields, span.source
    request = structured(named(fields, "request"))
    kind = named(fields, "kind")
    model = string(named(fields, "model")) or string(mapping(request).get("model")) or ""
    served = string(named(fields, "served")) or ""
    if not (model or served) or (kind is not None and str(kind).lower() not in CALLS):
        return LeftOut("no call to a model", source)
    if not (is_claude(model) or is_claude(served)):
        return LeftOut("another vendor's model", source, model or served)
    if any(_is_cut(named(fields, name)) for name in _CONTENT):
        return LeftOut("cut", source, "a text of JSON without its end")
    filled: list[str] = []
    body, dropped, made_up = _body(fields, request, filled)
    content, around = reply(named(fields, "reply"), made_up)
    if not body.get("messages") or not content:
        failed = named(fields, "error") is not None
        return LeftOut("failed" if failed and body.get("messages") else "no content", source)
    if lacks_media([body["messages"], body.get("system"), content]):
        return LeftOut("no content (media is not in the export)", source)
    body["model"] = spelled(model if is_claude(model) else served)
    _fill_tools(body, content, filled)
    message = _message(fields, content, around, filled)
    message["model"] = served or string(around.get("model")) or body["model"]
    _check([body, message])
    betas = ",".join(each for each in mapping(request).get("betas") or () if isinstance(each, str))
    return TracedCall(
        body, message, source, 200, span.trace, span.time, betas, tuple(filled), tuple(dropped)
    )


def _check(value: Any, depth: int = 0) -> None:
    """Refuse what is JSON only for Python.

    Raises:
        ValueError: It is nested so deeply that it can't be written, or has a number without an end.
    """
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is no number of JSON")
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(inner, Iterable) and not isinstance(inner, str):
        for each in inner:
            _check(each, depth + 1)


def _is_cut(value: Any) -> bool:
    """Whether it is the beginning of a JSON text: exporters cut long attributes."""
    value = structured(value)
    return isinstance(value, str) and _CUT.match(value) is not None


def _body(
    fields: Mapping[str, Any], request: Any, filled: list[str]
) -> tuple[dict[str, Any], list[str], int]:
    """The body of the request, the fields that the API does not know, and the ids made up."""
    whole = isinstance(request, Mapping) and bool(_REQUEST & request.keys())
    given = (
        {k: v for k, v in request.items() if k not in NOT_SENT and v is not None} if whole else {}
    )
    listed = next((given.pop(name) for name in ("messages", "prompt") if name in given), None)
    messages = named(fields, "messages") if listed is None else listed
    told = conversation(named(fields, "request") if messages is None else messages)
    outside = conversation([{"role": "system", "content": blocks_in(named(fields, "system"))}])
    stated = given.pop("system", None)
    dropped = [name for name in given if name not in FIELDS]
    given = {name: value for name, value in given.items() if name in FIELDS}
    options = {name: _plain(named(fields, name, OPTIONS)) for name in OPTIONS}
    body = {**{k: v for k, v in options.items() if v is not None}, **given}
    offered, open_schema = tools(body.pop("tools", None) or named(fields, "tools") or told.tools)
    if "tool_choice" in body:
        body["tool_choice"] = tool_choice(body["tool_choice"])
    if "max_tokens" not in body:
        body["max_tokens"] = DEFAULTS["max_tokens"]
        filled.append("max_tokens")
    filled += ["tool schemas"] * open_schema + ["tool ids"] * (told.made_up > 0)
    dropped += ["thinking"] * told.unsigned
    filled += ["place of later system messages"] * told.moved
    given_as = {"role": "system", "content": stated}
    own = conversation([given_as]).system if stated else outside.system
    more = [block for block in told.system if block.get("text") not in [b.get("text") for b in own]]
    system = [*own, *more]
    said = stated if stated and not more else system[0]["text"] if _is_text(system) else system
    made = {"system": said, "messages": told.turns, "tools": offered}
    return {**body, **{name: each for name, each in made.items() if each}}, dropped, told.made_up


def _plain(value: Any) -> Any:
    """An option that may be written as a text, a number too."""
    value = structured(value)
    value = parsed(value, value) if isinstance(value, str) else value
    is_endless = isinstance(value, float) and not isfinite(value)  # "Infinity" for no limit
    return None if is_endless else value


def _is_text(blocks: Sequence[Mapping[str, Any]]) -> bool:
    return len(blocks) == 1 and blocks[0].keys() == {"type", "text"}


def _fill_tools(
    body: dict[str, Any], content: Sequence[Mapping[str, Any]], filled: list[str]
) -> None:
    """Offer the tools that are called, where the export does not say what was offered."""
    turns = [*body["messages"], {"content": content}]
    blocks = [block for turn in turns for block in mappings(turn["content"])]
    called = [block["name"] for block in blocks if block.get("type") == "tool_use"]
    offered = {tool.get("name") for tool in body.get("tools", ())}
    missing = [name for name in dict.fromkeys(called) if name not in offered]
    if missing:
        schema = DEFAULTS["tool schemas"]
        made = [{"name": name, "input_schema": schema} for name in missing]
        body["tools"] = [*body.get("tools", ()), *made]
        filled.append("tools")


def _message(
    fields: Mapping[str, Any],
    content: Sequence[Mapping[str, Any]],
    around: Mapping[str, Any],
    filled: list[str],
) -> dict[str, Any]:
    stop = around.get("stop_reason") or around.get("finish_reason") or named(fields, "stop")
    stop = structured(stop)
    stop = stop[0] if isinstance(stop, list) and stop else stop
    if (reason := STOPS.get(str(stop).lower())) is None:
        filled.append("stop_reason")
    if reason in (None, "end_turn"):  # some write "stop" for both
        calls = any(block.get("type") == "tool_use" for block in content)
        reason = "tool_use" if calls else "end_turn"
    return {
        "id": named(fields, "id") or string(around.get("id")) or "msg_recorded",
        "type": "message",
        "role": "assistant",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": around.get("stop_sequence"),
        "usage": _usage(fields, around),
    }


_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)


_DETAILS = {"cache_read_input_tokens": "cache_read",
            "cache_creation_input_tokens": "cache_creation"}  # fmt: skip


def _usage(fields: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, int]:
    """The tokens of a call, those of the prompt cache apart, as the API counts them."""
    stated = mapping(around.get("usage"))
    of_langchain = {} if stated else mapping(around.get("usage_metadata"))
    details = mapping(of_langchain.get("input_token_details"))
    stated = {**of_langchain, **stated}
    for name, detail in _DETAILS.items():
        if detail in details:
            stated[name] = details[detail]
    counts = {name: stated.get(name, named(fields, name)) for name in _COUNTS}
    numbers = {name: _number(count) for name, count in counts.items()}
    whole = of_langchain.get("input_tokens")
    if numbers["input_tokens"] is None:
        whole = named(fields, "input_tokens with cached ones")
    if (number := _number(whole)) is not None:
        apart = number - sum(numbers[name] or 0 for name in _DETAILS)
        numbers["input_tokens"] = apart if apart >= 0 else number
    return {name: number for name, number in numbers.items() if number is not None}


def _number(count: Any) -> int | None:
    is_whole = count.is_integer() if isinstance(count, float) else str(count).isdecimal()
    return int(count) if is_whole else None
