"""What adopting a candidate will mean: the trials that move, what plain replay says, BUMP.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_claude.comparison.trial import Trial
from pytest_claude.gating import Ledger
from pytest_claude.report.numbers import plural
from pytest_claude.report.story import Story, story
from pytest_claude.report.words import because
from pytest_claude.run.record import Run, TestResult
from pytest_claude.transcript.quoting import printable

_GATE = "_gate"
_STREAM = "cand"


@dataclass(frozen=True)
class Adopted:
    """One test whose candidate's trials become its recordings.

    Attributes:
        result: What the gate knows of it.
        trials: The consumed trials in index order: all that the verdict read, without choosing.
    """

    result: TestResult
    trials: tuple[Trial, ...]

    @property
    def moves(self) -> tuple[tuple[str, str], ...]:
        """Where each cassette lies and will lie, relative to the project.

        Void trials and copies leave gaps in the gate's numbers; the ordinary ones have none.
        """
        return tuple(
            (trial.cassette, ordinary_place(trial.cassette, number))
            for number, trial in enumerate(self.trials)
            if trial.cassette is not None
        )

    @property
    def replaced(self) -> tuple[str, ...]:
        """Recorded trials of the baseline whose names the moved ones take.

        A test whose first call goes to a model that stays is recorded under that model's name on
        both arms; what it recorded before has no use beside the new.
        """
        stems = {_unnumbered(target) for _, target in self.moves}
        base = (trial.cassette for trial in self.result.trials if trial.stream == "base")
        return tuple(place for place in base if place and _unnumbered(place) in stems)

    @property
    def foretold(self) -> str | None:
        """What plain replay will say of it, where that is not that it passes."""
        wanted, needed = self.result.planned, self.result.needed or self.result.planned
        played = self.trials[:wanted]
        if len(played) < wanted:
            return f"asks for {plural(wanted, 'trial')}, {len(played)} recorded: a miss"
        passed = sum(trial.outcome == "pass" for trial in played)
        if passed < needed:
            return f"red: {passed} of {wanted} trials pass, {needed} needed"
        return None


def adoption(run: Run) -> tuple[Adopted, ...]:
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
        trials = read.read("cand", verdict.used[0]).trials
        if trials and not _shares(result):
            found.append(Adopted(result, trials))
    return tuple(found)


def _shares(result: TestResult) -> bool:
    return any(trial.entries for trial in result.trials)


def ordinary_place(cassette: str, index: int) -> str:
    """Where trial `index` of a test lies, for a cassette of a gate's candidate.

    >>> ordinary_place("cassettes/_gate/a__b/cand/test_x/test_y/b.7.yaml", 1)
    'cassettes/test_x/test_y/b.2.yaml'
    """
    parts = cassette.split("/")
    root = parts[: parts.index(_GATE)]
    rest = parts[parts.index(_STREAM, len(root)) + 1 : -1]
    model = _unnumbered(parts[-1])
    name = f"{model}.{index + 1}.yaml" if index else f"{model}.yaml"
    return "/".join([*root, *rest, name])


def _unnumbered(cassette: str) -> str:
    """A cassette's path without its ending and without the number of its trial."""
    stem = cassette.removesuffix(".yaml")
    main, _, number = stem.rpartition(".")
    return main if number.isdecimal() and main else stem


def gate_folder(cassette: str) -> str:
    """The folder of the gate that a cassette of its candidate lies in.

    >>> gate_folder("cassettes/_gate/a__b/cand/tests/cand/test_x/test_y/b.yaml")
    'cassettes/_gate/a__b'
    """
    parts = cassette.split("/")
    return "/".join(parts[: parts.index(_STREAM, parts.index(_GATE))])


def foretold_lines(run: Run, adopted: Sequence[Adopted]) -> list[str]:
    """What plain replay will say on the day after, as far as it is not green."""
    told = [(entry.result.test, said) for entry in adopted if (said := entry.foretold)]
    lines = [f"  {printable(test)}  {said}" for test, said in told]
    assert run.decision is not None, "only a gate is adopted"
    moved = {entry.result.test for entry in adopted}
    lines += [
        f"  {printable(v.test)}  not run ({because(v.reason, v.values)}): nothing recorded"
        for v in run.decision.tests
        if v.test not in moved and v.reason == "no_check"
    ]
    lines += [
        f"  {printable(result.test)}  shares its cassette: record it after the change"
        for result in run.results
        if _shares(result)
    ]
    if not lines:
        return [f"plain replay will pass: {plural(len(adopted), 'test')}"]
    few = any(line.endswith(("a miss", "record it after the change")) for line in lines)
    record = ["  to record what is missing  pytest --claude-record"] if few else []
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
