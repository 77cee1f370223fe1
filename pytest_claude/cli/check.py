"""`pytest-claude check`: which cassettes are bad, hold a secret, or are asked by no test."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_claude.accepted_files import AcceptedFile
from pytest_claude.cli.inputs import is_accepted, recordings
from pytest_claude.cli.orphans import NotCollected, Orphan, project_orphans, unused_parts
from pytest_claude.cli.project import cassette_folder, read_project
from pytest_claude.errors import UnreadableCassette, UnsavedCassette
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import load
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.finding import secrets_in, secrets_in_file
from pytest_claude.recording.secrets import Secrets
from pytest_claude.recording.store import Store
from pytest_claude.report.numbers import plural
from pytest_claude.run.place import FileNames
from pytest_claude.transcript.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Read every cassette; 1 when one is bad or holds a secret. With --accept, bless hand edits.

    An orphan is not a bad file: it is listed.
    """
    if options.accept:
        return _accept(options.accept)
    secrets = Secrets.of_environment(os.environ)
    given = options.paths or [cassette_folder()]
    paths = [*recordings(given, "check"), *_accepted_below(given)]
    parts: dict[Path, list[str]] = {}
    found = [_flaws(path, secrets, parts) for path in paths]
    unused = [] if options.paths else unused_parts(cassette_folder())[0]
    parts |= {part: _secret_lines(part, secrets_in_file(part, secrets)) for part in unused}
    found += [flaws for flaws in parts.values() if flaws]
    for line in (line for flaws in found for line in flaws):
        print(line, file=sys.stderr)
    bad = sum(map(bool, found))
    orphans = [] if options.paths else _orphans()
    for orphan in orphans:
        print("\n".join(orphan_lines(orphan)))
    alone = f", {len(orphans)} orphaned" if orphans else ""
    alone += f", {plural(len(unused), 'part')} unused" if unused else ""
    print(f"{len(found) - bad} good, {bad} bad{alone}")
    is_orphaned = any(orphan.doubt is None for orphan in orphans)
    if removable := ["orphaned"] * is_orphaned + ["unused"] * bool(unused):
        print(f"to remove what is {' or '.join(removable)}  pytest-claude prune")
    return 1 if bad else 0


def _flaws(path: Path, secrets: Secrets, parts: dict[Path, list[str]]) -> list[str]:
    """What is wrong with one file, and what to type; an empty list for a good file.

    What it refers to is read once for all cassettes: `parts` are the secrets in each.
    """
    lines: list[str] = []
    try:
        if is_accepted(path):
            AcceptedFile(path, str(path)).read()
            return _secret_lines(path, secrets_in_file(path, secrets))
        entries = load(path, str(path))
        held = secrets_in(entries, secrets)
        refers = [
            (entry.store, each) for entry in entries if entry.store for each in entry.references
        ]
        for store, reference in refers:
            part = store.path(reference)
            if part not in parts:
                store.read(reference)
                parts[part] = _secret_lines(part, secrets_in_file(part, secrets))
    except UnreadableCassette as error:
        lines.append(f"FAIL {error.headline}")
        if error.to_accept is not None:
            lines.append(f"     to accept it  {error.to_accept}")
        if error.to_repair is not None:
            lines.append(f"     to repair  {error.to_repair}")
        held = secrets_in_file(path, secrets)
    return [*lines, *_secret_lines(path, held)]


def _accepted_below(paths: Iterable[Path]) -> list[Path]:
    """The files of accepted behavior below the folders among `paths`."""
    return sorted(each for path in paths for each in path.rglob(FileNames.accepted))


def _secret_lines(path: Path, held: Mapping[str, str]) -> list[str]:
    repair = "     to repair  rotate the key, then record the test again"
    found = ((f"FAIL {path}{where}: holds {secret}", repair) for secret, where in held.items())
    return [line for lines in found for line in lines]


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
    bad, limit = 0, read_project(Path.cwd()).store_requests
    for path in recordings(paths, "check --accept"):
        try:
            interactions = cassette.read_edited(path, str(path))
            store = replace(Store.above(path), limit=limit)
            entries = [Recorded.of(each, store if store.folders else None) for each in interactions]
            label = cassette.read_label(path) or cassette.Label()
            rulings = cassette.read_rulings(path)
            cassette.save(path, entries, summarize(interactions), label=label, rulings=rulings)
            print(f"accepted {path}")
        except (UnreadableCassette, UnsavedCassette) as error:
            bad += 1
            print(f"FAIL {error.headline}", file=sys.stderr)
    return 1 if bad else 0
