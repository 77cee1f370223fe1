"""A key that opens nothing, for clients that want one before they send their first request."""

from __future__ import annotations

import os

VARIABLE = "ANTHROPIC_API_KEY"
DUMMY = "pytest-claude-replays"


def lend() -> None:
    """Set the variable where it is not set."""
    os.environ.setdefault(VARIABLE, DUMMY)


def take_back() -> None:
    """Unset it where it holds the dummy."""
    if os.environ.get(VARIABLE) == DUMMY:
        del os.environ[VARIABLE]
