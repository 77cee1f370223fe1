"""Workflow commands of GitHub Actions: one annotation per test that fails the run."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join, normpath

from pytest_claude.report.numbers import plural
from pytest_claude.report.row import failing_line
from pytest_claude.report.story import Story
from pytest_claude.transcript.quoting import printable

_MOST = 10  # GitHub shows no more of one step


def error_commands(story: Story, lines: Mapping[str, int], *, prefix: str = "") -> tuple[str, ...]:
    """The commands to print, each on a line of its own; at most 10, the last counts the rest.

    Args:
        story: The run.
        lines: The line to point at, by node id, from 1.
        prefix: Path from the root of the repository to the folder that node ids are relative to.
    """
    rows = story.failing
    shown = rows if len(rows) <= _MOST else rows[: _MOST - 1]
    commands = []
    for row in shown:
        place = {
            "file": normpath(join(prefix, row.module.removesuffix("::"))),
            "line": str(failing_line(row) or lines.get(row.test, 1)),
            "title": row.name,
        }
        verdict = f"{row.word} {row.rates}".strip()
        commands.append(_command(place, f"{verdict}: {row.text}" if row.text else verdict))
    if rest := len(rows) - len(shown):
        commands.append(_command({"title": "pytest-claude"}, f"and {plural(rest, 'test')} more"))
    return tuple(commands)


def _command(place: Mapping[str, str], message: str) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    return f"::error {properties}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
