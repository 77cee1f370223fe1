"""What many recorders, each in its own way, make of one call: always the same answer."""

from __future__ import annotations

import base64
import copy
import gzip
import json
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude.errors import UnreadableCassette
from pytest_claude.recording.readers import read_text
from pytest_claude.report.transcript import transcript_lines
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_transcript

URL = "https://api.anthropic.com/v1/messages"
ASKED = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
}
SAID = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "Hé."}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 8, "output_tokens": 3},
}  # fmt: skip
SENT, RECEIVED = json.dumps(ASKED), json.dumps(SAID)
JSON = {"Content-Type": ["application/json"]}
ZIPPED = gzip.compress(RECEIVED.encode())


def encoded(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def vcrpy(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    sent = {"method": "POST", "uri": URL, "headers": JSON, "body": SENT, **request}
    status = {"code": 200, "message": "OK"}
    received = {"status": status, "headers": JSON, "body": {"string": RECEIVED}, **response}
    return {"version": 1, "interactions": [{"request": sent, "response": received}]}


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    request = data["interactions"][0]["request"]
    return {**data, "interactions": [{
        **data["interactions"][0], "request": {k: v for k, v in request.items() if k not in names},
    }]}  # fmt: skip


def har(content: dict[str, Any]) -> dict[str, Any]:
    headers = [{"name": "content-type", "value": "application/json"}]
    return {"log": {"version": "1.2", "entries": [{
        "request": {"method": "POST", "url": URL, "headers": headers,
                    "postData": {"mimeType": "application/json", "text": SENT}},
        "response": {"status": 200, "headers": headers, "content": content},
    }]}}  # fmt: skip


def nock(response: Any, **more: Any) -> list[Any]:
    return [{"scope": "https://api.anthropic.com:443", "method": "POST", "path": "/v1/messages",
             "body": ASKED, "status": 200, "response": response,
             "rawHeaders": ["Content-Type", "application/json", "X", "y"], **more}]  # fmt: skip


def half(text: bytes) -> list[str]:
    return [text[:20].hex(), text[20:].hex()]


RUBY_OBJECTS = f"""---
http_interactions:
- request:
    method: !ruby/symbol post
    uri: {URL}
    body: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
      encoding: UTF-8
      string: !ruby/string {json.dumps(SENT)}
    headers: {{}}
  response:
    status: {{code: 200, message: OK}}
    headers: {{}}
    body: {{encoding: ASCII-8BIT, string: !binary "{encoded(RECEIVED)}"}}
recorded_with: VCR 6.2.0
"""
OLD_PYTHON = f"""
interactions:
- request:
    body: !!python/unicode {json.dumps(SENT)}
    headers: {{}}
    method: POST
    uri: {URL}
  response:
    body: {{string: !!python/unicode {json.dumps(RECEIVED)}}}
    headers: {{}}
    status: {{code: 200, message: OK}}
version: 1
"""
FORMATS: dict[str, tuple[Any, str]] = {
    "vcrpy": (vcrpy({}, {}), "vcrpy"),
    "vcrpy, bytes": (vcrpy({"body": SENT.encode()}, {"body": {"string": ZIPPED}}), "vcrpy"),
    "vcrpy of long ago": (vcrpy({}, {"body": {"base64_string": encoded(RECEIVED)}}), "vcrpy"),
    "vcrpy, scrubbed": (without(vcrpy({}, {}), "headers"), "vcrpy"),
    "vcrpy under Python 2": (OLD_PYTHON, "vcrpy"),
    "pydantic-ai": (
        {"version": 1, "interactions": [{
            "request": {"method": "POST", "uri": URL, "headers": JSON, "parsed_body": ASKED},
            "response": {"status": {"code": 200}, "headers": JSON, "parsed_body": SAID}}]},
        "pydantic-ai",
    ),
    "go-vcr 1": (
        {"version": 1, "interactions": [{
            "request": {"body": SENT, "form": {}, "headers": JSON, "url": URL, "method": "POST"},
            "response": {"body": RECEIVED, "headers": JSON, "status": "200 OK", "code": 200,
                         "duration": ""}}]},
        "go-vcr",
    ),
    "go-vcr 4": (
        {"version": 2, "interactions": [{
            "id": 0,
            "request": {"proto": "HTTP/1.1", "proto_major": 1, "content_length": 9, "host": "h",
                        "body": SENT, "headers": JSON, "url": URL, "method": "POST"},
            "response": {"proto": "HTTP/2.0", "uncompressed": True, "body": RECEIVED,
                         "headers": JSON, "status": "200 OK", "code": 200, "duration": "1.2s"}}]},
        "go-vcr",
    ),
    "Ruby's vcr with objects": (RUBY_OBJECTS, "ruby-vcr"),
    "betamax": (
        {"http_interactions": [{
            "request": {"body": {"encoding": "utf-8", "string": SENT}, "headers": JSON,
                        "method": "POST", "uri": URL},
            "response": {"body": {"encoding": "utf-8", "base64_string": encoded(ZIPPED),
                                  "string": ""},
                         "headers": {"Content-Encoding": ["gzip"]},
                         "status": {"code": 200, "message": "OK"}, "url": URL}}],
         "recorded_with": "betamax/0.9.0"},
        "ruby-vcr",
    ),
    "webmockr": (
        {"http_interactions": [{
            "request": {"method": "post", "uri": URL, "body": {"encoding": "", "string": SENT}},
            "response": {"status": {"status_code": 200, "message": "OK"}, "headers": {},
                         "body": {"encoding": "", "file": False, "string": RECEIVED}}}],
         "recorded_with": "vcr/1.2.2, webmockr/1.0.0"},
        "ruby-vcr",
    ),
    "Rust's rvcr": (
        {"http_interactions": [{
            "request": {"uri": URL, "body": {"string": SENT}, "method": "post", "headers": JSON},
            "response": {"body": {"string": RECEIVED}, "http_version": "1.1", "headers": JSON,
                         "status": {"code": 200, "message": "OK"}}, "recorded_at": "x"}],
         "recorded_with": "rVCR 0.1.5"},
        "ruby-vcr",
    ),
    "a browser's archive": (har({"mimeType": "application/json", "text": RECEIVED}), "HAR"),
    "a browser's archive, base64": (har({"encoding": "base64", "text": encoded(ZIPPED)}), "HAR"),
    "Polly.js, binary": (
        har({"encoding": "base64", "text": json.dumps([*map(encoded, (ZIPPED[:9], ZIPPED[9:]))])}),
        "HAR",
    ),
    "nock": (nock(SAID), "nock"),
    "nock, text": (nock(RECEIVED), "nock"),
    "nock, packed": (nock(half(ZIPPED), responseIsBinary=True), "nock"),
    "WireMock": (
        {"request": {"urlPath": "/v1/messages", "method": "POST",
                     "bodyPatterns": [{"equalToJson": SENT, "ignoreArrayOrder": True}]},
         "response": {"status": 200, "jsonBody": SAID}},
        "WireMock",
    ),
    "WireMock, many": (
        {"mappings": [{
            "request": {"url": "/v1/messages", "method": "POST",
                        "bodyPatterns": [{"matches": ".*"}, {"equalToJson": ASKED}]},
            "response": {"status": 200, "base64Body": encoded(RECEIVED), "headers": {"A": "b"}}}]},
        "WireMock",
    ),
    "PHP-VCR": (
        [{"request": {"method": "POST", "url": URL, "headers": {"Host": "h"}, "body": SENT},
          "response": {"status": {"http_version": "1.1", "code": "200", "message": "OK"},
                       "headers": {"Content-Type": "application/json"}, "body": RECEIVED},
          "index": 0}],
        "request and response pairs",
    ),
    "EasyVCR for .NET": (
        [{"Duration": 12, "RecordedAt": "2026-01-01T00:00:00Z",
          "Request": {"Method": "POST", "Uri": URL, "Body": SENT, "BodyContentType": 1,
                      "RequestHeaders": {}, "ContentHeaders": {"Content-Type": "application/json"}},
          "Response": {"Body": RECEIVED, "HttpVersion": "1.1", "ResponseHeaders": {},
                       "ContentHeaders": {"Content-Type": "application/json"},
                       "Status": {"Code": 200, "Message": "OK"}}}],
        "request and response pairs",
    ),
    "EasyVCR for Java": (
        [{"duration": 12, "recordedAt": 1,
          "request": {"method": "POST", "uri": URL, "body": SENT, "headers": JSON},
          "response": {"body": RECEIVED, "httpVersion": "2", "headers": {"null": ["HTTP/1.1 200"]},
                       "status": {"code": 200, "message": "OK"}}}],
        "request and response pairs",
    ),
    "ExVCR": (
        [{"request": {"body": SENT, "headers": {}, "method": "post", "options": [],
                      "request_body": "", "url": URL},
          "response": {"binary": False, "body": RECEIVED, "headers": {}, "status_code": 200,
                       "type": "ok"}}],
        "request and response pairs",
    ),
    "ReqCassette": (
        {"version": "1.0", "interactions": [{
            "request": {"method": "POST", "uri": URL, "query_string": "", "headers": {},
                        "body_type": "json", "body_json": ASKED, "body": ""},
            "response": {"status": 200, "headers": {}, "body_type": "json", "body_json": SAID},
            "recorded_at": "x"}]},
        "request and response pairs",
    ),
    "DVR": (
        {"name": "x", "interactions": [{
            "recorded_at": 1, "request": {"body": encoded(SENT), "method": "POST", "url": URL},
            "response": {"body": SAID, "body_format": "json", "headers": {}, "status": 200,
                         "url": URL}}]},
        "request and response pairs",
    ),
    "bodies with a type": (
        {"version": 1, "interactions": [{
            "request": {"method": "POST", "uri": URL, "headers": JSON,
                        "body": {"type": "json", "content": ASKED}},
            "response": {"status": 200, "headers": JSON,
                         "body": {"type": "base64", "content": encoded(RECEIVED)}},
            "recorded_at": "2026-03-06T19:26:02+00:00"}]},
        "request and response pairs",
    ),
    "talkback": (
        {"meta": {"createdAt": "x", "host": "https://api.anthropic.com"},
         "req": {"url": "/v1/messages", "method": "POST", "headers": {}, "body": ASKED},
         "res": {"status": 200, "headers": {"content-type": ["application/json"]}, "body": SAID}},
        "request and response pairs",
    ),
    "JSON lines": (
        "\n".join(json.dumps({"request": {"method": "POST", "url": URL, "body": ASKED},
                              "response": {"status": 200, "body": SAID}}) for _ in range(1)),
        "request and response pairs",
    ),
}  # fmt: skip


def _holds_bytes(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_holds_bytes, value.values() if isinstance(value, dict) else value))
    return isinstance(value, bytes)


def _texts(data: Any) -> dict[str, str]:
    """What a file of this data may look like; JSON holds no bytes."""
    if isinstance(data, str):
        return {"as it is": data}
    as_json = {} if _holds_bytes(data) else {"JSON": json.dumps(data, indent=1)}
    return {"YAML": yaml.dump(data, allow_unicode=True), **as_json}


FILES = {
    f"{name}, {kind}": (text, written_as)
    for name, (data, written_as) in FORMATS.items()
    for kind, text in _texts(data).items()
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("text", "written_as"), FILES.values(), ids=FILES)
def test_one_call_in_many_formats(text: str, written_as: str, newline: str) -> None:
    found, interactions = read_text(text.replace("\n", newline), "x")
    assert found == written_as
    [answer] = parse_transcript(interactions).answers
    assert (answer.text, answer.stop_reason, answer.status) == ("Hé.", "end_turn", 200)
    assert answer.model == "claude-sonnet-4-5"
    assert answer.request.messages == ({"role": "user", "content": "Hi"},)


def test_several_documents_in_a_file_are_one_recording() -> None:
    text = f"---\n{yaml.dump(vcrpy({}, {}))}---\n{yaml.dump(vcrpy({}, {}))}---\n"
    assert len(read_text(text, "x")[1]) == 2


NO_RECORDINGS = {
    "a package of Node": {"name": "x", "version": "1", "dependencies": {}},
    "an answer of the Messages API without its request": SAID,
    "a request to the Messages API without its answer": ASKED,
    "a description of an API": {"openapi": "3.1.0", "paths": {}},
    "a simulation of Hoverfly": {"data": {"pairs": []}, "meta": {"schemaVersion": "v5"}},
}


@pytest.mark.parametrize(("looks_like", "data"), NO_RECORDINGS.items(), ids=NO_RECORDINGS)
def test_what_is_no_recording_is_named(looks_like: str, data: Any) -> None:
    with pytest.raises(UnreadableCassette) as caught:
        read_text(json.dumps(data), "x.json")
    assert caught.value.reason == f"is no recording of a known format ({looks_like})"


def test_a_body_in_a_file_of_its_own_is_told() -> None:
    request = {"method": "POST", "url": "/v1/messages"}
    data = {"request": request, "response": {"status": 200, "bodyFileName": "body-1.json"}}
    with pytest.raises(UnreadableCassette, match=r"its body lies in another file, body-1\.json"):
        read_text(json.dumps(data), "x.json")


JUNK = (None, 5, -1, "x", "", [], {}, [1], {"a": 1}, True, 3.5, ["a", None], {"type": 5})


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in list(inner):
        yield (*path, key)
        if isinstance(each, dict | list):
            yield from _places(each, (*path, key))


def mangled(value: Any, random: Random) -> Any:
    """`value` with one to three of its parts gone or in the place of something else."""
    value = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(value))
        if not places:
            break
        *steps, last = random.choice(places)
        inner = value
        for step in steps:
            inner = inner[step]
        if random.random() < 0.3:
            del inner[last]
        else:
            inner[last] = copy.deepcopy(random.choice(JUNK))
    return value


