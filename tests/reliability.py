"""Which test proves which promise of docs/reliability.md.

    python tests/reliability.py

writes the names of the tests into the page. A test names its promises with the marker `fault`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
_ROW = re.compile(r"^\| ([A-Z]\d\d) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)


def proofs() -> Mapping[str, Sequence[str]]:
    """The tests that are marked for each promise, by its id, as `file.py::test`."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text("utf-8")
        if "mark.fault(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                for promise in _marked(node):
                    found[promise].append(f"{path.name}::{node.name}")
    return found


def rows(page: str) -> dict[str, str]:
    """What the page says of each promise: the last column, by its id."""
    return {match[1]: match[4].strip() for match in _ROW.finditer(page)}


def written(page: str) -> str:
    """The page with the tests that are there now.

    A promise that no test proves keeps what it says: why it can't be tested here.
    """
    by_promise = proofs()

    def row(match: re.Match[str]) -> str:
        tests = ", ".join(f"`{test}`" for test in by_promise.get(match[1], ()))
        return f"| {match[1]} | {match[2]} | {match[3]} | {tests or match[4]} |"

    return _ROW.sub(row, page)


def _marked(node: ast.FunctionDef) -> Iterator[str]:
    """The ids of the marks at a test, and at single cases of it."""
    for decorator in node.decorator_list:
        for call in ast.walk(decorator):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "pytest.mark.fault":
                yield from (ast.literal_eval(argument) for argument in call.args)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
