"""What is sent in the place of an app's request, whatever door it takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.models.adapt import adapt
from pytest_claude.models.ids import NO_NAMES
from pytest_claude.models.platforms import Platform, spelled
from pytest_claude.recording.doors.edge import sent_for
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.opening import Place
from pytest_claude.recording.recorder import Recorder
from pytest_claude.recording.redaction import Redaction
from pytest_claude.run.place import FileNames

PAIR = ("claude-haiku-4-5", "claude-haiku-5-5")
AWS = "https://bedrock-runtime.eu-west-1.amazonaws.com/model"
GOOGLE = "https://europe-west1-aiplatform.googleapis.com/v1/projects/p/locations/europe-west1"
SAMPLED = {"max_tokens": 9, "messages": [], "temperature": 0.5}
PLAIN = {"max_tokens": 9, "messages": []}


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    def prepare(body: Mapping[str, Any], platform: Platform | None) -> Mapping[str, Any]:
        if not NO_NAMES.same(body["model"], PAIR[0]):
            return body
        new = spelled(PAIR, body["model"], platform, NO_NAMES)
        return adapt({**body, "model": new}, PAIR[1])[0]

    place = Place(Folder((tmp_path,), FileNames(), tmp_path), 0, "pytest")
    return Recorder(place, "none", redaction=Redaction(), prepare=prepare)


@pytest.mark.parametrize(
    ("url", "sent_url", "old", "new"),
    [
        ("https://api.anthropic.com/v1/messages", None,
         {"model": "claude-haiku-4-5-20251001", **SAMPLED}, {"model": PAIR[1], **PLAIN}),
        ("https://api.anthropic.com/v1/messages/count_tokens", None,
         {"model": PAIR[0], "messages": []}, {"model": PAIR[1], "messages": []}),
        ("https://api.anthropic.com/v1/messages/batches", None,
         {"requests": [{"custom_id": "a", "params": {"model": PAIR[0], **SAMPLED}},
                       {"custom_id": "b", "params": {"model": "claude-opus-5", **PLAIN}}]},
         {"requests": [{"custom_id": "a", "params": {"model": PAIR[1], **PLAIN}},
                       {"custom_id": "b", "params": {"model": "claude-opus-5", **PLAIN}}]}),
        (f"{AWS}/eu.anthropic.claude-haiku-4-5-20251001-v1:0/invoke",
         f"{AWS}/eu.anthropic.claude-haiku-5-5/invoke", SAMPLED, PLAIN),
        (f"{AWS}/eu.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke-with-response-stream",
         f"{AWS}/eu.anthropic.claude-haiku-5-5/invoke-with-response-stream", SAMPLED, PLAIN),
        (f"{AWS}/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2F"
         "eu.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse-stream",
         f"{AWS}/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2F"
         "eu.anthropic.claude-haiku-5-5/converse-stream",
         {"messages": [], "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.1},
          "additionalModelRequestFields": {"top_k": 3, "thinking": {"type": "enabled",
                                                                    "budget_tokens": 1024}}},
         {"messages": [], "inferenceConfig": {"maxTokens": 9},
          "additionalModelRequestFields": {"thinking": {"type": "adaptive"}}}),
        (f"{GOOGLE}/publishers/anthropic/models/claude-haiku-4-5@20251001:streamRawPredict",
         f"{GOOGLE}/publishers/anthropic/models/claude-haiku-5-5:streamRawPredict",
         {**SAMPLED, "stream": True}, {**PLAIN, "stream": True}),
        (f"{GOOGLE}/publishers/anthropic/models/count-tokens:rawPredict", None,
         {"model": "claude-haiku-4-5@20251001", "messages": []},
         {"model": PAIR[1], "messages": []}),
        ("https://mine.services.ai.azure.com/anthropic/v1/messages", None,
         {"model": PAIR[0], **SAMPLED}, {"model": PAIR[1], **PLAIN}),
        ("https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages", None,
         {"model": "anthropic.claude-haiku-4-5", **SAMPLED},
         {"model": "anthropic.claude-haiku-5-5", **PLAIN}),
        ("https://gateway.test/anthropic/v1/messages", None,
         {"model": "anthropic.claude-haiku-4-5", **SAMPLED}, {"model": PAIR[1], **PLAIN}),
    ],
)  # fmt: skip
def test_a_swap_and_its_rewrites_reach_path_and_body(
    recorder: Recorder, url: str, sent_url: str | None, old: Any, new: Any
) -> None:
    sent = sent_for(recorder, url, json.dumps(old).encode())
    assert sent.url == (sent_url or url)
    assert json.loads(sent.body) == new


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://api.anthropic.com/v1/messages", b'{ "model": "claude-opus-5" }'),
        (f"{AWS}/eu.anthropic.claude-opus-5/converse", b'{ "messages": [],  "system": [] }'),
        ("https://api.anthropic.com/v1/messages/batches", b'{ "requests": [] }'),
        ("https://api.anthropic.com/v1/files", b"--x\r\n\xff"),
        ("https://api.anthropic.com/v1/models", b""),
    ],
)
def test_what_asks_another_model_goes_as_it_came(recorder: Recorder, url: str, body: bytes) -> None:
    sent = sent_for(recorder, url, body)
    assert (sent.url, sent.body) == (url, body)
