"""What to type next, with what for: the same in every report."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_claude.models.facts import successor_of
from pytest_claude.report.candidates import Candidates, Told
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row
from pytest_claude.report.stale import RECORD
from pytest_claude.report.story import Story, options_of, recording_line
from pytest_claude.report.words import Word
from pytest_claude.run.typed import pytest_line
from pytest_claude.settings import Swap


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


def next_commands(told: Told, run_file: str | None) -> tuple[Command, ...]:
    """A few commands for the whole run, the most useful first.

    Args:
        told: The run.
        run_file: Path of the run file as the user types it; None where none was written.
    """
    return tuple(_of_candidates(told, run_file) if isinstance(told, Candidates) else
                 _of_one(told, run_file))  # fmt: skip


def _of_candidates(of: Candidates, run_file: str | None) -> Iterator[Command]:
    """The commands name all candidates: their trials share those of the baseline."""
    stories = [arm.story for arm in of.arms]
    worst = [told for told in stories if told.failing]
    yield from next((read for told in worst if (read := _to_read(told, run_file))), [])
    yield from next((more for told in stories if (more := _to_finish(told))), [])
    best = of.cheapest
    if best is not None:
        yield _to_ship(best.story)
    elif worst and worst[0].of("regressed", "refused"):
        yield from _to_answer(worst[0])
    yield Command("Repeat this verdict offline", stories[0].repeat or "", "to repeat it")


def _of_one(story: Story, run_file: str | None) -> tuple[Command, ...]:
    read, finish = _to_read(story, run_file), _to_finish(story)
    commands = [*finish, *read] if story.overall == "undecided" else [*read, *finish]
    if not story.compares:
        if story.stale:
            commands.insert(0, Command("Record what no recording answers", RECORD, "to record"))
        if failed := [row.test for row in story.of("failed")]:
            line = pytest_line("--claude-show-transcript", tests=failed, root=story.typed.root)
            commands.append(Command("Run only what failed", line, "to rerun it"))
        return tuple(commands)
    if story.overall == "nothing":
        line = "pytest-claude inspect cassettes"
        return (*commands, Command("List the models in the cassettes", line, "to list them"))
    repeat = story.repeat or ""
    if story.of("regressed", "refused"):
        commands += _to_answer(story)
    elif story.overall == "pass" and story.pairs:
        commands.append(_to_ship(story))
    commands += _of_a_router(story)
    return (*commands, Command("Repeat this verdict offline", repeat, "to repeat it"))


def _to_finish(story: Story) -> list[Command]:
    """What brings the trials that the verdict waits for."""
    if story.finish is None or story.waits_for is None:
        return []
    purpose, label = _FINISH[story.waits_for]
    return [Command(purpose, f"{story.finish}{_MORE.get(story.waits_for, '')}", label)]


_FINISH = {
    "missing": ("Record the missing trials (nothing is paid twice)", "to finish"),
    "unreadable": ("Delete what can't be read, and record it again", "to finish"),
    "not sent": ("Send what was held back", "to send them"),
    "errors": ("Try again what ended in errors", "to try again"),
    "other model": ("Ask again, which is another attempt", "to ask again"),
}
# Without it the same request would be held back again, or the same answer replayed.
_MORE = {"not sent": " --claude-record-refused", "other model": "=all"}


def _to_read(story: Story, run_file: str | None) -> list[Command]:
    worst = next(iter((*story.failing, *story.of("changed"))), None)
    if worst is None or not any(side.trials for side in worst.sides):
        return []
    if run_file is None and not any(_recorded(worst)):
        return []
    purpose = _READ.get(worst.word, "Read the first failure")
    return [Command(purpose, to_read(worst, run_file).line, "to read it")]


_READ: Mapping[Word, str] = {
    "refused": "Read the first refusal",
    "regressed": "Read the first regression",
    "undecided": "Read the first undecided test",
    "changed": "Read the first change",
}


def _to_answer(story: Story) -> list[Command]:
    """What one can do about a regression: mend it, or say that it is meant."""
    commands = []
    if story.comparison is not None and story.comparison.kind != "files":
        number = plural(len(story.failing), "test")
        tests = [row.test for row in story.failing]
        line = recording_line(story.comparison, story.typed, tests=tests)
        commands.append(Command(f"Try a changed prompt on the {number} only", line, "to try a fix"))
    for pair in story.pairs:  # each must be accepted
        line = f'@pytest.mark.claude_accept("{pair}", reason="…", until="…")'
        commands.append(Command("Accept a regression that is meant", line, "to accept it"))
    return commands


def _of_a_router(story: Story) -> Iterator[Command]:
    """Where one test asks several models: what judges them together, and each alone."""
    comparison, typed = story.comparison, story.typed
    if comparison is None or not comparison.pairs:
        return
    canonical = comparison.names.canonical
    asked = {row.test: {m for t in row.result.trials for m in t.models} for row in story.rows}
    routing = {test: models for test, models in asked.items() if models & comparison.olds}
    moved = comparison.olds.union(canonical(pair.new) for pair in comparison.pairs)
    staying = sorted({model for models in routing.values() for model in models - moved})
    more = [Swap(old, new) for old in staying if (new := successor_of(old)) is not None]
    if more and story.overall == "pass":
        both = replace(comparison, pairs=(*comparison.pairs, *more))
        words = f"Judge {', '.join(staying)} too, where all move in one release"
        yield Command(words, recording_line(both, typed), "to judge both")
    failing = [row.test for row in story.failing if len(asked[row.test] & comparison.olds) > 1]
    for pair in comparison.pairs if failing else ():
        line = recording_line(replace(comparison, pairs=(pair,)), typed, tests=failing)
        yield Command(f"See whether {pair.old} alone makes it fail", line, "one alone")


def _to_ship(story: Story) -> Command:
    """What one does with a candidate that passed: judge the tests that were left out, adopt it."""
    assert story.comparison is not None, "it passed"
    if story.typed.is_part:
        line = recording_line(story.comparison, story.typed)
        return Command("Judge all tests (nothing is paid twice)", line, "to judge all")
    # It runs pytest in the rootdir, whatever folder it is typed in.
    tests = "" if story.typed.root else story.typed.tests
    rest = " ".join(filter(None, (story.typed.preset, tests)))
    which = " ".join(story.pairs) or f"--candidate {shlex.quote(story.comparison.after)}"
    line = f"pytest-claude adopt {which}{f' -- {rest}' if rest else ''}"
    return Command("Adopt the candidate", line, "to adopt it")


def commands_for(row: Row, story: Story, run_file: str | None) -> tuple[Command, ...]:
    """What to type about one test."""
    commands = [to_read(row, run_file)] if row.sides else []
    comparison, typed = story.comparison, story.typed
    options = () if comparison is None else (*options_of(comparison, typed), typed.preset)
    again = pytest_line(*options, tests=[row.test], root=typed.root)
    if comparison is None:
        commands.append(Command("Run it again", again))
        if not any(trial.entries for side in row.sides for trial in side.trials):
            commands.append(Command("Record it again", f"{again} --claude-record=all"))
    elif comparison.kind != "files":
        redo = f"{again} --claude-record=all"
        commands.append(Command("Record this test again on the candidate", redo))
        commands.append(Command("Repeat its verdict offline", again))
    return tuple(commands)


def to_read(row: Row, run_file: str | None) -> Command:
    """The command that opens a test in the terminal."""
    if run_file is not None:
        line = f"pytest-claude show {shlex.quote(run_file)} {shlex.quote(row.name)}"
        return Command("Read it in the terminal", line)
    cassettes: Iterable[str | None] = (
        None if row.place is None else row.place[0],
        *_recorded(row),
    )
    path = next((cassette for cassette in cassettes if cassette), "cassettes")
    line = f"pytest-claude inspect --transcript {shlex.quote(path)}"
    return Command("Read it in the terminal", line)


def _recorded(row: Row) -> Iterator[str | None]:
    """The cassettes of the trials that have one, the candidate's first."""
    for side in reversed(row.sides):
        yield from (t.cassette for t in side.trials if t.outcome in ("pass", "fail"))
