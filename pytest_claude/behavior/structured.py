"""Is the answer JSON, and does it satisfy a schema? The only door to jsonschema."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pytest_claude.transcript.model import Answer

Where = Literal["answer", "anywhere"]

_FENCE = re.compile(r"^```[\w+-]*[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class FoundJson:
    """A JSON value in an answer.

    Attributes:
        value: The parsed value.
        place: Where it stands, in words: "the text", "a fence", "the call of `final_result`".
        around: Characters of text outside the value.
    """

    value: Any
    place: str
    around: int = 0


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
    """The JSON value of an answer, or None.

    Counts: a text that `json.loads` accepts whole, and the input of the one call of an output
    tool. With `where="anywhere"` also the first fenced block, or else the first object or array
    in the prose, that parses. Numbers and strings alone do not count in prose.
    """
    outputs = [use for use in answer.tool_uses if use.name in output_tools]
    if len(outputs) == 1:
        return FoundJson(outputs[0].input, f"the call of `{outputs[0].name}`")
    text = answer.text.strip()
    try:
        return FoundJson(json.loads(text), "the text")
    except ValueError:
        return _inside(text) if where == "anywhere" else None


def violations(value: Any, schema: Mapping[str, Any]) -> list[Violation]:
    """Every place at which `value` breaks `schema`, in the order of the paths.

    Raises:
        TypeError: `schema` is no valid JSON Schema; the text says where.
    """
    import jsonschema

    cls = jsonschema.validators.validator_for(schema)
    try:
        cls.check_schema(dict(schema))
    except jsonschema.SchemaError as error:
        raise TypeError(f"no valid JSON Schema: {error.json_path}: {error.message}") from None
    errors = sorted(cls(schema).iter_errors(value), key=lambda error: error.json_path)
    return [Violation(error.json_path, error.message) for error in errors]


def json_schema(schema: Any) -> tuple[str, Mapping[str, Any] | None]:
    """The name and the JSON Schema of what a test passes as schema.

    Accepts a JSON Schema as a mapping, a class with `model_json_schema` (a pydantic model), and
    None for no schema.

    Raises:
        TypeError: It is something else.
    """
    if schema is None:
        return "", None
    if isinstance(schema, Mapping):
        return str(schema.get("title", "the schema")), schema
    if callable(build := getattr(schema, "model_json_schema", None)):
        return f"`{schema.__name__}`", build()
    raise TypeError(f"schema={schema!r}: a JSON Schema (dict) or a pydantic model")


def _inside(text: str) -> FoundJson | None:
    for match in _FENCE.finditer(text):
        try:
            value = json.loads(match[1])
        except ValueError:
            continue
        return FoundJson(value, "a fence", len(text) - len(match[0]))
    return _in_prose(text)


def _in_prose(text: str) -> FoundJson | None:
    decoder = json.JSONDecoder()
    for match in re.finditer(r"[{\[]", text):
        try:
            value, end = decoder.raw_decode(text, match.start())
        except ValueError:
            continue
        if value:
            return FoundJson(value, "the prose", len(text) - (end - match.start()))
    return None
