"""Between the run that compares several candidates and the processes that take its trials."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_claude.plugin.options import PART
from pytest_claude.run.record import Run, TestResult, dumps, loads
from pytest_claude.settings import Candidate, Part, RunSettings, Swap


def variables(part: Part, settings: RunSettings, path: Path) -> dict[str, str]:
    """The environment variables of the process that takes a part, which is written to a file."""
    data = {**asdict(part), "rootdir": str(settings.rootdir), "attempt": settings.attempt}
    path.write_text(json.dumps(data, default=str), "utf-8")
    own = dict(part.candidate.environment) if part.candidate is not None else {}
    return {**own, PART: str(path)}


def as_part(settings: RunSettings) -> RunSettings:
    """The settings of this process: of its part, where it takes one of this project.

    The processes of the baseline know the models of all candidates, to replace none.
    """
    path = os.environ.get(PART)
    if path is None or not Path(path).exists():  # a run that another one of long ago has started
        return settings
    data = json.loads(Path(path).read_text("utf-8"))
    if data.pop("rootdir", None) != str(settings.rootdir) or not settings.candidates:
        return settings
    attempt = data.pop("attempt")
    part = Part(**{**data, "candidate": _candidate(data["candidate"])})
    part = replace(
        part,
        arms=tuple(part.arms),
        typed=tuple(part.typed),
        keys=tuple((test, stream, index) for test, stream, index in part.keys),
        earlier=None if part.earlier is None else Path(part.earlier),
        out=None if part.out is None else Path(part.out),
    )
    return in_part(settings, part, attempt)


def in_part(settings: RunSettings, part: Part, attempt: int) -> RunSettings:
    """The settings of a run that takes a part of what these compare."""
    every = tuple(pair for each in settings.candidates for pair in each.pairs)
    return replace(
        settings,
        candidates=(),
        gate_any=False,
        bump=every if part.candidate is None else part.candidate.pairs,
        part=part,
        attempt=attempt,
        reports=(),
        progress="off",
        progress_path=None,
    )


def _candidate(data: Mapping[str, Any] | None) -> Candidate | None:
    if data is None:
        return None
    environment = tuple((name, value) for name, value in data["environment"])
    return Candidate(tuple(Swap(**pair) for pair in data["pairs"]), environment)


@dataclass
class Taken:
    """What a process took, as it leaves it in a file.

    Attributes:
        results: Of the tests that it ran.
        collected: Node ids of the claude tests that were to run.
        held: What is needed to publish each test, as `explain.held` gives it.
        left_out: Why tests are left out by the user's choice.
        superseded: Tests whose recorded trials were dropped, as `Gate` has them.
        outside: Refused calls that no claude test made.
        notes: What the user should know, one sentence each.
        unread: Why replies were left unread, and how many.
        usage_error: What a worker of it found wrong.
        dry: What a recording would take, in words and in dollars; None outside a dry run.
    """

    results: dict[str, TestResult] = field(default_factory=dict)
    collected: list[str] = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, Any] = field(default_factory=dict)
    superseded: dict[str, bool] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)
    usage_error: str | None = None
    dry: dict[str, Any] | None = None

    def followed_by(self, later: Taken) -> Taken:
        """What both took: a test of the later one has the trials of the earlier one too."""
        return replace(
            later,
            results={**self.results, **later.results},
            held={**self.held, **later.held},
            collected=[*self.collected, *later.collected],
            left_out={**self.left_out, **later.left_out},
            superseded={**self.superseded, **later.superseded},
            outside=[*self.outside, *later.outside],
            unread=dict(Counter(self.unread) + Counter(later.unread)),
        )

    def write(self, path: Path) -> None:
        """Leave it in a file: the whole of it, or nothing where the process is killed."""
        data = {**self.__dict__, "results": dumps(Run(results=tuple(self.results.values())))}
        begun = path.with_suffix(".begun")
        begun.write_text(json.dumps(data), "utf-8")
        begun.replace(path)

    @classmethod
    def read(cls, path: Path) -> Taken | None:
        """What a process left; None where it ended before it could."""
        if not path.exists():
            return None
        data = json.loads(path.read_text("utf-8"))
        results = {result.test: result for result in loads(data["results"], path.name).results}
        return cls(**{**data, "results": results})
