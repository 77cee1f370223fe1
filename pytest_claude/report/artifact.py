"""The run file: one run ↔ versioned JSON text. Files are opened at the edges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating.plain import Verdict

FORMAT = "pytest-claude run 1"


@dataclass(frozen=True)
class TestResult:
    """What one test came to.

    Attributes:
        test: Node id.
        trials: All its trials.
        verdict: None outside a bump.
        unused: Recorded and not played, one line per cassette.
        notes: What the user should know, one sentence each.
    """

    __test__ = False

    test: str
    trials: tuple[Trial, ...] = ()
    verdict: Verdict | None = None
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {
            "test": self.test,
            "trials": [trial.to_json() for trial in self.trials],
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "unused": list(self.unused),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TestResult:
        """The result that `to_json` wrote."""
        verdict = data["verdict"]
        return cls(
            test=data["test"],
            trials=tuple(Trial.from_json(trial) for trial in data["trials"]),
            verdict=None if verdict is None else Verdict.from_json(verdict),
            unused=tuple(data["unused"]),
            notes=tuple(data["notes"]),
        )


@dataclass(frozen=True)
class Run:
    """One pytest run.

    Attributes:
        pairs: `OLD=NEW` of a bump; empty in a plain run.
        verdict: pass, fail or undecided; None in a plain run.
        sentence: The verdict in words.
        rule: How the verdict was reached.
        collected: Node ids of all claude tests that were to run.
        results: Of the tests that arrived, sorted by node id.
    """

    pairs: tuple[str, ...] = ()
    verdict: str | None = None
    sentence: str | None = None
    rule: str | None = None
    collected: tuple[str, ...] = ()
    results: tuple[TestResult, ...] = field(default=())


def dumps(run: Run) -> str:
    """The text of a run file: the same run gives the same bytes."""
    data = {
        "format": FORMAT,
        "pairs": list(run.pairs),
        "verdict": run.verdict,
        "sentence": run.sentence,
        "rule": run.rule,
        "collected": list(run.collected),
        "tests": [result.to_json() for result in run.results],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def loads(text: str, name: str) -> Run:
    """The run in a run file.

    Raises:
        SettingsError: It is no run file, or one of another version.
    """
    try:
        data = json.loads(text)
    except ValueError:
        raise SettingsError(f"{name}: no run file of pytest-claude (it is no JSON)") from None
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise SettingsError(f"{name}: no run file of the format {FORMAT!r}")
    return Run(
        pairs=tuple(data["pairs"]),
        verdict=data["verdict"],
        sentence=data["sentence"],
        rule=data["rule"],
        collected=tuple(data["collected"]),
        results=tuple(TestResult.from_json(result) for result in data["tests"]),
    )
