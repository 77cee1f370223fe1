"""Which recording answers a request, and what is told when none does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_claude.recording.comparing import Change, Comparison, nearest
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import counted, fingerprint
from pytest_claude.recording.matching import Index
from pytest_claude.transcript.interaction import Interaction, Request, Response

BODY: dict[str, Any] = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 100,
    "system": "Always look up the order first.",
    "messages": [{"role": "user", "content": "I want a refund"}],
}
URL = "https://api.anthropic.com/v1/messages"


def request(body: Any = BODY, url: str = URL, **changes: Any) -> Request:
    return Request("POST", url, json.dumps({**body, **changes}).encode())


def recorded(*requests: Request) -> list[Recorded]:
    return [
        Recorded.of(Interaction(sent, Response(200, str(number).encode())))
        for number, sent in enumerate(requests, start=1)
    ]


@pytest.mark.parametrize(
    "same",
    [
        Request("POST", URL, json.dumps(dict(reversed(BODY.items())), indent=3).encode()),
        request(max_tokens=100.0),
        request(model="claude-sonnet-4-5-20250929"),
        request(url="http://127.0.0.1:8123/v1/messages"),
        request(url="https://gateway.example/anthropic/v1/messages"),
        Request("POST", URL, json.dumps(BODY).encode(), {"anthropic-version": "2026-10-21"}),
    ],
    ids=["key order", "1.0 for 1", "dated model", "host", "gateway path", "headers"],
)
@pytest.mark.fault("M03", "M04", "M11")
def test_what_does_not_count(same: Request) -> None:
    assert fingerprint(same) == fingerprint(request())


@pytest.mark.parametrize(
    "other",
    [
        request(system="Look up the order."),
        request(model="claude-sonnet-5-5"),
        request(temperature=0),
        request(max_tokens=101),
        request(tools=[]),
        request(url=f"{URL}?beta=true"),
        request(url=f"{URL}?beta="),
        request(url=f"{URL}/count_tokens"),
        Request("GET", URL, json.dumps(BODY).encode()),
    ],
    ids=["prompt", "model", "temperature", "max_tokens", "tools", "query", "blank query", "path",
         "method"],
)  # fmt: skip
def test_what_counts(other: Request) -> None:
    assert fingerprint(other) != fingerprint(request())


@pytest.mark.fault("M07")
def test_identical_requests_are_served_in_recorded_order_and_once_each() -> None:
    index = Index(recorded(request(), request(max_tokens=5), request()))
    served = [index.take(fingerprint(request())) for _ in range(3)]
    assert [i and i.response.body for i in served] == [b"1", b"3", None]
    assert index.unused == (2,)


def change(sent: Request, *others: Request) -> tuple[int, Comparison]:
    return nearest(counted(sent), list(enumerate(map(counted, others), start=1)))


def test_a_changed_word_is_shown_with_its_neighbours() -> None:
    old = request(system="You are the desk of Acme. Always look up the order first. Be brief now.")
    new = request(system="You are the desk of Acme. Quickly look up the order first. Be brief now.")
    assert change(new, old) == (
        1,
        Comparison(
            (
                Change(
                    "system",
                    "… the desk of Acme. Always look up the order …",
                    "… the desk of Acme. Quickly look up the order …",
                    "word 7 of 15",
                ),
            ),
            ("model", "messages", "max_tokens"),
        ),
    )


def test_words_that_were_added_at_the_end_come_after_the_last() -> None:
    old, new = request(system="Look up"), request(system="Look up an order")
    assert change(new, old)[1].changes[0].place == "word 2 of 2"


@pytest.mark.parametrize(
    ("changes", "field", "was", "now"),
    [
        ({"temperature": 0.5}, "temperature", None, "0.5"),
        ({"max_tokens": 7}, "max_tokens", "100", "7"),
        ({"messages": [{"role": "user", "content": "I want a hug"}]}, "messages[0].content",
         "I want a refund", "I want a hug"),
        ({"tools": [{"name": "f"}]}, "tools", None, '[{"name": "f"}]'),
    ],
    ids=["new field", "number", "message", "tools"],
)  # fmt: skip
def test_the_first_field_that_differs(
    changes: dict[str, Any], field: str, was: str | None, now: str | None
) -> None:
    found = change(request(**changes), request())[1].changes[0]
    assert (found.field, found.recorded, found.sent) == (field, was, now)


def test_a_deep_change_is_named_by_its_path() -> None:
    def tool(kind: str) -> dict[str, Any]:
        properties = {"city": {"type": kind}}
        return {"tools": [{"name": "f", "input_schema": {"properties": properties}}]}

    found = change(request(**tool("number")), request(**tool("string")))[1].changes[0]
    assert found.field == "tools[0].input_schema.properties.city.type"


def test_the_nearest_recording_is_the_one_that_shares_most() -> None:
    near = request(system="Something else")
    far = request(system="Other", messages=[], max_tokens=1, model="claude-opus-5")
    assert change(request(), far, near)[0] == 2


def test_a_long_value_is_cut_and_counted() -> None:
    found = change(request(metadata={"x": "y" * 5000}), request())[1].changes[0]
    assert found.sent is not None
    assert len(found.sent) < 250
    assert "characters)" in found.sent
