"""The dry run of a recording: what each test lacks is found, and nothing is sent or written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any, cast

import pytest

from pytest_claude.comparison.trial import Stream
from pytest_claude.errors import NotSent, Unrecorded
from pytest_claude.gating.estimate import Recorded, estimate
from pytest_claude.gating.steps import Plan, Step, in_order, plan_plain
from pytest_claude.models.expected import (
    Expected,
    Need,
    Past,
    Typical,
    Unsent,
    as_past,
    expected,
    merged,
    of_gate,
    pasts_from_json,
    together,
    usd_of,
)
from pytest_claude.models.message_request import requests_in
from pytest_claude.models.prices import price_table
from pytest_claude.plugin import explain
from pytest_claude.plugin.gate.comparison import GatedRun
from pytest_claude.plugin.gate.estimate import (
    lacking_trials,
    new_models,
    past_calls,
    recorded_of,
    wanted_trials,
)
from pytest_claude.plugin.markers import TEST_SETTINGS
from pytest_claude.plugin.recordings import Recordings
from pytest_claude.plugin.trials import Reports, TrialRun
from pytest_claude.report.numbers import plural
from pytest_claude.report.plan_words import plan_lines
from pytest_claude.report.recording import dry_run_lines
from pytest_claude.settings import RunSettings, TestSettings
from pytest_claude.transcript.interaction import Interaction, Request, Response


class DryRun:
    """Runs each test up to its first call that nothing recorded answers."""

    def __init__(self, settings: RunSettings, recordings: Recordings, run: GatedRun | None) -> None:
        """`run` is the gate; None in a plain run."""
        self._settings = settings
        self._recordings = recordings
        self._run = run
        # An earlier version of the app is compared with this one: its trials are the candidate's.
        self._stream: Stream = "cand" if settings.baseline is not None else "base"

    def plan(self, item: pytest.Item) -> Plan:
        """The trials to run: until one lacks an answer; of a gate the first alone."""
        if self._run is None:
            own = item.stash[TEST_SETTINGS]
            return plan_plain(wanted_trials(item.nodeid, own, self._settings, self._recordings))
        return in_order([Step(self._stream, 0)])

    def reports(self, runs: Sequence[TrialRun]) -> Reports:
        """The reports of a test: as not run, for a dry run tests nothing."""
        reports = runs[-1].reports
        if runs[-1].result.outcome != "skip":
            explain.not_run(reports, self._reason(runs[-1]))
        return reports

    def _reason(self, last: TrialRun) -> str:
        problem = last.problems[0] if last.problems else None
        if isinstance(problem, Unrecorded):
            return problem.headline
        if problem is not None:
            return f"dry run: {problem.headline}"
        if last.unread:
            return f"dry run: {self._settings.judge_model} would read a reply"
        if self._run is not None:
            return "dry run: its trials are not made"
        cause = last.result.cause
        return "dry run: all its calls are recorded" + (f"; it fails: {cause}" if cause else "")

    def found(self, item: pytest.Item, runs: Sequence[TrialRun]) -> dict[str, Any]:
        """What a recording of the test would take, as plain JSON types."""
        own, settings = item.stash[TEST_SETTINGS], self._settings
        answers = self._recordings.first_answers(item.nodeid, own)
        past = past_calls(answers, settings, settings.swaps)
        met = next((p for p in runs[-1].problems if isinstance(p, Unrecorded)), None)
        folder = self._recordings.folder(item.nodeid, own, self._stream).shown
        need = Need(folder, 0, past=past)
        if met is not None:
            unsent = tuple(_unsent(met, settings))
            if met.folder != folder:  # of a fixture: what the test itself asks is not known
                need = Need(met.folder, 1, unsent)
            else:
                trials = self._lacking(item.nodeid, own, len(runs) - 1)
                need = Need(folder + met.shared, trials, unsent, past[met.before :])
        found = {
            "need": need.to_json(),
            "past": [asdict(call) for call in past],
            "stopped": _stopped(runs[-1]),
        }
        if self._run is not None and self._is_gated(item.nodeid, runs, need, self._run):
            found["gated"] = asdict(self._recorded(item.nodeid, own, met, self._run))
            new = past_calls(answers, settings, settings.bump)
            found["need"] = replace(need, past=past).to_json()
            found["new"] = Need(folder, 1, self._swapped(need.unsent), new).to_json()
        return found

    def _lacking(self, test: str, own: TestSettings, index: int) -> int:
        """How many trials would call, now that the one at `index` lacks an answer."""
        missing = lacking_trials(test, own, self._settings, self._recordings)
        if index not in missing:  # recorded, and the app was edited: so it is with the others
            wanted = wanted_trials(test, own, self._settings, self._recordings)
            missing = [*range(index, wanted)]
        return len([each for each in missing if each >= index])

    def _is_gated(self, test: str, runs: Sequence[TrialRun], need: Need, run: GatedRun) -> bool:
        if self._settings.baseline is not None:
            return any(trial.test == test for trial in run.known)
        canonical = self._settings.names.canonical
        asked = {canonical(each.model) for each in need.unsent} | run.attempts.models_of(test)
        return bool(run.comparison.olds & asked.union(*(r.result.models for r in runs)))

    def _recorded(
        self, test: str, own: TestSettings, met: Unrecorded | None, run: GatedRun
    ) -> Recorded:
        """What the gate finds recorded; nothing of a test that asks otherwise than it did."""
        answers_of = self._recordings.first_answers
        recorded = recorded_of(test, own, self._settings, run, self._recordings, answers_of)
        if met is None or not self._recordings.indices(test, own, self._stream):
            return recorded
        if self._settings.baseline is not None:
            return replace(recorded, cand=0, decided=False)
        missing = max(1, own.trials)
        return replace(recorded, passes=0, of=0, missing=missing, fresh=0, cand=0, decided=False)

    def _swapped(self, unsent: Sequence[Unsent]) -> tuple[Unsent, ...]:
        new_of = new_models(self._settings, self._settings.bump)
        return tuple(replace(each, model=new_of(each.model) or each.model) for each in unsent)


def _unsent(met: Unrecorded, settings: RunSettings) -> list[Unsent]:
    """What a request asks: one message, those of a batch, or none."""
    interaction = Interaction(cast(Request, met.request), Response(200))
    return [Unsent.of(each) for each in requests_in(interaction, settings.names)] or [Unsent()]


_STOPPED = {
    "refused": "would ask what a model refuses, which is not sent (-rs says what)",
    "failed": "failed on what is recorded: what follows is not counted (-rs says how)",
}


def _stopped(last: TrialRun) -> str | None:
    """What ended a test before a call that a recording would send."""
    if any(isinstance(problem, NotSent) for problem in last.problems):
        return "refused"
    if any(isinstance(problem, Unrecorded) for problem in last.problems) or last.unread:
        return None
    return "failed" if last.result.outcome in ("fail", "abort", "void") else None


class Findings:
    """What the tests of a dry run lack, gathered from all processes."""

    def __init__(
        self, settings: RunSettings, run: GatedRun | None, collected: Mapping[str, None]
    ) -> None:
        """`collected` has all tests in their order, once they are known."""
        self._settings = settings
        self._collected = collected
        self._run = run
        self._found: dict[str, Mapping[str, Any]] = {}

    def take(self, test: str, found: Mapping[str, Any]) -> None:
        """Keep what was found of a test."""
        self._found[test] = found

    def lines(self, workers: int, command: str, *, sees_all: bool) -> list[str]:
        """What a recording would take.

        Args:
            workers: How many tests are recorded at a time.
            command: What records them.
            sees_all: Whether no test started a program that may have sent something.
        """
        head, _, rows = self._estimate
        calling = sum("gated" in of or of["need"]["trials"] > 0 for of in self._found.values())
        prices = price_table(self._settings.prices, self._settings.names)
        lines = dry_run_lines(head, rows, calling, workers, prices, sees_all=sees_all)
        for why in ("refused", "failed"):
            if number := sum(of["stopped"] == why for of in self._found.values()):
                lines.append(f"{plural(number, 'test')} {_STOPPED[why]}")
        return [*lines, f"  to record  {command}"] if rows else lines

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON types: in all, and by model."""
        _, trials, rows = self._estimate
        models = [asdict(row) for row in rows]
        return {"trials": trials, **asdict(together(rows)), "models": models}

    @cached_property
    def _estimate(self) -> tuple[list[str], tuple[int, int], list[Expected]]:
        """What a gate takes, in words; how many trials; and what they call, by model."""
        prices = price_table(self._settings.prices, self._settings.names)
        suite = [past for of in self._found.values() for past in pasts_from_json(of["past"])]
        typical = Typical(suite, prices)
        # The order of the first estimate: simulated gates depend on it.
        every = [self._found[test] for test in self._collected if test in self._found]
        needs = [Need.from_json(of["need"]) for of in every if "gated" not in of]
        rows = expected([need for need in needs if need.trials], typical)
        own = sum(need.trials for need in needs)
        gated = [of for of in every if "gated" in of]
        if self._run is None or not gated:
            return [], (own, own), rows
        sides = [[_one_trial(of[side], typical) for of in gated] for side in ("need", "new")]
        pairs = zip(gated, *sides, strict=True)
        tests = [_priced(_recorded(of["gated"]), base, cand) for of, base, cand in pairs]
        plan = estimate(tests, self._run.policy)
        is_open = not all(of["need"]["past"] for of in gated)
        for trials, pasts in zip((plan.base_trials, plan.cand_trials), sides, strict=True):
            rows += of_gate(trials, pasts, prices, is_open=is_open) if trials[1] else []
        head = plan_lines(tests, self._run.policy, plan)
        return head, (plan.trials[0] + own, plan.trials[1] + own), merged(rows)


def _recorded(data: Mapping[str, Any]) -> Recorded:
    return Recorded(**{**data, "cand_usd": data["cand_usd"] and tuple(data["cand_usd"])})


def _one_trial(data: Mapping[str, Any], typical: Typical) -> Sequence[Past]:
    need = Need.from_json(data)
    return need.past or (as_past(need, typical) if need.unsent else ())


def _priced(test: Recorded, base: Sequence[Past], cand: Sequence[Past]) -> Recorded:
    """The test with the cost of its trials, where its own recording does not say it."""
    old, new = usd_of(base), usd_of(cand)
    if test.cand_usd is not None or old is None or new is None:
        return test
    return replace(test, base_usd=sum(old) / 2, cand_usd=new)
