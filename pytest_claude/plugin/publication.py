"""Which reports stand for a test: the trials it ran, told as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_claude.gating.plain import Verdict
from pytest_claude.plugin import explain
from pytest_claude.plugin.trials import Reports, TrialRun, merged
from pytest_claude.report.numbers import plural
from pytest_claude.settings import TestSettings


def counted(runs: Sequence[TrialRun], settings: TestSettings) -> Reports:
    """The reports of a plain run: the pass rate over the trials decides."""
    passed = [run for run in runs if run.result.outcome == "pass"]
    special = [run for run in runs if run.result.outcome in ("skip", "void", "abort")]
    if special:
        shown, heading = special[0], f"trial {special[0].result.index + 1} of {settings.trials}"
    elif len(passed) >= settings.passes_needed:
        return merged(runs, passed[-1])
    else:
        shown = next(run for run in runs if run.result.outcome == "fail")
        heading = _which(shown, settings)
    if not special and settings.trials > 1:
        count = f"{len(passed)} of {plural(len(runs), 'trial')} passed"
        needed = f"{settings.passes_needed} needed"
        heading = f"{heading} ({count}, {needed}: pass_rate {settings.pass_rate})"
    reports = merged(runs, shown)
    if shown.subtests and (call := reports.get("call")) is not None:
        call.outcome = "failed"
        call.longrepr = explain.headline_repr(shown.result.cause or "failed sub-tests")
        explain.add_text(call, "sub-tests", "\n\n".join(shown.subtests))
    failed = next((r for r in reports.values() if r.longrepr is not None and not r.skipped), None)
    if failed is not None:
        if not special and settings.trials > 1:
            explain.prefix_message(failed, f"{count}, {needed}")
        explain.add_section(failed, "" if special and len(runs) == 1 else heading, shown.rows)
    return reports


def gated(runs: Sequence[TrialRun], verdict: Verdict) -> Reports:
    """The reports of a bump: only the verdict fails a test."""
    special = [run for run in runs if run.result.outcome in ("skip", "void", "abort")]
    if special:
        reports = merged(runs, special[0])
        explain.add_section(reports.get("call", reports["setup"]), "", special[0].rows)
        return reports
    failing = [r for r in runs if r.result.stream == "cand" and r.result.outcome == "fail"]
    if verdict.kind in ("regressed", "undecided"):
        shown = failing[0] if failing else runs[-1]
        reports = merged(runs, shown)
        headline = f"{verdict.kind} {verdict.rates}: {verdict.sentence or verdict.reason}"
        fail(reports, explain.headline_repr(headline))
        rows = shown.rows or explain.failure_rows(shown.result, verdict)
        explain.add_section(reports["call"], _on_arm(shown), rows)
        return reports
    reports = merged(runs, runs[-1])
    for report in reports.values():
        report.outcome, report.longrepr = "passed", None
        report.__dict__.pop("wasxfail", None)
    return reports


def fail(reports: Reports, longrepr: Any) -> None:
    """Make the call phase fail with `longrepr`, and nothing else."""
    for when, report in reports.items():
        report.outcome, report.longrepr = "passed", None
        report.__dict__.pop("wasxfail", None)
        if when == ("call" if "call" in reports else "setup"):
            report.outcome, report.longrepr = "failed", longrepr


def _which(run: TrialRun, settings: TestSettings) -> str:
    profile_models = ", ".join(run.result.models) or "no model"
    trial = f", trial {run.result.index + 1} of {settings.trials}" if settings.trials > 1 else ""
    return f"{profile_models}{trial}"


def _on_arm(run: TrialRun) -> str:
    side = "candidate" if run.result.stream == "cand" else "baseline"
    return f"{side}, trial {run.result.index + 1}"
