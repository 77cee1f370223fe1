"""Trial: what one run of one test on one model came to, as plain data with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pytest_claude.behavior.profile import Profile, ToolFact

Stream = Literal["base", "cand"]
Outcome = Literal["pass", "fail", "skip", "void", "abort"]


@dataclass(frozen=True)
class CheckNote:
    """What a check came to, kept for the comparison.

    Attributes:
        name: The check.
        outcome: True, False, or None when unknown.
        reason: The shortest telling of it.
    """

    name: str
    outcome: bool | None
    reason: str


@dataclass(frozen=True)
class Trial:
    """One run of a test on one model.

    Attributes:
        test: Node id of the test.
        stream: "base" on the baseline model, "cand" on the candidate.
        index: Number of the trial in its stream, from 0.
        outcome: pass, fail (what the model caused), skip, void (infrastructure: no evidence)
            or abort (the test could not be run: a miss, an error in its set-up).
        cause: Why it is not a pass, in one line.
        models: Canonical ids of the models the app asked for, before any swap.
        cassette: Path as shown to the user; None when no call was made.
        interactions: Calls in the cassette.
        checks: The checks that the test asked.
        profile: What the model did.
        rewrites: What was changed in requests so that the candidate accepts them.
        simulated_by: What played the model, where the answers are no model's.
    """

    test: str
    stream: Stream
    index: int
    outcome: Outcome
    cause: str | None = None
    models: tuple[str, ...] = ()
    cassette: str | None = None
    interactions: int = 0
    checks: tuple[CheckNote, ...] = ()
    profile: Profile | None = None
    rewrites: tuple[str, ...] = ()
    simulated_by: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The trial as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trial:
        """The trial that `to_json` wrote."""
        return cls(
            **{
                **data,
                "models": tuple(data["models"]),
                "checks": tuple(CheckNote(**note) for note in data["checks"]),
                "profile": _profile(data["profile"]),
                "rewrites": tuple(data["rewrites"]),
            }
        )


def _profile(data: Mapping[str, Any] | None) -> Profile | None:
    if data is None:
        return None
    return Profile(
        **{
            **data,
            "tools": tuple(ToolFact(**fact) for fact in data["tools"]),
            "parallel": tuple(tuple(group) for group in data["parallel"]),
        }
    )
