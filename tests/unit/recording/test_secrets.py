"""What counts as a secret, and what only looks like one."""

from __future__ import annotations

import base64
import json
import os
import random
import string
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import Reply
from simulator.platforms import event_stream
from simulator.wire import events, message

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets, left_alone
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.stream import assemble, read_events

LONG = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=100))
UPPER = "Q7".join("ABCDEFGHIJ")[:16]
PEM = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"
ANTHROPIC = f"sk-ant-api03-{LONG[:93]}AA"
FOUND = {
    ANTHROPIC: "an Anthropic key",
    "sk-ant-api03-abcdefgh": "an Anthropic key",
    f"sk-ant-oat01-{LONG}": "an Anthropic key",
    f"sk-proj-{LONG}": "an OpenAI key",
    f"sk-{LONG[:20]}T3BlbkFJ{LONG[20:40]}": "an OpenAI key",
    f"sk-or-v1-{'0a1b2c3d' * 8}": "an OpenRouter key",
    f"hf_{LONG[:34]}": "a Hugging Face token",
    f"AKIA{UPPER}": "an AWS access key id",
    f"ASIA{UPPER}": "an AWS access key id",
    f"ghp_{LONG[:36]}": "a GitHub token",
    f"ghs_{LONG[:36]}": "a GitHub token",
    f"github_pat_{LONG[:22]}_{LONG[:59]}": "a GitHub token",
    f"AIza{LONG[:35]}": "a Google API key",
    f"xoxb-123456789012-1234567890123-{LONG[:24]}": "a Slack token",
    f"-----BEGIN RSA PRIVATE KEY-----\n{PEM}\n{PEM}\nabc=\n-----END RSA PRIVATE KEY-----":
        "a private key",
    f"-----BEGIN PRIVATE KEY-----\n{PEM}\n": "a private key",
}  # fmt: skip


@pytest.mark.parametrize(("secret", "kind"), FOUND.items(), ids=lambda text: text[:16])
@pytest.mark.parametrize(
    "around",
    ["{}", "key={}&x=1", "https://x.test/{}/v1", "Bearer {}", "a\n{}\nb", '"{}"', "\\u00e9{} "],
    ids=repr,
)
def test_a_key_is_found_wherever_it_stands(secret: str, kind: str, around: str) -> None:
    text = around.format(secret)
    for written in (text, json.dumps({"a": text}), json.dumps({"b": json.dumps({"a": text})})):
        [found] = Secrets().find(written)
        assert found.kind == kind
        assert secret[-8:].strip() not in Secrets().redacted(written)


LOOKALIKES = {
    "documentation": "export ANTHROPIC_API_KEY=sk-ant-... # sk-ant-api03-..., sk-ant-admin01-...",
    "placeholders": "sk-ant-your-key-here sk-ant-api03-xxxxxxxxxxxxxxxxxxxx AKIAIOSFODNN7EXAMPLE "
    f"AKIAREDACTEDREDACTED ghp_{'x' * 36} sk-ant-api03-{'x' * 95} xoxb-your-token-here",
    "words": "risk-proj-management-of-all-the-things-that-we-have-to-do task-ant-hill-behaviours "
    "ASIA AKIA xoxb- AIza ghp_short",
    "names of functions": "hf_hub_download hf_transfer sk-or-v1-... sk-or-v1-your-key",
    "git hash": "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "a key's header": "-----BEGIN PRIVATE KEY----- is the first line of such a file, and "
    "internationalizations are other words",
    "a public key": f"-----BEGIN PUBLIC KEY-----\n{PEM}\n-----END PUBLIC KEY-----",
    "an image": base64.b64encode(random.Random(2).randbytes(9000)).decode(),
    "a uuid": "0b1f1f6e-5d7c-4c55-9d6e-2f0e7a1f7c11",
    "documentation in base64": base64.b64encode(b"export ANTHROPIC_API_KEY=sk-ant-...").decode(),
}


@pytest.mark.parametrize("text", LOOKALIKES.values(), ids=LOOKALIKES)
@pytest.mark.fault("S13")
def test_what_only_looks_like_a_key_is_left_alone(text: str) -> None:
    assert Secrets().find(text) == []


def test_headers_of_a_key_without_one_are_left_alone() -> None:
    """Backtracking over them would take longer than anyone waits."""
    assert Secrets().find("-----BEGIN PRIVATE KEY-----\n" + "DEK-Info: x " * 2000) == []
    assert Secrets().find("-----BEGIN PRIVATE KEY-----\n" + "DEK-Info: x\n" * 2000) == []


