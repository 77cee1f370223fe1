"""One conversation in the shapes in which tools export it: always the same case.

An agent is asked where an order is, looks it up, and says it. Each shape is written anew after the
page that it names.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.traces import files
from pytest_claude.traces.cases import linked
from pytest_claude.traces.messages import conversation
from pytest_claude.traces.model import Case, LeftOut, TracedCall
from pytest_claude.traces.sources import SOURCES, read_jsonl

Json = Any
MODEL, SERVED = "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"
SYSTEM, ASKED, GIVEN = "You help customers of Acme.", "Where is order 1234?", "shipped on 2 May"
SCHEMA = {"type": "object", "properties": {"order_id": {"type": "string"}}}
TOOL = {"name": "lookup_order", "description": "Look up an order.", "input_schema": SCHEMA}
INPUT = {"order_id": "1234"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "lookup_order", "input": INPUT}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": GIVEN}
SAID = "It was shipped on 2 May."
USER = {"role": "user", "content": ASKED}
CALLED = {"role": "assistant", "content": [CALL]}
BACK = {"role": "user", "content": [RESULT]}
USAGE = ({"input_tokens": 50, "output_tokens": 20}, {"input_tokens": 80, "output_tokens": 9})
BODY = {"model": MODEL, "max_tokens": 300, "system": SYSTEM, "tools": [TOOL], "temperature": 0.5}
BODIES = ({**BODY, "messages": [USER]}, {**BODY, "messages": [USER, CALLED, BACK]})


def message(step: int) -> Json:
    content = [CALL] if step == 0 else [{"type": "text", "text": SAID}]
    return {
        "id": f"msg_{step}", "type": "message", "role": "assistant", "model": SERVED,
        "content": content, "stop_reason": "end_turn" if step else "tool_use",
        "stop_sequence": None, "usage": USAGE[step],
    }  # fmt: skip


def lines(records: list[Json]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def table(rows: list[dict[str, Json]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, [*rows[0]])
    writer.writeheader()
    for row in rows:
        writer.writerow({k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()})
    return out.getvalue()


# --- OpenTelemetry -------------------------------------------------------------------------------

PARTS_IN = [
    {"role": "user", "parts": [{"type": "text", "content": ASKED}]},
    {"role": "assistant", "parts": [
        {"type": "tool_call", "id": "toolu_1", "name": "lookup_order", "arguments": INPUT}]},
    {"role": "tool", "parts": [
        {"type": "tool_call_response", "id": "toolu_1", "response": GIVEN}]},
]  # fmt: skip
DEFINED = {
    "type": "function", "name": "lookup_order", "description": "Look up an order.",
    "parameters": SCHEMA,
}  # fmt: skip


def parts_out(step: int) -> Json:
    part = {"type": "text", "content": SAID} if step else PARTS_IN[1]["parts"][0]  # type: ignore[index]
    return [
        {"role": "assistant", "parts": [part], "finish_reason": "stop" if step else "tool_call"}
    ]


def options(step: int) -> dict[str, Json]:
    return {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": MODEL, "gen_ai.response.model": SERVED,
        "gen_ai.response.id": f"msg_{step}", "gen_ai.request.max_tokens": 300,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.finish_reasons": ["stop" if step else "tool_call"],
        "gen_ai.usage.input_tokens": USAGE[step]["input_tokens"],
        "gen_ai.usage.output_tokens": USAGE[step]["output_tokens"],
    }  # fmt: skip


def content(step: int) -> dict[str, Json]:
    return {
        "gen_ai.system_instructions": [{"type": "text", "content": SYSTEM}],
        "gen_ai.input.messages": PARTS_IN[: 1 + 2 * step],
        "gen_ai.output.messages": parts_out(step),
        "gen_ai.tool.definitions": [DEFINED],
    }


def any_value(value: Json) -> Json:
    """A value as OTLP writes it."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case list():
            return {"arrayValue": {"values": [any_value(each) for each in value]}}
    return {"kvlistValue": {"values": attributes(value)}}


def attributes(values: dict[str, Json]) -> Json:
    return [{"key": key, "value": any_value(value)} for key, value in values.items()]


def otlp(*values: dict[str, Json], events: Any = lambda step: []) -> Json:
    spans = [
        {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": f"00f067aa0ba902b{step}",
         "name": f"chat {MODEL}", "kind": 3, "startTimeUnixNano": f"17000000000000000{step}0",
         "attributes": attributes(each), "events": events(step), "status": {}}
        for step, each in enumerate(values)
    ]  # fmt: skip
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": spans}]}]}


def logs(step: int, records: list[Json]) -> Json:
    ids = {"traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": f"00f067aa0ba902b{step}"}
    records = [{**ids, **record} for record in records]
    return {"resourceLogs": [{"scopeLogs": [{"scope": {}, "logRecords": records}]}]}


def as_texts(values: dict[str, Json]) -> dict[str, Json]:
    return {name: json.dumps(value) for name, value in values.items()}


def details(step: int) -> Json:
    name = "gen_ai.client.inference.operation.details"
    return logs(
        step, [{"eventName": name, "attributes": attributes(options(step) | content(step))}]
    )


TOOL_CALLS = [
    {"id": "toolu_1", "type": "function",
     "function": {"name": "lookup_order", "arguments": json.dumps(INPUT)}},
]  # fmt: skip


CHAT = [
    {"role": "system", "content": SYSTEM},
    USER,
    {"role": "assistant", "content": "", "tool_calls": TOOL_CALLS},
    {"role": "tool", "tool_call_id": "toolu_1", "content": GIVEN},
]


def older(step: int) -> list[tuple[str, Json]]:
    before = [
        ("gen_ai.system.message", {"content": SYSTEM}),
        ("gen_ai.user.message", {"content": ASKED}),
        ("gen_ai.assistant.message", {"tool_calls": TOOL_CALLS}),
        ("gen_ai.tool.message", {"id": "toolu_1", "content": GIVEN}),
    ]
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": SAID}}
    first = {"index": 0, "finish_reason": "tool_calls", "message": {"tool_calls": TOOL_CALLS}}
    return [*before[: 2 + 2 * step], ("gen_ai.choice", choice if step else first)]


def older_logs(step: int) -> Json:
    named = [("event.name", name, body) for name, body in older(step)]
    records = [{"attributes": attributes({key: name}), "body": any_value(body)}
               for key, name, body in named]  # fmt: skip
    return logs(step, records)


def older_events(step: int) -> Json:
    return [
        {"name": name, "attributes": attributes({k: v if isinstance(v, str) else json.dumps(v)
                                                 for k, v in body.items()})}
        for name, body in older(step)
    ]  # fmt: skip


def with_tools(step: int) -> dict[str, Json]:
    return options(step) | {"gen_ai.tool.definitions": json.dumps([DEFINED])}


