"""`pytest-claude check`: whether cassettes can be replayed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_claude.cli.project import cassette_folder
from pytest_claude.cli.recordings import recordings
from pytest_claude.errors import UnreadableCassette, UnsavedCassette


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    check = commands.add_parser("check", help="whether every cassette can be replayed")
    check.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="files or folders (default: the folder of the cassettes)",
    )
    check.add_argument(
        "--accept",
        nargs="+",
        type=Path,
        metavar="PATH",
        default=[],
        help="take these files as they were edited by hand: they are replayed from now on",
    )
    check.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    """Read every cassette; 1 when a file is bad. With --accept, bless hand edits instead."""
    from pytest_claude.recording.cassette import load

    if options.accept:
        return _accept(options.accept)
    bad = good = 0
    for path in recordings(options.paths or [cassette_folder()], "check"):
        try:
            load(path, str(path))
            good += 1
        except UnreadableCassette as error:
            bad += 1
            print(f"FAIL {error.headline}", file=sys.stderr)
            if error.to_accept is not None:
                print(f"     to accept it  {error.to_accept}", file=sys.stderr)
    print(f"{good} good, {bad} bad")
    return 1 if bad else 0


def _accept(paths: Iterable[Path]) -> int:
    from pytest_claude.recording import cassette
    from pytest_claude.recording.entry import Recorded
    from pytest_claude.transcript.summary import summarize

    bad = 0
    for path in recordings(paths, "check --accept"):
        try:
            interactions = cassette.read_edited(path, str(path))
            entries = [Recorded.of(interaction) for interaction in interactions]
            cassette.save(path, entries, summarize(interactions))
            print(f"accepted {path}")
        except (UnreadableCassette, UnsavedCassette) as error:
            bad += 1
            print(f"FAIL {error.headline}", file=sys.stderr)
    return 1 if bad else 0
