"""The plain rule: the same number of trials on both models, each side against `pass_rate`.

It has no statistics: it names a flaky test as regressed as often as chance does, and says so
wherever its verdict is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pytest_claude.comparison.difference import Difference, differences
from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.gating.plan import Plan, Step

VerdictKind = Literal["regressed", "improved", "changed", "unchanged", "undecided", "not gated"]
Overall = Literal["pass", "fail", "undecided"]

RULE = (
    "plain rule: the same number of trials on both models, each against pass_rate; "
    "no statistics, so chance alone can name a flaky test"
)


@dataclass(frozen=True)
class Verdict:
    """What the trials of one test say.

    Attributes:
        kind: regressed, improved, changed (it behaves otherwise and still passes), unchanged,
            undecided (data are missing), or not gated (nothing to compare).
        reason: Why it is undecided or not gated, or what is special; None otherwise.
        baseline: Passed trials of the baseline, and all.
        candidate: Passed trials of the candidate, and all.
        differences: What changed, the one to tell first.
    """

    kind: VerdictKind
    reason: str | None
    baseline: tuple[int, int]
    candidate: tuple[int, int]
    differences: tuple[Difference, ...] = ()

    @property
    def rates(self) -> str:
        """`5/5 → 1/5`."""
        return "{}/{} → {}/{}".format(*self.baseline, *self.candidate)

    @property
    def sentence(self) -> str | None:
        """What changed, with counts; else the reason."""
        return self.differences[0].counted if self.differences else self.reason

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The verdict that `to_json` wrote."""
        return cls(
            **{
                **data,
                "baseline": tuple(data["baseline"]),
                "candidate": tuple(data["candidate"]),
                "differences": tuple(
                    Difference(
                        **{
                            **entry,
                            "baseline": tuple(entry["baseline"]),
                            "candidate": tuple(entry["candidate"]),
                        }
                    )
                    for entry in data["differences"]
                ),
            }
        )


def plan_plain(trials: int, *, olds: frozenset[str] = frozenset()) -> Plan:
    """A plan of `trials` trials on the baseline, and as many on the candidate.

    The candidate is left out when no trial of the baseline asked one of the models `olds`
    (canonical ids; empty outside a bump). A skip or a trial that could not be run ends the test.
    """

    def plan(taken: Sequence[Trial]) -> Step | None:
        if taken and taken[-1].outcome in ("skip", "abort", "void"):
            return None
        base, cand = split(taken)
        if len(base) < trials:
            return Step("base", len(base))
        if len(cand) < trials and asks_any(base, olds):
            return Step("cand", len(cand))
        return None

    return plan


def asks_any(trials: Sequence[Trial], models: frozenset[str]) -> bool:
    """Whether a trial asked one of `models`."""
    return any(models.intersection(trial.models) for trial in trials)


def split(trials: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """The trials of the baseline and those of the candidate."""
    streams: dict[Stream, list[Trial]] = {"base": [], "cand": []}
    for trial in trials:
        streams[trial.stream].append(trial)
    return streams["base"], streams["cand"]


def judge(trials: Sequence[Trial], needed: int, olds: frozenset[str]) -> Verdict:
    """The verdict of the plain rule on one test.

    Args:
        trials: All trials of the test.
        needed: Passed trials that a side needs.
        olds: Canonical ids of the baseline's models.
    """
    base, cand = split(trials)
    rates = _rate(base), _rate(cand)
    unfit = [trial for trial in trials if trial.outcome in ("abort", "void")]
    if unfit:
        return Verdict("undecided", unfit[0].cause, *rates)
    if any(trial.outcome == "skip" for trial in trials):
        return Verdict("not gated", "skipped", *rates)
    if not asks_any(base, olds):
        seen = sorted({model for trial in base for model in trial.models})
        return Verdict("not gated", f"asks {', '.join(seen) or 'no model'}", *rates)
    if not cand:
        return Verdict("undecided", "no trial on the candidate", *rates)
    if not any(trial.checks for trial in trials):
        return Verdict("not gated", "no claude check", *rates, differences(base, cand))
    return _compared(base, cand, needed, rates)


def _compared(
    base: Sequence[Trial],
    cand: Sequence[Trial],
    needed: int,
    rates: tuple[tuple[int, int], tuple[int, int]],
) -> Verdict:
    found = differences(base, cand)
    was, now = rates[0][0] >= needed, rates[1][0] >= needed
    if was and not now:
        failed = next(trial for trial in cand if trial.outcome == "fail")
        return Verdict("regressed", failed.cause, *rates, found)
    if now and not was:
        return Verdict("improved", None, *rates, found)
    if not was:
        return Verdict("unchanged", "already failing", *rates, found)
    return Verdict("changed" if found else "unchanged", None, *rates, found)


def decide(verdicts: Mapping[str, Verdict], collected: Sequence[str]) -> tuple[Overall, str]:
    """The verdict on the run, and its sentence.

    Args:
        verdicts: Of the tests that arrived, by node id.
        collected: Node ids of all claude tests that were to run; one that did not arrive is
            undecided. Never a pass on missing data.
    """
    lost = [test for test in collected if test not in verdicts]
    kinds = [verdict.kind for verdict in verdicts.values()]
    gated = len(kinds) - kinds.count("not gated") + len(lost)
    of = f"of {gated} test{'s' if gated != 1 else ''}"
    regressed, undecided = kinds.count("regressed"), kinds.count("undecided") + len(lost)
    if regressed:
        also = f"; {undecided} undecided" if undecided else ""
        return "fail", f"{regressed} {of} regressed{also}"
    if undecided:
        why = f": {len(lost)} did not arrive" if lost else ""
        return "undecided", f"{undecided} {of} undecided{why}"
    if not gated:
        reasons = sorted({verdict.reason or "" for verdict in verdicts.values()})
        tests = f"{len(verdicts)} test{'s' if len(verdicts) != 1 else ''}"
        return "fail", f"nothing was compared: {tests}, {'; '.join(reasons) or 'none ran'}"
    return "pass", f"0 {of} regressed"


def _rate(trials: Sequence[Trial]) -> tuple[int, int]:
    return sum(trial.outcome == "pass" for trial in trials), len(trials)