def openllmetry(step: int) -> dict[str, Json]:
    prompts = [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": ASKED},
        {"role": "assistant", "tool_calls.0.id": "toolu_1", "tool_calls.0.name": "lookup_order",
         "tool_calls.0.arguments": json.dumps(INPUT)},
        {"role": "user", "content": json.dumps([RESULT])},
    ]  # fmt: skip
    flat = {f"gen_ai.prompt.{n}.{key}": value for n, prompt in enumerate(prompts[: 2 + 2 * step])
            for key, value in prompt.items()}  # fmt: skip
    out: dict[str, Json] = {
        "role": "assistant",
        "finish_reason": "end_turn" if step else "tool_use",
    }
    out |= {"content": SAID} if step else {k: v for k, v in prompts[2].items() if k != "role"}
    return {
        "gen_ai.system": "Anthropic", "llm.request.type": "chat", "gen_ai.request.model": MODEL,
        "gen_ai.request.max_tokens": 300, "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": SERVED, "gen_ai.response.id": f"msg_{step}",
        "gen_ai.usage.input_tokens": USAGE[step]["input_tokens"],
        "gen_ai.usage.output_tokens": USAGE[step]["output_tokens"],
        "llm.request.functions.0.name": "lookup_order",
        "llm.request.functions.0.description": "Look up an order.",
        "llm.request.functions.0.input_schema": json.dumps(SCHEMA),
        **flat, **{f"gen_ai.completion.0.{key}": value for key, value in out.items()},
    }  # fmt: skip


def openinference(step: int) -> dict[str, Json]:
    call = {
        "message.tool_calls.0.tool_call.id": "toolu_1",
        "message.tool_calls.0.tool_call.function.name": "lookup_order",
        "message.tool_calls.0.tool_call.function.arguments": json.dumps(INPUT),
    }
    prompts = [
        {"message.role": "system", "message.content": SYSTEM},
        {"message.role": "user", "message.contents.0.message_content.type": "text",
         "message.contents.0.message_content.text": ASKED},
        {"message.role": "assistant", **call},
        {"message.role": "tool", "message.tool_call_id": "toolu_1", "message.content": GIVEN},
    ]  # fmt: skip
    out = {"message.content": SAID} if step else call
    return {
        "openinference.span.kind": "LLM", "llm.provider": "anthropic", "llm.model_name": MODEL,
        "llm.invocation_parameters": json.dumps({"max_tokens": 300, "temperature": 0.5}),
        "llm.token_count.prompt": USAGE[step]["input_tokens"],
        "llm.token_count.completion": USAGE[step]["output_tokens"],
        "llm.tools.0.tool.json_schema": json.dumps(TOOL),
        **{f"llm.input_messages.{n}.{key}": value
           for n, prompt in enumerate(prompts[: 2 + 2 * step]) for key, value in prompt.items()},
        "llm.output_messages.0.message.role": "assistant",
        **{f"llm.output_messages.0.{key}": value for key, value in out.items()},
    }  # fmt: skip


def ai_sdk(step: int) -> dict[str, Json]:
    call = {"toolCallId": "toolu_1", "toolName": "lookup_order"}
    prompts = [
        CHAT[0],
        {"role": "user", "content": [{"type": "text", "text": ASKED}]},
        {"role": "assistant", "content": [{"type": "tool-call", **call, "input": INPUT}]},
        {"role": "tool", "content": [{"type": "tool-result", **call, "output": GIVEN}]},
    ]
    calls = [{"toolCallType": "function", **call, "args": json.dumps(INPUT)}]
    out = {"ai.response.text": SAID} if step else {"ai.response.toolCalls": json.dumps(calls)}
    named = {"type": "function", "name": "lookup_order", "description": "Look up an order."}
    scalars = {k: v for k, v in options(step).items() if "operation" not in k}
    return {
        **scalars, **out, "ai.operationId": "ai.generateText.doGenerate",
        "ai.prompt.messages": json.dumps(prompts[: 2 + 2 * step]),
        "ai.prompt.tools": [json.dumps({**named, "inputSchema": SCHEMA})],
    }  # fmt: skip


def console(step: int) -> Json:
    return {
        "name": f"chat {MODEL}",
        "context": {"trace_id": "0x4bf9", "span_id": f"0x{step}", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT", "parent_id": None, "start_time": f"2026-05-02T10:00:0{step}Z",
        "status": {"status_code": "UNSET"}, "attributes": options(step) | as_texts(content(step)),
        "events": [], "links": [], "resource": {"attributes": {}},
    }  # fmt: skip


def each(of: Any) -> list[Json]:
    return [of(0), of(1)]


CONVENTIONS = "https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai"
OTLP = "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding"
OTEL = {
    "attributes as texts": (
        f"{CONVENTIONS}/non-normative/examples-llm-calls.md",
        json.dumps(otlp(*(options(n) | as_texts(content(n)) for n in (0, 1)))),
    ),
    "attributes as structures": (OTLP, json.dumps(otlp(*each(lambda n: options(n) | content(n))))),
    "the event of details": (
        f"{CONVENTIONS}/gen-ai-events.md",
        lines([otlp(*each(options)), details(0), details(1)]),
    ),
    "the event of details alone": (f"{CONVENTIONS}/gen-ai-events.md", lines(each(details))),
    "an event for each message, as logs": (
        "https://github.com/open-telemetry/semantic-conventions/blob/v1.36.0/docs/gen-ai/"
        "gen-ai-events.md",
        lines([older_logs(0), older_logs(1), otlp(*each(with_tools))]),
    ),
    "an event for each message, in the span": (
        "https://github.com/open-telemetry/semantic-conventions/blob/v1.28.0/docs/gen-ai/"
        "gen-ai-spans.md",
        json.dumps(otlp(*each(with_tools), events=older_events)),
    ),
    "OpenLLMetry": (
        "https://www.traceloop.com/docs/openllmetry/contributing/semantic-conventions",
        json.dumps(otlp(*each(openllmetry))),
    ),
    "OpenInference": (
        "https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md",
        json.dumps(otlp(*each(openinference))),
    ),
    "the AI SDK": (
        "https://ai-sdk.dev/docs/ai-sdk-core/telemetry#collected-data",
        json.dumps(otlp(*each(ai_sdk))),
    ),
    "what the SDK prints": (
        "https://opentelemetry-python.readthedocs.io/en/latest/sdk/trace.export.html",
        lines(each(console)),
    ),
}

# --- the vendors ---------------------------------------------------------------------------------

OPTIONS = {"max_tokens": 300, "temperature": 0.5}


def langfuse_ui(step: int) -> Json:
    whole = {k: v for k, v in BODIES[step].items() if k not in ("model", "temperature")}
    return {
        "id": f"obs-{step}", "traceId": "trace-1", "type": "GENERATION", "name": "messages",
        "startTime": f"2026-05-02T10:00:0{step}.000Z", "parentObservationId": None,
        "level": "DEFAULT",
        "statusMessage": None, "model": MODEL, "modelParameters": OPTIONS,
        "input": whole, "output": message(step),
        "usageDetails": {"input": USAGE[step]["input_tokens"],
                         "output": USAGE[step]["output_tokens"]},
    }  # fmt: skip


def langfuse_bucket(step: int) -> Json:
    out = {"role": "assistant", "content": SAID} if step else CHAT[2]
    return {
        "id": f"obs-{step}", "trace_id": "trace-1", "type": "GENERATION",
        "start_time": f"2026-05-02 10:00:0{step}.000000", "provided_model_name": SERVED,
        "model_parameters": json.dumps({**OPTIONS, "tools": [DEFINED]}),
        "input": json.dumps(CHAT[: 2 + 2 * step]), "output": json.dumps(out),
        "usage_details": json.dumps({"input": USAGE[step]["input_tokens"],
                                     "output": USAGE[step]["output_tokens"], "total": 1}),
    }  # fmt: skip


LANGFUSE = {
    "JSON of the UI": ("https://langfuse.com/docs/api-and-data-platform/features/export-from-ui",
                       json.dumps(each(langfuse_ui))),
    "CSV of the UI": ("https://langfuse.com/docs/api-and-data-platform/features/export-from-ui",
                      table(each(langfuse_ui))),
    "lines in a bucket": (
        "https://langfuse.com/docs/api-and-data-platform/features/blob-storage-export-fields",
        lines(each(langfuse_bucket)),
    ),
    "a trace of the API": (
        "https://api.reference.langfuse.com/#tag/trace",
        json.dumps({"id": "trace-1", "name": "agent", "observations": each(langfuse_ui)}),
    ),
}  # fmt: skip


def langsmith_wrapped(step: int) -> Json:
    given = {**BODIES[step], "messages": [CHAT[0], *BODIES[step]["messages"]]}
    out = {k: v for k, v in message(step).items() if k != "usage"}
    return {
        "id": f"run-{step}", "name": "ChatAnthropic", "run_type": "llm", "trace_id": "run-root",
        "start_time": f"2026-05-02T10:00:0{step}",
        "dotted_order": f"20260502T10000{step}Zrun-{step}",
        "inputs": {k: v for k, v in given.items() if k != "system"},
        "outputs": {**out, "usage_metadata": {**USAGE[step], "total_tokens": 1}},
        "error": None, "status": "success", "extra": {"metadata": {}, "runtime": {}},
    }  # fmt: skip


def lc(kind: str, **kwargs: Json) -> Json:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", kind],
            "kwargs": kwargs}  # fmt: skip


