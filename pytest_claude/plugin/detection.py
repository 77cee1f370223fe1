"""Which tests are claude tests. Asked in every run, so this imports pytest alone."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.plugin.options import MARKERS

_OUR_FIXTURES = ("claude", "pytest_claude", "claude_server")


def is_claude_test(item: pytest.Item) -> bool:
    """Whether a test requests our fixture or carries one of our markers, by exact name."""
    if any(mark.name in MARKERS for mark in item.iter_markers()):
        return True
    return any(_is_ours(item, name) for name in _OUR_FIXTURES)


def _is_ours(item: pytest.Item, name: str) -> bool:
    if name not in getattr(item, "fixturenames", ()):
        return False
    # A project may have a fixture of its own called `claude`: the nearest definition decides.
    known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    found = known.get(name)
    return bool(found) and found[-1].func.__module__ == "pytest_claude.plugin.fixtures"
