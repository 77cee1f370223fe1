"""What is printed at the end: the section `claude`, and GitHub's annotations."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_claude.plugin.options import OPTIONS, SETTINGS, root_typed

if TYPE_CHECKING:
    from pytest_claude.plugin.scale.dry_run import Findings
    from pytest_claude.report.candidates import Told
    from pytest_claude.run.record import Run
    from pytest_claude.run.typed import Typed
    from pytest_claude.settings import RunSettings


def typed_in(config: pytest.Config) -> Typed:
    """What was typed for a gate, for the commands that go on with it."""
    from pytest_claude.run.typed import Typed

    option = config.option
    preset = config.getoption("claude_gate")
    paths = config.args if config.args_source is pytest.Config.ArgsSource.ARGS else ()
    given = {"-k": option.keyword, "-m": option.markexpr}
    words = [word for name, value in given.items() if value for word in (name, value)]
    workers = getattr(option, "numprocesses", None)
    return Typed(
        f"--claude-gate {preset}" if preset else "",
        shlex.join([*words, *paths]),
        str(workers) if workers else None,
        root_typed(config),
    )


def chooses(config: pytest.Config) -> bool:
    """Whether what was typed runs a part of the tests; what an ini file says always holds."""
    option, typed = config.option, " ".join(map(str, config.invocation_params.args))
    words = (option.keyword, option.markexpr, *(option.deselect or ()))
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return named or bool(getattr(option, "lf", False)) or any(w and w in typed for w in words)


def covers(config: pytest.Config, test: str) -> bool:
    """Whether a test is at one of the places where pytest was to look for tests."""
    path = config.rootpath / test.partition("::")[0]
    for word in config.args:
        place, _, name = str(word).partition("::")
        where = Path(config.invocation_params.dir, place).resolve()
        if path.resolve().is_relative_to(where) and test.partition("::")[2].startswith(name):
            return True
    return False


def judged_notes(
    settings: RunSettings, paid: Sequence[float | None], unread: Mapping[str, int]
) -> list[str]:
    """What the judge read in a run, what that cost, and why replies stayed unread."""
    from pytest_claude.report.numbers import plural
    from pytest_claude.report.words import judged_text

    notes = []
    if paid and not settings.gated:  # the story of a gate says so
        notes.append(f"{judged_text(settings.judge_model, paid)} (claude_judge = never: it is not)")
    for why, replies in unread.items():
        notes.append(f"{plural(replies, 'reply')} left unread by {settings.judge_model}: {why}")
    return notes


# --- the terminal ---------------------------------------------------------------------------


def print_usage_error(reporter: Any, message: str) -> None:
    """Print a usage error that a worker found."""
    from pytest_claude.report.terminal import usage_text

    reporter.ensure_newline()
    for line in f"ERROR: {usage_text(message)}".splitlines():
        reporter.write_line(line, red=True)


def print_section(
    reporter: Any, run: Run, story: Told, problems: Sequence[str], notes: Iterable[str]
) -> None:
    """Print the section `claude`, where there is something to say.

    Args:
        reporter: pytest's terminal reporter.
        run: The run.
        story: Its story.
        problems: What fails it and belongs to no test, one line each.
        notes: What the user should know of the session, one sentence each.
    """
    from pytest_claude.report import terminal
    from pytest_claude.report.candidates import Candidates

    lines = list(problems)
    verdict = len(lines)  # the line that has the verdict's colour
    verbosity = reporter.config.get_verbosity()
    if not isinstance(story, Candidates) and not story.compares:
        lines += terminal.set_lines(run.results)
        lines += terminal.plain_lines(run.results, story.stale)
    else:
        if verbosity < 0:
            lines += terminal.verdict_lines(story)
        elif isinstance(story, Candidates):
            lines += terminal.side_by_side_lines(story, whole=verbosity >= 2)
            results = [result for arm in run.arms for result in arm.results]
            lines += [*terminal.plain_lines(results), ""]
        else:
            lines += terminal.gate_lines(story, whole=verbosity >= 2)
            lines += [*terminal.plain_lines(run.results, story.stale), ""]
        lines += _what_next(story, reporter.config.stash[SETTINGS].reports)
    lines += terminal.note_lines(notes)
    if lines:
        title = " → ".join(story.models) if story.compares else "claude"
        reporter.ensure_newline()
        reporter.section(_in_terminal(title))
        for number, line in enumerate(lines):
            is_verdict = story.compares and number == verdict
            colour = _COLOURS[story.overall] if is_verdict else {}
            reporter.write_line(_in_terminal(line), **colour)


def print_dry_run(
    reporter: Any, findings: Findings, outside: Sequence[str], notes: Sequence[str]
) -> None:
    """Print what a recording would call.

    Args:
        reporter: pytest's terminal reporter.
        findings: What the tests lack.
        outside: Calls that no claude test made, one sentence each.
        notes: What the user should know of the session, one sentence each.
    """
    from pytest_claude.report.terminal import note_lines

    lines = dry_run_lines(reporter.config, findings, outside, notes)
    reporter.ensure_newline()
    reporter.section("claude")
    for line in (*lines, *note_lines(notes)):
        reporter.write_line(_in_terminal(line))


def dry_run_lines(
    config: pytest.Config, findings: Findings, outside: Sequence[str], notes: Iterable[str]
) -> list[str]:
    """What a recording would call, in words; the arguments are those of `print_dry_run`."""
    from pytest_claude.plugin.guard import OTHER_PROGRAMS
    from pytest_claude.report.numbers import plural

    sees_all = not any(note.startswith(OTHER_PROGRAMS) for note in notes)
    lines = findings.lines(workers_of(config), record_command(config), sees_all=sees_all)
    if outside:
        lines.append(f"{plural(len(outside), 'call')} outside the claude tests, not counted:")
        lines += [f"  {line}" for line in dict.fromkeys(outside)]
    if _shown_to_users(config.stash[SETTINGS].reports):
        lines.append("no report is written: a dry run tests nothing")
    return lines


def workers_of(config: pytest.Config) -> int:
    """How many tests run at a time."""
    tx = getattr(config.option, "tx", None) or ()
    return max(1, len(tx))


def record_command(config: pytest.Config, mode: str | None = None) -> str:
    """What records the tests of this run, with what was typed for it.

    Args:
        config: Of the run.
        mode: The record mode; None for that of the run.
    """
    mode = mode or config.stash[SETTINGS].record_mode
    typed = typed_in(config)
    words = [] if typed.workers is None else ["-n", typed.workers]
    for option in OPTIONS:
        value = config.getoption(option.name)
        if option.name in _NOT_CARRIED or not value:
            continue
        values = value if isinstance(value, list) else [value]
        words += [word for each in values for word in (option.name, each) if word is not True]
    words.append("--claude-record" + (f"={mode}" if mode != "new_episodes" else ""))
    return " ".join(filter(None, ["pytest", typed.tests, shlex.join(words)]))


_NOT_CARRIED = frozenset(
    f"--claude-{name}"
    for name in ("record", "dry-run", "progress", "report", "show-transcript", "strict")
)
"""Options that do not change what is recorded."""


_COLOURS = {
    "fail": {"red": True, "bold": True},
    "nothing": {"red": True, "bold": True},
    "undecided": {"yellow": True, "bold": True},
    "pass": {"green": True, "bold": True},
}


def print_annotations(reporter: Any, story: Told, lines: Mapping[str, int]) -> None:
    """Print, in a job of GitHub Actions, the commands that point at the tests that failed.

    Args:
        reporter: pytest's terminal reporter.
        story: The run.
        lines: The line of each test to point at, by node id.
    """
    from pytest_claude.report.annotations import error_commands

    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    root = reporter.config.rootpath
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    inside = root.is_relative_to(workspace)
    prefix = root.relative_to(workspace).as_posix() if inside else "."
    for line in error_commands(story, lines, prefix=prefix):
        reporter.write_line(line)


def outside_lines(problems: Sequence[str]) -> list[str]:
    """The refused calls that no claude test made, each once, and how many there were."""
    from pytest_claude.report.numbers import plural

    if not problems:
        return []
    lines = [f"{plural(len(problems), 'problem')} outside the claude tests"]
    return [*lines, *(f"  {line}" for line in dict.fromkeys(problems))]


def _what_next(story: Told, reports: Iterable[Path]) -> list[str]:
    """Where the reports are, and what to type next: the same as in them."""
    from pytest_claude.report.commands import Command, next_commands
    from pytest_claude.report.terminal import command_lines
    from pytest_claude.report_files import as_typed, run_file_of

    shown = _shown_to_users(reports)
    labels = {".json": "run file", ".html": "page", ".md": "Markdown"}
    files = [Command("", as_typed(path), labels[path.suffix]) for path in shown]
    return command_lines([*files, *next_commands(story, run_file_of(shown))])


def _shown_to_users(reports: Iterable[Path]) -> list[Path]:
    """Without hidden files, a program's own: `pytest-claude bump` reads one and removes it."""
    return [path for path in reports if not path.name.startswith(".")]


