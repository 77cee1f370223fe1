"""`pytest-claude adopt`: the candidate's trials become the suite's recordings."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from pytest_claude.cli.bump import run_gate
from pytest_claude.cli.project import read_project
from pytest_claude.errors import SettingsError
from pytest_claude.places import Places
from pytest_claude.recording.files import write_atomically
from pytest_claude.report.adoption import adoption, bump_text, foretold_lines
from pytest_claude.report.numbers import plural
from pytest_claude.run.place import ORDINARY


def run(options: argparse.Namespace) -> int:
    """Move the trials; 1 when the verdict forbids it, or pytest's status when it did not run."""
    status, run = run_gate(options)
    if run is None or run.decision is None:
        return status
    if run.decision.overall != "pass" and not options.anyway:
        print(f"\nnothing was moved: the verdict is {run.decision.overall.upper()}")
        print(f"  to adopt it all the same  pytest-claude adopt --anyway {' '.join(options.pairs)}")
        return 1
    project = read_project(Path.cwd())
    tests = {*run.collected, *(result.test for result in run.results)}
    places = Places(project.cassette_root, project.root, tests)

    def ordinary(test: str, model: str, index: int) -> str:
        folder = places.test(test)
        return folder.shows(folder.path(model, index))

    def ordinary_set_up(cassette: str) -> str:
        below = replace(places.place(cassette), side=ORDINARY).path
        return os.path.relpath(places.root / below)

    adopted = adoption(run, lambda cassette: places.place(cassette).model)
    moves = [move for entry in adopted for move in entry.moves(ordinary, ordinary_set_up)]
    moves = list(dict.fromkeys(moves))  # tests of one scope share their fixtures
    if not moves:
        shared = any(trial.entries for result in run.results for trial in result.trials)
        raise SettingsError(
            "adopt: the tests share their cassettes, and each has trials of its own: change the "
            "model id in the app, then pytest --claude-record"
            if shared
            else "adopt: the candidate has no recorded trial"
        )
    replaced = [place for entry in adopted for place in entry.replaced]
    _check(moves, replaced)
    attempt = places.root / places.place(moves[0][0]).side.root
    note = Path(os.path.relpath(attempt / "BUMP.md"))
    _move(moves, replaced, note, bump_text(run, adopted))
    print(f"\nwrote {note}")
    print(f"\nmoved {plural(len(moves), 'cassette')} of {plural(len(adopted), 'test')}")
    for line in foretold_lines(run, adopted):
        print(line)
    new = ", ".join(pair.partition("=")[2] for pair in options.pairs)
    print(f"  to go on  change the model id in the app to {new}, then: pytest")
    return 0


def _check(moves: Iterable[tuple[str, str]], replaced: Collection[str]) -> None:
    """Nothing is moved unless all can be."""
    for source, target in moves:
        if not Path(source).exists():
            raise SettingsError(f"adopt: {source} is not there: run it in the project's root")
        if Path(target).exists() and target not in replaced:
            raise SettingsError(f"adopt: {target} exists already; nothing was moved")


def _move(moves: Iterable[tuple[str, str]], replaced: Iterable[str], note: Path, text: str) -> None:
    """Move all cassettes and write the note, or leave everything as it was."""
    aside = [(place, f"{place}.replaced") for place in replaced]
    moved: list[tuple[str, str]] = []
    try:
        for source, target in [*aside, *moves]:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(source).replace(target)
            moved.append((source, target))
        write_atomically(note, text.encode())
    except OSError as error:
        for source, target in reversed(moved):
            Path(target).replace(source)
        raise SettingsError(f"adopt: {error}; nothing was moved") from None
    for _, kept in aside:
        Path(kept).unlink()