def langsmith_langchain(step: int) -> Json:
    call = {"name": "lookup_order", "args": INPUT, "id": "toolu_1", "type": "tool_call"}
    given = [
        lc("SystemMessage", content=SYSTEM, type="system"),
        lc("HumanMessage", content=ASKED, type="human"),
        lc("AIMessage", content=[CALL], tool_calls=[call], type="ai", id="run-0"),
        lc("ToolMessage", content=GIVEN, tool_call_id="toolu_1", type="tool", status="success"),
    ]
    told = message(step)
    out = lc(
        "AIMessage", type="ai", content=SAID if step else [CALL],
        tool_calls=[] if step else [call],
        response_metadata={k: told[k] for k in ("id", "model", "stop_reason", "usage")},
    )  # fmt: skip
    return {
        "id": f"run-{step}", "name": "ChatAnthropic", "run_type": "llm", "trace_id": "run-root",
        "start_time": f"2026-05-02T10:00:0{step}",
        "inputs": {"messages": [given[: 2 + 2 * step]]},
        "outputs": {"generations": [[{"text": "", "type": "ChatGeneration", "message": out}]]},
        "extra": {"invocation_params": {"model": MODEL, "_type": "anthropic-chat", **OPTIONS,
                                        "tools": [TOOL]},
                  "metadata": {"ls_provider": "anthropic", "ls_model_name": MODEL}},
    }  # fmt: skip


RUNS = "https://docs.langchain.com/langsmith/run-data-format"
LANGSMITH = {
    "lines of wrap_anthropic": (RUNS, lines(each(langsmith_wrapped))),
    "an answer of the API, by LangChain": (RUNS, json.dumps({"runs": each(langsmith_langchain)})),
    "a run with its children": (
        RUNS,
        json.dumps({"id": "root", "run_type": "chain", "trace_id": "run-root",
                    "child_runs": each(langsmith_langchain)}),
    ),
    "CSV, objects as texts": (
        "https://docs.langchain.com/langsmith/data-export",
        table(each(langsmith_wrapped)),
    ),
}  # fmt: skip


def logfire_row(step: int, values: Json) -> Json:
    return {
        "trace_id": "0198", "span_id": f"{step}", "parent_span_id": None, "kind": "span",
        "span_name": "Message with {request_data[model]!r}", "message": f"Message with '{MODEL}'",
        "start_timestamp": f"2026-05-02T10:00:0{step}Z", "otel_scope_name": "logfire.anthropic",
        "is_exception": False, "attributes": values,
    }  # fmt: skip


def logfire_v1(step: int) -> Json:
    call = {"id": "toolu_1", "function": {"name": "lookup_order",
                                          "arguments": json.dumps({"input": INPUT})}}  # fmt: skip
    out = {"content": SAID} if step else {"tool_calls": [call]}
    scalars = {k: v for k, v in options(step).items() if "finish" not in k}
    return logfire_row(step, {
        **scalars, "request_data": BODIES[step],
        "response_data": {"message": {"role": "assistant", **out}, "usage": USAGE[step]},
        "gen_ai.response.finish_reasons": [message(step)["stop_reason"]],
    })  # fmt: skip


def logfire_latest(step: int) -> Json:
    values = options(step) | content(step) | {"gen_ai.tool.definitions": json.dumps([TOOL])}
    return logfire_row(step, values | {"request_data": {"model": MODEL}})


def logfire_events(step: int) -> Json:
    told = [{"event.name": name, **body} for name, body in older(step)]
    values = {"events": json.dumps(told), "gen_ai.tool.definitions": json.dumps([TOOL])}
    return logfire_row(step, options(step) | values)


def columns(rows: list[Json]) -> Json:
    return {"columns": [{"name": name, "datatype": "Utf8", "values": [row[name] for row in rows]}
                        for name in rows[0]]}  # fmt: skip


QUERY = "https://pydantic.dev/docs/logfire/manage/query-api/"
LOGFIRE = {
    "columns": (QUERY, json.dumps(columns(each(logfire_v1)))),
    "rows": (QUERY, json.dumps({"columns": [], "rows": each(logfire_latest)})),
    "CSV": (QUERY, table(each(logfire_v1))),
    "lines": (QUERY, lines(each(logfire_latest))),
    "pydantic-ai's events": (
        "https://ai.pydantic.dev/logfire/#event-mode",
        json.dumps(columns(each(logfire_events))),
    ),
}


def braintrust_wrapped(step: int) -> Json:
    told = message(step)
    return {
        "id": f"row-{step}", "span_id": f"s{step}", "root_span_id": "root",
        "span_parents": ["root"],
        "created": f"2026-05-02T10:00:0{step}Z", "is_root": False, "error": None,
        "span_attributes": {"name": "anthropic.messages.create", "type": "llm"},
        "input": [*BODIES[step]["messages"], CHAT[0]],
        "output": {k: told[k] for k in ("role", "content")},
        "metadata": {"provider": "anthropic", "model": MODEL, **OPTIONS, "tools": [TOOL],
                     "stop_reason": told["stop_reason"]},
        "metrics": {"prompt_tokens": USAGE[step]["input_tokens"],
                    "completion_tokens": USAGE[step]["output_tokens"], "start": 1.5 + step},
    }  # fmt: skip


def braintrust_chat(step: int) -> Json:
    reason = "stop" if step else "tool_calls"
    said = {"role": "assistant", "content": SAID} if step else CHAT[2]
    return {**braintrust_wrapped(step), "input": CHAT[: 2 + 2 * step],
            "output": [{"index": 0, "finish_reason": reason, "message": said}]}  # fmt: skip


FETCH = "https://www.braintrust.dev/docs/reference/api/Logs"
BRAINTRUST = {
    "events of the API": (FETCH, json.dumps({"events": each(braintrust_wrapped), "cursor": None})),
    "rows of a query": ("https://www.braintrust.dev/docs/reference/btql",
                        json.dumps({"data": each(braintrust_chat), "schema": {}})),
    "lines in a bucket": ("https://www.braintrust.dev/docs/admin/data-management/export",
                          lines(each(braintrust_wrapped))),
    "CSV": ("https://www.braintrust.dev/docs/platform/logs/view", table(each(braintrust_wrapped))),
}  # fmt: skip

