"""How a failed test explains itself: which of its trials is shown, and the section `claude`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import Row as Labelled
from pytest_claude.plugin.trials import PHASES, Reports, TrialRun, merged
from pytest_claude.report.explained import verdict_rows
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row
from pytest_claude.report.terminal import rows_text
from pytest_claude.settings import TestSettings
from pytest_claude.transcript.utf8 import encodable

# --- the reports of a test ------------------------------------------------------------------


def counted(runs: Sequence[TrialRun], settings: TestSettings) -> Reports:
    """The reports of a plain run: the pass rate over the trials decides."""
    passed = [run for run in runs if run.result.outcome == "pass"]
    special = [run for run in runs if run.result.outcome in ("skip", "void", "abort")]
    if not special and len(passed) >= settings.passes_needed:
        return merged(runs, passed[-1])
    several = not special and settings.trials > 1
    count = f"{len(passed)} of {plural(len(runs), 'trial')} passed"
    needed = f"{settings.passes_needed} needed"
    if special:
        shown = special[0]
        one = len(runs) == 1
        heading = "" if one else f"trial {shown.result.index + 1} of {settings.trials}"
    else:
        shown = next(run for run in runs if run.result.outcome == "fail")
        heading = ", ".join(shown.result.models) or "no model called"
    if several:
        heading += f", trial {shown.result.index + 1} of {settings.trials} ({count}, {needed}: "
        heading += f"pass_rate {settings.pass_rate})"
    reports = merged(runs, shown)
    if shown.subtests and (call := reports.get("call")) is not None:
        fail(call, shown.result.cause or "failed sub-tests")
        _add_section(call, "sub-tests", "\n\n".join(shown.subtests))
    failed = next((r for r in reports.values() if r.longrepr is not None and not r.skipped), None)
    if failed is not None:
        if several:
            _prefix_message(failed, f"{count}, {needed}")
        add_rows(failed, shown.rows, heading, shown.said)
    return reports


def settled(runs: Sequence[TrialRun]) -> Reports:
    """The reports of a test in a gate that needs no verdict to be published.

    It was skipped, could not be run, is not gated, or passed often enough.
    """
    stopped = next((r for r in runs if r.result.outcome in ("skip", "abort")), None)
    reports = merged(runs, stopped or runs[-1])
    if stopped is None:
        _pass_all(reports)
    else:
        add_rows(_main(reports), stopped.rows)
    return reports


def held(
    item: pytest.Item, runs: Sequence[TrialRun], first: int | None, stopped: Reports | None = None
) -> dict[str, Any]:
    """What is needed to publish a test once its verdict is there, as plain JSON types.

    Of all trials the one to show is the candidate's with index `first`, the first that failed in
    its duel; else its first failed one, else the last. `stopped` are the reports of a test that
    was skipped or could not be run.
    """
    failed = [r for r in runs if r.result.stream == "cand" and r.result.outcome == "fail"]
    in_duel = [run for run in failed if run.result.index == first]
    shown = next(iter((*in_duel, *failed, *runs[-1:])), None)
    to_json = item.config.hook.pytest_report_to_serializable
    reports = stopped or ({} if shown is None else merged(runs, shown))
    return {
        "stopped": stopped is not None,
        "location": list(item.location),
        "failed": bool(failed),
        "heading": "" if shown is None else _on_arm(shown.result),
        "rows": [] if shown is None else [list(row) for row in shown.rows],
        "said": [] if shown is None else shown.said,
        "reports": {w: to_json(config=item.config, report=r) for w, r in reports.items()},
    }


def judged(
    config: pytest.Config, test: str, data: Mapping[str, Any], row: Row | None, arm: str = ""
) -> Reports:
    """The reports of a test that was held: only its verdict fails it.

    Args:
        config: Pytest's.
        test: Its node id.
        data: What was held.
        row: Its verdict; None where nothing fails it.
        arm: The candidate that it is of, where there are several.
    """
    from_json = config.hook.pytest_report_from_serializable
    reports: Reports = {w: from_json(config=config, data=r) for w, r in data["reports"].items()}
    if not reports:
        location = tuple(data["location"])
        reports = {w: pytest.TestReport(test, location, {}, "passed", None, w) for w in PHASES}
    fails = row is not None and row.fails
    if data["stopped"] and (not fails or any(report.failed for report in reports.values())):
        for report in reports.values():
            if isinstance(report.longrepr, list):  # a skip; JSON has no tuples
                report.longrepr = cast(Any, tuple(report.longrepr))
        return reports
    _pass_all(reports)
    if row is not None and row.fails:
        shown, of = _main(reports), f"{arm}: " if arm else ""
        word = f"{row.word} {row.rates}".rstrip()
        fail(shown, f"{of}{word}{f': {row.text}' if row.text else ''}")
        rows = [(label, text) for label, text in data["rows"]] or verdict_rows(row)
        add_rows(shown, rows, data["heading"], data["said"])
    return reports


def in_set(
    config: pytest.Config, test: str, data: Mapping[str, Any], text: str, *, passes: bool
) -> Reports:
    """The reports of a failed case that was held until all cases of its set had ended.

    Args:
        config: Pytest's.
        test: Its node id.
        data: What was held.
        text: What the cases of the set came to.
        passes: Whether the set passes: then the case does too, and its report still shows why it
            failed.
    """
    reports = judged(config, test, data, None)
    failed = next(report for report in reports.values() if report.failed)
    if passes:
        shown = f"the case failed, and its set passes: {text}\n\n{failed.longreprtext}"
        _pass_all(reports)
        _add_section(failed, "claude", shown)
    else:
        _prefix_message(failed, text)
    return reports


def _main(reports: Reports) -> pytest.TestReport:
    return reports.get("call", reports["setup"])


def _pass_all(reports: Reports) -> None:
    for phase in reports.values():
        phase.outcome, phase.longrepr = "passed", None
        phase.__dict__.pop("wasxfail", None)


def _on_arm(trial: Trial) -> str:
    side = "candidate" if trial.stream == "cand" else "baseline"
    return f"{side}, trial {trial.index + 1}"


# --- one report -----------------------------------------------------------------------------


def unless_a_group(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether to hide a frame of ours, for `__tracebackhide__`.

    Our wrappers are around every test and fixture of a session. pytest can't show an exception
    group of which no frame is left: 8.4 ends in an internal error.
    """
    return not isinstance(excinfo.value, BaseExceptionGroup)


