"""A slip in a test is told with what is right."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from transcripts import answer, call, run

from pytest_claude.errors import NoEvidence, NotOffered
from pytest_claude.expect.result import Check, ClarificationCheck, JsonCheck
from pytest_claude.expect.view import View
from pytest_claude.transcript.model import Transcript


class Seen(View):
    """A view of one transcript."""

    def _transcript(self) -> Transcript:
        return run(answer("Done.", call("lookup_order", order_id="1")))

    @property
    def broken(self) -> Any:
        return [].missing  # type: ignore[attr-defined]  # on purpose


CALLS_TOOL = """
  calls_tool(name, arguments=None, /, *, times=None, exact=False,
    offered=True, **more)"""
WITHIN = """
  within(*, cost_usd=None, output_tokens=None, thinking_tokens=None,
    cache_write_tokens=None, time_to_first_token_s=None, total_s=None)"""
IN_PARALLEL = "\n  calls_in_parallel(first, second, /, *more, offered=True)"

NAMES = {
    "call_tool": f"no check or property 'call_tool'; did you mean 'calls_tool'?{CALLS_TOOL}",
    "cost": "no check or property 'cost'; did you mean 'cost_usd'?",
    "qqq": "no check or property 'qqq'.",
    "text": "no 'text' here; a reply has it: .reply.text",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_name_tells_the_nearest(name: str) -> None:
    with pytest.raises(AttributeError) as told:
        getattr(Seen(), name)
    assert str(told.value) == NAMES[name]
    assert not hasattr(Seen(), name)


def test_a_reply_has_no_reply_text_to_send_the_user_to() -> None:
    with pytest.raises(AttributeError) as told:
        _ = Seen().reply.content  # type: ignore[attr-defined]  # on purpose
    assert str(told.value) == "no check or property 'content'."


CALLS: dict[str, tuple[Callable[[View], object], str]] = {
    "a misspelt argument": (
        lambda view: view.within(cost=1),  # type: ignore[call-arg]
        f"within: got an unexpected keyword argument 'cost'; did you mean 'cost_usd'?{WITHIN}",
    ),
    "too few": (
        lambda view: view.calls_in_parallel("lookup_order"),  # type: ignore[call-arg]
        f"calls_in_parallel: missing a required argument: 'second'.{IN_PARALLEL}",
    ),
    "too many": (
        lambda view: view.thinks(1),  # type: ignore[call-arg]
        "thinks: too many positional arguments.\n  thinks()",
    ),
    "no call": (
        lambda view: not view.refuses,
        "refuses was not called: it needs its parentheses\n  refuses()",
    ),
    "a wrong value": (
        lambda view: view.calls_tool("lookup_order", times="1"),  # type: ignore[arg-type]
        "times='1': a whole number, 0 or more; None for once or more",
    ),
}


@pytest.mark.parametrize("slip", CALLS)
def test_a_wrong_call_tells_how_it_is_right(slip: str) -> None:
    wrong, text = CALLS[slip]
    with pytest.raises(TypeError) as told:
        wrong(Seen())
    # Newer Pythons say "a required positional-only argument".
    assert str(told.value).replace("positional-only ", "") == text


def test_what_a_check_raises_is_not_taken_for_a_slip() -> None:
    with pytest.raises(NotOffered):
        Seen().calls_tool("lookup_oder")
    with pytest.raises(AttributeError, match="'list' object has no attribute 'missing'"):
        _ = Seen().broken


def test_a_method_stays_a_method() -> None:
    view = Seen()
    assert callable(view.refuses)
    assert view.refuses == view.refuses
    assert view.refuses != view.thinks
    assert len({view.refuses, view.refuses, view.thinks}) == 2
    assert repr(view.refuses) == "refuses"
    assert inspect.signature(view.refuses) == inspect.signature(lambda: None).replace(
        return_annotation="RefusalCheck"
    )
    assert inspect.getdoc(view.refuses) == inspect.getdoc(View.refuses)
    assert inspect.isfunction(View.refuses)


def test_a_view_can_be_copied_and_pickled() -> None:
    view = Seen()
    for other in (copy.copy(view), copy.deepcopy(view), pickle.loads(pickle.dumps(view))):
        assert other.calls_tool("lookup_order")
    assert pickle.loads(pickle.dumps(view.calls_tool))("lookup_order")
    assert not hasattr(view, "__array__")
    assert not hasattr(view, "_repr_html_")


def test_a_document_where_none_was_sent() -> None:
    with pytest.raises(NotOffered) as told:
        Seen().cites("Terms")
    assert str(told.value) == 'no request offered a document "Terms". Offered: none.'


@pytest.mark.parametrize("truth", [True, False])
def test_a_check_compares_to_a_truth_as_one(truth: bool) -> None:
    for outcome in (True, False):
        check = Check("refuses", outcome, "a refusal", "a refusal", "refuses")
        compared = [check == truth, truth == check, check != truth]
        assert compared == [outcome is truth, outcome is truth, outcome is not truth]
    unknown = Check("refuses", None, "a refusal", "no call", "no call to a model was made")
    with pytest.raises(NoEvidence, match="no call to a model was made"):
        assert unknown == truth
    with pytest.raises(NoEvidence):
        assert unknown != truth


@pytest.mark.parametrize("kind", [Check, ClarificationCheck, JsonCheck])
def test_checks_are_equal_when_they_tell_the_same(kind: type[Check]) -> None:
    facts = ("refuses", True, "a refusal", "a refusal", "refuses")
    one = kind(*facts)
    assert one == kind(*facts)
    assert hash(one) == hash(kind(*facts))
    assert one != kind(*facts[:-1], "asks")
    assert one != facts
    assert one != 1
    assert (one == Check(*facts)) is (kind is Check)
    if kind is ClarificationCheck:
        assert one != ClarificationCheck(*facts, certain=False)


def test_an_argument_of_a_tool_may_be_called_self() -> None:
    assert not Seen().calls_tool("lookup_order", self="1", offered=False)
