"""What GitHub Actions is told without being asked: a step summary, annotations at test lines."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_claude.report.story import Typed
    from pytest_claude.run.record import Run


def on_actions() -> bool:
    """Whether this runs in a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def write_summary(run: Run, reports: Sequence[Path], typed: Typed) -> str | None:
    """Add the run to the step summary, when it has something to tell.

    Returns:
        Why it could not be written; None where it was, or where there is nothing to say.
    """
    from pytest_claude.report.markdown import SUMMARY_BYTES, markdown
    from pytest_claude.report.story import story

    told = story(run, typed)
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name or not (told.compares or told.of("failed")):
        return None
    path = Path(name)
    page = next((path.name for path in reports if path.suffix == ".html"), None)
    run_file = next((path.name for path in reports if path.suffix == ".json"), None)
    try:
        # All steps of a job share the limit of one file's size, so what is there counts.
        room = SUMMARY_BYTES - (path.stat().st_size if path.exists() else 0) - 1
        text = markdown(told, run_file=run_file, page=page, most_bytes=room)
        if len(text.encode("utf-8", "replace")) <= room:
            with path.open("a", encoding="utf-8", errors="replace", newline="\n") as file:
                file.write(text + "\n")
    except OSError as error:
        return f"the step summary could not be written: {error.strerror}"
    return None


def annotation_lines(run: Run, lines: Mapping[str, int], root: Path) -> tuple[str, ...]:
    """The workflow commands that point at the tests that failed.

    Args:
        run: The run.
        lines: The line of each test to point at, by node id.
        root: The folder that node ids are relative to.
    """
    from pytest_claude.report.annotations import error_commands
    from pytest_claude.report.story import story

    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
    inside = root.is_relative_to(workspace)
    prefix = root.relative_to(workspace).as_posix() if inside else "."
    return error_commands(story(run), lines, prefix=prefix)