def test_a_private_key_with_headers_is_found() -> None:
    headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B\n\n"
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    text = f"{begin}\n{headers}{PEM}\n{PEM}\nabc=\n{end}"
    for written in (text, json.dumps(text)[1:-1], json.dumps(json.dumps(text)[1:-1])[1:-1]):
        assert Secrets().redacted(written) == "[redacted]"


@given(st.binary(min_size=30, max_size=3000))
def test_base64_of_whatever_is_no_secret(data: bytes) -> None:
    coded = base64.b64encode(data).decode()
    assert Secrets().find(coded) == []
    assert Secrets().find(f"{coded}aAKIA{UPPER}a{coded}aAIza{LONG[:35]}a{coded}") == []


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
def test_a_key_in_base64_is_found(before: str) -> None:
    environment = {"GATEWAY_API_KEY": "company/tøken-1"}
    for key in (ANTHROPIC, "company/tøken-1"):
        coded = base64.b64encode(f"{before}{key}:".encode()).decode()
        [found] = Secrets.of_environment(environment).find(f"Basic {coded}")
        assert found.kind in ("an Anthropic key in base64", "the value of GATEWAY_API_KEY")
        assert found.end - found.start > len(key)


def twice(value: str, outside: bool = True) -> str:
    return json.dumps({"a": json.dumps({"b": value}, ensure_ascii=False)}, ensure_ascii=outside)


@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        twice,
        partial(twice, outside=False),
        str,
        partial(quote, safe=""),
        quote,
        quote_plus,
    ],
    ids=["JSON", "JSON in JSON", "JSON in JSON as it is", "plain", "URL", "path", "query"],
)
def test_a_credential_is_found_in_every_spelling(write) -> None:
    value = 'kä/"1" abc'
    secrets = Secrets.of_environment({"MY_AUTH_TOKEN": value, "HOME": "/home/somebody"})
    assert [found.kind for found in secrets.find(write(value))] == ["the value of MY_AUTH_TOKEN"]
    assert secrets.find("/home/somebody") == []


def test_a_credential_that_is_no_utf_8_is_found() -> None:
    value = os.fsdecode(b"shop-\xff-key-1")
    secrets = Secrets.of_environment({"SHOP_API_KEY": value})
    assert secrets.redacted(f"it is {value}") == "it is [redacted]"


def test_overlapping_secrets_are_one() -> None:
    secrets = Secrets.of_environment({"A_API_KEY": ANTHROPIC[10:] + "-more"})
    assert secrets.redacted(f"<{ANTHROPIC}-more>") == "<[redacted]>"


@pytest.mark.parametrize("value", ["redacted", "[redacted]"])
def test_a_credential_that_reads_like_the_replacement_is_none(value: str) -> None:
    assert Secrets.of_environment({"MY_API_KEY": value}).redacted("[redacted]") == "[redacted]"


def test_credentials_that_read_like_other_text_are_named() -> None:
    environment = {
        "A_API_KEY": "1234567", "B_API_KEY": " ", "C_API_KEY": "12345678", "D": "1",
        "E_API_KEY": "placeholder", "F_API_KEY": "x" * 30, "G_API_KEY": "lm-studio.local_key",
        "H_API_KEY": "your-key-of-2026", "I_API_KEY": "correct-horse-battery", "J_API_KEY": "käse",
    }  # fmt: skip
    assert left_alone(environment) == {
        "A_API_KEY": "has fewer than 8 characters",
        "E_API_KEY": "reads like a placeholder",
        "F_API_KEY": "reads like a placeholder",
        "G_API_KEY": "reads like a word",
        "H_API_KEY": "reads like a placeholder",
        "J_API_KEY": "has fewer than 8 characters",
    }
    secrets = Secrets.of_environment(environment)
    assert {value for value in environment.values() if secrets.find(value)} == {
        "12345678", "correct-horse-battery",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "LM_API_KEY", "COMPANY_AUTH_TOKEN"])
@pytest.mark.parametrize("value", ["placeholder", "anthropic", "get_weather", "local.model"])
def test_a_credential_that_is_a_word_is_not_taken_out_of_sentences(name, value) -> None:
    assert Secrets.of_environment({name: value}) == Secrets()


@pytest.mark.parametrize(
    "name",
    ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
     "AWS_BEARER_TOKEN_BEDROCK"],
)  # fmt: skip
@pytest.mark.parametrize("value", ["placeholder", "open-sesame"])
def test_the_keys_that_reach_claude_are_secret_also_as_words(name: str, value: str) -> None:
    assert Secrets.of_environment({name: value}).redacted(f"<{value}>") == "<[redacted]>"
    assert left_alone({name: value}) == {}


