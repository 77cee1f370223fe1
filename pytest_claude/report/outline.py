"""A run as every report tells it: headline, counts, one entry per test, the numbers.

The only module of the reports that knows how a verdict is reached: what a gate adds is taken up
here, and the terminal, the page, Markdown and annotations show it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_claude.comparison.difference import Difference, shows
from pytest_claude.comparison.trial import NOT_SENT, Trial
from pytest_claude.gating import words
from pytest_claude.gating.decision import Decision, TestVerdict
from pytest_claude.gating.sight import POWER, catch_probability, detectable_drop
from pytest_claude.report.artifact import Run, TestResult

Kind = Literal[
    "regressed", "improved", "changed", "undecided", "unchanged", "ungated",
    "failed", "passed", "not run",
]  # fmt: skip
Overall = Literal["pass", "fail", "undecided", "nothing"]
Mark = Literal["pass", "fail", "void", "yes", "no"]

BUMP_KINDS: tuple[Kind, ...] = (
    "regressed", "improved", "changed", "undecided", "unchanged", "ungated",
)  # fmt: skip
PLAIN_KINDS: tuple[Kind, ...] = ("failed", "passed", "not run")

_WORST_FIRST = ("regressed", "undecided", "improved", "changed", "unchanged", "ungated",
                "failed", "not run", "passed")  # fmt: skip


@dataclass(frozen=True)
class Lane:
    """The trials of one stream, in order.

    Attributes:
        label: What the stream is: "recorded", "fresh", "screen", "duel"; "" where there is one.
        trials: All of them.
        marks: What each came to, as it is drawn: outcome, or whether it behaves in a new way.
    """

    label: str
    trials: tuple[Trial, ...]
    marks: tuple[Mark, ...]

    @property
    def good(self) -> int:
        """Trials that passed, or that behave in the new way."""
        return sum(mark in ("pass", "yes") for mark in self.marks)

    @property
    def of(self) -> int:
        """All trials that are evidence."""
        return sum(mark != "void" for mark in self.marks)


@dataclass(frozen=True)
class Side:
    """One model's trials of one test.

    Attributes:
        role: "base" for the baseline, "cand" for the candidate.
        model: The model that answered, as the app or the bump names it.
        lanes: By stream.
    """

    role: Literal["base", "cand"]
    model: str
    lanes: tuple[Lane, ...]

    @property
    def trials(self) -> tuple[Trial, ...]:
        """The trials of all lanes."""
        return tuple(trial for lane in self.lanes for trial in lane.trials)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks of all lanes."""
        return tuple(mark for lane in self.lanes for mark in lane.marks)

    @property
    def fraction(self) -> tuple[int, int]:
        """Good trials, and all."""
        return sum(lane.good for lane in self.lanes), sum(lane.of for lane in self.lanes)


@dataclass(frozen=True)
class Entry:
    """What one test came to.

    Attributes:
        test: Node id.
        kind: Under which verdict it is listed.
        sentence: What changed, or why there is no verdict; names are in backquotes.
        statement: How the verdict was reached, in words; None where there is nothing to say.
        sides: Baseline first; one in a plain run.
        behaves: Whether the marks tell of a behavior (which both models pass with).
        differences: What the candidate does otherwise, the one to tell first.
        decided: The rates at the look that decided, `20/20 → 1/4`; None where none did.
        result: The test's result as the run holds it.
    """

    test: str
    kind: Kind
    sentence: str | None
    statement: str | None
    sides: tuple[Side, ...]
    behaves: bool
    differences: tuple[Difference, ...]
    decided: str | None
    result: TestResult

    @property
    def module(self) -> str:
        """The node id up to the function's name, `::` included."""
        head, separator, _ = self.test.partition("::")
        return head + separator

    @property
    def name(self) -> str:
        """The node id without its module."""
        return self.test.removeprefix(self.module) or self.test

    @property
    def rates(self) -> str:
        """`20/20 → 1/4`."""
        return " → ".join("{}/{}".format(*side.fraction) for side in self.sides)


@dataclass(frozen=True)
class Fact:
    """One number of the trials on both models.

    Attributes:
        label: What it counts.
        unit: "usd", "tokens", "s" or "" for a plain count.
        base: One value per trial that has it.
        cand: The same of the candidate.
        ratio: How it changed over the tests, as the gate tells it; None where it does not.
        interval: The 95 % interval of `ratio`.
    """

    label: str
    unit: Literal["usd", "tokens", "s", ""]
    base: tuple[float, ...]
    cand: tuple[float, ...]
    ratio: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Share:
    """How often the models behave in some way, over the whole suite.

    Attributes:
        label: What the model does; names are in backquotes.
        base: Trials of the baseline that show it, and all.
        cand: The same of the candidate.
        p: Exact p of the suite, adjusted for the number of behaviors.
        changed: Whether that is at most .05.
    """

    label: str
    base: tuple[int, int]
    cand: tuple[int, int]
    p: float
    changed: bool


