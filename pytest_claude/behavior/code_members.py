"""Meanings: what the attributes and calls of one module give, found without running them."""

from __future__ import annotations

import inspect
import sys
import typing
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Known:
    """An object of the module itself: a function, a class, a constant, the module.

    `owner` is the class of the instance that a method is called on; None where no `self` is given.
    """

    value: Any
    name: str
    owner: type | None = None


@dataclass(frozen=True)
class Instance:
    """Something of a class, made by code that is not run; `later` if it must be awaited first."""

    cls: type
    name: str
    later: bool = False


@dataclass(frozen=True)
class Absent:
    """A name that the module, or a class of it, does not have."""

    name: str
    of: str
    near: tuple[str, ...]


@dataclass(frozen=True)
class Unclear:
    """Something of the module that can't be judged."""

    why: str


Meaning = Known | Instance | Absent | Unclear | None
"""None: nothing to do with the module."""


def attribute(meaning: Meaning, name: str) -> Meaning:
    """The meaning of `meaning.name`."""
    if isinstance(meaning, Unclear):
        return meaning
    if isinstance(meaning, Instance):
        return None if meaning.later else _attribute_of_instance(meaning, name)
    if not isinstance(meaning, Known) or meaning.owner is not None:
        return None  # what is absent is reported once, where its name is written
    if isinstance(meaning.value, ModuleType):
        return _attribute_of_module(meaning, name)
    if inspect.isclass(meaning.value):
        return _attribute_of_class(meaning, name)
    if name in getattr(meaning.value, "__dict__", {}):
        return None  # it exists; what it is may change
    return _attribute_of_instance(Instance(type(meaning.value), meaning.name), name)


def result(meaning: Meaning) -> Meaning:
    """The meaning of what a call gives, by the annotation alone."""
    if not isinstance(meaning, Known):
        return meaning if isinstance(meaning, Unclear) else None
    if inspect.isclass(meaning.value):
        return Instance(meaning.value, meaning.value.__name__)
    if not callable(meaning.value):
        return None
    return _annotated(meaning.value, meaning.owner, f"{meaning.name}(…)")


def awaited(meaning: Meaning) -> Meaning:
    """The meaning of `await …`."""
    if not isinstance(meaning, Instance) or not meaning.later:
        return None
    return Instance(meaning.cls, meaning.name)


def entered(meaning: Meaning) -> Meaning:
    """The meaning of the name that `with … as` binds."""
    if not isinstance(meaning, Instance) or meaning.later:
        return None
    for name in ("__enter__", "__aenter__"):
        if (enter := getattr(meaning.cls, name, None)) is not None:
            inner = _annotated(enter, meaning.cls, meaning.name)
            return awaited(inner) or inner
    return None


def _attribute_of_module(meaning: Known, name: str) -> Meaning:
    module, whole = meaning.value, f"{meaning.name}.{name}"
    try:
        return Known(getattr(module, name), whole)
    except AttributeError:
        pass
    except Exception as error:  # a lazy module may do anything
        return Unclear(f"{whole} can't be looked at ({type(error).__name__})")
    if (submodule := sys.modules.get(f"{module.__name__}.{name}")) is not None:
        return Known(submodule, whole)
    if hasattr(module, "__path__") and _has_submodule(module, name):
        return Unclear(f"{whole} is not imported here")
    return Absent(name, meaning.name, tuple(public_names(module)))


def _attribute_of_class(meaning: Known, name: str) -> Meaning:
    cls = meaning.value
    try:
        member = inspect.getattr_static(cls, name)
    except AttributeError:
        if hasattr(type(cls), "__getattr__"):
            return Unclear(f"whether {meaning.name} has `{name}` shows at run time only")
        return Absent(name, meaning.name, tuple(dir(cls)))
    # Other descriptors may run any code when they are read.
    plain = inspect.isroutine(member) or inspect.isclass(member)
    return Known(getattr(cls, name), f"{meaning.name}.{name}") if plain else None


def _has_submodule(module: ModuleType, name: str) -> bool:
    import importlib.util

    try:
        return importlib.util.find_spec(f"{module.__name__}.{name}") is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _attribute_of_instance(meaning: Instance, name: str) -> Meaning:
    cls, whole = meaning.cls, f"{meaning.name}.{name}"
    try:
        member = inspect.getattr_static(cls, name)
    except AttributeError:
        stored = _stored(cls)
        if name in stored or any(name in inspect.get_annotations(b) for b in cls.__mro__):
            return None
        if {"setattr", "__dict__"} & stored or _has_dynamic_attributes(cls):
            return Unclear(f"whether a {cls.__name__} has `{name}` shows at run time only")
        return Absent(name, f"class {cls.__name__}", tuple(n for n in dir(cls) if n[0] != "_"))
    if isinstance(member, classmethod | staticmethod):
        return Known(getattr(cls, name), whole)
    if inspect.isfunction(member):
        return Known(member, whole, owner=cls)
    getter = getattr(member, "fget", None) or getattr(member, "func", None)
    return None if getter is None else _annotated(getter, cls, whole)


def _has_dynamic_attributes(cls: type) -> bool:
    """Whether a class answers for attributes that it does not have."""
    hooks = {"__getattr__", "__getattribute__"}
    return any(hooks & vars(base).keys() for base in cls.__mro__[:-1])


def _stored(cls: type) -> set[str]:
    """The names that the methods of a class use: what they may store is among them."""
    names: set[str] = set()
    for base in cls.__mro__[:-1]:
        for member in vars(base).values():
            inner = getattr(member, "fget", None) or getattr(member, "func", None) or member
            code = getattr(inspect.unwrap(inner) if callable(inner) else None, "__code__", None)
            names.update(code.co_names if code is not None else ())
    return names


def _annotated(function: Any, owner: type | None, name: str) -> Meaning:
    function = inspect.unwrap(function)
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return None  # a context manager, most likely: its annotation is not what it returns
    try:
        hint = typing.get_type_hints(function).get("return")
    except Exception:  # annotations are any code
        return Unclear(f"what {name} is can't be read from its annotation")
    if hint is typing.Self or isinstance(hint, typing.TypeVar):
        hint = owner
    origin = typing.get_origin(hint)
    cls = origin if inspect.isclass(origin) else hint
    if not inspect.isclass(cls) or cls in _PLAIN or cls.__module__ in _ABSTRACT:
        return None
    later = inspect.iscoroutinefunction(function)
    return Instance(cls, name if owner is None else cls.__name__, later)


_PLAIN = (str, bytes, int, float, bool, complex, list, dict, tuple, set, frozenset, object,
          type(None), type)  # fmt: skip
_ABSTRACT = ("typing", "types", "abc", "collections.abc")


def public_names(module: ModuleType) -> list[str]:
    """The names of a module that do not begin with an underscore."""
    return [name for name in dir(module) if not name.startswith("_")]
