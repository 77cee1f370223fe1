"""Uses of a module that do not fit it: a name is missing, or arguments do not bind."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_claude.behavior.code_members import Absent, Known, Meaning, Unclear
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


def check_module(
    trees: Sequence[tuple[int, ast.Module]], names: Names
) -> tuple[int, tuple[Misfit, ...], tuple[str, ...]]:
    """Hold every import, attribute and call of a module against the module.

    Args:
        trees: The pieces of code, each with its number, from 1.
        names: The names of all pieces.

    Returns:
        The number of uses that can be judged, those that do not fit, and those that can't be
        judged, each with why.
    """
    uses = 0
    misfits: list[Misfit] = []
    unclear: list[str] = []
    for block, tree in trees:
        for node, fault in _uses(tree, names):
            if isinstance(fault, Unclear):
                unclear.append(f"{_code(node)}: {fault.why}")
                continue
            uses += 1
            if fault is not None:
                misfits.append(Misfit(block, getattr(node, "lineno", 1), _code(node), fault))
    misfits.sort(key=lambda misfit: (misfit.block, misfit.line))
    return uses, tuple(dict.fromkeys(misfits)), tuple(dict.fromkeys(unclear))


Fault = str | Unclear | None
"""Why a use does not fit, or why that can't be judged; None where it fits."""


def _uses(tree: ast.Module, names: Names) -> Iterator[tuple[ast.AST, Fault]]:
    called: set[int] = set()
    for node in ast.walk(tree):  # a call comes before the function in it
        if isinstance(node, ast.ImportFrom):
            for _, meaning in names.imported(node):
                if meaning is not None:
                    yield node, _fault(meaning)
        elif isinstance(node, ast.Call):
            called.add(id(node.func))
            meaning = names.meaning(node.func)
            if isinstance(meaning, Known):
                yield node, _fault_of_call(node, meaning)
            elif isinstance(meaning, Unclear):
                yield node, meaning
            elif isinstance(meaning, Absent) and isinstance(node.func, ast.Attribute):
                yield node, _fault(meaning)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if id(node) not in called and (meaning := names.meaning(node)) is not None:
                yield node, _fault(meaning)


def _fault(meaning: Meaning) -> Fault:
    if isinstance(meaning, Absent):
        return f"{meaning.of} has no `{meaning.name}`{_near(meaning.name, meaning.near)}"
    return meaning if isinstance(meaning, Unclear) else None


def _fault_of_call(node: ast.Call, meaning: Known) -> Fault:
    if not callable(meaning.value):
        return f"{meaning.name} can't be called: it is {type(meaning.value).__name__}"
    try:
        signature = inspect.signature(meaning.value)
    except (ValueError, TypeError):
        return Unclear("its signature can't be read")
    first = [] if meaning.owner is None else ["self"]
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    packed = any(keyword.arg is None for keyword in node.keywords)
    positional = [*first, *(a for a in node.args if not isinstance(a, ast.Starred))]
    named = {keyword.arg: keyword for keyword in node.keywords if keyword.arg is not None}
    real = f"{meaning.name}{_shown(signature, own=bool(first))}"
    parameters = signature.parameters.values()
    if not any(p.kind is p.VAR_KEYWORD for p in parameters):
        accepted = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        for name in named:
            if name not in accepted:
                return f"{real} has no `{name}`{_near(name, accepted)}"
    bind = signature.bind_partial if starred or packed else signature.bind
    try:
        bind(*positional, **named)
    except TypeError as error:
        return f"{real}: {error}"
    return None


def _near(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(names), n=1)
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
