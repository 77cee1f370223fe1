"""What one trial reads of its requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.recording import cassette, fingerprint
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"


def request(prompt: str) -> Request:
    body = {"model": "claude-sonnet-5-5", "messages": [{"role": "user", "content": prompt}]}
    return Request("POST", URL, json.dumps(body).encode())


def test_a_replayed_request_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [request("one"), request("two")]
    path = tmp_path / "claude-sonnet-5-5.yaml"
    cassette.save(path, [Recorded.of(Interaction(each, Response(200, b"{}"))) for each in asked])
    parse, parsed = fingerprint._DECODE, []

    def counted(text: str) -> Any:
        parsed.append(text)
        return parse(text)

    def never(_: Request) -> Any:
        raise AssertionError("the request was parsed again")

    monkeypatch.setattr(fingerprint, "_DECODE", counted)
    monkeypatch.setattr(Request, "json", never)
    place = Place(tmp_path, "cassettes", 0, "pytest")
    recorder = Recorder(place, "none", redaction=Redaction(), prepare=lambda body: body)
    calls = [recorder.begin(each, None) for each in asked]
    recorder.close(ended=True)
    assert [call.model for call in calls] == recorder.models == ["claude-sonnet-5-5"] * 2
    assert parsed == [each.body.decode() for each in asked]


def test_a_rule_that_empties_the_body_does_not_hide_the_model() -> None:
    def emptied(body: dict[str, Any]) -> dict[str, Any]:
        body.clear()
        return body

    batch = Request("POST", f"{URL}/batches", b'{"requests": [{"params": {"model": "m-1"}}]}')
    assert fingerprint.known(batch, emptied).model == "m-1"
