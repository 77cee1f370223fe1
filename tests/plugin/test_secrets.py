"""No credential reaches a file or the terminal, wherever an app and a model write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from credentials import CREDENTIALS, traces
from simulator import Reply

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
