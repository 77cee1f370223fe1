"""A small module that code of a model is held against."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

RATE = 2


class Receipt:
    """What a charge gives."""

    total: float

    def send(self, to: str) -> None:
        """Send it."""


class Client:
    """A client with a constructor, methods, a property, and an attribute that it sets itself."""

    def __init__(self, key: str, *, region: str = "eu") -> None:
        self.key = key

    def charge(self, order: str, amount: int, *, reason: str | None = None) -> Receipt:
        """Charge."""
        return Receipt()

    async def charge_later(self, order: str) -> Receipt:
        """Charge, asynchronously."""
        return Receipt()

    @property
    def last(self) -> Receipt:
        """The last receipt."""
        return Receipt()

    @classmethod
    def of_environment(cls, *, region: str) -> Client:
        """A client."""
        return cls("k", region=region)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None: ...


class Lazy:
    """Answers for every attribute."""

    def __getattr__(self, name: str) -> Any:
        return name


def credit(order: str, amount: int, *, reason: str | None = None) -> None:
    """Credit."""


def open_client() -> Client:
    """A client."""
    return Client("k")


@contextmanager
def session() -> Iterator[Client]:
    """A client for a while."""
    yield Client("k")


def anything(*args: Any, **kwargs: Any) -> None:
    """Takes what it gets."""
