"""No secret reaches the disk."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from credentials import CREDENTIALS, Credential, traces
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Interaction, Request, Response

KEY = "sk-ant-api03-abcDEF_123-456789"


def test_keys_and_the_environments_credentials_are_replaced() -> None:
    redaction = Redaction.of_environment({"ANTHROPIC_AUTH_TOKEN": "company-token-1"})
    assert redaction.text(f"{KEY} and company-token-1") == "[redacted] and [redacted]"


@pytest.mark.parametrize("value", ["", "short", "1234567"])
@pytest.mark.fault("S11")
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


@given(st.lists(st.tuples(st.text("abc-xid", min_size=1), st.text())))
@pytest.mark.fault("S07")
def test_a_header_that_is_not_allowed_by_name_is_never_stored(
    headers: list[tuple[str, str]],
) -> None:
    ids = [
        ("request-id", "req_1"),
        ("anthropic-organization-id", "org"),
        ("x-forwarded-for", "::1"),
    ]
    kept = [("accept", "a"), ("content-type", "b")]
    assert Redaction().request_headers([*headers, *ids, *kept]) == dict(kept)
    assert Redaction().response_headers([*headers, *ids, *kept]) == {"content-type": "b"}


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


# --- what holds of every text ----------------------------------------------------------------

VARIABLES = {
    f"SHOP_{number}_TOKEN": key.value
    for number, key in enumerate(CREDENTIALS)
    if key.core == key.value
}
ALL_KNOWN = Redaction.of_environment(VARIABLES)
KEYS = st.sampled_from(CREDENTIALS)
WORDS = st.text('abcdefgh iou\\n\\t"\\\\{}[]:,.?&=/é你\U0001f600', max_size=30)


@st.composite
def _written(draw: st.DrawFn, key: Credential) -> str:
    """A key as it may be written: by itself, in JSON within JSON, in base64, in a URL."""
    form = draw(st.sampled_from(["plain", "JSON", "JSON in JSON", "base64", "URL"]))
    if form == "base64":
        before = draw(st.sampled_from(["", "user:", "a b "]))
        return base64.b64encode(f"{before}{key.value}\n".encode()).decode()
    if form == "URL":
        return f"https://x.test/a?b={key.value.split()[-1]}&c=1"
    text = key.value
    for _ in range(["plain", "JSON", "JSON in JSON"].index(form)):
        text = json.dumps({"said": f"it is {text}"})
    return text


@st.composite
def _texts(draw: st.DrawFn) -> tuple[str, list[Credential]]:
    keys = draw(st.lists(KEYS, max_size=4))
    pieces = [draw(WORDS)]
    for key in keys:
        pieces += [draw(_written(key)), draw(WORDS)]
    return " ".join(pieces), keys


def _json(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    inner = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | leaves
    return st.recursive(
        inner, lambda each: st.lists(each) | st.dictionaries(WORDS, each), max_leaves=8
    )


@given(_texts())
def test_nothing_of_a_secret_is_left_and_twice_is_once(drawn: tuple[str, list[Credential]]) -> None:
    text, keys = drawn
    once = ALL_KNOWN.text(text)
    assert not [trace for key in keys for trace in traces(key) if trace in once]
    assert ALL_KNOWN.text(once) == once


def _shape(value: Any) -> Any:
    match value:
        case dict():
            return [_shape(each) for each in value.values()]
        case list():
            return [_shape(each) for each in value]
        case str():
            return str
    return value


@given(_json(_texts().map(lambda drawn: drawn[0])))
@pytest.mark.fault("S10")
def test_json_stays_json_of_the_same_shape(value: Any) -> None:
    body = json.dumps({"asked": value}, ensure_ascii=False).encode()
    after = ALL_KNOWN.body(body)
    assert _shape(json.loads(after)) == _shape(json.loads(body))
    assert ALL_KNOWN.body(after) == after
    assert not [trace for key in CREDENTIALS for trace in traces(key) if trace.encode() in after]


@given(_json(st.text() | WORDS))
def test_what_holds_no_secret_stays_byte_for_byte(value: Any) -> None:
    for ensure_ascii in (True, False):
        text = json.dumps(value, ensure_ascii=ensure_ascii)
        assert ALL_KNOWN.text(text) == text


@given(_texts(), st.lists(KEYS, max_size=3))
def test_what_one_message_shows_is_redacted_in_the_other(
    drawn: tuple[str, list[Credential]], shown: list[Credential]
) -> None:
    text, keys = drawn
    headers = {f"x-gateway-{n}": key.value.split()[-1] for n, key in enumerate(shown)}
    body = json.dumps({"system": text}).encode()
    said = json.dumps({"text": " ".join(key.value for key in shown)}).encode()
    url = "https://api.anthropic.com/v1/messages"
    stored = ALL_KNOWN.interaction(
        Interaction(Request("POST", url, body, headers), Response(200, said, {}))
    )
    written = stored.request.body + stored.response.body
    assert not [
        trace for key in (*keys, *shown) for trace in traces(key) if trace.encode() in written
    ]
    assert ALL_KNOWN.interaction(stored) == stored
