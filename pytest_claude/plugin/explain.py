"""How a failed test explains itself: the `claude` section, and a headline over the trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import RecordingProblem, Row
from pytest_claude.expect.result import Check
from pytest_claude.report import row as report
from pytest_claude.report.terminal import rows_text

_MOST_EVIDENCE = 5


def problem_repr(problem: BaseException) -> Any:
    """The failure representation of a problem that may never have reached pytest.

    One line, without traceback: where the problem surfaced is of no interest to the user.
    """
    raised = pytest.ExceptionInfo.from_exception(_raised(problem))
    return _one_line(raised, raised.exconly())


def headline_repr(headline: str) -> Any:
    """A failure representation of one sentence."""
    raised = pytest.ExceptionInfo.from_exception(_raised(AssertionError(headline)))
    return _one_line(raised, headline)


def add_section(report: pytest.TestReport, heading: str, rows: Sequence[Row]) -> None:
    """Put the section `claude` under the failure, when there is something to tell."""
    if rows:
        add_text(report, "claude", "\n".join([*([heading] if heading else []), *rows_text(rows)]))


def add_transcript(report: pytest.TestReport, lines: Sequence[str]) -> None:
    """Put what was said under the failure, when there is something to tell."""
    if lines:
        add_text(report, "claude transcript", "\n".join(lines))


def add_text(report: pytest.TestReport, title: str, text: str) -> None:
    """Put a section under the failure, shown at every `--show-capture`."""
    shown: Any = report.longrepr
    if hasattr(shown, "addsection"):
        shown.addsection(title, text, "-")
    else:
        report.sections.append((title, text))


def refer_to(reports: Mapping[str, pytest.TestReport], first: str) -> None:
    """Say that the failure has the same cause as that of the test `first`."""
    failed = next(report for report in reports.values() if report.failed)
    shown: Any = failed.longrepr
    shown.chain[-1][0].reprentries[-1].lines[-1] += f" (same cause as {first})"


def prefix_message(report: pytest.TestReport, words: str) -> None:
    """Put `words` before the message that the short summary shows."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = f"{words}; {crash.message}"
    elif isinstance(report.longrepr, str):
        report.longrepr = f"{words}; {report.longrepr}"


def check_rows(check: Check, trial: Trial, commands: Sequence[Row]) -> list[Row]:
    """The four parts of a failed check: expected, observed, evidence, what to type."""
    # A check that holds and still fails its test was asserted to be false.
    expected = f"not: {check.expected}" if check.outcome else check.expected
    rows: list[Row] = [("expected", expected), ("observed", check.observed)]
    for evidence in check.evidence[:_MOST_EVIDENCE]:
        number = trial.number_of(evidence.interaction)
        of = "" if trial.entries else f" of {trial.interactions}"
        rows.append(("evidence", f"{trial.cassette}, interaction {number}{of}"))
        rows += [("", f"  {line}") for line in evidence.lines]
    if len(check.evidence) > _MOST_EVIDENCE:
        rows.append(("", f"… {len(check.evidence) - _MOST_EVIDENCE} more interactions"))
    if check.hint:
        rows.append(("hint", check.hint))
    return [*rows, *commands]


def problem_rows(problem: RecordingProblem, others: int) -> list[Row]:
    """The rows of a problem of the recording edge."""
    more: Iterable[Row] = [("also", f"{others} more like it in this trial")] if others else []
    return [*problem.rows, *more]


def failure_rows(row: report.Row) -> list[Row]:
    """The rows of a gated test whose trial has none of its own."""
    rows: list[Row] = [
        ("expected", "the test passes as often as on the baseline"),
        ("observed", f"passed trials: {row.rates}"),
    ]
    first = row.differences[0] if row.differences else None
    if first is not None and first.cassette is not None:
        rows.append(("evidence", f"{first.cassette}, interaction {first.interaction}"))
    return rows


def _one_line(raised: pytest.ExceptionInfo[BaseException], text: str) -> Any:
    shown: Any = raised.getrepr(style="value", chain=False)
    entry = shown.chain[-1][0].reprentries[-1]
    entry.style, entry.lines = "short", [f"E   {text}"]
    shown.reprcrash.message = text
    return shown


def _raised(problem: BaseException) -> BaseException:
    if problem.__traceback__ is None:
        try:
            raise problem
        except BaseException as raised:
            return raised
    return problem
