"""Whether a model was called at all."""

from __future__ import annotations

from pytest_claude.expect.checks.evidence import counted
from pytest_claude.expect.result import Check, Evidence
from pytest_claude.transcript.model import Transcript

_MOST = 5


def makes_no_call(transcript: Transcript) -> Check:
    """Whether the app made no request to the API: true or false, never unknown.

    Counts as a request: every call, also one that failed, one in flight, a batch or a count of
    tokens.
    """
    expected = "no call to a model"
    number = len(transcript.answers) + transcript.pending + transcript.injected
    number += transcript.others
    observed = counted(number, "call") if number else "no call"
    evidence = tuple(
        Evidence(answer.number, (f"{answer.request.method} {answer.request.path}",))
        for answer in transcript.answers[:_MOST]
    )
    return Check("makes_no_call", number == 0, expected, observed, observed, evidence)
