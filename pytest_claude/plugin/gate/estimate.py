"""What a recording or a gate will take, by what is recorded: printed before its first call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from pytest_claude.gating.estimate import Estimate, Recorded, estimate
from pytest_claude.models.bill import Money, trial_cost
from pytest_claude.models.expected import (
    Expected,
    Need,
    Past,
    Range,
    Typical,
    expected,
    of_gate,
    together,
)
from pytest_claude.models.prices import price_table
from pytest_claude.plugin.gate.comparison import GatedRun
from pytest_claude.plugin.judging import expected_text as judge_text
from pytest_claude.plugin.recordings import Recordings
from pytest_claude.report.numbers import mean, plural
from pytest_claude.report.plan_words import blind_text, plan_lines
from pytest_claude.report.recording import expected_text, gate_time_lines
from pytest_claude.settings import ALL_RECORDED, RunSettings, Swap, TestSettings
from pytest_claude.transcript.model import Answer


@dataclass(frozen=True)
class Ahead:
    """What a recording will take, before its first call.

    Attributes:
        lines: The same in words.
        trials: How many trials call, least and most.
        by_test: How many of each test; empty where a gate decides it.
        calls: How many calls, least and most; None where it is not known.
        is_open: Whether there may be more calls than the most.
        usd: What they cost, least and most; None where it is not known.
        seconds: How long they take one after the other; None where it is not known.
    """

    lines: list[str]
    trials: tuple[int, int]
    by_test: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[int, int] | None = None
    is_open: bool = True
    usd: Range | None = None
    seconds: Range | None = None


AnswersOf = Callable[[str, TestSettings], list[Answer]]


def gate_ahead(
    tests: Mapping[str, TestSettings],
    settings: RunSettings,
    run: GatedRun,
    recordings: Recordings,
    answers_of: AnswersOf | None = None,
    workers: int = 1,
) -> Ahead | None:
    """What the gate will probably take, before it is paid, and what it can't see.

    Args:
        tests: The tests to gate and their settings, by node id.
        settings: Of the run.
        run: The gate.
        recordings: Of its tests.
        answers_of: Gives the answers of a test's first recorded trial, where they were read before.
        workers: How many tests are recorded at a time.
    """
    answers_of = answers_of or cache(recordings.first_answers)  # reading takes milliseconds
    taken = [
        recorded_of(test, own, settings, run, recordings, answers_of) for test, own in tests.items()
    ]
    fewest = min((each.of for each in taken if each.of), default=0)
    if not taken:
        return None
    plan = estimate(taken, run.policy)
    lines = plan_lines(taken, run.policy, plan)
    seconds = None
    if settings.baseline is None:
        answers = [answers_of(test, own) for test, own in tests.items()]
        seconds = _seconds(plan, answers, settings)
    lines[1:1] = gate_time_lines(seconds, workers)
    return Ahead(
        [*lines, *blind_text(run.policy, fewest)], plan.trials, usd=plan.usd, seconds=seconds
    )


def _seconds(
    plan: Estimate, answers: Iterable[list[Answer]], settings: RunSettings
) -> Range | None:
    """How long a gate takes, its calls one after the other; None where a time is unknown."""
    every = [*answers]
    rows: list[Expected] = []
    for trials, swaps in ((plan.base_trials, ()), (plan.cand_trials, settings.bump)):
        if trials[1]:
            rows += of_gate(trials, [past_calls(each, settings, swaps) for each in every])
    return together(rows).seconds


def gate_by_ids(
    ids: Iterable[str], settings: RunSettings, run: GatedRun, workers: int = 1
) -> Ahead | None:
    """What `gate_ahead` says, and of the judge, where tests are known by their ids alone.

    The controller of xdist has no items: it knows a claude test by its recordings, and no marker.

    Args:
        ids: Node ids of all tests.
        settings: Of the run.
        run: The gate.
        workers: How many tests are recorded at a time.
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
    ahead = gate_ahead(tests, settings, run, recordings, answers_of, workers)
    if ahead is not None:
        ahead.lines.append("  tests without a recording of their own are not counted (workers)")
        if settings.asks_judge:
            ahead.lines.append(judge_text(settings, dict.fromkeys(tests)))
    return ahead


