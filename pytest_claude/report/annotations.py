"""Workflow commands of GitHub Actions: one annotation per test that fails the run.

Tests that one edit made stale share one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from posixpath import join, normpath

from pytest_claude.report.candidates import Arm, Candidates, Told
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row, failing_line
from pytest_claude.report.stale import RECORD, StaleGroup
from pytest_claude.report.story import Story
from pytest_claude.transcript.quoting import printable

_MOST = 10  # GitHub shows no more of one step


def error_commands(told: Told, lines: Mapping[str, int], *, prefix: str = "") -> tuple[str, ...]:
    """The commands to print, each on a line of its own; at most 10, the last counts the rest.

    Args:
        told: The run.
        lines: The line to point at, by node id, from 1.
        prefix: Path from the root of the repository to the folder that node ids are relative to.
    """

    def place(row: Row, title: str) -> dict[str, str]:
        line = str(failing_line(row) or lines.get(row.test, 1))
        return {"file": normpath(join(prefix, row.module.removesuffix("::"))), "line": line,
                "title": title}  # fmt: skip

    errors = _of_candidates(told) if isinstance(told, Candidates) else _of_story(told)
    commands = [
        (_command(place(row, title), message), tests) for row, title, message, tests in errors
    ]
    if len(commands) > _MOST:
        rest = sum(tests for _, tests in commands[_MOST - 1 :])
        more = _command({"title": "pytest-claude"}, f"and {plural(rest, 'test')} more")
        commands[_MOST - 1 :] = [(more, rest)]
    return tuple(command for command, _ in commands)


_Error = tuple[Row, str, str, int]
"""The test to point at, a title, a message, and how many tests it is of."""


def _of_story(story: Story) -> Iterator[_Error]:
    groups = () if story.compares else story.stale
    stale = {test for group in groups for test in group.tests}
    first = {row.test: row for row in story.rows}
    for group in groups:
        yield first[group.tests[0]], group.cause, _of_group(group), len(group.tests)
    for row in story.failing:
        if row.test not in stale:
            yield row, row.name, _message(_verdict(row), row), 1


def _of_candidates(of: Candidates) -> Iterator[_Error]:
    """One error of a test for each cause; the candidates that share it are named in it."""
    for rows in of.by_test.values():
        causes: dict[str | None, list[tuple[Arm, Row]]] = {}
        for arm, row in rows:
            if row.fails:
                causes.setdefault(row.text, []).append((arm, row))
        for number, pairs in enumerate(causes.values()):
            row = pairs[0][1]
            verdicts = ", ".join(f"{arm.name} {_verdict(row)}" for arm, row in pairs)
            yield row, row.name, _message(verdicts, row), int(number == 0)


def _verdict(row: Row) -> str:
    return f"{row.word} {row.rates}".strip()


def _message(verdict: str, row: Row) -> str:
    return f"{verdict}: {row.text}" if row.text else verdict


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
