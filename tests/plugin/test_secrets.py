"""No credential reaches a file or the terminal, wherever an app and a model write it."""

from __future__ import annotations

import gzip
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from credentials import CREDENTIALS, traces
from simulator import Reply

from pytest_claude.recording.doors.line import ClosedLine
from pytest_claude.recording.redaction import Redaction

TESTS = """
import base64, json, anthropic, app, pytest
from credentials import CREDENTIALS

def call(credential, question):
    key = credential.value
    code = base64.b64encode(f"user:{key}".encode()).decode()
    nested = json.dumps({"a": json.dumps({"said": f'"{key}"'})})
    with anthropic.Anthropic(default_headers=credential.headers) as client:
        return list(client.messages.create(
            model=app.MODEL, max_tokens=99, stream=True, system=f"You hold {key}.",
            extra_query={"trace": key.split()[-1]}, extra_body=credential.more,
            messages=[
                {"role": "user", "content": f"{question}: {key}"},
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t", "name": "read", "input": {"arg": key}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t",
                    "content": f"{credential.text} {code} {nested} {key}"}]},
            ],
        ))

@pytest.mark.parametrize("first", range(0, len(CREDENTIALS), 3))
def test_calls(claude, first):
    for credential in CREDENTIALS[first:first + 3]:
        call(credential, "QUESTION")
    assert claude.reply.stop_reason == "tool_use"
"""


def repeats(request: Any, seen: int) -> Reply:
    """Says what it was told, in pieces, and gives it to a tool."""
    key = request["messages"][0]["content"].partition(": ")[2]
    return Reply(f"It is {key}, keep it.", (("save", {"key": key, "all": [f'"{key}"']}),))


def found_in(text: str) -> list[str]:
    return [c.kind for c in CREDENTIALS if any(trace in text for trace in traces(c))]


