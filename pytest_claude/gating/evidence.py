"""What of a test's trials is no evidence, and when two of them are evidence enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pytest_claude.comparison.trial import Trial
from pytest_claude.errors import Void
from pytest_claude.gating.status import Reason, Why

_ENOUGH = 2  # refusals

_REASONS: Mapping[Void | None, Reason] = {
    "account": "account",
    "budget": "budget",
    "not_sent": "not_sent",
    "other_model": "other_model",
    "timed_out": "timed_out",
}


def why_void(void: Sequence[Trial], of: int) -> Why:
    """Why a test has too many void trials: what they have in common, with the usual cause.

    Args:
        void: The void trials.
        of: How many trials were read, these among them.
    """
    counts = {"voids": len(void), "of": of}
    kinds: set[Void | None] = {trial.void for trial in void}
    reason = _REASONS.get(kinds.pop(), "errors") if len(kinds) == 1 else "errors"
    if reason == "errors":
        return Why("errors", counts)
    return Why(reason, {**counts, "why": Counter(t.cause for t in void).most_common(1)[0][0]})


def refused_alike(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The first trials, where the API refused their requests with the same words.

    A refusal is no matter of chance: the next request would be refused too, also where the app
    has another answer and the test passes. Empty where they are fewer than two, or otherwise.
    """
    first = tuple(trials[:_ENOUGH])
    refusals = {trial.refused for trial in first}
    return first if len(first) == _ENOUGH and len(refusals) == 1 and None not in refusals else ()
