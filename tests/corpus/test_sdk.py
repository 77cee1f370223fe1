"""Stock vcrpy recordings of public projects replay through the real SDK, by its own types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anthropic
import pytest
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent

from pytest_claude.recording.cassette import read_recording
from pytest_claude.recording.doors import patching
from pytest_claude.recording.doors.line import line
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import FileNames
from pytest_claude.transcript.interaction import Interaction
from pytest_claude.transcript.parse import parse_answer


@pytest.fixture
def patched() -> Iterator[None]:
    patching.install()
    yield
    patching.uninstall()


def files(corpus: Path) -> list[str]:
    """What stock vcrpy can play, of the API itself."""
    rows = map(json.loads, (corpus / "INDEX.jsonl").read_text("utf-8").splitlines())
    return sorted(
        {row["file"] for row in rows if row["vcrpy_9_4_2"] == "yes" and row["api"] == "messages"}
    )


def replayed(client: anthropic.Anthropic, call: Interaction) -> str:
    """What the SDK's own types make of a call: the text, or the error."""
    body: Any = call.request.json()
    url = urlsplit(call.request.url)
    path = f"/v1/messages?{url.query}" if url.query else "/v1/messages"
    try:
        if not body.get("stream"):
            message = client.post(path, body=body, cast_to=BetaMessage)
            return "".join(block.text for block in message.content if block.type == "text")
        events = client.post(
            path,
            body=body,
            cast_to=BetaMessage,
            stream=True,
            stream_cls=anthropic.Stream[BetaRawMessageStreamEvent],
        )
        return "".join(_text(event) for event in events)
    except anthropic.APIStatusError as error:
        return f"HTTP {error.status_code}"


def _text(event: Any) -> str:
    if event.type == "content_block_start":
        return getattr(event.content_block, "text", "") or ""
    if event.type == "content_block_delta" and event.delta.type == "text_delta":
        return str(event.delta.text)
    return ""


def test_stock_recordings_replay_through_the_sdk(
    shared_dir: Path, tmp_path: Path, patched: None
) -> None:
    corpus = shared_dir / "corpus"
    read, wrong = 0, []
    for file in files(corpus):
        place = Place(Folder((tmp_path / "none",), FileNames(), tmp_path), 0, "pytest")
        recorder = Recorder(place, "none", redaction=Redaction())
        recorder.adopt(corpus / file)
        client = anthropic.Anthropic(api_key="x", max_retries=0)
        for entry in read_recording(corpus / file, file)[1]:
            answer = parse_answer(entry.interaction)
            if answer is None or answer.platform != "anthropic" or answer.request.body is None:
                continue
            expected = answer.text if answer.error is None else f"HTTP {answer.status}"
            read += 1
            try:
                with line(recorder):
                    found = replayed(client, entry.interaction)
            except Exception as error:
                found = repr(error)[:100]
            if found != expected:
                wrong.append((file, expected[:80], found[:80]))
        client.close()
    assert read > 400
    assert len(wrong) <= 0.03 * read, wrong[:10]
