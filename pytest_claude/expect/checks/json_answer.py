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
from pytest_claude.expect.checks.evidence import (
    counted,
    last_answer,
    parts,
    quoted_reply,
    unknown_of_reply,
)
from pytest_claude.expect.result import Evidence, JsonCheck
from pytest_claude.transcript.model import Answer, Transcript
from pytest_claude.transcript.quoting import quote

# A misuse is shown in the test that asked, not here.
__tracebackhide__ = True

T = TypeVar("T")
Judge = Callable[[Any], tuple[list[Violation], Any]]

_MOST_VIOLATIONS = 5
_CUT = ("max_tokens", "model_context_window_exceeded")
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

    What counts: a text that `json.loads` accepts whole, structured output included, and the
    input of an output tool. What does not: JSON in a reply that was cut at `max_tokens`, though
    it parse. The check's `.value` is what was parsed, as an instance of the class where a class
    was given; `.raw` is the JSON value as it stands, also where it does not fit.

    Args:
        transcript: What was said.
        schema: A JSON Schema (its draft by `$schema`, 2020-12 by default), a pydantic model, a
            dataclass, a TypedDict or a type made of them; None for any JSON. Types are held
            strictly: a number written as a string is no number.
        where: "answer": the whole answer; "anywhere": also JSON in fences and prose, the first
            that satisfies the schema.
        output_tools: Globs of tools whose input is the answer; one forced by `tool_choice` is
            one too.

    Raises:
        TypeError: `schema` is no schema, or `where` is neither.
    """
    if where not in get_args(Where):
        raise TypeError(f"where={where!r}: 'answer' or 'anywhere'")
    title, judge = read_schema(schema)
    expected = "text that is JSON" + (f" and satisfies {title}" if title else "")
    if (missing := unknown_of_reply("returns_json", transcript, expected)) is not None:
        return JsonCheck(**parts(missing))
    last = last_answer(transcript)
    outputs = roles(transcript, output_tools).outputs
    found = list(all_json(last, where=where, output_tools=outputs))
    if not found:
        return _no_json(transcript, last, expected, where)
    judged = [(one, *judge(one.value)) for one in found]
    one, broken, value = next((each for each in judged if not each[1]), judged[0])
    if last.stop_reason in _CUT:
        return JsonCheck(
            "returns_json", False, expected,
            f"the reply was cut ({last.stop_reason}); what there is parses by chance",
            f"cut at {last.stop_reason}", quoted_reply(transcript), raw=one.value,
        )  # fmt: skip
    place = _place(one)
    if not broken:
        return JsonCheck(
            "returns_json", True, expected, place, f"JSON in {one.place}",
            quoted_reply(transcript), value=value, raw=one.value,
        )  # fmt: skip
    lines = [f"{fault.path}  {fault.message}" for fault in broken[:_MOST_VIOLATIONS]]
    if len(broken) > _MOST_VIOLATIONS:
        lines.append(f"… {len(broken) - _MOST_VIOLATIONS} more")
    places = "1 value breaks" if len(broken) == 1 else f"{len(broken)} values break"
    return JsonCheck(
        "returns_json", False, expected, f"{place}; {places} the schema",
        f"{broken[0].path} {broken[0].message}", (Evidence(last.number, tuple(lines)),),
        raw=one.value,
    )  # fmt: skip


def read_schema(schema: Any) -> tuple[str, Judge]:
    """The name of a schema, and what holds a value against it.

    Raises:
        TypeError: It is no schema.
    """
    if _is_type(schema):
        # Late: a test without classes does not load pydantic.
        from pytest_claude.behavior.typed import validator

        name, judge = validator(schema)
        return f"`{name}`", judge
    title, rules = json_schema(schema)
    if rules is None:
        return title, lambda value: ([], value)
    violations(None, rules)  # a schema that is none is told before there is an answer

    def hold(value: Any) -> tuple[list[Violation], Any]:
        broken = violations(value, rules)
        return broken, None if broken else value

    return title, hold


def _is_type(schema: Any) -> bool:
    if schema is None or isinstance(schema, Mapping | bool | str | int | float):
        return False
    if isinstance(schema, type):
        pydantic_model = hasattr(schema, "__pydantic_validator__")
        return pydantic_model or not hasattr(schema, "model_json_schema")
    return hasattr(schema, "__origin__") or hasattr(schema, "__args__")


def _no_json(transcript: Transcript, last: Answer, expected: str, where: Where) -> JsonCheck[Any]:
    hint, evidence = None, quoted_reply(transcript)
    observed = f"{counted(len(last.text), 'character')} of text that are no JSON"
    if last.tool_uses and not last.text:
        observed = "no text; " + ", ".join(f"calls `{use.name}`" for use in last.tool_uses)
    reason = "no JSON"
    inside = find_json(last, where="anywhere") if where == "answer" else None
    if inside is not None:
        observed = reason = _place(inside)
        hint = 'where="anywhere" accepts JSON inside text; json.loads of the reply fails'
        evidence = (Evidence(last.number, _around(last.text, inside)),)
    elif last.stop_reason in _CUT:
        observed += f"; the reply was cut ({last.stop_reason})"
        reason = f"no JSON, cut at {last.stop_reason}"
    return JsonCheck("returns_json", False, expected, observed, reason, evidence, hint)


def _place(found: FoundJson) -> str:
    if not found.around:
        return f"JSON in {found.place}"
    after = found.around - found.before
    if found.before and after:
        text = f"{counted(found.before, 'character')} of text before and {after:,} after"
    else:
        where = "before" if found.before else "after"
        text = f"{counted(found.around, 'character')} of text {where}"
    return f"JSON in {found.place}, {text} it"


def _around(text: str, found: FoundJson) -> tuple[str, ...]:
    text = text.strip()
    before, rest = text[: found.before].strip(), found.around - found.before
    after = text[len(text) - rest :].strip() if rest else ""
    told = (("before", before), ("after", after))
    return tuple(f"{where}  {quote(part, _SHOWN_AROUND)}" for where, part in told if part)
