"""Where a JSON value breaks a Python type: a pydantic model, a dataclass, a TypedDict.

The only door to pydantic, which comes with the SDK.
"""

from __future__ import annotations

import functools
import json
import operator
import sys
import types
import typing
from collections.abc import Callable
from typing import Any

from pytest_claude.behavior.structured import Violation
from pytest_claude.transcript.quoting import cut

__tracebackhide__ = True  # a misuse is shown in the test that asked, not here

Validate = Callable[[Any], tuple[list[Violation], Any]]
"""JSON value → every place at which it does not fit, and the value as the type has it."""


def validator(expected: Any) -> tuple[str, Validate]:
    """The name of a type, and what holds a JSON value against it.

    Types are strict, as in pydantic's strict mode for JSON: a number written as a string does not
    fit, while dates, enums and tuples are read from their JSON form. What the type's own
    configuration and validators say is respected.

    Raises:
        TypeError: pydantic knows no JSON for the type, or is not installed.
    """
    name = getattr(expected, "__name__", None) or repr(expected)
    if typing.get_origin(expected) is not None:
        name = repr(expected)
    try:
        import pydantic
    except ImportError:  # pragma: no cover  # the SDK brings it
        raise TypeError(f"schema={name}: needs pydantic, which is not installed") from None
    if not hasattr(pydantic, "TypeAdapter"):
        raise TypeError(f"schema={name}: needs pydantic 2; {pydantic.VERSION} is installed")
    try:
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(_accepted(expected))
    except (pydantic.PydanticUserError, pydantic.errors.PydanticUndefinedAnnotation) as error:
        raise TypeError(f"schema={name}: {str(error).splitlines()[0]}") from None

    def validate(value: Any) -> tuple[list[Violation], Any]:
        try:
            return [], adapter.validate_json(json.dumps(value), strict=True)
        except pydantic.ValidationError as error:
            faults = error.errors(include_url=False, include_context=False)
            return [_violation(fault) for fault in faults], None

    return name, validate


def _violation(fault: Any) -> Violation:
    path = "$" + "".join(f"[{k}]" if isinstance(k, int) else f".{k}" for k in fault["loc"])
    if fault["type"] == "missing":
        return Violation(path, "is missing")
    try:
        shown = cut(json.dumps(fault["input"], ensure_ascii=False))
    except (TypeError, ValueError):
        shown = cut(repr(fault["input"]))
    message = str(fault["msg"])
    return Violation(path, f"{shown}: {message[:1].lower()}{message[1:]}")


def _accepted(expected: Any) -> Any:
    """The type with each `typing.TypedDict` in it made one of typing_extensions.

    Before Python 3.12 pydantic refuses the standard one, whose base classes it can't see.
    """
    if sys.version_info >= (3, 12):
        return expected
    if typing.is_typeddict(expected) and type(expected).__module__ == "typing":
        import typing_extensions

        hints = typing.get_type_hints(expected, include_extras=True)
        fields: dict[str, Any] = {}
        for key, hint in hints.items():
            origin = typing.get_origin(hint)
            if origin in (typing.Required, typing.NotRequired):
                # Python itself does not see these in annotations that are strings.
                wrap, hint = origin, typing.get_args(hint)[0]
            else:
                required = key in expected.__required_keys__
                wrap = typing.Required if required else typing.NotRequired
            fields[key] = wrap[_accepted(hint)]
        return typing_extensions.TypedDict(expected.__name__, fields)  # type: ignore[operator]
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin is None or origin in (typing.Literal, typing.Annotated):
        return expected
    inner = tuple(_accepted(argument) for argument in arguments)
    if inner == arguments:
        return expected
    if origin in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, inner)
    return origin[inner]
