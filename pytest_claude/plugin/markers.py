"""The markers: their texts, which tests are claude tests, their settings, and the checks they ask.

Declared in every run of pytest, so this imports pytest alone; the rest is imported where a claude
test is there.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from pytest_claude.expect.result import Check
    from pytest_claude.expect.view import View
    from pytest_claude.recording.fingerprint import Normalize
    from pytest_claude.recording.ignoring import Rule
    from pytest_claude.settings import RunSettings, TestSettings

TEST_SETTINGS: pytest.StashKey[TestSettings] = pytest.StashKey()
FOUND: pytest.StashKey[frozenset[str]] = pytest.StashKey()
NORMALIZE: pytest.StashKey[Normalize | None] = pytest.StashKey()

_OUR_FIXTURES = ("claude", "pytest_claude", "claude_server")


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


def _check_within(_args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    from pytest_claude.expect.checks.limits import check_limits

    check_limits({name: limit for name, limit in kwargs.items() if limit is not None})


def _check_ignore(_args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    from pytest_claude.expect.as_recorded import ignored

    ignored(kwargs.get("ignore", ()))


_WHICH = ("conversation", "model", "system", "tool")
"""The arguments that say which last reply a check is to look at."""


class Marker(NamedTuple):
    """A marker.

    Attributes:
        text: Its arguments and what it does, as `pytest --markers` shows them.
        check: The method of the fixture that it asks after the body; "" where it asks none.
        positional: How many positional arguments the check takes at most.
        verify: Raises TypeError where the check would refuse the values of its arguments.
        of_reply: Whether the check looks at the last reply, and takes the arguments `_WHICH`.
    """

    text: str
    check: str = ""
    positional: int = 0
    verify: Callable[[tuple[Any, ...], Mapping[str, Any]], None] | None = None
    of_reply: bool = False


MARKERS = {
    "claude": Marker(
        "claude(*, trials=1, pass_rate=1.0, live=False, cassette=None): record or replay the "
        "model traffic of this test; run it `trials` times on a model, of which the share "
        "`pass_rate` must pass. live=True: the test reaches the API itself, neither recorded nor "
        "replayed. cassette='name': it shares the cassette of this name with other tests."
    ),
    "claude_ignore": Marker(
        "claude_ignore(*rules): parts of requests that do not count: uuids, dates, tmp_paths, "
        "re:PATTERN, a JSON path, or a function of the body; adds up with the ini key."
    ),
    "claude_accept": Marker(
        "claude_accept(pair, *, reason, until): a regression of this test in the bump `pair` "
        "(OLD=NEW) does not fail the gate until this date (YYYY-MM-DD)."
    ),
    "claude_cases": Marker(
        "claude_cases(file): what the decorator @pytest_claude.cases(path, *, id='id', "
        "tags='tags') marks a test with, which then runs once for each case of the file."
    ),
    "claude_set": Marker(
        "claude_set(*, pass_rate): the share `pass_rate` of the cases of this data set must pass; "
        "a case that fails within it is told and green. Beside @pytest_claude.cases."
    ),
    "claude_calls_tool": Marker(
        "claude_calls_tool(name, arguments={}, *, times=None, exact=False, offered=True, "
        "**arguments): after the body, Claude must have called this tool.",
        "calls_tool", 2, _check_tool,
    ),
    "claude_calls_no_tool": Marker(
        "claude_calls_no_tool(): after the body, Claude must have called no client tool.",
        "calls_no_tool",
    ),
    "claude_clarifies": Marker(
        "claude_clarifies(*, conversation=None, model=None, system=None, tool=None): after the "
        "body, Claude's last reply must ask for what it needs instead of guessing. The arguments "
        "say which: of the conversation with this number, of calls to this model, with this text "
        "in the system prompt, or that offer this tool.",
        "asks_clarifying_question", of_reply=True,
    ),
    "claude_returns_json": Marker(
        "claude_returns_json(*, schema=None, where='answer', conversation=None, model=None, "
        "system=None, tool=None): after the body, Claude's last reply must be JSON and satisfy "
        "the schema.",
        "returns_json", 1, _check_json, of_reply=True,
    ),
    "claude_refuses": Marker(
        "claude_refuses(*, conversation=None, model=None, system=None, tool=None): after the "
        "body, Claude's last reply must refuse.",
        "refuses", of_reply=True,
    ),
    "claude_as_recorded": Marker(
        "claude_as_recorded(*, ignore=()): after the body, Claude must behave as was accepted of "
        "this test: by its first recording, or by pytest-claude accept. ignore says what may "
        "differ: 'stop', 'arguments.*.id', or a list of such.",
        "behaves_as_recorded", 0, _check_ignore,
    ),
    "claude_within": Marker(
        "claude_within(*, cost_usd=None, output_tokens=None, thinking_tokens=None, "
        "cache_write_tokens=None, time_to_first_token_s=None, total_s=None): after the body, the "
        "run must be within these "
        "limits.",
        "within", 0, _check_within,
    ),
}  # fmt: skip


# --- which tests are ours -------------------------------------------------------------------


def is_claude_test(item: pytest.Item) -> bool:
    """Whether a test requests our fixture or carries one of our markers.

    Their names are exact; one that is a slip of ours was meant to be, and is refused later.
    """
    names = {mark.name for mark in item.iter_markers()}
    if not names.isdisjoint(MARKERS) or any(misspelt(item)):
        return True
    return any(_is_ours(item, name) for name in _OUR_FIXTURES)


def _is_ours(item: pytest.Item, name: str) -> bool:
    if name not in getattr(item, "fixturenames", ()):
        return False
    # A project may have a fixture of its own called `claude`: the nearest definition decides.
    fixtures: Any = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    definitions = fixtures.get(name)
    return bool(definitions) and definitions[-1].func.__module__ == "pytest_claude.plugin.fixtures"


def misspelt(item: pytest.Item) -> Iterator[tuple[str, str]]:
    """Markers that are nearly one of ours and nobody's, each with the words that name ours.

    A check that is never made would let its test pass.
    """
    names = {mark.name for mark in item.iter_markers() if mark.name.startswith("claude_")}
    if names <= MARKERS.keys():
        return
    from pytest_claude.settings import did_you_mean  # more than a project without us pays for

    registered = {re.split(r"[:(]", line)[0].strip() for line in item.config.getini("markers")}
    for name in sorted(names - registered):
        if near := did_you_mean(name, MARKERS):
            yield name, near


# --- what a test's markers say --------------------------------------------------------------


def prepare(item: pytest.Item, run: RunSettings) -> None:
    """Check the markers of a claude test and keep its settings and its rules for matching.

    Raises:
        SettingsError: A marker argument is unknown or out of range, or a marker's name is nearly
            one of ours.
    """
    from pytest_claude.errors import SettingsError

    file, line = item.location[:2]
    where = f"{file}:{(line or 0) + 1}"
    item.stash[TEST_SETTINGS] = _settings(item, run, where)
    item.stash[NORMALIZE] = _normalizer(item, run, where)
    if item.get_closest_marker("claude_cases") is not None and not hasattr(item, "callspec"):
        raise SettingsError(
            f"{where}: @pytest_claude.cases: a unittest class takes no cases; write a function"
        )
    for mark in _check_marks(item):
        _verify(where, mark)
    for name, near in misspelt(item):
        raise SettingsError(f"{where}: @pytest.mark.{name}: no such marker{near}")


def marker_checks(item: pytest.Item, view: View) -> Iterator[tuple[str, Check]]:
    """The checks that the markers of a test ask, by the marker's name, the nearest first."""
    for mark in _check_marks(item):
        which, arguments = _divided(mark)
        check = getattr(_part(view, **which), MARKERS[mark.name].check)
        yield mark.name, check(*mark.args, **arguments)


