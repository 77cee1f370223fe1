"""What an answer says about the model, and what only about the service: a table."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_claude.errors import Void
from pytest_claude.transcript.interaction import Ended, Interaction, Request, Response
from pytest_claude.transcript.service import fault

API = "https://api.anthropic.com/v1/messages"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model/anthropic.claude-x/invoke"
STARTED = (
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[]}}\n\n'
)
ENDED = 'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def error(kind: str | None, message: str = "Sorry.") -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def in_stream(kind: str, message: str = "Sorry.") -> bytes:
    return f"{STARTED}event: error\ndata: {error(kind, message).decode()}\n\n".encode()


@pytest.mark.parametrize(
    ("status", "body", "ended", "void"),
    [
        (200, STARTED + ENDED, "whole", None),
        (200, STARTED + ENDED, "left", None),
        (200, STARTED, "left", None),
        (200, STARTED, "unknown", None),
        (200, STARTED, "cut", "cut"),
        (200, STARTED, "whole", "cut"),
        (200, b'{"content": [{"type": "te', "cut", "cut"),
        (200, b'{"content": [{"type": "te', "left", None),
        (200, b"<html>Sign in to the hotel</html>", "whole", "service"),
        *((200, in_stream(kind), ended, "service")
          for kind in ("overloaded_error", "api_error", "rate_limit_error", "timeout_error", "new")
          for ended in ("whole", "left", "unknown")),
        (200, in_stream("authentication_error"), "left", "account"),
        (200, in_stream("invalid_request_error"), "left", None),
        *((status, error("x_error"), "whole", "service")
          for status in (408, 409, 429, 500, 502, 503, 504, 529)),
        (502, b"<html>Bad gateway</html>", "whole", "service"),
        *((status, error("x_error"), "whole", "account") for status in (401, 402, 403, 404)),
        (400, error("overloaded_error"), "whole", "service"),
        (400, error("invalid_request_error", "Your credit balance is too low to access …"),
         "whole", "account"),
        (400, error("invalid_request_error", "max_tokens: 9 > 8"), "whole", None),
        (413, error("request_too_large"), "whole", None),
    ],
)  # fmt: skip
def test_what_the_wire_did_says_whether_it_is_evidence(
    status: int, body: str | bytes, ended: Ended, void: Void | None
) -> None:
    assert fault(interaction(API, status, body, ended)) == void


@pytest.mark.parametrize(
    ("status", "message", "void"),
    [
        (400, "The provided model identifier is invalid.", "account"),
        (400, "Invocation of model ID x with on-demand throughput isn't supported.", "account"),
        (403, "You don't have access to the model with the specified model ID.", "account"),
        (404, "This model version has reached the end of its life.", "account"),
        (424, "The model failed.", "service"),
        (400, "temperature: range: 0..1", None),
    ],
)
def test_bedrock_says_it_in_its_own_way(status: int, message: str, void: Void | None) -> None:
    body = json.dumps({"message": message}).encode()
    assert fault(interaction(BEDROCK, status, body, "whole")) == void


@pytest.mark.parametrize(
    ("status", "void"), [(200, None), (401, "account"), (404, None), (529, "service")]
)
def test_a_path_that_is_not_there_is_no_news_where_no_model_is_asked(
    status: int, void: Void | None
) -> None:
    url = API.replace("messages", "models/claude-next")
    assert fault(interaction(url, status, error("not_found_error"), "whole")) == void


def interaction(url: str, status: int, body: Any, ended: Ended) -> Interaction:
    sent = b'{"model": "claude-sonnet-5", "messages": []}'
    data = body.encode() if isinstance(body, str) else body
    return Interaction(Request("POST", url, sent), Response(status, data, ended=ended))
