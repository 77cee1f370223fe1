"""From the stages of a gate to the verdicts on tests and suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from pytest_claude.comparison.difference import Difference, differences
from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.behaviors import behavior_rates
from pytest_claude.gating.decision import (
    FIRED,
    CostStatus,
    Decision,
    SetVerdict,
    Stage,
    SuiteStatus,
    TestVerdict,
)
from pytest_claude.gating.duel import Duel, duel_rule, rounded_up
from pytest_claude.gating.ledger import TestTrials, asks_nothing
from pytest_claude.gating.measures import Ratio, Times, ratios, times
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.screen import Screen
from pytest_claude.gating.stages import Stages
from pytest_claude.gating.statistics import benjamini_hochberg, fisher_better, newcombe
from pytest_claude.gating.status import TOO_FEW, Overall, Status, Why
from pytest_claude.gating.suite import Channel, suite_better_p

_FALSE_DISCOVERIES = 0.05


def settled(stages: Stages, because: str | None) -> Decision:
    """The decision; void trials that can't be replaced must not matter to it."""
    found = decision(stages, because)
    waiting = [v.test for v in found.tests if v.reason in TOO_FEW and v.voids]
    if not waiting:
        return found
    failed, passed = (
        decision(stages.with_voids_as(outcome, waiting), because) for outcome in ("fail", "pass")
    )
    return _agreed(found, failed, passed, frozenset(waiting))


def decision(stages: Stages, because: str | None) -> Decision:
    """The decision from the trials that are there."""
    verdicts = [_verdict(stages, test) for test in stages.trials]
    verdicts += [TestVerdict(test, "not run", *why) for test, why in stages.not_run.items()]
    verdicts = sorted(_labelled(stages, verdicts), key=lambda verdict: verdict.test)
    suite, *of_sets = stages.channels
    status = _status(stages, suite)
    sets = tuple(
        SetVerdict(of.name, len(of.tests), _status(stages, of), of.p, _p_recheck(of))
        for of in of_sets
    )
    policy = stages.policy
    needs = stages.needs
    rule = duel_rule(policy, stages.contenders) if stages.suspects else None
    compared = ratios(stages.compared, policy)
    cost = _cost_status(policy, compared)
    return Decision(
        overall=overall(verdicts, (status, *(of.status for of in sets)), cost),
        tests=tuple(verdicts),
        policy=replace(policy, offline=policy.offline and bool(needs)),
        suspects=stages.suspects,
        rounded_suspects=rounded_up(stages.contenders) if stages.suspects else 0,
        duel_base_n=rule.base_n if rule is not None and policy.baseline == "callable" else 0,
        c=rule.c if rule is not None and policy.baseline == "callable" else None,
        suite=status,
        p_suite=suite.p,
        p_recheck=_p_recheck(suite),
        p_better=suite_better_p(stages.channel, policy),
        cost=cost,
        ratios=compared,
        times=_times(stages, verdicts),
        behaviors=behavior_rates(stages.compared, policy),
        candidate_trials=sum(verdict.used[0] for verdict in verdicts),
        fresh_baseline_trials=sum(verdict.used[1] for verdict in verdicts),
        open_trials=len(needs),
        cut=because,
        sets=sets,
    )


def _status(stages: Stages, channel: Channel) -> SuiteStatus:
    if not channel.fires or stages.regressed:
        return "silent"
    if channel.recheck is None:
        return "could_be_drift"
    if channel.recheck.p is None or channel.recheck.troubled:
        return "unconfirmed"
    return "confirmed" if channel.recheck.p <= channel.level else "stale_baseline"


def _p_recheck(channel: Channel) -> float | None:
    return None if channel.recheck is None else channel.recheck.p


