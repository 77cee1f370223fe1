"""Decision: what the gate says of the suite and of each test, as plain data with a JSON form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pytest_claude.comparison.difference import Difference
from pytest_claude.errors import SettingsError
from pytest_claude.gating.behaviors import BehaviorRate
from pytest_claude.gating.measures import Ratio, Times
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Counts
from pytest_claude.gating.status import WAITING, Overall, Reason, Status

VERSION = 2  # of the JSON form; run.record reads the one before

Stage = Literal["screen", "duel"]
SuiteStatus = Literal["silent", "confirmed", "could_be_drift", "stale_baseline", "unconfirmed"]
FIRED: tuple[SuiteStatus, ...] = ("confirmed", "could_be_drift")
CostStatus = Literal["not gated", "within", "above", "unknown"]


@dataclass(frozen=True)
class TestVerdict:
    """What the gate says of one test.

    Attributes:
        test: Node id.
        verdict: Its status: regressed, improved, changed (it behaves otherwise and still passes),
            unchanged, undecided, or not run (nothing was compared).
        reason: Why; None where the counts say it.
        values: What the sentence of the reason names: counts, names, causes.
        baseline: Passed trials of the baseline at the deciding look, and all.
        candidate: Passed trials of the candidate at the deciding look, and all.
        stage: Where it was decided; None when it was not.
        looks: Numbers of candidate trials at which that stage looked.
        p: Fisher's one-sided p at the deciding look of a duel.
        threshold: The p at or below which the test is regressed.
        first_failure: Index of the first failing fresh candidate trial in its stream.
        interval: Newcombe's 95 % interval of the candidate's rate minus the baseline's at the
            deciding look; descriptive, since a stop rule chose that look.
        screened: Passed candidate trials of the screen, and all.
        recorded: Usable recorded trials of the baseline.
        used: Usable candidate trials that were read, and fresh ones of the baseline.
        voids: Void trials passed over.
        next_look: Trials at the look that an undecided test waits for.
        differences: What the candidate does otherwise, the one to tell first.
        attempt: Which earlier attempt its trials are of; None where it is the decision's.
        editions: Editions of its app that the gate judged, this one included.
        asked: How often this edition was judged, this time included: an app that comes back to
            one is judged again.
    """

    __test__ = False

    test: str
    verdict: Status
    reason: Reason | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    baseline: Counts = (0, 0)
    candidate: Counts = (0, 0)
    stage: Stage | None = None
    looks: tuple[int, ...] = ()
    p: float | None = None
    threshold: float | None = None
    first_failure: int | None = None
    interval: tuple[float, float] | None = None
    screened: Counts = (0, 0)
    recorded: int = 0
    used: tuple[int, int] = (0, 0)
    voids: int = 0
    next_look: int | None = None
    differences: tuple[Difference, ...] = ()
    attempt: int | None = None
    editions: int = 1
    asked: int = 1

    @property
    def fails(self) -> bool:
        """Whether it fails the gate: regressed and not accepted."""
        return self.verdict == "regressed" and self.reason != "accepted"

    @property
    def gateable(self) -> bool:
        """Whether it could have failed the gate: it was compared and passes on the baseline."""
        return self.verdict != "not run" and self.reason != "already_failing"

    @property
    def gains(self) -> bool:
        """Whether it fails on the baseline and passes on the candidate: it improved, by a test of
        its rates, or passed all trials of the first look.
        """
        passed, of = self.candidate
        return self.reason == "already_failing" and (
            self.verdict == "improved" or (of > 0 and passed == of)
        )

    @property
    def waits(self) -> bool:
        """Whether more trials would say more: the plan was cut, or errors ended it."""
        return self.reason in WAITING

    @property
    def decided_on(self) -> tuple[int, int]:
        """Trials of the candidate that its looks have read, and fresh ones of the baseline.

        Later ones were read by no look: nothing depends on them yet.
        """
        duel = self.used[0] > self.screened[1]
        read = self.looks[-1] if self.looks else 0
        return (self.screened[1] + read, self.used[1]) if duel else (read, 0)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> TestVerdict:
        """The verdict in a decision's JSON."""
        found = tuple(Difference(**_tuples(entry)) for entry in data["differences"])
        return cls(**{**_tuples(data), "differences": found})


@dataclass(frozen=True)
class SetVerdict:
    """What the gate says of the cases of a data set together.

    Attributes:
        name: Node id of the test function.
        tests: How many of its cases were compared.
        status: What its channel came to; silent where a single test is regressed.
        p: The exact p that they pass less often, on the recorded baseline; None without data.
        p_recheck: The same on the fresh baseline; None when it was not looked at again.
    """

    name: str
    tests: int
    status: SuiteStatus = "silent"
    p: float | None = None
    p_recheck: float | None = None


