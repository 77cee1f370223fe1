"""The run file: one run ↔ versioned JSON text. Files are opened at the edges."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.gating.status import Overall, Why
from pytest_claude.gating.status import Status as GateStatus
from pytest_claude.run.comparison import Comparison
from pytest_claude.transcript.utf8 import encodable

FORMAT = "pytest-claude run 3"

Status = GateStatus | Literal["passed", "failed"]
"""What one test came to: the gate's verdict on it, or in a plain run whether it passed."""


@dataclass(frozen=True)
class Stale:
    """Why a test's recordings do not answer its requests any more.

    Attributes:
        cause: What happened, in words.
        edit: The changed span, before and after; None where no recording is near.
        calls: How many calls it takes to record the rest of a trial again.
    """

    cause: str
    edit: str | None
    calls: int


@dataclass(frozen=True)
class InSet:
    """The data set that a test is a case of.

    Attributes:
        name: Node id of the test function.
        cases: How many cases the set has, also those that are not to run.
        tags: The groups that the case belongs to.
        pass_rate: Share of the cases that must pass; None where each of them must.
    """

    name: str
    cases: int
    tags: tuple[str, ...] = ()
    pass_rate: float | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InSet:
        """The set in a result's JSON."""
        return cls(**{**data, "tags": tuple(data["tags"])})


@dataclass(frozen=True)
class TestResult:
    """What one test came to.

    Attributes:
        test: Node id.
        trials: All its trials.
        unused: Recorded and not played, one line per cassette.
        notes: What the user should know, one sentence each.
        stale: Why its recordings do not answer; None when they do.
        planned: How many trials its settings ask for on a model.
        needed: How many of them must pass; None where the run file does not say.
        not_run: Why a gate leaves it out, where its trials do not show that.
        accepted: Why its regression is accepted, and until when; None where it is not.
        set: The data set that it is a case of; None where it is of none.
    """

    __test__ = False

    test: str
    trials: tuple[Trial, ...] = ()
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stale: Stale | None = None
    planned: int = 1
    needed: int | None = None
    not_run: Why | None = None
    accepted: str | None = None
    set: InSet | None = None

    @property
    def passed(self) -> bool:
        """Whether enough trials of a plain run passed; without `needed`, whether all did."""
        outcomes = [trial.outcome for trial in self.trials]
        passed = outcomes.count("pass")
        return passed >= (self.needed or len(outcomes)) and {"pass", "fail"}.issuperset(outcomes)

    def to_json(self) -> dict[str, Any]:
        """The result as plain JSON types."""
        return {
            "test": self.test,
            "trials": [trial.to_json() for trial in self.trials],
            "unused": list(self.unused),
            "notes": list(self.notes),
            "stale": None if self.stale is None else asdict(self.stale),
            "planned": self.planned,
            "needed": self.needed,
            "not_run": None if self.not_run is None else self.not_run._asdict(),
            "accepted": self.accepted,
            "set": None if self.set is None else asdict(self.set),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TestResult:
        """The result that `to_json` wrote."""
        return cls(
            test=data["test"],
            trials=tuple(Trial.from_json(trial) for trial in data["trials"]),
            unused=tuple(data["unused"]),
            notes=tuple(data["notes"]),
            stale=None if data.get("stale") is None else Stale(**data["stale"]),
            planned=data.get("planned", 1),
            needed=data.get("needed"),
            not_run=None if data.get("not_run") is None else Why(**data["not_run"]),
            accepted=data.get("accepted"),
            set=None if data.get("set") is None else InSet.from_json(data["set"]),
        )


@dataclass(frozen=True)
class Run:
    """One pytest run.

    Attributes:
        comparison: What was compared; None in a plain run.
        decision: What the gate says; None in a plain run.
        collected: Node ids of all claude tests that were to run.
        results: Of the tests that arrived, sorted by node id.
        arms: Where several candidates are compared with one baseline, the run of each, in the
            order in which they were given; such a run has no comparison, decision or results of
            its own.
        any_arm: Whether one candidate that passes is enough.
    """

    comparison: Comparison | None = None
    decision: Decision | None = None
    collected: tuple[str, ...] = ()
    results: tuple[TestResult, ...] = field(default=())
    arms: tuple[Run, ...] = ()
    any_arm: bool = False

    @property
    def overall(self) -> Overall | None:
        """The verdict; None in a plain run. Of several candidates the worst, or with `any_arm`
        the best.
        """
        if not self.arms:
            return None if self.decision is None else self.decision.overall
        order: list[Overall] = ["fail", "undecided", "pass"]
        order = order[::-1] if self.any_arm else order
        of_arms = {arm.decision.overall for arm in self.arms if arm.decision is not None}
        return next(each for each in order if each in of_arms)

    @property
    def verdicts(self) -> dict[str, TestVerdict]:
        """The verdicts by node id; none in a plain run."""
        return {} if self.decision is None else self.decision.verdicts

    @property
    def lost(self) -> frozenset[str]:
        """Tests that were to run and did not arrive."""
        return frozenset(self.collected) - {result.test for result in self.results}


def dumps(run: Run, sentence: str | None = None) -> str:
    """The text of a run file: the same run gives the same bytes.

    Args:
        run: The run.
        sentence: Its verdict in words, for those who read the file; nothing is read from it.
    """
    return encodable(_text(run, sentence)) + "\n"


def _text(run: Run, sentence: str | None) -> str:
    comparison, decision = run.comparison, run.decision
    data: dict[str, Any] = {
        "format": FORMAT,
        "title": "" if comparison is None else comparison.title,
        "pairs": [] if comparison is None else [str(pair) for pair in comparison.pairs],
        "comparison": None if comparison is None else comparison.to_json(),
        "verdict": run.overall,
        "sentence": sentence,
        "collected": list(run.collected),
        "decision": None if decision is None else decision.to_json(),
    }
    if run.arms:
        data["any_arm"] = run.any_arm
    # One after the other: all trials as JSON types at once take ten times the room of the text.
    lists = {"tests": _listed(_json(result.to_json()) for result in run.results)}
    if run.arms:
        lists["arms"] = _listed(_text(arm, None) for arm in run.arms)
    rest = "".join(f',\n "{name}": {text}' for name, text in lists.items())
    return f"{_json(data)[:-2]}{rest}\n}}"  # within the object


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False)


