"""Listed: the tuples of a view, whose errors say which indices there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import SupportsIndex, TypeVar, overload

__tracebackhide__ = True  # a slip is shown in the test that asked, not here

T = TypeVar("T")


class Listed(tuple[T, ...]):
    """A tuple; the error for an index that it lacks names those that it has.

    >>> Listed("replies", "ab")[2]
    Traceback (most recent call last):
    IndexError: no replies[2]: there are 2, replies[0] to replies[1]
    """

    _name: str

    def __new__(cls, name: str, items: Iterable[T] = ()) -> Listed[T]:
        listed = super().__new__(cls, items)
        listed._name = name
        return listed

    @overload
    def __getitem__(self, index: SupportsIndex) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: SupportsIndex | slice) -> T | tuple[T, ...]:
        try:
            return super().__getitem__(index)
        except IndexError:
            raise IndexError(f"no {self._name}[{index}]: {self._known()}") from None

    def _known(self) -> str:
        name, last = self._name, len(self) - 1
        if last < 1:
            return "there is none" if last else f"there is 1, {name}[0]"
        return f"there are {last + 1}, {name}[0] to {name}[{last}]"

    def __getnewargs__(self) -> tuple[str, tuple[T, ...]]:  # for copies and pickles
        return self._name, tuple(self)
