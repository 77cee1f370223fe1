"""EDGE: writes a run as the file that its suffix names; shared by the plugin and the commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.errors import SettingsError, UnreadableCassette

if TYPE_CHECKING:
    from pytest_claude.models.prices import PriceTable
    from pytest_claude.report.overview import Origin
    from pytest_claude.report.story import Typed
    from pytest_claude.run.record import Run
    from pytest_claude.transcript.model import Transcript

SUFFIXES = (".json", ".html", ".md")


def check_suffix(option: str, path: Path) -> None:
    """Refuse a report of a kind that is not known.

    Raises:
        SettingsError: With the known kinds.
    """
    if path.suffix not in SUFFIXES:
        raise SettingsError(
            f"{option} {path.name}: the suffix names the kind of report: {', '.join(SUFFIXES)}"
        )


def write_reports(
    run: Run,
    paths: Sequence[Path],
    root: Path,
    prices: PriceTable | None = None,
    typed: Typed | None = None,
) -> list[str]:
    """Write the run to each path; what could not be written, one sentence each.

    Args:
        run: The run.
        paths: Their suffixes are known.
        root: The folder that the run's cassette paths are relative to.
        prices: The user's own prices, and the project's own names of models.
        typed: What was typed for the run, where that is known.
    """
    from pytest_claude.recording.files import write_atomically

    unwritten = []
    for path in paths:
        try:
            text = report_text(run, path, paths, root, prices, typed)
            write_atomically(path, text.encode("utf-8", "replace"))
        except OSError as error:
            unwritten.append(f"{path} could not be written: {error.strerror}")
    return unwritten


def report_text(
    run: Run,
    path: Path,
    paths: Iterable[Path],
    root: Path,
    prices: PriceTable | None = None,
    typed: Typed | None = None,
) -> str:
    """The text of the report at `path`, which names the others of `paths` where it can."""
    from pytest_claude.report.story import story
    from pytest_claude.run import record

    told = story(run, typed)
    if path.suffix == ".json":
        return record.dumps(run, str(told.headline) if told.compares else None)
    run_file = run_file_of(paths)
    if path.suffix == ".md":
        from pytest_claude.report.markdown import markdown

        page = next((p.name for p in paths if p.suffix == ".html"), None)
        return markdown(told, run_file=run_file, page=page)
    from pytest_claude.models.prices import NO_OVERRIDES
    from pytest_claude.report.html import render_page

    return render_page(
        told,
        transcripts_below(root),
        origin=origin_of(root),
        run_file=run_file,
        prices=prices or NO_OVERRIDES,
    )


def transcripts_below(root: Path) -> Callable[[str], Transcript | None]:
    """Reads the transcript of a cassette whose path is relative to `root`; None where none is."""
    from pytest_claude.recording.cassette import load
    from pytest_claude.transcript.parse import parse_transcript

    def lookup(shown: str) -> Transcript | None:
        path = root / shown
        try:
            entries = load(path, shown) if path.is_file() else []
        except UnreadableCassette:
            return None
        return parse_transcript(entry.interaction for entry in entries) if entries else None

    return lookup


def origin_of(root: Path) -> Origin:
    """The project, the time and the commit that a report is made of."""
    from datetime import UTC, datetime

    from pytest_claude.report.overview import Origin

    return Origin(root.name, f"{datetime.now(UTC):%d %b %Y %H:%M} UTC".lstrip("0"), _commit(root))


def _commit(root: Path) -> str | None:
    if sha := os.environ.get("GITHUB_SHA") or os.environ.get("CI_COMMIT_SHA"):
        return sha
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return None
    import subprocess

    try:
        told = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def run_file_of(paths: Iterable[Path]) -> str | None:
    """The run file among the reports, as one would type it here; None where none is written."""
    return next((as_typed(path) for path in paths if path.suffix == ".json"), None)


def as_typed(path: Path) -> str:
    """The path as one would type it here."""
    try:
        return path.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)