@dataclass(frozen=True)
class Decision:
    """The verdict of a gate. The same trials, policy and tests give the same bytes of JSON.

    Attributes:
        overall: pass, fail or undecided.
        tests: One verdict per test, sorted by node id.
        policy: The settings that led to it; `offline` only where something was missing, so that
            a replay of all trials gives the bytes of the live run.
        suspects: Tests that the screen did not clear, sorted.
        rounded_suspects: The number of suspects that the duels were calibrated for; 0 without.
        duel_base_n: Fresh baseline trials per suspect; 0 without a duel. Of a retired baseline
            the recorded trials held back, which may differ: see the verdicts.
        c: Fisher's p at or below which a suspect is regressed; None without a duel.
        suite: What the suite channel came to.
        p_suite: Its exact p on the recorded baseline; None without data.
        p_recheck: Its exact p on the fresh baseline; None when it was not looked at again.
        p_better: The mirror of `p_suite`: that the suite passes more often; reported only.
        cost: What the gate on the cost came to; "not gated" without a margin in the policy.
        ratios: Cost and tokens over the suite.
        times: Latency of trials made side by side.
        behaviors: How often each behavior was seen over the suite.
        candidate_trials: Usable candidate trials that were read.
        fresh_baseline_trials: Usable fresh baseline trials that were read.
        open_trials: Trials that the next step would need; 0 when nothing waits.
        cut: Why the plan ended before its end, in words; None when it did not.
        sets: The data sets that are looked at as the suite is: those of several tests, and not of
            all tests.
    """

    overall: Overall
    tests: tuple[TestVerdict, ...]
    policy: Policy = field(default_factory=Policy)
    suspects: tuple[str, ...] = ()
    rounded_suspects: int = 0
    duel_base_n: int = 0
    c: float | None = None
    suite: SuiteStatus = "silent"
    p_suite: float | None = None
    p_recheck: float | None = None
    p_better: float | None = None
    cost: CostStatus = "not gated"
    ratios: tuple[Ratio, ...] = ()
    times: tuple[Times, ...] = ()
    behaviors: tuple[BehaviorRate, ...] = ()
    candidate_trials: int = 0
    fresh_baseline_trials: int = 0
    open_trials: int = 0
    cut: str | None = None
    sets: tuple[SetVerdict, ...] = ()

    @property
    def channels(self) -> tuple[SuiteStatus, ...]:
        """What the suite came to, then each data set."""
        return (self.suite, *(of.status for of in self.sets))

    @property
    def attempt(self) -> int:
        """Which asking of the gate this is."""
        return self.policy.attempt

    @property
    def verdicts(self) -> dict[str, TestVerdict]:
        """The verdicts by node id."""
        return {verdict.test: verdict for verdict in self.tests}

    @property
    def compares(self) -> bool:
        """Whether anything was compared: without it the gate fails for want of data."""
        return any(verdict.gateable for verdict in self.tests)

    def named(self, status: Status) -> tuple[TestVerdict, ...]:
        """The tests with this status."""
        return tuple(verdict for verdict in self.tests if verdict.verdict == status)

    def to_json(self) -> dict[str, Any]:
        """The decision as plain JSON types."""
        return {
            "v": VERSION,
            **asdict(self),
            "policy": self.policy.to_json(),
            "attempt": self.attempt,
        }

    def dumps(self) -> str:
        """The text of a verdict file."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Decision:
        """The decision that `to_json` wrote.

        Raises:
            SettingsError: A later version wrote it.
        """
        fields = dict(data)
        version = fields.pop("v", VERSION)
        if version != VERSION:
            raise SettingsError(
                f"a verdict of version {version}: this pytest-claude reads version {VERSION}; "
                "update it"
            )
        fields.pop("attempt", None)
        fields["policy"] = Policy.from_json(fields["policy"])
        fields["suspects"] = tuple(fields["suspects"])
        fields["tests"] = tuple(TestVerdict.from_json(entry) for entry in fields["tests"])
        fields["ratios"] = tuple(Ratio(**_tuples(entry)) for entry in fields["ratios"])
        fields["times"] = tuple(Times(**_tuples(entry)) for entry in fields["times"])
        fields["sets"] = tuple(SetVerdict(**entry) for entry in fields.get("sets", ()))
        fields["behaviors"] = tuple(BehaviorRate(**_tuples(e)) for e in fields["behaviors"])
        return cls(**fields)


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
