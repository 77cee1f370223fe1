"""What changed between two models, in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.behavior.profile import Profile, ToolFact
from pytest_claude.comparison.difference import differences
from pytest_claude.comparison.trial import CheckNote, Trial


def did(*tools: tuple[str, Any], **facts: Any) -> Profile:
    return Profile("acted" if tools else "answered",
                   tools=tuple(ToolFact(name, value, 1) for name, value in tools),
                   **{"stop_reason": "end_turn", **facts})  # fmt: skip


def trials(stream: Any, *profiles: Profile | None) -> list[Trial]:
    return [
        Trial("t", stream, n, "pass", cassette=f"{stream}.{n}.yaml", profile=profile)
        for n, profile in enumerate(profiles)
    ]


def told(old: list[Profile], new: list[Profile]) -> list[str]:
    found = differences(trials("base", *old), trials("cand", *new))
    return [difference.counted for difference in found]


WEATHER = ("get_weather", {"city": "Rome"})
ASKS = did(question="Which city?")
UNREAD = Profile("unread", stop_reason="end_turn")  # whether it asks

CASES: dict[str, tuple[list[Profile], list[Profile], str]] = {
    "asks instead of calling": (
        [did(WEATHER)] * 5,
        [ASKS] * 4 + [did(WEATHER)],
        'asks "Which city?" instead of calling `get_weather` in 4 of 5 trials',
    ),
    "calls instead of asking": (
        [ASKS], [did(WEATHER)], "calls `get_weather` instead of asking in 1 of 1 trial",
    ),
    "answers instead of asking": (
        [ASKS], [did()], "answers instead of asking in 1 of 1 trial",
    ),
    "asks, where one was unread": (
        [UNREAD, did(), did()],
        [ASKS] * 3 + [UNREAD],
        'asks "Which city?" in 3 of 3 trials',
    ),
    "refused by the API": (
        [did()],
        [did(refusal="HTTP 400: no prefill")],
        "is refused with HTTP 400: no prefill in 1 of 1 trial",
    ),
    "refuses": (
        [did()],
        [did(refusal="refusal")],
        "refuses (stop reason `refusal`) in 1 of 1 trial",
    ),
    "refuses in words": (
        [did(WEATHER)] * 2,
        [did(declined="I can't help with that.")] * 2,
        'refuses in words, "I can\'t help with that." instead of calling `get_weather`'
        " in 2 of 2 trials",
    ),
    "no longer refuses in words": (
        [did(declined="I can't.")], [did()], "no longer refuses in words in 1 of 1 trial",
    ),
    "a fence": (
        [did(has_output=True, output={"a": 1})],
        [did(has_output=True, output={"a": 1}, fenced=True)],
        "puts its JSON into a fence in 1 of 1 trial",
    ),
    "no fence, and another value": (
        [did(has_output=True, output={"a": 1}, fenced=True)],
        [did(has_output=True, output={"a": 2})],
        "puts its JSON into no fence, `$.a` 2 instead of 1 in 1 of 1 trial",
    ),
    "the cache is gone": (
        [did(cache_read_tokens=900, cache_write_tokens=0)] * 3,
        [did(cache_read_tokens=0, cache_write_tokens=1200)] * 2,
        "reads nothing from the cache, writes 1,200 to it in 2 of 2 trials",
    ),
    "another effort": (
        [did(efforts=("low",))],
        [did(efforts=("high",))],
        "is asked with `high` instead of `low` in 1 of 1 trial",
    ),
    "another model answers": (
        [did()],
        [did(served=("claude-haiku-4-5",))],
        "is answered by `claude-haiku-4-5` instead of the model that is asked in 1 of 1 trial",
    ),
    "in parallel": (
        [did(WEATHER)],
        [did(WEATHER, WEATHER, parallel=(("get_weather", "get_weather"),))],
        "calls `get_weather` twice in parallel in 1 of 1 trial",
    ),
    "one at a time": (
        [did(WEATHER, WEATHER, parallel=(("get_weather", "get_weather"),))],
        [did(WEATHER, WEATHER)],
        "calls `get_weather` twice one at a time, not in parallel in 1 of 1 trial",
    ),
    "another tool": (
        [did(WEATHER)],
        [did(("search", {}))],
        "calls `search` instead of `get_weather` in 1 of 1 trial",
    ),
    "tools of the API": (
        [did()],
        [did(server_tools=("web_fetch", "web_search"))],
        "uses `web_fetch`, `web_search` of the API in 1 of 1 trial",
    ),
    "another tool of the API": (
        [did(server_tools=("web_search",))],
        [did(server_tools=("web_fetch",))],
        "uses `web_fetch` of the API instead of `web_search` in 1 of 1 trial",
    ),
    "no tool of the API": (
        [did(server_tools=("web_search",))],
        [did()],
        "does not use `web_search` of the API in 1 of 1 trial",
    ),
    "no tool": ([did(WEATHER)], [did()], "does not call `get_weather` in 1 of 1 trial"),
    "a new tool": (
        [did()],
        [did(WEATHER)],
        "calls `get_weather`, where no tool was called in 1 of 1 trial",
    ),
    "another order": (
        [did(("a", {}), ("b", {}))],
        [did(("b", {}), ("a", {}))],
        "calls `b`, `a` in another order (`a`, `b` before) in 1 of 1 trial",
    ),
    "another argument": (
        [did(WEATHER)],
        [did(("get_weather", {"city": "Oslo", "unit": "C"}))],
        'calls `get_weather` with `$.city` "Oslo" instead of "Rome", a new `$.unit` "C" '
        "in 1 of 1 trial",
    ),
    "another value": (
        [did(output={"gender": "male", "tags": [1]}, has_output=True)],
        [did(output={"gender": "man", "tags": []}, has_output=True)],
        'answers with `$.gender` "man" instead of "male", no `$.tags[0]` (was 1) '
        "in 1 of 1 trial",
    ),
    "text around JSON": (
        [did(output={"a": 1}, has_output=True)],
        [did(around=77)],
        "writes 77 characters of text around its JSON in 1 of 1 trial",
    ),
    "another stop reason": (
        [did()],
        [did(stop_reason="max_tokens")],
        "stops with `max_tokens` instead of `end_turn` in 1 of 1 trial",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CASES.values(), ids=CASES)
def test_a_difference_is_a_sentence(old: list[Profile], new: list[Profile], sentence: str) -> None:
    assert told(old, new)[0] == sentence


def test_a_cache_that_was_cold_on_the_baseline_and_is_read_since_is_no_change() -> None:
    cold, warm = did(cache_write_tokens=900), did(cache_read_tokens=900)
    assert told([cold], [warm] * 4) == []


def test_the_one_that_explains_the_others_comes_first_and_has_its_evidence() -> None:
    found = differences(trials("base", did(WEATHER, stop_reason="tool_use")), trials("cand", ASKS))
    assert [difference.kind for difference in found] == ["asks", "tools", "stop"]
    assert (found[0].cassette, found[0].interaction) == ("cand.0.yaml", 1)
    assert (found[0].baseline, found[0].candidate) == ((0, 1), (1, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([did(WEATHER), ASKS], [ASKS, ASKS]),
        ([did(WEATHER)] * 4, [ASKS, ASKS, did(WEATHER), did(WEATHER)]),
        ([did()], []),
        ([], [did()]),
        ([did()] * 4, [UNREAD] * 4),
        ([UNREAD] * 4, [ASKS] * 4),
        ([ASKS] * 4, [UNREAD] * 3 + [did()]),
        ([did()] * 4, [ASKS] * 2 + [UNREAD] * 2),
    ],
    ids=[
        "the baseline does both",
        "half of the trials",
        "no candidate",
        "no baseline",
        "unread",
        "unread before",
        "unread in most",
        "half are read",
    ],
)
def test_what_is_no_difference(old: list[Profile], new: list[Profile]) -> None:
    assert not [sentence for sentence in told(old, new) if "asks" in sentence]


def test_trials_without_a_profile_do_not_count() -> None:
    assert differences(trials("base", None), trials("cand", did(WEATHER))) == ()


profiles = st.builds(
    lambda tools, question, stop: did(*tools, question=question, stop_reason=stop),
    st.lists(st.sampled_from([WEATHER, ("search", {"q": 1})]), max_size=2),
    st.sampled_from([None, "Which one?"]),
    st.sampled_from(["end_turn", "max_tokens"]),
)


@given(profiles, st.integers(1, 4))
def test_a_model_against_itself_shows_no_difference(profile: Profile, number: int) -> None:
    assert told([profile] * number, [profile] * number) == []


@given(st.lists(profiles, min_size=1, max_size=4), st.lists(profiles, min_size=1, max_size=4),
       st.randoms())  # fmt: skip
def test_the_order_of_the_trials_changes_no_kind(
    old: list[Profile], new: list[Profile], random: Any
) -> None:
    def kinds(left: list[Profile], right: list[Profile]) -> list[str]:
        return [d.kind for d in differences(trials("base", *left), trials("cand", *right))]

    before = kinds(old, new)
    random.shuffle(old)
    random.shuffle(new)
    assert kinds(old, new) == before


def test_a_difference_says_whether_one_model_asked_twice_would_differ_so() -> None:
    found = differences(trials("base", did(WEATHER)), trials("cand", ASKS))
    assert [(each.kind, each.steady) for each in found] == [("asks", False), ("tools", True)]


def test_what_a_file_of_an_earlier_version_does_not_say_is_no_difference() -> None:
    later = ("declined", "cache_write_tokens", "fenced", "efforts", "served")
    [trial] = trials("base", did(output={"a": 1}, has_output=True))
    data = trial.to_json()
    data["profile"] = {key: data["profile"][key] for key in data["profile"].keys() - {*later}}
    base = [Trial.from_json(data)]
    now = did(output={"a": 1}, has_output=True, fenced=True, declined="I can't", efforts=("low",),
              served=("claude-opus-5",))  # fmt: skip
    assert differences(base, trials("cand", now)) == ()
    kinds = [each.kind for each in differences(trials("base", did()), trials("cand", now))]
    assert kinds == ["declines", "output", "effort", "served"]
    [difference] = differences(base, trials("cand", did(output={"a": 2}, has_output=True)))
    assert difference.kind == "output"


def test_a_trial_has_a_json_form() -> None:
    trial = Trial(
        "t", "cand", 2, "fail", "it broke", ("m",), "x.yaml", 3,
        (CheckNote("calls_tool", None, "why"),),
        did(WEATHER, parallel=(("a", "b"),)), ("thinking → adaptive",), "a simulator",
    )  # fmt: skip
    assert Trial.from_json(json.loads(json.dumps(trial.to_json()))) == trial


def rows(number: int, **last: Any) -> dict[str, Any]:
    return {"rows": [*({"id": n, "name": "x" * 20} for n in range(number)), last]}


@pytest.mark.fault("G06")
@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (rows(50_000, id=1), "`$.rows[50000].id` 1 instead of 0"),
        (rows(50_001, id=0), "a new `$.rows[50001]` {"),
        ({}, "no `$.rows` (was ["),
        ({"rows": [7] * 9}, "`$.rows[0]` 7 instead of {"),
    ],
    ids=["one value", "one more", "gone", "all"],
)
def test_a_difference_of_megabytes_is_told_in_short(
    new: Any, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepdiff.DeepDiff", None)  # it takes minutes
    (line,) = told([did(("f", rows(50_000, id=0)))], [did(("f", new))])
    assert sentence in line
    assert len(line) < 1_000


VALUES = st.recursive(
    st.integers(0, 2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
)


@given(VALUES, VALUES)
def test_both_ways_to_compare_find_a_difference_where_there_is_one(old: Any, new: Any) -> None:
    from pytest_claude.comparison.difference import _places

    assert bool(list(_places(old, new, ()))) == (old != new)
