"""The gate in words: the verdict, each test, and what could be seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import floor

from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.gating.duel import ONE_TRIAL
from pytest_claude.gating.number_words import n_tests, probability
from pytest_claude.gating.plan_words import offline_text
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.sight import POWER, catch_probability, detectable_drop

STALE_BASELINE = (
    "recorded baseline may be stale: today's baseline model is worse than the recording"
)
COULD_BE_DRIFT = "could be drift"


def headline(decision: Decision) -> str:
    """The verdict on the suite in one sentence, without the word of the verdict."""
    if decision.overall == "pass":
        return _passed(decision)
    if decision.overall == "undecided":
        return _undecided(decision)
    compared = [v for v in decision.tests if _gateable(v)]
    if not compared:
        return _nothing_compared(decision)
    regressed = [v for v in decision.named("regressed") if v.accepted is None]
    if not regressed and decision.cost == "above":
        return _costs_more(decision)
    if not regressed:
        alpha = decision.policy.suite_alpha
        return (
            f"the suite passes less often ({_suite_p(decision)} <= {alpha:.3f}), "
            "no single test is named"
        )
    open_ones = len(decision.named("undecided"))
    also = f"; {open_ones} undecided" if open_ones else ""
    return f"{len(regressed)} of {n_tests(_gated(decision))} regressed{also}"


def sentence(verdict: TestVerdict, decision: Decision) -> str:
    """What was seen of one test, with counts, and why the verdict is what it is."""
    says = f"{verdict.test}: {verdict.verdict}"
    if verdict.verdict == "not gated":
        return f"{says}: {verdict.detail}"
    if verdict.baseline[1] and verdict.candidate[1]:
        says = f"{verdict.test}: {verdict.rates} passed"
    if verdict.verdict == "regressed":
        return f"{says}, {evidence(verdict, decision)}"
    if verdict.verdict == "undecided":
        return f"{says}; undecided: {verdict.detail}"
    parts = [says]
    if verdict.verdict == "improved":
        parts.append("improved")
    if verdict.detail:
        parts.append(verdict.detail)
    elif verdict.stage == "duel":
        parts.append(f"no drop of {decision.policy.delta:g} or more")
    parts += [verdict.differences[0].counted] if verdict.verdict == "changed" else []
    return "; ".join(parts)


def evidence(verdict: TestVerdict, decision: Decision) -> str:
    """Why a test is regressed.

    `p 0.0020 <= 0.0163 (1 of 2 suspects); first failing duel trial: 9`; trials count from 1.
    """
    p, threshold, first = verdict.p, verdict.threshold, verdict.first_failure
    assert p is not None, "a duel decided"
    assert threshold is not None, "a duel decided"
    assert first is not None, "a duel that rejects saw a failure"
    suspects = len(decision.suspects)
    return (
        f"p {probability(p)} <= {probability(threshold)} "
        f"(1 of {suspects} suspect{'s' if suspects != 1 else ''}); "
        f"first failing duel trial: {first + 1}"
    )


def notes(decision: Decision) -> tuple[str, ...]:
    """What must be said below the headline, one sentence each."""
    return tuple(_notes(decision))


def sight(decision: Decision) -> str:
    """The drop that the run could see: `a drop of 0.5 in one test with probability 0.90, …`."""
    policy, suspects = decision.policy, max(1, decision.rounded_suspects)
    recorded = _fewest_recorded(decision)
    seen = catch_probability(policy, suspects, recorded=recorded)
    smaller = detectable_drop(policy, suspects, recorded)
    also = f", {smaller:.2f} with {POWER:.2f}" if smaller is not None else ""
    return f"a drop of {policy.delta:g} in one test with probability {_down(seen)}{also}"


def _costs_more(decision: Decision) -> str:
    cost = next(ratio for ratio in decision.ratios if ratio.measure == "cost_usd")
    assert cost.interval is not None, "a cost without an interval is unknown"
    return (
        f"the candidate costs x{cost.ratio:.2f} "
        f"(95%: {cost.interval[0]:.2f} to {cost.interval[1]:.2f}), "
        f"more than x{decision.policy.max_cost_ratio:.2f}"
    )


def _passed(decision: Decision) -> str:
    policy = decision.policy
    seen = catch_probability(policy, decision.rounded_suspects, recorded=_fewest_recorded(decision))
    if seen == 0:
        return "no suspect was found, and this gate could not have confirmed one"
    return (
        f"no test dropped by >= {policy.delta:g} (each such drop is caught with probability "
        f">= {_down(seen)}; smaller drops may be missed)"
    )


def _undecided(decision: Decision) -> str:
    waiting = decision.named("undecided")
    if not waiting and decision.cost == "unknown":
        limit = decision.policy.max_cost_ratio
        return f"the cost is unknown, so it can't be held below x{limit:.2f}"
    if not waiting:
        return (
            f"the suite passes less often than the recorded baseline ({_suite_p(decision)}), "
            "and today's baseline was not asked for all tests"
        )
    broken = [verdict for verdict in waiting if verdict.reason == "aborted"]
    if broken:
        return f"the gate stopped: {broken[0].test} could not be run ({broken[0].detail})"
    of = f"{len(waiting)} of {n_tests(_gated(decision))}"
    if decision.cut is not None:
        return f"{of}: {decision.cut} before a decision"
    reasons = Counter(_why_undecided(verdict) for verdict in waiting)
    most, times = reasons.most_common(1)[0]
    more = f", and {len(waiting) - times} for other reasons" if times < len(waiting) else ""
    return f"{of}: {most}{more}"


def _why_undecided(verdict: TestVerdict) -> str:
    """Without the counts of the test, so that tests with one reason are told as one."""
    if verdict.reason == "missing":
        return "too few trials to judge"
    return verdict.detail or "data are missing"


def _nothing_compared(decision: Decision) -> str:
    reasons = Counter(verdict.detail or "no reason" for verdict in decision.tests)
    told = "; ".join(f"{reason} ({n})" for reason, n in sorted(reasons.items()))
    return f"nothing was compared: {n_tests(len(decision.tests))}{', ' + told if told else ''}"


def _notes(decision: Decision) -> Iterator[str]:
    policy = decision.policy
    if decision.suite == "stale_baseline":
        yield STALE_BASELINE
    if decision.suite == "could_be_drift":
        yield f"{COULD_BE_DRIFT}: the baseline was recorded earlier, and is not asked today"
    if policy.baseline == "retired":
        yield "the baseline is retired: drift since its recording is not excluded"
    yield from _blindness(decision)
    failing = [v for v in decision.tests if v.reason == "already_failing"]
    if failing:
        yield f"not gateable: {len(failing)} (already failing)"
    low = [v for v in decision.tests if _gateable(v) and _is_low(v, policy)]
    if low:
        yield (
            f"{n_tests(len(low))} passed less than {policy.delta:g} of the baseline's trials: "
            f"said of {'it' if len(low) == 1 else 'them'} is only that not every trial fails now"
        )
    for verdict in decision.named("regressed"):
        if verdict.accepted is not None:
            yield f"accepted: {verdict.test} {verdict.rates}: {verdict.accepted}"
    if decision.attempt > 1:
        yield _attempts(decision)


def _blindness(decision: Decision) -> Iterator[str]:
    """What recorded trials alone can't show, where no others are to be had."""
    policy = decision.policy
    compared = [v for v in decision.tests if _gateable(v)]
    waiting = policy.offline and any(v.reason in ("missing", "no_baseline") for v in compared)
    if not compared or not (waiting or policy.baseline == "retired"):
        return
    base_n, cand_n = min(v.recorded for v in compared), min(v.used[0] for v in compared)
    if base_n == 1:
        yield ONE_TRIAL
    elif waiting and base_n and cand_n:
        yield offline_text(len(compared), base_n, cand_n, policy)


