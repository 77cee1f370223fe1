"""A gate's folder: which attempt of the gate each test is at, and the ledger of each attempt."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Ledger
from pytest_claude.places import Places, gate_side, places_of
from pytest_claude.run.place import Side
from pytest_claude.settings import RunSettings

LEDGER = "ledger.jsonl"


class Attempts:
    """The attempts of a gate, from the first to the one that a run makes, goes on with or replays.

    A later attempt may ask a few tests only (`-k`): the others stay at the one before.

    Attributes:
        last: The latest.
    """

    def __init__(self, settings: RunSettings, places: Places | None = None) -> None:
        self.last = settings.attempt
        self._settings = settings
        self._places = places or places_of(settings)
        # Asked of every test; a ledger holds all trials, and is written when the run has ended.
        self.of, self._waiting = cache(self._of), cache(self._open)

    @property
    def numbers(self) -> range:
        """All attempts, the latest first."""
        return range(self.last, 0, -1)

    def root(self, attempt: int) -> Path:
        """The folder of an attempt's trials and its ledger."""
        return _root(self._settings, attempt)

    def side(self, attempt: int, stream: Stream) -> Side:
        """One stream of an attempt."""
        return gate_side(self._settings, attempt, stream)

    def _of(self, test: str) -> int:
        """Which attempt a test is at: the latest that asked it, or is to ask it."""
        if self._settings.record_mode == "all":
            return self.last
        return next((n for n in self.numbers if n > 1 and self._has(n, test)), 1)

    def _has(self, attempt: int, test: str) -> bool:
        sides = [self.side(attempt, stream) for stream in ("cand", "base_fresh")]
        asked = any(self._places.test(test, side).is_there for side in sides)
        return asked or test in self._waiting(attempt)

    def _open(self, attempt: int) -> frozenset[str]:
        return frozenset(self.about(attempt).get("open") or ())

    def about(self, attempt: int) -> Mapping[str, Any]:
        """What the head of an attempt's ledger says; empty where there is none.

        Raises:
            SettingsError: The ledger can't be read.
        """
        return read_ledger(self.root(attempt) / LEDGER)[1]


def attempts_of(settings: RunSettings, places: Places) -> Attempts | None:
    """The attempts of the gate that a run is; None in a plain run."""
    return Attempts(settings, places) if settings.gated else None


def next_attempt(settings: RunSettings) -> int:
    """Which attempt a bump's run is: one more when the last one has its verdict.

    Only recording anew asks again; every other run goes on with the last attempt, or replays it.
    """
    attempt = 1
    while _root(settings, attempt + 1).is_dir():
        attempt += 1
    ledger = _root(settings, attempt) / LEDGER
    # Old ledgers don't say which tests wait.
    ended = ledger.exists() and not read_ledger(ledger)[1].get("open")
    return attempt + 1 if settings.record_mode == "all" and ended else attempt


def read_ledger(path: Path) -> tuple[Ledger, Mapping[str, Any]]:
    """A ledger and what its head says of it; both empty where there is no file.

    Raises:
        SettingsError: It can't be read.
    """
    try:
        head, _, lines = path.read_text("utf-8").partition("\n")
    except FileNotFoundError:
        return Ledger(), {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the ledger could not be read: {error}") from None
    try:
        about: Mapping[str, Any] = dict(json.loads(head)["gate"])
    except (ValueError, TypeError, KeyError):
        raise SettingsError(
            f"{path}: no ledger of a gate (its first line says nothing of it)"
        ) from None
    return Ledger.loads(lines, str(path)), about


def _root(settings: RunSettings, attempt: int) -> Path:
    return settings.cassette_root / gate_side(settings, attempt).root
