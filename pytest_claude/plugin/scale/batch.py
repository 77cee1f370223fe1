"""`--claude-batch` in the processes that run tests: which part each has."""

from __future__ import annotations

import os
from types import CodeType
from typing import TYPE_CHECKING

import pytest

from pytest_claude.errors import SettingsError
from pytest_claude.settings import BatchRole, RunSettings

if TYPE_CHECKING:
    from pytest_claude.recording.batches.desk import Post

_OF_TIME = frozenset(("time_to_first_token_s", "total_s", "timing", "slow_stream_s"))


def role() -> BatchRole:
    """The part of this process: to "collect" in one of a round, else to "record"."""
    from pytest_claude.recording.batches.desk import read_variable

    return "collect" if read_variable(os.environ).get("collects") else "record"


def post(settings: RunSettings) -> Post | None:
    """How this process asks for answers; None where no batch is used.

    Raises:
        SettingsError: It is a worker of another machine.
    """
    if settings.batch == "off":
        return None
    from pytest_claude.recording.batches.desk import Post, read_variable

    variable = read_variable(os.environ)
    if not variable:
        raise SettingsError("--claude-batch: the workers of xdist must be on this machine (-n)")
    new = Post(variable)
    if settings.batch == "collect":
        new.end_with_it()
    return new


def check_none_waits(settings: RunSettings) -> None:
    """Refuse to pay directly for what batches have answered, or will.

    Raises:
        SettingsError: With what to type.
    """
    from pytest_claude.recording.batches.items import calls
    from pytest_claude.recording.batches.journal import Journal

    journal = Journal(settings.cassette_root)
    if waiting := len(journal.holders()):
        shown = os.path.relpath(journal.path, settings.rootdir)
        raise SettingsError(
            "--claude-record: batches hold answers that are not recorded yet: "
            f"{calls(waiting)}\n"
            "       to take them, add --claude-batch\n"
            f"       to pay for them again, delete {shown}"
        )


def checks_time(item: pytest.Item) -> bool:
    """Whether a test looks at times, by its markers and its own code: a batch has none."""
    for mark in item.iter_markers("claude_within"):
        if not _OF_TIME.isdisjoint(mark.kwargs):
            return True
    code = getattr(getattr(item, "function", None), "__code__", None)
    return isinstance(code, CodeType) and _names_time(code)


def _names_time(code: CodeType) -> bool:
    words: set[object] = {*code.co_names}
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and _names_time(constant):
            return True
        words.update(constant if isinstance(constant, tuple) else ())  # names of keywords
    return not words.isdisjoint(_OF_TIME)
