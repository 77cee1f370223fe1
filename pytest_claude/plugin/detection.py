"""Which tests are claude tests. Asked in every run, so this imports pytest alone."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_claude.plugin.options import MARKERS

_OUR_FIXTURES = ("claude", "pytest_claude", "claude_server")


def is_claude_test(item: pytest.Item) -> bool:
    """Whether a test requests our fixture or carries one of our markers.

    Their names are exact; one that is a slip of ours was meant to be, and is refused later.
    """
    names = {mark.name for mark in item.iter_markers()}
    if names & MARKERS.keys() or (_begin_like_ours(names) and _is_a_slip(item)):
        return True
    return any(_is_ours(item, name) for name in _OUR_FIXTURES)


def _is_ours(item: pytest.Item, name: str) -> bool:
    if name not in getattr(item, "fixturenames", ()):
        return False
    # A project may have a fixture of its own called `claude`: the nearest definition decides.
    known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    found = known.get(name)
    return bool(found) and found[-1].func.__module__ == "pytest_claude.plugin.fixtures"


def _begin_like_ours(names: set[str]) -> bool:
    return any(name.startswith("claude_") for name in names)


def _is_a_slip(item: pytest.Item) -> bool:
    from pytest_claude.plugin.markers import misspelt  # more than a project without us pays for

    return any(misspelt(item))
