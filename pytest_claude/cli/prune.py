"""`pytest-claude prune`: removes cassettes that no test asks any more, and what they held."""

from __future__ import annotations

import argparse
import sys

from pytest_claude.cli.check import orphan_lines
from pytest_claude.cli.orphans import NotCollected, project_orphans, unused_parts
from pytest_claude.cli.project import cassette_folder
from pytest_claude.recording.files import remove_files
from pytest_claude.report.numbers import plural


def run(options: argparse.Namespace) -> int:
    """List what is orphaned, and remove it on a yes; 1 when that is not known or not possible."""
    try:
        orphans = project_orphans()
    except NotCollected as error:
        print(f"FAIL nothing is removed: {error}", file=sys.stderr)
        return 1
    for orphan in orphans:
        print("\n".join(orphan_lines(orphan)))
    found, orphans = orphans, [orphan for orphan in orphans if orphan.doubt is None]
    files_of_tests = [path for orphan in orphans for path in orphan.files]
    parts, doubt = unused_parts(cassette_folder(), files_of_tests)
    if doubt is not None:
        print(f"FAIL no part is removed: {doubt}", file=sys.stderr)
    for part in parts:
        print(f"unused  {part}: no cassette refers to it")
    if not orphans and not parts:
        print("nothing is removed" if found else "no cassette is orphaned")
        return 0
    files = plural(len(files_of_tests) + len(parts), "file")
    if not (options.yes or is_wanted(f"remove {files}?")):
        print(f"nothing is removed; to remove {files}  pytest-claude prune --yes")
        return 0
    try:
        remove_files([*files_of_tests, *parts], cassette_folder())
    except OSError as error:
        print(f"FAIL {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{files} removed")
    return 0


def is_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def is_wanted(question: str) -> bool:
    """Whether somebody says yes; without a terminal nobody does."""
    if not is_terminal():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
