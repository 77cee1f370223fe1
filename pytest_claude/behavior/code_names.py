"""Names: what the names in a piece of code mean, as far as the code alone can tell."""

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
    Meaning,
    Unclear,
    attribute,
    awaited,
    entered,
    public_names,
    result,
)


class Names:
    """The names that code binds to things of one module.

    A name that is bound in two ways, or by anything but an import or one assignment, has no
    meaning that can be relied on.
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
        """The meaning of an expression."""
        match node:
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=value, attr=name):
                return attribute(self.meaning(value), name)
            case ast.Call(func=function):
                return result(self.meaning(function))
            case ast.Await(value=value):
                return awaited(self.meaning(value))
        return None

    def imported(self, node: ast.ImportFrom) -> list[tuple[str, Meaning]]:
        """What a `from … import …` imports of the module: local name and meaning."""
        names: list[tuple[str, Meaning]] = []
        for alias in node.names if node.module and not node.level else ():
            if f"{node.module}.{alias.name}" == self.module.__name__:
                names.append((alias.asname or alias.name, self._itself))
            elif alias.name != "*" and self._is_inside(str(node.module)):
                meaning = attribute(self._path(str(node.module)), alias.name)
                names.append((alias.asname or alias.name, meaning))
        return names

    @cached_property
    def _itself(self) -> Known:
        return Known(self.module, self.module.__name__.rpartition(".")[2])

    def _take(self, node: ast.AST) -> None:
        match node:
            case ast.Import(names=names):
                for alias in names:
                    self._import(alias)
            case ast.ImportFrom():
                self._import_from(node)
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
                | ast.NamedExpr(target=target, value=value)
            ):
                self._bind(target, lambda: self.meaning(value))
            case ast.Assign(targets=targets):
                for target in targets:
                    self._unknown(target)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind(target, lambda: entered(self.meaning(value)))
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                self._add(name, lambda: self._made(annotation))
            case (
                ast.arg(arg=str() as name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.ExceptHandler(name=str() as name)
                | ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
            ):
                self._add(name, None)
            case ast.For() | ast.AsyncFor() | ast.comprehension() | ast.AugAssign():
                self._unknown(node.target)

    def _import(self, alias: ast.alias) -> None:
        own, first = self.module.__name__, alias.name.partition(".")[0]
        meaning: Meaning = None
        if alias.asname:
            meaning = self._path(alias.name) if self._is_inside(alias.name) else None
        elif first == own:
            meaning = self._itself
        elif first == own.partition(".")[0] and first in sys.modules:
            meaning = Known(sys.modules[first], first)
        self._add(alias.asname or first, meaning)

    def _import_from(self, node: ast.ImportFrom) -> None:
        names = [alias.asname or alias.name for alias in node.names if alias.name != "*"]
        brought: dict[str, Meaning] = {**dict.fromkeys(names), **dict(self.imported(node))}
        if node.module == self.module.__name__ and len(names) < len(node.names):
            for name in getattr(self.module, "__all__", None) or public_names(self.module):
                brought[name] = attribute(self._itself, name)
        for name, meaning in brought.items():
            self._add(name, meaning)

    def _is_inside(self, dotted: str) -> bool:
        return f"{dotted}.".startswith(f"{self.module.__name__}.")

    def _path(self, dotted: str) -> Meaning:
        meaning: Meaning = self._itself
        for name in dotted.removeprefix(self.module.__name__).split(".")[1:]:
            meaning = attribute(meaning, name)
            if isinstance(meaning, Absent):  # a submodule may not be imported yet
                return Unclear(f"{dotted} is not imported here")
        return meaning

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
        meanings = self._bound.setdefault(name, [])
        # The same import in two blocks is one.
        if not any(_same(meaning, other) for other in meanings):
            meanings.append(meaning)

    def _name(self, name: str) -> Meaning:
        if name not in self._bound:
            # A snippet often leaves the import out.
            return self._itself if name == self._itself.name else None
        if name in self._resolving:
            return None
        self._resolving.add(name)
        try:
            meanings = [m() if callable(m) else m for m in self._bound[name]]
        finally:
            self._resolving.discard(name)
        if all(_same(meaning, meanings[0]) for meaning in meanings):
            return meanings[0]
        return Unclear(f"`{name}` is bound in several ways")


def _same(left: object, right: object) -> bool:
    """Whether two meanings are one; objects of the module by identity, their `==` is any code."""
    if isinstance(left, Known) and isinstance(right, Known):
        return left.value is right.value
    return left is right or (type(left) is type(right) and not callable(left) and left == right)
