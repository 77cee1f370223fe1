"""What a recording would take: estimated from recorded calls, and from requests without them."""

from __future__ import annotations

import json

import pytest

from pytest_claude.models.expected import (
    Expected,
    Need,
    Past,
    Typical,
    Unsent,
    expected,
    of_gate,
    together,
)
from pytest_claude.models.message_request import requests_in
from pytest_claude.models.prices import price_table
from pytest_claude.transcript.interaction import Interaction, Request, Response

MODEL = "claude-sonnet-4-5"
PRICES = price_table([f"{MODEL} input=1 output=10"])
MILLION = 1_000_000
ASKS = Unsent(MODEL, prompt_tokens=(100, 300), max_tokens=1000, billed=True)
PAST = Past(MODEL, (0.01, 0.01), 50, 2.0)


def unsent(path: str = "/v1/messages", **body: object) -> list[Unsent]:
    request = Request("POST", f"https://api.anthropic.com{path}", json.dumps(body).encode())
    return [Unsent.of(each) for each in requests_in(Interaction(request, Response(200)))]


def test_a_prompt_is_estimated_by_its_characters_and_files_apart() -> None:
    text = [{"role": "user", "content": "x" * 1000}]
    [plain] = unsent(model=MODEL, max_tokens=9, messages=text)
    least, most = plain.prompt_tokens
    assert 200 <= least <= 210
    assert 400 <= most <= 420
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "x" * 400_000}
    [big] = unsent(
        model=MODEL, messages=[{"role": "user", "content": [{"type": "document", "source": pdf}]}]
    )
    assert 1_600 <= big.prompt_tokens[0] <= big.prompt_tokens[1] <= 21_000
    assert (plain.billed, plain.max_tokens, big.max_tokens) == (True, 9, None)


@pytest.mark.parametrize(
    "image",
    [
        {"type": "image", "source": {"type": "base64", "data": "x" * 4_000_000}},
        {"image": {"format": "png", "source": {"bytes": "x" * 4_000_000}}},
    ],
    ids=["Messages", "Converse"],
)
def test_an_image_of_any_size_is_at_most_what_the_api_counts(image: dict[str, object]) -> None:
    [request] = unsent(model=MODEL, messages=[{"role": "user", "content": [image]}])
    least, most = request.prompt_tokens
    assert 1 <= least <= 100
    assert 1_600 <= most <= 1_700


def test_text_is_estimated_by_its_bytes() -> None:
    (latin,), (chinese,) = (
        unsent(model=MODEL, messages=[{"role": "user", "content": text * 1000}])
        for text in ("x", "\u8a9e")
    )
    assert chinese.prompt_tokens[1] - latin.prompt_tokens[1] == pytest.approx(800)


def test_a_count_of_tokens_costs_nothing_and_each_item_of_a_batch_half() -> None:
    [count] = unsent("/v1/messages/count_tokens", model=MODEL, messages=[])
    assert (count.billed, count.batched) == (False, False)
    item = {"custom_id": "a", "params": {"model": MODEL, "max_tokens": 9, "messages": []}}
    assert [each.batched for each in unsent("/v1/messages/batches", requests=[item] * 2)] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("need", "suite", "expects"),
    [
        # One call is certain; the answer has one token to max_tokens.
        (
            Need("a", 3, (ASKS,)),
            (),
            Expected(MODEL, (3, 3), True, (3 * 110 / MILLION, 3 * 10_300 / MILLION), None),
        ),
        # By what the suite holds: half to twice the mean of its answers and times.
        (
            Need("a", 1, (ASKS,)),
            (PAST, Past("claude-other", None, 5_000, 9.0)),
            Expected(MODEL, (1, 1), True, (350 / MILLION, 1_300 / MILLION), (1.0, 4.0)),
        ),
        (
            Need("a", 1, (Unsent("claude-next-1", "anthropic", (1, 1), 9, True),)),
            (PAST,),
            Expected("claude-next-1", (1, 1), True, None, (1.0, 4.0)),
        ),
        (Need("a", 2), (), Expected("", (2, 2), True, None, None)),
        (
            Need("a", 2, (ASKS,), (PAST, PAST)),
            (PAST,),
            Expected(MODEL, (4, 4), False, (0.04, 0.04), (8.0, 8.0)),
        ),
    ],
    ids=["never asked", "like others", "no price", "not run", "recorded"],
)
def test_a_need_takes_what_is_known_of_it(need, suite, expects) -> None:
    [row] = expected([need], Typical(suite, PRICES))
    assert row.usd == (expects.usd if expects.usd is None else pytest.approx(expects.usd))
    assert Expected(row.model, row.calls, row.is_open, expects.usd, row.seconds) == expects
    assert Need.from_json(json.loads(json.dumps(need.to_json()))) == need


def test_two_needs_of_one_owner_are_one() -> None:
    needs = [Need("a", 1, (ASKS,)), Need("a", 2, (ASKS,)), Need("b", 1, (ASKS,))]
    assert together(expected(needs, Typical((), PRICES))).calls == (3, 3)


def test_what_is_unknown_of_one_is_unknown_of_all() -> None:
    known = Expected(MODEL, (1, 1), False, (0.1, 0.1), (1.0, 1.0))
    unknown = Expected("", (1, 2), True, None, None)
    assert together([known, unknown]) == Expected("", (2, 3), True, None, None)


def test_the_trials_of_a_gate_take_the_mean_of_its_tests() -> None:
    tests = [(PAST, PAST), (PAST, Past("claude-haiku-4-5", (0.002, 0.004), 5, None))]
    haiku, sonnet = of_gate((10, 20), tests, PRICES)
    assert haiku == Expected("claude-haiku-4-5", (5, 10), False, (0.01, 0.04), None)
    assert (sonnet.calls, sonnet.usd, sonnet.seconds) == ((15, 30), (0.15, 0.3), (30.0, 60.0))
