"""The check whether a trial behaves as accepted, and the text that keeps what is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transcripts import answer, call, failed, run

from pytest_claude.behavior.accepted import KINDS, Accepted, Facts, facts, shape
from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.difference import STEADY, Kind
from pytest_claude.expect.as_recorded import accepted_lines, behaves_as_recorded, behavior
from pytest_claude.expect.reading import Reading
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.utf8 import utf8

LOOKUP = run(answer("", call("lookup_order", order_id="1234")))
ASKS = run(answer("Which order do you mean?"))
UNREAD = run(answer("Bitte nenne mir die Bestellnummer."))
DONE = run(answer("It ships today."))
JSON = run(answer('{"id": 7, "items": [{"sku": "a"}], "note": "x"}'))


def seen(transcript: Transcript) -> Facts:
    shown = behavior(transcript, Reading())
    assert shown is not None
    return shown


def accepting(*transcripts: Transcript) -> Accepted:
    return Accepted.of([seen(transcript) for transcript in transcripts])


RED: dict[str, tuple[Transcript, Transcript, str]] = {
    "no tool": (LOOKUP, DONE, "tools: none instead of lookup_order, and 1 more change"),
    "another order": (
        run(answer("", call("lookup_order"), call("refund"))),
        run(answer("", call("refund"), call("lookup_order"))),
        "tools: refund, lookup_order instead of lookup_order, refund",
    ),
    "one at a time": (
        run(answer("", call("refund"), call("lookup_order"))),
        run(answer("", call("refund")), answer("", call("lookup_order"), number=2)),
        "parallel: none instead of lookup_order + refund",
    ),
    "a new argument": (
        LOOKUP,
        run(answer("", call("lookup_order", order_id="1", deep=True))),
        "arguments.lookup_order.deep: boolean instead of absent",
    ),
    "no argument": (
        LOOKUP,
        run(answer("", call("lookup_order"))),
        "arguments.lookup_order.order_id: absent instead of string",
    ),
    "another type": (
        LOOKUP,
        run(answer("", call("lookup_order", order_id=1234))),
        "arguments.lookup_order.order_id: number instead of string",
    ),
    "asks": (DONE, ASKS, "asks: yes instead of no"),
    "no longer asks": (ASKS, DONE, "asks: no instead of yes"),
    "refuses": (
        DONE,
        run(answer("", stop_reason="refusal")),
        "refuses: yes instead of no, and 1 more change",
    ),
    "is refused": (DONE, run(failed(status=400)), "refused: yes instead of no"),
    "a tool of the API": (
        DONE,
        run(answer("It ships today.", server=[("web_search", {})])),
        "server: web_search instead of none",
    ),
    "is cut": (
        DONE,
        run(answer("It ships", stop_reason="max_tokens")),
        "stop: max_tokens instead of end_turn",
    ),
    "another field": (
        JSON,
        run(answer('{"id": 7, "items": [{"code": "a"}], "note": "x"}')),
        "output.items.*.sku: absent instead of string, and 1 more change",
    ),
    "a list in the place of a map": (
        run(answer("", call("refund", ids={}))),
        run(answer("", call("refund", ids=[]))),
        "arguments.refund.ids: [] instead of {}",
    ),
    "other items": (
        run(answer("", call("refund", ids=["x"]))),
        run(answer("", call("refund", ids=[7]))),
        "arguments.refund.ids.*: number instead of string",
    ),
    "other values under keys that are data": (
        run(answer('{"2026-05-01": 3}')),
        run(answer('{"2026-06-01": "3"}')),
        "output.*: string instead of number",
    ),
    "no JSON": (
        JSON,
        DONE,
        'output: no JSON instead of {"id": "number", "items": [{"sku": "string"}], "note": '
        '"string"}',
    ),
    "a fence": (
        JSON,
        run(answer('```json\n{"id": 7, "items": [{"sku": "a"}], "note": "x"}\n```')),
        "fence: yes instead of no",
    ),
}


@pytest.mark.parametrize(("old", "new", "reason"), RED.values(), ids=RED)
def test_what_is_steady_is_held(old: Transcript, new: Transcript, reason: str) -> None:
    check = behaves_as_recorded(new, accepting(old))
    assert (check.outcome, check.reason) == (False, reason)
    assert behaves_as_recorded(old, accepting(old)).outcome is True
    first, *moved = accepted_lines("behavior.json", accepting(old), accepting(new))
    assert first == "accepted in behavior.json: review and commit it"
    assert reason.split(", and ")[0] in moved


GREEN: dict[str, tuple[Transcript, Transcript]] = {
    "another text": (DONE, run(answer("It is shipped today."))),
    "another value": (LOOKUP, run(answer("", call("lookup_order", order_id="5678")))),
    "other values in JSON": (
        JSON,
        run(answer('{"id": 8, "items": [{"sku": "b"}, {"sku": "c"}], "note": ""}')),
    ),
    "an empty list": (
        run(answer("", call("refund", ids=[]))),
        run(answer("", call("refund", ids=["x"]))),
    ),
    "no longer an empty list": (
        run(answer('{"items": [{"sku": "a"}]}')),
        run(answer('{"items": []}')),
    ),
    "other keys that are data": (
        run(answer('{"2026-05-01": 3, "total": 1}')),
        run(answer('{"total": 1, "2026-06-01": 4, "2026-06-02": 5}')),
    ),
    "no keys that are data": (run(answer('{"1": {"a": 2}}')), run(answer("{}"))),
    "other tokens": (DONE, run(answer("It ships today.", thinking="Hm."))),
    "in doubt whether it asks": (DONE, UNREAD),
}


@pytest.mark.parametrize(("old", "new"), GREEN.values(), ids=GREEN)
def test_what_is_noise_is_not_compared(old: Transcript, new: Transcript) -> None:
    assert behaves_as_recorded(new, accepting(old)).outcome is True


UNKNOWN: dict[str, tuple[Transcript, Accepted | None, str]] = {
    "nothing accepted": (DONE, None, "no behavior of this test is accepted yet"),
    "no call": (run(), accepting(DONE), "no call to a model was made"),
    "a call in flight": (run(pending=1), accepting(DONE), "1 call has no answer yet"),
    "a call in flight after a refused one": (
        run(failed(status=400), pending=1),
        accepting(DONE),
        "1 call has no answer yet",
    ),
    "a busy API": (
        run(failed()),
        accepting(DONE),
        'call 1 failed with HTTP 529: "Overloaded"',
    ),
    "too many requests": (
        run(failed(status=429, message="Slow")),
        accepting(DONE),
        'call 1 failed with HTTP 429: "Slow"',
    ),
    "a cut stream": (
        run(answer("x", ended="cut")),
        accepting(DONE),
        "the stream of call 1 was not read to its end",
    ),
    "in doubt whether it asks": (
        UNREAD,
        Accepted(1, {"asks": True}),
        "it is in doubt whether the reply asks",
    ),
}


@pytest.mark.parametrize(("new", "accepted", "why"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_was_not_observed_is_unknown(
    new: Transcript, accepted: Accepted | None, why: str
) -> None:
    check = behaves_as_recorded(new, accepted)
    assert (check.outcome, check.reason) == (None, why)


def test_what_is_in_doubt_may_be_ignored() -> None:
    assert behaves_as_recorded(UNREAD, accepting(ASKS), ignore="asks").outcome is True


IGNORED = {
    "tools": (LOOKUP, DONE, ["tools", "stop"]),
    "an argument": (
        LOOKUP,
        run(answer("", call("lookup_order", order_id=1))),
        "arguments.lookup_order.order_id",
    ),
    "an argument of any tool": (
        LOOKUP,
        run(answer("", call("lookup_order", order_id=1))),
        "arguments.*.order_id",
    ),
    "all arguments": (LOOKUP, run(answer("", call("lookup_order", deep=1))), "arguments"),
    "a field of items": (
        JSON,
        run(answer('{"id": 7, "items": [{"sku": 1}], "note": "x"}')),
        "output.items.*.sku",
    ),
    "whether it asks": (DONE, ASKS, "asks"),
}


@pytest.mark.parametrize(("old", "new", "ignore"), IGNORED.values(), ids=IGNORED)
def test_what_is_ignored_may_differ(old: Transcript, new: Transcript, ignore: Any) -> None:
    assert behaves_as_recorded(new, accepting(old), ignore=ignore).outcome is True
    assert behaves_as_recorded(new, accepting(old), ignore="fence").outcome is False


MISUSES = {
    "tool": "ignore='tool': no kind 'tool'; did you mean 'tools'? Kinds: asks, refused, ",
    "argument.*.id": "ignore='argument.*.id': no kind 'argument'; did you mean 'arguments'?",
    "stop.x": "ignore='stop.x': 'stop' has no parts; write ignore='stop'",
    "output..id": "ignore='output..id': an empty name between two dots, or at the end",
}


@pytest.mark.parametrize(("ignore", "told"), MISUSES.items(), ids=MISUSES)
def test_a_rule_that_names_nothing_is_a_misuse(ignore: str, told: str) -> None:
    with pytest.raises(TypeError) as raised:
        behaves_as_recorded(DONE, accepting(DONE), ignore=ignore)
    assert str(raised.value).startswith(told)


def test_several_changes_are_told_five_at_most() -> None:
    old = run(answer("", call("refund", **{f"n{k}": 1 for k in range(8)})))
    check = behaves_as_recorded(run(answer("", call("refund"))), accepting(old))
    assert check.reason.endswith(", and 7 more changes")
    assert check.expected.endswith("; and 3 more changes")
    assert check.observed.count("absent") == 5


def test_all_that_moves_is_told_where_it_is_accepted() -> None:
    before, after = accepting(LOOKUP, UNREAD), accepting(DONE)
    told = accepted_lines("behavior.json", before, after)
    assert told[1:] == [
        "asks: no, held from now on",
        "declines: no longer held",
        "tools: none instead of varies",
        'arguments.lookup_order: absent instead of {"order_id": "string"}',
        "stop: end_turn instead of varies",
    ]
    (same,) = accepted_lines("behavior.json", before, before)
    assert same == "accepted in behavior.json: it behaves as accepted before"


def test_the_kinds_are_those_of_a_difference_and_hold_all_that_are_steady() -> None:
    assert KINDS.keys() - {"fence"} <= set(get_args(Kind))
    assert accepting(DONE).facts.keys() >= STEADY


def test_one_trial_says_nothing_of_what_differs_now_and_then() -> None:
    declines = run(answer("I can't help with that."))
    assert behaves_as_recorded(declines, accepting(DONE)).outcome is True
    check = behaves_as_recorded(declines, accepting(DONE, DONE))
    assert check.reason == "declines: yes instead of no"


def test_a_fact_is_steady_that_as_many_trials_show_as_must_pass() -> None:
    five = [seen(trial) for trial in (LOOKUP, DONE, LOOKUP, LOOKUP, LOOKUP)]
    assert Accepted.of(five, 4).facts["tools"] == ["lookup_order"]
    assert Accepted.of(five, 4).varying == []
    assert Accepted.of(five, 5).facts["tools"] == "varies"
    assert {("tools",), ("stop",)} <= set(Accepted.of(five, 5).varying)


def test_two_outliers_do_not_leave_out_more_trials_than_may_fail() -> None:
    five = [seen(trial) for trial in (DONE, LOOKUP, ASKS, DONE, DONE)]
    accepted = Accepted.of(five, 4)
    assert [accepted.changes(trial) for trial in five].count([]) == 4


def test_a_kind_that_one_trial_does_not_tell_is_not_held() -> None:
    assert "asks" not in accepting(DONE, UNREAD).facts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        ("[]", "it is no accepted behavior"),
        ('{"version": 2}', "a later version of pytest-claude wrote it"),
        ('{"version": 1, "trials": 1, "behavior": {"mood": 1}}', "it is no accepted behavior"),
        ('{"version": 1, "trials": 1, "behavior": {}}', "it does not tell 'refused'"),
    ],
)
def test_what_is_no_accepted_behavior_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Accepted.loads(text)


WRONG: dict[str, Any] = {
    "asks": "no",
    "refused": None,
    "fence": 0,
    "tools": "lookup_order",
    "parallel": ["lookup_order"],
    "server": [1],
    "stop": True,
    "arguments": ["string"],
    "output": {"id": "integer"},
}


@pytest.mark.parametrize(("kind", "fact"), WRONG.items(), ids=WRONG)
def test_a_fact_of_another_type_is_refused(kind: str, fact: Any) -> None:
    text = replace(accepting(DONE), facts={**accepting(DONE).facts, kind: fact}).dumps()
    with pytest.raises(ValueError, match=f"what it tells of '{kind}' is of another type"):
        Accepted.loads(text)


# --- whatever was said ----------------------------------------------------------------------

keys = st.sampled_from(["id", "note", "ä", "a.b", "*", "\ud83d"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(keys, below, max_size=3),
    max_leaves=8,
)
tools = st.lists(
    st.tuples(st.sampled_from(["refund", "lookup_order"]), st.dictionaries(keys, values)),
    max_size=3,
)
stops = st.sampled_from(["end_turn", "max_tokens", "tool_use", "refusal"])
texts = st.sampled_from(["", "Done.", "Which order?", "I can't.", '{"a": [1, {"b": null}]}'])
shown = st.builds(
    lambda text, calls, stop: seen(run(answer(text, *calls, stop_reason=stop))),
    texts, tools, stops,
)  # fmt: skip


@given(st.lists(shown, min_size=1, max_size=4))
def test_no_trial_differs_from_what_was_accepted_of_it_and_others(trials: list[Facts]) -> None:
    accepted = Accepted.of(trials)
    assert [accepted.changes(trial) for trial in trials] == [[] for _ in trials]


@given(st.lists(shown, min_size=1, max_size=5), st.integers(1, 5))
def test_as_many_trials_as_must_pass_are_as_accepted(trials: list[Facts], needed: int) -> None:
    accepted = Accepted.of(trials, needed)
    held = [trial for trial in trials if not accepted.changes(trial)]
    assert len(held) >= min(needed, len(trials))


@given(st.lists(shown, min_size=1, max_size=4))
def test_the_text_says_all_and_always_the_same(trials: list[Facts]) -> None:
    accepted = Accepted.of(trials)
    text = utf8(accepted.dumps()).decode()
    assert Accepted.loads(text) == accepted
    assert utf8(Accepted.loads(text).dumps()).decode() == text


@given(
    st.lists(shown, min_size=2, max_size=5),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_the_order_of_trials_changes_no_byte(trials: list[Facts], needed: int, random: Any) -> None:
    before = Accepted.of(trials, needed).dumps()
    random.shuffle(trials)
    assert Accepted.of(trials, needed).dumps() == before


@given(values)
def test_a_shape_holds_no_value(value: Any) -> None:
    words = {"string", "number", "boolean", "null", "varies"}

    def leaves(of: Any) -> set[str]:
        below = of.values() if isinstance(of, dict) else of
        return {of} if isinstance(of, str) else set().union(*map(leaves, below))

    assert leaves(shape(value)) <= words


@given(values)
def test_a_shape_holds_no_key_that_is_data(value: Any) -> None:
    text = Accepted(1, {"output": shape(value)}).dumps()
    assert not [key for key in ("a.b", "\ud83d") if f'"{key}"' in text]


def test_a_profile_of_an_earlier_version_says_nothing_of_fences() -> None:
    profile = Profile("answered", stop_reason="end_turn")
    assert "fence" not in facts(replace(profile, fenced=None))
