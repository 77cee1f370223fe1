"""`pytest-claude export`: cassettes that hold all of their requests, for plain vcrpy."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_claude.cli.inputs import recordings
from pytest_claude.errors import RecordingProblem
from pytest_claude.recording import cassette
from pytest_claude.recording.cassette import Label
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.summary import summarize


def run(options: argparse.Namespace) -> int:
    """Write each cassette whole; 1 when one is bad, is another tool's, or its place is taken."""
    bad = 0
    for source, target in _places(options):
        try:
            written_as, entries = cassette.read_recording(source, str(source))
            if written_as != cassette.FORMAT:  # its secrets are still in it
                wrong = f"is no cassette of pytest-claude ({written_as}): import it first"
                raise RecordingProblem(f"{source}: {wrong}")
            calls = [entry.interaction for entry in entries]
            head = (
                summarize(calls),
                cassette.imported_from(source),
                cassette.read_label(source) or Label(),
                cassette.read_rulings(source),
            )
            cassette.save_new(source, target, [Recorded.of(call) for call in calls], *head)
            print(f"{source} → {target}")
        except RecordingProblem as error:
            bad += 1
            print(f"FAIL {error.headline}", file=sys.stderr)
    return 1 if bad else 0


def _places(options: argparse.Namespace) -> Iterator[tuple[Path, Path]]:
    """Each recording, and where it is written."""
    for path in options.paths:
        for source in recordings([path], "export"):
            below = source.relative_to(path) if path.is_dir() else Path(source.name)
            yield source, options.into / below.with_name(below.name.removesuffix(".gz"))
