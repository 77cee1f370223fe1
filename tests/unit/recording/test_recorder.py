"""What one trial reads of its requests."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.errors import CassetteMiss, UnsavedCassette
from pytest_claude.recording import cassette, fingerprint
from pytest_claude.recording.call import Call, Calls
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import known
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import FileNames
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
    place = Place(folder_at(tmp_path), 0, "pytest")
    recorder = Recorder(place, "none", redaction=Redaction())
    calls = [recorder.begin(each, None) for each in asked]
    recorder.close(ended=True)
    assert [call.model for call in calls] == recorder.calls.models == ["claude-sonnet-5-5"] * 2
    assert parsed == [each.body.decode() for each in asked]


def folder_at(path: Path) -> Folder:
    return Folder((path,), FileNames(), path)


def recorder(folder: Path, *, shared: bool = False, patience_s: float = 0) -> Recorder:
    place = Place(folder_at(folder), 0, "pytest", Label(shared=shared), patience_s=patience_s)
    return Recorder(place, "new_episodes", redaction=Redaction())


def pay(recorder: Recorder, prompt: str) -> None:
    call = recorder.begin(request(prompt), None)
    assert call.entry is None, "it is not recorded"
    recorder.end(call, Response(200, b'{"said": "' + prompt.encode() + b'"}'))


def recorded(folder: Path) -> list[str]:
    entries = cassette.load(folder / "claude-sonnet-5-5.yaml", "cassette")
    return [entry.request.json()["messages"][0]["content"] for entry in entries]


@pytest.mark.fault("X02")
def test_who_records_into_a_shared_cassette_waits_and_then_knows_what_came(tmp_path: Path) -> None:
    first = recorder(tmp_path, shared=True)
    pay(first, "one")  # waits in the partial file, which is no other's to take
    second = recorder(tmp_path, shared=True, patience_s=60)

    def record() -> None:
        assert second.begin(request("one"), None).recorded
        pay(second, "two")
        second.close(ended=True)

    thread = threading.Thread(target=record)
    thread.start()
    pay(first, "three")
    first.close(ended=True)
    thread.join()
    assert recorded(tmp_path) == ["one", "three", "two"]
    assert (first.numbers, second.numbers) == ((1, 2), (1, 3))
    assert [path.name for path in tmp_path.iterdir()] == ["claude-sonnet-5-5.yaml"]


def test_what_another_process_is_recording_is_not_taken_for_left_over(tmp_path: Path) -> None:
    first = recorder(tmp_path)
    pay(first, "one")
    second = recorder(tmp_path)
    with pytest.raises(UnsavedCassette, match="is being recorded by another process"):
        second.begin(request("one"), None)
    second.close(ended=True)
    pay(first, "two")
    first.close(ended=True)
    assert recorded(tmp_path) == ["one", "two"]


def test_once_pays_nothing_for_a_cassette_that_another_made_meanwhile(tmp_path: Path) -> None:
    place = Place(folder_at(tmp_path), 0, "pytest", patience_s=60)
    late = Recorder(place, "once", redaction=Redaction())
    opened = late._shelf.open("claude-sonnet-5-5")
    first = recorder(tmp_path)
    pay(first, "one")
    first.close(ended=True)
    late._cassette._open(opened)  # it looked before the other had saved
    with pytest.raises(CassetteMiss):
        late.begin(request("two"), None)
    late.close(ended=True)
    assert recorded(tmp_path) == ["one"]


def test_a_rule_that_empties_the_body_does_not_hide_the_model() -> None:
    def emptied(body: dict[str, Any]) -> dict[str, Any]:
        body.clear()
        return body

    batch = Request("POST", f"{URL}/batches", b'{"requests": [{"params": {"model": "m-1"}}]}')
    assert fingerprint.known(batch, emptied).model == "m-1"


@pytest.mark.parametrize(
    ("path", "answer", "ids"),
    [
        ("/v1/messages", b'{"id": "msg_1", "content": []}', 1),
        ("/v1/messages/count_tokens", b'{"input_tokens": 9}', 0),
        ("/model/anthropic.claude-opus-5/converse", b'{"output": {}}', 0),
        ("/model/anthropic.claude-opus-5/converse-stream", b"\0\0\0\1", 0),
        ("/model/anthropic.claude-opus-5/invoke-with-response-stream", b"\0\0\0\1", 1),
    ],
)
def test_only_an_answer_with_an_id_can_be_a_copy(path: str, answer: bytes, ids: int) -> None:
    request = Request("POST", f"https://api.anthropic.com{path}", b'{"model": "claude-opus-5"}')
    entry = Recorded.of(Interaction(request, Response(200, answer)))
    calls = Calls()
    calls.append(Call(request, known(request), None, entry))
    assert len(calls.replies) == ids
