"""`pytest-claude check`: which cassettes are bad, hold a secret, or are asked by no test."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from pytest_claude.cli.inputs import recordings
from pytest_claude.cli.orphans import NotCollected, Orphan, project_orphans
from pytest_claude.cli.project import cassette_folder
from pytest_claude.errors import UnreadableCassette, UnsavedCassette
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import load
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.finding import secrets_in, secrets_in_file
from pytest_claude.recording.secrets import Secrets
from pytest_claude.transcript.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Read every cassette; 1 when one is bad or holds a secret. With --accept, bless hand edits.

    An orphan is no bad file: it is told.
    """
    if options.accept:
        return _accept(options.accept)
    secrets = Secrets.of_environment(os.environ)
    paths = recordings(options.paths or [cassette_folder()], "check")
    found = [_flaws(path, secrets) for path in paths]
    for line in (line for flaws in found for line in flaws):
        print(line, file=sys.stderr)
    bad = sum(map(bool, found))
    orphans = [] if options.paths else _orphans()
    for orphan in orphans:
        print("\n".join(orphan_lines(orphan)))
    alone = f", {len(orphans)} orphaned" if orphans else ""
    print(f"{len(found) - bad} good, {bad} bad{alone}")
    if any(orphan.doubt is None for orphan in orphans):
        print("to remove what is orphaned  pytest-claude prune")
    return 1 if bad else 0


def _flaws(path: Path, secrets: Secrets) -> list[str]:
    """What is wrong with one file, and what to type; nothing where it is good."""
    lines: list[str] = []
    try:
        held = secrets_in(load(path, str(path)), secrets)
    except UnreadableCassette as error:
        lines.append(f"FAIL {error.headline}")
        if error.to_accept is not None:
            lines.append(f"     to accept it  {error.to_accept}")
        held = secrets_in_file(path, secrets)
    for secret, where in held.items():
        lines += [f"FAIL {path}{where}: holds {secret}",
                  "     to repair  rotate the key, then record the test again"]  # fmt: skip
    return lines


def orphan_lines(orphan: Orphan) -> list[str]:
    """What is orphaned, and how to keep it where its test has another name now."""
    lines = [f"orphaned  {orphan.folder}: no test asks it"]
    if orphan.doubt is not None:
        lines.append(f"  it is kept: {orphan.doubt}")
    if orphan.now is not None:
        words = shlex.join(["mv", str(orphan.folder), str(orphan.now)])
        if not orphan.now.parent.is_dir():
            words = f"{shlex.join(['mkdir', '-p', str(orphan.now.parent)])} && {words}"
        lines.append(f"  was its test renamed?  {words}")
    return lines


def _orphans() -> list[Orphan]:
    try:
        return project_orphans()
    except NotCollected as error:
        print(f"orphaned cassettes were not looked for: {error}", file=sys.stderr)
        return []


def _accept(paths: Iterable[Path]) -> int:
    bad = 0
    for path in recordings(paths, "check --accept"):
        try:
            interactions = cassette.read_edited(path, str(path))
            entries = [Recorded.of(interaction) for interaction in interactions]
            label = cassette.read_label(path) or cassette.Label()
            rulings = cassette.read_rulings(path)
            cassette.save(path, entries, summarize(interactions), label=label, rulings=rulings)
            print(f"accepted {path}")
        except (UnreadableCassette, UnsavedCassette) as error:
            bad += 1
            print(f"FAIL {error.headline}", file=sys.stderr)
    return 1 if bad else 0
