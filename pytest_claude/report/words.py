"""Statuses, reasons and verdicts in words: the only place where they become English.

The table in docs/reference.md, "Statuses and reasons", is this module's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating.decision import FIRED, Decision, SuiteStatus, TestVerdict
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.sight import POWER, catch_probability, detectable_drop
from pytest_claude.gating.status import TOO_FEW, Reason
from pytest_claude.report.numbers import at_least, at_most, dollars, ordinal, plural, probability
from pytest_claude.report.plan_words import offline_text
from pytest_claude.run.record import Status

Word = Literal[
    "refused", "regressed", "undecided", "accepted", "improved", "changed", "unchanged",
    "failed", "passed", "not run",
]  # fmt: skip
"""What people read of a test: its status, or the reason by which a regression is told apart."""

ONE_TRIAL = (
    "1 baseline trial per test: this gate cannot see any single-test regression offline; "
    "record more or allow fresh baseline calls."
)
STALE_BASELINE = (
    "recorded baseline may be stale: today's baseline model is worse than the recording"
)
COULD_BE_DRIFT = "could be drift"

TITLES: Mapping[Word, str] = {
    "refused": "refused by the API",
    "accepted": "accepted, does not gate",
    "changed": "changed, does not gate",
}
"""Headings of a group of tests, where the word alone does not say enough."""


def word(status: Status, reason: Reason | None) -> Word:
    """The word for a test.

    >>> word("regressed", None), word("regressed", "accepted"), word("unchanged", "one_sided")
    ('regressed', 'accepted', 'unchanged')
    """
    return reason if reason == "accepted" or reason == "refused" else status


def title(name: Word) -> str:
    """The heading of the tests with this word."""
    return TITLES.get(name, name)


def _with_cause(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: f"{text}: {values['why']}" if values.get("why") else text


def _lacking(values: Mapping[str, Any]) -> str:
    sides = [f"{values[side]} of the {side}" for side in ("baseline", "candidate") if values[side]]
    return f"a suspect: lacks fresh trials, {' and '.join(sides)}"


def _already_failing(values: Mapping[str, Any]) -> str:
    if "passed" not in values:
        return "already failing"
    passes = f"passes in {values['passed']} of {values['of']} trials of the candidate"
    return f"failed on the baseline, {passes}"


def _voids(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda values: text.format(voids=plural(values["voids"], "void trial"))


REASONS: Mapping[Reason, str | Callable[[Mapping[str, Any]], str]] = {
    "accepted": "accepted: {why}",
    "refused": "the API refuses its request",
    "already_failing": _already_failing,
    "one_sided": "only the {side} is called",
    "voids_agree": _voids("whether its {voids} failed or passed"),
    "aborted": lambda values: values.get("why") or "a trial could not be run",
    "budget": "{voids} of {of} trials were {why}",
    "cannot_confirm": "{trials} baseline trials cannot confirm a drop in one of {suspects} "
    "suspects",
    "copies": "{copies} of {of} trials repeat a paid answer",
    "account": "{voids} of {of} trials were denied: {why}",
    "errors": "{voids} of {of} trials ended in errors of the service",
    "lacks_fresh": _lacking,
    "looks_ended": "no decision after {trials} trials",
    "missing": "{recorded} of {look} candidate trials recorded, too few to judge",
    "no_baseline": "no trial of the baseline is recorded",
    "not_arrived": "did not arrive: not collected, a lost worker, or the run was stopped",
    "not_sent": "{voids} of {of} trials were {why}",
    "one_baseline_trial": ONE_TRIAL,
    "other_model": "in {voids} of {of} trials {why}",
    "other_voids_decide": "void trials of other tests could decide either way",
    "timed_out": "{voids} of {of} trials were {why}",
    "unreadable": "{why}",
    "voids_decide": _voids("its {voids} could decide either way"),
    "asks_no_old": "asks {models}",
    "deselected": "deselected",
    "live": "live: not recorded",
    "no_check": "no claude check",
    "no_model_call": "no model call: not gateable",
    "one_run_only": "only in {run}",
    "skipped": _with_cause("skipped"),
    "wide_fixture": "its {fixture} calls the model",
}
"""What a reason says, with the values that the gate names for it."""


def because(reason: Reason | None, values: Mapping[str, Any]) -> str | None:
    """A reason as a sentence; None where there is no reason.

    Args:
        reason: Of the closed set.
        values: What the sentence names. Run files of earlier versions hold the sentence itself,
            as `words`.

    >>> because("errors", {"voids": 3, "of": 8})
    '3 of 8 trials ended in errors of the service'
    """
    if reason is None:
        return values.get("words")
    if "words" in values and reason != "accepted":
        return str(values["words"])
    sentence = REASONS[reason]
    values = {"why": values.get("words"), **values}
    return sentence.format(**values) if isinstance(sentence, str) else sentence(values)


@dataclass(frozen=True)
class Headline:
    """The verdict in one sentence, without the word pass, fail or undecided.

    Attributes:
        text: The sentence.
        caution: What a pass may have missed; "" with any other verdict.
    """

    text: str
    caution: str = ""

    def __str__(self) -> str:
        return f"{self.text} ({self.caution})" if self.caution else self.text


def headline(decision: Decision) -> Headline:
    """The verdict on the suite in one sentence, with the tests that it says nothing of."""
    if not decision.compares:
        return Headline(_nothing_compared(decision))
    if decision.overall == "pass":
        passed = _passed(decision)
        return Headline(passed.text + _more(decision), passed.caution)
    text = _undecided(decision) if decision.overall == "undecided" else _failed(decision)
    return Headline(text + _more(decision))


def _more(decision: Decision) -> str:
    """What the headline says besides: what the candidate does better, and what was not run."""
    gains = sum(verdict.gains for verdict in decision.tests)
    passes = "passes" if gains == 1 else "pass"
    number, tests = len(decision.named("not run")), len(decision.tests)
    parts = (
        f"{plural(gains, 'test')} that failed on the baseline {passes} on the candidate"
        if gains
        else "",
        f"{number} of {plural(tests, 'test')} not run on the candidate" if number else "",
    )
    return "".join(f"; {part}" for part in parts if part)


def evidence(verdict: TestVerdict, decision: Decision) -> str | None:
    """What the duel of a test showed; None where there was none.

    `in the duel 1 of 4 trials passed, 20 of 20 before: p 0.0020 <= 0.0163 (1 of 2 suspects);
    first failing duel trial: 9`; trials count from 1.
    """
    if verdict.stage != "duel":
        return None
    (base_pass, base), (cand_pass, cand) = verdict.baseline, verdict.candidate
    duel = f"in the duel {cand_pass} of {cand} trials passed, {base_pass} of {base} before"
    if verdict.verdict != "regressed":
        return f"{duel}: no drop of {decision.policy.delta:g} or more"
    p, threshold, first = verdict.p, verdict.threshold, verdict.first_failure
    if p is None or threshold is None or first is None:
        return duel  # a run file of version 1
    suspects = f"1 of {plural(len(decision.suspects), 'suspect')}"
    if decision.policy.arms > 1:
        suspects = f"1 of at most {decision.rounded_suspects} suspects of all candidates"
    return (
        f"{duel}: p {probability(p)} <= {probability(threshold)} ({suspects}); "
        f"first failing duel trial: {first + 1}"
    )


def notes(decision: Decision) -> tuple[str, ...]:
    """What must be said below the headline, one sentence each."""
    return tuple(_notes(decision))


def voids(causes: Mapping[str, int]) -> Iterator[str]:
    """What the trials without evidence met, one sentence for each cause.

    >>> list(voids({"the API answered 529": 2}))
    ['2 void trials: the API answered 529']
    """
    return (f"{plural(n, 'void trial')}: {cause}" for cause, n in sorted(causes.items()))


def sight(decision: Decision) -> str:
    """The drop that the run could see: `a drop of 0.5 in one test with probability 0.90, …`."""
    policy, suspects = decision.policy, max(1, decision.rounded_suspects)
    recorded = fewest_recorded(decision)
    chance = catch_probability(policy, suspects, recorded=recorded)
    smaller = detectable_drop(policy, suspects, recorded)
    also = f", {smaller:.2f} with {POWER:.2f}" if smaller is not None else ""
    return f"a drop of {policy.delta:g} in one test with probability {at_least(chance)}{also}"


def fewest_recorded(decision: Decision) -> int | None:
    """Recorded trials of the test with the fewest, where the baseline can't be asked again."""
    if decision.policy.baseline != "retired":
        return None
    return min((v.recorded for v in decision.tests if v.gateable), default=0)


