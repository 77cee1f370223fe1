"""A cassette survives an upgrade of the SDK, and a way back."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.recording.comparing import compare
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import known
from pytest_claude.recording.matching import Index
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Interaction, Request, Response

# What each version sends for the same calls, captured by sdk_requests.py.
SENT = json.loads((Path(__file__).parent / "sdk_requests.json").read_text("utf-8"))
VERSIONS = list(SENT)
CALLS = list(SENT[VERSIONS[0]])
# The tool runner of the second major keeps the dialogue at the API: its next request holds the new
# turn alone, so that no recording of an earlier one can answer it.
THREADS = {("beta tool_runner", version) for version in VERSIONS if version.startswith("2.")}


def request(version: str, call: str) -> Request:
    sent: dict[str, Any] = SENT[version][call]
    url = f"https://api.anthropic.com{sent['path']}"
    return Request(sent["method"], url, sent["body"].encode(), sent["headers"])


def answered(recorded: Request, sent: Request) -> bool:
    entry = Recorded.read(Recorded.of(Interaction(recorded, Response(200, b"{}"))).text)
    index = Index([entry])
    if index.take(known(sent).fingerprint) is not None:
        return True
    other = index.alike(sent, Redaction(Secrets({})))
    return other is not None and index.take(other) is not None


def test_every_call_was_captured_of_every_version() -> None:
    assert len(VERSIONS) >= 4
    assert all(list(of) == CALLS for of in SENT.values())


@pytest.mark.fault("M04")
@pytest.mark.parametrize("call", CALLS)
def test_what_one_sdk_recorded_answers_every_other(call: str) -> None:
    missed = [
        (recorded, sent)
        for recorded, sent in product(VERSIONS, VERSIONS)
        if not answered(request(recorded, call), request(sent, call))
    ]
    assert missed == [
        (recorded, sent)
        for recorded, sent in product(VERSIONS, VERSIONS)
        if ((call, recorded) in THREADS) != ((call, sent) in THREADS)
    ]


def test_a_dialogue_that_is_kept_at_the_api_is_named_as_the_difference() -> None:
    index = Index([])
    old, new = request(VERSIONS[0], "beta tool_runner"), request(VERSIONS[-1], "beta tool_runner")
    changes = compare(index.counted(old), index.counted(new)).changes
    assert [(change.field, change.sent) for change in changes] == [
        ("anthropic-beta", '"message-threads-2026-08-12"'),
        ("thread", '{"type": "create"}'),
    ]
