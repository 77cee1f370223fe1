"""Names that a test states, checked against what the requests offered."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pytest_claude.behavior.tools import is_server_tool
from pytest_claude.errors import NotOffered
from pytest_claude.transcript.json_values import mapping
from pytest_claude.transcript.model import Transcript

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

_OFF = "(offered=False switches this check off)"


def check_offered(
    transcript: Transcript, name: str, wanted: Mapping[str, Any], keywords: Iterable[str] = ()
) -> None:
    """Refuse a client tool, or an argument of one, that no request offered.

    A tool that was called may be named, offered or not.

    Args:
        transcript: What was said.
        name: The tool.
        wanted: The arguments that the test names.
        keywords: The check's own keywords: a misspelt one reaches it as an argument of the tool.

    Raises:
        NotOffered: The text names the nearest one.
    """
    offered = transcript.offered
    called = {use.name for use in transcript.tool_uses}
    if name in offered and name not in called and is_server_tool(offered[name]):
        raise NotOffered(
            f"{name!r} is a tool that the API runs itself: ask calls_server_tool({name!r}). {_OFF}"
        )
    _check_name(name, offered, called)
    sent = [tool for answer in transcript.answers for tool in answer.request.tools]
    _check_arguments(name, [t for t in sent if t.get("name") == name], wanted, keywords)


def check_server_tool(transcript: Transcript, name: str) -> None:
    """Refuse a server tool that no request offered.

    Raises:
        NotOffered: The text names the nearest one.
    """
    answers = transcript.answers
    if any(answer.request.body and answer.request.body.get("mcp_servers") for answer in answers):
        return  # the names of their tools are in no request
    called = {use.name for answer in answers for use in answer.server_tool_uses}
    offered = {key: tool for key, tool in transcript.offered.items() if is_server_tool(tool)}
    if any(str(tool.get("type")).startswith("code_execution_") for tool in offered.values()):
        called |= {"bash_code_execution", "text_editor_code_execution"}
    if name in transcript.offered and name not in offered and name not in called:
        raise NotOffered(f"{name!r} is a tool that the app runs: ask calls_tool({name!r}). {_OFF}")
    _check_name(name, offered, called)


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is spelled most like `name`, letter case aside; None when unlike."""
    by_letters = {other.casefold(): other for other in names}
    matches = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return by_letters[matches[0]] if matches else None


def near(name: str, names: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the nearest of `names`, or a full stop."""
    other = nearest(name, names)
    return "." if other is None else f"; did you mean {other!r}?"


def _check_name(name: str, offered: Mapping[str, Any], called: Iterable[str]) -> None:
    if name not in offered and name not in called:
        raise NotOffered(
            f"no request offered a tool {name!r}{near(name, offered)} "
            f"Offered: {', '.join(offered) or 'none'}. {_OFF}"
        )


def _check_arguments(
    name: str, tools: list[Mapping[str, Any]], wanted: Mapping[str, Any], keywords: Iterable[str]
) -> None:
    """Refuse an argument that no version of the tool knows."""
    arguments: dict[str, None] = {}
    for tool in tools:
        schema = mapping(tool.get("input_schema"))
        properties = schema.get("properties")
        if not isinstance(properties, Mapping) or _is_open(schema):
            return
        arguments.update(dict.fromkeys(map(str, properties)))
    for key in wanted if tools else ():
        if key not in arguments:
            raise NotOffered(
                f"the tool {name!r} has no argument {key!r}{near(key, [*arguments, *keywords])} "
                f"Arguments: {', '.join(arguments) or 'none'}. {_OFF}"
            )


def _is_open(schema: Mapping[str, Any]) -> bool:
    """Whether arguments can come from elsewhere than `properties`."""
    if schema.get("additionalProperties", False) is not False:
        return True
    others = ("patternProperties", "allOf", "anyOf", "oneOf", "$ref", "if", "dependentSchemas")
    return any(key in schema for key in others)
