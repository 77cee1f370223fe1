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
    """Write each recording whole; 1 when one could not be read or written."""
    bad = 0
    for source, target in _places(options):
        try:
            entries, rulings = cassette.load_with_rulings(source, str(source))
            calls = [entry.interaction for entry in entries]
            label = cassette.read_label(source) or Label()
            whole = [Recorded.of(call) for call in calls]
            cassette.save(target, whole, summarize(calls), label=label, rulings=rulings)
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
