"""What JUnit files say of a claude test, as name and value."""

from __future__ import annotations

from pytest_claude.report.entry import Entry
from pytest_claude.report.fact import facts_of
from pytest_claude.report.numbers import UNKNOWN


def properties(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Names and values: the verdict, and where known models, rates, cassette, tokens, cost."""
    trials = [trial for side in entry.sides for trial in side.trials]
    found = {
        "verdict": entry.kind,
        "models": ", ".join(dict.fromkeys(side.model for side in entry.sides)),
        "trials": entry.decided or entry.rates,
        "sentence": entry.sentence,
        "cassette": next((trial.cassette for trial in reversed(trials) if trial.cassette), None),
    }
    for fact in facts_of(trials, ()):
        if fact.label in ("output tokens", "cost"):
            name = "output_tokens" if fact.unit == "tokens" else "cost_usd"
            found[name] = f"{sum(fact.base):g}" if len(fact.base) == len(trials) else UNKNOWN
    return tuple((f"claude.{name}", value) for name, value in found.items() if value)
