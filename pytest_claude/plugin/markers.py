"""The markers: which tests are claude tests, their settings, and the checks that markers ask."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude import clock
from pytest_claude.errors import SettingsError
from pytest_claude.plugin.options import MARKERS
from pytest_claude.settings import (
    RunSettings,
    TestSettings,
    check_keyword,
    did_you_mean,
    merge_acceptances,
    merge_test_settings,
)

if TYPE_CHECKING:
    from pytest_claude.expect.result import Check
    from pytest_claude.expect.view import View
    from pytest_claude.places import Places
    from pytest_claude.recording.fingerprint import Normalize
    from pytest_claude.recording.ignoring import Rule

TEST_SETTINGS = pytest.StashKey[TestSettings]()
FOUND: pytest.StashKey[frozenset[str]] = pytest.StashKey()
NORMALIZE: pytest.StashKey[Normalize | None] = pytest.StashKey()
PLACES: pytest.StashKey[Places] = pytest.StashKey()

_CHECKS: dict[str, tuple[str, int]] = {
    # marker: method of the fixture, positional arguments at most
    "claude_calls_tool": ("calls_tool", 2),
    "claude_calls_no_tool": ("calls_no_tool", 0),
    "claude_clarifies": ("asks_clarifying_question", 0),
    "claude_returns_json": ("returns_json", 1),
    "claude_refuses": ("refuses", 0),
    "claude_within": ("within", 0),
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


def prepare(item: pytest.Item, run: RunSettings) -> None:
    """Check the markers of a claude test and keep its settings and its rules for matching.

    Raises:
        SettingsError: A marker argument is unknown or out of range, or a marker's name is nearly
            one of ours.
    """
    file, line = item.location[:2]
    where = f"{file}:{(line or 0) + 1}"
    markers = [(mark.args, mark.kwargs) for mark in item.iter_markers("claude")]
    settings = merge_test_settings(where, markers, run.trials)
    marks = [(mark.args, mark.kwargs) for mark in item.iter_markers("claude_accept")]
    if marks:
        today = date.fromisoformat(clock.today())
        accepted, expired = merge_acceptances(where, marks, run.bump, today)
        settings = replace(settings, accepted=accepted, expired=expired)
    if settings.cassette is not None:
        from pytest_claude.run.place import Layout

        try:
            Layout().shared(settings.cassette)
        except SettingsError as error:
            raise SettingsError(f"{where}: @pytest.mark.claude: {error}") from None
    item.stash[TEST_SETTINGS] = settings
    item.stash[NORMALIZE] = _normalizer(item, run, where)
    for check in marker_checks(item):
        _verify(where, check.mark)
    for name, near in misspelt(item):
        raise SettingsError(f"{where}: @pytest.mark.{name}: no such marker{near}")


def cassette_of(item: pytest.Item) -> str | None:
    """The name of the cassette that a test shares, also one that is not to run."""
    given = (mark.kwargs for mark in item.iter_markers("claude"))
    return next((more["cassette"] for more in given if "cassette" in more), None)


def misspelt(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Markers that are nearly one of ours and nobody's, each with the words that name ours.

    A check that is never made would let its test pass.
    """
    names = {mark.name for mark in item.iter_markers() if mark.name.startswith("claude_")}
    if names <= MARKERS.keys():
        return
    registered = {re.split(r"[:(]", line)[0].strip() for line in item.config.getini("markers")}
    for name in sorted(names - registered):
        if near := did_you_mean(name, MARKERS):
            yield name, near


def _normalizer(item: pytest.Item, run: RunSettings, where: str) -> Normalize | None:
    # This module is loaded in every run; the rest only when there is a claude test.
    from pytest_claude.recording.ignoring import normalizer

    rules: list[Rule] = list(run.ignore)
    for mark in item.iter_markers("claude_ignore"):
        if mark.kwargs:
            raise SettingsError(f"{where}: @pytest.mark.claude_ignore takes rules, no keywords")
        rules += mark.args
    return normalizer(rules, f"{where}: claude_ignore")


def marker_checks(item: pytest.Item) -> Iterator[MarkerCheck]:
    """The checks of all check markers of a test, the nearest first."""
    for mark in item.iter_markers():
        if mark.name in _CHECKS:
            yield MarkerCheck(mark)


def _verify(where: str, mark: pytest.Mark) -> None:
    """Refuse what the check would refuse, before the first test runs."""
    from pytest_claude.expect.view import View

    method, positional = _CHECKS[mark.name]
    call = f"{where}: @pytest.mark.{mark.name}({_arguments(mark)})"
    parameters = inspect.signature(getattr(View, method)).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        known = [p.name for p in parameters if p.name != "self"]
        if mark.kwargs and not known:
            raise SettingsError(f"{call}: takes no arguments")
        for key in mark.kwargs:
            check_keyword(call, key, known)
    if len(mark.args) > positional:
        number = f"{positional} positional argument{'s' if positional > 1 else ''}"
        raise SettingsError(f"{call}: takes {number if positional else 'no positional arguments'}")
    try:
        if (verify := _VALUES.get(mark.name)) is not None:
            verify(mark.args, mark.kwargs)
    except TypeError as error:
        raise SettingsError(f"{call}: {error}") from None


def _check_tool(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    from pytest_claude.expect.checks.tools import check_times

    if not (args and isinstance(args[0], str)):
        raise TypeError("the name of the tool comes first")
    if len(args) > 1 and not isinstance(args[1], Mapping):
        raise TypeError(f"the arguments of the tool are a dict, not {args[1]!r}")
    check_times(kwargs.get("times"))
    for key in ("exact", "offered"):
        if not isinstance(kwargs.get(key, True), bool):
            raise TypeError(f"{key}={kwargs[key]!r}: True or False")


def _check_json(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    from pytest_claude.expect.checks.json_answer import read_schema

    if kwargs.get("where", "answer") not in ("answer", "anywhere"):
        raise TypeError("where is 'answer' or 'anywhere'")
    if args and "schema" in kwargs:
        raise TypeError("schema is given twice")
    read_schema(args[0] if args else kwargs.get("schema"))


def _check_within(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    from pytest_claude.expect.checks.limits import check_limits

    check_limits({name: limit for name, limit in kwargs.items() if limit is not None})


_VALUES: dict[str, Callable[[tuple[Any, ...], Mapping[str, Any]], None]] = {
    "claude_calls_tool": _check_tool,
    "claude_returns_json": _check_json,
    "claude_within": _check_within,
}


def _arguments(mark: pytest.Mark) -> str:
    named = (f"{key}={value!r}" for key, value in mark.kwargs.items())
    return ", ".join([*(repr(value) for value in mark.args), *named])
