"""What a view shows: replies, parts of the run, calls, times, costs, errors."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest
from transcripts import answer, call, failed, run, talk, timed

from pytest_claude.errors import NoEvidence, NotOffered
from pytest_claude.expect import checks
from pytest_claude.expect.methods import CheckMethods
from pytest_claude.expect.reading import Reading
from pytest_claude.expect.result import Check
from pytest_claude.expect.view import Reply, View
from pytest_claude.models.ids import ModelNames
from pytest_claude.transcript.model import Transcript, Usage


class Fixed(View):
    """A view of a given transcript that keeps its checks, as the fixture does."""

    def __init__(self, transcript: Transcript, reading: Reading | None = None) -> None:
        self.transcript = transcript
        self.reading = reading or Reading()
        self.kept: list[Check] = []

    def _transcript(self) -> Transcript:
        return self.transcript

    def _reading(self) -> Reading:
        return self.reading

    def _keep(self, check: Any) -> Any:
        self.kept.append(check)
        return check


PLANNER = {"model": "claude-opus-4-5-20251101", "system": "You are the planner.", "tools": []}
TWO_AGENTS = run(
    *talk(answer("", call("lookup_order", order_id="1")), answer("It ships today.")).answers,
    answer("A plan.", number=3, body=PLANNER),
)


def test_conversations_are_views_of_their_own() -> None:
    view = Fixed(TWO_AGENTS)
    main, planner = view.conversations
    assert [r.text for r in main.replies] == ["", "It ships today."]
    assert main.calls_tool("lookup_order")
    assert planner.calls_no_tool()
    assert planner.reply.text == "A plan."
    assert main.reply.text == "It ships today."
    assert view.reply.text == "A plan.", "the later of two that are not under way at once"
    assert repr(planner) == "<part of claude: 1 reply>"


IN_TURNS = run(
    answer("Which lamp?", number=1), answer("A plan.", number=2, body=PLANNER),
    answer("The red one.", number=3), answer("A new plan.", number=4, body=PLANNER),
)  # fmt: skip


def test_the_last_reply_of_two_apps_in_turns_is_asked_for_by_one_of_them() -> None:
    view = Fixed(IN_TURNS)
    with pytest.raises(LookupError) as raised:
        _ = view.reply
    assert str(raised.value) == (
        "no last reply: conversations[2] and conversations[3] compete for the last reply: no "
        "system prompt (claude-sonnet-4-5, `lookup_order`, `refund`, `web_search`, `bash`, call 3) "
        'and "You are the planner." (claude-opus-4-5-20251101, no tools, call 4); say which is '
        "meant: claude.conversations[i], claude.where(system=…), or the arguments conversation=, "
        "system=, model=, tool= of the marker"
    )
    check = view.asks_clarifying_question()
    assert (check.outcome, [e.interaction for e in check.evidence]) == (None, [3, 4])
    assert view.where(tool_offered="refund").reply.text == "The red one."
    assert view.where(system="planner").reply.text == "A new plan."
    assert view.conversations[0].asks_clarifying_question()
    assert view.calls_no_tool(), "the run is the run"


def test_an_unknown_field_that_may_say_what_goes_on_leaves_the_last_reply_open() -> None:
    first = answer("a", body={"session_id": "s1"})
    assert Fixed(run(first)).stops_with("end_turn")
    view = Fixed(run(first, answer("b", number=2, body={"session_id": "s1"})))
    why = "the request field `session_id`, unknown here, may say which conversation goes on"
    assert view.stops_with("end_turn").reason == why
    with pytest.raises(LookupError, match="may say which conversation"):
        _ = view.reply
    assert view.conversations[1].stops_with("end_turn")


SELECTIONS = [
    ({"model": "claude-opus-4-5"}, 1),
    ({"model": "us.anthropic.claude-opus-4-5-20251101-v1:0"}, 1),
    ({"model": "claude-*"}, 3),
    ({"model": "claude-haiku-4-5"}, 0),
    ({"system": "planner"}, 1),
    ({"system": re.compile("^You are")}, 1),
    ({"system": "nobody"}, 0),
    ({"tool_offered": "lookup_order"}, 2),
    ({"tool_offered": "lookup_order", "model": "claude-opus-4-5"}, 0),
]


@pytest.mark.parametrize(("selection", "number"), SELECTIONS, ids=str)
def test_where_selects_calls(selection: dict[str, Any], number: int) -> None:
    assert len(Fixed(TWO_AGENTS).where(**selection).replies) == number


NOTHING = [
    ({"model": "claude-haiku-4-5"},
     "no call fits where(model='claude-haiku-4-5'); asked were claude-sonnet-4-5, "
     "claude-opus-4-5-20251101"),
    ({"tool_offered": "lookup_ordr"},
     "no call fits where(tool_offered='lookup_ordr'); offered were `lookup_order`, `refund`, "
     "`web_search`, `bash`; did you mean 'lookup_order'?"),
    ({"system": "nobody"}, "no call fits where(system='nobody')"),
]  # fmt: skip


@pytest.mark.parametrize(("selection", "reason"), NOTHING, ids=["model", "tool", "system"])
def test_a_selection_of_nothing_is_no_evidence(selection: dict[str, Any], reason: str) -> None:
    part = Fixed(TWO_AGENTS).where(**selection)
    check = part.calls_no_tool()
    assert check.reason == reason
    with pytest.raises(NoEvidence):
        assert not check
    with pytest.raises(LookupError, match=r"no reply: no call fits"):
        _ = part.reply


def test_a_selection_needs_something_to_select_by() -> None:
    with pytest.raises(TypeError, match=r"where\(\) needs model=, system= or tool_offered="):
        Fixed(TWO_AGENTS).where()


def test_a_part_looks_anew_each_time() -> None:
    view = Fixed(run())
    part = view.where(model="claude-*")
    assert part.calls_no_tool().reason == "no call to a model was made"
    view.transcript = TWO_AGENTS
    assert len(part.replies) == 3
    assert part.where(system="planner").calls_no_tool()


def test_checks_on_parts_are_kept_and_those_on_one_reply_are_not() -> None:
    view = Fixed(TWO_AGENTS)
    view.calls_no_tool()
    view.conversations[0].stops_with("end_turn")
    view.where(model="claude-*").thinks()
    view.reply.calls_no_tool()
    view.conversations[0].reply.calls_no_tool()
    assert [check.name for check in view.kept] == ["calls_no_tool", "stops_with", "thinks"]


def test_every_check_is_a_method_with_the_docstring_of_its_function() -> None:
    never = {"StopReason", "gap", "gap_of_reply"}
    methods = {name for name in vars(CheckMethods) if not name.startswith("_")}
    assert methods == set(checks.__all__) - never
    for name in methods:
        method = getattr(CheckMethods, name)
        assert method.__doc__.startswith("Whether "), name


def test_a_method_has_the_parameters_of_its_function() -> None:
    taken_from_the_view = {
        "transcript", "output_tools", "asking_tools", "pricing", "canonical", "settle"
    }  # fmt: skip
    for name in {name for name in vars(CheckMethods) if not name.startswith("_")}:
        method = inspect.signature(getattr(CheckMethods, name)).parameters
        function = inspect.signature(getattr(checks, name)).parameters
        own = [each for key, each in function.items() if key not in taken_from_the_view]
        assert list(method) == ["self", *(each.name for each in own)], name
        assert [p for p in method.values() if p.name != "self"] == own, name


def test_the_fixture_s_docstring_lists_every_check() -> None:
    from pytest_claude.plugin.claude_fixture import ClaudeFixture
    from pytest_claude.plugin.fixtures import claude

    text = claude.__doc__ or ""
    listed = set(re.findall(r"^ *(\w+): Whether ", text, re.MULTILINE))
    methods = {name for name in vars(CheckMethods) if not name.startswith("_")}
    assert listed == methods | {"judge", "behaves_as_recorded"}
    said = set(re.findall(r"\w+", text.partition("What was said:")[2]))
    properties = {n for n, v in vars(View).items() if isinstance(v, property)}
    assert properties <= said
    assert hasattr(ClaudeFixture, "judge")


def test_tools_that_answer_and_tools_that_ask() -> None:
    asked = run(answer("", call("ask_user", questions=[{"question": "Which order?"}])))
    plain = Fixed(asked)
    assert not plain.asks_clarifying_question()
    assert not plain.calls_no_tool()
    told = Fixed(asked, Reading(asking_tools=("ask_*",)))
    check = told.asks_clarifying_question()
    assert check
    assert (check.kind, check.sentence) == ("clarifying_question", "Which order?")
    assert told.calls_no_tool()
    assert told.calls_tool("ask_user")
    assert told.reply.asks_clarifying_question()
    final = run(answer("", call("respond", total=1)))
    assert Fixed(final, Reading(output_tools=("resp*",))).returns_json().value == {"total": 1}


def test_server_tools_have_a_list_of_their_own() -> None:
    content = ({"type": "web_search_tool_result", "tool_use_id": "s10", "content": ["found"]},)
    view = Fixed(run(answer("x", server=[call("web_search", query="q")], content=content)))
    (search,) = view.server_tool_calls
    assert (search.name, search.input, search.result) == (
        "web_search", {"query": "q"}, ["found"],
    )  # fmt: skip
    assert view.tool_calls == ()


def test_errors_are_told_with_what_the_api_said() -> None:
    view = Fixed(run(failed(1, 529, "Overloaded"), answer("x", number=2)))
    (error,) = view.errors
    assert (error.status, error.type, error.message) == (529, "api_error", "Overloaded")
    assert (error.model, error.interaction) == ("claude-sonnet-4-5", 1)
    assert len(view.replies) == 1
    assert Fixed(run()).errors == ()


@pytest.mark.parametrize(
    ("transcript", "silent"),
    [
        (run(), True),
        (run(answer("x")), False),
        (run(failed()), False),
        (run(pending=1), False),
        (Transcript(others=1), False),
    ],
    ids=["nothing", "a call", "a failed call", "a call in flight", "a batch"],
)
def test_silence_is_known(transcript: Transcript, silent: bool) -> None:
    assert bool(Fixed(transcript).makes_no_call()) is silent


def test_costs() -> None:
    cached = Usage(0, 0, cache_read_tokens=100_000)
    view = Fixed(run(answer("x", usage=cached)))
    assert view.cost_usd == pytest.approx(0.03)
    assert view.uncached_cost_usd == pytest.approx(0.30)
    assert view.reply.cost_usd == view.cost_usd
    assert Fixed(run(answer("x", usage=Usage()))).cost_usd is None
    assert Fixed(run(answer("x", ended="cut"))).cost_usd is None
    assert Fixed(run(answer("x", body={"model": "claude-next-1"}))).cost_usd is None
    assert Fixed(run()).cost_usd is None


def test_times_are_those_of_all_calls_one_after_the_other() -> None:
    view = Fixed(run(answer("x", timing=timed(2.0)), answer("y", number=2, stream=True,
                                                            timing=timed(3.0, 0.5))))  # fmt: skip
    timing = view.timing
    assert timing is not None
    assert (timing.total_s, timing.first_token_s, timing.first_byte_s) == (5.0, 0.5, 2.0)
    assert timing.output_tokens_per_s == 8.0
    assert view.reply.timing is not None
    assert view.replies[1].timing.total_s == 3.0  # type: ignore[union-attr]
    assert Fixed(run(answer("x", timing=timed(2.0)), answer("y", number=2))).timing is None


LIMITS: list[tuple[Transcript, dict[str, Any], bool | None]] = [
    (run(answer("x")), {"output_tokens": 20}, True),
    (run(answer("x")), {"output_tokens": 19}, False),
    (run(answer("x"), answer("y", number=2)), {"output_tokens": 30}, False),
    (run(answer("x", usage=Usage()), answer("y", number=2)), {"output_tokens": 30}, None),
    (run(answer("x", usage=Usage()), answer("y", number=2)), {"output_tokens": 19}, False),
    (run(answer("x", ended="cut"), answer("y", number=2)), {"output_tokens": 50}, None),
    (run(failed(), answer("y", number=2)), {"output_tokens": 20}, True),
    (run(answer("x")), {"thinking_tokens": 0}, True),
    (run(answer("x", blocks=("thinking", "text"))), {"thinking_tokens": 9}, None),
    (run(answer("x", usage=Usage(1, 9, thinking_tokens=5))), {"thinking_tokens": 4}, False),
    (run(answer("x", usage=Usage(9, 9, 0, 30, 12))), {"cache_write_tokens": 42}, True),
    (run(answer("x", usage=Usage(9, 9, 0, 30, 12))), {"cache_write_tokens": 41}, False),
    (run(answer("x", usage=Usage(9, 9, 0, 0, None))), {"cache_write_tokens": 0}, True),
    (run(answer("x")), {"cache_write_tokens": 0}, None),
    (run(answer("x")), {"total_s": 5}, None),
    (run(answer("x", timing=timed(5.0))), {"total_s": 5}, True),
    (run(answer("x", timing=timed(5.1))), {"total_s": 5}, False),
    (run(answer("x", timing=timed(6)), answer("y", number=2)), {"total_s": 5}, False),
    (run(answer("x", timing=timed(4)), answer("y", number=2)), {"total_s": 5}, None),
    (run(answer("x", timing=timed(4))), {"time_to_first_token_s": 5}, None),
    (run(answer("x", timing=timed(4, 1), stream=True)), {"time_to_first_token_s": 1}, True),
    (run(answer("x", stream=True), answer("y", number=2, stream=True, timing=timed(4, 1))),
     {"time_to_first_token_s": 1}, None),
    (run(answer("x")), {"cost_usd": 0.01}, True),
    (run(answer("x")), {"cost_usd": 0.0001}, False),
    (run(answer("x")), {"cost_usd": 1, "output_tokens": 1}, False),
    (run(answer("x")), {"cost_usd": 1, "total_s": 1}, None),
    (run(answer("x"), answer("y", number=2, usage=Usage())), {"cost_usd": 0.0001}, False),
    (run(answer("x"), answer("y", number=2, usage=Usage())), {"cost_usd": 1}, None),
]  # fmt: skip


@pytest.mark.parametrize(("transcript", "limits", "held"), LIMITS, ids=range(len(LIMITS)))
def test_limits(transcript: Transcript, limits: dict[str, Any], held: bool | None) -> None:
    check = Fixed(transcript).within(**limits)
    assert check.outcome is held, check.observed
    assert set(check.facts) == set(limits)


CACHED = answer("x", usage=Usage(10, 20, 60, 30, 0))
SHARES: list[tuple[Transcript, float, bool | None]] = [
    (run(CACHED), 0.0, True),
    (run(CACHED), 0.6, True),
    (run(CACHED), 0.61, False),
    # Over the run: 60 of 200 tokens. An answer that states no count of the cache used none.
    (run(CACHED, answer("y", number=2)), 0.3, True),
    (run(CACHED, answer("y", number=2)), 0.31, False),
    (run(answer("x", usage=Usage(100, 20, 0, 0, 0))), 0.0, False),
    (run(answer("x")), 0.0, False),
    (run(answer("x", usage=Usage())), 0.0, None),
    (run(CACHED, failed(number=2), answer("y", number=3)), 0.3, True),
    (run(), 0.0, None),
]


@pytest.mark.parametrize(("transcript", "share", "held"), SHARES, ids=range(len(SHARES)))
def test_a_share_of_the_input_is_read_from_the_cache(
    transcript: Transcript, share: float, held: bool | None
) -> None:
    check = Fixed(transcript).reads_cache(min_share=share)
    assert check.outcome is held, check.observed


@pytest.mark.parametrize("share", [-0.1, 1.1, "0.5", True, float("nan")])
def test_a_share_is_a_number_from_0_to_1(share: Any) -> None:
    with pytest.raises(TypeError, match=r"min_share=.*: a number from 0 to 1"):
        Fixed(run()).reads_cache(min_share=share)


HAIKU = {"model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}
TWO_MODELS = run(answer("x", body=HAIKU), answer("y", number=2), answer("z", number=3))
ASKED_MODELS: list[tuple[Transcript, str, int | None, bool | None]] = [
    (TWO_MODELS, "claude-haiku-4-5", None, True),
    (TWO_MODELS, "claude-haiku-4-5", 1, True),
    (TWO_MODELS, "claude-haiku-4-5", 2, False),
    (TWO_MODELS, "claude-sonnet-4-5-20250929", 2, True),
    (TWO_MODELS, "anthropic.claude-sonnet-4-5-20250929-v1:0", None, True),
    (TWO_MODELS, "claude-opus-4-5", None, False),
    (TWO_MODELS, "claude-opus-4-5", 0, True),
    (run(), "claude-opus-4-5", None, None),
    (run(answer("x"), pending=1), "claude-sonnet-4-5", None, True),
    (run(answer("x"), pending=1), "claude-sonnet-4-5", 1, None),
    (run(answer("x"), pending=1), "claude-opus-4-5", None, None),
]


@pytest.mark.parametrize(
    ("transcript", "model", "times", "held"), ASKED_MODELS, ids=range(len(ASKED_MODELS))
)
def test_which_models_are_asked(
    transcript: Transcript, model: str, times: int | None, held: bool | None
) -> None:
    check = Fixed(transcript).calls_model(model, times=times)
    assert check.outcome is held, check.observed


def test_a_model_that_nobody_knows_is_no_check() -> None:
    with pytest.raises(NotOffered, match="'claude-haiku-4-6': no such model is known; the app as"):
        Fixed(TWO_MODELS).calls_model("claude-haiku-4-6")
    names = ModelNames({"our-model": "claude-opus-4-5"})
    assert Fixed(TWO_MODELS, Reading(names=names)).calls_model("our-model").outcome is False


WRONG_LIMITS: list[tuple[dict[str, Any], str]] = [
    ({}, r"within\(\) needs a limit: cost_usd, output_tokens, thinking_tokens, "),
    ({"cost_usd": -1}, "cost_usd=-1: a number, 0 or more"),
    ({"total_s": True}, "total_s=True: a number, 0 or more"),
    ({"output_tokens": "9"}, "output_tokens='9': a number, 0 or more"),
    ({"cost_usd": float("nan")}, "cost_usd=nan: a number"),
]


@pytest.mark.parametrize(("limits", "text"), WRONG_LIMITS, ids=str)
def test_wrong_limits(limits: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        Fixed(run()).within(**limits)


def test_prices_of_the_user_s_own_are_taken() -> None:
    class Dear:
        usd = uncached_usd = 5.0
        unpriced = ()

    view = Fixed(run(answer("x")), Reading(pricing=lambda answers: Dear()))
    assert view.cost_usd == 5.0
    assert not view.within(cost_usd=4)
    assert isinstance(view.reply, Reply)
    assert view.reply.cost_usd == 5.0


def _each(transcript: Transcript) -> Iterator[View]:
    yield Fixed(transcript)
    yield from Fixed(transcript).conversations
    yield from Fixed(transcript).replies


def test_every_view_has_every_check() -> None:
    for view in _each(TWO_AGENTS):
        for name in ("calls_no_tool", "thinks", "refuses", "returns_json", "is_truncated"):
            assert getattr(view, name)().outcome is not None, (view, name)


LISTED = {
    "replies": "there are 3, replies[0] to replies[2]",
    "conversations": "there are 2, conversations[0] to conversations[1]",
    "tool_calls": "there is 1, tool_calls[0]",
    "server_tool_calls": "there is none",
    "errors": "there is none",
}


@pytest.mark.parametrize(("name", "known"), LISTED.items(), ids=LISTED)
def test_an_index_too_far_is_told_how_many_there_are(name: str, known: str) -> None:
    view = Fixed(TWO_AGENTS)
    listed = getattr(view, name)
    assert listed[:1] + listed[1:] == tuple(listed), "a tuple in every other respect"
    for other in (listed, copy.copy(listed)):
        with pytest.raises(IndexError) as raised:
            other[5]
        assert str(raised.value) == f"no {name}[5]: {known}"
    with pytest.raises(IndexError, match=r"no tool_calls\[0\]: there is none"):
        view.replies[-1].tool_calls[0]