def any_candidate(decisions: Sequence[Decision]) -> str:
    """What it costs that one candidate which passes is enough.

    Args:
        decisions: Of the candidates.
    """
    number = len(decisions)
    # Each that drops a test is a suspect more.
    caught = min(_caught(decision, number) for decision in decisions)
    missed = 1 - caught**number
    return (
        "one candidate that passes is enough (--claude-gate-any): where each of "
        f"{plural(number, 'candidate')} drops a test by {decisions[0].policy.delta:g}, some passes "
        f"with probability <= {at_most(missed)} (<= {at_most(1 - caught)} of one)"
    )


def _caught(decision: Decision, least_suspects: int = 0) -> float:
    """The chance that a test which drops by the policy's `delta` is named."""
    suspects, recorded = decision.rounded_suspects, fewest_recorded(decision)
    return catch_probability(decision.policy, max(suspects, least_suspects), recorded=recorded)


def _passed(decision: Decision) -> Headline:
    policy = decision.policy
    chance = _caught(decision)
    if chance == 0:
        return Headline("no suspect was found, and this gate could not have confirmed one")
    return Headline(
        f"no test dropped by >= {policy.delta:g}",
        f"each such drop is caught with probability >= {at_least(chance)}; "
        "smaller drops may be missed",
    )


