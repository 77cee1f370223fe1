"""What an earlier run brings into a gate: a run file, or the ledger beside the gate's cassettes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

import pytest

from pytest_claude import clock
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Decision, Ledger, Policy
from pytest_claude.gating.decision import TestVerdict
from pytest_claude.gating.screen import Screen, screen_test
from pytest_claude.plugin.attempts import LEDGER, Attempts, read_ledger
from pytest_claude.recording.files import write_atomically
from pytest_claude.run.record import Run, TestResult, dumps, loads
from pytest_claude.settings import RunSettings

_BASE_URL = "ANTHROPIC_BASE_URL"
_LAST = "claude/last-run"


@dataclass(frozen=True)
class Earlier:
    """What a gate knows before its first trial.

    Attributes:
        results: Of the tests of an earlier run that is gone on with, or compared with.
        voids: Trials of which the ledger says that they hold no evidence; they keep their index.
        retired: Whether the baseline can't be asked any more.
        text: The earlier run's file, for the workers of xdist; None without one.
        collected: Node ids of all tests of a run that is gone on with, also of those that did not
            arrive.
    """

    results: Mapping[str, TestResult] = field(default_factory=dict)
    voids: tuple[Trial, ...] = ()
    retired: bool = False
    text: str | None = None
    collected: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[Trial, ...]:
        """The trials that are not taken again."""
        return (*self.voids, *(t for result in self.results.values() for t in result.trials))


def read_earlier(config: pytest.Config, settings: RunSettings) -> Earlier:
    """What the settings and the gate's folder bring in.

    Raises:
        SettingsError: The run file or the ledger can't be read.
    """
    attempts = Attempts(settings)
    retired = attempts.about(attempts.last).get("baseline") == "retired"
    if settings.recording and not (attempts.root(attempts.last) / LEDGER).exists():
        retired = _is_gone(settings)
    voids = tuple(trial for n in attempts.numbers for trial in _voids(attempts, n, settings))
    if settings.go_on is None and settings.baseline is None:
        return Earlier(voids=voids, retired=retired)
    text = getattr(config, "workerinput", {}).get("claude_earlier") or _text(config, settings)
    run = loads(text, str(settings.go_on or settings.baseline))
    if settings.go_on is not None:
        return Earlier(_results(run), retired=retired, text=text, collected=run.collected)
    return Earlier(_as_baseline(run), voids, retired=True, text=text)


def _is_gone(settings: RunSettings) -> bool:
    """Whether a baseline model answers no more; a gateway may serve it longer than the API."""
    from pytest_claude.models.facts import retires_within

    olds = [settings.names.resolved(swap.old) for swap in settings.bump]
    return not os.environ.get(_BASE_URL) and bool(retires_within(olds, clock.today(), -1))


def write_ledgers(
    settings: RunSettings, earlier: Earlier, ledger: Ledger, decision: Decision
) -> None:
    """Keep which trials a gate read, beside their cassettes, and which tests wait for more.

    Each test is kept with the attempt it is at. What is there of other tests stays.

    Raises:
        OSError: The disk refuses it.
    """
    attempts = Attempts(settings)
    unconfirmed = decision.suite == "unconfirmed"
    for number in attempts.numbers:
        root = attempts.root(number)
        verdicts = [v for v in decision.tests if (v.attempt or decision.attempt) == number]
        if verdicts and root.is_dir():
            _write_ledger(root / LEDGER, ledger, verdicts, unconfirmed, earlier)


def _write_ledger(
    path: Path,
    ledger: Ledger,
    verdicts: Sequence[TestVerdict],
    unconfirmed: bool,
    earlier: Earlier,
) -> None:
    before, about = read_ledger(path)
    taken = {verdict.test for verdict in verdicts}
    waiting = {test: read for test, read in (about.get("open") or {}).items() if test not in taken}
    for verdict in verdicts:
        if verdict.waits or (unconfirmed and verdict.verdict != "not run"):
            waiting[verdict.test] = list(verdict.decided_on)
    kept = Ledger(trial for trial in before if trial.test not in taken)
    made = (trial for trial in ledger if trial.test in taken)
    text = f"{_head(earlier, waiting)}\n{(kept | made).dumps()}"
    if not path.exists() or path.read_text("utf-8") != text:
        write_atomically(path, text.encode())


def begin_attempt(settings: RunSettings, earlier: Earlier, tests: Iterable[str]) -> None:
    """Keep which tests another attempt is to ask, before its first call.

    However it ends, they are at it: what the attempt before said of them holds no more.

    Raises:
        SettingsError: The disk refuses it.
    """
    path = Attempts(settings).root(settings.attempt) / LEDGER
    waiting = {test: [0, 0] for test in tests}
    if waiting and not path.exists():
        try:
            write_atomically(path, f"{_head(earlier, waiting)}\n".encode())
        except OSError as error:
            raise SettingsError(
                f"{path}: the ledger could not be written: {error.strerror}"
            ) from None


def _head(earlier: Earlier, waiting: Mapping[str, Sequence[int]]) -> str:
    baseline = "retired" if earlier.retired else "callable"
    return json.dumps({"gate": {"v": 1, "baseline": baseline, "open": waiting}}, sort_keys=True)


def keep_last(config: pytest.Config, run: Run) -> None:
    """Keep a plain run for `--claude-baseline last`: of each test, the last result that passed.

    A run of a few tests leaves the others as they were, and the red run after an edit is no
    baseline of that edit.
    """
    cache = getattr(config, "cache", None)
    passed = {result.test: result for result in run.results if result.trials and result.passed}
    if cache is None or not passed:
        return
    try:
        before = _results(loads(cache.get(_LAST, None) or dumps(Run()), _LAST))
    except SettingsError:
        before = {}  # of another version
    kept = {**before, **passed}
    results = tuple(kept[test] for test in sorted(kept))
    cache.set(_LAST, dumps(Run(collected=tuple(sorted(kept)), results=results)))


def _text(config: pytest.Config, settings: RunSettings) -> str:
    """The run file that is gone on with, or compared with."""
    if settings.go_on is not None:
        return _read(settings.go_on)
    reference = settings.baseline or ""
    if reference == "last":
        return _last(config)
    if reference.startswith("git:"):
        from pytest_claude.plugin.revision import run_revision

        return run_revision(config, reference.removeprefix("git:"))
    return _read(Path(config.invocation_params.dir, reference))


def _last(config: pytest.Config) -> str:
    cache = getattr(config, "cache", None)
    text = None if cache is None else cache.get(_LAST, None)
    if text is None:
        raise SettingsError(
            "--claude-baseline last: no earlier run is kept\n"
            "       to make one, run pytest without --claude-baseline first"
        )
    return str(text)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{path}: the run file could not be read: {told}") from None


def _results(run: Run) -> dict[str, TestResult]:
    return {result.test: result for result in run.results}


def _as_baseline(run: Run) -> dict[str, TestResult]:
    """The plain trials of a run, as the baseline of another."""
    return {
        result.test: TestResult(
            result.test, tuple(trial for trial in result.trials if trial.stream == "base")
        )
        for result in run.results
    }


def _voids(attempts: Attempts, number: int, settings: RunSettings) -> tuple[Trial, ...]:
    """The void trials of an attempt that keep their index, of the tests that are at it.

    Of a test that waits, nothing was decided since its last look: while recording, the voids
    after it are tried again. Those before it stay, or what it has looked at would change.
    """
    ledger, about = read_ledger(attempts.root(number) / LEDGER)
    voids = tuple(
        trial for trial in ledger if trial.outcome == "void" and attempts.of(trial.test) == number
    )
    if not voids or not settings.recording:
        return voids
    # Trials that the looks of a test have read, by stream; None in an old ledger.
    waiting: Mapping[str, list[int]] | None = about.get("open")
    if waiting is not None:
        read = {
            (test, stream): _end_of(ledger, test, stream, length)
            for test, lengths in waiting.items()
            for stream, length in zip(("cand", "base_fresh"), lengths, strict=True)
        }
        return tuple(
            trial for trial in voids if trial.index < read.get((trial.test, trial.stream), inf)
        )
    policy = Policy.named(settings.gate, attempt=number)
    ended = {
        test
        for test in {trial.test for trial in voids}
        if _ended_in_errors(screen_test(ledger.of(test, policy), policy))
    }
    return tuple(trial for trial in voids if trial.test not in ended)


def _ended_in_errors(screen: Screen) -> bool:
    return screen.why is not None and screen.why.reason in ("errors", "not_sent")


def _end_of(ledger: Ledger, test: str, stream: str, length: int) -> int:
    """The index after the first `length` usable trials of a stream."""
    usable = [
        trial.index
        for trial in ledger
        if (trial.test, trial.stream) == (test, stream) and trial.outcome in ("pass", "fail")
    ]
    return usable[:length][-1] + 1 if usable[:length] else 0