def plain_ahead(
    tests: Mapping[str, TestSettings],
    settings: RunSettings,
    recordings: Recordings,
    workers: int = 1,
) -> Ahead | None:
    """What a plain recording will make, were each recording that is there replayed as it is.

    Args:
        tests: The tests and their settings, by node id.
        settings: Of the run.
        recordings: Of its tests.
        workers: How many tests are recorded at a time.
    """
    needs: dict[str, Need] = {}
    for test, own in tests.items():
        number = len(lacking_trials(test, own, settings, recordings))
        if number:
            past = past_calls(recordings.first_answers(test, own), settings, settings.swaps)
            needs[test] = Need(test, number, past=past)
    if not needs:
        return None
    suite = [past for need in needs.values() for past in need.past]
    prices = price_table(settings.prices, settings.names)
    total = together(expected(needs.values(), Typical(suite, prices)))
    trials = {test: need.trials for test, need in needs.items()}
    number = sum(trials.values())
    text = f"to record: {plural(number, 'trial')}, {expected_text(total, workers)}"
    if total.usd is None and not settings.dry_run:
        text += " (--claude-dry-run tells more)"
    return Ahead(
        [text],
        (number, number), trials, total.calls, total.is_open, total.usd, total.seconds,
    )  # fmt: skip


def lacking_trials(
    test: str, own: TestSettings, settings: RunSettings, recordings: Recordings
) -> list[int]:
    """Indices of the trials of a test that a plain recording makes: none is recorded, or anew."""
    kept = () if settings.record_mode == "all" else recordings.indices(test, own, "base")
    wanted = wanted_trials(test, own, settings, recordings)
    return [index for index in range(wanted) if index not in kept]


def wanted_trials(
    test: str, own: TestSettings, settings: RunSettings, recordings: Recordings
) -> int:
    """How many trials of a test a plain run takes."""
    is_all = settings.trials == ALL_RECORDED
    return recordings.all_trials(test, own) if is_all else own.trials


def new_models(settings: RunSettings, swaps: Iterable[Swap]) -> Callable[[str], str | None]:
    """What gives the model that is asked in the place of another; None where that one is."""
    names = settings.names
    news = {names.canonical(swap.old): names.resolved(swap.new) for swap in swaps}
    return lambda model: news.get(names.canonical(model))


def past_calls(
    answers: Iterable[Answer], settings: RunSettings, swaps: Iterable[Swap]
) -> tuple[Past, ...]:
    """The recorded calls of a trial, and what each would cost with the models swapped."""
    prices, new_of = price_table(settings.prices, settings.names), new_models(settings, swaps)
    pasts = []
    for answer in answers:
        if answer.status < 400:
            sent = answer.request.model or ""
            new = new_of(sent)
            money = trial_cost([answer], new_of, prices)
            usd = None if money is None else (money.low_usd, money.high_usd)
            seconds = None if answer.timing is None else answer.timing.total_s
            pasts.append(Past(new or sent, usd, answer.usage.output_tokens, seconds))
    return tuple(pasts)


def recorded_of(
    test: str,
    own: TestSettings,
    settings: RunSettings,
    run: GatedRun,
    recordings: Recordings,
    answers_of: AnswersOf,
) -> Recorded:
    """The recorded trials of a test, counted, and the price of one."""
    is_kept = settings.record_mode != "all"
    decided = is_kept and run.attempts.read_of(test, "cand") is not None
    fresh, cand = (len(recordings.indices(test, own, of)) for of in ("base_fresh", "cand"))
    if settings.baseline is not None:
        base = [trial for trial in run.known if trial.stream == "base" and trial.test == test]
        passes, usd = sum(t.outcome == "pass" for t in base), mean([t.cost_usd for t in base])
        cost = None if usd is None else (usd, usd)
        return Recorded(passes, len(base), 0, fresh, cand, usd, cost, decided)
    # What a recorded trial comes to is not known before it is replayed, or was by a gate.
    indices = recordings.indices(test, own, "base")
    failed = run.attempts.failed(test).intersection(indices)
    of = len(indices)
    old, new = _costs(answers_of(test, own), settings)
    ends = None if new is None else (new.low_usd, new.high_usd)
    missing = 0 if of else max(1, own.trials)
    return Recorded(
        of - len(failed), of, missing, fresh, cand, None if old is None else old.usd, ends, decided
    )


def _costs(answers: list[Answer], settings: RunSettings) -> tuple[Money | None, Money | None]:
    """What a trial with these answers costs on either side."""
    prices = price_table(settings.prices, settings.names)
    old = trial_cost(answers, overrides=prices)
    return old, trial_cost(answers, new_models(settings, settings.bump), prices)
