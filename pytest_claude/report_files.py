"""EDGE: writes a run as the file that its suffix names; shared by the plugin and the commands."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude.errors import SettingsError, UnreadableCassette
from pytest_claude.transcript.utf8 import utf8

if TYPE_CHECKING:
    from pytest_claude.models.prices import PriceTable
    from pytest_claude.report.candidates import Told
    from pytest_claude.report.coverage import Behavior
    from pytest_claude.report.overview import Origin
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
    story: Told,
    paths: Sequence[Path],
    root: Path,
    prices: PriceTable | None = None,
    behaviors: Sequence[Behavior] = (),
) -> list[str]:
    """Write the run to each path; what could not be written, one sentence each.

    Args:
        run: The run.
        story: Its story.
        paths: Their suffixes are known.
        root: The folder that the run's cassette paths are relative to.
        prices: The user's own prices, and the project's own names of models.
        behaviors: Which behavior is tested, where that was asked.
    """
    from pytest_claude.recording.files import write_atomically

    unwritten = []
    for path in paths:
        try:
            text = report_text(run, story, path, paths, root, prices, behaviors)
            write_atomically(path, utf8(text))
        except OSError as error:
            unwritten.append(f"{path} could not be written: {error.strerror}")
    return unwritten


def report_text(
    run: Run,
    story: Told,
    path: Path,
    paths: Iterable[Path],
    root: Path,
    prices: PriceTable | None = None,
    behaviors: Sequence[Behavior] = (),
) -> str:
    """The text of the report at `path`, which names the others of `paths` where it can."""
    from pytest_claude.run import record

    if path.suffix == ".json":
        return record.dumps(run, str(story.headline) if story.compares else None)
    run_file = run_file_of(paths)
    if path.suffix == ".md":
        from pytest_claude.report.markdown import markdown

        page = next((p.name for p in paths if p.suffix == ".html"), None)
        return markdown(story, run_file=run_file, page=page, behaviors=behaviors)
    from pytest_claude.models.prices import NO_OVERRIDES
    from pytest_claude.report.html import render_page

    return render_page(
        story,
        transcripts_below(root),
        origin=origin_of(root),
        run_file=run_file,
        prices=prices or NO_OVERRIDES,
        behaviors=behaviors,
    )


def write_step_summary(story: Told, reports: Sequence[Path]) -> list[str]:
    """Add the run to GitHub's step summary, when this is one of its jobs and there is news.

    Args:
        story: The run.
        reports: The paths of its reports, which the summary names.

    Returns:
        What could not be written, in a sentence; empty where it was, or was not to be.
    """
    from pytest_claude.report.markdown import SUMMARY_BYTES, markdown

    name = os.environ.get("GITHUB_STEP_SUMMARY")
    has_news = story.compares or any(row.word == "failed" for row in story.rows)
    if os.environ.get("GITHUB_ACTIONS") != "true" or not name or not has_news:
        return []
    path = Path(name)
    page = next((path.name for path in reports if path.suffix == ".html"), None)
    run_file = next((path.name for path in reports if path.suffix == ".json"), None)
    try:
        # All steps of a job share the limit of one file's size, so what is there counts.
        room = SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0) - 1
        text = markdown(story, run_file=run_file, page=page, most_bytes=room)
        if len(utf8(text)) <= room:
            with path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(text + "\n")
    except OSError as error:
        return [f"the step summary could not be written: {error.strerror}"]
    return []


def transcripts_below(root: Path) -> Callable[[str], Transcript | None]:
    """Reads the transcript of a cassette whose path is relative to `root`; None where none is."""
    from pytest_claude.recording.cassette import load
    from pytest_claude.transcript.parse import parse_transcript

    def lookup(shown: str) -> Transcript | None:
        path = root / shown
        try:
            entries = load(path, shown) if path.is_file() else []
            return parse_transcript(entry.interaction for entry in entries) if entries else None
        except UnreadableCassette:
            return None

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
