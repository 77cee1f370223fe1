"""Several candidates beside one baseline, as plain data: what every report shows of such a run.

What is said of one candidate is its own story; here is what holds of them together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from math import floor, inf, sqrt
from shlex import quote
from statistics import median
from typing import Literal

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.gating.decision import Decision
from pytest_claude.gating.ledger import TestTrials
from pytest_claude.gating.measures import ratio
from pytest_claude.gating.policy import Policy
from pytest_claude.gating.statistics import Z_95, wilson
from pytest_claude.gating.status import Overall
from pytest_claude.report import words
from pytest_claude.report.figures import Figure, distribution
from pytest_claude.report.numbers import plural, seconds, times
from pytest_claude.report.plan_words import split_text
from pytest_claude.report.row import Row, passed
from pytest_claude.report.story import GATE_WORDS, Sight, Story, spent_usd, story
from pytest_claude.report.words import Headline, Word
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.record import Run
from pytest_claude.run.typed import Typed

_TIME = "total_s"
_ORDER: tuple[Overall, ...] = ("fail", "undecided", "pass")
_VERBS: Mapping[Overall, tuple[str, str]] = {
    "fail": ("fails", "fail"),
    "undecided": ("is undecided", "are undecided"),
    "pass": ("passes", "pass"),
}


@dataclass(frozen=True)
class Span:
    """A number with its 95 % interval.

    Attributes:
        value: The number.
        interval: None where too few trials or tests show one.
    """

    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The baseline, or one candidate, in numbers that compare it with the others.

    Attributes:
        name: The model, `NEW@effort`, or the variables that are set.
        passed: Passed trials of the first look of each test, and all of that look.
        cost: Of a candidate: its cost over the baseline's; None where a price is unknown.
        time: Median time of a trial of the first look, in seconds; None of a baseline, whose
            trials are of another day, and where no answer is timed.
    """

    name: str
    passed: tuple[int, int]
    cost: Figure | None = None
    time: Span | None = None

    @property
    def rate(self) -> Span | None:
        """The share of the trials that passed; its interval is Wilson's."""
        passed, of = self.passed
        return Span(passed / of, wilson(passed, of)) if of else None

    @property
    def shown_passed(self) -> str:
        """`47/48`, or `none` where no trial was made."""
        return "{}/{}".format(*self.passed) if self.passed[1] else "none"

    @property
    def shown_cost(self) -> str:
        """The ratio as the candidate's own story tells it."""
        return self.cost.shown_ratio if self.cost is not None else "unknown"

    @property
    def shown_time(self) -> str:
        """`1.12 s`."""
        return seconds(None if self.time is None else self.time.value)

    @property
    def shown_times(self) -> str:
        """`1.12 s (95%: 1.02 to 1.30)`."""
        between = None if self.time is None else self.time.interval
        told = "" if between is None else " (95%: {:.2f} to {:.2f})".format(*between)
        return f"{self.shown_time}{told}"


@dataclass(frozen=True, kw_only=True)
class Arm(Measured):
    """One candidate.

    Attributes:
        story: Its own run, as reports show it.
        beaten_by: The candidates that are cheaper, and faster where times are known, pass as often
            on the tests of both, and have no worse verdict.
        notes: What must be said below its verdict and does not hold of all candidates.
    """

    story: Story
    beaten_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> bool:
        """Whether no other beats it; of one whose cost is unknown that can't be said."""
        return self.cost is not None and not self.beaten_by

    @property
    def shown_beaten(self) -> str:
        """By whom it is beaten."""
        return "no other" if self.best else ", ".join(self.beaten_by) or "unknown"

    @property
    def overall(self) -> Overall:
        """Its verdict; one that was compared with nothing fails."""
        return "fail" if self.story.overall == "nothing" else self.story.overall


@dataclass(frozen=True)
class TestRow:
    """One test on every candidate.

    Attributes:
        test: Node id.
        recorded: Passed recorded trials of the baseline, and all.
        cells: The test's row in the story of each candidate, in their order; None where it did
            not take part.
    """

    __test__ = False

    test: str
    recorded: tuple[int, int]
    cells: tuple[Row | None, ...]

    @property
    def words(self) -> set[Word]:
        """The words that it has on some candidate."""
        return {row.word for row in self.cells if row is not None}

    @property
    def shown(self) -> tuple[str, ...]:
        """`regressed 5/12`, `unchanged 4/4`: its word on each candidate, and its trials."""
        return tuple("" if row is None else cell(row) for row in self.cells)

    @property
    def shown_recorded(self) -> str:
        """`10/10`."""
        return "{}/{}".format(*self.recorded) if self.recorded[1] else ""

    @property
    def quiet(self) -> bool:
        """Whether nothing changed on any candidate."""
        return self.words == {"unchanged"} or self.words == {"not run"}

    @property
    def worst(self) -> int:
        """The place of its worst word in the order of words."""
        return min(map(GATE_WORDS.index, self.words))


