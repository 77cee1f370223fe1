"""What counts as a secret, and what only looks like one."""

from __future__ import annotations

import base64
import json
import random
import string
from functools import partial
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator import Reply
from simulator.platforms import event_stream
from simulator.wire import events, message

from pytest_claude.errors import RecordingProblem
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets, too_short
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
    "git hash": "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "a key's header": "-----BEGIN PRIVATE KEY----- is the first line of such a file, and "
    "internationalizations are other words",
    "a public key": f"-----BEGIN PUBLIC KEY-----\n{PEM}\n-----END PUBLIC KEY-----",
    "a uuid": "0b1f1f6e-5d7c-4c55-9d6e-2f0e7a1f7c11",
    "documentation in base64": base64.b64encode(b"export ANTHROPIC_API_KEY=sk-ant-...").decode(),
}


@pytest.mark.parametrize("text", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_like_a_key_is_left_alone(text: str) -> None:
    assert Secrets().find(text) == []


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


@pytest.mark.parametrize(
    "write", [json.dumps, str, partial(quote, safe="")], ids=["JSON", "plain", "URL"]
)
def test_a_credential_is_found_in_every_spelling(write) -> None:
    value = 'kä/"1"-abc'
    secrets = Secrets.of_environment({"MY_AUTH_TOKEN": value, "HOME": "/home/somebody"})
    assert [found.kind for found in secrets.find(write(value))] == ["the value of MY_AUTH_TOKEN"]
    assert secrets.find("/home/somebody") == []


def test_overlapping_secrets_are_one() -> None:
    secrets = Secrets.of_environment({"A_API_KEY": ANTHROPIC[10:] + "-more"})
    assert secrets.redacted(f"<{ANTHROPIC}-more>") == "<[redacted]>"


@pytest.mark.parametrize("value", ["redacted", "[redacted]"])
def test_a_credential_that_reads_like_the_replacement_is_none(value: str) -> None:
    assert Secrets.of_environment({"MY_API_KEY": value}).redacted("[redacted]") == "[redacted]"


def test_short_credentials_are_named() -> None:
    environment = {"A_API_KEY": "1234567", "B_API_KEY": "", "C_API_KEY": "12345678", "D": "1"}
    assert too_short(environment) == ["A_API_KEY"]


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
        {"A_API_KEY": "company-token-1", "B_API_KEY": "12345678", "C_API_KEY": "is-a-key"}
    )
    value = {"text": text, "list": [12345678, 1.5, None, True], text: text, "is-a-key": 1}
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
