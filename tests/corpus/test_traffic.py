"""The recorded traffic of public projects becomes one test, and replays green."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude.cli import main


@pytest.mark.child
def test_the_recordings_of_all_projects_become_a_test_that_replays_green(
    shared_dir: Path,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pytester.makeini("[pytest]")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p pytest_claude.plugin")
    status = main(["from", "cassettes", str(shared_dir / "corpus" / "dev"), "--into", "tests"])
    printed = capfd.readouterr().out
    assert status == 0, printed
    lines = (pytester.path / "tests" / "traffic.jsonl").read_text("utf-8").splitlines()
    assert f"{len(lines):,} of {len(lines):,} replay green" in printed
    assert len(lines) > 800
    loops = [case for case in map(json.loads, lines) if "then" in case]
    assert len(loops) > 50, "the loops of agents are one case each"
    assert "2,420 records read in 1,604 files" in printed
