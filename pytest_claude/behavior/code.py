"""The Python code in a reply: whether it parses, and whether what it uses exists."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass
from types import ModuleType

from pytest_claude.behavior.code_fit import Misfit, check_module
from pytest_claude.behavior.code_names import Names

_FENCE = re.compile(
    r"^(?P<indent>[ \t]*)(?P<mark>```+|~~~+)[ \t]*(?P<tag>[^\s`]*)[^\n]*\n"
    r"(?P<code>.*?)(?:^[ \t]*(?P=mark)[ \t]*$|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PYTHON = {"python", "py", "python3", "py3", "pycon", "ipython"}


@dataclass(frozen=True)
class Block:
    """A piece of code in a reply.

    Attributes:
        number: Its number among the pieces of Python, from 1.
        code: Its text.
        fenced: Whether it is in a fence; else it is the whole reply.
    """

    number: int
    code: str
    fenced: bool = True


@dataclass(frozen=True)
class CodeFindings:
    """The findings on the code in a reply.

    Attributes:
        blocks: Its pieces of Python.
        error: Where and why a piece does not parse; None when all do.
        lines: Lines of code.
        uses: How often the code uses the module.
        misfits: Uses of the module that do not fit it.
        unclear: Uses that can't be judged, each with why.
    """

    blocks: tuple[Block, ...]
    error: str | None = None
    lines: int = 0
    uses: int = 0
    misfits: tuple[Misfit, ...] = ()
    unclear: tuple[str, ...] = ()


def read_code(text: str, against: ModuleType | None = None) -> CodeFindings:
    """The findings on the Python code in a reply; the code is never run.

    Args:
        text: The reply. Looked at are the fenced blocks that are tagged as Python, else those
            without a tag, else the whole text. Prompts (`>>>`) are taken out. Later blocks see the
            names of earlier ones.
        against: The module that its uses are held against; None to ask only whether it parses.
    """
    blocks = python_blocks(text)
    trees: list[tuple[Block, ast.Module]] = []
    for block in blocks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes in the model's code
                trees.append((block, ast.parse(block.code)))
        except SyntaxError as error:
            place = f"code block {block.number}, " if block.fenced else ""
            return CodeFindings(blocks, f"{place}line {error.lineno}: {error.msg}")
        except (ValueError, RecursionError, MemoryError) as error:
            return CodeFindings(blocks, f"code block {block.number}: {error}")
    lines = sum(len(block.code.splitlines()) for block in blocks)
    if against is None:
        return CodeFindings(blocks, None, lines)
    names = Names(against)
    for _, tree in trees:
        names.take(tree)
    try:
        fit = check_module([(block.number, tree) for block, tree in trees], names)
    except RecursionError:
        fit = (0, (), ("the code is nested too deeply",))
    return CodeFindings(blocks, None, lines, *fit)


def python_blocks(text: str) -> tuple[Block, ...]:
    """The pieces of Python in a reply."""
    fences = [(m["tag"].lower().strip("{}."), m["code"]) for m in _FENCE.finditer(text)]
    codes = [code for tag, code in fences if tag in _PYTHON]
    codes = codes or [code for tag, code in fences if not tag]
    if codes:
        return tuple(Block(n, _source(code)) for n, code in enumerate(codes, start=1))
    return () if fences or not text.strip() else (Block(1, text.strip(), fenced=False),)


def _source(code: str) -> str:
    code = textwrap.dedent(code)
    if not code.lstrip().startswith(">>>"):
        return code
    import doctest  # late: it brings the debugger

    try:
        examples = doctest.DocTestParser().get_examples(code)
    except ValueError:
        return code
    return "".join(example.source for example in examples)
