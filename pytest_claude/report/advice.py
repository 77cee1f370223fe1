"""What to type next, with what for: the same in every report."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pytest_claude.report.entry import Entry
from pytest_claude.report.numbers import plural
from pytest_claude.report.outline import Outline


@dataclass(frozen=True)
class Command:
    """One command, as it is typed, and what for.

    Attributes:
        purpose: In a few words.
        line: As it is typed.
        label: The purpose where there is little room, as the terminal shows it.
    """

    purpose: str
    line: str
    label: str = ""


def next_commands(outline: Outline, run_file: str | None) -> tuple[Command, ...]:
    """A few commands for the whole run, the most useful first.

    Args:
        outline: The run.
        run_file: Path of the run file as the user types it; None where none was written.
    """
    read, finish = _to_read(outline, run_file), _to_finish(outline)
    found = [*finish, *read] if outline.overall == "undecided" else [*read, *finish]
    if not outline.bump:
        if outline.of("failed"):
            line = "pytest --lf --claude-show-transcript"
            found.append(Command("Run only what failed", line, "to rerun it"))
        return tuple(found)
    if outline.overall == "nothing":
        line = "pytest-claude inspect cassettes"
        return (*found, Command("List the models in the cassettes", line, "to list them"))
    repeat = outline.repeat or ""
    if outline.of("regressed"):
        found += _to_answer(outline)
    elif outline.overall == "pass" and outline.pairs:
        line = f"pytest-claude adopt {' '.join(outline.pairs)}"
        found.append(Command("Adopt the candidate", line, "to adopt it"))
    return (*found, Command("Repeat this verdict offline", repeat, "to repeat it"))


def _to_finish(outline: Outline) -> list[Command]:
    """What brings the trials that the verdict waits for."""
    if outline.finish is None or outline.waits_for is None:
        return []
    purpose, label = _FINISH[outline.waits_for]
    # Without it the same request would be held back again.
    more = " --claude-record-refused" if outline.waits_for == "not sent" else ""
    return [Command(purpose, f"{outline.finish}{more}", label)]


_FINISH = {
    "missing": ("Record the missing trials (nothing is paid twice)", "to finish"),
    "not sent": ("Send what was held back", "to send them"),
    "errors": ("Try again what ended in errors", "to try again"),
}


def _to_read(outline: Outline, run_file: str | None) -> list[Command]:
    worst = next(iter(outline.of("regressed", "undecided", "changed", "failed")), None)
    if worst is None or not any(side.trials for side in worst.sides):
        return []
    if run_file is None and not any(_recorded(worst)):
        return []
    purpose = _READ.get(worst.kind, "Read the first failure")
    return [Command(purpose, to_read(worst, run_file).line, "to read it")]


_READ = {
    "regressed": "Read the first regression",
    "undecided": "Read the first undecided test",
    "changed": "Read the first change",
}


def _to_answer(outline: Outline) -> list[Command]:
    """What one can do about a regression: mend it, or say that it is meant."""
    found = []
    if outline.gate is not None:
        number = plural(len(outline.of("regressed", "undecided")), "test")
        line = f"{(outline.repeat or '').replace('pytest', 'pytest --lf', 1)} --claude-record"
        found.append(Command(f"Try a changed prompt on the {number} only", line, "to try a fix"))
    if len(outline.pairs) == 1:
        line = f'@pytest.mark.claude_accept("{outline.pairs[0]}", reason="…", until="…")'
        found.append(Command("Accept a regression that is meant", line, "to accept it"))
    return found


def commands_for(entry: Entry, outline: Outline, run_file: str | None) -> tuple[Command, ...]:
    """What to type about one test."""
    found = [to_read(entry, run_file)] if entry.sides else []
    test = shlex.quote(entry.test)
    if outline.gate is not None:
        again = outline.gate.replace("pytest", f"pytest {test}", 1)
        redo = f"{again} --claude-record=all"
        found.append(Command("Record this test again on the candidate", redo))
        found.append(Command("Repeat its verdict offline", again))
    elif not outline.bump:
        found.append(Command("Run it again", f"pytest {test}"))
        if not any(trial.entries for side in entry.sides for trial in side.trials):
            found.append(Command("Record it again", f"pytest {test} --claude-record=all"))
    return tuple(found)


def to_read(entry: Entry, run_file: str | None) -> Command:
    """The command that opens a test in the terminal."""
    if run_file is not None:
        line = f"pytest-claude show {shlex.quote(run_file)} {shlex.quote(entry.name)}"
        return Command("Read it in the terminal", line)
    cassettes: Iterable[str | None] = (
        *(difference.cassette for difference in entry.differences[:1]),
        *_recorded(entry),
    )
    path = next((cassette for cassette in cassettes if cassette), "cassettes")
    line = f"pytest-claude inspect --transcript {shlex.quote(path)}"
    return Command("Read it in the terminal", line)


def _recorded(entry: Entry) -> Iterator[str | None]:
    """The cassettes of the trials that have one, the candidate's first."""
    for side in reversed(entry.sides):
        yield from (t.cassette for t in side.trials if t.outcome in ("pass", "fail"))
