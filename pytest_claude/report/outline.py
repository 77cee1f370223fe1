"""A run as every report tells it: headline, counts, one entry per test, the numbers.

With `entry`, of one test, the only module of the reports that knows how a verdict is reached: what
a gate adds is taken up here, and the terminal, the page, Markdown and annotations show it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_claude.comparison.trial import NOT_SENT
from pytest_claude.gating import words
from pytest_claude.gating.decision import Decision
from pytest_claude.gating.sight import POWER, catch_probability, detectable_drop
from pytest_claude.report.artifact import Run, TestResult
from pytest_claude.report.entry import Entry, Kind, gated_entry, plain_entry
from pytest_claude.report.fact import Fact, suite_facts

Overall = Literal["pass", "fail", "undecided", "nothing"]

BUMP_KINDS: tuple[Kind, ...] = (
    "regressed", "improved", "changed", "undecided", "unchanged", "ungated",
)  # fmt: skip
PLAIN_KINDS: tuple[Kind, ...] = ("failed", "passed", "not run")

_WORST_FIRST = ("regressed", "undecided", "improved", "changed", "unchanged", "ungated",
                "failed", "not run", "passed")  # fmt: skip


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
        preset: Its option; "" where nothing was said.
        tests: Which tests were to run, likewise.
        workers: How many workers shared the tests, as it was typed; None where none did.
    """

    preset: str = ""
    tests: str = ""
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
        gate: The command that runs the gate over other tests; None where there is none.
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
    gate: str | None = None
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
        plain_entry(results.get(test, TestResult(test)))
        if decision is None
        else gated_entry(results.get(test, TestResult(test)), decision, models)
        for test in tests
    ]
    entries.sort(key=lambda entry: (_WORST_FIRST.index(entry.kind), entry.test))
    counted = Counter(entry.kind for entry in entries)
    trials = [trial for entry in entries for side in entry.sides for trial in side.trials]
    overall, headline = _headline(decision, entries)
    gate, repeat, finish = _commands(run, typed)
    return Outline(
        overall=overall,
        headline=headline,
        rule="" if decision is None else _rule(decision),
        models=models,
        pairs=run.pairs,
        entries=tuple(entries),
        counts={kind: counted[kind] for kind in (BUMP_KINDS if bump else PLAIN_KINDS)},
        facts=suite_facts(entries, decision),
        shares=() if decision is None else _shares(decision),
        rewrites=_rewrites(entries),
        simulated_by=next((trial.simulated_by for trial in trials if trial.simulated_by), None),
        bump=bump,
        sight=None if decision is None or overall == "nothing" else _sight(decision),
        gate=gate,
        repeat=repeat,
        finish=finish,
        waits_for=None if decision is None else _waits_for(decision),
    )


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


def _commands(run: Run, typed: Typed | None) -> tuple[str | None, str | None, str | None]:
    """What runs the gate, what makes this comparison again, what takes the trials it lacks."""
    if run.decision is None:
        return None, None, None
    before, _, after = run.title.partition(" → ")
    if not run.pairs and after != "this run":
        return None, f"pytest-claude compare {before} {after}", None
    if typed is None:
        preset = run.decision.policy.preset
        typed = Typed("" if preset == "quick" else f"--claude-gate {preset}")
    pairs = [f"--claude-bump {pair}" for pair in run.pairs] or [f"--claude-baseline {before}"]
    gate = _line("pytest", *pairs, typed.preset)
    again = finish = _line(gate, typed.tests)
    if run.pairs and typed.workers:  # with workers pytest alone screens, and can't go on
        options = (f"-n {typed.workers}", typed.preset, typed.tests)
        finish = _line("pytest-claude bump", *run.pairs, "--", *options)
    return gate, again, f"{finish} --claude-record"


def _line(*words: str) -> str:
    return " ".join(filter(None, words))


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


def _rewrites(entries: Sequence[Entry]) -> tuple[tuple[str, int], ...]:
    tests: Counter[str] = Counter()
    for entry in entries:
        tests.update({words for trial in entry.result.trials for words in trial.rewrites})
    return tuple(tests.most_common())


_MOST_SHARES = 8


def _shares(decision: Decision) -> tuple[Share, ...]:
    """The behaviors that were seen, those that moved first."""
    rates = sorted(decision.behaviors, key=lambda rate: (rate.adjusted, rate.p, rate.behavior))
    return tuple(
        Share(rate.behavior, rate.baseline, rate.candidate, rate.adjusted, rate.changed)
        for rate in rates[:_MOST_SHARES]
    )
