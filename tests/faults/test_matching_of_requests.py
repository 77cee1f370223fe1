"""What is compared of a request, and what a miss names: the same comparison does both."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pytest_claude.recording.comparing import Comparison, nearest
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import known
from pytest_claude.recording.ignoring import normalizer
from pytest_claude.recording.matching import Index
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.interaction import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
BODY: dict[str, Any] = {
    "model": "claude-opus-5",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Where is my parcel?"}],
}
VERSION = {"anthropic-version": "2023-06-01"}


def request(betas: str = "", url: str = URL, headers: Any = VERSION, **changes: Any) -> Request:
    sent = {**headers, **({"anthropic-beta": betas} if betas else {})}
    return Request("POST", url, json.dumps(BODY | changes).encode(), sent)


def answered(recorded: Request, sent: Request, *rules: Any, reread: bool = True) -> bool:
    """Whether a cassette that holds `recorded` answers `sent`."""
    entry = Recorded.of(Interaction(recorded, Response(200, b"{}")))
    entry = Recorded.read(entry.text) if reread else entry
    normalize = normalizer(rules)
    index = Index([entry], normalize)
    mark = known(sent, normalize).fingerprint
    if index.take(mark) is not None:
        return True
    other = index.alike(sent, Redaction(Secrets({})))
    return other is not None and index.take(other) is not None


def turn(content: Any) -> list[Any]:
    return [{"role": "user", "content": content}]


def tool(**schema: Any) -> list[Any]:
    return [{"name": "f", "input_schema": schema}]


NEUTRAL = {
    "null": {"service_tier": None},
    "null in a block": {
        "messages": turn([{"type": "text", "text": "Where is my parcel?", "citations": None}])
    },
    "one text block": {"messages": turn([{"type": "text", "text": "Where is my parcel?"}])},
    "beta flag": {"url": f"{URL}?beta=true"},
    "default": {"stream": False},
    "beta of the SDK": {"betas": "token-counting-2024-11-01"},
}
OTHER = {
    "zero": {"temperature": 0},
    "two blocks": {"messages": turn([{"type": "text", "text": "Where is my parcel?"}] * 2)},
    "cached": {
        "messages": turn(
            [
                {
                    "type": "text",
                    "text": "Where is my parcel?",
                    "cache_control": {"type": "ephemeral"},
                }
            ]
        )
    },
    "other query": {"url": f"{URL}?beta=false"},
    "beta": {"betas": "context-1m-2025-08-07"},
}


@pytest.mark.parametrize("changes", NEUTRAL.values(), ids=NEUTRAL)
@pytest.mark.fault("M04")
def test_neutral_spellings_are_one_request_in_both_directions(changes: dict[str, Any]) -> None:
    assert answered(request(), request(**changes))
    assert answered(request(**changes), request())


@pytest.mark.parametrize("changes", OTHER.values(), ids=OTHER)
def test_another_request_is_not_answered(changes: dict[str, Any]) -> None:
    assert not answered(request(), request(**changes))
    assert not answered(request(**changes), request())


def test_null_in_a_schema_means_null() -> None:
    nullable, plain = tool(default=None), tool()
    assert not answered(request(tools=nullable), request(tools=plain))


def test_the_order_of_betas_does_not_count() -> None:
    assert answered(request("a-2026-01-01,b-2026-01-01"), request("b-2026-01-01, a-2026-01-01"))


def test_a_recording_without_headers_answers_any_betas() -> None:
    assert answered(request(headers={}), request("context-1m-2025-08-07"))


def test_betas_in_the_body_of_bedrock_are_a_set() -> None:
    one, other = (request(anthropic_beta=list(betas)) for betas in (("a-1", "b-1"), ("b-1", "a-1")))
    assert answered(one, other)
    assert not answered(one, request(anthropic_beta=["a-1"]))


def test_a_rule_ignores_a_key_that_one_side_lacks() -> None:
    assert answered(request(), request(metadata={"user_id": "u-7"}), "$.metadata")
    assert not answered(request(), request(metadata={"user_id": "u-7"}))


def compared(recorded: Request, sent: Request, *rules: Any) -> Comparison:
    entry = Recorded.of(Interaction(recorded, Response(200, b"{}")))
    index = Index([entry], normalizer(rules))
    return nearest(index.counted(sent), [(1, index.counted_of(entry))])[1]


def test_a_rule_in_force_is_no_difference_of_a_miss() -> None:
    old = request(system="Run 2026-11-30: be brief.", max_tokens=64)
    new = request(system="Run 2027-01-02: be brief.", max_tokens=128)
    (change,) = compared(old, new, "dates").changes
    assert (change.field, change.recorded, change.sent) == ("max_tokens", "64", "128")


@pytest.mark.fault("T03")
def test_changed_betas_are_named() -> None:
    (change,) = compared(request("a-1"), request("a-1,b-1")).changes
    assert (change.field, change.recorded, change.sent) == ("anthropic-beta", "a-1", "a-1,b-1")


@pytest.mark.parametrize(
    ("old", "new", "was"),
    [
        ("返品は" * 60 + "十四日以内", "返品は" * 60 + "三十日以内", "十四"),
        ("aGVsbG8" * 50 + "Q==", "aGVsbG8" * 50 + "R==", "Q"),
        ("x" * 300 + "1" + "y" * 300, "x" * 300 + "2" + "y" * 300, "1"),
    ],
    ids=["Japanese", "base64", "in the middle"],
)
def test_without_blanks_the_changed_characters_are_shown(old: str, new: str, was: str) -> None:
    (change,) = compared(request(system=old), request(system=new)).changes
    assert change.recorded != change.sent
    assert was in str(change.recorded)
    assert len(str(change.recorded)) < 120
    assert change.place.startswith("character ")


def test_every_difference_is_found() -> None:
    old = request(system="Be kind.", tools=tool(type="object"))
    new = request(system="Be brief.", tools=tool(type="string"), max_tokens=7)
    fields = [change.field for change in compared(old, new).changes]
    assert fields == ["system", "tools[0].input_schema.type", "max_tokens"]


def test_null_and_absent_print_differently() -> None:
    changes = compared(request(tools=tool(default=None)), request(tools=tool())).changes
    assert [(change.recorded, change.sent) for change in changes] == [("null", None)]


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-30", "2026-11-30T06:54:01.123Z", "2026/11/30", "11/30/26", "30.11.2026",
        "Monday, 30 November 2026", "Mon, Nov 30, 2026", "November 30th", "30 Nov", "May 2027",
        "the 3rd of May", "06:54", "6:54 PM", "06:54:01 UTC", "Sept. 3, 2026 at 10:15 a.m.",
    ],
)  # fmt: skip
def test_dates_are_what_a_person_calls_a_date(date: str) -> None:
    old, new = (request(system=f"Now: {when}; answer.") for when in ("2025-01-02", date))
    if date.startswith("the "):
        old = request(system="Now: the 2025-01-02; answer.")
    assert answered(old, new, "dates")


@pytest.mark.parametrize("other", ["v1.2.3", "4 of 5", "3/4", "May I help?", "10.0.0.1", "Mary 7"])
def test_what_is_no_date_counts(other: str) -> None:
    assert not answered(request(system=f"Say {other}"), request(system="Say 2026-11-30"), "dates")


@pytest.mark.parametrize("key", ["path", "method", "query", "anthropic-beta"])
def test_a_field_of_a_body_is_no_part_of_its_url(key: str) -> None:
    body = json.dumps({key: "/notes.md", "content": "hello"}).encode()
    stores = [f"https://api.anthropic.com/v1/memory_stores/{name}/memories" for name in "ab"]
    first, second = (Request("POST", url, body, VERSION) for url in stores)
    assert answered(first, first)
    assert not answered(first, second)


def test_examples_of_a_tool_are_taken_as_they_are() -> None:
    tools = [[{"name": "f", "input_examples": [example]}] for example in ({"a": None}, {})]
    assert not answered(request(tools=tools[0]), request(tools=tools[1]))
