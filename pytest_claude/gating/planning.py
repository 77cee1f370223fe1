"""plan: from the trials so far to the trials still needed, or to the decision."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pytest_claude.gating.decision import Decision
from pytest_claude.gating.ledger import Ledger, Need
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.stages import Stages
from pytest_claude.gating.status import Why
from pytest_claude.gating.verdicts import settled


def plan(
    ledger: Ledger,
    policy: Policy,
    tests: Collection[str],
    *,
    not_run: Mapping[str, Why] | None = None,
    accepted: Mapping[str, str] | None = None,
    attempts: Mapping[str, int] | None = None,
    least_suspects: int = 0,
    sets: Mapping[str, str] | None = None,
) -> Need | Decision:
    """The trials to make next, or the decision when none is needed.

    Pure: the order of the trials does not matter, and trials that were not asked for change
    nothing. Made what it asks for, it ends. An offline policy always decides.

    Args:
        ledger: The trials so far, of any tests, streams and attempts.
        policy: The settings.
        tests: Node ids of the tests to gate, in any order.
        not_run: Tests that are listed and not compared, and why.
        accepted: Tests whose regression does not fail the gate, and why.
        attempts: Tests that the policy's attempt left out, and the earlier one that is read.
        least_suspects: For how many suspects the duels are calibrated at least: those of the
            gate before its app was edited.
        sets: The data sets that tests are cases of, by node id.

    >>> plan(Ledger(), Policy(), ["test_a"]).trials[0]
    Key(test='test_a', stream='base', index=0, attempt=1)
    """
    stages = Stages(
        ledger,
        policy,
        tests,
        not_run or {},
        accepted or {},
        attempts or {},
        least_suspects,
        sets or {},
    )
    if not policy.offline and stages.needs:
        return Need(tuple(sorted(stages.needs)))
    return settled(stages, None)


def conclude(
    ledger: Ledger,
    policy: Policy,
    tests: Collection[str],
    *,
    because: str | None = None,
    not_run: Mapping[str, Why] | None = None,
    accepted: Mapping[str, str] | None = None,
    attempts: Mapping[str, int] | None = None,
    least_suspects: int = 0,
    sets: Mapping[str, str] | None = None,
) -> Decision:
    """The decision from the trials that are there, when no more are made.

    A budget that ended or ^C cut a plan short; the tests that wait are undecided. Going on with
    the same ledger later is the same attempt.

    Args:
        ledger: As for `plan`; so are the arguments that are not named here.
        policy: The settings.
        tests: Node ids of the tests to gate.
        because: What ended it, in words: "the budget of $1.15 ended".
        not_run: Tests that are listed and not compared, and why.
        accepted: Tests whose regression does not fail the gate, and why.
        attempts: Tests that the policy's attempt left out, and the earlier one that is read.
        least_suspects: For how many suspects the duels are calibrated at least: those of the
            gate before its app was edited.
        sets: The data sets that tests are cases of, by node id.
    """
    stages = Stages(
        ledger,
        policy,
        tests,
        not_run or {},
        accepted or {},
        attempts or {},
        least_suspects,
        sets or {},
    )
    return settled(stages, because)


def count_contenders(
    ledger: Ledger,
    policy: Policy,
    tests: Collection[str],
    *,
    not_run: Mapping[str, Why] | None = None,
    accepted: Mapping[str, str] | None = None,
    attempts: Mapping[str, int] | None = None,
    sets: Mapping[str, str] | None = None,
) -> int:
    """How many tests are suspects, or could still become one; the arguments are those of `plan`.

    Where several candidates share a baseline, the duels of each are calibrated for the sum over
    all of them: it is the `least_suspects` of each.
    """
    return Stages(
        ledger, policy, tests, not_run or {}, accepted or {}, attempts or {}, 0, sets or {}
    ).contenders
