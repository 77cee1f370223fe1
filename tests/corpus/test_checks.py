"""Every check on every real transcript: an answer, never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_claude.behavior.needle import needle
from pytest_claude.behavior.profile import profile
from pytest_claude.errors import UnreadableCassette
from pytest_claude.expect import checks
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.expect.view import Reply
from pytest_claude.recording.cassette import read_recording
from pytest_claude.recording.entry import Recorded as Entry
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_transcript

HIDDEN = needle("The vault code is 7481.", tokens=50, depth=0.5)
ASKED: dict[str, Callable[[Transcript], Check]] = {
    "calls_tool": lambda t: checks.calls_tool(t, "get_weather", offered=False),
    "calls_server_tool": lambda t: checks.calls_server_tool(t, "web_search", offered=False),
    "calls_no_tool": checks.calls_no_tool,
    "calls_tools": lambda t: checks.calls_tools(t, [], order="subset"),
    "calls_in_parallel": lambda t: checks.calls_in_parallel(t, "a", "b", offered=False),
    "passes_valid_arguments": checks.passes_valid_arguments,
    "asks_clarifying_question": checks.asks_clarifying_question,
    "refuses": checks.refuses,
    "returns_json": lambda t: checks.returns_json(t, {"type": "object"}, where="anywhere"),
    "returns_json typed": lambda t: checks.returns_json(t, dict[str, int]),
    "stops_with": lambda t: checks.stops_with(t, "end_turn"),
    "is_truncated": checks.is_truncated,
    "thinks": checks.thinks,
    "within": lambda t: checks.within(t, cost_usd=0.01, output_tokens=100, thinking_tokens=10),
    "within writes": lambda t: checks.within(t, cache_write_tokens=100),
    "within times": lambda t: checks.within(t, total_s=1, time_to_first_token_s=1),
    "finds": lambda t: checks.finds(t, HIDDEN),
    "cites": checks.cites,
    "writes_valid_code": checks.writes_valid_code,
    "writes_valid_code against": lambda t: checks.writes_valid_code(t, against=json),
    "makes_no_call": checks.makes_no_call,
    "reads_cache": lambda t: checks.reads_cache(t, min_share=0.5),
    "calls_model": lambda t: checks.calls_model(t, "claude-sonnet-4-5", times=1),
}


def recordings(folder: Path) -> Iterator[tuple[str, Transcript]]:
    """Each file of the corpus that holds a call to a model, once."""
    index = (folder / "INDEX.jsonl").read_text("utf-8").splitlines()
    for file in dict.fromkeys(json.loads(line)["file"] for line in index):
        try:
            found = read_recording(folder / file, file)[1]
        except UnreadableCassette:
            continue  # test_index.py counts them
        yield file, parse_transcript([entry.interaction for entry in found])


@pytest.fixture(scope="module")
def transcripts(shared_dir: Path) -> list[tuple[str, Transcript]]:
    return list(recordings(shared_dir / "corpus"))


def test_every_check_answers_on_every_transcript(
    transcripts: list[tuple[str, Transcript]],
) -> None:
    seen: dict[str, set[bool | None]] = {name: set() for name in ASKED}
    for file, transcript in transcripts:
        for name, ask in ASKED.items():
            check = ask(transcript)
            seen[name].add(check.outcome)
            assert len(repr(check)) <= 120, (file, check)
            assert "\n" not in repr(check), (file, check)
            assert check.expected
            assert check.observed, (file, check)
    assert len(transcripts) > 1_000
    both = {name for name, outcomes in seen.items() if {True, False} <= outcomes}
    # No recording holds these, or times; none but a test makes no call.
    assert set(ASKED) - both == {
        "calls_in_parallel", "finds", "makes_no_call", "within times", "writes_valid_code against",
    }  # fmt: skip


def test_every_reply_has_its_checks_and_its_facts(
    transcripts: list[tuple[str, Transcript]],
) -> None:
    for file, transcript in transcripts:
        profile(transcript)
        for answer in transcript.answered:
            reply = Reply(answer, transcript, Reading())
            assert reply.makes_no_call().outcome is False, file
            assert reply.calls_no_tool().outcome is not None, file
            assert (reply.cost_usd is None) == (reply.uncached_cost_usd is None), file
            assert len(reply.tool_calls) == len(answer.tool_uses), file
            assert [r.status for r in reply.replies] == [answer.status], file


def _thought(told: dict[str, Any]) -> bool:
    return bool({"thinking", "redacted_thinking"} & set(told.get("blocks", ())))


def test_the_checks_agree_with_what_two_models_were_seen_to_answer(shared_dir: Path) -> None:
    """`answers` of PAIRS.jsonl: tools called, stop reason, failure, JSON of a structured answer."""
    corpus = shared_dir / "corpus"
    seen = 0
    files: dict[str, list[Entry]] = {}
    for line in (corpus / "PAIRS.jsonl").read_text("utf-8").splitlines():
        pair = json.loads(line)
        for told in pair["answers"]:
            file = told["file"]
            if file not in files:
                files[file] = read_recording(corpus / file, file)[1]
            transcript = parse_transcript([files[file][told["n"]].interaction])
            assert transcript.answers, told
            where = f"{file}, {told['n']}"
            seen += 1
            if told["status"] >= 400:
                assert checks.calls_no_tool(transcript).outcome is None, where
                assert checks.stops_with(transcript, "end_turn").outcome is None, where
                continue
            called = told.get("tools_called", [])
            for call in called:
                check = checks.calls_tool(transcript, call["name"], call.get("input"), exact=True)
                assert check, (where, check)
            assert checks.calls_tools(
                transcript, [(call["name"], call.get("input") or {}) for call in called]
            ) or not all(isinstance(call.get("input"), dict) for call in called), where
            assert bool(checks.calls_no_tool(transcript, output_tools=())) is (
                not called or told.get("tool_choice", {}).get("type") == "tool"
            ), where
            if told.get("stop_reason"):
                assert checks.stops_with(transcript, told["stop_reason"]), where
                cut = told["stop_reason"] == "max_tokens"
                assert bool(checks.is_truncated(transcript)) is cut, where
                assert not cut or not checks.returns_json(transcript), where
            tokens = told.get("out_tokens")
            if tokens is not None:
                assert checks.within(transcript, output_tokens=tokens), where
                assert tokens == 0 or not checks.within(transcript, output_tokens=tokens - 1), where
            assert bool(checks.thinks(transcript)) is _thought(told), where
            if pair["structured"] and told["text"].startswith("{") and not cut:
                assert checks.returns_json(transcript), where
    assert seen > 1_200
