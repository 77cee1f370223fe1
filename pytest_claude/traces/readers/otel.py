"""OpenTelemetry: OTLP JSON of spans and of logs, and what the SDK's own exporters print.

The content of a call is in the attributes of its span, in events of the span, or in log records
that name it: `gen_ai.client.inference.operation.details`, or one event for each message.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_claude.traces.files import Record, attempt
from pytest_claude.traces.messages import blocks_in, first, structured
from pytest_claude.traces.model import LeftOut
from pytest_claude.traces.request import Span
from pytest_claude.transcript.json_values import mapping, mappings, parsed

_DETAILS = "gen_ai.client.inference.operation.details"
_SAID = {  # the older events: their names, and whose turn each holds
    "gen_ai.system.message": "system", "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant", "gen_ai.tool.message": "tool",
}  # fmt: skip
_CHOICE = "gen_ai.choice"
_WHOLE = ("gen_ai.content.prompt", "gen_ai.content.completion")  # older still, of the attributes
_BODIES = ("body", "gen_ai.event.content", "event_body", "event.body")
_OF_AI_SDK = {"content": "ai.response.text", "tool_calls": "ai.response.toolCalls"}
_INDEX = re.compile(r"\.(?=\d+(?:\.|$))")
_Key = tuple[str, str]


@dataclass(frozen=True)
class _Event:
    """An event of a span, or a log record: its name, what it says, and where and when that is."""

    name: str
    fields: Mapping[str, Any]
    source: str = field(compare=False)
    trace: str
    time: str


def spans(records: Iterable[Record | LeftOut]) -> Iterator[Span | LeftOut]:
    """The spans of an export, each with what its events and log records say."""
    found: dict[_Key, list[Span]] = defaultdict(list)
    logged: dict[_Key, list[_Event]] = defaultdict(list)
    for record in records:
        if isinstance(record, LeftOut):
            yield record
            continue
        source, data = record
        known = False
        for number, (kind, each) in enumerate(_entries(data), start=1):
            known = True
            named, place = _key(each), f"{source}, span {number}"
            key = named if named[1] else ("", place)  # without an id it belongs to no other
            read: Callable[..., Span | _Event] = _event if kind == "log" else _span
            made = attempt(place, read, each, place, named[0])
            if isinstance(made, LeftOut):
                yield made
            elif isinstance(made, Span):
                if made in found[key]:
                    yield LeftOut("there twice", place)
                else:
                    found[key].append(made)
            elif made.name == _DETAILS and made in logged[key]:
                yield LeftOut("there twice", place)
            else:
                logged[key].append(made)
        if not known:
            yield LeftOut("broken", source, "no span of OpenTelemetry")
    for key, events in logged.items():
        if key not in found:  # an export of logs alone
            found[key] = [Span({}, events[0].source, events[0].trace, events[0].time)]
    for key in [*found]:
        for span in found.pop(key):  # what is read is large
            yield from _with_events(span, logged.get(key, ()))


def _with_events(span: Span, events: Sequence[_Event]) -> Iterator[Span]:
    """A span with what its events say; each event of details is a call of its own."""
    fields = {**span.fields, **_said(events)}
    details = [event for event in events if event.name == _DETAILS]
    if len(details) < 2:
        yield replace(span, fields=fields)
        return
    for event in details:
        yield Span({**fields, **event.fields}, event.source, span.trace, event.time or span.time)


def _entries(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The spans and log records in one record of a file."""
    data = mapping(data)
    for resource in mappings(first(data, ("resourceSpans", "resource_spans", "batches"))):
        for scope in mappings(first(resource, ("scopeSpans", "scope_spans"))):
            yield from (("span", span) for span in mappings(scope.get("spans")))
    for resource in mappings(first(data, ("resourceLogs", "resource_logs"))):
        for scope in mappings(first(resource, ("scopeLogs", "scope_logs"))):
            logs = mappings(first(scope, ("logRecords", "log_records")))
            yield from (("log", log) for log in logs)
    if "attributes" in data:  # of an SDK's console exporter
        is_log = "body" in data or "event_name" in data
        yield ("log" if is_log else "span"), data


