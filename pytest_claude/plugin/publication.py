"""Which reports stand for a test: the trials it ran, told as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest

from pytest_claude.plugin import explain
from pytest_claude.plugin.trials import Reports, TrialRun, merged
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row
from pytest_claude.settings import TestSettings

_PHASES: tuple[Literal["setup", "call", "teardown"], ...] = ("setup", "call", "teardown")


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
        explain.add_transcript(failed, shown.said)
    return reports


def settled(runs: Sequence[TrialRun]) -> Reports:
    """The reports of a test in a gate that needs no verdict to be told.

    It was skipped, could not be run, is not gated, or passed often enough.
    """
    stopped = next((r for r in runs if r.result.outcome in ("skip", "abort")), None)
    if stopped is not None:
        reports = merged(runs, stopped)
        explain.add_section(reports.get("call", reports["setup"]), "", stopped.rows)
        return reports
    reports = merged(runs, runs[-1])
    pass_all(reports)
    return reports


def carrier(item: pytest.Item) -> pytest.TestReport:
    """A report that tells pytest nothing and carries a test's trials to whoever judges them."""
    return pytest.TestReport(item.nodeid, item.location, {}, "passed", None, "setup")


def held(item: pytest.Item, runs: Sequence[TrialRun], first: int | None) -> dict[str, Any]:
    """What is needed to publish a test once its verdict is there, as plain JSON types.

    Of all trials the one to show is the candidate's with index `first`, the first that failed in
    its duel; else its first failed one, else the last.
    """
    failed = [r for r in runs if r.result.stream == "cand" and r.result.outcome == "fail"]
    shown = failed[0] if failed else (runs[-1] if runs else None)
    shown = next((run for run in failed if run.result.index == first), shown)
    to_json = item.config.hook.pytest_report_to_serializable
    reports = {} if shown is None else merged(runs, shown)
    return {
        "location": list(item.location),
        "failed": bool(failed),
        "heading": "" if shown is None else _on_arm(shown),
        "rows": [] if shown is None else [list(row) for row in shown.rows],
        "said": [] if shown is None else shown.said,
        "reports": {w: to_json(config=item.config, report=r) for w, r in reports.items()},
    }


def judged(config: pytest.Config, test: str, data: dict[str, Any], row: Row) -> Reports:
    """The reports of a test that was held: only its verdict fails it."""
    from_json = config.hook.pytest_report_from_serializable
    reports: Reports = {w: from_json(config=config, data=r) for w, r in data["reports"].items()}
    if not reports:
        location = tuple(data["location"])
        reports = {w: pytest.TestReport(test, location, {}, "passed", None, w) for w in _PHASES}
    if row.fails:
        line = f"{row.word} {row.rates}{f': {row.text}' if row.text else ''}"
        fail(reports, explain.headline_repr(line))
        rows = [(label, text) for label, text in data["rows"]] or explain.failure_rows(row)
        explain.add_section(reports.get("call", reports["setup"]), data["heading"], rows)
        explain.add_transcript(reports.get("call", reports["setup"]), data["said"])
    else:
        pass_all(reports)
    return reports


def pass_all(reports: Reports) -> None:
    """Make every phase pass."""
    for report in reports.values():
        report.outcome, report.longrepr = "passed", None
        report.__dict__.pop("wasxfail", None)


def fail(reports: Reports, longrepr: Any) -> None:
    """Make the call phase fail with `longrepr`, and nothing else."""
    pass_all(reports)
    report = reports.get("call", reports["setup"])
    report.outcome, report.longrepr = "failed", longrepr


def _which(run: TrialRun, settings: TestSettings) -> str:
    profile_models = ", ".join(run.result.models) or "no model called"
    trial = f", trial {run.result.index + 1} of {settings.trials}" if settings.trials > 1 else ""
    return f"{profile_models}{trial}"


def _on_arm(run: TrialRun) -> str:
    side = "candidate" if run.result.stream == "cand" else "baseline"
    return f"{side}, trial {run.result.index + 1}"
