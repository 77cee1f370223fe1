"""The markers: which tests are claude tests, their settings, and the checks that markers ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.plugin.options import MARKERS
from pytest_claude.settings import RunSettings, TestSettings, check_keyword, merge_test_settings

if TYPE_CHECKING:
    from pytest_claude.expect.result import Check
    from pytest_claude.expect.view import View

TEST_SETTINGS = pytest.StashKey[TestSettings]()

_OUR_FIXTURES = ("claude", "pytest_claude")
_CHECKS: dict[str, tuple[str, tuple[str, ...] | None, int]] = {
    # marker: method, its keywords (None for any), positional arguments at most
    "claude_calls_tool": ("calls_tool", None, 2),
    "claude_clarifies": ("asks_clarifying_question", (), 0),
    "claude_returns_json": ("returns_json", ("schema", "where"), 0),
}


@dataclass(frozen=True)
class MarkerCheck:
    """A check that a marker asks after the body."""

    mark: pytest.Mark

    def check(self, view: View) -> Check:
        """What it comes to."""
        method = getattr(view, _CHECKS[self.mark.name][0])
        found: Check = method(*self.mark.args, **self.mark.kwargs)
        return found


def is_claude_test(item: pytest.Item) -> bool:
    """Whether a test requests our fixture or carries one of our markers, by exact name."""
    if any(mark.name in MARKERS for mark in item.iter_markers()):
        return True
    return any(_is_ours(item, name) for name in _OUR_FIXTURES)


def prepare(item: pytest.Item, run: RunSettings) -> None:
    """Check the markers of a claude test and keep its settings.

    Raises:
        SettingsError: A marker argument is unknown or out of range.
    """
    file, line = item.location[:2]
    where = f"{file}:{(line or 0) + 1}"
    markers = [(mark.args, mark.kwargs) for mark in item.iter_markers("claude")]
    item.stash[TEST_SETTINGS] = merge_test_settings(where, markers, run.trials)
    for check in marker_checks(item):
        _verify(where, check.mark)


def marker_checks(item: pytest.Item) -> Iterator[MarkerCheck]:
    """The checks of all check markers of a test, the nearest first."""
    for mark in item.iter_markers():
        if mark.name in _CHECKS:
            yield MarkerCheck(mark)


def _is_ours(item: pytest.Item, name: str) -> bool:
    if name not in getattr(item, "fixturenames", ()):
        return False
    # A project may have a fixture of its own called `claude`: the nearest definition decides.
    known: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    found = known.get(name)
    return bool(found) and found[-1].func.__module__ == "pytest_claude.plugin.fixtures"


def _verify(where: str, mark: pytest.Mark) -> None:
    _, keywords, positional = _CHECKS[mark.name]
    call = f"{where}: @pytest.mark.{mark.name}({_arguments(mark)})"
    if keywords is not None:
        for key in mark.kwargs:
            check_keyword(call, key, keywords)
    if len(mark.args) > positional:
        raise SettingsError(f"{call}: takes {positional or 'no'} positional arguments")
    if mark.name == "claude_calls_tool" and not (mark.args and isinstance(mark.args[0], str)):
        raise SettingsError(f"{call}: the name of the tool comes first")
    where_value = mark.kwargs.get("where", "answer")
    if mark.name == "claude_returns_json" and where_value not in ("answer", "anywhere"):
        raise SettingsError(f"{call}: where is 'answer' or 'anywhere'")


def _arguments(mark: pytest.Mark) -> str:
    named = (f"{key}={value!r}" for key, value in mark.kwargs.items())
    return ", ".join([*(repr(value) for value in mark.args), *named])