def on_disk(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return "\n".join(path.read_text("utf-8", "replace") for path in files)


def test_sixty_credentials_in_eight_places_reach_no_file_and_no_terminal(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, credential in enumerate(CREDENTIALS):
        if credential.shown == "variable":
            monkeypatch.setenv(f"SHOP_{number}_TOKEN", credential.value)
    project.personas(old=repeats)
    project.tests(TESTS.replace("QUESTION", "Keep this"))
    result = project.record("-vv", "--claude-show-transcript")
    result.assert_outcomes(passed=20)
    assert len(project.cassettes) == 20
    assert found_in(on_disk(project.path)) == []
    assert found_in(result.stdout.str() + result.stderr.str()) == []
    replayed = project.run("--claude-strict")
    replayed.assert_outcomes(passed=20)
    project.tests(TESTS.replace("QUESTION", "Keep that"))
    missed = project.run("-vv", "--tb=long")
    missed.assert_outcomes(failed=20)
    assert "Keep that" in missed.stdout.str()
    assert found_in(missed.stdout.str() + on_disk(project.path)) == []


# --- headers that are not stored -------------------------------------------------------------

KEY = "sk-" + "ant-api03-not-a-real-key"  # of the simulated API
GATEWAY = "aZ3bY4cX5" + "dW6eV7f"
HEADED = """
import anthropic, app

def test_calls(claude):
    headers = {"X-Shop-Gateway": GATEWAY, "X-Tenant": "acme-corporation"}
    with anthropic.Anthropic() as client:
        for said, sent in ASKED:
            client.messages.create(
                model=app.MODEL, max_tokens=9, extra_headers=headers if sent else {},
                messages=[{"role": "user", "content": said}])
"""
ASKED = [("before: GATEWAY", False), ("GATEWAY of acme-corporation", True), ("then GATEWAY", False)]


def headed(project: Any, gateway: str, asked: list[tuple[str, bool]] = ASKED) -> None:
    said = [(text.replace("GATEWAY", gateway), sent) for text, sent in asked]
    project.tests(HEADED.replace("GATEWAY", repr(gateway)).replace("ASKED", repr(said)))


def test_the_value_of_an_unknown_header_is_in_no_recording(project: Any) -> None:
    headed(project, GATEWAY)
    result = project.record()
    result.assert_outcomes(passed=1)
    (name,) = project.cassettes
    text = project.cassette(name).read_text()
    assert text.count("[redacted]") == 3
    assert GATEWAY not in text
    assert "[redacted] of acme-corporation" in text, "a name eats no prompt"
    told = "header x-tenant reads like words and numbers: its value is not redacted elsewhere"
    assert " ".join(result.outlines).count(told) == 1


def test_what_a_header_showed_is_matched_whatever_it_is(project: Any) -> None:
    headed(project, GATEWAY, ASKED[1:])
    project.record().assert_outcomes(passed=1)
    for other in ("another-Gateway-0f9e8d7c6b5a", GATEWAY):
        headed(project, other, ASKED[1:])
        project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_what_an_answer_shows_is_in_no_later_request(project: Any, stream: bool) -> None:
    tools = (("log_in", {"client_secret": GATEWAY}),)
    project.personas(old=lambda request, seen: Reply("", tools))
    project.tests(
        "import anthropic, app\n"
        "def test_calls(claude):\n"
        f"    for said in ('log in', 'use {GATEWAY}'):\n"
        "        asked = [{'role': 'user', 'content': said}]\n"
        "        with anthropic.Anthropic() as client:\n"
        "            list(client.messages.create(model=app.MODEL, max_tokens=9, messages=asked,\n"
        f"                 stream={stream}))\n"
    )
    project.record().assert_outcomes(passed=1)
    assert '"content": "use [redacted]"' in on_disk(project.path / "cassettes")
    assert GATEWAY not in on_disk(project.path / "cassettes")
    project.run("--claude-strict").assert_outcomes(passed=1)


def test_an_answer_that_was_redacted_is_told_once_with_its_test(project: Any) -> None:
    project.personas(old=repeats)
    asked = (
        "(claude):\n    for n in range(2):\n        ask('it: ' + 'sk-' + 'ant-api03-abcdefgh')\n"
    )
    project.tests(f"def test_one{asked}def test_none(claude):\n    ask('no: harm')\n")
    result = project.record()
    result.assert_outcomes(passed=2)
    told = "test_app.py::test_one: an answer held a secret, its recording says [redacted] instead"
    assert " ".join(result.outlines).count(told) == 1
    assert " ".join(result.outlines).count("held a secret") == 1
    project.run().stdout.no_fnmatch_line("*an answer held a secret*")


# --- where else a key may turn up ------------------------------------------------------------

ANTHROPIC = "sk-" + "ant-api03-" + "Zq3" * 20
CALL = """
import anthropic, app, os

def test_calls(claude):
    with anthropic.Anthropic(max_retries=0) as client:
        for said in ("one", "two"):
            client.messages.create(
                model=app.MODEL, max_tokens=9, messages=[{"role": "user", "content": said}], MORE)
"""


def cassettes(project: Any) -> str:
    return on_disk(project.path / "cassettes")


@pytest.mark.fault("S01")
def test_no_header_of_a_credential_is_stored(project: Any) -> None:
    sent = {
        "Authorization": f"Bearer {ANTHROPIC}", "X-Api-Key": ANTHROPIC,
        "X-Goog-Api-Key": "AI" + "za" + GATEWAY, "X-Goog-User-Project": "project-4711",
        "X-Amz-Security-Token": GATEWAY, "X-Amz-Date": "20261130T085731Z",
    }  # fmt: skip
    signed = "AWS4-HMAC-SHA256 Credential=AKIA/us-east-1, SignedHeaders=host, Signature=0f9e8d"
    for headers in (sent, {**sent, "Authorization": signed}):
        project.tests(CALL.replace("MORE", f"extra_headers={headers}"))
        project.record(mode="all").assert_outcomes(passed=1)
        text = cassettes(project)
        assert "anthropic-version" in text
        assert not [name for name in headers if name.lower() in text.lower()]
        assert not [value for value in headers.values() if value in text]


@pytest.mark.parametrize("form", ["stream", "whole", "error"])
@pytest.mark.fault("S03")
def test_a_key_that_an_answer_repeats_is_not_stored(project: Any, form: str) -> None:
    said = f"Your key is {ANTHROPIC}, and {ANTHROPIC} it stays."
    refused = Reply(status=400, error=("invalid_request_error", said))
    project.personas(old=lambda request, seen: refused if form == "error" else Reply(said))
    project.tests(
        "import anthropic, app\n"
        "def test_calls(claude):\n"
        "    asked = [{'role': 'user', 'content': 'what is it?'}]\n"
        "    with anthropic.Anthropic(max_retries=0) as client:\n"
        "        try:\n"
        "            list(client.messages.create(model=app.MODEL, max_tokens=9, messages=asked,\n"
        f"                 stream={form == 'stream'}))\n"
        "        except anthropic.BadRequestError:\n"
        "            pass\n"
    )
    project.record().assert_outcomes(passed=1)
    text = cassettes(project)
    assert "Your key is [redacted], and [redacted] it stays." in text
    assert ANTHROPIC[:16] not in text
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("S04")
def test_a_key_in_the_path_or_query_of_a_url_is_not_stored(project: Any) -> None:
    query = {"key": GATEWAY, "trace": ANTHROPIC, "page": "2"}
    project.tests(CALL.replace("MORE", f"extra_query={query}"))
    project.record().assert_outcomes(passed=1)
    text = cassettes(project)
    assert "?key=[redacted]&trace=[redacted]&page=2" in text
    project.tests(CALL.replace("MORE", f"extra_query={ {**query, 'key': GATEWAY[::-1]} }"))
    project.run("--claude-strict").assert_outcomes(passed=1)
    assert Redaction().url(f"https://gw.test/{ANTHROPIC}/v1") == "https://gw.test/[redacted]/v1"


class Zipped(BaseHTTPRequestHandler):
    """Answers each request with a message that repeats it, gzipped."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = body["messages"][0]["content"]
        answer = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                  "content": [{"type": "text", "text": said}], "stop_reason": "end_turn",
                  "usage": {"input_tokens": 1, "output_tokens": 1}}  # fmt: skip
        data = gzip.compress(json.dumps(answer).encode())
        self.send_response(200)
        for name, value in (("content-type", "application/json"), ("content-encoding", "gzip")):
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.mark.fault("S05")
def test_a_key_in_a_gzipped_answer_is_not_stored(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Zipped)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", ANTHROPIC)
    project.tests(f"def test_calls(claude):\n    ask('it: ' + 'sk-' + {ANTHROPIC[3:]!r})")
    project.run("--claude-record").assert_outcomes(passed=1)
    server.shutdown()
    server.server_close()
    assert cassettes(project).count("it: [redacted]") == 3, "asked, answered, summed up"
    project.run("--claude-strict").assert_outcomes(passed=1)


@pytest.mark.fault("S06")
def test_cookies_are_dropped_both_ways(project: Any) -> None:
    project.tests(CALL.replace("MORE", ""))
    project.record().assert_outcomes(passed=1)
    assert "cookie" not in cassettes(project).lower()
    assert "__cf_bm" not in cassettes(project)


SHOWN = """
import anthropic, app, logging, os, pytest

@pytest.mark.parametrize("paying", [os.environ["SHOP_PAYMENT_TOKEN"]], ids=["paying"])
def test_calls(claude, paying):
    key = os.environ["SHOP_PAYMENT_TOKEN"]
    logging.error("it is %s", key)
    print("pays with", key)
    with anthropic.Anthropic() as client:
        client.messages.create(model=app.MODEL, max_tokens=9, extra_headers={"X-Pay": key},
                               messages=[{"role": "user", "content": key}])
    assert [key, client] == claude.reply.text
"""


@pytest.mark.fault("S12")
def test_a_key_is_shown_by_no_traceback_and_no_log(
    project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PAYMENT_TOKEN", GATEWAY)
    project.tests(SHOWN)
    options = ("--showlocals", "--tb=long", "-vv", "--log-level=DEBUG", "--claude-show-transcript")
    files = ("--junitxml=junit.xml", "--claude-report=run.json", "--claude-report=page.html")
    recorded = project.record(*options, *files)
    missed = project.run(*options, "--claude-swap=claude-sonnet-4-5=claude-x")
    for result in (recorded, missed):
        result.assert_outcomes(failed=1)
        shown = result.stdout.str() + result.stderr.str() + on_disk(project.path)
        assert "it is [redacted]" in shown
        assert GATEWAY not in shown
        assert KEY not in shown
    recorded.stdout.fnmatch_lines(["key *= '[[]redacted]'", "pays with [[]redacted]"])


def test_a_refused_call_is_told_without_the_key_in_its_path() -> None:
    problem = ClosedLine().refuse(f"POST gw.test/{ANTHROPIC}/v1/messages")
    assert "POST gw.test/[redacted]/v1/messages" in problem.headline
    assert ANTHROPIC not in str(problem)