MESSAGES = "https://platform.claude.com/docs/en/api/messages"
JSONL = {
    "a request and a response": (
        MESSAGES, lines(each(lambda n: {"request": BODIES[n], "response": message(n)}))),
    "a request with its response in it": (
        MESSAGES, lines(each(lambda n: {**BODIES[n], "response": message(n), "trace_id": "t"}))),
    "texts of JSON, in a CSV": (
        MESSAGES, table(each(lambda n: {"input": BODIES[n], "output": message(n)}))),
}  # fmt: skip

SHAPES = [
    pytest.param(source, shape, id=f"{source}: {name}")
    for source, shapes in {
        "otel": OTEL, "langfuse": LANGFUSE, "langsmith": LANGSMITH, "logfire": LOGFIRE,
        "braintrust": BRAINTRUST, "jsonl": JSONL,
    }.items()
    for name, shape in shapes.items()
]  # fmt: skip


def read(source: str, path: Path) -> list[TracedCall | LeftOut]:
    return [*SOURCES[source].read([(path, path.name)])]


def written(folder: Path, text: str) -> Path:
    is_csv = not text.startswith(("{", "["))
    path = folder / ("export.csv" if is_csv else "export.json")
    path.write_text(text)
    return path


def case_in(found: list[TracedCall | LeftOut]) -> Case:
    (case,) = linked(call for call in found if isinstance(call, TracedCall))
    return case


@pytest.mark.parametrize(("source", "shape"), SHAPES)
def test_every_shape_tells_the_same_case(
    source: str, shape: tuple[str, str], tmp_path: Path
) -> None:
    found = read(source, written(tmp_path, shape[1]))
    left_out = [each for each in found if isinstance(each, LeftOut)]
    assert {each.why for each in left_out} <= {"no call to a model"}
    case = case_in(found)
    assert {**case.request, "model": MODEL} == BODIES[0]
    assert case.then == [[CALLED, BACK]]
    replies = [reply for _, reply in case.replies]
    assert [reply["content"] for reply in replies] == [message(0)["content"], message(1)["content"]]
    assert [reply["stop_reason"] for reply in replies] == ["tool_use", "end_turn"]
    assert [reply["usage"] for reply in replies] == [*USAGE]
    assert case.filled <= {"stop_reason"}


@pytest.mark.parametrize(("source", "shape"), SHAPES)
def test_a_gzipped_export_is_the_same(source: str, shape: tuple[str, str], tmp_path: Path) -> None:
    plain = written(tmp_path, shape[1])
    path = tmp_path / f"{plain.name}.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    assert case_in(read(source, path)).bodies == case_in(read(source, plain)).bodies


def test_each_source_has_three_documented_shapes() -> None:
    for source in ("otel", "langfuse", "langsmith", "logfire", "braintrust", "jsonl"):
        pages = [shape.values[1][0] for shape in SHAPES if shape.values[0] == source]
        assert len(pages) >= 3
        assert all(page.startswith("https://") for page in pages)


# --- what is left out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source", ["otel", "langfuse", "langsmith", "logfire", "braintrust", "jsonl"]
)
def test_a_broken_line_is_named_and_the_others_are_read(source: str, tmp_path: Path) -> None:
    shapes = {"otel": "what the SDK prints", "langfuse": "lines in a bucket",
              "langsmith": "lines of wrap_anthropic", "logfire": "lines",
              "braintrust": "lines in a bucket", "jsonl": "a request and a response"}  # fmt: skip
    of = {"otel": OTEL, "langfuse": LANGFUSE, "langsmith": LANGSMITH, "logfire": LOGFIRE,
          "braintrust": BRAINTRUST, "jsonl": JSONL}[source]  # fmt: skip
    first, second = of[shapes[source]][1].splitlines()
    path = tmp_path / "export.jsonl"
    path.write_text(f"{first}\n{second[:-9]}\n\n7\n{second}\n")
    found = read(source, path)
    broken = [each for each in found if isinstance(each, LeftOut)]
    assert [each.source for each in broken] == ["export.jsonl:2", "export.jsonl:4"]
    assert {each.why for each in broken} == {"broken"}
    assert broken[0].detail.startswith("no JSON: ")
    assert len(case_in(found).replies) == 2


def left_out(source: str, record: Json, folder: Path) -> LeftOut:
    path = folder / "export.jsonl"
    path.write_text(json.dumps(record))
    (found,) = read(source, path)
    assert isinstance(found, LeftOut)
    return found


def without(record: Json, *names: str) -> Json:
    return {k: v for k, v in record.items() if k not in names}


def span(**changed: Json) -> Json:
    values = options(1) | content(1) | {k.replace("__", "."): v for k, v in changed.items()}
    return otlp({name: value for name, value in values.items() if value is not None})


REASONS = [
    ("otel", span(gen_ai__operation__name="execute_tool"), "no call to a model"),
    ("otel", span(gen_ai__operation__name="invoke_agent"), "no call to a model"),
    ("otel", span(gen_ai__request__model="gpt-4o", gen_ai__response__model="gpt-4o-2024"),
     "another vendor's model"),
    ("otel", span(gen_ai__input__messages=None), "no content"),
    ("otel", span(gen_ai__output__messages=None), "no content"),
    ("otel", span(gen_ai__output__messages=None, error__type="529"), "failed"),
    ("langfuse", {**langfuse_ui(1), "type": "SPAN"}, "no call to a model"),
    ("langfuse", {**langfuse_ui(1), "model": "gpt-4o"}, "another vendor's model"),
    ("langfuse", {**langfuse_ui(1), "output": None, "level": "ERROR", "statusMessage": "529"},
     "failed"),
    ("langsmith", {**langsmith_langchain(1), "run_type": "chain"}, "no call to a model"),
    ("langsmith", {**langsmith_langchain(1), "outputs": None, "error": "Overloaded"}, "failed"),
    ("langsmith", {**langsmith_langchain(1), "extra": {"invocation_params": {"model": "gpt-4o"}}},
     "another vendor's model"),
    ("logfire", logfire_row(1, {}), "no call to a model"),
    ("logfire", logfire_row(1, {"request_data": {"model": MODEL}}), "no content"),
    ("braintrust", {**braintrust_chat(1), "span_attributes": {"type": "tool"}},
     "no call to a model"),
    ("braintrust", {**braintrust_chat(1), "output": None}, "no content"),
    ("jsonl", {"request": BODIES[0]}, "no content"),
    ("jsonl", {"request": {**BODIES[0], "model": "gpt-4o"}, "response": message(0)},
     "another vendor's model"),
    ("otel", span(gen_ai__input__messages=json.dumps(PARTS_IN)[:-40]), "cut"),
    ("otel", span(gen_ai__tool__definitions=json.dumps([DEFINED])[:60]), "cut"),
    ("langfuse", {**langfuse_bucket(1), "output": json.dumps(CHAT[2])[:50]}, "cut"),
    ("jsonl", {"note": "x"}, "broken"),
    ("langsmith", {"note": "x"}, "broken"),
    ("otel", {"note": "x"}, "broken"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "record", "why"), REASONS)
def test_what_is_no_call_of_claude_is_left_out_by_its_reason(
    source: str, record: Json, why: str, tmp_path: Path
) -> None:
    assert left_out(source, record, tmp_path).why == why


