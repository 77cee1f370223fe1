"""What holds of the checks whatever was said."""

from __future__ import annotations

import random
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st
from transcripts import answer, run, talk

from pytest_claude.errors import NotOffered
from pytest_claude.expect import checks
from pytest_claude.expect.result import Check
from pytest_claude.transcript.interaction import Ended
from pytest_claude.transcript.model import Transcript

names = st.sampled_from(["lookup_order", "refund"])
inputs = st.dictionaries(st.sampled_from(["order_id", "deep"]), st.integers(0, 2), max_size=2)
tool_calls = st.lists(st.tuples(names, inputs), max_size=4)
wanted_calls = st.lists(st.one_of(names, st.tuples(names, inputs)), max_size=4)
texts = st.sampled_from([
    "", "Done.", "Which order do you mean?", '{"a": 1}', "I can't help with that.",
    "```python\nx = 1\n```", "Shall I go ahead?", "Sure: [1, 2]", "lookup_order(order_id=1)",
])  # fmt: skip
stops = st.sampled_from(["end_turn", "max_tokens", "tool_use", "refusal", None])
replies = st.builds(
    lambda text, tools, stop, status, ended: answer(
        text, *tools, stop_reason=stop, status=status, ended=ended
    ),
    texts, tool_calls, stops, st.sampled_from([200, 200, 200, 529]),
    st.sampled_from(get_args(Ended)),
)  # fmt: skip
transcripts = st.builds(
    lambda parts, together, pending: Transcript(
        talk(*parts).answers if together else tuple(parts), pending
    ),
    st.lists(replies, max_size=3), st.booleans(), st.sampled_from([0, 0, 0, 1]),
)  # fmt: skip


@given(tool_calls, names, inputs)
def test_exact_implies_loose_and_one_number_of_times_holds(
    tools: list[tuple[str, dict[str, int]]], name: str, wanted: dict[str, int]
) -> None:
    transcript = run(answer("", *tools))
    exact = checks.calls_tool(transcript, name, wanted, exact=True)
    loose = checks.calls_tool(transcript, name, wanted)
    assert not exact or loose
    assert bool(checks.calls_no_tool(transcript)) is (not tools)
    held = [checks.calls_tool(transcript, name, wanted, times=n) for n in range(6)]
    assert sum(bool(check) for check in held) == 1


@given(tool_calls, wanted_calls)
def test_strict_implies_unordered_implies_subset_and_superset(
    tools: list[tuple[str, dict[str, int]]], wanted: list[Any]
) -> None:
    transcript = run(answer("", *tools))
    held = {
        order: bool(checks.calls_tools(transcript, wanted, order=order))  # type: ignore[arg-type]
        for order in ("strict", "unordered", "subset", "superset")
    }
    assert not held["strict"] or held["unordered"]
    assert not held["unordered"] or (held["subset"] and held["superset"])


@given(tool_calls, st.randoms(use_true_random=False))
def test_the_calls_that_were_made_are_in_every_order_what_was_made(
    tools: list[tuple[str, dict[str, int]]], shuffle: random.Random
) -> None:
    transcript = run(answer("", *tools))
    assert checks.calls_tools(transcript, tools)
    mixed = list(tools)
    shuffle.shuffle(mixed)
    for order in ("unordered", "subset", "superset"):
        assert checks.calls_tools(transcript, mixed, order=order)  # type: ignore[arg-type]


ALL = {
    "calls_tool": lambda t: checks.calls_tool(t, "refund"),
    "calls_no_tool": checks.calls_no_tool,
    "calls_tools": lambda t: checks.calls_tools(t, ["refund"], order="superset"),
    "calls_in_parallel": lambda t: checks.calls_in_parallel(t, "refund", "lookup_order"),
    "passes_valid_arguments": checks.passes_valid_arguments,
    "asks_clarifying_question": checks.asks_clarifying_question,
    "refuses": checks.refuses,
    "returns_json": checks.returns_json,
    "stops_with": lambda t: checks.stops_with(t, "end_turn"),
    "is_truncated": checks.is_truncated,
    "thinks": checks.thinks,
    "within": lambda t: checks.within(t, output_tokens=30),
    "cites": checks.cites,
    "writes_valid_code": checks.writes_valid_code,
    "makes_no_call": checks.makes_no_call,
}


@given(transcripts)
def test_a_check_is_true_false_or_unknown_and_never_true_together_with_its_negation(
    transcript: Transcript,
) -> None:
    for ask in ALL.values():
        check: Check = ask(transcript)
        held = []
        for stated in (lambda check=check: bool(check), lambda check=check: not check):
            try:
                held.append(stated())
            except AssertionError:
                held.append(False)
        assert sum(held) == (0 if check.outcome is None else 1)
        assert len(repr(check)) <= 120
        assert "\n" not in repr(check)


@given(transcripts)
def test_without_an_answered_call_nothing_but_the_silence_is_known(transcript: Transcript) -> None:
    if transcript.answered and not transcript.pending:
        return
    known = [name for name, ask in ALL.items() if ask(transcript).outcome is not None]
    assert known == ["makes_no_call"]


@given(transcripts, st.permutations(list(ALL)))
def test_the_order_of_checks_changes_no_result(transcript: Transcript, order: list[str]) -> None:
    first = {name: ask(transcript) for name, ask in ALL.items()}
    again = {name: ALL[name](transcript) for name in order}
    assert first == again


@given(transcripts)
def test_a_call_and_no_call_are_never_both_seen(transcript: Transcript) -> None:
    none = checks.calls_no_tool(transcript)
    for name in ("lookup_order", "refund"):
        try:
            some = checks.calls_tool(transcript, name)
        except NotOffered:
            continue
        assert not (none.outcome and some.outcome)


@given(transcripts)
def test_a_reply_that_is_json_is_json_anywhere(transcript: Transcript) -> None:
    answer_only = checks.returns_json(transcript)
    assert not answer_only.outcome or checks.returns_json(transcript, where="anywhere").outcome
