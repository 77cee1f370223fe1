"""Pages of the documentation as a reader follows them: files are written, commands typed."""

from __future__ import annotations

import doctest
import fnmatch
import re
import shlex
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from simulator import Persona, calls, says

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(r"^( *)```(\w+)(?: (\S+))?\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LOOKUP = ("lookup_order", {"order_id": "1234"})
_CONFIRMS = says("Could you confirm the order number?")


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """The kind and the text of each block of code.

    The first line of a text names its file; that of data, which has no comments, is on the fence.
    """
    for match in BLOCK.finditer(page.read_text("utf-8")):
        name = f"# {match[3]}\n" if match[3] else ""
        yield match[2], name + textwrap.dedent(match[4])


def careful() -> Persona:
    """The newer model of the tutorial: it asks back where its system prompt does not forbid it."""
    acts = calls(LOOKUP)
    return lambda request, seen: (
        acts if "without asking" in str(request.get("system")) else _CONFIRMS
    )(request, seen)


class Reader(ABC):
    """Does what a page says, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.did: list[str] = []

    @abstractmethod
    def type(self, words: list[str]) -> list[str]:
        """Type a command; what it prints, line by line."""

    def python(self, text: str) -> None:
        if text.startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(text, {}, "docs", None, 0)
            assert doctest.DocTestRunner().run(test).failed == 0
        else:
            self.ini(text)
        self.did.append("python")

    def ini(self, text: str) -> None:
        first, _, rest = text.partition("\n")
        assert first.startswith("# "), f"the first line of a block names its file: {first}"
        path = self._folder / first.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, "utf-8")

    jsonl = ini

    def diff(self, text: str) -> None:
        """Edit a file: each line with a minus is followed by the one that takes its place."""
        first, *lines = text.splitlines()
        path = self._folder / first.removeprefix("# ")
        for old, new in zip(lines[::2], lines[1::2], strict=True):
            assert (old[0], new[0]) == ("-", "+")
            assert path.read_text("utf-8").count(old[1:]) == 1
            path.write_text(path.read_text("utf-8").replace(old[1:], new[1:]), "utf-8")

    def console(self, text: str) -> None:
        """Type commands, and find each line that the page shows in what they print."""
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            typed, _, printed = step.partition("\n")
            lines = self.type(shlex.split(typed, comments=True))
            for line in printed.splitlines():
                shown = fnmatch.filter(lines, line.replace("[", "[[]"))
                assert shown, "\n".join([f"{typed}: no such line: {line}", *lines])
            self.did.append(typed)
