"""Errors for slips in a test that name the right use: a name, an argument, parentheses."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from functools import update_wrapper
from types import MethodType
from typing import Any, TypeVar, cast

from pytest_claude.expect.checks.offered import near, nearest

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

F = TypeVar("F", bound=Callable[..., Any])
_WIDTH = 76


def stated(method: F) -> F:
    """Make a method of a view name the right use when it is misused.

    Type checkers, `help` and `inspect` see the method itself.
    """
    # What a descriptor gives on an instance is called as the method is.
    return cast(F, _Stated(method))


def unknown_name(view: type, name: str, nested: type) -> str:
    """The error text for `view.name`, which does not exist.

    Args:
        view: The class that was asked for the name.
        name: The name.
        nested: The class of `view.reply`, which may have it.
    """
    names = _public(view)
    if name in _public(nested) and "reply" in names:
        return f"no {name!r} here; a reply has it: .reply.{name}"
    method = getattr(view, nearest(name, names) or "", None)
    usage = _usage(method) if callable(method) else ""
    return f"no check or property {name!r}{near(name, names)}{usage}"


class _Stated:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __get__(self, view: object | None, owner: type | None = None) -> Any:
        return self._function if view is None else _OfView(self._function, view)


class _OfView:
    """`claude.refuses` before it is called."""

    def __init__(self, function: Callable[..., Any], view: object) -> None:
        update_wrapper(self, function)
        self.__dict__.pop("__signature__", None)  # the bound method's has no `self`
        self.__wrapped__ = MethodType(function, view)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return self.__wrapped__(*args, **kwargs)
        except TypeError:
            if (wrong := _unfit(self.__wrapped__, args, kwargs)) is None:
                raise
        raise TypeError(wrong)

    def __bool__(self) -> bool:
        # Else `assert claude.refuses` would hold whatever Claude did.
        usage = _usage(self.__wrapped__)
        raise TypeError(f"{self} was not called: it needs its parentheses{usage}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _OfView) and self.__wrapped__ == other.__wrapped__

    def __hash__(self) -> int:
        return hash(self.__wrapped__)

    def __repr__(self) -> str:
        return self.__wrapped__.__name__

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.__wrapped__.__self__, self.__wrapped__.__name__)


def _unfit(method: MethodType, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Why a method can't be called with these arguments; None where it can."""
    signature = inspect.signature(method)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        unknown = next((key for key in kwargs if key not in signature.parameters), None)
        end = near(unknown, signature.parameters) if unknown else "."
        return f"{method.__name__}: {error}{end}{_usage(method)}"
    return None


def _usage(method: Callable[..., Any]) -> str:
    """A method as it is called, on lines of its own."""
    parameters = inspect.signature(method).parameters.values()
    shown = [each.replace(annotation=each.empty) for each in parameters if each.name != "self"]
    call = f"{method.__name__}{inspect.Signature(shown)}"
    return "\n" + textwrap.fill(call, _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _public(view: type) -> list[str]:
    return [name for name in dir(view) if not name.startswith("_")]