def _verdict(stages: Stages, test: str) -> TestVerdict:
    screen, duel = stages.screens[test], stages.duels.get(test)
    status, stage = _judged(screen, duel)
    of_duel = duel is not None and bool(duel.looks)
    base, cand = (duel.base, duel.cand) if duel and of_duel else (screen.base, screen.cand)
    why = screen.why if duel is None else duel.why
    next_look = None
    if screen.status == "open" or (duel is not None and duel.status == "open"):
        next_look = _next_look(stages, screen, duel)
        # An already failing test that waits is not done with either.
        if why is None or why.reason != "no_baseline":
            why = _too_few(next_look, screen, duel)
    differences = _differences(stages, test, _used(stages, test))
    accepted = stages.accepted.get(test) if status == "regressed" else None
    if accepted is not None:
        why = Why("accepted", {"why": accepted})
    elif status == "regressed" and differences and differences[0].kind == "refused":
        why = Why("refused")
    elif why is not None and why.reason == "already_failing" and cand[0] == cand[1] > 0:
        why = Why("already_failing", {"passed": cand[0], "of": cand[1]})
    elif status == "unchanged":
        why = why or _one_sided(stages.trials[test], screen.cand[1])
    attempt = stages.trials[test].attempt
    return TestVerdict(
        test=test,
        verdict=status,
        reason=None if why is None else why.reason,
        values={} if why is None else why.values,
        baseline=base,
        candidate=cand,
        stage=stage,
        looks=duel.looks if duel and of_duel else screen.looks,
        p=duel.p if duel else None,
        threshold=duel.c if duel and of_duel else None,
        first_failure=duel.first_failure if duel else None,
        interval=newcombe(*base, *cand) if base[1] and cand[1] else None,
        screened=screen.cand,
        recorded=len(stages.trials[test].base.trials),
        used=_used(stages, test),
        voids=screen.voids if duel is None else max(duel.voids, screen.voids),
        next_look=next_look,
        differences=differences,
        attempt=None if attempt == stages.policy.attempt else attempt,
    )


def _one_sided(trials: TestTrials, read: int) -> Why | None:
    """That only one of the models was called at all: the verdict counts, and must be reported."""
    base = all(map(asks_nothing, trials.base.trials))
    cand = all(map(asks_nothing, trials.read("cand", read).trials))
    if base == cand:
        return None
    return Why("one_sided", {"side": "candidate" if base else "baseline"})


def _next_look(stages: Stages, screen: Screen, duel: Duel | None) -> int | None:
    if duel is not None:
        return duel.next_look
    later = [look for look in stages.policy.screen_looks if look not in screen.looks]
    return later[0] if later else None


def _too_few(look: int | None, screen: Screen, duel: Duel | None) -> Why:
    if duel is None:
        assert look is not None, "an open screen has a look to come"
        return Why("missing", {"recorded": look - len(screen.needs), "look": look})
    wanted = Counter(key.stream for key in duel.needs)
    return Why("lacks_fresh", {"baseline": wanted["base_fresh"], "candidate": wanted["cand"]})


def _used(stages: Stages, test: str) -> tuple[int, int]:
    """Usable candidate trials that were read, and fresh ones of the baseline."""
    screen, duel = stages.screens[test], stages.duels.get(test)
    return screen.cand[1] + (duel.cand[1] if duel else 0), _fresh_used(stages, test, duel)


def _fresh_used(stages: Stages, test: str, duel: Duel | None) -> int:
    fresh = duel.base[1] if duel and stages.policy.baseline == "callable" else 0
    if any(of.recheck and stages.trials[test] in of.tests for of in stages.channels):
        reading = stages.trials[test].read("base_fresh", 2 * stages.policy.first_look)
        fresh = max(fresh, len(reading.trials))
    return fresh


def _differences(stages: Stages, test: str, used: tuple[int, int]) -> tuple[Difference, ...]:
    trials = stages.trials[test]
    cand = trials.usable("cand", used[0])
    base = trials.base.trials + trials.usable("base_fresh", used[1])
    return differences(base, cand)


def _times(stages: Stages, verdicts: Collection[TestVerdict]) -> tuple[Times, ...]:
    base: list[Trial] = []
    cand: list[Trial] = []
    for verdict in verdicts:
        if verdict.test in stages.duels and stages.policy.baseline == "callable":
            of, (tried, fresh) = stages.trials[verdict.test], verdict.used
            base += of.usable("base_fresh", fresh)
            cand += of.usable("cand", tried)[stages.policy.screen_looks[-1] :]
    return times(base, cand)