@dataclass(frozen=True)
class Sight:
    """What drops the gate could see.

    Attributes:
        points: Drops of a test's pass rate from 1, and the chance that each is caught.
        delta: The drop that the gate was asked to see, and its chance.
        smaller: The smallest drop that is seen with the chance .8, and that chance; None if none.
        suspects: How many tests the screen did not clear.
    """

    points: tuple[tuple[float, float], ...]
    delta: tuple[float, float]
    smaller: tuple[float, float] | None
    suspects: int


@dataclass(frozen=True)
class Typed:
    """What was typed with a gate, for the commands that go on with it.

    Attributes:
        words: Its preset and which tests were to run; "" where nothing was said.
        workers: How many workers shared the tests, as it was typed; None where none did.
    """

    words: str
    workers: str | None = None


@dataclass(frozen=True)
class Outline:
    """A run, ready to be told.

    Attributes:
        overall: The verdict; "nothing" when nothing was compared. In a plain run whether all
            tests passed.
        headline: The verdict in words, without the word pass, fail or undecided.
        rule: How the verdict was reached and how sure it is.
        models: Baseline and candidate; one or none in a plain run.
        pairs: `OLD=NEW` of a bump; empty outside one.
        entries: Worst first.
        counts: Of every kind that this run can have, zeros included.
        facts: Numbers of both models.
        shares: Behaviors over the suite.
        rewrites: What was adapted in the candidate's requests, and in how many tests.
        simulated_by: What played the models, where no answer is a model's.
        bump: Whether two sides were compared.
        sight: What drops the gate could see; None outside a gate.
        repeat: The command that makes the comparison again; None in a plain run.
        finish: The command that takes the trials which it lacks; None where none can.
        waits_for: Why it lacks some; None where it does not.
    """

    overall: Overall
    headline: str
    rule: str
    models: tuple[str, ...]
    pairs: tuple[str, ...]
    entries: tuple[Entry, ...]
    counts: Mapping[Kind, int]
    facts: tuple[Fact, ...]
    shares: tuple[Share, ...]
    rewrites: tuple[tuple[str, int], ...]
    simulated_by: str | None
    bump: bool
    sight: Sight | None = None
    repeat: str | None = None
    finish: str | None = None
    waits_for: Literal["missing", "not sent", "errors"] | None = None

    def of(self, *kinds: Kind) -> tuple[Entry, ...]:
        """The entries of these kinds."""
        return tuple(entry for entry in self.entries if entry.kind in kinds)


def outline(run: Run, typed: Typed | None = None) -> Outline:
    """The run as reports tell it; the same run gives the same outline.

    Args:
        run: The run.
        typed: What was typed for it, where that is known: the reports of a run file don't.
    """
    decision = run.decision
    bump = decision is not None
    models = _models(run)
    results = {result.test: result for result in run.results}
    tests = dict.fromkeys([*results, *run.collected])
    entries = [
        _plain_entry(results.get(test, TestResult(test)))
        if decision is None
        else _entry(results.get(test, TestResult(test)), decision, models)
        for test in tests
    ]
    entries.sort(key=lambda entry: (_WORST_FIRST.index(entry.kind), entry.test))
    counted = Counter(entry.kind for entry in entries)
    trials = [trial for entry in entries for side in entry.sides for trial in side.trials]
    overall, headline = _headline(decision, entries)
    repeat, finish = _commands(run, typed)
    return Outline(
        overall=overall,
        headline=headline,
        rule="" if decision is None else _rule(decision),
        models=models,
        pairs=run.pairs,
        entries=tuple(entries),
        counts={kind: counted[kind] for kind in (BUMP_KINDS if bump else PLAIN_KINDS)},
        facts=_facts(entries, decision),
        shares=() if decision is None else _shares(decision),
        rewrites=_rewrites(entries),
        simulated_by=next((trial.simulated_by for trial in trials if trial.simulated_by), None),
        bump=bump,
        sight=None if decision is None or overall == "nothing" else _sight(decision),
        repeat=repeat,
        finish=finish,
        waits_for=None if decision is None else _waits_for(decision),
    )


def cause_of(trial: Trial) -> str | None:
    """Why a trial did not pass, without the words of the assertion.

    >>> cause_of(Trial("t", "base", 0, "fail", "assert <no: `refund` called>"))
    '`refund` called'
    """
    return None if trial.cause is None else _ASSERTED.sub(r"\1", trial.cause)


