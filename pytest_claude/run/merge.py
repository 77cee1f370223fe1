"""Runs of CI shards, and two runs to compare, as one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_claude.comparison.trial import Stream, Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Ledger, Policy, conclude
from pytest_claude.gating.status import Why
from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.decide import contenders, decided, left_out
from pytest_claude.run.editions import Past
from pytest_claude.run.record import Run, TestResult


def merged(
    runs: Sequence[tuple[str, Run]], names: ModelNames = NO_NAMES, least_suspects: int = 0
) -> Run:
    """The runs of shards as one, each with the name of its file; the order is irrelevant.

    Args:
        runs: At least one.
        names: What the project's own names of models stand for.
        least_suspects: For how many suspects the duels are calibrated at least.

    Raises:
        SettingsError: They compare different models or policies, or a trial is in two of them
            and not the same: the text names both.
    """
    (first_name, first), *others = runs
    for name, run in others:
        if _arms(run) != _arms(first):
            raise SettingsError(f"merge: the candidates of {first_name} and {name} differ")
        for what, mine, theirs in (
            ("models", first.comparison, run.comparison),
            ("gate's policy", _policy(first), _policy(run)),
        ):
            if mine != theirs:
                raise SettingsError(f"merge: the {what} of {first_name} and {name} differ")
    if first.arms:
        return _side_by_side(runs, names)
    trials: dict[tuple[object, ...], tuple[str, Trial]] = {}
    results: dict[str, TestResult] = {}
    for name, run in runs:
        for result in run.results:
            for trial in result.trials:
                _take(trials, name, trial)
            if _is_deselected(result) and any(result.test in run.lost for _, run in runs):
                continue  # another shard was to run it
            results[result.test] = _joined(results.get(result.test), result)
    by_test: dict[str, list[Trial]] = {}
    for key in sorted(trials, key=str):
        by_test.setdefault(trials[key][1].test, []).append(trials[key][1])
    found = {
        test: replace(result, trials=_ordered(by_test.get(test, ())))
        for test, result in results.items()
    }
    collected = sorted({test for _, run in runs for test in run.collected})
    run = replace(
        first, collected=tuple(collected), results=tuple(r for _, r in sorted(found.items()))
    )
    if first.decision is None:
        return run
    comparison = None if first.comparison is None else replace(first.comparison, names=names)
    run = replace(run, comparison=comparison)
    decisions = [of.decision for _, of in runs if of.decision is not None]
    verdicts = [verdict for decision in decisions for verdict in decision.tests]
    edited = any(verdict.editions > 1 for verdict in verdicts)
    decision = decided(
        run,
        first.decision.policy,
        pasts={
            test: Past(
                max(v.editions for v in verdicts if v.test == test) - 1,
                max(v.asked for v in verdicts if v.test == test) - 1,
            )
            for test in {v.test for v in verdicts if v.editions > 1 or v.asked > 1}
        },
        least_suspects=max(
            least_suspects, max(d.rounded_suspects for d in decisions) if edited else 0
        ),
    )
    return replace(run, decision=decision)


def _arms(run: Run) -> object:
    return [arm.comparison for arm in run.arms], run.any_arm


def _side_by_side(runs: Sequence[tuple[str, Run]], names: ModelNames) -> Run:
    """Several candidates: those of one attempt share the suspects that all their tests have."""
    parts = [[(name, run.arms[n]) for name, run in runs] for n in range(len(runs[0][1].arms))]
    suspects: Counter[int] = Counter()
    for arm in (merged(part, names) for part in parts):
        assert arm.decision is not None, "each arm is judged"
        suspects[arm.decision.attempt] += contenders(arm, arm.decision.policy)
    arms = []
    for part in parts:
        decision = part[0][1].decision
        assert decision is not None, "each arm is judged"
        arms.append(merged(part, names, suspects[decision.attempt]))
    collected = sorted({test for _, run in runs for test in run.collected})
    return replace(runs[0][1], collected=tuple(collected), arms=tuple(arms))


def compared(before: tuple[str, Run], after: tuple[str, Run]) -> Run:
    """A run that compares two: the trials of one are the baseline's, of the other the candidate's.

    Of a run that was a bump its candidate counts, of a plain run its trials. The verdict comes
    from these trials alone.

    Raises:
        SettingsError: One of them compares several candidates.
    """
    (old_name, old), (new_name, new) = before, after
    for name, run in (before, after):
        if run.arms:
            names = ", ".join(arm.comparison.sides[1] for arm in run.arms if arm.comparison)
            raise SettingsError(f"compare {name}: it holds several candidates: {names}")
    base, cand = _sides(old), _sides(new)
    tests = sorted({*base, *cand})
    sets = {of.test: of.set for of in (*old.results, *new.results) if of.set is not None}
    results, not_run = [], {}
    for test in tests:
        trials = (*_as("base", base.get(test, ())), *_as("cand", cand.get(test, ())))
        results.append(TestResult(test, trials, set=sets.get(test)))
        if test not in base or test not in cand:
            not_run[test] = Why("one_run_only", {"run": old_name if test in base else new_name})
        elif (why := left_out(trials, ())) is not None:
            not_run[test] = why
    decision = conclude(
        Ledger(t for result in results for t in result.trials),
        Policy(baseline="retired", offline=True),
        tests,
        not_run=not_run,
        sets={test: of.name for test, of in sets.items()},
    )
    return Run(
        comparison=Comparison("files", before=old_name, after=new_name),
        decision=decision,
        collected=tuple(tests),
        results=tuple(results),
    )


def _as(stream: Stream, trials: Sequence[Trial]) -> tuple[Trial, ...]:
    evidence = enumerate(trial.as_evidence() for trial in trials)
    return tuple(replace(t, stream=stream, index=n, attempt=1) for n, t in evidence)


def _sides(run: Run) -> Mapping[str, tuple[Trial, ...]]:
    stream = "base" if run.decision is None else "cand"
    found = {
        result.test: tuple(t for t in result.trials if t.stream == stream)
        for result in run.results
    }  # fmt: skip
    return {test: trials for test, trials in found.items() if trials}


def _policy(run: Run) -> object:
    return None if run.decision is None else run.decision.policy


def _take(trials: dict[tuple[object, ...], tuple[str, Trial]], name: str, trial: Trial) -> None:
    key = (trial.test, trial.stream, trial.index, trial.attempt)
    known = trials.setdefault(key, (name, trial))
    if known[1] != trial:
        raise SettingsError(
            f"merge: trial {trial.index + 1} of {trial.test} ({trial.stream}) is in {known[0]} "
            f"and in {name}, and not the same"
        )


def _ordered(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    streams = ("base", "base_fresh", "cand")
    return tuple(sorted(trials, key=lambda t: (streams.index(t.stream), t.attempt, t.index)))


def _is_deselected(result: TestResult) -> bool:
    return result.not_run is not None and result.not_run.reason == "deselected"


def _joined(before: TestResult | None, result: TestResult) -> TestResult:
    if before is None or _is_deselected(before):
        return result
    if _is_deselected(result):
        return before
    return replace(
        before,
        unused=tuple(dict.fromkeys((*before.unused, *result.unused))),
        notes=tuple(dict.fromkeys((*before.notes, *result.notes))),
        stale=before.stale or result.stale,
        not_run=before.not_run or result.not_run,
        accepted=before.accepted or result.accepted,
    )
