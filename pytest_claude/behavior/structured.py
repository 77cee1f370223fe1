"""JSON in an answer, and where it breaks a schema. The only door to jsonschema."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytest_claude.transcript.model import Answer

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

Where = Literal["answer", "anywhere"]

_FENCE = re.compile(r"^[ \t]*```[\w+-]*[ \t]*\n(.*?)^[ \t]*```[ \t]*$", re.MULTILINE | re.DOTALL)
_MOST_BRACKETS = 2_000  # a text of brackets alone must not take for ever


@dataclass(frozen=True)
class FoundJson:
    """A JSON value in an answer.

    Attributes:
        value: The parsed value.
        place: Where it is, in words: "the text", "a fence", "the call of `final_result`".
        around: Characters of text outside the value.
        before: Those of them that come before it.
    """

    value: Any
    place: str
    around: int = 0
    before: int = 0


@dataclass(frozen=True)
class Violation:
    """One place at which a value breaks its schema.

    Attributes:
        path: JSON path of the value, `$` being the whole.
        message: What is wrong with it.
    """

    path: str
    message: str


def find_json(
    answer: Answer, *, where: Where = "answer", output_tools: Collection[str] = ()
) -> FoundJson | None:
    """The first JSON value of an answer, or None.

    Counts: a text that `json.loads` accepts whole, with what the app began it with (prefill) or
    without, and the input of a call of an output tool, the first if there are several. With
    `where="anywhere"` also fenced blocks, or else objects and arrays in the prose, that parse.
    Numbers and strings alone do not count in prose.
    """
    return next(all_json(answer, where=where, output_tools=output_tools), None)


def all_json(
    answer: Answer, *, where: Where = "answer", output_tools: Collection[str] = ()
) -> Iterator[FoundJson]:
    """Every JSON value of an answer, in the order in which they are looked for.

    Args:
        answer: The answer.
        where: "answer" for the whole answer, "anywhere" for fences and prose too.
        output_tools: Names of the tools whose input is the answer.
    """
    outputs = [use for use in answer.tool_uses if use.name in output_tools]
    if outputs:
        of = f"the first of {len(outputs)} calls" if len(outputs) > 1 else "the call"
        yield FoundJson(outputs[0].input, f"{of} of `{outputs[0].name}`")
        return
    for start in _starts(answer):
        try:
            yield FoundJson(json.loads(answer.text[start:]), "the text")
            return
        except (ValueError, RecursionError):
            continue
    if where == "anywhere":
        yield from _inside(answer.text.strip())


def _starts(answer: Answer) -> list[int]:
    """Where an app may begin to read an answer.

    At its beginning; where the app itself began it (prefill), also at the bracket in that
    beginning, which may be a sentence or a fence, and after it.
    """
    begun = answer.request.prefill
    if not begun or not answer.text.startswith(begun):
        return [0]
    bracket = re.search(r"[{\[]", begun)
    return [0, bracket.start() if bracket else 0, len(begun)]


def violations(value: Any, schema: Mapping[str, Any] | bool) -> list[Violation]:
    """Every place at which `value` breaks `schema`, in the order of the paths.

    The draft is the one that `$schema` names, 2020-12 by default. Nothing is fetched:
    a `$ref` must lead to a place in the schema itself.

    Raises:
        TypeError: `schema` is not a valid JSON Schema; the text says where.
    """
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    cls = _draft(schema)
    try:
        cls.check_schema(dict(schema) if isinstance(schema, Mapping) else schema)
    except jsonschema.SchemaError as error:
        raise TypeError(f"no valid JSON Schema: {error.json_path}: {error.message}") from None
    try:
        # With a registry of our own jsonschema does not fetch references from the network.
        errors = sorted(
            cls(schema, registry=Registry()).iter_errors(value), key=lambda error: error.json_path
        )
    except Unresolvable as error:
        raise TypeError(f"no valid JSON Schema: $ref {error.ref!r} leads nowhere") from None
    return [Violation(error.json_path, error.message) for error in errors]


def json_schema(schema: Any) -> tuple[str, Mapping[str, Any] | bool]:
    """The name and the JSON Schema of what a test passes as schema.

    Accepts a JSON Schema (a mapping, True or False) and a class with `model_json_schema`.

    Raises:
        TypeError: It is something else.
    """
    if isinstance(schema, bool):
        return "the schema", schema
    if isinstance(schema, Mapping):
        return f"schema `{schema['title']}`" if schema.get("title") else "the schema", schema
    if hasattr(schema, "model_json_schema"):
        return f"`{schema.__name__}`", schema.model_json_schema()
    raise TypeError(
        f"schema={schema!r}: a JSON Schema (dict), a pydantic model, a dataclass or a TypedDict"
    )


def _draft(schema: Mapping[str, Any] | bool) -> Any:
    from jsonschema import validators

    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    if named is None:
        return validators.Draft202012Validator
    bare = str(named).rstrip("#").partition("://")[2]
    no_draft: Any = None
    for spelling in (f"http://{bare}#", f"https://{bare}"):  # people mix them up
        draft = validators.validator_for({"$schema": spelling}, default=no_draft)
        if draft is not None:
            return draft
    raise TypeError(f"no valid JSON Schema: $schema {named!r} is no draft that is known")


def _inside(text: str) -> Iterator[FoundJson]:
    fenced = False
    for match in _FENCE.finditer(text):
        try:
            value = json.loads(match[1])
        except (ValueError, RecursionError):
            continue
        fenced = True
        before = match.start() + len(match[0]) - len(match[0].lstrip())
        yield FoundJson(value, "a fence", len(text) - len(match[0].strip()), before)
    if not fenced:
        yield from _in_prose(text)


def _in_prose(text: str) -> Iterator[FoundJson]:
    decoder = json.JSONDecoder()
    after = 0
    for match in _brackets(text):
        if match.start() < after:
            continue
        try:
            value, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        if value:
            after = end
            size = end - match.start()
            yield FoundJson(value, "the prose", len(text) - size, match.start())


def _brackets(text: str) -> Iterator[re.Match[str]]:
    # An object or a list begins so; the test saves trying each bracket of a long formula.
    matches = re.finditer(r"""\{\s*["}]|\[\s*[\[{"\]\d\-tfn]""", text)
    return itertools.islice(matches, _MOST_BRACKETS)