def failing_line(entry: Entry) -> int | None:
    """The line of the test file whose check failed first, by what the trials kept."""
    for side in reversed(entry.sides):
        for trial in side.trials:
            if trial.outcome == "fail" and trial.checks and trial.checks[-1].line is not None:
                return trial.checks[-1].line
    return None


_ASSERTED = re.compile(r"^assert (?:not )?<(?:no|yes|unknown): (.*)>$", re.DOTALL)


def short_names(models: Sequence[str]) -> tuple[str, ...]:
    """The shortest endings that tell the models apart.

    >>> short_names(["claude-sonnet-4-5", "claude-sonnet-5-5"])
    ('4-5', '5-5')
    >>> short_names(["claude-sonnet-5-5", "claude-opus-5-5"])
    ('sonnet-5-5', 'opus-5-5')
    >>> short_names(["main.json", "main.json"])
    ('main.json', 'main.json')
    """
    words = [model.split("-") for model in models]
    longest = max(map(len, words), default=0)
    for number in range(2, longest + 1):
        endings = ["-".join(word[-number:]) for word in words]
        if len(set(endings)) == len(models):
            return tuple(endings)
    return tuple(models)


def _models(run: Run) -> tuple[str, ...]:
    if run.decision is not None:
        before, _, after = run.title.partition(" → ")
        if run.pairs:
            olds, news = zip(*(pair.split("=", 1) for pair in run.pairs), strict=True)
            return ", ".join(olds), ", ".join(news)
        return before or "baseline", after or "candidate"
    asked = sorted({m for r in run.results for trial in r.trials for m in trial.models})
    return (", ".join(asked),) if asked else ()


def _commands(run: Run, typed: Typed | None) -> tuple[str | None, str | None]:
    """What makes the comparison again, and what takes the trials that it lacks."""
    if run.decision is None:
        return None, None
    before, _, after = run.title.partition(" → ")
    if not run.pairs and after != "this run":
        return f"pytest-claude compare {before} {after}", None
    if typed is None:
        preset = run.decision.policy.preset
        typed = Typed("" if preset == "quick" else f"--claude-gate {preset}")
    gate = [f"--claude-bump {pair}" for pair in run.pairs] or [f"--claude-baseline {before}"]
    again = finish = " ".join(["pytest", *gate, *filter(None, [typed.words])])
    if run.pairs and typed.workers:  # with workers pytest alone screens, and can't go on
        words = filter(None, [f"-n {typed.workers}", typed.words])
        finish = " ".join(["pytest-claude bump", *run.pairs, "--", *words])
    return again, f"{finish} --claude-record"


def _waits_for(decision: Decision) -> Literal["missing", "not sent", "errors"] | None:
    if decision.open_trials:
        return "missing"
    if any(NOT_SENT in (verdict.detail or "") for verdict in decision.tests):
        return "not sent"
    return "errors" if any(v.reason == "errors" for v in decision.tests) else None


def _headline(decision: Decision | None, entries: Sequence[Entry]) -> tuple[Overall, str]:
    if decision is not None:
        sentence = words.headline(decision)
        if sentence.startswith("nothing was compared"):
            return "nothing", sentence
        return decision.overall, sentence
    bad = sum(entry.kind == "failed" for entry in entries)
    tests = f"{len(entries)} test{'s' if len(entries) != 1 else ''}"
    if not entries:
        return "nothing", "no claude test ran"
    if bad:
        return "fail", f"{bad} of {tests} failed"
    return "pass", f"{sum(e.kind == 'passed' for e in entries)} of {tests} passed"


def _rule(decision: Decision) -> str:
    """What must be said with the verdict, and how often it is wrong."""
    policy = decision.policy
    told = list(words.notes(decision))
    if decision.overall == "fail":
        alpha = policy.duel_alpha + policy.suite_alpha
        told.append(f"a candidate that is no worse fails this gate with a chance of at most "
                    f"{alpha:.0%}")  # fmt: skip
    return ". ".join(f"{part[:1].upper()}{part[1:]}" for part in told)


def _sight(decision: Decision) -> Sight:
    policy, suspects = decision.policy, max(1, decision.rounded_suspects)
    recorded = None
    if policy.baseline == "retired":
        gated = [v.recorded for v in decision.tests if v.verdict != "not gated"]
        recorded = min(gated, default=0)

    def chance(drop: float) -> float:
        return catch_probability(policy, suspects, drop=drop, recorded=recorded)

    smaller = detectable_drop(policy, suspects, recorded)
    return Sight(
        points=tuple((n / 20, chance(n / 20)) for n in range(21)),
        delta=(policy.delta, chance(policy.delta)),
        smaller=None if smaller is None else (smaller, POWER),
        suspects=len(decision.suspects),
    )