@pytest.fixture(scope="module", autouse=True)
def _machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MACHINE_API_KEY", "company-token-1")
        yield


def test_no_credential_of_the_machine_is_in_the_suite() -> None:
    assert "company-token-1" not in os.environ.values()


def test_no_more_than_four_characters_of_a_secret_are_told() -> None:
    secrets = Secrets.of_environment({"MY_API_KEY": "company-token-1"})
    for text in [*FOUND, "company-token-1"]:
        [found] = secrets.find(text)
        told = found.told(text)
        assert not any(text[n : n + 5] in told for n in range(len(text) - 4)), told
    assert (
        secrets.find(ANTHROPIC)[0].told(ANTHROPIC)
        == "an Anthropic key ending in " + (ANTHROPIC[-4:])
    )


KEYED = st.lists(st.sampled_from([*FOUND, "company-token-1", '"', "\\", "x", "\n", " 12345678 "]))


@given(KEYED)
def test_what_was_json_stays_json(parts: list[str]) -> None:
    text = " ".join(parts)
    redaction = Redaction.of_environment(
        {"A_API_KEY": "company-token-1", "B_API_KEY": "12345678", "C_API_KEY": "is-a-key-1"}
    )
    value = {"text": text, "list": [12345678, 1.5, None, True], text: text, "is-a-key-1": 1}
    after = redaction.body(json.dumps(value).encode())
    assert json.loads(after)["list"] == ["[redacted]", 1.5, None, True]
    assert redaction.body(after) == after
    assert b"12345678" not in after
    assert b"company-token-1" not in after


def test_a_secret_in_pieces_of_a_stream_goes() -> None:
    said = f"Your key is {ANTHROPIC}, keep it."
    reply = Reply(said, tools=(("save", {"key": ANTHROPIC}),), thinking=said)
    body = b"".join(events(message(reply, {"model": "m", "messages": []}, "1")))
    assert ANTHROPIC.encode() not in body, "it comes in pieces"
    after = Redaction().response(Response(200, body)).body
    whole = json.dumps(assemble(event for event in read_events(after) if event).message)
    assert whole.count("[redacted]") == 3
    assert ANTHROPIC[:30] not in whole
    assert after.count(b"\n\n") == body.count(b"\n\n")
    assert Redaction().response(Response(200, after)).body == after


def tool_call(value: dict[str, object]) -> Response:
    reply = Reply("", tools=(("save", value),))
    return Response(200, b"".join(events(message(reply, {"model": "m", "messages": []}, "1"))))


def test_the_streamed_input_of_a_tool_stays_json() -> None:
    redaction = Redaction.of_environment({"X_API_KEY": "12345678"})
    after = redaction.response(tool_call({"n": 12345678})).body
    block = assemble(event for event in read_events(after) if event).message["content"][-1]
    assert block["input"] == {"n": "[redacted]"}


def test_a_hook_that_breaks_the_streamed_input_of_a_tool_fails() -> None:
    redaction = Redaction(own=lambda text: text.replace("47110815", "[customer]"))
    with pytest.raises(RecordingProblem) as failed:
        redaction.response(tool_call({"order_id": 47110815}))
    assert ("observed", "it returned no JSON for a text that is") in failed.value.rows


def test_what_a_hook_leaves_is_not_parsed(monkeypatch) -> None:
    monkeypatch.setattr("pytest_claude.recording.redaction._is_json", None)
    assert Redaction(own=lambda text: None).body(b'{"a": 1}') == b'{"a": 1}'


def test_a_stream_without_a_secret_stays_byte_for_byte() -> None:
    body = b"".join(events(message(Reply("nothing here"), {"model": "m", "messages": []}, "1")))
    spaced = body.replace(b'": ', b'":   ').replace(b"\n", b"\r\n")
    assert Redaction().response(Response(200, spaced)).body == spaced


def test_a_binary_stream_with_a_secret_is_refused() -> None:
    reply = Reply(f"Your key is {ANTHROPIC}.")
    frames = b"".join(event_stream(events(message(reply, {"model": "m", "messages": []}, "1"))))
    with pytest.raises(RecordingProblem, match="a binary stream holds what must not be stored"):
        Redaction().response(Response(200, frames))
    harmless = b"".join(event_stream(events(message(Reply("Hi"), {"model": "m"}, "1"))))
    assert Redaction().response(Response(200, harmless)).body == harmless
