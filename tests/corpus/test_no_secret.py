"""No false alarm: what people have published holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude import cli


def test_no_public_recording_holds_a_secret(
    shared_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", str(shared_dir / "corpus" / "dev")]) == 0
    assert capsys.readouterr().out.endswith(" good, 0 bad\n")