def _in_terminal(line: str) -> str:
    """The line in characters that the terminal has."""
    from pytest_claude.report.terminal import in_encoding

    return in_encoding(line, getattr(sys.stdout, "encoding", None) or "utf-8")


# --- notes ----------------------------------------------------------------------------------


def elsewhere(config: pytest.Config, tests: Iterable[str]) -> list[str]:
    """Where the cassettes are when pytest, without an ini file, took another folder for root."""
    name, here = config.getini("claude_cassette_dir"), config.rootpath
    files = dict.fromkeys(here / test.partition("::")[0] for test in tests)
    below = [up for file in files for up in file.parents if here in up.parents]
    project = next((up for up in (*below, *here.parents) if (up / name).is_dir()), None)
    if project is None:
        return []
    where = "below" if project in below else "above"
    path = Path(os.path.relpath(project, config.invocation_params.dir))
    return [
        f"no {name}/ in pytest's rootdir, but one in a folder {where} it",
        f"  to use it  touch {path / 'pytest.ini'}",
    ]


def not_redacted() -> list[str]:
    """The secrets of the environment that redaction leaves alone, one sentence each."""
    from pytest_claude.recording.secrets import left_alone

    return [
        f"{name} {why}: it is not redacted in what is recorded"
        for name, why in left_alone(os.environ).items()
    ]
