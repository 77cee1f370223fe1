"""Durations under a clock that a test froze."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pytest_claude.clock import elapsed_s
from pytest_claude.recording.readers.parts import timing_of


@pytest.mark.fault("T05")
def test_a_frozen_clock_freezes_no_duration(monkeypatch: pytest.MonkeyPatch) -> None:
    before = elapsed_s()
    # As freezegun does it: another function under the same name.
    monkeypatch.setattr(time, "perf_counter", lambda: 1.8e9)
    assert 0 <= elapsed_s() - before < 60


@pytest.mark.parametrize(
    ("first", "total"), [(1.8e9, 1.8e9), (-3.0, 2.0), (0.5, -1.0), (3.0, 2.0), (float("nan"), 1.0)]
)
@pytest.mark.fault("T05")
def test_an_impossible_duration_is_unknown(first: float, total: float) -> None:
    timing, _ = timing_of({"complete": True, "first_byte_s": first, "total_s": total})
    assert timing is None


def test_a_possible_duration_is_kept() -> None:
    value: dict[str, Any] = {"complete": True, "first_byte_s": 0.5, "total_s": 601.25}
    timing, _ = timing_of(value)
    assert timing is not None
    assert (timing.first_byte_s, timing.total_s) == (0.5, 601.25)