def _failed(decision: Decision) -> str:
    regressed = [verdict for verdict in decision.tests if verdict.fails]
    if not regressed and decision.cost == "above":
        return _costs_more(decision)
    if not regressed:
        return f"{_fired(decision, *FIRED)}, no single test is named"
    undecided = len(decision.named("undecided"))
    also = f"; {undecided} undecided" if undecided else ""
    return f"{len(regressed)} of {plural(_compared(decision), 'test')} regressed{also}"


def _costs_more(decision: Decision) -> str:
    cost = next(ratio for ratio in decision.ratios if ratio.measure == "cost_usd")
    assert cost.interval is not None, "a cost without an interval is unknown"
    return (
        f"the candidate costs x{cost.ratio:.2f} "
        f"(95%: {cost.interval[0]:.2f} to {cost.interval[1]:.2f}), "
        f"more than x{decision.policy.max_cost_ratio:.2f}"
    )


def _undecided(decision: Decision) -> str:
    waiting = decision.named("undecided")
    if not waiting and decision.cost == "unknown":
        limit = decision.policy.max_cost_ratio
        return f"the cost is unknown, so it can't be held below x{limit:.2f}"
    unconfirmed = _fired(decision, "unconfirmed")
    if not waiting and decision.cut is not None and not unconfirmed:
        return decision.cut
    if not waiting:
        return (
            f"{unconfirmed} than the recorded baseline, "
            "and today's baseline was not asked for all tests"
        )
    of = f"{len(waiting)} of {plural(_compared(decision), 'test')}"
    if decision.cut is not None:
        return f"{of}: {decision.cut} before a decision"
    reasons = Counter(_why_undecided(verdict) for verdict in waiting)
    most, times = reasons.most_common(1)[0]
    more = f", and {len(waiting) - times} for other reasons" if times < len(waiting) else ""
    return f"{of}: {most}{more}"


def _why_undecided(verdict: TestVerdict) -> str:
    """The reason without the counts of the test, so that tests with one reason count as one."""
    if verdict.reason in TOO_FEW:
        return "too few trials to judge"
    return because(verdict.reason, verdict.values) or "data are missing"


def _nothing_compared(decision: Decision) -> str:
    reasons = Counter(because(v.reason, v.values) or "no reason" for v in decision.tests)
    listed = "; ".join(f"{reason} ({n})" for reason, n in sorted(reasons.items()))
    tests = plural(len(decision.tests), "test")
    return f"nothing was compared: {tests}{', ' + listed if listed else ''}"


def judged_text(judge: str | None, prices: Sequence[float | None]) -> str:
    """Who read how many replies that the rules left open, and what it cost.

    >>> judged_text("claude-haiku-5-5", [0.0001, 0.0002])
    'the judge claude-haiku-5-5 read 2 replies that the rules left open, for $0.00030'
    """
    known = [usd for usd in prices if usd is not None]
    usd = sum(known) if len(known) == len(prices) else None
    cost = f"for {dollars(usd)}" if usd is not None else "at an unknown price"
    return f"the judge {judge} read {plural(len(prices), 'reply')} that the rules left open, {cost}"


