"""`pytest-claude import`: cassettes of other tools' recordings."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_claude.cli.project import cassette_folder, read_project
from pytest_claude.cli.recordings import recordings
from pytest_claude.errors import RecordingProblem, SettingsError

if TYPE_CHECKING:
    from pytest_claude.recording.cassette import Label
    from pytest_claude.recording.folder import Folder


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    importing = commands.add_parser(
        "import", help="make cassettes of recordings of other tools, in whatever format"
    )
    importing.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    importing.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="where to put them, by their paths below PATH (default: the folder of the cassettes)",
    )
    importing.add_argument(
        "--test", metavar="NODEID", help="the test whose recording the one PATH is"
    )
    importing.add_argument(
        "--keep-failed",
        action="store_true",
        help="keep failed attempts that a good answer follows",
    )
    importing.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    """Write a cassette for each recording; 1 when a file was bad or its place is taken."""
    from pytest_claude.recording import cassette
    from pytest_claude.recording.importing import main_model, read_for_import
    from pytest_claude.recording.redaction import Redaction
    from pytest_claude.recording.slugs import named_model
    from pytest_claude.transcript.summary import summarize

    options.into = options.into or cassette_folder()
    names = read_project(Path.cwd()).names
    redaction = Redaction.of_environment(os.environ)
    bad = 0
    for source, folder, label in _places(options):
        try:
            written_as, entries = read_for_import(
                source, redaction, keep_failed=options.keep_failed
            )
            model = named_model(names.resolved(main_model(entries)))
            target = folder.path(model, 0)
            if written_as.startswith("pytest-claude") and _below(source, options.into):
                bad += 1
                print(f"FAIL {source}: is in its place already; replay reads it", file=sys.stderr)
            elif not entries:
                print(f"{source}: no call to a model, nothing imported")
            elif target.exists():
                bad += 1
                print(f"FAIL {source}: {target} exists already", file=sys.stderr)
            else:
                calls = [entry.interaction for entry in entries]
                cassette.save(
                    target, entries, summarize(calls), written_as, replace(label, model=model)
                )
                print(f"{source} ({written_as}) → {target}")
        except RecordingProblem as error:
            bad += 1
            named = source.name in error.headline
            print(f"FAIL {'' if named else f'{source}: '}{error.headline}", file=sys.stderr)
    return 1 if bad else 0


def _below(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _places(options: argparse.Namespace) -> Iterator[tuple[Path, Folder, Label]]:
    """Each recording, and the folder and the label of the test it belongs to."""
    from pytest_claude.places import Places
    from pytest_claude.recording.cassette import Label
    from pytest_claude.recording.folder import Folder
    from pytest_claude.recording.slugs import as_label
    from pytest_claude.run.place import FileNames

    if options.test is not None:
        sources = list(recordings(options.paths, "import"))
        if len(sources) != 1:
            raise SettingsError(f"import --test {options.test}: {len(sources)} recordings, not one")
        places = Places(options.into, Path(os.path.relpath(read_project(Path.cwd()).root)))
        yield sources[0], places.test(options.test), Label(test=as_label(options.test))
        return
    for path in options.paths:
        for source in recordings([path], "import"):
            below = source.relative_to(path) if path.is_dir() else Path(source.name)
            name = below.name.removesuffix(".gz")
            into = options.into / below.parent / Path(name).stem
            yield source, Folder((into,), FileNames(), Path()), Label()
