"""How a failed test is explained in rows: a check, a problem of the recording, a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_claude.behavior.profile import Profile
from pytest_claude.comparison.difference import differences
from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import RecordingProblem
from pytest_claude.errors import Row as Labelled
from pytest_claude.expect.result import Check
from pytest_claude.report.numbers import plural
from pytest_claude.report.row import Row

_MOST_EVIDENCE = 5


def check_rows(check: Check, trial: Trial, commands: Sequence[Labelled]) -> list[Labelled]:
    """The four parts of a failed check: expected, observed, evidence, what to type."""
    # A check that holds and still fails its test was asserted to be false.
    expected = f"not: {check.expected}" if check.outcome else check.expected
    rows: list[Labelled] = [("expected", expected), ("observed", check.observed)]
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


def problem_rows(problems: Sequence[RecordingProblem]) -> list[Labelled]:
    """The rows of the first problem of the recording edge, and how many follow it."""
    first, *others = problems
    more = [("also", f"{len(others)} more like it in this trial")] if others else []
    return [*first.rows, *more]


def verdict_rows(row: Row) -> list[Labelled]:
    """The rows of a gated test that fails, where no trial of it failed."""
    rows: list[Labelled] = [
        ("expected", "the test passes as often as on the baseline"),
        ("observed", f"passed trials: {row.rates}"),
    ]
    if row.place is not None:
        rows.append(("evidence", "{}, interaction {}".format(*row.place)))
    return rows


def replaced_line(test: str, pairs: Sequence[tuple[Profile, Profile]], dropped: int = 0) -> str:
    """What changed in a test's recordings: `t.py::t, recorded over: asks for the unit in 2 of 2 …`.

    Args:
        test: Node id.
        pairs: What each trial did in the recording that it replaced, and what it does now.
        dropped: How many recorded trials of what the app asked before were dropped.
    """
    parts = [_change(test, pairs)] if pairs else []
    if dropped:
        parts.append(f"{plural(dropped, 'trial')} of what it asked before dropped")
    return f"{test}, recorded over: {'; '.join(parts)}"


def unsteady_line(field: str, rules: Sequence[str]) -> str:
    """What a gate pays for each time it is recorded, and what to type so that it does not."""
    named = ", ".join(f'"{rule}"' for rule in rules)
    return (
        f"`{field}` changes from run to run, so each recording asks all trials anew, as another "
        f"attempt; to ignore it: @pytest.mark.claude_ignore({named}), or claude_ignore = "
        f"{' '.join(rules)} for all tests"
    )


def _change(test: str, pairs: Sequence[tuple[Profile, Profile]]) -> str:
    old = [Trial(test, "base", n, "pass", profile=before) for n, (before, _) in enumerate(pairs)]
    new = [Trial(test, "cand", n, "pass", profile=after) for n, (_, after) in enumerate(pairs)]
    changes = differences(old, new)
    return changes[0].counted if changes else f"behaves as before in {plural(len(pairs), 'trial')}"
