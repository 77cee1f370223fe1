"""What the names in a piece of code stand for, as far as the code alone can tell."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable
from functools import cached_property
from types import ModuleType

from pytest_claude.behavior.code_members import (
    Absent,
    Known,
    Later,
    Meaning,
    Unclear,
    attribute,
    entered,
    public_names,
    result,
)

_NAMING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs,
           ast.MatchStar)  # fmt: skip


class Names:
    """The names that code binds to things of one module.

    A name that is bound in two ways, or by anything but an import or one assignment, stands for
    nothing that is known.
    """

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self._bound: dict[str, list[Meaning | Callable[[], Meaning]]] = {}
        self._resolving: set[str] = set()

    def take(self, tree: ast.Module) -> None:
        """Add what a piece of code binds."""
        for node in ast.walk(tree):
            self._take(node)

    def meaning(self, node: ast.expr) -> Meaning:
        """What an expression stands for."""
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Attribute):
            return attribute(self.meaning(node.value), node.attr)
        if isinstance(node, ast.Call):
            return result(self.meaning(node.func))
        if isinstance(node, ast.Await):
            inner = self.meaning(node.value)
            return inner.value if isinstance(inner, Later) else None
        return None

    def imported(self, node: ast.ImportFrom) -> list[tuple[str, Meaning]]:
        """What a `from … import …` brings of the module: local name and meaning."""
        if node.level or not node.module:
            return []
        found: list[tuple[str, Meaning]] = []
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            if whole == self.module.__name__:
                found.append((alias.asname or alias.name, self._itself))
            elif node.module == self.module.__name__ and alias.name != "*":
                found.append((alias.asname or alias.name, attribute(self._itself, alias.name)))
            elif node.module.startswith(f"{self.module.__name__}.") and alias.name != "*":
                inner: Meaning = self._path(node.module)
                found.append((alias.asname or alias.name, attribute(inner, alias.name)))
        return found

    @cached_property
    def _itself(self) -> Known:
        return Known(self.module, self.module.__name__.rpartition(".")[2])

    def _take(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._import(alias)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1:
            self._assign(node.targets[0], node.value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._unknown(target)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._assign(node.target, node.value)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            expression = node.context_expr
            self._bind(node.optional_vars, lambda: entered(self.meaning(expression)))
        elif isinstance(node, _NAMING):
            if node.name is not None:
                self._add(node.name, None)
        elif isinstance(node, ast.arg):
            annotation = node.annotation
            self._add(node.arg, None if annotation is None else lambda: self._made(annotation))
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension | ast.AugAssign):
            self._unknown(node.target)

    def _import(self, alias: ast.alias) -> None:
        own = self.module.__name__
        if alias.asname:
            if alias.name == own or alias.name.startswith(f"{own}."):
                self._add(alias.asname, self._path(alias.name))
            else:
                self._add(alias.asname, None)
            return
        first = alias.name.partition(".")[0]
        if first == own.partition(".")[0]:
            top = sys.modules.get(first)
            meaning = None if top is None else Known(top, first)
            if first == own:
                meaning = self._itself
            self._add(first, meaning)
        else:
            self._add(first, None)

    def _import_from(self, node: ast.ImportFrom) -> None:
        brought = dict(self.imported(node))
        if node.module == self.module.__name__ and any(a.name == "*" for a in node.names):
            for name in getattr(self.module, "__all__", None) or public_names(self.module):
                brought[name] = attribute(self._itself, name)
        for alias in node.names:
            name = alias.asname or alias.name
            if name != "*":
                brought.setdefault(name, None)
        for name, meaning in brought.items():
            self._add(name, meaning)

    def _path(self, dotted: str) -> Meaning:
        meaning: Meaning = self._itself
        for name in dotted.removeprefix(self.module.__name__).split(".")[1:]:
            meaning = attribute(meaning, name)
            if isinstance(meaning, Absent):  # a submodule may not be imported yet
                return Unclear(f"{dotted} is not imported here")
        return meaning

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        self._bind(target, lambda: self.meaning(value))

    def _bind(self, target: ast.expr, meaning: Callable[[], Meaning]) -> None:
        if isinstance(target, ast.Name):
            self._add(target.id, meaning)
        else:
            self._unknown(target)

    def _made(self, annotation: ast.expr) -> Meaning:
        meaning = self.meaning(annotation)
        is_class = isinstance(meaning, Known) and inspect.isclass(meaning.value)
        return result(meaning) if is_class else None

    def _unknown(self, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self._add(node.id, None)

    def _add(self, name: str, meaning: Meaning | Callable[[], Meaning]) -> None:
        known = self._bound.setdefault(name, [])
        # The same import in two blocks is one.
        if not any(_same(meaning, other) for other in known):
            known.append(meaning)

    def _name(self, name: str) -> Meaning:
        if name not in self._bound:
            # A snippet often leaves the import out.
            return self._itself if name == self._itself.name else None
        if name in self._resolving:
            return None
        self._resolving.add(name)
        try:
            found = [m() if callable(m) else m for m in self._bound[name]]
        finally:
            self._resolving.discard(name)
        if all(_same(meaning, found[0]) for meaning in found):
            return found[0]
        return Unclear(f"`{name}` is bound in several ways")


def _same(left: object, right: object) -> bool:
    """Whether two meanings are one; objects of the module by identity, their `==` is any code."""
    if isinstance(left, Known) and isinstance(right, Known):
        return left.value is right.value
    return left is right or (type(left) is type(right) and not callable(left) and left == right)
