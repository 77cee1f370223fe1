"""The checks that other tools have too, as code of a test; `reply` is what was answered."""

from __future__ import annotations

import json
from typing import Any

from pytest_claude.suites.model import Stated


def contains(text: Any, *, ignore_case: bool = False) -> Stated:
    """That the reply holds a text."""
    if ignore_case:
        return Stated("{icontains}.lower() in reply.text.lower()", {"icontains": str(text)})
    return Stated("{contains} in reply.text", {"contains": str(text)})


def contains_several(texts: list[Any], *, how: str, ignore_case: bool = False) -> Stated:
    """That the reply holds all, or any, of several texts; `how` is the function that says so."""
    name = f"{'i' if ignore_case else ''}contains_{how}"
    if ignore_case:
        code = f"{how}(text.lower() in reply.text.lower() for text in {{{name}}})"
    else:
        code = f"{how}(text in reply.text for text in {{{name}}})"
    return Stated(code, {name: [*map(str, texts)]})


def equals(value: Any) -> Stated:
    """That the reply is a text, or JSON of this value."""
    if isinstance(value, str):
        return Stated("reply.text == {equals}", {"equals": value})
    return Stated("claude.returns_json().value == {equals}", {"equals": value})


def is_json(schema: Any = None, *, anywhere: bool = False) -> Stated:
    """That the reply is JSON, or holds some, and satisfies a JSON schema where one is given."""
    given = [] if schema is None else ["{schema}"]
    given += ['where="anywhere"'] if anywhere else []
    values = {} if schema is None else {"schema": schema}
    return Stated(f"claude.returns_json({', '.join(given)})", values)


def within(**limit: float) -> Stated:
    """That the run stays within one limit of `claude.within`."""
    (name,) = limit
    return Stated(f"claude.within({name}={{{name}}})", limit)


def judged(rubric: str) -> Stated:
    """That another model finds that a rubric holds."""
    return Stated("claude.judge({rubric})", {"rubric": rubric})


def agrees(expected: Any, rubric: str = "The reply agrees with this expected answer:") -> Stated:
    """That another model finds that a rubric holds, which is about an expected answer."""
    text = expected if isinstance(expected, str) else json.dumps(expected, default=str)
    return judged(f"{rubric} {text}")


def calls_tool(name: str, arguments: dict[str, Any], *, exact: bool) -> Stated:
    """That a tool was called, with these arguments at least."""
    only = ", exact=True" if exact else ""
    values = {"tool": name, "arguments": arguments}
    return Stated(f"claude.calls_tool({{tool}}, {{arguments}}{only})", values)


def calls_tools(calls: list[Any], order: str) -> Stated:
    """That these tools were called: names, or pairs of name and arguments."""
    return Stated(f'claude.calls_tools({{tools}}, order="{order}")', {"tools": calls})
