"""What a gate will take, by what is recorded: printed before its first call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from pytest_claude.gating.estimate import Recorded
from pytest_claude.models.bill import Money, trial_cost
from pytest_claude.models.prices import price_table
from pytest_claude.plugin.gate.comparison import GatedRun
from pytest_claude.plugin.judging import expected_text
from pytest_claude.plugin.recordings import Recordings
from pytest_claude.report.numbers import mean
from pytest_claude.report.plan_words import blind_text, plan_lines
from pytest_claude.settings import RunSettings, TestSettings
from pytest_claude.transcript.model import Answer

AnswersOf = Callable[[str, TestSettings], list[Answer]]


def estimate_lines(
    tests: Mapping[str, TestSettings],
    settings: RunSettings,
    run: GatedRun,
    recordings: Recordings,
    answers_of: AnswersOf | None = None,
) -> list[str]:
    """What the gate will probably take, before it is paid, and what it can't see.

    Args:
        tests: The tests to gate and their settings, by node id.
        settings: Of the run.
        run: The gate.
        recordings: Of its tests.
        answers_of: Gives the answers of a test's first recorded trial, where they were read before.
    """
    answers_of = answers_of or recordings.first_answers
    taken = [
        _recorded(test, own, settings, run, recordings, answers_of) for test, own in tests.items()
    ]
    fewest = min((each.of for each in taken if each.of), default=0)
    return [*plan_lines(taken, run.policy), *blind_text(run.policy, fewest)] if taken else []


def estimate_by_ids(ids: Iterable[str], settings: RunSettings, run: GatedRun) -> list[str]:
    """What `estimate_lines` says, and of the judge, where tests are known by their ids alone.

    The controller of xdist has no items: it knows a claude test by its recordings, and no marker.

    Args:
        ids: Node ids of all tests.
        settings: Of the run.
        run: The gate.
    """
    recordings, own = Recordings(settings, run.places, run.attempts), TestSettings()
    answers_of = cache(recordings.first_answers)  # reading a cassette takes milliseconds
    if settings.baseline is not None:
        known = {trial.test for trial in run.known}
        tests = {test: own for test in ids if test in known}
    else:
        canonical, olds = settings.names.canonical, run.comparison.olds
        tests = {
            test: own
            for test in ids
            for answers in [answers_of(test, own)]
            if olds & {canonical(answer.request.model or "") for answer in answers}
        }
    lines = estimate_lines(tests, settings, run, recordings, answers_of)
    if lines:
        lines.append("  tests without a recording of their own are not counted (workers)")
    judged = lines and settings.asks_judge
    return [*lines, expected_text(settings, dict.fromkeys(tests))] if judged else lines


def _recorded(
    test: str,
    own: TestSettings,
    settings: RunSettings,
    run: GatedRun,
    recordings: Recordings,
    answers_of: AnswersOf,
) -> Recorded:
    """The recorded trials of a test, counted, and the price of one."""
    fresh, cand = (len(recordings.indices(test, own, of)) for of in ("base_fresh", "cand"))
    if settings.baseline is not None:
        base = [trial for trial in run.known if trial.stream == "base" and trial.test == test]
        passes, usd = sum(t.outcome == "pass" for t in base), mean([t.cost_usd for t in base])
        cost = None if usd is None else (usd, usd)
        return Recorded(passes, len(base), 0, fresh, cand, usd, cost)
    # What a recorded trial comes to is not known before it is replayed, or was by a gate.
    indices = recordings.indices(test, own, "base")
    failed = run.attempts.failed(test).intersection(indices)
    of = len(indices)
    old, new = _costs(answers_of(test, own), settings)
    ends = None if new is None else (new.low_usd, new.high_usd)
    missing = 0 if of else max(1, own.trials)
    return Recorded(
        of - len(failed), of, missing, fresh, cand, None if old is None else old.usd, ends
    )


def _costs(answers: list[Answer], settings: RunSettings) -> tuple[Money | None, Money | None]:
    """What a trial with these answers costs on either side."""
    names = settings.names
    prices = price_table(settings.prices, names)
    new_of = {names.canonical(swap.old): names.resolved(swap.new) for swap in settings.bump}
    old = trial_cost(answers, overrides=prices)
    return old, trial_cost(answers, lambda model: new_of.get(names.canonical(model)), prices)