def test_what_an_export_lacks_is_filled_in_and_listed(tmp_path: Path) -> None:
    bare = [
        {"role": "user", "content": ASKED},
        {"role": "assistant", "tool_calls": [{"function": {"name": "lookup_order",
                                                           "arguments": INPUT}}]},
        {"role": "tool", "content": GIVEN},
    ]  # fmt: skip
    record = {"input": {"model": MODEL, "messages": bare}, "output": SAID}
    path = tmp_path / "export.jsonl"
    path.write_text(json.dumps(record))
    (call,) = read("jsonl", path)
    assert isinstance(call, TracedCall)
    assert call.body["max_tokens"] == 4096
    assert call.body["tools"] == [{"name": "lookup_order", "input_schema": {"type": "object"}}]
    ids = [block["id"] if "id" in block else block["tool_use_id"]
           for turn in call.body["messages"][1:] for block in turn["content"]]  # fmt: skip
    assert ids == ["toolu_recorded_1", "toolu_recorded_1"]
    assert sorted(call.filled) == ["max_tokens", "stop_reason", "tool ids", "tools"]


def test_a_field_that_the_api_does_not_know_is_left_out_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    row = {**BODIES[0], "user_tier": "gold", "timeout": 60, "stream": False, "response": message(0)}
    path.write_text(json.dumps(row))
    (call,) = read("jsonl", path)
    assert isinstance(call, TracedCall)
    assert call.body == BODIES[0]
    assert call.dropped == ("user_tier",)


def test_options_that_are_written_as_texts_are_numbers(tmp_path: Path) -> None:
    record = {**langfuse_bucket(0), "model_parameters": {"max_tokens": "300", "temperature": "0.5"}}
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(record))
    (call,) = read("langfuse", path)
    assert isinstance(call, TracedCall)
    assert (call.body["max_tokens"], call.body["temperature"]) == (300, 0.5)


def test_an_option_without_an_end_is_no_option(tmp_path: Path) -> None:
    record = {**langfuse_bucket(0), "model_parameters": {"max_tokens": "Infinity"}}
    assert only_call("langfuse", record, tmp_path).body["max_tokens"] == 4096


def test_fields_of_ones_own_are_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"asked": BODIES[0], "got": message(0), "response": "noise"}))
    (call,) = read_jsonl("asked", "got")([(path, path.name)])
    assert isinstance(call, TracedCall)
    assert call.body == BODIES[0]
    assert call.reply["content"] == [CALL]


@pytest.mark.parametrize(
    ("magic", "kind"),
    [(b"PAR1", "Parquet"), (b"ARROW1\0\0", "Arrow"), (b"\xff\xff\xff\xff", "Arrow")],
)
def test_a_binary_format_is_refused_with_the_command_that_converts_it(
    magic: bytes, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "runs.parquet"
    path.write_bytes(magic + b"\0" * 20)
    (found,) = read("langsmith", path)
    assert isinstance(found, LeftOut)
    assert found.detail.startswith(f"a {kind} file")
    command = found.detail.partition("to convert it  ")[2]
    assert command.startswith('pip install pyarrow pandas && python -c "')
    compile(command.split('"')[1], "command", "exec")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "export.json.gz"
    path.write_bytes(gzip.compress(b"[]" * 99)[:-9])
    (found,) = read("otel", path)
    assert isinstance(found, LeftOut)
    assert (found.why, found.source) == ("broken", "export.json.gz")


def test_the_bedrock_id_of_a_model_is_written_as_the_api_takes_it(tmp_path: Path) -> None:
    record = {
        "request": {**BODIES[0], "model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
        "response": message(0),
    }
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(record))
    (call,) = read("jsonl", path)
    assert isinstance(call, TracedCall)
    assert call.body["model"] == "claude-haiku-4-5"


def test_thinking_without_its_signature_is_not_sent_back() -> None:
    thought = {"type": "reasoning", "content": "Hm."}
    signed = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    turns = [USER, {"role": "assistant", "content": [thought, signed, CALL]}, BACK]
    told = conversation(turns)
    assert told.turns[1]["content"] == [signed, CALL]
    assert told.unsigned
    assert not conversation([USER]).unsigned


def test_spans_and_logs_may_be_in_two_files(tmp_path: Path) -> None:
    (tmp_path / "spans.json").write_text(json.dumps(otlp(*each(options))))
    (tmp_path / "logs.jsonl").write_text(lines(each(details)))
    files = [(tmp_path / name, name) for name in ("logs.jsonl", "spans.json")]
    assert case_in([*SOURCES["otel"].read(files)]).then == [[CALLED, BACK]]


def test_what_langchain_leaves_in_the_blocks_of_a_stream_is_not_sent(tmp_path: Path) -> None:
    record = langsmith_langchain(1)
    called = record["inputs"]["messages"][0][2]["kwargs"]
    called["content"] = [
        {"type": "text", "text": "I look.", "index": 0},
        {**CALL, "input": {}, "index": 1, "partial_json": json.dumps(INPUT)},
    ]
    path = tmp_path / "runs.json"
    path.write_text(json.dumps(record))
    (call,) = read("langsmith", path)
    assert isinstance(call, TracedCall)
    text = {"type": "text", "text": "I look."}
    assert call.body["messages"][1]["content"] == [text, CALL]


def test_what_langfuse_got_by_opentelemetry_is_read_from_its_attributes(tmp_path: Path) -> None:
    attributes = options(0) | as_texts(content(0))
    row = {**langfuse_ui(0), "modelParameters": {}, "metadata": {"attributes": attributes},
           "input": None, "output": None}  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps([row]))
    (call,) = read("langfuse", path)
    assert isinstance(call, TracedCall)
    assert {**call.body} == BODIES[0]
    assert call.reply["content"] == [CALL]


# --- streams -------------------------------------------------------------------------------------

EVENTS = [
    {"type": "message_start", "message": {**message(1), "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": SAID[:9]}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": SAID[9:]}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE[1]},
    {"type": "message_stop"},
]
SSE = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS)
STREAMED = {"request": {**BODIES[1], "stream": True}}
LOGGED = logfire_row(1, {
    **options(1), "request_data": {**BODIES[1], "stream": True},
    "response_data": {"combined_chunk_content": SAID, "chunk_count": 2},
})  # fmt: skip


@pytest.mark.parametrize(
    ("source", "record"),
    [
        ("jsonl", {**STREAMED, "response": SSE}),
        ("jsonl", {**STREAMED, "response": EVENTS}),
        ("langsmith", {**langsmith_wrapped(1), "outputs": {"output": EVENTS}}),
        ("logfire", LOGGED),
    ],
    ids=["text of events", "list of events", "LangSmith's chunks", "Logfire's pieces"],
)
def test_a_stream_is_asked_and_answered_whole(source: str, record: Json, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(record))
    (call,) = read(source, path)
    assert isinstance(call, TracedCall)
    assert call.body == BODIES[1]
    assert call.reply["content"] == [{"type": "text", "text": SAID}]
    assert call.reply["stop_reason"] == "end_turn"


def test_a_stream_without_its_end_is_no_reply(tmp_path: Path) -> None:
    assert left_out("jsonl", {**STREAMED, "response": EVENTS[:4]}, tmp_path).why == "no content"


# --- others' words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "f"}}, {"type": "tool", "name": "f"}),
        ({"type": "tool", "name": "f"}, {"type": "tool", "name": "f"}),
    ],
)
def test_a_choice_of_tools_is_written_as_the_api_takes_it(
    choice: Json, meant: Json, tmp_path: Path
) -> None:
    record = braintrust_chat(0)
    path = tmp_path / "log.jsonl"
    path.write_text(
        json.dumps({**record, "metadata": {**record["metadata"], "tool_choice": choice}})
    )
    (call,) = read("braintrust", path)
    assert isinstance(call, TracedCall)
    assert call.body["tool_choice"] == meant