def cell(row: Row) -> str:
    """The word of a test on one candidate, with the candidate's trials: `regressed 5/12`."""
    passed, of = row.sides[-1].passed if row.sides else (0, 0)
    return f"{row.word} {passed}/{of}" if of else row.word


@dataclass(frozen=True)
class Candidates:
    """A run of several candidates, ready to be rendered.

    Attributes:
        overall: The verdict: of the worst candidate, or where one is enough of the best.
        verdict: How many candidates pass, in words.
        best: Which is the cheapest that is not worse, in words; "" where none passes.
        notes: What must be said below it, one sentence each.
        baseline: The baseline; its numbers are of its recorded trials.
        arms: The candidates, as they were given.
        tests: The tests, worst first.
        cheapest: The cheapest candidate that passes; None where none does, or where a cost that
            decides is unknown.
        typed: What was typed for the run, with the options of all candidates.
        trials: Usable trials of the candidates, and fresh ones of the baseline, which they share.
        spent_usd: What these cost, as billed; None where it is unknown.
        sight: What drops the gate could see on each candidate; None where nothing was compared.
    """

    overall: Overall
    verdict: str
    best: str
    notes: tuple[str, ...]
    baseline: Measured
    arms: tuple[Arm, ...]
    tests: tuple[TestRow, ...]
    cheapest: Arm | None
    typed: Typed
    trials: tuple[int, int]
    spent_usd: float | None
    sight: Sight | None

    compares: Literal[True] = True

    @property
    def headline(self) -> Headline:
        """The verdict in one sentence."""
        return Headline("; ".join(filter(None, (self.verdict, self.best))))

    @property
    def models(self) -> tuple[str, str]:
        """What is compared: the baseline, and how many candidates with it."""
        return self.baseline.name, plural(len(self.arms), "candidate")

    @property
    def simulated_by(self) -> str | None:
        """What played the models, where no answer is a model's."""
        return next((arm.story.simulated_by for arm in self.arms if arm.story.simulated_by), None)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The tests of every candidate, one candidate after another."""
        return tuple(row for arm in self.arms for row in arm.story.rows)

    @property
    def counts(self) -> dict[Word, int]:
        """How many of these have each word, zeros included."""
        counted = Counter(row.word for row in self.rows)
        return {word: counted[word] for word in GATE_WORDS}

    @property
    def changed(self) -> tuple[TestRow, ...]:
        """The tests that are not unchanged on every candidate."""
        return tuple(row for row in self.tests if not row.quiet)

    @property
    def quiet(self) -> str:
        """How many tests are left out of these, in words; "" where none is."""
        counted = Counter(word for row in self.tests if row.quiet for word in row.words)
        told = " and ".join(f"{number} {word}" for word, number in counted.items())
        return f"{told} on every candidate" if told else ""

    @property
    def unbeaten(self) -> tuple[str, ...]:
        """The candidates that no other beats, of those whose cost is known."""
        return tuple(arm.name for arm in self.arms if arm.best)

    @property
    def order(self) -> tuple[str, ...]:
        """Which candidates no other beats, and of each other one which does, in words."""
        if not self.unbeaten:
            return ("no cost is known, so no candidate is told to beat another",)
        beaten = (
            f"beaten: {arm.name} by {', '.join(arm.beaten_by)}, no worse, and cheaper"
            f"{' and faster' if arm.time else ''} (95% intervals exclude equality)"
            for arm in self.arms
            if arm.beaten_by
        )
        return f"not beaten by another: {', '.join(self.unbeaten)}", *beaten

    @cached_property
    def by_test(self) -> Mapping[str, tuple[tuple[Arm, Row], ...]]:
        """The rows of each test with their candidates, the worst word first."""
        return {
            test.test: tuple(sorted(
                ((arm, row) for arm, row in zip(self.arms, test.cells, strict=True) if row),
                key=lambda pair: GATE_WORDS.index(pair[1].word),
            ))
            for test in self.tests
        }  # fmt: skip


Told = Story | Candidates
"""What is rendered of a run."""


def told(run: Run, typed: Typed | None = None) -> Told:
    """The run as reports show it: one story, or several candidates beside one baseline.

    Args:
        run: The run.
        typed: What was typed for it, where that is known.
    """
    return candidates(run, typed) if run.arms else story(run, typed)


def candidates(run: Run, typed: Typed | None = None) -> Candidates:
    """A run with `arms`, as reports show it; the arguments are those of `told`."""
    judged = [(arm.comparison, arm.decision) for arm in run.arms]
    comparisons = [comparison for comparison, _ in judged if comparison is not None]
    decisions = [decision for _, decision in judged if decision is not None]
    assert len(comparisons) == len(decisions) == len(run.arms), "each arm is judged"
    policy = decisions[0].policy
    typed = replace(
        typed or Typed("" if policy.preset == "quick" else f"--claude-gate {policy.preset}"),
        options=_options(comparisons, any_arm=run.any_arm),
    )
    stories = [story(arm, typed) for arm in run.arms]
    common = _in_all(told.notes for told in stories)
    looks = [_looks([told], "cand", policy) for told in stories]
    # A candidate that was added later is another attempt, and was asked on another day.
    timed = len({decision.attempt for decision in decisions}) == 1
    arms = [
        Arm(
            name=comparison.sides[1],
            passed=_passed(look),
            cost=next((f for f in told.figures if f.measure == "cost_usd" and f.ratio), None),
            time=_time(look) if timed and not told.simulated_by else None,
            story=told,
            notes=tuple(note for note in told.notes if note not in common),
        )
        for comparison, told, look in zip(comparisons, stories, looks, strict=True)
    ]
    arms = _with_those_that_beat(list(zip(arms, looks, strict=True)), policy)
    cheapest = _cheapest(arms)
    overall = run.overall
    assert overall is not None, "each arm is judged"
    return Candidates(
        overall,
        _verdict(arms, best_first=run.any_arm),
        _best(arms, cheapest),
        (*_rule(arms, decisions, any_arm=run.any_arm), *common),
        Measured(name=comparisons[0].sides[0], passed=_passed(_looks(stories, "base", policy))),
        tuple(arms),
        _tests(stories),
        cheapest,
        typed,
        (sum(of.trials[0] for of in stories), len(_fresh(run))),
        spent_usd([*_fresh(run), *(trial for arm in run.arms for trial in _made(arm, "cand"))]),
        next((of.sight for of in stories if of.sight is not None), None),
    )


def _options(comparisons: Sequence[Comparison], *, any_arm: bool) -> tuple[str, ...]:
    """What is typed for all candidates: `--claude-bump OLD=NEW1,NEW2`."""
    pairs = [pair for comparison in comparisons for pair in comparison.pairs]
    news = ",".join(pair.candidate for pair in pairs)
    set_in = [each.after for each in comparisons if not each.pairs]
    return (
        *((f"--claude-bump {pairs[0].old}={news}",) if pairs else ()),
        *(f"--claude-candidate {quote(after)}" for after in set_in),
        *(("--claude-gate-any",) if any_arm else ()),
    )


def _made(arm: Run, stream: Stream) -> tuple[Trial, ...]:
    return _of([trial for result in arm.results for trial in result.trials], stream)


def _fresh(run: Run) -> tuple[Trial, ...]:
    """The fresh trials of the baseline, which serve all candidates."""
    made = (trial for arm in run.arms for trial in _made(arm, "base_fresh"))
    return tuple({(trial.test, trial.index, trial.attempt): trial for trial in made}.values())


def _in_all(notes: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The notes of the first that the others have too."""
    return reduce(lambda first, other: tuple(n for n in first if n in other), notes)


