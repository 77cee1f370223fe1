"""Personal data out of traffic: what counts is gone everywhere, and all else stays."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from identifiers import identifiers

from pytest_claude.traces.personal import PersonalData


def out(text: str) -> str:
    return PersonalData().text(text)


EMAILS = [
    "anna.berg@example.com", "o'brien@example.co.uk", "ANNA@EXAMPLE.COM", "anna+shop@mail.example",
    "anna%40example.com", "müller@exämple.de", "a_b-c@sub.domain.example.org",
]  # fmt: skip
PHONES = [
    "+49 30 901820", "+1 (202) 555-0147", "+44 20 7946 0958", "0049 30 9018200", "+33142278186",
    "(202) 555-0147", "202-555-0147", "202.555.0147", "1-800-555-0199", "0151 23456789",
    "030/9018200", "01 42 27 81 86", "06.12.34.56.78", "07700 900123", "(030) 901820", "555-0147",
    "+4915112345678", "(11) 91234-5678", "138 0013 8000", "202\u2011555\u20110147",
    "+49\u00a030\u00a0901820", "98765 43210", "+49-(0)30-901820", "0412 345 678",
]  # fmt: skip
CARDS = [
    "4111111111111111", "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005",
    "3782 822463 10005", "6011111111111117", "30569309025904",
]  # fmt: skip
IBANS = [
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29 NWBK 6016 1331 9268 19",
    "fr1420041010050500013m02606", "NL91ABNA0417164300", "NO93 8601 1117 947",
    "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000",
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", v) for v in EMAILS] + [("phone", v) for v in PHONES]
    + [("card", v) for v in CARDS] + [("iban", v) for v in IBANS],
)  # fmt: skip
@pytest.mark.parametrize(
    "around",
    ["{}", "It is {}.", "({}), then", "x: {} and more words follow", '"{}"', "a\n{}\nb", "<{}>;",
     "{}, {}", "tel:{}", "Id:{}", "a={}&b", "№ {} 2 May", "{} 12"],
)  # fmt: skip
def test_what_counts_is_out_whatever_is_around_it(kind: str, value: str, around: str) -> None:
    after = out(around.replace("{}", value))
    assert f"[{kind}-1]" in after
    rest = re.sub(r"\[\w+-\d\]", "", after)
    digits = re.sub(r"\D", "", value)
    assert value not in after
    assert not digits or digits not in re.sub(r"\D", "", rest)


@pytest.mark.parametrize("value", [*EMAILS, *CARDS, *IBANS, "+49 30 901820"])
def test_a_hyphen_before_it_hides_nothing(value: str) -> None:
    assert re.sub(r"\[\w+-1\]", "", out(f"is-{value}")) in ("is-", "is-o'", "")


@pytest.mark.parametrize(
    "text",
    [
        "order 1234", "order #100234567", "ORD-2024-00123", "A-100-200-300", "SKU 12345-67890",
        "order 112-3456789-1234567", "invoice 2024/000123", "tracking 1Z999AA10123456784",
        "on 2026-05-02 at 10:00:00", "2026-05-02T10:00:00.123456Z", "on 02.05.2026", "05/02/2026",
        "1700000000", "1700000000123", "12,345.67", "0.123456789", "$1,234,567.89", "v1.2.3-4",
        "10.0.0.1:8080", "192.168.100.200", "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "toolu_01A09q90qw90lq917835lq9", "msg_013Zva2CMHLNnXjNJJKqJ2EF",
        "claude-sonnet-4-5-20250929",
        "4111111111111112", "DE89370400440532013001", "user@localhost", "@property", "a @ b.com",
        "pages 12-14, 100 000 km", "9 780306 406157", "0000012345", "12:30 to 14:45", "",
        "https://example.com/p/4005550147/reviews", "48 hours, 24/7", "(2024) 17 items",
    ],
)  # fmt: skip
def test_what_does_not_count_stays(text: str) -> None:
    assert out(text) == text


def test_the_same_value_has_the_same_placeholder_however_it_is_written() -> None:
    personal = PersonalData()
    value = {
        "ask": "I am anna@example.com, call (202) 555-0147, card 4111 1111 1111 1111",
        "tool": {"email": "Anna@Example.com", "number": "2025550147", "card": 4111111111111111},
        "other": "bo@example.com",
    }
    personal.value(value)
    assert personal.value(value) == {
        "ask": "I am [email-1], call [phone-1], card [card-1]",
        "tool": {"email": "[email-1]", "number": "[phone-1]", "card": "[card-1]"},
        "other": "[email-2]",
    }
    assert personal.counts == {"email": 2, "phone": 1, "card": 1}


@pytest.mark.parametrize("name", ["phone", "phone_number", "customerPhone", "tel", "mobile", "fax"])
def test_a_field_that_is_called_so_holds_a_phone_number(name: str) -> None:
    assert PersonalData().value({name: "5550147123", "hotel": "5550147124"}) == {
        name: "[phone-1]",
        "hotel": "5550147124",
    }


def test_a_text_that_is_json_stays_json() -> None:
    inner = json.dumps({"note": "a\n+49 30 901820\tb", "id": 7})
    after = PersonalData().value({"content": inner})["content"]
    assert json.loads(after) == {"note": "a\n[phone-1]\tb", "id": 7}
    assert PersonalData().value('{ "id": 7 }') == '{ "id": 7 }', "nothing is out: as it was"


def test_what_nobody_can_read_stays() -> None:
    blocks: Any = [
        {"type": "thinking", "thinking": "anna@example.com", "signature": "DE89370400440532013000"},
        {"type": "image", "source": {"type": "base64", "data": "4111111111111111"}},
        {"type": "tool_use", "input": {"data": "4111111111111111"}},
    ]
    after = PersonalData().value(blocks)
    assert after[0]["signature"] == "DE89370400440532013000"
    assert after[0]["thinking"] == "[email-1]"
    assert after[1] == blocks[1]
    assert after[2]["input"]["data"] == "[card-1]"


@pytest.mark.parametrize("name", ["signature", "encrypted_content", "encrypted_index", "data"])
@pytest.mark.parametrize("kind", ["thinking", "redacted_thinking", "base64", "web_search_result"])
def test_a_field_is_unreadable_in_the_block_of_the_api_alone(name: str, kind: str) -> None:
    block = {"type": kind, name: "anna@example.com"}
    for value in (
        {name: "anna@example.com"},
        {"type": "tool_use", "input": block},
        {"type": "tool_use", "input": {"list": [{"of": block}]}},
        {"type": "tool_result", "content": json.dumps(block)},
        {"type": "text", name: "anna@example.com"},
        {"type": kind, name: {"of": "anna@example.com"}},
    ):
        assert "anna@" not in json.dumps(PersonalData().value(value)), value


@given(st.text(alphabet="ab@. +-()0123456789[]%", max_size=60))
def test_applied_twice_it_changes_nothing_more(text: str) -> None:
    personal = PersonalData()
    once = personal.text(personal.text(text))
    assert personal.text(once) == once


# --- 200 invented identifiers in 8 places each ---------------------------------------------------


def places(value: str, n: int) -> dict[str, Any]:
    """A case that holds a value in eight places."""
    call = {"type": "tool_use", "id": "t", "name": "find", "input": {"who": {value: [value]}}}
    result = {
        "type": "tool_result",
        "tool_use_id": "t",
        "content": json.dumps({"note": f"a\n{value}"}),
    }
    return {
        "system": f"The customer is {value}.",
        "messages": [
            {"role": "user", "content": f"Order {n}00234: I am ({value}), please help"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result, {"type": "text", "text": f"\n{value}\n"}]},
        ],
        "metadata": {"user_id": value},
        "reply": f"Thank you, {value}!",
    }  # fmt: skip


def test_of_200_invented_identifiers_in_8_places_each_none_is_left() -> None:
    values = identifiers()
    assert len(set(values)) == 200
    cases = [places(value, n) for n, value in enumerate(values)]
    assert all(json.dumps(case).count(json.dumps(value)[1:-1]) >= 8
               for case, value in zip(cases, values, strict=True))  # fmt: skip
    personal = PersonalData()
    personal.value(cases)
    after = json.dumps(personal.value(cases), ensure_ascii=False)
    flat = re.sub(r"[ -]", "", after).casefold()
    left = [value for value in values if value.casefold() in after.casefold()
            or re.sub(r"[ -]", "", value).casefold() in flat]  # fmt: skip
    assert left == []
    assert all(f"Order {n}00234" in after for n in range(200)), "order numbers survive"
    assert sum(personal.counts.values()) == 200, "one placeholder for each"
