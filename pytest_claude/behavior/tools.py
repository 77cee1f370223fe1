"""Which tools act, which are the answer, which ask; and calls that are not made as calls."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pytest_claude.transcript.json_values import mapping, string
from pytest_claude.transcript.model import Answer, ToolUse, Transcript

DEFAULT_OUTPUT_TOOLS: tuple[str, ...] = ("final_result*",)
"""pydantic-ai's name for the tool whose input is the answer."""

_SERVER_TOOLS = ("web_search_", "web_fetch_", "code_execution_", "tool_search_tool_")
_LONGEST_SNIPPET = 80


@dataclass(frozen=True)
class Roles:
    """What the tools of a transcript are for.

    Attributes:
        outputs: Tools whose input is the answer: their calls are no actions.
        asking: Tools whose call is a question to the user.
    """

    outputs: frozenset[str] = frozenset()
    asking: frozenset[str] = frozenset()

    def acts(self, use: ToolUse) -> bool:
        """Whether a call does something in the world."""
        return use.name not in self.outputs and use.name not in self.asking


def roles(
    transcript: Transcript,
    output_tools: Collection[str] = DEFAULT_OUTPUT_TOOLS,
    asking_tools: Collection[str] = (),
) -> Roles:
    """The roles of all tools that were offered or called.

    Args:
        transcript: What was said.
        output_tools: Globs of names. A tool that a request forced by `tool_choice` is one too.
        asking_tools: Globs of names; they go before the output tools.
    """
    names = {*transcript.offered, *(use.name for use in transcript.tool_uses)}
    asking = frozenset(name for name in names if _matches(name, asking_tools))
    forced = {name for answer in transcript.answers if (name := forced_tool(answer)) is not None}
    outputs = forced | {name for name in names if _matches(name, output_tools)}
    return Roles(frozenset(outputs) - asking, asking)


def forced_tool(answer: Answer) -> str | None:
    """The one tool that the request made the model call, or None."""
    choice = mapping(answer.request.tool_choice)
    return string(choice.get("name")) if choice.get("type") == "tool" else None


def is_server_tool(tool: Mapping[str, Any]) -> bool:
    """Whether the API runs an offered tool itself."""
    return str(tool.get("type", "")).startswith(_SERVER_TOOLS)


def question_in(use: ToolUse) -> str | None:
    """The question that a call of an asking tool puts, or None when it holds no text.

    The first text called `question`, else the first that ends in a question mark, else the first.
    """
    texts = [(key, text) for key, text in texts_in(use.input) if text.strip()]
    named = [text for key, text in texts if key == "question"]
    marked = [text for _, text in texts if text.rstrip().endswith(("?", "？", "؟"))]
    return next(iter([*named, *marked, *(text for _, text in texts)]), None)


def texts_in(value: Any) -> Iterator[tuple[str, str]]:
    """The texts in a JSON value, in order, each with the key beside or above it."""
    # A stack: a value may be nested more deeply than Python can recurse.
    rest: list[tuple[str, Any]] = [("", value)]
    while rest:
        key, inner = rest.pop()
        if isinstance(inner, str):
            yield key, inner
        elif isinstance(inner, Mapping):
            rest.extend((str(name), each) for name, each in reversed([*inner.items()]))
        elif isinstance(inner, list | tuple):
            rest.extend((key, each) for each in reversed(inner))


def same_spelling(left: str, right: str) -> bool:
    """Whether two names differ in letter case, hyphens and underscores at most.

    >>> same_spelling("lookup_order", "Lookup-Order")
    True
    """
    return _letters(left) == _letters(right)


def written_call(text: str, names: Iterable[str]) -> str | None:
    """The place at which a text writes a call of one of the tools, or None.

    Counts: `<invoke name="x">` and its kin, JSON whose `name`, `tool` or `function` is the tool,
    and `x(` at the beginning of a line or of inline code. Does not count: the bare name.
    """
    tools = "|".join(re.escape(name) for name in names)
    if not tools or not text:
        return None
    match = re.search(_WRITTEN.replace("NAME", tools), text, re.IGNORECASE | re.MULTILINE)
    if match is None:
        return None
    return text[match.start() :][:_LONGEST_SNIPPET].strip().strip("`").strip()


_WRITTEN = (
    r"""<(?:invoke|tool_call|tool|function)\s*(?:=|name\s*=|\s)\s*["']?(?:NAME)\b"""
    r"""|<(?:tool_name|function_name|name)>\s*(?:NAME)\s*<"""
    r"""|["'](?:name|tool|tool_name|function)["']\s*:\s*["'](?:NAME)["']"""
    r"""|(?:^[ \t>*-]*|`)(?:await |print\()?(?:NAME)\("""
)


def _matches(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)


def _letters(name: str) -> str:
    return re.sub(r"[-_\s.]", "", name).casefold()
