"""What JUnit files say of a claude test, as name and value."""

from __future__ import annotations

from pytest_claude.report.candidates import Candidates
from pytest_claude.report.figures import distribution
from pytest_claude.report.numbers import UNKNOWN
from pytest_claude.report.row import Row


def candidate_properties(of: Candidates, test: str) -> tuple[tuple[str, str], ...]:
    """The same of a test on every candidate: `claude.verdict[claude-haiku-5-5]`."""
    return tuple(
        (f"{name}[{arm.name}]", value)
        for arm, row in of.by_test[test]
        for name, value in properties(row)
    )


def properties(row: Row) -> tuple[tuple[str, str], ...]:
    """Names and values: the status, and where known reason, models, rates, cassette, tokens, cost.

    Of a case of a data set, its set and tags.

    Tokens and cost are sums over all trials of the test; what it asked in a set-up that several
    trials share counts once.
    """
    trials = [trial for side in row.sides for trial in side.trials]
    paid = {trial.shared_set_up or number: trial for number, trial in enumerate(trials)}
    values = {
        "verdict": row.status,
        "reason": row.reason,
        "set": None if row.result.set is None else row.result.set.name,
        "tags": None if row.result.set is None else ", ".join(row.result.set.tags),
        "models": ", ".join(dict.fromkeys(side.model for side in row.sides)),
        "trials": row.rates,
        "sentence": row.text,
        "cassette": next((trial.cassette for trial in reversed(trials) if trial.cassette), None),
    }
    for name in ("output_tokens", "cost_usd"):
        if numbers := distribution([*paid.values()], name):
            values[name] = f"{sum(numbers):g}" if len(numbers) == len(paid) else UNKNOWN
    return tuple((f"claude.{name}", value) for name, value in values.items() if value)
