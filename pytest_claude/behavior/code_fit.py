"""Does each use of a module fit it: the name exists, and the arguments bind to its signature?"""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_claude.behavior.code_members import Absent, Known, Meaning, Method, Unclear
from pytest_claude.behavior.code_names import Names


@dataclass(frozen=True)
class Misfit:
    """One use of a module that does not fit it.

    Attributes:
        block: Number of the piece of code, from 1.
        line: Line in it, from 1.
        code: The use, as it is written.
        reason: Why it does not fit, with the real signature or the nearest name.
    """

    block: int
    line: int
    code: str
    reason: str


@dataclass(frozen=True)
class Fit:
    """What the uses of a module came to."""

    uses: int
    misfits: tuple[Misfit, ...]
    unclear: tuple[str, ...]


def check_module(trees: Sequence[tuple[int, ast.Module]], names: Names) -> Fit:
    """Hold every import, attribute and call of the module against the module."""
    uses, unclear = 0, list[str]()
    misfits: list[Misfit] = []
    for block, tree in trees:
        for node, meaning, reason in _judged(tree, names):
            if meaning is None:
                continue
            if isinstance(meaning, Unclear):
                unclear.append(f"{_code(node)}: {meaning.why}")
                continue
            uses += 1
            if reason is not None:
                misfits.append(Misfit(block, getattr(node, "lineno", 1), _code(node), reason))
    ordered = sorted(misfits, key=lambda misfit: (misfit.block, misfit.line))
    return Fit(uses, tuple(dict.fromkeys(ordered)), tuple(dict.fromkeys(unclear)))


def _judged(tree: ast.Module, names: Names) -> Iterator[tuple[ast.AST, Meaning, str | None]]:
    """Each use: the node, what it means, and why it does not fit."""
    called: set[int] = set()
    for node in ast.walk(tree):  # a call comes before the function in it
        if isinstance(node, ast.ImportFrom):
            for _, meaning in names.imported(node):
                yield node, meaning, _absent(meaning)
        elif isinstance(node, ast.Call):
            called.add(id(node.func))
            meaning = names.meaning(node.func)
            if isinstance(meaning, Known | Method):
                yield from _call(node, meaning)
            elif isinstance(meaning, Unclear):
                yield node, meaning, None
            elif isinstance(meaning, Absent) and isinstance(node.func, ast.Attribute):
                yield node, meaning, _absent(meaning)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if id(node) not in called:
                meaning = names.meaning(node)
                yield node, meaning, _absent(meaning)


def _call(node: ast.Call, meaning: Known | Method) -> Iterator[tuple[ast.AST, Meaning, str | None]]:
    target = meaning.function if isinstance(meaning, Method) else meaning.value
    if not callable(target):
        yield node, meaning, f"{meaning.name} can't be called: it is {type(target).__name__}"
        return
    try:
        signature = inspect.signature(target)
    except (ValueError, TypeError):
        yield node, Unclear("its signature can't be read"), None
        return
    given = ["self"] if isinstance(meaning, Method) else []
    yield node, meaning, _unbound(node, signature, given, meaning)


def _unbound(
    node: ast.Call, signature: inspect.Signature, first: list[Any], meaning: Known | Method
) -> str | None:
    """Why the arguments don't bind, or None when they do."""
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    packed = any(keyword.arg is None for keyword in node.keywords)
    positional = [*first, *(a for a in node.args if not isinstance(a, ast.Starred))]
    named = {keyword.arg: keyword for keyword in node.keywords if keyword.arg is not None}
    real = f"{meaning.name}{_shown(signature, own=bool(first))}"
    accepted = [p for p in signature.parameters.values() if p.kind is not p.VAR_POSITIONAL]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in accepted)
    known = [p.name for p in accepted if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    for name in named:
        if name not in known and not open_ended:
            return f"{real} has no `{name}`{_near(name, known)}"
    bind = signature.bind_partial if starred or packed else signature.bind
    try:
        bind(*positional, **named)
    except TypeError as error:
        return f"{real}: {error}"
    return None


def _absent(meaning: Meaning) -> str | None:
    if not isinstance(meaning, Absent):
        return None
    return f"{meaning.of} has no `{meaning.name}`{_near(meaning.name, meaning.near)}"


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; nearest is `{near[0]}`" if near else ""


def _shown(signature: inspect.Signature, *, own: bool) -> str:
    """The parameters without annotations; defaults kept where they are short."""
    parameters = list(signature.parameters.values())[1 if own else 0 :]
    bare = [
        p.replace(
            annotation=p.empty,
            default=p.default if p.default is p.empty else _Default(p.default),
        )
        for p in parameters
    ]
    text = str(inspect.Signature(bare))
    return text if len(text) <= 100 else f"{text[:99]}…"


class _Default:
    """A default value as it is shown."""

    def __init__(self, value: object) -> None:
        text = repr(value)
        self._text = text if len(text) <= 20 and "<" not in text else "…"

    def __repr__(self) -> str:
        return self._text


def _code(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())