def _listed(texts: Iterable[str]) -> str:
    """A list of objects, as it is indented in one; no string has a line end."""
    lines = ",\n  ".join(text.replace("\n", "\n  ") for text in texts)
    return f"[\n  {lines}\n ]" if lines else "[]"


def loads(text: str, name: str) -> Run:
    """The run in a run file.

    Args:
        text: What the file holds.
        name: Its name, for the error.

    Raises:
        SettingsError: It is not a run file, or one of a later version.
    """
    from pytest_claude.run.versions import upgraded

    try:
        data = json.loads(text)
    except ValueError:
        raise SettingsError(f"{name}: no run file of pytest-claude (it is no JSON)") from None
    data = upgraded(data) if isinstance(data, Mapping) else {}
    if data.get("format") != FORMAT:
        raise SettingsError(f"{name}: no run file of the format {FORMAT!r}")
    return _run(data)


def _run(data: Mapping[str, Any]) -> Run:
    return Run(
        None if data["comparison"] is None else Comparison.from_json(data["comparison"]),
        None if data["decision"] is None else Decision.from_json(data["decision"]),
        tuple(data["collected"]),
        tuple(TestResult.from_json(result) for result in data["tests"]),
        tuple(_run(arm) for arm in data.get("arms", ())),
        data.get("any_arm", False),
    )


def schema() -> dict[str, Any]:
    """The JSON Schema of a run file, as it is shipped."""
    from importlib import resources

    text = resources.files("pytest_claude.run").joinpath("run.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