@pytest.mark.parametrize(
    ("part", "source"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
         {"type": "base64", "media_type": "image/png", "data": "aGk="}),
        ({"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
         {"type": "url", "url": "https://example.com/a.png"}),
        ({"type": "uri", "modality": "image", "uri": "https://example.com/a.png"},
         {"type": "url", "url": "https://example.com/a.png"}),
        ({"type": "blob", "modality": "image", "mime_type": "image/png", "content": "aGk="},
         {"type": "base64", "media_type": "image/png", "data": "aGk="}),
        ({"type": "file", "modality": "image", "file_id": "file_1"},
         {"type": "file", "file_id": "file_1"}),
    ],
)  # fmt: skip
def test_an_image_is_written_as_the_api_takes_it(part: Json, source: Json) -> None:
    (turn,) = conversation([{"role": "user", "parts": [part]}])[1]
    assert turn["content"] == [{"type": "image", "source": source}]


def test_the_blocks_of_bedrocks_converse_are_read() -> None:
    called = {"toolUse": {"toolUseId": "toolu_1", "name": "lookup_order", "input": INPUT}}
    given = {"toolResult": {"toolUseId": "toolu_1", "content": [{"text": GIVEN}]}}
    turns = [
        {"role": "user", "content": [{"text": ASKED}]},
        {"role": "assistant", "content": [called]},
        {"role": "user", "content": [given]},
    ]
    back = {**RESULT, "content": [{"type": "text", "text": GIVEN}]}
    assert conversation(turns).turns == [USER, CALLED, {**BACK, "content": [back]}]


def test_a_cut_document_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(each(langfuse_ui), indent=1)[:-99])
    (found,) = read("langfuse", path)
    assert isinstance(found, LeftOut)
    assert (found.why, found.source) == ("broken", "export.json")


@pytest.mark.parametrize(
    ("url", "body", "model"),
    [
        ("https://api.openai.com/v1/responses", {"model": "gpt-4o", "input": []}, "gpt-4o"),
        ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
         {"contents": []}, "gemini-2.5-pro"),
    ],
)  # fmt: skip
def test_a_recorded_call_of_another_vendor_is_counted(
    url: str, body: Json, model: str, tmp_path: Path
) -> None:
    path = tmp_path / "calls.yaml"
    sent = {"method": "POST", "uri": url, "body": json.dumps(body), "headers": {}}
    got = {"status": {"code": 200, "message": ""}, "headers": {}, "body": {"string": "{}"}}
    path.write_text(
        json.dumps({"version": 1, "interactions": [{"request": sent, "response": got}]})
    )
    (found,) = read("cassettes", path)
    assert isinstance(found, LeftOut)
    assert (found.why, found.detail) == ("another vendor's model", model)


# --- texts that are JSON -------------------------------------------------------------------------

TEXTS = ['{"order_id": 5}', '{"message": "hello", "ok": true}', '["a", "b"]', '[{"order": 1}]',
         '{"type": "refund", "text": "now"}', '{"output": "x", "n": 1}', "5", "{}"]  # fmt: skip


def chat_of(text: str) -> Json:
    """Messages that are all of one text."""
    return [{"role": role, "content": text} for role in ("user", "assistant", "user")]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("source", "record"),
    [
        ("jsonl", lambda text: {"request": {**BODY, "messages": chat_of(text)},
                                "response": {**message(1), "content": text}}),
        ("langfuse", lambda text: {**langfuse_ui(1), "input": chat_of(text), "output": text}),
        ("langfuse", lambda text: {
            **langfuse_ui(1), "input": {"messages": chat_of(text)},
            "output": {"role": "assistant", "content": text}}),
        ("otel", lambda text: span(
            gen_ai__input__messages=None, gen_ai__output__messages=None,
            **{f"gen_ai.prompt.{n}.{key}": value for n, turn in enumerate(chat_of(text))
               for key, value in turn.items()},
            **{"gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": text})),
        ("otel", lambda text: span(
            gen_ai__input__messages=json.dumps([
                {"role": turn["role"], "parts": [{"type": "text", "content": text}]}
                for turn in chat_of(text)]),
            gen_ai__output__messages=json.dumps([
                {"role": "assistant", "parts": [{"type": "text", "content": text}]}]))),
        ("langsmith", lambda text: {
            **langsmith_langchain(1),
            "inputs": {"messages": [[lc("HumanMessage", content=text, type="human"),
                                     lc("AIMessage", content=text, type="ai"),
                                     lc("HumanMessage", content=text, type="human")]]},
            "outputs": {"generations": [[{
                "text": text, "message": lc("AIMessage", content=text, type="ai")}]]}}),
        ("braintrust", lambda text: {
            **braintrust_chat(1), "input": chat_of(text),
            "output": [{"index": 0, "message": {"role": "assistant", "content": text}}]}),
    ],
)  # fmt: skip
def test_a_text_that_is_json_stays_a_text(
    source: str, record: Any, text: str, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(record(text)))
    (call,) = read(source, path)
    assert isinstance(call, TracedCall)
    assert call.body["messages"] == chat_of(text)
    assert call.reply["content"] == [{"type": "text", "text": text}]


def test_a_prompt_that_is_one_text_of_json_stays_a_text(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(lines([{**langfuse_ui(1), "input": text, "output": "x"} for text in TEXTS]))
    calls = [call for call in read("langfuse", path) if isinstance(call, TracedCall)]
    assert [call.body["messages"][0]["content"] for call in calls] == TEXTS


@pytest.mark.parametrize("said", [{"category": "refund"}, ["a", "b"], [{"order": 1}]])
def test_a_reply_of_json_that_the_exporter_parsed_is_its_text(said: Json, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({**langfuse_ui(1), "output": said}))
    (call,) = read("langfuse", path)
    assert isinstance(call, TracedCall)
    assert json.loads(call.reply["content"][0]["text"]) == said


# --- several calls of one span -------------------------------------------------------------------


def detail(asked: str, said: str, **ids: str) -> Json:
    values = options(1) | {
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": asked}]}],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": said}]}],
    }  # fmt: skip
    name = "gen_ai.client.inference.operation.details"
    return {"eventName": name, "attributes": attributes(values), **ids}


def replies_in(found: list[TracedCall | LeftOut]) -> list[str]:
    calls = (each for each in found if isinstance(each, TracedCall))
    return [call.reply["content"][0]["text"] for call in calls]


@pytest.mark.parametrize("with_span", [False, True])
@pytest.mark.parametrize("ids", [{}, {"traceId": "a"}, {"traceId": "a", "spanId": "b"}])
def test_each_event_of_details_is_a_call(
    ids: dict[str, str], with_span: bool, tmp_path: Path
) -> None:
    records = [detail(f"Question {n}", f"Answer {n}", **ids) for n in range(3)]
    parent = {"name": "workflow", "context": {"trace_id": "a", "span_id": "b"}, "attributes": {}}
    log = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    path = tmp_path / "export.jsonl"
    path.write_text(lines([log, parent][: 1 + with_span]))
    assert replies_in(read("otel", path)) == ["Answer 0", "Answer 1", "Answer 2"]


def test_spans_of_one_id_are_calls_each_and_the_same_one_twice_is_counted(tmp_path: Path) -> None:
    other = {**console(0), "attributes": options(1) | as_texts(content(1))}
    path = tmp_path / "export.jsonl"
    path.write_text(lines([console(0), other, console(0)]))
    found = read("otel", path)
    assert [each.why for each in found if isinstance(each, LeftOut)] == ["there twice"]
    calls = [each for each in found if isinstance(each, TracedCall)]
    assert [len(call.body["messages"]) for call in calls] == [1, 3]