_Looks = Mapping[str, tuple[Trial, ...]]
"""The trials of the first look of each test."""


def _looks(stories: Iterable[Story], role: Literal["base", "cand"], policy: Policy) -> _Looks:
    """The trials of the first look of each test that has any, on one side."""
    sides = ((row.test, side) for of in stories for row in of.rows for side in row.sides)
    made = {test: _of(side.evidence, role) for test, side in sides if side.role == role}
    return {test: trials[: policy.first_look] for test, trials in made.items() if trials}


def _of(trials: Iterable[Trial], stream: Stream) -> tuple[Trial, ...]:
    return tuple(trial for trial in trials if trial.stream == stream)


def _passed(looks: _Looks) -> tuple[int, int]:
    return passed([trial for look in looks.values() for trial in look])


def _time(looks: _Looks) -> Span | None:
    """The median time of the trials; its interval takes no shape of their spread for granted."""
    values = sorted(distribution([trial for look in looks.values() for trial in look], _TIME))
    if not values:
        return None
    half = len(values) / 2
    outside = floor(half - Z_95 * sqrt(half / 2))  # values below the interval's end, and above
    between = (values[outside - 1], values[-outside]) if outside else None
    return Span(median(values), between)


def _with_those_that_beat(sides: Sequence[tuple[Arm, _Looks]], policy: Policy) -> list[Arm]:
    return [
        replace(arm, beaten_by=tuple(
            other.name for other, ours in sides
            if other is not arm and _beats((other, ours), (arm, theirs), policy)
        ))
        for arm, theirs in sides
    ]  # fmt: skip


