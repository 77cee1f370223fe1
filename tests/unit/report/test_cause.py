"""Why a test is regressed: the first sentence names what the failed trials have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from transcripts import answer, call, run

from pytest_claude.behavior.profile import profile
from pytest_claude.comparison.trial import CheckNote, Trial
from pytest_claude.expect import checks
from pytest_claude.expect.result import Check
from pytest_claude.report.cause import cause
from pytest_claude.transcript.model import Transcript, Usage

LOOKS = call("lookup_order", order_id="1234")
TOTAL = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
Stated = Callable[[Transcript], Check | str | None]
"""What the test asserts: a check that must hold, or the text of a plain assertion that failed."""


def calls_tool(transcript: Transcript) -> Check:
    return checks.calls_tool(transcript, "lookup_order", order_id="1234")


def no_refusal(transcript: Transcript) -> str | None:
    check = checks.refuses(transcript)
    return f"assert not {check!r}" if check.outcome is not False else None


def whole(transcript: Transcript) -> str | None:
    check = checks.is_truncated(transcript)
    return f"assert not {check!r}" if check.outcome is not False else None


def plain(path: str, wanted: Any) -> Stated:
    def stated(transcript: Transcript) -> str | None:
        value = checks.returns_json(transcript).value
        if path not in value:
            return f"KeyError: {path!r}"
        return None if value[path] == wanted else f"assert {value[path]!r} == {wanted!r}"

    return stated


def empty(transcript: Transcript) -> str | None:
    """An assertion whose text says nothing: `assert answer(…)`."""
    return None if transcript.tool_uses else "assert False"


# What it asserts; what the baseline answers; what the candidate does; what the sentence names.
REGRESSIONS: Mapping[str, tuple[Stated, dict[str, Any], dict[str, Any], str]] = {
    "asks": (calls_tool, {"tools": [LOOKS]}, {"text": "Which order do you mean?"},
             'asks "Which order do you mean?" instead of calling `lookup_order`'),
    "asks, plainly": (empty, {"tools": [LOOKS]}, {"text": "Which order do you mean?"},
                      'asks "Which order do you mean?" instead of calling `lookup_order`'),
    "refuses in words": (calls_tool, {"tools": [LOOKS]}, {"text": "I can't help with that."},
                         "I can't help with that."),
    "refuses in words, plainly": (empty, {"tools": [LOOKS]}, {"text": "I can't help with that."},
                                  'refuses in words, "I can\'t help with that." instead of'),
    "refuses in words, stated": (no_refusal, {"text": "It ships today."},
                                 {"text": "I'm sorry, but I can't help with that."}, "refuses"),
    "refuses by stop reason": (calls_tool, {"tools": [LOOKS]},
                               {"text": "", "stop_reason": "refusal"}, "stop reason `refusal`"),
    "refuses by stop reason, plainly": (empty, {"tools": [LOOKS]},
                                        {"text": "", "stop_reason": "refusal"},
                                        "stop reason `refusal`"),
    "fence": (lambda t: checks.returns_json(t), {"text": '{"total": 5}'},
              {"text": '```json\n{"total": 5}\n```'}, "in a fence"),
    "fence, plainly": (lambda t: "JSONDecodeError: Expecting value" if "`" in t.answers[-1].text
                       else None, {"text": '{"total": 5}'},
                       {"text": '```json\n{"total": 5}\n```'}, "JSONDecodeError: Expecting value"),
    "fence, and the assertion says nothing": (
        lambda t: "assert False" if "`" in t.answers[-1].text else None, {"text": '{"total": 5}'},
        {"text": '```json\n{"total": 5}\n```'}, "puts its JSON into a fence"),
    "field renamed": (lambda t: checks.returns_json(t, TOTAL), {"text": '{"total": 5}'},
                      {"text": '{"sum": 5}'}, "'total'"),
    "field renamed, plainly": (plain("total", 5), {"text": '{"total": 5}'},
                               {"text": '{"sum": 5}'}, "KeyError: 'total'"),
    "value changed": (plain("gender", "female"), {"text": '{"gender": "female"}'},
                      {"text": '{"gender": "unknown"}'}, "assert 'unknown' == 'female'"),
    "type changed": (lambda t: checks.returns_json(t, TOTAL), {"text": '{"total": 5}'},
                     {"text": '{"total": "5"}'}, "'5'"),
    "tool dropped": (lambda t: checks.calls_tools(t, ["lookup_order", "refund"], order="superset"),
                     {"tools": [LOOKS, call("refund", n=1)]}, {"tools": [LOOKS]}, "refund"),
    "tool dropped for an answer": (calls_tool, {"tools": [LOOKS]}, {"text": "It ships today."},
                                   "It ships today."),
    "argument invented": (calls_tool, {"tools": [LOOKS]},
                          {"tools": [call("lookup_order", order_id="latest")]}, "latest"),
    "argument added": (lambda t: checks.calls_tool(t, "lookup_order", order_id="1234", exact=True),
                       {"tools": [LOOKS]},
                       {"tools": [call("lookup_order", order_id="1234", deep=True)]}, "deep"),
    "cut at max_tokens": (whole, {"text": "It ships today."},
                          {"text": "It ships", "stop_reason": "max_tokens"}, "max_tokens"),
    "JSON cut at max_tokens": (lambda t: checks.returns_json(t), {"text": '{"total": 5}'},
                               {"text": '{"total": ', "stop_reason": "max_tokens"}, "max_tokens"),
    "cache gone": (lambda t: checks.reads_cache(t, min_share=0.5),
                   {"text": "Yes.", "usage": Usage(10, 9, 90, 0, 0)},
                   {"text": "Yes.", "usage": Usage(100, 9, 0, 0, 0)}, "0 of 100 input tokens"),
    "cache gone, and the assertion says nothing": (
        lambda t: None if t.usage.cache_read_tokens else "assert False",
        {"text": "Yes.", "usage": Usage(10, 9, 90, 0, 0)},
        {"text": "Yes.", "usage": Usage(10, 9, 0, 90, 0)}, "reads nothing from the cache"),
    "cache written anew": (lambda t: checks.within(t, cache_write_tokens=0),
                           {"text": "Yes.", "usage": Usage(10, 9, 90, 0, 0)},
                           {"text": "Yes.", "usage": Usage(10, 9, 0, 90, 0)},
                           "tokens written to the cache 90"),
}  # fmt: skip
DECOYS: Mapping[str, dict[str, Any]] = {
    "alone": {},
    # Every answer of the candidate searches the web too, whether its trial passes or not.
    "with a decoy": {"server": [("web_search", {"query": "orders"})]},
}


def made(
    stream: Any, index: int, stated: Stated, *, tools: Any = (), text: str = "", **more: Any
) -> Trial:
    transcript = run(answer(text, *tools, **more))
    result, notes, why = stated(transcript), (), None
    if isinstance(result, Check):
        notes = (CheckNote(result.name, result.outcome, result.reason, observed=result.observed),)
        why = None if result.outcome else f"assert {result!r}"
    elif result is not None:
        why = result
    return Trial(
        "t", stream, index, "pass" if why is None else "fail", why, checks=notes,
        profile=profile(transcript), cassette=f"{stream}.{index}.yaml",
    )  # fmt: skip


@pytest.mark.parametrize("decoy", DECOYS)
@pytest.mark.parametrize("name", REGRESSIONS)
def test_the_first_sentence_names_the_cause(name: str, decoy: str) -> None:
    stated, before, after, names = REGRESSIONS[name]
    more = DECOYS[decoy]
    base = [made("base", n, stated, **before) for n in range(5)]
    # Eight of twelve fail: the decoy is in all twelve.
    cand = [made("cand", n, stated, **(before if n % 3 == 2 else after), **more) for n in range(12)]
    assert [trial.outcome for trial in base] == ["pass"] * 5
    assert [trial.outcome for trial in cand] == ["fail", "fail", "pass"] * 4
    found = cause(base, cand, first_failure=4)
    assert found is not None
    first = found.sentence[: found.sentence.index("8 of 8 failed trials")]
    assert names in first, found.sentence
    assert "web_search" not in found.sentence, "it is in the trials that passed as well"
    assert found.trial.index == 4


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("It ships today.", {}),
        ("I can't help with that.", {}),
        ("I'm sorry, but I won't do that.", {}),
        ("", {"stop_reason": "refusal"}),
        ("Which order do you mean?", {}),
        ('```json\n{"total": 5}\n```', {}),
        ('{"total": 5}', {}),
        ("Yes.", {"usage": Usage(10, 9, 90, 0, 0)}),
    ],
)
def test_the_profile_reads_a_reply_as_the_checks_do(text: str, more: dict[str, Any]) -> None:
    transcript = run(answer(text, **more))
    seen = profile(transcript)
    assert (seen.manner == "refused") is (checks.refuses(transcript).outcome is True)
    assert (seen.question is not None) is (checks.asks_clarifying_question(transcript).outcome)
    whole = checks.returns_json(transcript)
    assert (seen.has_output and not seen.fenced) is whole.outcome
    assert seen.has_output is checks.returns_json(transcript, where="anywhere").outcome
    assert bool(seen.cache_read_tokens) is checks.reads_cache(transcript).outcome


def test_a_sentence_never_claims_a_trial_that_passed() -> None:
    base = [made("base", n, calls_tool, tools=[LOOKS]) for n in range(5)]
    asks = {"text": "Which order do you mean?"}
    cand = [made("cand", n, calls_tool, **(asks if n else {"tools": [LOOKS]})) for n in range(4)]
    found = cause(base, cand)
    assert found is not None
    assert found.sentence == (
        'asks "Which order do you mean?" instead of calling `lookup_order` in 3 of 3 failed trials '
        "and 0 of 1 passed ones"
    )


def test_where_all_fail_all_are_counted() -> None:
    base = [made("base", n, calls_tool, tools=[LOOKS]) for n in range(5)]
    cand = [made("cand", n, calls_tool, text="Which order do you mean?") for n in range(4)]
    found = cause(base, cand)
    assert found is not None
    assert found.sentence.endswith("instead of calling `lookup_order` in 4 of 4 trials")


def test_what_passes_has_no_cause() -> None:
    trials = [made("cand", n, calls_tool, tools=[LOOKS]) for n in range(4)]
    assert cause(trials, trials) is None