_VERDICTS: Mapping[str, Kind] = {
    "regressed": "regressed",
    "improved": "improved",
    "changed": "changed",
    "undecided": "undecided",
    "unchanged": "unchanged",
    "not gated": "ungated",
}


_LOST = "did not arrive: a lost worker, or the run was stopped"


def _entry(result: TestResult, decision: Decision, models: tuple[str, ...]) -> Entry:
    verdict = decision.verdicts.get(result.test) or TestVerdict(
        result.test, "undecided", detail=_LOST
    )
    kind = _VERDICTS[verdict.verdict]
    if verdict.reason == "already_failing":
        kind = "ungated"
    if kind == "regressed" and verdict.accepted is not None:
        kind = "changed"
    streams = {name: [t for t in result.trials if t.stream == name and t.attempt in
                      (1 if name == "base" else verdict.attempt or decision.attempt,)]
               for name in ("base", "base_fresh", "cand")}  # fmt: skip
    mark: Callable[[Trial], Mark] = _outcome
    behaves = verdict.verdict == "changed" and bool(verdict.differences)
    if behaves:
        new = shows(verdict.differences[0].kind, streams["base"], streams["cand"])
        mark = lambda trial: "yes" if new(trial) else "no"  # noqa: E731
    screen, duel = _split(streams["cand"], verdict)
    base = [_lane("recorded", streams["base"], mark), _lane("fresh", streams["base_fresh"], mark)]
    cand = [_lane("screen" if duel else "candidate", screen, mark), _lane("duel", duel, mark)]
    sides: tuple[Side, ...] = (
        Side("base", models[0], tuple(lane for lane in base if lane.trials)),
        Side("cand", models[1], tuple(lane for lane in cand if lane.trials)),
    )
    if not any(side.lanes for side in sides):
        sides = ()
    told = _sentence(verdict), _statement(verdict, decision)
    decided = verdict.rates if verdict.baseline[1] and not behaves else None
    return Entry(result.test, kind, *told, sides, behaves, verdict.differences, decided, result)


def _split(trials: Sequence[Trial], verdict: TestVerdict) -> tuple[list[Trial], list[Trial]]:
    """The candidate's trials of the screen, and those of the duel."""
    if verdict.stage != "duel":
        return list(trials), []
    seen = 0
    for number, trial in enumerate(trials):
        if seen == verdict.screened[1]:
            return list(trials[:number]), list(trials[number:])
        seen += trial.outcome in ("pass", "fail")
    return list(trials), []


def _sentence(verdict: TestVerdict) -> str | None:
    if verdict.reason == "already_failing":
        return f"already failing: {verdict.rates}"
    told = verdict.differences[0].counted if verdict.differences else None
    if verdict.verdict == "regressed" and verdict.accepted is not None:
        return f"regressed and accepted ({verdict.accepted}): {told or verdict.rates}"
    if verdict.verdict == "undecided" and told and verdict.detail:
        return f"{told}; {verdict.detail}"
    return verdict.detail if verdict.verdict == "not gated" or told is None else told


def _statement(verdict: TestVerdict, decision: Decision) -> str | None:
    """How the verdict was reached."""
    if verdict.verdict == "not gated":
        return None
    told = words.sentence(verdict, decision).removeprefix(f"{verdict.test}: ")
    if verdict.interval is not None:
        low, high = (-bound for bound in reversed(verdict.interval))
        told += f". Drop {low:.2f} to {high:.2f} (95%; descriptive, stopping biases it)"
    return f"{verdict.verdict}: {told}" if verdict.verdict == "regressed" else told


def _plain_entry(result: TestResult) -> Entry:
    if not result.trials:
        return Entry(result.test, "failed", _LOST, None, (), False, (), None, result)
    lane = _lane("", result.trials, _outcome)
    model = ", ".join(sorted({m for trial in result.trials for m in trial.models}))
    alone = Side("base", model or "no model", (lane,))
    kind, sentence = _plain_kind(result)
    return Entry(result.test, kind, sentence, None, (alone,), False, (), None, result)


