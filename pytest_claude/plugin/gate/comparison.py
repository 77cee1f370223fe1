"""What a gated run compares, and where its earlier side comes from: built once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_claude import clock
from pytest_claude.errors import SettingsError
from pytest_claude.gating import Ledger, Policy
from pytest_claude.gating.status import Reason, Why
from pytest_claude.places import Places
from pytest_claude.plugin.gate.attempts import Attempts
from pytest_claude.revision import run_revision
from pytest_claude.run.comparison import Comparison
from pytest_claude.run.decide import decided
from pytest_claude.run.record import Run, TestResult, dumps, loads
from pytest_claude.settings import RunSettings

_BASE_URL = "ANTHROPIC_BASE_URL"
_LAST = "claude/last-run"


class GatedRun:
    """A run of which the verdict alone fails a test.

    Attributes:
        comparison: What is compared with what.
        places: Where the cassettes of its tests are.
        attempts: Those of the gate, and their ledgers.
        policy: What the gate must be able to see.
        text: The file of an earlier run, for the workers of xdist; None without one.
        continues: Whether what is taken depends on what all tests showed before.
        known: Trials that are not taken again: of an earlier run, or without evidence, as the
            ledger says.
        collected: Node ids of all tests that a run that is gone on with was to run, also of those
            that did not arrive in it.
    """

    def __init__(
        self,
        config: pytest.Config,
        settings: RunSettings,
        comparison: Comparison,
        places: Places,
    ) -> None:
        """Read the earlier run and the ledgers.

        Raises:
            SettingsError: One can't be read, or says otherwise than another.
        """
        self.comparison = comparison
        self.places = places
        self.attempts = Attempts(settings, places)
        self.attempts.check_homes()
        part = settings.part
        self.continues = settings.go_on is not None or (
            part is not None and (part.suspects is not None or bool(part.keys))
        )
        voids = () if self.continues else self.attempts.voids()
        self.policy = Policy.named(
            settings.gate,
            attempt=settings.attempt,
            offline=not settings.records,
            baseline="retired" if _is_retired(settings, self.attempts) else "callable",
            max_cost_ratio=settings.max_cost_ratio,
            arms=max(1, len(settings.arms)),
        )
        self.text = _earlier_run(config, settings)
        name = str(settings.go_on or settings.baseline)
        run = Run() if self.text is None else loads(self.text, name)
        if run.arms:
            raise SettingsError(f"{name}: it holds several candidates, and this gate is of one")
        self._continued = settings.go_on is not None or part is not None
        earlier = run.results if self._continued else map(_as_baseline, run.results)
        self._earlier = {result.test: result for result in earlier}
        self.known = (*voids, *(t for result in self._earlier.values() for t in result.trials))
        left_out = {test for test, result in self._earlier.items() if result.not_run is not None}
        self.collected = (*(set(run.collected) - left_out),) if self._continued else ()

    def judged(
        self,
        results: Mapping[str, TestResult],
        collected: Iterable[str],
        left_out: Mapping[str, Reason],
        superseded: Mapping[str, bool],
        because: str | None,
        suspects: int = 0,
    ) -> Run:
        """The run with its verdict.

        Args:
            results: Of the tests that arrived, by node id.
            collected: Node ids of all claude tests that were to run; one that did not arrive is
                undecided.
            left_out: Why claude tests are not to run, by node id.
            superseded: As `Gate` has it.
            because: What ended the run before its end, in words; None where nothing did.
            suspects: For how many suspects the duels are calibrated at least.
        """
        run = self.gathered(results, collected, left_out)
        trials = [trial for result in run.results for trial in result.trials]
        pasts, least = self.attempts.pasts(trials, self.policy, superseded)
        least = max(least, suspects)
        decision = decided(run, self.policy, because, pasts=pasts, least_suspects=least)
        return replace(run, decision=decision)

    def least_suspects(self, run: Run, superseded: Mapping[str, bool]) -> int:
        """For how many suspects the duels of a run are calibrated at least, by earlier editions."""
        trials = [trial for result in run.results for trial in result.trials]
        return self.attempts.pasts(trials, self.policy, superseded)[1]

    def gathered(
        self,
        results: Mapping[str, TestResult],
        collected: Iterable[str],
        left_out: Mapping[str, Reason],
    ) -> Run:
        """The run without its verdict; the arguments are those of `judged`."""
        if self._continued:
            results = {**self._earlier, **results}
        chosen = {test: TestResult(test, not_run=Why(why)) for test, why in left_out.items()}
        results = {**chosen, **results}
        return Run(
            comparison=self.comparison.published,
            collected=tuple(sorted({*collected, *self.collected, *results})),
            results=tuple(result for _, result in sorted(results.items())),
        )

    def is_part(self, run: Run, covers: Callable[[str], bool]) -> bool:
        """Whether the gate judges tests that a judged run left out.

        Args:
            run: The run.
            covers: Whether a test is among those that were to be collected: one that is, and was
                not, is there no more.
        """
        assert run.decision is not None, "it was judged"
        deselected = any(v.reason == "deselected" for v in run.decision.tests)
        others = self.attempts.tests - {*run.collected}
        return deselected or not all(map(covers, others))

    def keep(self, run: Run, superseded: Mapping[str, bool], suspects: int = 0) -> None:
        """Write the ledgers of a judged run, without what a replay derives again.

        `superseded` is as `Gate` has it, `suspects` those of all candidates.

        Raises:
            OSError: The disk refuses it.
        """
        assert run.decision is not None, "it was judged"
        ledger = Ledger(
            replace(trial, profile=None, checks=(), rewrites=())
            for result in run.results
            for trial in result.trials
        )
        self.attempts.write(ledger, run.decision, superseded, suspects)


def gated_run(config: pytest.Config, settings: RunSettings, places: Places) -> GatedRun | None:
    """What the run compares; None in a plain run.

    Raises:
        SettingsError: An earlier run or a ledger can't be read, or the candidate is retired.
    """
    comparison = Comparison.of(settings)
    if comparison is None:
        return None
    _check_candidates(settings)
    return GatedRun(config, settings, comparison, places)


def _check_candidates(settings: RunSettings) -> None:
    """Refuse to pay for trials of a model that is not served any more, or not at an effort."""
    from pytest_claude.models.facts import facts_of, retires_within

    for swap in settings.bump if settings.records else ():
        facts = facts_of(settings.names.resolved(swap.new))
        levels = () if facts is None else facts.effort_levels or ()
        if swap.effort is not None and swap.effort not in levels:
            known = ", ".join(levels) or "none is known"
            raise SettingsError(f"--claude-bump {swap}: the efforts of {swap.new}: {known}")
    for swap in settings.bump if settings.records and not settings.record_refused else ():
        new = settings.names.resolved(swap.new)
        if retires_within([new], clock.today(), -1):
            facts = facts_of(new)
            assert facts is not None, "it retires"
            raise SettingsError(
                f"--claude-bump {swap}: {swap.new} is retired since {facts.retires_on}\n"
                "       to ask it all the same, add --claude-record-refused"
            )


def _is_retired(settings: RunSettings, attempts: Attempts) -> bool:
    """Whether the baseline can't be asked any more; a gateway may serve it longer than the API."""
    from pytest_claude.models.facts import retires_within

    if settings.baseline is not None:
        return True  # an earlier version of the app
    if settings.records and attempts.is_new:
        olds = [settings.names.resolved(swap.old) for swap in settings.bump]
        return not os.environ.get(_BASE_URL) and bool(retires_within(olds, clock.today(), -1))
    return attempts.is_retired


