"""What an attribute, a call or a `with` gives, of things of one module, without running them."""

from __future__ import annotations

import inspect
import sys
import typing
from dataclasses import dataclass
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Known:
    """An object of the module itself: a function, a class, a constant, the module."""

    value: Any
    name: str


@dataclass(frozen=True)
class Instance:
    """Something of a class, made by code that is not run."""

    cls: type
    name: str


@dataclass(frozen=True)
class Method:
    """A method of an instance, its `self` given."""

    function: Any
    cls: type
    name: str


@dataclass(frozen=True)
class Absent:
    """A name that the module, or a class of it, does not have."""

    name: str
    of: str
    near: tuple[str, ...]


@dataclass(frozen=True)
class Later:
    """What awaiting it gives."""

    value: Instance


@dataclass(frozen=True)
class Unclear:
    """Has to do with the module, and can't be told."""

    why: str


Meaning = Known | Instance | Method | Absent | Later | Unclear | None
"""None: nothing to do with the module."""


def attribute(meaning: Meaning, name: str) -> Meaning:
    """What `meaning.name` stands for."""
    if isinstance(meaning, Known):
        if isinstance(meaning.value, ModuleType):
            return _attribute_of_module(meaning, name)
        if inspect.isclass(meaning.value):
            return _attribute_of_class(meaning, name)
        if name in getattr(meaning.value, "__dict__", {}):
            return None  # it is there; what it is may change
        return _attribute_of_instance(Instance(type(meaning.value), meaning.name), name)
    if isinstance(meaning, Instance):
        return _attribute_of_instance(meaning, name)
    if isinstance(meaning, Absent):
        return None  # told once, where the name stands
    return meaning if isinstance(meaning, Unclear) else None


def result(meaning: Meaning) -> Meaning:
    """What calling it gives, by its annotation alone."""
    if isinstance(meaning, Known) and inspect.isclass(meaning.value):
        return Instance(meaning.value, meaning.value.__name__)
    if isinstance(meaning, Known) and callable(meaning.value):
        return _annotated(meaning.value, None, f"{meaning.name}(…)")
    if isinstance(meaning, Method):
        return _annotated(meaning.function, meaning.cls, f"{meaning.name}(…)")
    return Unclear(meaning.why) if isinstance(meaning, Unclear) else None


def entered(meaning: Meaning) -> Meaning:
    """What `with … as name` binds."""
    if not isinstance(meaning, Instance):
        return None
    for name in ("__enter__", "__aenter__"):
        if (enter := getattr(meaning.cls, name, None)) is not None:
            found = _annotated(enter, meaning.cls, meaning.name)
            return found.value if isinstance(found, Later) else found
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
        found = inspect.getattr_static(cls, name)
    except AttributeError:
        if hasattr(type(cls), "__getattr__"):
            return Unclear(f"whether {meaning.name} has `{name}` shows at run time only")
        return Absent(name, meaning.name, tuple(dir(cls)))
    # Other descriptors may run any code when they are read.
    plain = inspect.isroutine(found) or inspect.isclass(found)
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
        found = inspect.getattr_static(cls, name)
    except AttributeError:
        stored = _stored(cls)
        if name in stored or any(name in inspect.get_annotations(b) for b in cls.__mro__):
            return None
        if {"setattr", "__dict__"} & stored or _has_dynamic_attributes(cls):
            return Unclear(f"whether a {cls.__name__} has `{name}` shows at run time only")
        return Absent(name, f"class {cls.__name__}", tuple(n for n in dir(cls) if n[0] != "_"))
    if isinstance(found, classmethod | staticmethod):
        return Known(getattr(cls, name), whole)
    if inspect.isfunction(found):
        return Method(found, cls, whole)
    getter = getattr(found, "fget", None) or getattr(found, "func", None)
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
        hint = owner if owner is not None else None
    origin = typing.get_origin(hint)
    cls = origin if inspect.isclass(origin) else hint
    if not inspect.isclass(cls) or cls in _PLAIN or cls.__module__ in _ABSTRACT:
        return None
    made = Instance(cls, name if owner is None else cls.__name__)
    return Later(made) if inspect.iscoroutinefunction(function) else made


_PLAIN = (str, bytes, int, float, bool, complex, list, dict, tuple, set, frozenset, object,
          type(None), type)  # fmt: skip
_ABSTRACT = ("typing", "types", "abc", "collections.abc")


def public_names(module: ModuleType) -> list[str]:
    """The names of a module that do not begin with an underscore."""
    return [name for name in dir(module) if not name.startswith("_")]
