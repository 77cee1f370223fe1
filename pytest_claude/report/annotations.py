"""Workflow commands of GitHub Actions: one annotation per test that fails the run."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join, normpath

from pytest_claude.report.entry import failing_line
from pytest_claude.report.numbers import plural
from pytest_claude.report.outline import Outline
from pytest_claude.transcript.quoting import printable

_MOST = 10  # GitHub shows no more of one step


def error_commands(
    outline: Outline, lines: Mapping[str, int], *, prefix: str = ""
) -> tuple[str, ...]:
    """The commands to print, each on a line of its own; at most 10, the last counts the rest.

    Args:
        outline: The run.
        lines: The line to point at, by node id, from 1.
        prefix: Path from the root of the repository to the folder that node ids are relative to.
    """
    named = outline.of("regressed", "undecided", "failed")
    shown = named if len(named) <= _MOST else named[: _MOST - 1]
    found = []
    for entry in shown:
        file = normpath(join(prefix, entry.module.removesuffix("::")))
        place = {
            "file": file,
            "line": str(failing_line(entry) or lines.get(entry.test, 1)),
            "title": entry.name,
        }
        told = f"{entry.kind} {entry.decided or entry.rates}".strip()
        found.append(_command(place, f"{told}: {entry.sentence}" if entry.sentence else told))
    if rest := len(named) - len(shown):
        found.append(_command({"title": "pytest-claude"}, f"and {plural(rest, 'test')} more"))
    return tuple(found)


def _command(place: Mapping[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in place.items())
    return f"::error {told}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