def _as_baseline(result: TestResult) -> TestResult:
    """The plain trials of a test in an earlier run, as the baseline's in this one."""
    base = (trial.as_evidence() for trial in result.trials if trial.stream == "base")
    return TestResult(result.test, tuple(base))


# --- an earlier run -------------------------------------------------------------------------


def _earlier_run(config: pytest.Config, settings: RunSettings) -> str | None:
    """The file of the run that this one goes on with, or is compared with; None without one.

    The controller gives it to a worker of xdist. SettingsError where it can't be read.
    """
    given: str | None = getattr(config, "workerinput", {}).get("claude_earlier")
    if given is not None:
        return given
    if settings.go_on is not None:
        return _read(settings.go_on)
    if settings.part is not None:
        return None if settings.part.earlier is None else _read(settings.part.earlier)
    if settings.baseline is None:
        return None
    kind, colon, revision = settings.baseline.partition(":")
    if kind == "git" and colon:
        return _of_revision(config, revision)
    if settings.baseline == "last":
        return _last(config)
    return _read(Path(config.invocation_params.dir, settings.baseline))


def keep_last(config: pytest.Config, run: Run) -> None:
    """Keep a plain run for `--claude-baseline last`: of each test, the last result that passed.

    A run of a few tests leaves the others as they were, and the red run after an edit is no
    baseline of that edit.
    """
    cache = getattr(config, "cache", None)
    kept = {result.test: result for result in run.results if result.trials and result.passed}
    if cache is None or not kept:
        return
    try:
        before = loads(cache.get(_LAST, None) or dumps(Run()), _LAST)
        kept = {**{result.test: result for result in before.results}, **kept}
    except SettingsError:
        pass  # of another version
    results = tuple(kept[test] for test in sorted(kept))
    cache.set(_LAST, dumps(Run(collected=tuple(sorted(kept)), results=results)))


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
        why = getattr(error, "strerror", None) or "it is no text"
        raise SettingsError(f"{path}: the run file could not be read: {why}") from None


def _of_revision(config: pytest.Config, revision: str) -> str:
    """The run of another revision's tests: the files and folders that this run was given."""
    named = not config.pluginmanager.has_plugin("claude")  # we were, on the command line
    given = [str(word) for word in config.option.file_or_dir]
    relative = [word for word in given if not Path(word.partition("::")[0]).is_absolute()]
    words = [*(["-p", "pytest_claude.plugin"] if named else []), *relative]
    return run_revision(config.rootpath, revision, words, "--claude-baseline")
