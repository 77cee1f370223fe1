"""What happened travels as data: no text is taken apart to find it out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest_claude

PACKAGE = Path(pytest_claude.__file__).parent
ROOMS = ("gating", "run", "report", "plugin")
TAKING_APART = {
    "split", "rsplit", "splitlines", "partition", "rpartition", "startswith", "endswith",
    "removeprefix", "removesuffix", "match", "search", "fullmatch", "findall", "finditer",
}  # fmt: skip
TEXTS = {
    "cause",
    "detail",
    "headline",
    "line",
    "message",
    "said",
    "sentence",
    "text",
    "title",
    "told",
}

EXCEPTIONS: dict[str, str] = {
    # Node ids: pytest gives them as text.
    "gating/measures.py:ratio": "the function of a parametrized test",
    "report/annotations.py:place": "the file of a test",
    "report/forecast.py:_first_calls": "the file of a test",
    "report/heat.py:families": "the function of a parametrized test",
    "report/cause.py:cause": "a text of an assertion that says nothing",
    "report/row.py:module": "the file of a test",
    "report/row.py:name": "its name below the file",
    # Files of earlier versions say some things in words alone.
    "run/versions.py:_comparison": "the models in the title of a run file",
    "run/versions.py:_left_out": "why a test was left out",
    "run/versions.py:_is_refused": "that the API refused",
    "plugin/options.py:_progress": "the path in what was typed",
    # Options of others.
    "plugin/scale/limits.py:share_limits": "how many workers a spec of xdist is for",
    # Text that is laid out, escaped or broken for a surface.
    "report/html.py:squeezed": "a style sheet",
    "report/html.py:pieces": "names in backquotes",
    "report/html.py:capital": "whether a sentence begins with a name",
    "report/html.py:_broken": "where a long name may break",
    "report/markdown.py:_sentence": "whether a full stop is there",
    "report/markdown.py:sentence": "names in backquotes",
    "report/markdown.py:code": "backquotes in code",
    "report/numbers.py:count": "a decimal that says nothing",
    "report/numbers.py:day": "a date",
    "report/numbers.py:plural": "an English plural",
    "report/models.py:_retires": "a date",
    "report/preflight.py:_amount": "a sign of money",
    "report/preflight.py:_median": "a unit",
    "report/preflight.py:_per_mtok": "a sign of money",
    "report/preflight.py:_refusal": "lines",
    "report/preflight.py:_retirement": "a date",
    "report/preflight.py:speed_lines": "a unit",
    "report/story.py:short_names": "the endings of model ids",
    "report/terminal.py:set_lines": "the id of a case in that of its test",
    "report/terminal.py:rows_text": "what is a command is not broken",
    "report/terminal.py:usage_text": "lines",
    "report/terminal.py:note_lines": "what is a command is not broken",
    "report/terminal.py:command_lines": "what is a marker is broken",
    "report/terminal.py:wrap_place": "where a path may break",
    "report/transcript.py:_harmless": "a line that GitHub would obey",
    "report/transcript.py:_lines": "lines",
    "report/transcript.py:_block": "the API's own names of blocks",
    # Files, options and what other programs print.
    "gating/ledger.py:loads": "lines of a ledger",
    "run/ledger_file.py:loads": "the lines of a merge conflict",
    "run/ledger_file.py:_loads": "the head of a ledger's file",
    "run/typed.py:as_typed": "the file of a test",
    "run/place.py": "the paths of cassettes: it is the one that writes and reads them",
    "plugin/gate/attempts.py:_home": "the folder of a test",
    "plugin/gate/comparison.py:_earlier_run": "the option --claude-baseline",
    "plugin/gate/comparison.py:_of_revision": "the files that pytest was given",
    "plugin/cases.py:__getattr__": "the names that Python itself looks for",
    "plugin/cases.py:_json_lines": "lines",
    "plugin/cases.py:_tags": "the tags in a column",
    "plugin/explain.py:_redacted": "which objects are parts of pytest's tracebacks",
    "plugin/options.py:_check_keys": "names of keys in the ini file",
    "plugin/options.py:check_names": "names of options",
    "plugin/options.py:recorded_of": "the file of a test",
    "plugin/options.py:_refuse_a_moved_root": "the words of PYTEST_ADDOPTS",
    "plugin/markers.py:misspelt": "names of markers in the ini file",
    "plugin/outcome.py:_first_line": "lines of an exception",
    "plugin/gate/preflight.py:_recorded": "the file of a test",
    "plugin/results.py:note_line": "paths in pytest's own reports",
    "plugin/summary.py:print_usage_error": "lines",
    "plugin/summary.py:_shown_to_users": "a report that the program itself reads is hidden",
    "plugin/gate/side_by_side.py:_count": "whole lines of a file that another process writes",
    "plugin/summary.py:dry_run_lines": "the note on programs that tests started",
    "plugin/summary.py:elsewhere": "the file of a test",
    "plugin/summary.py:covers": "places where pytest looks for tests",
}


def taken_apart() -> Iterator[str]:
    """Each function that takes a text apart, as `package/module.py:function`.

    A module that is an exception as a whole is named without a function.
    """
    for room in ROOMS:
        for path in sorted((PACKAGE / room).rglob("*.py")):
            module = path.relative_to(PACKAGE).as_posix()
            for place in _calls(ast.parse(path.read_text("utf-8")), path, ""):
                yield module if module in EXCEPTIONS else place


def _calls(node: ast.AST, path: Path, function: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        name = child.name if isinstance(child, ast.FunctionDef) else function
        if _takes_apart(child):
            yield f"{path.relative_to(PACKAGE).as_posix()}:{name}"
        yield from _calls(child, path, name)


def _takes_apart(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in TAKING_APART
    # `"word" in detail`
    return (
        isinstance(node, ast.Compare)
        and isinstance(node.ops[0], ast.In | ast.NotIn)
        and isinstance(node.left, ast.Constant)
        and _name(node.comparators[0]) in TEXTS
    )


def _name(node: ast.AST) -> str:
    """The last name of an expression, `detail` of `(verdict.detail or "")`."""
    names = [n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(node)
             if isinstance(n, ast.Name | ast.Attribute)]  # fmt: skip
    return names[0] if names else ""


def test_no_text_is_taken_apart_but_where_it_is_said_why() -> None:
    assert sorted(set(taken_apart()) - EXCEPTIONS.keys()) == []


def test_every_exception_is_still_there() -> None:
    assert sorted(EXCEPTIONS.keys() - set(taken_apart())) == []
