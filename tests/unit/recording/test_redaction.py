"""No secret reaches the disk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets

KEY = "sk-ant-api03-abcDEF_123-456789"


def test_keys_and_the_environments_credentials_are_replaced() -> None:
    redaction = Redaction.of_environment({"ANTHROPIC_AUTH_TOKEN": "company-token-1"})
    assert redaction.text(f"{KEY} and company-token-1") == "[redacted] and [redacted]"


@pytest.mark.parametrize("value", ["", "short", "1234567"])
def test_a_short_or_empty_credential_is_not_replaced_everywhere(value: str) -> None:
    redaction = Redaction.of_environment({"ANTHROPIC_API_KEY": value})
    assert redaction == Redaction()


def test_headers_are_allowed_by_name() -> None:
    headers = [
        ("Authorization", f"Bearer {KEY}"),
        ("X-Api-Key", KEY),
        ("Cookie", "a=b"),
        ("Content-Type", "application/json"),
        ("anthropic-organization-id", "org"),
        ("set-cookie", "a=b"),
        ("retry-after", "3"),
    ]
    assert Redaction().request_headers(headers) == {"content-type": "application/json"}
    assert Redaction().response_headers(headers) == {
        "content-type": "application/json",
        "retry-after": "3",
    }


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("http://127.0.0.1:8123/v1/messages", "https://api.anthropic.com/v1/messages"),
        (
            "http://localhost/v1/messages?beta=true",
            "https://api.anthropic.com/v1/messages?beta=true",
        ),
        ("https://u:p@gw.example:8443/v1/messages", "https://gw.example:8443/v1/messages"),
        (f"https://gw.example/{KEY}/v1", "https://gw.example/[redacted]/v1"),
    ],
    ids=["loopback", "localhost with query", "credentials", "key in the path"],
)
def test_urls(url: str, stored: str) -> None:
    assert Redaction().url(url) == stored


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    redaction = Redaction(Secrets({"company-token-1": "a token"}))
    once = redaction.text(text + KEY + "company-token-1")
    assert redaction.text(once) == once
    assert KEY not in once


def test_bytes_that_are_no_text_are_left_alone() -> None:
    assert Redaction().body(b"\xff\xfe\x00") == b"\xff\xfe\x00"


def test_a_key_among_bytes_that_are_no_text_goes() -> None:
    body = b"\xff\xfe my-secret-value sk-ant-api03-abcdefgh \x00"
    assert (
        Redaction(Secrets({"my-secret-value": "a value"})).body(body)
        == b"\xff\xfe [redacted] [redacted] \x00"
    )
