"""Workflow commands of GitHub Actions: one annotation per test that fails the run.

Tests that one edit made stale share one.
"""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join, normpath

from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row, failing_line
from pytest_claude.report.stale import RECORD, StaleGroup
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
    groups = () if story.compares else story.stale
    stale = {test for group in groups for test in group.tests}
    rows = [row for row in story.failing if row.test not in stale]
    first = {row.test: row for row in story.rows}

    def place(row: Row, title: str) -> dict[str, str]:
        line = str(failing_line(row) or lines.get(row.test, 1))
        return {"file": normpath(join(prefix, row.module.removesuffix("::"))), "line": line,
                "title": title}  # fmt: skip

    commands = [
        (_command(place(first[group.tests[0]], group.cause), _of_group(group)), len(group.tests))
        for group in groups
    ]
    for row in rows:
        verdict = f"{row.word} {row.rates}".strip()
        message = f"{verdict}: {row.text}" if row.text else verdict
        commands.append((_command(place(row, row.name), message), 1))
    if len(commands) > _MOST:
        rest = sum(tests for _, tests in commands[_MOST - 1 :])
        more = _command({"title": "pytest-claude"}, f"and {plural(rest, 'test')} more")
        commands[_MOST - 1 :] = [(more, rest)]
    return tuple(command for command, _ in commands)


def _of_group(group: StaleGroup) -> str:
    edits = f"{group.edits[0]}; " if group.edits else ""
    return f"{edits}{plural(len(group.tests), 'test')}, {group.to_record}: {RECORD}"


def _command(place: Mapping[str, str], message: str) -> str:
    properties = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    return f"::error {properties}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