_OPEN_CHECKS = {"asks_clarifying_question", "refuses", "behaves_as_recorded"}
"""The checks that rules may leave open."""


def asks_of_reply(item: pytest.Item) -> bool:
    """Whether a test states, by a marker or in its own body, what rules may leave open."""
    if any(MARKERS[mark.name].check in _OPEN_CHECKS for mark in _check_marks(item)):
        return True
    code = getattr(getattr(item, "function", None), "__code__", None)
    return code is not None and not _OPEN_CHECKS.isdisjoint(code.co_names)


def _divided(mark: pytest.Mark) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arguments that say which reply is meant, and those of the check."""
    which = {k: v for k, v in mark.kwargs.items() if MARKERS[mark.name].of_reply and k in _WHICH}
    return which, {key: value for key, value in mark.kwargs.items() if key not in which}


def _part(view: View, conversation: int | None = None, tool: Any = None, **fits: Any) -> View:
    """What a marker means of a run: the calls that fit, or one conversation among them."""
    if tool is not None or any(value is not None for value in fits.values()):
        view = view.where(tool_offered=tool, **fits)
    return view if conversation is None else view.conversations[conversation]


def cassette_of(item: pytest.Item) -> str | None:
    """The name of the cassette that a test shares, also of one that is not to run."""
    given = (mark.kwargs for mark in item.iter_markers("claude"))
    return next((kwargs["cassette"] for kwargs in given if "cassette" in kwargs), None)


def _check_marks(item: pytest.Item) -> Iterator[pytest.Mark]:
    return (m for m in item.iter_markers() if m.name in MARKERS and MARKERS[m.name].check)


def _settings(item: pytest.Item, run: RunSettings, where: str) -> TestSettings:
    from pytest_claude import clock
    from pytest_claude.errors import SettingsError
    from pytest_claude.settings import merge_acceptances, merge_test_settings

    marks = [(mark.args, mark.kwargs) for mark in item.iter_markers("claude")]
    settings = merge_test_settings(where, marks, run.trials)
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
    return settings


def _normalizer(item: pytest.Item, run: RunSettings, where: str) -> Normalize | None:
    from pytest_claude.errors import SettingsError
    from pytest_claude.recording.ignoring import normalizer

    rules: list[Rule] = list(run.ignore)
    for mark in item.iter_markers("claude_ignore"):
        if mark.kwargs:
            raise SettingsError(f"{where}: @pytest.mark.claude_ignore takes rules, no keywords")
        rules += mark.args
    for name in _marked_rules(getattr(item, "module", None)):
        raise SettingsError(
            f"{where}: `{name}` is marked with claude_ignore and is no rule: pytest takes a lone "
            f"function for what is decorated; write @pytest.mark.claude_ignore.with_args({name})"
        )
    return normalizer(rules, f"{where}: claude_ignore")


@lru_cache(maxsize=8)  # the items of a module come one after the other
def _marked_rules(module: ModuleType | None) -> tuple[str, ...]:
    """The functions of a module that carry the marker claude_ignore without a rule."""
    functions = {} if module is None else vars(module)
    return tuple(
        name
        for name, function in functions.items()
        if inspect.isfunction(function)
        for mark in getattr(function, "pytestmark", ())
        if mark.name == "claude_ignore" and not (mark.args or mark.kwargs)
    )


def _verify(where: str, mark: pytest.Mark) -> None:
    """Refuse what the check would refuse, before the first test runs."""
    from pytest_claude.errors import SettingsError
    from pytest_claude.plugin.claude_fixture import ClaudeFixture
    from pytest_claude.settings import check_keyword

    marker = MARKERS[mark.name]
    call = f"{where}: @pytest.mark.{mark.name}({_arguments(mark)})"
    parameters = inspect.signature(getattr(ClaudeFixture, marker.check)).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        keywords = [p.name for p in parameters if p.name != "self"]
        keywords += _WHICH if marker.of_reply else ()
        if mark.kwargs and not keywords:
            raise SettingsError(f"{call}: takes no arguments")
        for key in mark.kwargs:
            check_keyword(call, key, keywords)
    if len(mark.args) > (most := marker.positional):
        number = f"{most or 'no'} positional argument{'' if most == 1 else 's'}"
        raise SettingsError(f"{call}: takes {number}")
    which, arguments = _divided(mark)
    try:
        place = which.get("conversation")
        if isinstance(place, bool) or not isinstance(place, int | None):
            raise TypeError(f"conversation={place!r}: its number, 0 for the first")
        if marker.verify is not None:
            marker.verify(mark.args, arguments)
    except TypeError as error:
        raise SettingsError(f"{call}: {error}") from None


def _arguments(mark: pytest.Mark) -> str:
    named = (f"{key}={value!r}" for key, value in mark.kwargs.items())
    return ", ".join([*(repr(value) for value in mark.args), *named])
