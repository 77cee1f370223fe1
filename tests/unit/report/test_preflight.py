"""The text of a preflight, whole."""

from __future__ import annotations

from typing import Any

from pytest_claude.models.bill import bill
from pytest_claude.models.facts import facts_of, models
from pytest_claude.models.message_request import MessageRequest
from pytest_claude.models.preflight import Call, preflight
from pytest_claude.models.prices import rates
from pytest_claude.models.speed import Median, SpeedChange
from pytest_claude.report.models import models_lines
from pytest_claude.report.preflight import preflight_lines, retirement_line, speed_lines
from pytest_claude.transcript.model import Answer, RequestView, Usage

OLD, NEW = "claude-sonnet-4-5", "claude-sonnet-5-5"
DAY = "2026-11-22"


def call(test: str, usage: Usage = Usage(1000, 100), **body: Any) -> Call:  # noqa: B008
    body = {"model": OLD, "messages": [{"role": "user", "content": test}], "max_tokens": 8000,
            **body}  # fmt: skip
    answer = Answer(1, RequestView("POST", "/v1/messages", body), OLD, None, 200, usage=usage)
    file = f"tests/test_{test.partition('_')[0]}.py"
    cassette = f"cassettes/{file[:-3]}/test_{test}/{OLD}.yaml"
    return Call(f"{file}::test_{test}", file, cassette, 1, 1, MessageRequest(body), answer)


BUDGET = {"thinking": {"type": "enabled", "budget_tokens": 2048}}
PREFILL = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "{"}]}
CALLS = [
    call("plan_a", **BUDGET), call("plan_b", **BUDGET), call("slang", temperature=0.2),
    call("invoice", **PREFILL), call("chat"),
]  # fmt: skip


def test_the_whole_text() -> None:
    found = preflight(CALLS, NEW, on=DAY)
    money = bill(CALLS, NEW, requests_per_day=10_000)
    lines = preflight_lines(found, money, command=f"pytest-claude preflight {NEW} -v")
    assert (
        lines
        == """\
claude-sonnet-4-5 → claude-sonnet-5-5: 5 tests, 5 requests; nothing was called

✗ 4 requests in 4 tests would be refused with HTTP 400
  2 `thinking.type: "enabled"` is not supported       tests/test_plan.py (2)
    → thinking {"type": "adaptive"} and output_config.effort
    a comparison adapts it; the app's own code must follow
  1 ends with an assistant message (prefill)          tests/test_invoice.py
    → output_config.format with a JSON schema, or say it in the system prompt
    not adapted: a comparison is refused too, until the app is changed
  1 `temperature` 0.2; only 1 is accepted             tests/test_slang.py
    → remove it
    a comparison adapts it; the app's own code must follow
What changes without an error
   5 tests  about 30% more tokens for the same text (another tokenizer; 1.0 to
            1.35 times)
   5 tests  may refuse with HTTP 200, stop_reason refusal and empty content
   3 tests  thinking is on by default and counts against max_tokens
   3 tests  the first block may be thinking: code that reads content[0].text
            breaks
   5 tests  tool input format: JSON escaping in tool input may differ (Unicode,
            slash): compare parsed values, not text
  … 4 more (-v shows all, with their sources)
Retires     claude-sonnet-4-5 30 Nov 2026, in 8 days; NEW not before 28 Sep 2027
Costs       recording once: 5 calls, about $0.019 (0.015 to 0.020)
            bump, quick: 20 to 50 trials expected (at most 280), $0.060 to $0.21
            (at most $1.19)
            a request: $0.0045 → $0.0039 (0.0030 to 0.0040)
            10,000 requests/day: $1,350 → $1,170 (900 to 1,215) a month
            no two tests share a prefix: what caching saves is unknown
            in batches: $675 → $585
            per MTok in/out $3.00/15.00 → $2.00/10.00, cache read $0.30 → $0.10
            on NEW plus thinking, which is unknown before recording
            on NEW tokens are estimated: another tokenizer, 1.0 to 1.35 times
  to see every request  pytest-claude preflight claude-sonnet-5-5 -v
""".splitlines()
    )


