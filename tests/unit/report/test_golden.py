"""The terminal's texts, read whole: a person has read each file."""

from __future__ import annotations

from pathlib import Path

import pytest
import report_samples as samples

from pytest_claude.report.candidates import Candidates
from pytest_claude.report.candidates import told as told_of
from pytest_claude.report.commands import next_commands
from pytest_claude.report.terminal import (
    command_lines,
    gate_lines,
    overview_lines,
    plain_lines,
    set_lines,
    side_by_side_lines,
)

GOLDEN = Path(__file__).parent / "golden"


def told(name: str) -> str:
    run = samples.RUNS[name]
    of = told_of(run)
    if isinstance(of, Candidates):
        lines = side_by_side_lines(of)
    else:
        lines = gate_lines(of) if of.compares else set_lines(run.results)
        lines += plain_lines(run.results, of.stale)
    if of.compares:
        lines += ["", *command_lines(next_commands(of, None))]
    return "\n".join([*lines, "== pytest-claude show", *overview_lines(of), ""])


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_the_whole_text(name: str) -> None:
    assert told(name) == (GOLDEN / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(samples.RUNS))
def test_it_is_readable_at_80_columns(name: str) -> None:
    names = [test for test in samples.RUNS[name].collected if len(test) > 60]
    lines = [line for line in told(name).splitlines() if not any(test in line for test in names)]
    lines = [line for line in lines if "APP_PROMPT" not in line]  # nor is a name of a candidate
    # What is to be typed is never broken; it stands on a line of its own.
    lines = [line for line in lines if not line.startswith("    pytest")]
    assert [line for line in lines if len(line) > 80] == []
