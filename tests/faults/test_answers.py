"""What the API, or what stands before it, answers: shown as what it is, never made up."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from simulator import Reply

from pytest_claude.cli import main
from pytest_claude.recording.doors.edge import replayed_headers
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Interaction, Request, Response
from pytest_claude.transcript.parse import parse_transcript

URL = "https://api.anthropic.com/v1/messages"
JSON = {"content-type": "application/json"}
BODY = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}


def parsed(answer: dict[str, Any] | bytes, status: int = 200) -> Any:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    request = Request("POST", URL, json.dumps(BODY).encode(), JSON)
    return parse_transcript([Interaction(request, Response(status, body, JSON))]).answers[0]


def message(**fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 2}
    plain = {"id": "msg_1", "type": "message", "role": "assistant", "model": BODY["model"]}
    return {**plain, "content": [], "stop_reason": "end_turn", "usage": usage, **fields}


@pytest.mark.fault("A02")
def test_nobody_waits_in_replay_for_as_long_as_the_api_asked() -> None:
    told = Response(429, b'{"type":"error"}', {"retry-after": "3600", "x-should-retry": "true"})
    headers = replayed_headers(told, URL)
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("0", "1")
    assert headers["x-should-retry"] == "true"
    accepted = replayed_headers(Response(202, b"{}", {"retry-after": "30"}), URL)
    assert accepted["retry-after"] == "0"


@pytest.mark.fault("A08")
@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "pause_turn", "made_up"])
def test_an_empty_answer_is_shown_with_its_stop_reason(project: Any, reason: str) -> None:
    project.personas(old=lambda body, before: Reply(stop_reason=reason))
    project.tests(
        "def test_stops(claude):\n    ask()\n"
        f"    assert claude.stops_with({reason!r})\n"
        "def test_json(claude):\n    ask()\n    assert claude.returns_json()\n"
    )
    project.record().assert_outcomes(passed=1, failed=1)
    result = project.run()
    result.assert_outcomes(passed=1, failed=1)
    text = result.stdout.str()
    assert "Traceback" not in text
    assert "  expected    text that is JSON\n  observed    0 characters of text" in text
    assert f"({reason})" in text or f"stop reason {reason}" in text


@pytest.mark.fault("A09")
def test_what_is_signed_or_encrypted_is_stored_as_it_came() -> None:
    signed = "Er" + "Ab/+" * 300 + "=="
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": signed},
        {"type": "redacted_thinking", "data": signed},
        {"type": "web_search_tool_result", "content": [{"encrypted_content": signed}]},
    ]
    redaction = Redaction(Secrets.of_environment({"MY_API_KEY": "Zq8-not-in-any-text-1"}))
    answer = Response(200, json.dumps(message(content=blocks)).encode(), JSON)
    turns = [{"role": "assistant", "content": blocks}]
    request = Request("POST", URL, json.dumps({**BODY, "messages": turns}).encode(), JSON)
    stored = redaction.interaction(Interaction(request, answer))
    assert stored.response.body == answer.body
    assert stored.request.body == request.body


@pytest.mark.fault("A10")
@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b"<html>Bad gateway</html>"), (404, b'{"type":"error","error":{"type":"not_found_error",'
      b'"message":"model: claude-0"},"request_id":"req_9"}'), (200, b""), (502, b"nginx")],
    ids=["HTML with status 200", "a model that is not there", "nothing", "a proxy's error"],
)  # fmt: skip
def test_what_is_no_answer_of_a_model_is_an_error(status: int, body: bytes) -> None:
    answer = parsed(body, status)
    assert not answer.ok
    assert answer.status == status
    assert answer.error.message
    assert answer.error.request_id == ("req_9" if b"req_9" in body else None)


@pytest.mark.fault("A12")
@pytest.mark.parametrize("usage", [None, {}, {"input_tokens": None}, "many"])
def test_missing_usage_is_unknown_and_no_zero(usage: Any) -> None:
    read = parsed(message(usage=usage)).usage
    if read is not None:
        assert read.input_tokens is None
        assert read.output_tokens is None


@pytest.mark.fault("A12")
def test_a_limit_on_unknown_usage_is_no_evidence(project: Any) -> None:
    project.tests("def test_a(claude):\n    ask()\n    assert claude.within(output_tokens=50)\n")
    project.record().assert_outcomes(passed=1)
    (name,) = project.cassettes
    path = project.cassette(name)
    path.write_text(re.sub(r' +"output_tokens": \d+,?\n', "", path.read_text()))
    assert main(["check", "--accept", str(path)]) == 0
    result = project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*NoEvidence: no evidence: *"])


@pytest.mark.fault("R03")
def test_junit_stays_xml_whatever_a_model_says(project: Any) -> None:
    said = "\x1b[31mred\x1b[0m \x00\x08 \ud83d ]]> <x>"
    project.personas(old=lambda body, before: Reply(text=said))
    project.tests("def test_a(claude):\n    ask()\n    assert claude.returns_json()\n")
    project.record("--junit-xml=out.xml").assert_outcomes(failed=1)
    project.run("--junit-xml=again.xml").assert_outcomes(failed=1)
    for name in ("out.xml", "again.xml"):
        assert ET.parse(project.path / name).find(".//failure") is not None
