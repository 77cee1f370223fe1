"""Whether the answer is JSON, and the JSON that was meant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, get_args, overload

from pytest_claude.behavior.structured import (
    FoundJson,
    Violation,
    Where,
    all_json,
    find_json,
    json_schema,
    violations,
)
from pytest_claude.behavior.tools import DEFAULT_OUTPUT_TOOLS, roles
from pytest_claude.expect.checks.answer import CUT
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    most,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.result import Evidence, JsonCheck
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import quote

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

T = TypeVar("T")
Judge = Callable[[Any], tuple[list[Violation], Any]]

_NAME = "returns_json"
_SHOWN_AROUND = 60


@overload
def returns_json(
    transcript: Transcript,
    schema: type[T],
    *,
    where: Where = ...,
    output_tools: Collection[str] = ...,
) -> JsonCheck[T]: ...


@overload
def returns_json(
    transcript: Transcript,
    schema: Any = ...,
    *,
    where: Where = ...,
    output_tools: Collection[str] = ...,
) -> JsonCheck[Any]: ...


def returns_json(
    transcript: Transcript,
    schema: Any = None,
    *,
    where: Where = "answer",
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
) -> JsonCheck[Any]:
    """Whether the last reply is JSON, and satisfies `schema` if one is given.

    What counts: a text that `json.loads` accepts whole, structured output included, with what
    the app began it with (prefill) or without, and the input of an output tool. What does not:
    JSON in a reply that was cut at `max_tokens`, though it parse. The check's `.value` is what
    was parsed, as an instance of the class where a class was given; `.raw` is the JSON value as
    written, also where it does not fit.

    Args:
        schema: A JSON Schema (its draft by `$schema`, 2020-12 by default), a pydantic model, a
            dataclass, a TypedDict or a type made of them; None for any JSON. Types are held
            strictly: a number written as a string does not fit.
        where: "answer": what `json.loads` accepts whole, or the input of the output tool;
            "anywhere": also in fences and prose, the first that satisfies the schema.
        output_tools: Globs of tools whose input is the answer; one forced by `tool_choice` is
            one too. A method takes the project's.

    Raises:
        TypeError: `schema` is not a schema, or `where` is neither.
    """
    if where not in get_args(Where):
        raise TypeError(f"where={where!r}: 'answer' or 'anywhere'")
    title, judge = read_schema(schema)
    expected = "text that is JSON" + (f" and satisfies {title}" if title else "")
    missing: JsonCheck[Any] | None = unknown_of_reply(JsonCheck, _NAME, transcript, expected)
    if missing is not None:
        return missing
    last, evidence = last_answer(transcript), quoted_reply(transcript)
    outputs = roles(transcript, output_tools).outputs
    candidates = list(all_json(last, where=where, output_tools=outputs))
    if not candidates:
        return _no_json(transcript, last, expected, where)
    judged = [(each, *judge(each.value)) for each in candidates]
    best, faults, value = next((each for each in judged if not each[1]), judged[0])
    holds, observed, reason = not faults, _place(best), f"JSON in {best.place}"
    if last.stop_reason in CUT:
        holds = False
        observed = f"the reply was cut ({last.stop_reason}); what there is parses by chance"
        reason = f"cut at {last.stop_reason}"
    elif faults:
        breaks = "1 value breaks" if len(faults) == 1 else f"{len(faults)} values break"
        observed += f"; {breaks} the schema"
        reason = f"{faults[0].path} {faults[0].message}"
        lines = most([f"{fault.path}  {fault.message}" for fault in faults])
        evidence = (Evidence(last.number, tuple(lines)),)
    value = value if holds else None
    return JsonCheck(
        _NAME, holds, expected, observed, reason, evidence, value=value, raw=best.value
    )


def read_schema(schema: Any) -> tuple[str, Judge]:
    """The name of a schema, and what holds a value against it; no name where any JSON will do.

    Raises:
        TypeError: It is not a schema.
    """
    if schema is None:
        return "", lambda value: ([], value)
    if _is_type(schema):
        # Late: a test without classes does not load pydantic.
        from pytest_claude.behavior.typed import validator

        name, judge = validator(schema)
        return f"`{name}`", judge
    title, rules = json_schema(schema)
    violations(None, rules)  # a schema that is not valid is refused before there is an answer

    def judge_value(value: Any) -> tuple[list[Violation], Any]:
        faults = violations(value, rules)
        return faults, None if faults else value

    return title, judge_value


def _is_type(schema: Any) -> bool:
    if isinstance(schema, Mapping | bool | str | int | float):
        return False
    if isinstance(schema, type):
        pydantic_model = hasattr(schema, "__pydantic_validator__")
        return pydantic_model or not hasattr(schema, "model_json_schema")
    return hasattr(schema, "__origin__") or hasattr(schema, "__args__")


def _no_json(transcript: Transcript, last: Answer, expected: str, where: Where) -> JsonCheck[Any]:
    hint, evidence = None, quoted_reply(transcript)
    observed = f"{counted(len(last.text), 'character')} of text that are no JSON"
    reason = "no JSON"
    if last.tool_uses and not last.text:
        observed = "no text; " + ", ".join(f"calls `{use.name}`" for use in last.tool_uses)
    inside = find_json(last, where="anywhere") if where == "answer" else None
    if inside is not None:
        observed = reason = _place(inside)
        hint = 'where="anywhere" accepts JSON inside text; json.loads of the reply fails'
        evidence = (Evidence(last.number, _around(last.text, inside)),)
    elif last.stop_reason in CUT:
        observed += f"; the reply was cut ({last.stop_reason})"
        reason = f"no JSON, cut at {last.stop_reason}"
    elif last.stop_reason not in (None, "end_turn", "tool_use", "stop_sequence"):
        observed += f"; stop reason {last.stop_reason}"
        reason = f"no JSON, stop reason {last.stop_reason}"
    return JsonCheck(_NAME, False, expected, observed, reason, evidence, hint)


def _place(value: FoundJson) -> str:
    if not value.around:
        return f"JSON in {value.place}"
    after = value.around - value.before
    if value.before and after:
        text = f"{counted(value.before, 'character')} of text before and {after:,} after"
    else:
        where = "before" if value.before else "after"
        text = f"{counted(value.around, 'character')} of text {where}"
    return f"JSON in {value.place}, {text} it"


def _around(text: str, value: FoundJson) -> tuple[str, ...]:
    text = text.strip()
    end = len(text) - (value.around - value.before)
    parts = (("before", text[: value.before].strip()), ("after", text[end:].strip()))
    return tuple(f"{where}  {quote(part, _SHOWN_AROUND)}" for where, part in parts if part)
