"""The messages of pytest-claude with what to do about each, read from the code that raises them.

    python tests/messages.py

writes them into docs/troubleshooting.md. What is only known while a test runs is `…` there.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from pathlib import Path

from pytest_claude import errors

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"
_PART = re.compile(r"(?<=<!-- messages -->\n).*", re.DOTALL)
OPEN = "…"
MOST = 60  # alternatives of one expression; more is left open
DEEP = 12  # functions and names that are followed

_RESTORE = dict(errors.UnreadableCassette("", "").rows)["to repair"]
# What helps where a message does not say it by itself.
REMEDIES: Mapping[type[Exception], str] = {
    errors.CassetteMiss: "Record the test again, or undo the edit that the message shows.",
    errors.UnreadableCassette: f"{_RESTORE[0].upper()}{_RESTORE[1:]}.",
    errors.UnsavedCassette: "See what the system says about the file, and record again.",
    errors.SpoiledTrial: "Record again: what was answered before is not paid twice.",
    errors.NotSent: "Nothing was paid for it. Do what the message says, and record again.",
    errors.WaitsForBatch: "Nothing to do: the run goes on when the batch has answered.",
    errors.Unrecorded: "Nothing to do: a dry run stops each test there.",
    errors.CallOutsideTrial: "Make the call in a claude test, or say that the test is live.",
    errors.UnknownSDK: "Install a version of the SDK that is supported.",
    errors.RecordingProblem: "Do what the message says, and run the test again.",
    errors.NotOffered: "Write the name that the message offers.",
    TypeError: "Mend the line of the test as the message says.",
    errors.SettingsError: "Type what the message names. pytest ends with exit status 4.",
}
_CLASSES = {each.__name__: each for each in REMEDIES}
_ABOUT = {"TypeError": "A check, a marker or an injected fault that is used in a wrong way."}
# Where a TypeError is for the author of a test, and not one of ours for ourselves.
_OF_TESTS = re.compile(r"plugin/claude_fixture|expect/|recording/faults")


@dataclass(frozen=True)
class Scope:
    """A function that is looked into, and what its arguments are where that is known."""

    function: ast.FunctionDef | None = None
    given: Mapping[str, tuple[ast.expr, Scope]] = field(default_factory=dict)


class Module:
    """One module of the package: what its functions make, and what that says."""

    def __init__(self, path: Path) -> None:
        tree = ast.parse(path.read_text("utf-8"))
        self.functions = {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        self.constants = _assigned(n for n in tree.body if isinstance(n, ast.Assign))
        around: dict[ast.Call, ast.FunctionDef | None] = {
            node: None for node in ast.walk(tree) if isinstance(node, ast.Call)
        }
        for function in self.functions.values():  # the innermost comes last
            around |= {n: function for n in ast.walk(function) if isinstance(n, ast.Call)}
        self.calls = [(_name(call.func), call, inside) for call, inside in around.items()]

    def texts(self, node: ast.expr, scope: Scope, depth: int = 0) -> list[str]:
        """What an expression may say."""
        if depth > DEEP:
            return [OPEN]
        said: Iterable[str] = [OPEN]
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = [node.value]
        elif isinstance(node, ast.JoinedStr):
            said = map("".join, product(*(self.texts(v, scope, depth) for v in node.values)))
        elif isinstance(node, ast.FormattedValue):
            said = self.texts(node.value, scope, depth)
        elif isinstance(node, ast.IfExp):
            said = [t for v in (node.body, node.orelse) for t in self.texts(v, scope, depth)]
            said = [""] if "" in said else said  # what may be absent is left out
        elif isinstance(node, ast.Name):
            said = self._of_name(node.id, scope, depth + 1)
        elif isinstance(node, ast.Call) and (called := self.functions.get(_name(node.func))):
            names = [each.arg for each in called.args.args if each.arg != "self"]
            inner = Scope(
                called, {n: (value, scope) for n, value in zip(names, node.args, strict=False)}
            )
            returned = (n.value for n in ast.walk(called) if isinstance(n, ast.Return) and n.value)
            said = [text for value in returned for text in self.texts(value, inner, depth + 1)]
        known = list(dict.fromkeys(re.sub(rf"{OPEN}[, ]*(?={OPEN})", "", each) for each in said))
        return known if 0 < len(known) <= MOST else [OPEN]

    def _of_name(self, name: str, scope: Scope, depth: int) -> Iterator[str]:
        """What a local variable, an argument or a constant of the module says."""
        inside = scope.function
        values = [(each, scope) for each in _assigned(inside.body if inside else ()).get(name, ())]
        if not values and name in scope.given:
            values = [scope.given[name]]
        elif not values and inside is not None:
            names = [each.arg for each in inside.args.args if each.arg != "self"]
            values = [
                (call.args[names.index(name)], Scope(caller))
                for called, call, caller in self.calls
                if called == inside.name and name in names[: len(call.args)]
            ]
        for value, where in values or [(v, Scope()) for v in self.constants.get(name, ())]:
            yield from self.texts(value, where, depth)

    def remedies(self, call: ast.Call, scope: Scope) -> list[str]:
        """What the rows and arguments of a message say to do."""
        rows = list(_rows(call))
        if not rows and scope.function is not None and len(call.args) > 1:  # made before the call
            called = {_name(n.func) for n in ast.walk(scope.function) if isinstance(n, ast.Call)}
            parts = (scope.function, *(self.functions[n] for n in self.functions if n in called))
            rows = [row for part in parts for row in _rows(part)]
        rows += [(k.arg.replace("_", " "), k.value) for k in call.keywords if k.arg in _BY_NAME]
        said = [f"{label}: {_code(text)}" for label, v in rows for text in self.texts(v, scope)]
        return [each.replace(f"`{OPEN}`", "the line that it prints") for each in said]


_BY_NAME = ("to_accept", "to_repair")


def _name(function: ast.expr) -> str:
    """The last part of a function's name."""
    return str(getattr(function, "id", getattr(function, "attr", "")))