def _plain_kind(result: TestResult) -> tuple[Kind, str | None]:
    outcomes = [trial.outcome for trial in result.trials]
    cause = next((cause_of(t) for t in result.trials if t.outcome != "pass" and t.cause), None)
    if not outcomes or "skip" in outcomes:
        return "not run", f"skipped: {cause}" if cause else "skipped"
    if "abort" in outcomes or "void" in outcomes:
        return "failed", cause
    passed = outcomes.count("pass")
    # `planned` trials and a pass rate decide; a run that was stopped early has fewer.
    return ("passed" if result.passed else "failed"), cause if passed < len(outcomes) else None


def _rewrites(entries: Sequence[Entry]) -> tuple[tuple[str, int], ...]:
    tests: Counter[str] = Counter()
    for entry in entries:
        tests.update({words for trial in entry.result.trials for words in trial.rewrites})
    return tuple(tests.most_common())


def _lane(label: str, trials: Sequence[Trial], mark: Callable[[Trial], Mark]) -> Lane:
    return Lane(label, tuple(trials), tuple(mark(trial) for trial in trials))


def _outcome(trial: Trial) -> Mark:
    if trial.outcome in ("pass", "fail"):
        return "pass" if trial.outcome == "pass" else "fail"
    return "void"


def _both(entries: Sequence[Entry]) -> tuple[list[Trial], list[Trial]]:
    """The trials of both sides, of the tests that have a candidate (or of all in a plain run)."""
    compared = [e for e in entries if e.sides and (len(e.sides) == 1 or e.sides[1].trials)]
    base = [trial for entry in compared for trial in entry.sides[0].trials]
    cand = [trial for entry in compared for side in entry.sides[1:] for trial in side.trials]
    return base, cand


def _facts(entries: Sequence[Entry], decision: Decision | None) -> tuple[Fact, ...]:
    """The numbers over the suite; of a gate no times but those of trials made side by side."""
    facts = facts_of(*_both(entries))
    if decision is None:
        return facts
    fresh = {label: _in_lanes(entries, label) for label in ("fresh", "duel")}
    times = facts_of(fresh["fresh"], fresh["duel"]) if all(fresh.values()) else ()
    ratios = {ratio.measure: ratio for ratio in decision.ratios}
    found = []
    for fact in (*(f for f in facts if f.unit != "s"), *(f for f in times if f.unit == "s")):
        ratio = ratios.get(_MEASURES.get(fact.label, ""))
        found.append(
            fact if ratio is None else replace(fact, ratio=ratio.ratio, interval=ratio.interval)
        )
    return tuple(found)


_MEASURES = {
    "cost": "cost_usd",
    "input tokens": "input_tokens",
    "output tokens": "output_tokens",
    "of these thinking": "thinking_tokens",
}


def _in_lanes(entries: Sequence[Entry], label: str) -> list[Trial]:
    lanes = (lane for entry in entries for side in entry.sides for lane in side.lanes)
    return [trial for lane in lanes if lane.label == label for trial in lane.trials]


def facts_of(base: Sequence[Trial], cand: Sequence[Trial]) -> tuple[Fact, ...]:
    """The numbers that at least one trial of each side that ran has."""
    simulated = any(trial.simulated_by for trial in (*base, *cand))
    found = []
    for label, unit, value in _FACTS:
        if unit == "s" and simulated:
            continue  # no model took that time
        fact = Fact(label, unit, _known(base, value), _known(cand, value))
        if (fact.base or not base) and (fact.cand or not cand) and any((*fact.base, *fact.cand)):
            found.append(fact)
    return tuple(found)


Value = Callable[[Trial], float | None]


def _of_profile(name: str) -> Value:
    return lambda trial: None if trial.profile is None else getattr(trial.profile, name)


_FACTS: tuple[tuple[str, Literal["usd", "tokens", "s", ""], Value], ...] = (
    ("cost", "usd", lambda trial: trial.cost_usd),
    ("calls", "", _of_profile("calls")),
    ("input tokens", "tokens", _of_profile("input_tokens")),
    ("output tokens", "tokens", _of_profile("output_tokens")),
    ("of these thinking", "tokens", _of_profile("thinking_tokens")),
    ("time to first token", "s", _of_profile("time_to_first_token_s")),
    ("time in all", "s", _of_profile("total_s")),
)


def _known(trials: Sequence[Trial], value: Value) -> tuple[float, ...]:
    return tuple(found for trial in trials if (found := value(trial)) is not None)


_MOST_SHARES = 8


def _shares(decision: Decision) -> tuple[Share, ...]:
    """The behaviors that were seen, those that moved first."""
    rates = sorted(decision.behaviors, key=lambda rate: (rate.adjusted, rate.p, rate.behavior))
    return tuple(
        Share(rate.behavior, rate.baseline, rate.candidate, rate.adjusted, rate.changed)
        for rate in rates[:_MOST_SHARES]
    )