def judged_notes(trials: Iterable[Trial]) -> Iterator[str]:
    """The same for each judge of the trials; equal replies were read once."""
    read: dict[str, dict[str, float | None]] = {}
    for trial in trials:
        for each in trial.judged:
            read.setdefault(each.model, {})[each.key] = each.usd
    for judge in sorted(read):
        yield judged_text(judge, list(read[judge].values()))


def _notes(decision: Decision) -> Iterator[str]:
    policy = decision.policy
    if "stale_baseline" in decision.channels:
        yield STALE_BASELINE
    if "could_be_drift" in decision.channels:
        yield f"{COULD_BE_DRIFT}: the baseline was recorded earlier, and is not asked today"
    if policy.baseline == "retired":
        yield "the baseline is retired: drift since its recording is not excluded"
    yield from _blindness(decision)
    failing = sum(verdict.reason == "already_failing" for verdict in decision.tests)
    if failing:
        yield f"not gateable: {failing} (already failing)"
    low = sum(verdict.gateable and _is_low(verdict, policy) for verdict in decision.tests)
    if low:
        yield (
            f"{plural(low, 'test')} passed less than {policy.delta:g} of the baseline's trials: "
            f"said of {'it' if low == 1 else 'them'} is only that not every trial fails now"
        )
    if decision.attempt > 1:
        yield _attempts(decision)
    yield from _editions(decision)
    if decision.overall == "fail" and decision.compares and policy.arms == 1:
        alpha = policy.duel_alpha + policy.suite_alpha
        yield f"a candidate that is no worse fails this gate with a chance of at most {alpha:.0%}"


def _blindness(decision: Decision) -> Iterator[str]:
    """What recorded trials alone can't show, where no others are to be had."""
    policy = decision.policy
    compared = [verdict for verdict in decision.tests if verdict.gateable]
    waiting = policy.offline and any(v.reason in (*TOO_FEW, "no_baseline") for v in compared)
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
    compared = [verdict for verdict in decision.tests if verdict.verdict != "not run"]
    anew = sum(verdict.attempt is None for verdict in compared)
    part = f" (of {anew} of {plural(len(compared), 'test')})" if anew < len(compared) else ""
    return (
        f"attempt {decision.attempt}{part}: false alarms at most {bound * 100:.3g}% "
        f"over {over} attempts"
    )


def _editions(decision: Decision) -> Iterator[str]:
    """What an app that was edited while it was judged adds to the chance of an error."""
    compared = [verdict for verdict in decision.tests if verdict.verdict != "not run"]
    editions = Counter(verdict.editions for verdict in compared if verdict.editions > 1)
    caught = _caught(decision)
    for number, tests in sorted(editions.items()):
        missed = 1 - caught**number
        yield (
            f"{ordinal(number)} edition of {plural(tests, 'test')}: a drop that persists through "
            f"{'both' if number == 2 else 'all'} is missed with probability <= {at_most(missed)}"
        )
    alpha = decision.policy.duel_alpha + decision.policy.suite_alpha
    asked = Counter(verdict.asked for verdict in compared if verdict.asked > 1)
    for number, tests in sorted(asked.items()):
        yield (
            f"{plural(tests, 'test')} came back to an edition that was judged before: attempt "
            f"{number} of it, false alarms at most {min(1.0, number * alpha):.3g} over them"
        )


def _is_low(verdict: TestVerdict, policy: Policy) -> bool:
    passes, of = verdict.baseline
    return bool(of) and passes / of < policy.delta


def _compared(decision: Decision) -> int:
    return sum(verdict.verdict != "not run" for verdict in decision.tests)


def _fired(decision: Decision, *statuses: SuiteStatus) -> str:
    """The channels with one of these statuses, each with its p and level; "" without one."""
    policy, number = decision.policy, len(decision.sets)
    suite = ("the suite", decision.suite, decision.p_suite, policy.suite_level(number))
    sets = (
        (f"the data set {of.name}", of.status, of.p, policy.set_level(number))
        for of in decision.sets
    )
    return "; ".join(
        f"{name} passes less often (p {probability(p)} <= {level:.2g})"
        for name, status, p, level in (suite, *sets)
        if status in statuses and p is not None
    )
