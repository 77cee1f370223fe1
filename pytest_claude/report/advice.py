"""What to type next, with what for: the same in every report."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from pytest_claude.report.numbers import plural
from pytest_claude.report.outline import Entry, Outline


@dataclass(frozen=True)
class Command:
    """One command, as it is typed, and its purpose in a few words."""

    purpose: str
    line: str


def next_commands(outline: Outline, run_file: str | None) -> tuple[Command, ...]:
    """Two or three commands for the whole run; the first opens the worst difference.

    Args:
        outline: The run.
        run_file: Path of the run file as the user types it; None where none was written.
    """
    found: list[Command] = []
    worst = next(iter(outline.of("regressed", "undecided", "changed", "failed")), None)
    if worst is not None and worst.sides:
        purpose = _READ.get(worst.kind, "Read the first failure")
        found.append(Command(purpose, to_read(worst, run_file).line))
    again = outline.of("regressed", "undecided") if outline.bump else outline.of("failed")
    repeat = outline.repeat
    if repeat and again and repeat.startswith("pytest --"):
        purpose = f"Try a changed prompt on the {plural(len(again), 'test')} only"
        line = repeat.replace("pytest", "pytest --lf", 1)
        found.append(Command(purpose, f"{line} --claude-record"))
    elif not outline.bump and again:
        found.append(Command("Run only what failed", "pytest --lf --claude-show-transcript"))
    if outline.overall == "nothing":
        found.append(Command("List the models in the cassettes", "pytest-claude inspect cassettes"))
    elif outline.overall == "pass" and outline.bump and "--claude-bump" in (repeat or ""):
        pairs = " ".join(repeat.split("--claude-bump ")[1:]) if repeat else ""
        found.append(Command("Adopt the candidate", f"pytest-claude adopt {pairs}"))
    if repeat and outline.overall != "nothing":
        found.append(Command("Repeat this verdict offline", repeat))
    return tuple(dict.fromkeys(found))


_READ = {
    "regressed": "Read the first regression",
    "undecided": "Read the first undecided test",
    "changed": "Read the first change",
}


def commands_for(entry: Entry, outline: Outline, run_file: str | None) -> tuple[Command, ...]:
    """What to type about one test."""
    found = [to_read(entry, run_file)] if entry.sides else []
    test = shlex.quote(entry.test)
    if outline.repeat and outline.repeat.startswith("pytest --"):
        again = outline.repeat.replace("pytest", f"pytest {test}", 1)
        redo = f"{again} --claude-record=all"
        found.append(Command("Record this test again on the candidate", redo))
        found.append(Command("Repeat its verdict offline", again))
    elif not outline.bump:
        found.append(Command("Run it again", f"pytest {test}"))
        found.append(Command("Record it again", f"pytest {test} --claude-record=all"))
    return tuple(found)


def to_read(entry: Entry, run_file: str | None) -> Command:
    """The command that opens a test in the terminal."""
    if run_file is not None:
        line = f"pytest-claude show {shlex.quote(run_file)} {shlex.quote(entry.name)}"
        return Command("Read it in the terminal", line)
    cassettes: Iterable[str | None] = (
        *(difference.cassette for difference in entry.differences[:1]),
        *(trial.cassette for side in reversed(entry.sides) for trial in side.trials),
    )
    path = next((cassette for cassette in cassettes if cassette), "cassettes")
    line = f"pytest-claude inspect --transcript {shlex.quote(path)}"
    return Command("Read it in the terminal", line)
