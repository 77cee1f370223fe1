"""A recording over an older one: what changed in what the model does, in one line per test."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_claude.behavior.profile import Profile, profile
from pytest_claude.comparison.difference import differences
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import UnreadableCassette
from pytest_claude.report.numbers import plural
from pytest_claude.transcript.model import Transcript
from pytest_claude.transcript.parse import parse_transcript


@dataclass(frozen=True)
class Replaced:
    """What one trial did in the recording that was replaced, and what it does now."""

    before: Profile
    after: Profile


def recorded_before(path: Path | None) -> Transcript | None:
    """What the cassette at `path` holds before it is saved; None where there is none to read."""
    from pytest_claude.recording.cassette import load

    if path is None or not path.is_file():
        return None
    try:
        return parse_transcript(entry.interaction for entry in load(path, path.name))
    except UnreadableCassette:
        return None


def replaced(
    before: Transcript | None, after: Transcript, output_tools: Collection[str]
) -> Replaced | None:
    """What was replaced; None where nothing was, or every answer is the one it was."""
    if before is None or not before.answers or not after.answers:
        return None
    if [answer.content for answer in before.answers] == [a.content for a in after.answers]:
        return None
    return Replaced(
        profile(before, output_tools=output_tools), profile(after, output_tools=output_tools)
    )


def replaced_line(test: str, trials: Sequence[Replaced | None]) -> str | None:
    """`t.py::t, recorded over: asks for the unit in 2 of 2 trials`; None where nothing was."""
    found = [trial for trial in trials if trial is not None]
    if not found:
        return None
    old = [Trial(test, "base", n, "pass", profile=r.before) for n, r in enumerate(found)]
    new = [Trial(test, "cand", n, "pass", profile=r.after) for n, r in enumerate(found)]
    told = differences(old, new)
    if not told:
        return f"{test}, recorded over: behaves as before in {plural(len(found), 'trial')}"
    return f"{test}, recorded over: {told[0].counted}"
