"""The closed sets of a gate: what it says of a test and of the suite, and why.

Words for people are made of them in `report.words`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Overall = Literal["pass", "fail", "undecided"]
"""The verdict on the suite."""

Status = Literal["regressed", "improved", "changed", "unchanged", "undecided", "not run"]
"""The verdict on one test. "not run": nothing was compared, by choice or for want of a call."""

Reason = Literal[
    # of regressed
    "accepted",
    "refused",
    # of unchanged
    "already_failing",
    "one_sided",
    "voids_agree",
    # of undecided
    "aborted",
    "account",
    "budget",
    "cannot_confirm",
    "copies",
    "errors",
    "lacks_fresh",
    "looks_ended",
    "missing",
    "no_baseline",
    "not_arrived",
    "not_sent",
    "one_baseline_trial",
    "other_model",
    "other_voids_decide",
    "timed_out",
    "unreadable",
    "voids_decide",
    # of not run: by choice; "skipped" on the candidate alone leaves a test undecided
    "asks_no_old",
    "deselected",
    "live",
    "no_check",
    "no_model_call",
    "one_run_only",
    "skipped",
    "wide_fixture",
]
"""Why a status is what it is; a status without one needs no other reason than its counts."""

WAITING: frozenset[Reason] = frozenset(
    {
        "aborted",
        "account",
        "budget",
        "errors",
        "lacks_fresh",
        "missing",
        "no_baseline",
        "not_arrived",
        "not_sent",
        "other_voids_decide",
        "timed_out",
        "unreadable",
        "voids_decide",
    }
)
"""Reasons of undecided that more trials can remove: the plan was cut, or errors ended it."""

TOO_FEW: frozenset[Reason] = frozenset({"lacks_fresh", "missing"})
"""Reasons of undecided where trials that the plan asks for are not there."""


class Why(NamedTuple):
    """A reason, and the values that its sentence names.

    Attributes:
        reason: Which of the closed set.
        values: Counts, names and causes by the name that the sentence has for them; plain JSON.
    """

    reason: Reason
    values: Mapping[str, Any] = {}
