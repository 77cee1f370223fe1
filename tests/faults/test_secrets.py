"""Credentials by their field and by their public shape.

They are put together here, so that no host of repositories takes this file for a leak.
"""

from __future__ import annotations

import base64
import json

import pytest

from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Request

HEX, MIXED = "0f9e8d7c6b5a4132", "aZ3bY4cX5dW6eV7f"
PARTS = (b'{"alg":"HS256"}', b'{"sub":"12345"}')
JWT = ".".join(
    [*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in PARTS), MIXED * 2]
)
CREDENTIALS = {
    "a Databricks token": "dapi" + HEX * 2,
    "a DigitalOcean token": "dop" + "_v1_" + HEX * 4,
    "a Linear key": "lin" + "_api_" + (MIXED * 3)[:40],
    "a Notion token": "ntn" + "_12345678901" + (MIXED * 3)[:35],
    "an npm token": "npm" + "_" + (MIXED * 3)[:36],
    "a Postman key": "PMAK" + "-" + (HEX * 2)[:24] + "-" + (HEX * 3)[:34],
    "a Pulumi token": "pul" + "-" + (HEX * 3)[:40],
    "a PyPI token": "pypi" + "-AgEIcHlwaS5vcmc" + MIXED * 4,
    "a JSON web token": JWT,
}


@pytest.mark.parametrize(("kind", "secret"), CREDENTIALS.items(), ids=list(CREDENTIALS))
def test_a_public_shape_is_redacted_wherever_it_is_text(kind: str, secret: str) -> None:
    for text in (secret, f"use {secret}, please", json.dumps(json.dumps({"k": f"\n{secret}"}))):
        (found,) = Secrets().find(text)
        assert (found.kind, text[found.start : found.end]) == (kind, secret)
        assert Secrets().may_be_in(text.encode())
        assert secret not in Secrets().redacted(text)


def mcp_request(token: str) -> Request:
    servers = [{"type": "url", "url": "https://mcp.test/sse", "authorization_token": token}]
    body = json.dumps({"model": "m", "messages": [], "mcp_servers": servers}).encode()
    return Request("POST", "https://api.anthropic.com/v1/messages", body, {})


@pytest.mark.parametrize(
    "token",
    ["plain-word", "of no shape at all", "0" * 40, 'with "quotes" in it', "and\\a backslash\\"],
)
def test_the_token_of_an_mcp_server_is_redacted_and_matched_whatever_it_is(token: str) -> None:
    redaction = Redaction()
    stored = redaction.request(mcp_request(token))
    servers = json.loads(stored.body)["mcp_servers"]
    assert servers[0]["authorization_token"] == "[redacted]"
    assert stored.body == redaction.request(mcp_request("another-token")).body
    assert redaction.request(stored).body == stored.body


def test_the_password_in_a_connection_string() -> None:
    password = "tr0ub4dor" + "-and-3"
    text = f"DSN=postgresql://app:{password}@db.test/app and postgres://app@db.test"
    assert Secrets().redacted(text) == (
        "DSN=postgresql://app:[redacted]@db.test/app and postgres://app@db.test"
    )