def test_verbose_names_every_request_with_message_and_source() -> None:
    lines = preflight_lines(preflight(CALLS[2:3], NEW, on=DAY), verbose=True)
    start = lines.index("    sampling-non-default, since 2026-09-28")
    assert lines[start + 1] == "    the API: `temperature` is deprecated for this model."
    assert lines[start + 2].startswith("    https://platform.claude.com/docs/en/")
    assert "    tests/test_slang.py::test_slang" in lines
    assert (
        "      cassettes/tests/test_slang/test_slang/claude-sonnet-4-5.yaml, interaction 1" in lines
    )
    assert not any("more (-v" in line for line in lines)


def test_a_model_that_is_not_known() -> None:
    found = preflight(CALLS[:1], "claude-next-1", on=DAY)
    lines = preflight_lines(found, bill(CALLS[:1], "claude-next-1"))
    assert lines == [
        "claude-sonnet-4-5 → claude-next-1: 1 test, 1 request; nothing was called",
        "",
        "claude-next-1 is unknown here: no rule was applied, price unknown; --live asks",
        "the API",
        "Retires     claude-sonnet-4-5 30 Nov 2026, in 8 days",
        "Costs       the price of claude-next-1 is unknown: name it in claude_prices",
        "            (claude-next-1 input=… output=…)",
    ]


def test_nothing_is_refused_and_other_models_are_told() -> None:
    haiku = call("other", model="claude-haiku-4-5")
    lines = preflight_lines(preflight([CALLS[4], haiku], NEW, on=DAY))
    assert "✔ no request would be refused" in lines
    assert "Left out    requests for claude-haiku-4-5 (1); --from names them" in lines


def test_lines_fit_into_80_columns() -> None:
    found = preflight(CALLS, NEW, on=DAY)
    money = bill(CALLS, NEW, requests_per_day=10_000)
    assert max(map(len, preflight_lines(found, money))) <= 80
    prices = {facts.id: rates(facts.id) for facts in models()}
    assert max(map(len, models_lines(models(), prices, DAY))) <= 80


def test_a_retirement_is_one_line_with_what_to_type() -> None:
    facts = facts_of(OLD)
    assert facts is not None
    assert retirement_line(facts, DAY, 6) == [
        "claude-sonnet-4-5 retires on 30 Nov 2026, in 8 days; 6 tests use it",
        "  to see what breaks  pytest-claude preflight claude-sonnet-5-5",
    ]
    assert retirement_line(facts, "2026-11-30", 1)[0].endswith("30 Nov 2026, today; 1 test uses it")
    assert retirement_line(facts, "2026-12-24", 1)[0].startswith(
        "claude-sonnet-4-5 retired on 30 Nov 2026; 1 test uses it"
    )


def test_speed_is_told_with_its_intervals() -> None:
    changes = [
        SpeedChange("time_to_first_token_s", Median(0.84, 0.8, 0.9, 40),
                    Median(1.12, None, None, 5), 5),
        SpeedChange("output_tokens_per_s", Median(80, 71, 90.2, 40), Median(101, None, None, 1), 1),
    ]  # fmt: skip
    assert speed_lines(changes) == [
        "first token     0.84 s (0.80 to 0.90 s) → 1.12 s  median of 40 and 5 calls",
        "output tokens/s 80 (71 to 90.2) → 101  median of 40 and 1 call",
    ]


def test_the_table_of_models() -> None:
    shown = [facts for facts in models() if facts.id in (OLD, NEW, "claude-fable-5-2")]
    prices = {facts.id: rates(facts.id) for facts in shown}
    assert models_lines(shown, prices, DAY) == [
        "model              status      retires              $/MTok  thinking",
        "claude-sonnet-5-5  active      not before Sep 2027    2/10  on, adaptive",
        "claude-fable-5-2   active      unknown                8/40  unknown",
        "claude-sonnet-4-5  deprecated  30 Nov 2026 (8 d)      3/15  off, budget",
    ]
