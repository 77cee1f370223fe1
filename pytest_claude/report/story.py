"""A run as every report shows it, as plain data: headline, tests, figures, commands.

Terminal, page, Markdown, JUnit, annotations, `show` and BUMP.md render this, and decide nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Ledger
from pytest_claude.gating.behaviors import BehaviorRate
from pytest_claude.gating.decision import Decision
from pytest_claude.gating.sight import POWER, catch_probability, detectable_drop
from pytest_claude.report import words
from pytest_claude.report.figures import Figure, gate_figures, plain_figures
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row, gated_row, plain_row
from pytest_claude.report.sets import SetTold, sets_of
from pytest_claude.report.stale import StaleGroup, stale_groups
from pytest_claude.report.words import Headline, Word
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import Run, TestResult
from pytest_claude.run.sets import forgiven, sets_verdict
from pytest_claude.run.typed import Typed, as_typed, pytest_line

Overall = Literal["pass", "fail", "undecided", "nothing"]
"""The verdict, and "nothing" where nothing was compared, or no claude test ran."""

WaitsFor = Literal["missing", "not sent", "errors", "other model", "unreadable"]
"""What a gate without a verdict lacks: trials, those held back, those without evidence, files."""

GATE_WORDS: tuple[Word, ...] = (
    "refused", "regressed", "undecided", "accepted", "improved", "changed", "unchanged", "not run",
)  # fmt: skip
PLAIN_WORDS: tuple[Word, ...] = ("failed", "not run", "passed")


@dataclass(frozen=True)
class Group:
    """The tests with one word.

    Attributes:
        word: Their word.
        title: The heading: the word, with what must be said of it.
        rows: The tests, by node id.
    """

    word: Word
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sight:
    """What drops the gate could see.

    Attributes:
        points: Drops of a test's pass rate from 1, and the chance that each is caught.
        delta: The drop that the gate was asked to see, and its chance.
        smaller: The smallest drop that is seen with the chance .8, and that chance; None if none.
        suspects: How many tests the screen did not clear.
        sentence: The same in words.
    """

    points: tuple[tuple[float, float], ...]
    delta: tuple[float, float]
    smaller: tuple[float, float] | None
    suspects: int
    sentence: str


@dataclass(frozen=True)
class Story:
    """A run, ready to be rendered.

    Attributes:
        overall: The verdict; in a plain run whether all tests and data sets passed.
        headline: The verdict in words.
        notes: What must be said below it, one sentence each.
        comparison: What was compared; None in a plain run.
        models: Baseline and candidate; one or none in a plain run.
        rows: The tests, worst first.
        counts: How many tests have each word that this run can have, zeros included.
        figures: Numbers of the run.
        behaviors: How often the models behave in some way over the suite, what moved first.
        rewrites: What was adapted in the candidate's requests, and in which tests.
        sets: The data sets.
        simulated_by: What played the models, where no answer is a model's.
        trials: Usable trials of the candidate, and fresh ones of the baseline, that a gate read.
        spent_usd: What the trials cost that a gate made, as billed, each set-up that tests share
            once; None where it is unknown.
        stale: Why recordings do not answer any more, by cause.
        sight: What drops the gate could see; None where nothing was compared.
        repeat: The command that makes the comparison again; None in a plain run.
        finish: The command that takes the trials which it lacks; None where none can.
        typed: What was typed for it.
        waits_for: Why it lacks some; None where it does not.
    """

    overall: Overall
    headline: Headline
    notes: tuple[str, ...]
    comparison: Comparison | None
    models: tuple[str, ...]
    rows: tuple[Row, ...]
    counts: Mapping[Word, int]
    figures: tuple[Figure, ...]
    behaviors: tuple[BehaviorRate, ...]
    rewrites: Mapping[str, tuple[str, ...]]
    sets: tuple[SetTold, ...]
    simulated_by: str | None
    trials: tuple[int, int]
    spent_usd: float | None
    stale: tuple[StaleGroup, ...]
    sight: Sight | None
    repeat: str | None
    finish: str | None
    typed: Typed
    waits_for: WaitsFor | None

    @property
    def compares(self) -> bool:
        """Whether two sides were compared."""
        return self.comparison is not None

    @property
    def rates_title(self) -> str:
        """The heading over the rates of the tests."""
        return "baseline → candidate" if self.compares else "trials passed"

    @property
    def pairs(self) -> tuple[str, ...]:
        """`OLD=NEW` of each pair of a bump; empty outside one."""
        return () if self.comparison is None else tuple(map(str, self.comparison.pairs))

    @property
    def groups(self) -> tuple[Group, ...]:
        """The tests by their word, the worst first; words that no test has are left out."""
        shown: Iterator[Word] = (name for name, number in self.counts.items() if number)
        return tuple(Group(name, words.title(name), self.of(name)) for name in shown)

    @property
    def failing(self) -> tuple[Row, ...]:
        """The tests that keep the run from passing."""
        return tuple(row for row in self.rows if row.fails)

    def of(self, *names: Word) -> tuple[Row, ...]:
        """The tests with these words."""
        return tuple(row for row in self.rows if row.word in names)


def story(run: Run, typed: Typed | None = None) -> Story:
    """The run as reports show it; the same run gives the same story.

    Args:
        run: The run.
        typed: What was typed for it, where that is known: the reports of a run file don't.
    """
    decision = run.decision
    models = _models(run)
    rows = _plain_rows(run) if decision is None else _gated_rows(run, decision, models)
    order = PLAIN_WORDS if decision is None else GATE_WORDS
    rows.sort(key=lambda row: (order.index(row.word), row.test))
    counted = Counter(row.word for row in rows)
    trials = [trial for row in rows for side in row.sides for trial in side.trials]
    simulated_by = next((trial.simulated_by for trial in trials if trial.simulated_by), None)
    overall, headline = _plain_headline(rows) if decision is None else _headline(decision)
    typed = typed or _typed(decision)
    repeat, finish = _commands(run, typed)
    simulated = simulated_by is not None
    return Story(
        overall=overall,
        headline=headline,
        notes=(
            *(() if decision is None else (*words.notes(decision), *_voids(rows))),
            *words.judged_notes(trials),
        ),
        comparison=run.comparison,
        models=models,
        rows=tuple(rows),
        counts={name: counted[name] for name in order},
        figures=plain_figures([row.result.trials for row in rows], simulated=simulated)
        if decision is None
        else gate_figures(decision, simulated=simulated),
        behaviors=() if decision is None else _behaviors(decision),
        rewrites=_rewrites(rows),
        sets=sets_of(rows, decision),
        simulated_by=simulated_by,
        trials=(0, 0)
        if decision is None
        else (decision.candidate_trials, decision.fresh_baseline_trials),
        spent_usd=spent_usd(t for r in run.results for t in r.trials if t.stream != "base"),
        stale=stale_groups(run.results),
        sight=None if decision is None or overall == "nothing" else _sight(decision),
        repeat=repeat,
        finish=finish,
        typed=typed,
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
    parts = [model.split("-") for model in models]
    longest = max(map(len, parts), default=0)
    for number in range(2, longest + 1):
        endings = ["-".join(part[-number:]) for part in parts]
        if len(set(endings)) == len(models):
            return tuple(endings)
    return tuple(models)


def spent_usd(trials: Iterable[Trial]) -> float | None:
    """What the trials cost that a gate made, each set-up that they share once; None if unknown."""
    own: list[float | None] = []
    set_ups: dict[str, float | None] = {}
    for trial in trials:
        own += [trial.cost_usd] if trial.shared_set_up is None else []
        set_ups |= zip_longest(trial.set_ups, trial.set_ups_usd)
    made = [*own, *set_ups.values()]
    costs = [cost for cost in made if cost is not None]
    return sum(costs) if len(costs) == len(made) else None


def _models(run: Run) -> tuple[str, ...]:
    if run.comparison is not None:
        return run.comparison.sides
    models = sorted({m for r in run.results for trial in r.trials for m in trial.models})
    return (", ".join(models),) if models else ()


def _plain_rows(run: Run) -> list[Row]:
    lost = (plain_row(TestResult(test)) for test in run.lost)
    passing = forgiven(run.results)
    return [*(plain_row(result, passing.get(result.test)) for result in run.results), *lost]


def _gated_rows(run: Run, decision: Decision, models: tuple[str, ...]) -> list[Row]:
    results = {result.test: result for result in run.results}
    ledger = Ledger(trial for result in run.results for trial in result.trials)
    before, after = models
    return [
        gated_row(
            results.get(verdict.test, TestResult(verdict.test)),
            verdict,
            decision,
            ledger.of(verdict.test, decision.policy, verdict.attempt),
            (before, after),
        )
        for verdict in decision.tests
    ]


def _headline(decision: Decision) -> tuple[Overall, Headline]:
    return decision.overall if decision.compares else "nothing", words.headline(decision)


def _plain_headline(rows: Sequence[Row]) -> tuple[Overall, Headline]:
    if not rows:
        return "nothing", Headline("no claude test ran")
    failed, tests = sum(row.word == "failed" for row in rows), plural(len(rows), "test")
    if failed:
        return "fail", Headline(f"{failed} of {tests} failed")
    passed = f"{sum(row.word == 'passed' for row in rows)} of {tests} passed"
    if sets_verdict(row.result for row in rows) == "undecided":
        return "undecided", Headline(f"{passed}, too few cases of a data set ran")
    return "pass", Headline(passed)


def _typed(decision: Decision | None) -> Typed:
    """What must have been typed, where nobody knows more."""
    preset = "quick" if decision is None else decision.policy.preset
    return Typed("" if preset == "quick" else f"--claude-gate {preset}")


def _commands(run: Run, typed: Typed) -> tuple[str | None, str | None]:
    """What makes this comparison again, and what takes the trials that it lacks."""
    comparison = run.comparison
    if run.decision is None or comparison is None:
        return None, None
    if comparison.kind == "files":
        return f"pytest-claude compare {comparison.before} {comparison.after}", None
    again = pytest_line(*options_of(comparison, typed), typed.preset, typed.tests)
    finish = recording_line(comparison, typed, again=True)
    unreadable = (v.values["file"] for v in run.decision.tests if v.reason == "unreadable")
    if files := as_typed(unreadable, typed.root, most=None):
        finish = f"rm {files} && {finish}"
    return again, finish


def recording_line(
    comparison: Comparison, typed: Typed, *, again: bool = False, tests: Iterable[str] = ()
) -> str:
    """The command that judges the tests of a gate and records what it lacks.

    Args:
        comparison: What is compared.
        typed: What was typed before.
        again: Whether the same tests are to be chosen as were typed.
        tests: Node ids; all tests where nothing is chosen.
    """
    options: tuple[str, ...] = (typed.preset, typed.tests if again else "", "--claude-record")
    if typed.options and typed.workers:
        options = (*options, f"-n {typed.workers}")
    elif comparison.pairs and typed.workers:  # with workers pytest alone screens, and can't go on
        pairs = (*map(str, comparison.pairs), "--", f"-n {typed.workers}")
        words = ("pytest-claude bump", *pairs, as_typed(tests, typed.root), *options)
        return " ".join(filter(None, words))
    places = tests or ([] if again or not typed.root else [""])  # all of them, from another folder
    return pytest_line(*options_of(comparison, typed), *options, tests=places, root=typed.root)


def options_of(comparison: Comparison, typed: Typed) -> tuple[str, ...]:
    """The options that make a comparison, with the other candidates that are judged beside it."""
    return typed.options or comparison.options


def _voids(rows: Sequence[Row]) -> Iterator[str]:
    """The void trials of the tests that have a verdict all the same, by their causes."""
    decided = [row for row in rows if row.word != "undecided"]
    trials = [trial for row in decided for side in row.sides for trial in side.trials]
    return words.voids(Counter(t.cause for t in trials if t.outcome == "void" and t.cause))


def _waits_for(decision: Decision) -> WaitsFor | None:
    reasons = {verdict.reason for verdict in decision.tests}
    if "unreadable" in reasons:
        return "unreadable"  # recording what is missing would not get past it
    if decision.open_trials or "budget" in reasons:
        return "missing"
    if "not_sent" in reasons:
        return "not sent"
    if not reasons.isdisjoint({"errors", "account", "timed_out"}):
        return "errors"
    return "other model" if "other_model" in reasons else None


def _sight(decision: Decision) -> Sight:
    policy, suspects = decision.policy, max(1, decision.rounded_suspects)
    recorded = words.fewest_recorded(decision)

    def chance(drop: float) -> float:
        return catch_probability(policy, suspects, drop=drop, recorded=recorded)

    smaller = detectable_drop(policy, suspects, recorded)
    return Sight(
        points=tuple((n / 20, chance(n / 20)) for n in range(21)),
        delta=(policy.delta, chance(policy.delta)),
        smaller=None if smaller is None else (smaller, POWER),
        suspects=len(decision.suspects),
        sentence=words.sight(decision),
    )


def _rewrites(rows: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    tests: dict[str, dict[str, None]] = {}
    for row in rows:
        for trial in row.result.trials:
            for rewrite in trial.rewrites:
                tests.setdefault(rewrite, {})[row.test] = None
    most_first = sorted(tests.items(), key=lambda pair: -len(pair[1]))
    return {rewrite: tuple(of) for rewrite, of in most_first}


_MOST_BEHAVIORS = 8


def _behaviors(decision: Decision) -> tuple[BehaviorRate, ...]:
    """The behaviors that were seen, those that moved first."""
    rates = sorted(decision.behaviors, key=lambda rate: (rate.adjusted, rate.p, rate.behavior))
    return tuple(rates[:_MOST_BEHAVIORS])
