"""`pytest-claude import`: cassettes of other tools' recordings."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pytest_claude.cli.inputs import recordings
from pytest_claude.cli.project import cassette_folder, read_project
from pytest_claude.errors import RecordingProblem, SettingsError
from pytest_claude.places import Places
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.folder import Folder
from pytest_claude.recording.importing import main_model, read_for_import
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.slugs import as_label, named_model
from pytest_claude.run.place import FileNames
from pytest_claude.transcript.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Write a cassette for each recording; 1 when a file was bad or its place is taken."""
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
            if written_as.startswith("pytest-claude") and source.resolve().is_relative_to(
                options.into.resolve()
            ):
                bad += 1
                print(f"FAIL {source}: is in its place already; replay reads it", file=sys.stderr)
            elif (real := folder.outside(target)) is not None:
                bad += 1
                print(f"FAIL {source}: {target} is {real}, out of {options.into}", file=sys.stderr)
            elif not entries:
                print(f"{source}: no call to a model, nothing imported")
            else:
                summary = summarize([entry.interaction for entry in entries])
                label = replace(label, model=model)
                text = cassette.dumps(entries, summary, written_as, label)
                if target.exists() and target.read_bytes() != text.encode():
                    bad += 1
                    print(f"FAIL {source}: {target} exists already", file=sys.stderr)
                else:  # a call that was killed, or is repeated, had imported it
                    cassette.save(target, entries, summary, written_as, label)
                    print(f"{source} ({written_as}) → {target}")
        except RecordingProblem as error:
            bad += 1
            named = source.name in error.headline
            print(f"FAIL {'' if named else f'{source}: '}{error.headline}", file=sys.stderr)
    return 1 if bad else 0


def _places(options: argparse.Namespace) -> Iterator[tuple[Path, Folder, Label]]:
    """Each recording, and the folder and the label of the test it belongs to."""
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
            yield source, Folder((into,), FileNames(), Path(), options.into), Label()