def _attempts(decision: Decision) -> str:
    alpha = decision.policy.duel_alpha + decision.policy.suite_alpha
    bound = min(1.0, decision.attempt * alpha)
    over = "both" if decision.attempt == 2 else "all"
    compared = [verdict for verdict in decision.tests if verdict.verdict != "not gated"]
    anew = sum(verdict.attempt is None for verdict in compared)
    part = f" (of {anew} of {n_tests(len(compared))})" if anew < len(compared) else ""
    return (
        f"attempt {decision.attempt}{part}: false alarms at most {bound * 100:.3g}% "
        f"over {over} attempts"
    )


def _is_low(verdict: TestVerdict, policy: Policy) -> bool:
    passes, of = verdict.baseline
    return bool(of) and passes / of < policy.delta


def _fewest_recorded(decision: Decision) -> int | None:
    """Recorded trials of the test with the fewest, where the baseline can't be asked again."""
    if decision.policy.baseline != "retired":
        return None
    return min((v.recorded for v in decision.tests if _gateable(v)), default=0)


def _gateable(verdict: TestVerdict) -> bool:
    return verdict.verdict != "not gated" and verdict.reason != "already_failing"


def _gated(decision: Decision) -> int:
    return sum(verdict.verdict != "not gated" for verdict in decision.tests)


def _suite_p(decision: Decision) -> str:
    p = decision.p_suite or 0.0
    return f"p {p:.3f}" if p >= 0.001 else f"p {p:.1e}"


def _down(chance: float) -> str:
    """Two decimals, rounded down: a promise is never rounded up.

    >>> _down(0.9099), _down(0.9)
    ('0.90', '0.90')
    """
    return f"{floor(chance * 100 + 1e-9) / 100:.2f}"