def _rows(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for each in ast.walk(node):
        if isinstance(each, ast.Tuple) and len(each.elts) == 2:
            label, value = each.elts
            if isinstance(label, ast.Constant) and re.match("to |if |on purpose", str(label.value)):
                yield str(label.value), value


def _assigned(body: Iterable[ast.stmt]) -> dict[str, list[ast.expr]]:
    """The expressions that each name is given, in all branches."""
    found: dict[str, list[ast.expr]] = {}
    for node in (n for statement in body for n in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for name, given in (
                zip(target.elts, value.elts, strict=True) if both else [(target, value)]
            ):
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(given)
    return found


@cache
def messages() -> dict[str, dict[str, list[str]]]:
    """By the name of the exception: each message, with what to do."""
    found: dict[str, dict[str, list[str]]] = {each: {} for each in _CLASSES}
    for path in sorted((ROOT / "pytest_claude").rglob("*.py")):
        if "demo" in path.parts or path.name == "errors.py":
            continue
        module = Module(path)
        for called, call, inside in module.calls:
            if called not in found or not call.args:
                continue
            if called == "TypeError" and not _OF_TESTS.search(path.as_posix()):
                continue
            place = 1 if called == "UnreadableCassette" else 0
            for text in module.texts(call.args[place], Scope(inside)):
                first, *more = re.split(r"\n +", text)
                known = found[called].setdefault(first, [])
                said = [
                    *(["; ".join(more).replace(":; ", ": ")] if more else []),
                    *module.remedies(call, Scope(inside)),
                ]
                known += [each for each in said if each not in known]
    return found


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def written(page: str) -> str:
    """The page with the messages of the code that is there now."""
    lines = []
    for name, texts in messages().items():
        doc = inspect.getdoc(_CLASSES[name]) or ""
        about = _ABOUT.get(name, doc.split("\n\n")[0].replace("\n", " "))
        lines += ["", f"## {name}", "", f"{about} {REMEDIES[_CLASSES[name]]}", ""]
        for text, remedies in sorted(texts.items()):
            if re.search(r"[a-z]{3}", text):
                lines += [f"- {_code(text)}", *(f"  - {remedy}" for remedy in remedies)]
    return _PART.sub("\n".join(lines).replace("\\", "\\\\") + "\n", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")