def test_an_event_of_details_that_is_there_twice_is_counted_once(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(lines([details(0), details(0)]))
    found = read("otel", path)
    assert [each.why for each in found if isinstance(each, LeftOut)] == ["there twice"]
    assert len(found) == 2


# --- arguments and results of tools --------------------------------------------------------------


@pytest.mark.parametrize("given", [
    {"input": {"a": 1}, "mode": "x"}, {"input": "text"}, {"name": "a", "input": {"b": 2}}, {},
])  # fmt: skip
def test_the_arguments_of_a_tool_are_kept_whole(given: Json) -> None:
    function = {"name": "find", "arguments": json.dumps(given)}
    turn = {"role": "assistant", "content": "", "tool_calls": [{"id": "c", "function": function}]}
    ((block,),) = [each["content"] for each in conversation([turn]).turns]
    assert block["input"] == given


@pytest.mark.parametrize("result", [
    '["a", {"text": "b", "score": 1}]', '{"text": "b", "score": 1}', '[{"text": "b"}]', "[1,2]",
    '{"type": "text", "size": 3}', '{ "a":1 }', "[]", "5",
])  # fmt: skip
def test_the_result_of_a_tool_that_is_json_stays_as_it_is(result: str) -> None:
    results = [
        {"role": "tool", "tool_call_id": "c", "content": result},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "c", "content": result}],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": result}]},
    ]
    for each in results:
        ((block,),) = [turn["content"] for turn in conversation([each]).turns]
        assert block == {"type": "tool_result", "tool_use_id": "c", "content": result}


def test_a_result_of_blocks_is_given_back_as_blocks() -> None:
    blocks = [{"type": "text", "text": "b"}]
    for content in (blocks, json.dumps(blocks)):
        turn = {"role": "tool", "tool_call_id": "c", "content": content}
        ((block,),) = [each["content"] for each in conversation([turn]).turns]
        assert block["content"] == blocks


def test_a_loop_whose_tool_calls_have_no_ids_is_one_case(tmp_path: Path) -> None:
    def called(name: str) -> Json:
        return {
            "role": "assistant",
            "parts": [{"type": "tool_call", "name": name, "arguments": {}}],
        }

    back = {"role": "tool", "parts": [{"type": "tool_call_response", "response": "r"}]}
    history = [PARTS_IN[0], called("find"), back, called("look"), back]
    outs = [called("find"), called("look"), parts_out(1)[0]]
    spans = [
        {**console(0), "context": {"trace_id": "a", "span_id": str(n)}, "start_time": str(n),
         "attributes": options(1) | {"gen_ai.input.messages": history[: 1 + 2 * n],
                                     "gen_ai.output.messages": [out]}}
        for n, out in enumerate(outs)
    ]  # fmt: skip
    path = tmp_path / "export.jsonl"
    path.write_text(lines(spans))
    assert len(case_in(read("otel", path)).replies) == 3


# --- what stands among the messages --------------------------------------------------------------


def only_call(source: str, record: Json, folder: Path) -> TracedCall:
    path = folder / "log.jsonl"
    path.write_text(json.dumps(record))
    (call,) = read(source, path)
    assert isinstance(call, TracedCall)
    return call


FUNCTION = {"type": "function", "function": {k: v for k, v in DEFINED.items() if k != "type"}}


@pytest.mark.parametrize("definition", [FUNCTION, json.dumps(FUNCTION), TOOL])
def test_a_definition_of_a_tool_among_the_messages_is_a_tool(
    definition: Json, tmp_path: Path
) -> None:
    messages = [*CHAT[:2], {"role": "tool", "content": definition}]
    record = {**langfuse_ui(1), "input": messages}
    call = only_call("langfuse", record, tmp_path)
    assert call.body["tools"] == [TOOL]
    assert call.body["messages"] == [USER]


def test_a_result_of_a_tool_that_looks_like_a_definition_is_a_result(tmp_path: Path) -> None:
    messages = [*CHAT[1:3], {**CHAT[3], "content": json.dumps(TOOL)}]
    call = only_call("langfuse", {**langfuse_ui(1), "input": messages}, tmp_path)
    assert call.body["messages"][2]["content"] == [{**RESULT, "content": json.dumps(TOOL)}]


MEDIA = "@@@langfuseMedia:type=image/jpeg|id=cc48838a|source=base64_data_uri@@@"


@pytest.mark.parametrize("content", [
    MEDIA,
    [{"type": "image_url", "image_url": {"url": MEDIA}}],
    [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": MEDIA}}],
    [{"type": "image_url", "image_url": {"url": {"type": "braintrust_attachment", "key": "k"}}}],
    [{"type": "image", "source": {"type": "braintrust_attachment", "key": "k"}}],
    [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}],
])  # fmt: skip
def test_a_call_whose_media_is_kept_elsewhere_is_left_out(content: Json, tmp_path: Path) -> None:
    record = {**langfuse_ui(1), "input": [{"role": "user", "content": content}]}
    why = left_out("langfuse", record, tmp_path).why
    assert why == "no content (media is not in the export)"


@pytest.mark.parametrize(("stated", "inner", "system"), [
    ("A", "B", [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]),
    ([{"type": "text", "text": "A"}], "B",
     [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]),
    ("A", "A", "A"), ("A", "", "A"), (None, "B", "B"),
])  # fmt: skip
def test_a_system_prompt_and_a_system_message_are_both_sent(
    stated: Json, inner: str, system: Json, tmp_path: Path
) -> None:
    body = {"system": stated, "messages": [{"role": "system", "content": inner}, USER]}
    call = only_call("langfuse", {**langfuse_ui(1), "input": body}, tmp_path)
    assert call.body["system"] == system