def _labelled(stages: Stages, verdicts: list[TestVerdict]) -> list[TestVerdict]:
    """With the labels that never gate: improved, and changed."""
    better = _better(stages)
    return [replace(v, verdict=_label(v, better.get(v.test, 1.0))) for v in verdicts]


def _better(stages: Stages) -> dict[str, float]:
    """Adjusted p that a test passes more often, on the data of the suite channel."""
    ps = {}
    for trials in stages.channel:
        reading = trials.read("cand", stages.policy.first_look)
        if reading.complete and trials.base.trials:
            base = trials.base.passes, len(trials.base.trials)
            ps[trials.test] = fisher_better(*base, reading.passes, reading.wanted)
    return dict(zip(ps, benjamini_hochberg(list(ps.values())), strict=True))


def overall(
    verdicts: Collection[TestVerdict],
    channels: Collection[SuiteStatus],
    cost: CostStatus = "not gated",
) -> Overall:
    """The verdict on the suite. Missing data, or nothing to gate, is never a pass."""
    fired = not set(FIRED).isdisjoint(channels)
    if not any(verdict.gateable for verdict in verdicts) or fired or cost == "above":
        return "fail"
    if any(v.fails for v in verdicts):
        return "fail"
    if "unconfirmed" in channels or cost == "unknown":
        return "undecided"
    return "undecided" if any(v.verdict == "undecided" for v in verdicts) else "pass"


def _cost_status(policy: Policy, compared: Collection[Ratio]) -> CostStatus:
    """A cost that is not known for two tests at least has no interval, and passes no gate."""
    if policy.max_cost_ratio is None:
        return "not gated"
    costs = [ratio for ratio in compared if ratio.measure == "cost_usd"]
    if not costs or costs[0].interval is None:
        return "unknown"
    return "above" if costs[0].interval[0] > policy.max_cost_ratio else "within"


def _judged(screen: Screen, duel: Duel | None) -> tuple[Status, Stage | None]:
    if screen.status == "left out":
        return "not run", None
    if screen.status in ("cleared", "already failing"):
        return "unchanged", "screen"
    if screen.status == "refused":
        return "regressed", "screen"
    if duel is None or duel.status in ("open", "stopped", "ended"):
        return "undecided", None
    return ("regressed" if duel.status == "regressed" else "unchanged"), "duel"


def _label(verdict: TestVerdict, better: float) -> Status:
    if verdict.verdict != "unchanged":
        return verdict.verdict
    if better <= _FALSE_DISCOVERIES:
        return "improved"
    return "changed" if verdict.differences else "unchanged"


def _agreed(
    main: Decision, failed: Decision, passed: Decision, waiting: frozenset[str]
) -> Decision:
    """What holds whether the void trials would have failed or passed."""
    verdicts = tuple(
        _agreed_verdict(v, failed.verdicts[v.test], passed.verdicts[v.test], v.test in waiting)
        for v in main.tests
    )
    suite, *statuses = (
        of if of == if_failed == if_passed else "unconfirmed"
        for of, if_failed, if_passed in zip(
            main.channels, failed.channels, passed.channels, strict=True
        )
    )
    sets = tuple(replace(of, status=status) for of, status in zip(main.sets, statuses, strict=True))
    agreed = replace(main, tests=verdicts, suite=suite, sets=sets)
    return replace(agreed, overall=overall(verdicts, agreed.channels, main.cost))


def _agreed_verdict(
    main: TestVerdict, failed: TestVerdict, passed: TestVerdict, waits: bool
) -> TestVerdict:
    if failed.verdict != passed.verdict or (not waits and main.verdict != failed.verdict):
        why = Why("voids_decide", {"voids": main.voids}) if waits else Why("other_voids_decide")
        return replace(main, verdict="undecided", stage=None, reason=why.reason, values=why.values)
    if not waits or failed.verdict == "undecided":
        return main
    if failed.verdict != "unchanged" or failed.reason is not None:
        return replace(failed, voids=main.voids)
    agreed = Why("voids_agree", {"voids": main.voids})
    return replace(failed, voids=main.voids, reason=agreed.reason, values=agreed.values)
