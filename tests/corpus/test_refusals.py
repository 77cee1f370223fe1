"""Recorded requests with their own model as target: what the API refused, the rules refuse."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.errors import UnreadableCassette
from pytest_claude.models.findings import refusals
from pytest_claude.models.message_request import MessageRequest, requests_in
from pytest_claude.models.preflight import Call, preflight
from pytest_claude.recording.cassette import read_recording

# What the API says where it refuses for a rule of the model, not for a key, a quota, an outage or
# a request that no model would take.
OF_A_RULE = re.compile(
    r"^model: |thinking|`temperature`|`top_[pk]`|prefill|pre-fill|tool_choice|effort level"
    r"|does not support|output_(format|config)\.|tools\.\d+\.custom: For '"
    r"|model identifier|on this API"
)
NO_RULE = re.compile(r"s3Uri|content block that you provided")


def recorded(corpus: Path) -> Iterator[tuple[dict[str, Any], MessageRequest]]:
    files: dict[str, list[dict[str, Any]]] = {}
    for line in (corpus / "INDEX.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        files.setdefault(entry["file"], []).append(entry)
    for name, entries in files.items():
        try:
            _, found = read_recording(corpus / name, name)
        except UnreadableCassette:
            continue
        for entry in entries:
            # Text completions have rules of their own, which nobody needs any more.
            if entry["n"] < len(found) and entry["api"] != "other:/v1/complete":
                for asked in requests_in(found[entry["n"]].interaction):
                    if asked.kind != "batch":
                        yield entry, asked


def day(entry: dict[str, Any]) -> str | None:
    try:
        return parsedate_to_datetime(entry.get("date") or "").date().isoformat()
    except ValueError:
        return None


def told(entry: dict[str, Any]) -> str:
    error = entry.get("error") or {}
    return str(error.get("message") if isinstance(error, dict) else error)


@pytest.fixture(scope="module")
def judged(shared_dir: Path) -> list[tuple[dict[str, Any], MessageRequest, tuple[str, ...]]]:
    return [
        (entry, asked, tuple(f.rule for f in refusals(asked, asked.model or "", on=day(entry))))
        for entry, asked in recorded(shared_dir / "corpus")
    ]


def test_what_the_api_refused_is_refused(
    judged: list[tuple[dict[str, Any], MessageRequest, tuple[str, ...]]],
) -> None:
    refused = [
        (entry, rules)
        for entry, _, rules in judged
        if entry["status"] in (400, 404)
        and OF_A_RULE.search(told(entry))
        and not NO_RULE.search(told(entry))
    ]
    missed = [f"{entry['file']}: {told(entry)}" for entry, rules in refused if not rules]
    assert len(refused) > 80
    assert len(missed) <= 0.05 * len(refused), "\n".join(missed)


def test_what_the_api_answered_is_not_refused(
    judged: list[tuple[dict[str, Any], MessageRequest, tuple[str, ...]]],
) -> None:
    answered = [(entry, rules) for entry, _, rules in judged if entry["status"] < 400]
    wrong = [f"{entry['file']}: {rules}" for entry, rules in answered if rules]
    assert len(answered) > 2000
    assert len(wrong) <= 0.01 * len(answered), "\n".join(wrong)


@pytest.mark.fault("T10")
def test_no_preflight_predicts_that_a_model_refuses_what_it_answered(
    judged: list[tuple[dict[str, Any], MessageRequest, tuple[str, ...]]],
) -> None:
    answered = [(e, asked) for e, asked, _ in judged if asked.answered and asked.model]
    wrong = []
    for number, (entry, asked) in enumerate(answered):
        one = Call(str(number), "", entry["file"], entry["n"] + 1, 1, asked)
        model = asked.model or ""
        wrong += [
            f"{entry['file']}: {each.refusals}"
            for each in preflight([one], model, olds=[model]).refused
        ]
    assert len(answered) > 2000
    assert wrong == []