MANGLED = {n: data for n, (data, _) in FORMATS.items() if not isinstance(data, str)}


@given(st.sampled_from(sorted(MANGLED)), st.randoms(use_true_random=False))
def test_a_mangled_file_gives_interactions_or_one_sentence(name: str, random: Random) -> None:
    text = yaml.dump(mangled(MANGLED[name], random), allow_unicode=True)
    try:
        _, interactions = read_text(text, "x")
    except UnreadableCassette as error:
        told = error.reason
    else:
        answers = parse_transcript(interactions).answers
        told = " ".join(line for answer in answers for line in transcript_lines(answer))
    assert "\n" not in told


CITED = {"type": "text", "text": "a", "citations": [{"cited_text": "x"}]}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"type": "x"}]}
RICH = {
    **SAID,
    "content": [CITED, FOUND, {"type": "thinking", "thinking": "x"}],
    "stop_details": {"category": "x"},
    "context_management": {"applied_edits": [{}]},
    "usage": {
        "cache_creation": {"ephemeral_5m_input_tokens": 3},
        "server_tool_use": {"web_search_requests": 1},
        "output_tokens_details": {"thinking_tokens": 1},
    },
}
DOCUMENT = {"type": "document", "title": "t", "source": {"type": "base64", "data": "AAAA"}}
RICH_ASKED = {
    **ASKED,
    "system": [{"type": "text", "text": "s"}],
    "tools": [{"name": "x"}],
    "messages": [
        {
            "role": "user",
            "content": [
                DOCUMENT,
                {"type": "tool_result", "tool_use_id": "t", "content": [DOCUMENT]},
            ],
        }
    ],
}
EVENTS = [
    {"type": "message_start", "message": {**SAID, "content": []}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
CONVERSED = {
    "output": {
        "message": {
            "content": [
                {"citationsContent": {"content": [{"text": "x"}], "citations": [{}]}},
                {"toolUse": {"toolUseId": "1", "name": "n", "input": {}}},
                {"reasoningContent": {"reasoningText": {"text": "x"}}},
            ]
        }
    },
    "usage": {"cacheDetails": [{"ttl": "5m", "inputTokens": 1}]},
    "stopReason": "x",
}
CONVERSE_ASKED = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"document": {"source": {"bytes": "AAAA"}}},
                {"toolResult": {"toolUseId": "1", "content": [{"text": "x"}]}},
            ],
        }
    ],
    "toolConfig": {
        "tools": [{"toolSpec": {"name": "x", "inputSchema": {"json": {}}}}],
        "toolChoice": {"any": {}},
    },
    "system": [{"text": "x"}],
    "inferenceConfig": {"maxTokens": 1},
}
BATCH = {"requests": [{"custom_id": "a", "params": RICH_ASKED}]}
RESULT = {"custom_id": "a", "result": {"type": "succeeded", "message": RICH}}
BATCHES = "https://api.anthropic.com/v1/messages/batches"
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-x/converse"


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_whatever_is_mangled_in_a_call_raises_nothing(random: Random) -> None:
    def dumped(value: Any) -> bytes:
        return json.dumps(mangled(value, random)).encode()

    stream = b"".join(b"data: %s\n\n" % json.dumps(e).encode() for e in mangled(EVENTS, random))
    calls = [
        Interaction(Request("POST", URL, dumped(RICH_ASKED)), Response(200, dumped(RICH))),
        Interaction(Request("POST", URL, dumped(RICH_ASKED)), Response(200, stream)),
        Interaction(
            Request("POST", CONVERSE, dumped(CONVERSE_ASKED)), Response(200, dumped(CONVERSED))
        ),
        Interaction(Request("POST", BATCHES, dumped(BATCH)), Response(200, b'{"id": "b"}')),
        Interaction(Request("GET", f"{BATCHES}/b/results"), Response(200, dumped(RESULT))),
    ]
    for answer in parse_transcript(calls).answers:
        transcript_lines(answer)
