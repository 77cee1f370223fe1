"""What `pytest_claude` offers: its names, and every type that a user meets through them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import subprocess
import sys
import textwrap
import typing
from collections.abc import Iterator
from functools import cached_property
from types import FunctionType
from typing import Any

import pytest

import pytest_claude
from pytest_claude import Check


def types_in(annotation: Any) -> Iterator[type]:
    """The classes of this package that an annotation names, at any depth."""
    if isinstance(annotation, typing.TypeVar):
        annotation = annotation.__bound__
    if isinstance(annotation, list | tuple):  # the parameters of a callable
        yield from (each for part in annotation for each in types_in(part))
    if inspect.isclass(annotation) and annotation.__module__.split(".")[0] == "pytest_claude":
        yield annotation
    for part in typing.get_args(annotation):
        yield from types_in(part)


def public_members(cls: type) -> Iterator[str]:
    """The public names that a class of ours adds or inherits from another one of ours."""
    for base in cls.__mro__:
        if base.__module__.split(".")[0] == "pytest_claude":
            yield from (name for name in vars(base) if not name.startswith("_"))


def function_of(member: Any) -> FunctionType | None:
    """The function behind a method or a property."""
    if isinstance(member, property):
        member = member.fget
    elif isinstance(member, cached_property):
        member = member.func
    member = inspect.unwrap(getattr(member, "__func__", member))
    return member if inspect.isfunction(member) else None


def assigned_in_init(cls: type) -> Iterator[Any]:
    """The annotations of public attributes that `__init__` sets."""
    init = vars(cls).get("__init__")
    if init is None or dataclasses.is_dataclass(cls):
        return
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(init)))):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            if not node.target.attr.startswith("_"):
                yield eval(ast.unparse(node.annotation), vars(sys.modules[init.__module__]))


def annotations_of(thing: Any) -> Iterator[Any]:
    """The annotations that a user of a public function or class meets."""
    if not inspect.isclass(thing):
        yield from typing.get_type_hints(thing).values()
        return
    fields = typing.get_type_hints(thing)
    yield from (hint for name, hint in fields.items() if not name.startswith("_"))
    yield from assigned_in_init(thing)
    if issubclass(thing, BaseException):  # what it is made of becomes its attributes
        yield from typing.get_type_hints(thing.__init__).values()
    for name in public_members(thing):
        if (function := function_of(getattr(thing, name))) is not None:
            yield from typing.get_type_hints(function).values()


def importable(cls: type) -> bool:
    return cls.__name__ in pytest_claude.__all__ and getattr(pytest_claude, cls.__name__) is cls


@pytest.mark.parametrize("name", pytest_claude.__all__)
def test_every_type_that_a_user_meets_can_be_imported(name: str) -> None:
    met = {cls for each in annotations_of(getattr(pytest_claude, name)) for cls in types_in(each)}
    assert {cls.__qualname__ for cls in met if not importable(cls)} == set()


def test_the_walk_meets_what_it_should() -> None:
    def names(thing: Any) -> set[str]:
        return {cls.__name__ for each in annotations_of(thing) for cls in types_in(each)}

    # a property, a method behind a descriptor, an attribute set in __init__, a tuple's items, an
    # exception's argument, a parameter, a field
    assert names(pytest_claude.ClaudeFixture) >= {"Usage", "Injection", "Pace", "FailedCall"}
    assert names(pytest_claude.Injection) == {"RequestView"}
    assert names(pytest_claude.NoEvidence) == {"Explained"}
    assert names(pytest_claude.register_reader) == {"Reader"}
    assert names(pytest_claude.Interaction) == {"Request", "Response"}


def subclasses(cls: type) -> Iterator[type]:
    for each in cls.__subclasses__():
        yield from (each, *subclasses(each))


def test_every_kind_of_check_can_be_imported() -> None:
    import pytest_claude.plugin.claude_fixture  # noqa: F401

    ours = [each for each in subclasses(Check) if each.__module__.startswith("pytest_claude.")]
    assert len(ours) >= 4
    assert [each.__name__ for each in ours if not importable(each)] == []


def test_every_public_name_is_there() -> None:
    assert sorted(pytest_claude.__all__) == list(pytest_claude.__all__)
    for name in pytest_claude.__all__:
        assert getattr(pytest_claude, name).__name__ == name


def test_dir_shows_the_public_names_and_pythons_own() -> None:
    shown = dir(pytest_claude)
    assert [name for name in shown if not name.startswith("__")] == list(pytest_claude.__all__)
    assert {"__all__", "__doc__", "__file__", "__name__", "__path__", "__version__"} <= {*shown}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'pytest_claude' has no attribute 'Chek'"):
        pytest_claude.Chek  # noqa: B018


@pytest.mark.child
def test_a_name_is_loaded_when_it_is_used() -> None:
    script = (
        "import sys, pytest_claude; dir(pytest_claude)\n"
        "def ours(): return [n for n in sys.modules if n.startswith('pytest_claude.')]\n"
        "assert ours() == [], ours()\n"
        "from pytest_claude import Usage\n"
        "assert 'pytest_claude.transcript.model' in ours()\n"
        "assert not {'anthropic', 'vcr', 'yaml', 'pytest_claude.plugin'} & {*sys.modules}\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
