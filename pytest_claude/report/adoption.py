"""What adopting a candidate will mean: the trials that move, what plain replay says, BUMP.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Ledger
from pytest_claude.gating.status import Reason
from pytest_claude.report.numbers import plural
from pytest_claude.report.story import Story, story
from pytest_claude.report.words import because
from pytest_claude.run.record import Run, TestResult
from pytest_claude.transcript.quoting import printable

_UNRECORDED: frozenset[Reason | None] = frozenset({"deselected", "no_check", "wide_fixture"})
"""Reasons of tests that may ask the old model and have no trial of the new one."""

OrdinaryPlace = Callable[[str, str, int], str]
"""Where plain replay looks for a trial: test, main model, index → path relative to the project."""
NamedBy = Callable[[str], str]
"""The model that names a cassette, by its path relative to the project."""


@dataclass(frozen=True)
class Adopted:
    """One test whose candidate's trials become its recordings.

    Attributes:
        result: What the gate knows of it.
        trials: The consumed trials in index order: all that the verdict read, without choosing.
        model: The model that names their cassettes; "" where no call was made.
        replaced: Recorded trials of the baseline whose names the moved ones take: a test whose
            first call goes to a model that stays is recorded under that model's name on both
            arms, and what it recorded before has no use beside the new.
    """

    result: TestResult
    trials: tuple[Trial, ...]
    model: str = ""
    replaced: tuple[str, ...] = ()

    def moves(
        self, place: OrdinaryPlace, set_up_place: Callable[[str], str]
    ) -> tuple[tuple[str, str], ...]:
        """Where each cassette is and will be, relative to the project.

        Void trials and copies leave gaps in the gate's numbers; the ordinary ones have none.

        Args:
            place: Where plain replay looks for a trial.
            set_up_place: Where it looks for what a wider fixture asked, by the gate's cassette.
        """
        set_ups = dict.fromkeys(name for trial in self.trials for name in trial.set_ups)
        return tuple(
            (trial.cassette, place(trial.test, self.model, number))
            for number, trial in enumerate(self.trials)
            if trial.cassette is not None and trial.cassette not in set_ups
        ) + tuple((name, set_up_place(name)) for name in set_ups)

    @property
    def is_short(self) -> bool:
        """Whether plain replay will miss trials: its settings ask for more than were recorded."""
        return len(self.trials) < self.result.planned

    @property
    def foretold(self) -> str | None:
        """What plain replay will say of it, where that is not that it passes."""
        wanted, needed = self.result.planned, self.result.needed or self.result.planned
        if self.is_short:
            return f"asks for {plural(wanted, 'trial')}, {len(self.trials)} recorded: a miss"
        passed = sum(trial.outcome == "pass" for trial in self.trials[:wanted])
        if passed < needed:
            return f"red: {passed} of {wanted} trials pass, {needed} needed"
        return None


def adoption(run: Run, named_by: NamedBy) -> tuple[Adopted, ...]:
    """The tests of a gated run whose candidate was tried, sorted by node id.

    A test that shares its cassette is left out: each test's trials have answers of their own, and
    in one cassette the first answer would stand for all.
    """
    decision = run.decision
    assert decision is not None, "only a gate is adopted"
    ledger = Ledger(trial for result in run.results for trial in result.trials)
    found = []
    for result in run.results:
        verdict = decision.verdicts[result.test]
        read = ledger.of(result.test, decision.policy, verdict.attempt)
        trials = read.usable("cand", verdict.used[0])
        if any(trial.set_ups for trial in trials):
            trials = trials[:1]  # in plain replay all trials share one set-up
        if trials and not _shares(result):
            found.append(_adopted(result, trials, named_by))
    return tuple(found)


def _adopted(result: TestResult, trials: tuple[Trial, ...], named_by: NamedBy) -> Adopted:
    model = next((named_by(trial.cassette) for trial in trials if trial.cassette), "")
    base = (t.cassette for t in result.trials if t.stream == "base" and t.cassette is not None)
    replaced = tuple(cassette for cassette in base if named_by(cassette) == model)
    return Adopted(result, trials, model, replaced)


def _shares(result: TestResult) -> bool:
    return any(trial.entries for trial in result.trials)


def foretold_lines(run: Run, adopted: Sequence[Adopted]) -> list[str]:
    """What plain replay will say on the day after, as far as it is not green."""
    lines = [f"  {printable(of.result.test)}  {of.foretold}" for of in adopted if of.foretold]
    assert run.decision is not None, "only a gate is adopted"
    moved = {entry.result.test for entry in adopted}
    lines += [
        f"  {printable(v.test)}  not run ({because(v.reason, v.values)}): nothing recorded"
        for v in run.decision.tests
        if v.test not in moved and v.reason in _UNRECORDED
    ]
    sharing = [result.test for result in run.results if _shares(result)]
    lines += [
        f"  {printable(test)}  shares its cassette: record it after the change" for test in sharing
    ]
    if not lines:
        return [f"plain replay will pass: {plural(len(adopted), 'test')}"]
    missing = sharing or any(of.is_short for of in adopted)
    record = ["  to record what is missing  pytest --claude-record"] if missing else []
    return [f"plain replay will not be green for {plural(len(lines), 'test')}", *lines, *record]


def bump_text(run: Run, adopted: Sequence[Adopted]) -> str:
    """BUMP.md: verdict, sentences, attempts, adaptations, accepted changes."""
    return "\n".join(_bump_lines(run, adopted)) + "\n"


def _bump_lines(run: Run, adopted: Sequence[Adopted]) -> Iterator[str]:
    told, decision = story(run), run.decision
    assert decision is not None, "only a gate is adopted"
    yield f"# {' → '.join(told.models)}"
    yield ""
    yield f"{decision.overall.upper()}: {told.headline}"
    yield from (f"- {note}" for note in told.notes)
    yield ""
    yield (
        f"Attempt {decision.attempt}, policy {decision.policy.preset}: "
        f"{decision.candidate_trials} trials of the candidate, "
        f"{decision.fresh_baseline_trials} fresh ones of the baseline."
    )
    yield from _told("Tests", _test_lines(told))
    yield from _told("Figures", [f"{figure.label}: {figure}" for figure in told.figures])
    rewrites = [f"{rewrite}: `{t}`" for rewrite, tests in told.rewrites.items() for t in tests]
    yield from _told("Adapted; the app's own code must follow", sorted(rewrites))
    yield from _told("Plain replay", [line.strip() for line in foretold_lines(run, adopted)])


def _test_lines(told: Story) -> list[str]:
    """The tests that changed or were not run, one a line: word, rates, why."""
    news = (row for row in told.rows if row.word != "unchanged" or row.reason is not None)
    return [
        printable(": ".join(filter(None, (row.test, f"{row.word} {row.rates}".strip(), row.text))))
        for row in news
    ]


def _told(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield f"## {title}"
        yield ""
        yield from (f"- {line}" for line in lines)