def _key(entry: Mapping[str, Any]) -> _Key:
    of = {**mapping(entry.get("context")), **entry}
    trace = of.get("traceId", of.get("trace_id")) or ""
    return str(trace).removeprefix("0x"), str(
        of.get("spanId", of.get("span_id")) or ""
    ).removeprefix("0x")


def _span(entry: Mapping[str, Any], source: str, trace: str) -> Span:
    own = attributes(entry.get("attributes"))
    events = [_event(event, source, trace) for event in mappings(entry.get("events"))]
    status = mapping(entry.get("status"))
    failed = str(status.get("code", status.get("status_code"))) in (
        "2",
        "STATUS_CODE_ERROR",
        "ERROR",
    )
    error = {"error": status.get("message") or "error"} if failed else {}
    time = entry.get("startTimeUnixNano", entry.get("start_time", ""))
    return Span(error | own | _said(events), source, trace, str(time))


def _event(entry: Mapping[str, Any], source: str, trace: str) -> _Event:
    """An event, wherever its body is."""
    fields = {k: blocks_in(v) for k, v in attributes(entry.get("attributes")).items()}
    name = entry.get("eventName") or entry.get("event_name") or entry.get("name")
    name = name or fields.get("event.name")
    body = next((fields[key] for key in _BODIES if key in fields), None)
    body = structured(_value(entry["body"]) if "body" in entry else body)
    time = first(entry, ("timeUnixNano", "observedTimeUnixNano", "timestamp", "time"))
    return _Event(str(name), {**fields, **mapping(body)}, source, trace, str(time or ""))


def _said(events: Iterable[_Event]) -> dict[str, Any]:
    """What events say of a call, as the attributes of a span would."""
    turns: list[Any] = []
    choices: list[Any] = []
    said: dict[str, Any] = {}
    for event in events:
        name, fields = event.name, event.fields
        if name == _DETAILS or name in _WHOLE:
            said |= fields
        elif name in _SAID:
            turns.append({"role": _SAID[name], **fields})
        elif name == _CHOICE:
            choices.append({**fields, "message": structured(fields.get("message"))})
    listed = {"gen_ai.input.messages": turns, "gen_ai.output.messages": choices}
    return said | {name: each for name, each in listed.items() if each}


def attributes(value: Any) -> dict[str, Any]:
    """Attributes as an object, those that were flattened (`gen_ai.prompt.0.role`) put together."""
    if isinstance(value, list):
        value = {str(each.get("key")): _value(each.get("value")) for each in mappings(value)}
    flat = mapping(value)
    made: dict[str, Any] = {}
    for name, each in flat.items():
        if _INDEX.search(name) is None:
            made[name] = each
            continue
        head, _, rest = _INDEX.sub("\0", name, count=1).partition("\0")
        _put(made.setdefault(head, {}), rest.split("."), each)
    whole = {name: _listed(each) for name, each in made.items()}
    said = {part: whole[name] for part, name in _OF_AI_SDK.items() if name in whole}
    if said:
        whole["gen_ai.output.messages"] = [{"role": "assistant", **said}]
    listed = mappings(structured(whole.get("events")))  # pydantic-ai's, by the setting "attributes"
    return whole | _said(_Event(str(each.get("event.name")), each, "", "", "") for each in listed)


def _put(into: Any, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        if not isinstance(into, dict):
            return  # a name is that of a value and of a group
        into = into.setdefault(step, {})
    if isinstance(into, dict):
        into[path[-1]] = blocks_in(value)


def _listed(value: Any) -> Any:
    """Objects whose keys are 0, 1, … as lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _value(value: Any) -> Any:
    """A value of OTLP, which names its type."""
    match value:
        case {"stringValue": text}:
            return text
        case {"intValue": str(number)}:
            return parsed(number)
        case {"arrayValue": array}:
            return [_value(each) for each in mapping(array).get("values") or ()]
        case {"kvlistValue": pairs}:
            values = mappings(mapping(pairs).get("values"))
            return {str(pair.get("key")): _value(pair.get("value")) for pair in values}
        case {"intValue": plain} | {"doubleValue": plain} | {"boolValue": plain}:
            return plain
    return value