def not_run(reports: Reports, reason: str) -> None:
    """Make the reports of a test those of one that was skipped, for `reason`."""
    _pass_all(reports)
    skip(_main(reports), reason)


def skip(shown: pytest.TestReport, reason: str) -> None:
    """Make a report that of a test which was skipped."""
    path, line, _ = shown.location
    shown.outcome, shown.longrepr = "skipped", (path, (line or 0) + 1, reason)
    shown.__dict__.pop("wasxfail", None)


def redact(report: pytest.TestReport, text: Callable[[str], str]) -> None:
    """Take out of what pytest shows, of locals, parameters and logs, what `text` takes out."""
    report.sections = [(title, text(written)) for title, written in report.sections]
    if report.failed:
        report.longrepr = _redacted(report.longrepr, text)


def _redacted(shown: Any, text: Callable[[str], str]) -> Any:
    if isinstance(shown, str):
        return text(shown)
    if type(shown) in (list, tuple):
        return type(shown)(_redacted(each, text) for each in shown)
    if type(shown).__module__.startswith("_pytest."):  # a part of a traceback
        for name, part in getattr(shown, "__dict__", {}).items():
            setattr(shown, name, _redacted(part, text))
    return shown


def fail(shown: pytest.TestReport, cause: BaseException | str) -> None:
    """Make a report fail with `cause`, over whatever it showed, at the first line of its test."""
    failure, (path, line, _) = one_line(cause), shown.location
    failure.reprcrash.path, failure.reprcrash.lineno = path, (line or 0) + 1
    shown.outcome, shown.longrepr = "failed", failure
    shown.__dict__.pop("wasxfail", None)


def one_line(cause: BaseException | str) -> Any:
    """The representation of a failure in one line, without traceback.

    For a sentence, and for a problem that may never have reached pytest: where it surfaced is of
    no interest to the user.
    """
    problem = AssertionError(cause) if isinstance(cause, str) else cause
    raised = pytest.ExceptionInfo.from_exception(_raised(problem))
    text = cause if isinstance(cause, str) else raised.exconly()
    shown: Any = raised.getrepr(style="value", chain=False)
    entry = shown.chain[-1][0].reprentries[-1]
    entry.style, entry.lines = "short", [f"E   {text}"]
    shown.reprcrash.message = text
    return shown


def _raised(problem: BaseException) -> BaseException:
    try:
        raise problem.with_traceback(None)
    except BaseException as raised:
        return raised


def add_rows(
    shown: pytest.TestReport,
    rows: Sequence[Labelled],
    heading: str = "",
    said: Sequence[str] = (),
) -> None:
    """Put the section `claude` under a failure, where there are rows, then what was `said`."""
    if rows:
        lines = [*([heading] if heading else []), *rows_text(rows)]
        _add_section(shown, "claude", "\n".join(lines))
    if said:
        _add_section(shown, "claude transcript", "\n".join(said))


def _add_section(shown: pytest.TestReport, title: str, text: str) -> None:
    """Put a section under a failure, shown at every `--show-capture`."""
    failure, text = cast(Any, shown.longrepr), encodable(text)
    if hasattr(failure, "addsection"):
        failure.addsection(title, text, "-")
    else:
        shown.sections.append((title, text))


def refer_to(reports: Reports, first: str) -> None:
    """Say that the failure has the same cause as that of the test `first`."""
    failed = next(phase for phase in reports.values() if phase.failed)
    failure: Any = failed.longrepr
    failure.chain[-1][0].reprentries[-1].lines[-1] += f" (same cause as {first})"


def _prefix_message(shown: pytest.TestReport, words: str) -> None:
    """Put `words` before the message that the short summary shows."""
    crash = getattr(shown.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{words}; {crash.message}"
    elif isinstance(shown.longrepr, str):
        shown.longrepr = f"{words}; {shown.longrepr}"
