"""Any text that the API can send, at every place where it leaves the process."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude.cli import main
from pytest_claude.recording.cassette import load, save
from pytest_claude.recording.entry import Recorded, reads_back
from pytest_claude.recording.event_text import event
from pytest_claude.recording.redaction import Redaction
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
JSON = {"content-type": "application/json"}
TEXTS = {
    "the first half of an emoji": "cut \ud83d",
    "the second half": "\ude00 cut",
    "a low surrogate that Python takes for a raw byte": "raw \udc80",
    "NUL": "a\0b",
    "escape sequences": "\x1b[31mred\x1b]0;title\x07",
    "noncharacters": "\ufffe\uffff",
    "line ends of other systems": "a\x85b\u2028c\rd",
    "overrides of direction": "\u202eabc\u2066",
    "a long one": "long \ud83d" + "x" * 300_000,
}
texts = st.text(st.characters(codec=None))


def message(text: str) -> dict[str, Any]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "post", "input": {"body": text, text: 1}}
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": text}, call], "stop_reason": "tool_use",
        "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 7},
    }  # fmt: skip


def request(text: str) -> dict[str, Any]:
    turns = [{"role": "user", "content": text}]
    return {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": turns}


def interaction(text: str) -> Interaction:
    return Interaction(
        Request("POST", URL, json.dumps(request(text)).encode(), JSON),
        Response(200, json.dumps(message(text)).encode(), JSON),
    )


@given(texts)
@example("\ud83d")
@example("\udc80")
@pytest.mark.fault("T01")
def test_redaction_and_cassette_keep_any_text(text: str) -> None:
    redaction = Redaction.of_environment({"X_API_KEY": "Zq8-not-in-any-text-1"})
    meant = interaction(text + " Zq8-not-in-any-text-1")
    stored = redaction.interaction(meant)
    assert stored.request.json() == request(text + " [redacted]")
    assert stored.response.json() == message(text + " [redacted]")
    assert reads_back(Recorded.of(stored))


@given(texts)
def test_a_rewritten_event_keeps_any_text(text: str) -> None:
    written = event({"type": "content_block_delta", "delta": {"text": text}})
    assert json.loads(written.decode().split("data: ")[1])["delta"]["text"] == text


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
def test_a_saved_cassette_and_its_summary(text: str, tmp_path: Path) -> None:
    path = tmp_path / "claude.yaml"
    save(path, [Recorded.of(interaction(text))], summary=[f"it says {text}"])
    (entry,) = load(path, "claude.yaml")
    assert entry.reread().response.json() == message(text)
    assert entry.reread().request.json() == request(text)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_beyond_all_bounds_is_stored_as_it_came(number: str) -> None:
    body = f'{{"score": {number}}}'.encode()
    recorded = Recorded.of(Interaction(interaction("").request, Response(200, body, JSON)))
    assert recorded.reread().response.body == body


TESTS = """
import json, httpx, pytest
BODY = {body!r}
def ask():
    return httpx.post("https://api.anthropic.com/v1/messages", content=BODY, headers={{
        "content-type": "application/json", "anthropic-version": "2023-06-01"}}).json()

def test_before(claude):
    ask(); assert claude.stops_with("tool_use")

def test_green(claude):
    assert ask()["content"][0]["text"] == claude.reply.text
    assert claude.calls_tool("post", offered=False)

def test_red(claude):
    ask(); assert claude.asks_clarifying_question()

def test_its_app_raises_what_the_model_said(claude):
    raise ValueError(ask()["content"][0]["text"])

def test_after(claude):
    ask(); assert claude.stops_with("tool_use")
"""


@pytest.fixture(params=["alone", "xdist"])
def workers(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "alone":
        return []
    pytest.importorskip("xdist", reason="sends reports between processes by pytest-xdist")
    return ["-p", "xdist", "-n1"]


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
@pytest.mark.fault("T01")
def test_a_run_with_all_its_reports(
    text: str, workers: list[str], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_said=TESTS.format(body=json.dumps(request(text)).encode()))
    root = pytester.path / "cassettes" / "test_said"
    names = ("before", "green", "red", "its_app_raises_what_the_model_said", "after")
    for name in names:
        path = root / f"test_{name}" / "claude-sonnet-4-5.yaml"
        save(path, [Recorded.of(interaction(text))], summary=[text])
    reports = [f"--claude-report=run.{suffix}" for suffix in ("json", "md", "html")]
    result = pytester.runpytest_inprocess(
        "-p", "pytest_claude.plugin", *workers, *reports,
        "--junitxml=junit.xml", "--claude-show-transcript", "-W", "ignore",
    )  # fmt: skip
    result.assert_outcomes(passed=3, failed=2)
    assert result.ret == 1
    ours = [line for line in result.outlines if "ValueError" not in line]  # the app's own words
    assert not any("\x1b" in line for line in ours)
    result.stdout.fnmatch_lines(["*- claude -*", "claude-sonnet-4-5", "  expected *"])
    assert len(json.loads(Path("run.json").read_text("utf-8"))["tests"]) == len(names)
    for suffix in ("md", "html"):
        Path(f"run.{suffix}").read_bytes().decode()
    ET.parse("junit.xml")  # it is pytest's own file


@pytest.mark.parametrize("text", TEXTS.values(), ids=list(TEXTS))
@pytest.mark.parametrize("command", [["inspect", "--transcript"], ["inspect", "--json"], ["check"]])
@pytest.mark.fault("T01")
def test_the_command_line(
    text: str, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "cassettes/test_a/test_b/m.yaml", [Recorded.of(interaction(text))], [text])
    assert main([*command, "cassettes"] if command[0] == "inspect" else command) in (0, 1)
    assert "\x1b" not in capfd.readouterr().out
