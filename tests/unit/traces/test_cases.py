"""Which calls are one case, and which cases are alike."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from string import ascii_lowercase
from typing import Any

import pytest

from pytest_claude.traces import clusters as module
from pytest_claude.traces.cases import linked, without_doubles
from pytest_claude.traces.clusters import clusters, manner_of
from pytest_claude.traces.model import Case, TracedCall
from pytest_claude.traces.summary import Tally, chosen_lines

Turn = dict[str, Any]
ASKED: Turn = {"role": "user", "content": "Where is it?"}


def call(ident: str) -> Turn:
    return {"type": "tool_use", "id": ident, "name": "look_up", "input": {}}


def turns(ident: str, *more: Turn) -> list[Turn]:
    result = {"type": "tool_result", "tool_use_id": ident, "content": "here"}
    return [
        {"role": "assistant", "content": [call(ident)]},
        {"role": "user", "content": [result, *more]},
    ]


def made(
    messages: list[Turn], *reply: Turn, time: int = 0, trace: str = "t", **body: Any
) -> TracedCall:
    asked = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": messages, **body}
    content = list(reply) or [{"type": "text", "text": "Here."}]
    stop = "tool_use" if content[0]["type"] == "tool_use" else "end_turn"
    return TracedCall(asked, {"content": content, "stop_reason": stop}, "x", 200, trace, time)


FIRST, SECOND = made([ASKED], call("a")), made([ASKED, *turns("a")], time=1)


def steps(*calls: TracedCall) -> list[int]:
    return sorted(len(case.replies) for case in linked(calls))


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((FIRST, SECOND), [2]),
        ((made([ASKED, *turns("a")]), made([ASKED], call("a"), time=1)), [1, 1]),
        ((FIRST, made([ASKED, *turns("b")], time=1)), [1, 1]),
        ((FIRST, made([ASKED, *turns("a")], time=1, trace="other")), [2]),
        ((FIRST, made([ASKED, *turns("a")], time=1, temperature=1)), [1, 1]),
        ((FIRST, made([{**ASKED, "content": "Hm?"}, *turns("a")], time=1)), [1, 1]),
        ((FIRST, made([ASKED, *turns("a", {"type": "text", "text": "Be short."})], time=1)), [2]),
        ((FIRST, SECOND, made([ASKED, *turns("a")], time=2)), [1, 2]),
        ((made([ASKED]), made([ASKED, {"role": "assistant", "content": "Here."},
                               {"role": "user", "content": "Thanks."}], time=1)), [1, 1]),
        ((FIRST, made([ASKED, *turns("a")], call("b"), time=1),
          made([ASKED, *turns("a"), *turns("b")], time=2)), [3]),
    ],
    ids=["results given back", "in the wrong order", "other ids", "another trace", "other options",
         "another question", "a reminder beside the results", "asked once more",
         "a further turn of the user", "three steps"],
)  # fmt: skip
def test_a_call_goes_on_with_the_one_whose_tool_results_it_gives_back(
    calls: tuple[TracedCall, ...], expected: list[int]
) -> None:
    assert steps(*calls) == expected


def test_of_two_alike_a_call_goes_on_with_the_one_of_its_trace() -> None:
    others = [made([ASKED], call("a"), trace=trace) for trace in "xyz"]
    mine = made([ASKED, *turns("a")], time=1, trace="y")
    others[1] = replace(others[1], source="mine")
    sources = [case.source for case in linked([*others, mine]) if len(case.replies) == 2]
    assert sources == ["mine"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (9.5, 10.2), ("9.5", "10.2"), ("999", "1000"),
        ("2026-05-02T10:00:00Z", "2026-05-02T10:00:00.9Z"),
        ("2026-05-02T10:00:00.123456788Z", "2026-05-02T10:00:00.123456789Z"),
        ("2026-05-02T12:00:00+02:00", "2026-05-02T10:00:01Z"),
        ("2026-05-02 10:00:00.5+00", "2026-05-02T10:00:01"),
        ("1700000000000000001", "1700000000000000002"),
    ],
)  # fmt: skip
def test_times_of_any_form_are_in_order(earlier: Any, later: Any) -> None:
    first, second = replace(FIRST, time=earlier), replace(SECOND, time=later)
    assert steps(second, first) == [2]
    assert steps(replace(SECOND, time=earlier), replace(FIRST, time=later)) == [1, 1]


@pytest.mark.parametrize("time", ["nan", "1e999", "2026-99-02T10:00:00Z", "", "yesterday"])
def test_a_time_of_no_known_form_leaves_the_order_as_it_is(time: str) -> None:
    assert steps(replace(FIRST, time=time), replace(SECOND, time=time)) == [2]


def test_cases_whose_first_call_is_missing_are_counted() -> None:
    def told(*calls: TracedCall) -> str:
        cases = linked(calls)
        return "\n".join(chosen_lines(Tally(calls=2), len(cases), clusters(cases), None))

    assert "begin with results of tools whose call is not in the export: 1 case" in told(SECOND)
    assert "results of tools" not in told(FIRST, SECOND)


def test_made_up_ids_tell_no_calls_apart() -> None:
    ident = "toolu_recorded_1"
    second = made([ASKED, *turns(ident)], time=1)
    assert steps(made([ASKED], call(ident)), second) == [2]
    assert steps(made([ASKED], {**call(ident), "input": {"id": 8}}), second) == [1, 1]


def test_tools_that_were_filled_in_do_not_part_the_steps_of_a_loop() -> None:
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("look_up", "refund")]
    first = replace(made([ASKED], call("a"), tools=tools[:1]), filled=("tools",))
    refund = {**call("b"), "name": "refund"}
    second = replace(made([ASKED, *turns("a")], refund, time=1, tools=tools), filled=("tools",))
    (case,) = linked([first, second])
    assert case.request["tools"] == tools
    assert case.bodies[1]["tools"] == tools


def test_marks_of_the_prompt_cache_move_and_do_not_count() -> None:
    marked = {"type": "text", "text": "Where is it?", "cache_control": {"type": "ephemeral"}}
    plain = {"type": "text", "text": "Where is it?"}
    first = made([{"role": "user", "content": [marked]}], call("a"))
    second = made([{"role": "user", "content": [plain]}, *turns("a")], time=1)
    (case,) = linked([first, second])
    assert case.then == [turns("a")]
    assert case.bodies[1]["messages"][0]["content"] == [marked], "as the first request has it"


def case(text: str = "Here.", system: str = "", stop: str = "end_turn", **body: Any) -> Case:
    request = {"model": "claude-sonnet-4-5", "messages": [ASKED], **body}
    request |= {"system": system} if system else {}
    return Case(
        request, [], [(200, {"content": [{"type": "text", "text": text}], "stop_reason": stop})]
    )


def test_what_is_asked_twice_is_one_case() -> None:
    assert len([*without_doubles([case(), case("Otherwise said."), case(max_tokens=9)])]) == 2


@pytest.mark.parametrize(
    ("one", "manner"),
    [
        (case("It is here."), "answers"),
        (case("Which one do you mean?"), "asks"),
        (case("Shall I send it? *"), "asks"),
        (case('{"at": "Rome"}'), "answers in JSON"),
        (case("It is", stop="max_tokens"), "stops with max_tokens"),
        (Case(ASKED, [], [(400, {"error": {}})]), "refused by the API"),
        (Case(ASKED, [], [(200, {"content": [call("a"), call("b")]})]), "calls look_up"),
    ],
)
def test_the_manner_says_what_the_model_did(one: Case, manner: str) -> None:
    assert manner_of(one) == manner


def test_prompts_that_differ_in_a_date_and_a_name_are_one() -> None:
    def prompt(day: str, name: str) -> str:
        return f"You help the customers of Acme, {name} now. Today is {day}. Be short and kind."

    cases = [
        case(system=prompt("2026-05-02", "Ida")),
        case(system=prompt("2026-05-03", "Bo")),
        case(system="You write poems about the sea."),
        case(system=prompt("2026-05-03", "Bo"), tools=[{"name": "look_up"}]),
        case(),
    ]
    assert [(c.prompt, len(c.cases)) for c in clusters(cases)] == [(1, 2), (2, 1), (3, 1), (0, 1)]


def prompts(number: int, words: int, changed: int) -> list[str]:
    """Prompts of one template each ten, in which so many words are changed."""
    random = Random(1)
    vocabulary = [f"{a}{b}{c}" for a in ascii_lowercase for b in "aeiou" for c in ascii_lowercase]
    made: list[str] = []
    for n in range(number):
        text = random.sample(vocabulary, words) if n % 10 == 0 else made[-1].split()
        at = random.sample(range(words), random.randrange(changed))
        made.append(
            " ".join(random.choice(vocabulary) if i in at else w for i, w in enumerate(text))
        )
    return made


def test_prompts_are_one_as_if_each_was_compared_with_all() -> None:
    texts = prompts(300, 50, 20)
    first: list[set[str]] = []
    expected = []
    for text in texts:
        words = set(text.split())
        alike = [
            n for n, o in enumerate(first, 1) if len(o & words) >= 0.8 * max(len(o), len(words))
        ]
        first += [] if alike else [words]
        expected.append(alike[0] if alike else len(first))
    found = clusters([case(system=text, max_tokens=n) for n, text in enumerate(texts)])
    numbers = {c.request["max_tokens"]: cluster.prompt for cluster in found for c in cluster.cases}
    assert [numbers[n] for n in range(len(texts))] == expected
    assert 30 < len(first) < 300


@pytest.mark.parametrize("words", [40, 400], ids=["of few words", "of many words"])
def test_so_many_prompts_more_are_so_many_comparisons_more(
    monkeypatch: pytest.MonkeyPatch, words: int
) -> None:
    compared: list[int] = []
    are_alike = module._are_alike

    def counting(one: set[str], other: set[str]) -> bool:
        compared.append(1)
        return are_alike(one, other)

    monkeypatch.setattr(module, "_are_alike", counting)
    random = Random(1)
    vocabulary = [f"{a}{b}{c}" for a in ascii_lowercase[:words // 20] for b in ascii_lowercase
                  for c in "aeiou"]  # fmt: skip
    texts = [" ".join(random.sample(vocabulary, 100)) for _ in range(1_000)]
    assert len(clusters([case(system=text) for text in texts])) > 900
    assert len(compared) <= 50 * len(texts)
