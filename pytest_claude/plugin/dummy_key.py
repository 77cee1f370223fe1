"""A key that opens nothing, for clients that want one before they send their first request."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "ANTHROPIC_API_KEY"
DUMMY = "pytest-claude-replays"
_DRY = "pytest-claude-dry-run"  # `take_back` leaves it: what was set stays set


def lend() -> None:
    """Set the variable where it is not set."""
    os.environ.setdefault(VARIABLE, DUMMY)


def take_back() -> None:
    """Unset it where it holds the dummy."""
    if os.environ.get(VARIABLE) == DUMMY:
        del os.environ[VARIABLE]


@contextmanager
def hidden_keys() -> Iterator[None]:
    """Real keys give way to a dummy: programs that a test starts inherit the environment."""
    names = [name for name in (VARIABLE, "ANTHROPIC_AUTH_TOKEN") if os.environ.get(name)]
    real = {name: os.environ[name] for name in names if os.environ[name] != DUMMY}
    os.environ.update(dict.fromkeys(real, _DRY))
    try:
        yield
    finally:
        os.environ.update(real)