def _beats(first: tuple[Arm, _Looks], second: tuple[Arm, _Looks], policy: Policy) -> bool:
    """Whether one is cheaper and faster beyond doubt, and in nothing seen to be worse."""
    (one, ours), (other, theirs) = first, second
    costs, timed = [_cost_of(arm) for arm in (one, other)], [bool(arm.time) for arm in (one, other)]
    if costs[0] is None or costs[1] is None or costs[0] >= costs[1] or timed[0] != timed[1]:
        return False
    if _ORDER.index(one.overall) < _ORDER.index(other.overall):
        return False
    both = ours.keys() & theirs.keys()
    rates = [_passed({test: of[test] for test in both}) for of in (ours, theirs)]
    if rates[0][0] * rates[1][1] < rates[1][0] * rates[0][1]:
        return False
    beside = [
        TestTrials(test, [*_as("base", ours[test]), *_as("cand", theirs[test])], Policy())
        for test in sorted(both)
    ]
    found = [ratio(name, beside, policy) for name in ("cost_usd", *([_TIME] if one.time else []))]
    return all(of is not None and of.interval is not None and of.interval[0] > 1 for of in found)


def _as(stream: Literal["base", "cand"], trials: Iterable[Trial]) -> list[Trial]:
    """The trials as one side of a comparison of two candidates."""
    return [replace(trial, stream=stream, attempt=1) for trial in trials]


def _cheapest(arms: Sequence[Arm]) -> Arm | None:
    passing = [arm for arm in arms if arm.overall == "pass"]
    if len(passing) == 1:
        return passing[0]
    if any(_cost_of(arm) is None for arm in passing):
        return None
    return min(passing, key=lambda arm: _cost_of(arm) or inf, default=None)


def _cost_of(arm: Arm) -> float | None:
    return None if arm.cost is None else arm.cost.ratio


def _tests(stories: Sequence[Story]) -> tuple[TestRow, ...]:
    rows = [{row.test: row for row in of.rows} for of in stories]
    found = []
    for test in dict.fromkeys(test for of in rows for test in of):
        cells = tuple(of.get(test) for of in rows)
        base = next((row.sides[0].evidence for row in cells if row is not None and row.sides), ())
        found.append(TestRow(test, passed(_of(base, "base")), cells))
    return tuple(sorted(found, key=lambda row: (row.worst, row.test)))


def _verdict(arms: Sequence[Arm], *, best_first: bool) -> str:
    counted = Counter(arm.overall for arm in arms)
    order = reversed(_ORDER) if best_first else _ORDER
    found = [(counted[overall], _VERBS[overall]) for overall in order if counted[overall]]
    parts = [f"{number} {verbs[number > 1]}" for number, verbs in found]
    (number, verbs), of = found[0], plural(len(arms), "candidate")
    every = f"all {of} {verbs[1]}" if len(arms) > 1 else f"the candidate {verbs[0]}"
    first = f"{number} of {of} {verbs[number > 1]}" if parts[1:] else every
    return ", ".join([first, *parts[1:]])


def _best(arms: Sequence[Arm], cheapest: Arm | None) -> str:
    if cheapest is not None:
        cost = _cost_of(cheapest)
        at = "its cost unknown" if cost is None else f"at {times(cost)} of the cost"
        return f"the cheapest that is not worse is {cheapest.name}, {at}"
    if any(arm.overall == "pass" for arm in arms):
        return "which of these is the cheapest is unknown: a price is missing"
    return ""


def _rule(arms: Sequence[Arm], decisions: Sequence[Decision], *, any_arm: bool) -> tuple[str, ...]:
    """What the exit status goes by, and the price of asking several at once."""
    if any_arm:
        rule = words.any_candidate(decisions)
    elif len({arm.overall for arm in arms}) > 1:
        rule = "the exit status is that of the worst candidate"
    else:
        rule = ""
    policies = (decision.policy for decision in decisions if decision.policy.arms > 1)
    return tuple(filter(None, (*dict.fromkeys(map(split_text, policies)), rule)))