@pytest.mark.parametrize(("at", "listed"), [(0, False), (1, True), (3, False)])
def test_a_system_message_between_turns_is_moved_and_listed(
    at: int, listed: bool, tmp_path: Path
) -> None:
    messages = [USER, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    messages.insert(at, CHAT[0])
    call = only_call("langfuse", {**langfuse_ui(1), "input": messages}, tmp_path)
    assert call.body["system"] == SYSTEM
    assert ("place of later system messages" in call.filled) == listed


# --- tokens of the prompt cache ------------------------------------------------------------------

WITH_DETAILS = {"input_tokens": 1000, "output_tokens": 5, "total_tokens": 1005,
                "input_token_details": {"cache_read": 700, "cache_creation": 200}}  # fmt: skip
OF_LANGCHAIN = lc("AIMessage", content=SAID, type="ai", usage_metadata=WITH_DETAILS)


@pytest.mark.parametrize(
    ("source", "record"),
    [
        ("otel", span(**{"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 5,
                         "gen_ai.usage.cache_read.input_tokens": 700,
                         "gen_ai.usage.cache_creation.input_tokens": 200})),
        ("otel", otlp(openinference(1) | {
            "llm.token_count.prompt": 1000, "llm.token_count.completion": 5,
            "llm.token_count.prompt_details.cache_read": 700,
            "llm.token_count.prompt_details.cache_write": 200})),
        ("braintrust", {**braintrust_chat(1), "metrics": {
            "prompt_tokens": 1000, "completion_tokens": 5, "prompt_cached_tokens": 700,
            "prompt_cache_creation_tokens": 200}}),
        ("langsmith", {**langsmith_langchain(1),
                       "outputs": {"generations": [[{"text": SAID, "message": OF_LANGCHAIN}]]}}),
        ("langfuse", {**without(langfuse_ui(1), "output"), "output": SAID, "usageDetails": {
            "input": 100, "output": 5, "cache_read_input_tokens": 700,
            "cache_creation_input_tokens": 200}}),
    ],
)  # fmt: skip
def test_cached_tokens_are_counted_apart_as_the_api_does(
    source: str, record: Json, tmp_path: Path
) -> None:
    assert only_call(source, record, tmp_path).reply["usage"] == {
        "input_tokens": 100, "output_tokens": 5, "cache_read_input_tokens": 700,
        "cache_creation_input_tokens": 200,
    }  # fmt: skip


# --- files ---------------------------------------------------------------------------------------

LINE = json.dumps({"request": BODIES[1], "response": message(1)})


@pytest.mark.parametrize(
    ("name", "start"),
    [("a.jsonl.zst", b"(\xb5/\xfd"), ("a.zip", b"PK\3\4"), ("a.json.bz2", b"BZh9"),
     ("a.xz", b"\xfd7zXZ\0"), ("a.parquet", b"PAR1"), ("a.arrow", b"ARROW1\0\0")],
)  # fmt: skip
def test_an_archive_is_looked_for_in_a_folder_and_named(
    name: str, start: bytes, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(start + b"\0" * 20)
    assert path.suffix in files.ENDINGS
    (found,) = read("jsonl", path)
    assert isinstance(found, LeftOut)
    assert (found.why, found.source) == ("broken", name)
    assert "pytest-claude does not read" in found.detail


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{LINE}\n{LINE.replace('Acme', 'Käse')}\n{LINE}\n", 2),
        (f"{LINE.replace('Acme', 'Käse')}\n{LINE}\n{LINE}", 1),
        (LINE.replace("Acme", "Käse"), 1),
        (f"[\n{LINE},\n{LINE.replace('Acme', 'Käse')}\n]", 3),
    ],
)
def test_a_line_that_is_not_utf_8_is_named(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(text.replace("ä", "\xe4").encode("latin-1"))
    found = read("jsonl", path)
    broken = [each for each in found if isinstance(each, LeftOut)]
    assert [each.source for each in broken] == [f"log.jsonl:{line}"]
    assert "UTF-8" in broken[0].detail
    path.write_text(text, "utf-8")
    assert not [each for each in read("jsonl", path) if isinstance(each, LeftOut)]


def test_a_row_that_is_not_utf_8_is_named_and_an_ending_in_capitals_is_a_table(
    tmp_path: Path,
) -> None:
    rows = table([{"input": BODIES[1], "output": message(1)}, {"input": "K\xe4se", "output": "x"}])
    path = tmp_path / "LOG.CSV"
    path.write_bytes(rows.encode("latin-1"))
    call, broken = read("jsonl", path)
    assert isinstance(call, TracedCall)
    assert isinstance(broken, LeftOut)
    assert (broken.source, broken.detail[:15]) == ("LOG.CSV:3", "it is not UTF-8")


def test_a_line_without_an_end_is_named_and_the_next_one_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LARGEST", 2 * len(LINE))
    path = tmp_path / "log.jsonl.gz"
    for lines_in, line in (
        ([" " * 5 * len(LINE), LINE], 1),
        ([LINE, "[" * 9 * len(LINE), LINE], 2),
    ):
        path.write_bytes(gzip.compress("\n".join(lines_in).encode()))
        found = read("jsonl", path)
        broken = [each for each in found if isinstance(each, LeftOut)]
        assert [each.source for each in broken] == [f"log.jsonl.gz:{line}"]
        assert "a line of more than" in broken[0].detail
        assert len(found) == len(lines_in)


def test_a_document_that_is_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_LARGEST", 2 * len(LINE))
    path = tmp_path / "log.json"
    path.write_text("[\n" + f"{LINE},\n" * 9 + f"{LINE}]")
    (found,) = read("jsonl", path)
    assert isinstance(found, LeftOut)
    assert "export JSON lines" in found.detail


# --- records that are otherwise than documented --------------------------------------------------

DEEP = '{"x":' * 400 + "1" + "}" * 400
HOSTILE = [
    (
        "otel",
        json.dumps(
            {"name": "chat", "attributes": [{"key": "x", "value": {"arrayValue": {"values": 5}}}]}
        ),
    ),
    ("otel", json.dumps({"name": "chat", "attributes": {"gen_ai.prompt.0" + ".x" * 3000: 1}})),
    ("otel", json.dumps({"body": "x", "attributes": {"gen_ai.prompt.0" + ".x" * 3000: 1}})),
    ("logfire", json.dumps(logfire_row(1, {"gen_ai.prompt.0" + ".x" * 3000: 1}))),
    ("langsmith", '{"child_runs":[' * 300 + "{}" + "]}" * 300),
    ("jsonl", json.dumps({"request": BODIES[1], "response": message(1)}).replace("0.5", "1e999")),
    ("jsonl", json.dumps({"request": BODIES[1], "response": message(1)}).replace("0.5", DEEP)),
]


@pytest.mark.parametrize(("source", "line"), HOSTILE)
def test_a_record_that_is_otherwise_than_documented_is_named_and_the_next_is_read(
    source: str, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(f"{line}\n{json.dumps(WHOLE[source])}\n")
    found = read(source, path)
    broken = [each for each in found if isinstance(each, LeftOut)]
    assert [each.why for each in broken] == ["broken"]
    assert broken[0].source.startswith("export.jsonl:1")
    assert len([*linked(each for each in found if isinstance(each, TracedCall))]) == 1


# --- anything ------------------------------------------------------------------------------------

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
    | st.sampled_from(["user", "assistant", "tool_use", "text", "[{", MODEL, json.dumps([USER])]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["role", "content", "type", "parts", "messages", "message", "id", "input",
                         "kwargs", "tool_calls", "function", "name", "usage", "key", "value"]),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
FIELDS = {
    "otel": ["attributes", "events", "context", "status", "resourceSpans", "body"],
    "langfuse": [*langfuse_ui(1)], "langsmith": [*langsmith_langchain(1)],
    "logfire": [*logfire_v1(1)], "braintrust": [*braintrust_wrapped(1)],
    "jsonl": ["request", "response", "messages", "model"],
}  # fmt: skip
WHOLE = {
    "otel": console(1), "langfuse": langfuse_ui(1), "langsmith": langsmith_langchain(1),
    "logfire": logfire_v1(1), "braintrust": braintrust_wrapped(1),
    "jsonl": {"request": BODIES[1], "response": message(1)},
}  # fmt: skip


@given(data=st.data())
@pytest.mark.parametrize("source", [*WHOLE])
def test_whatever_a_record_holds_it_is_a_call_or_is_left_out(
    source: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    field = data.draw(st.sampled_from(FIELDS[source]))
    record: Any = {**WHOLE[source], field: data.draw(ANY)}
    inner = record.get(data.draw(st.sampled_from([*record])))
    if isinstance(inner, dict) and inner:
        inner = dict(inner)
        inner[data.draw(st.sampled_from([*inner]))] = data.draw(ANY)
        record = {**record, field: inner}
    path = tmp_path_factory.getbasetemp() / f"{source}-any.jsonl"
    path.write_text(json.dumps(record))
    found = read(source, path)
    assert found
    assert all(isinstance(each, TracedCall | LeftOut) for each in found)
    linked(call for call in found if isinstance(call, TracedCall))
