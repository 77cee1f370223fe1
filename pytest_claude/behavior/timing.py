"""How long the answers took, as measured while recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_claude.transcript.interaction import Timing
from pytest_claude.transcript.model import Answer, Transcript


@dataclass(frozen=True)
class Pace(Timing):
    """Times of one call, or of all calls of a run, in seconds as recorded.

    Attributes:
        output_tokens_per_s: Output tokens, thinking included, over `total_s`; None when the
            tokens are unknown.
    """

    output_tokens_per_s: float | None = None


def pace(answers: Sequence[Answer]) -> Pace | None:
    """The times of calls together; None where one has no time recorded, or there is no call.

    `first_byte_s` is the first call's, `first_token_s` the first streamed call's, `total_s` the
    sum of all calls, as if they had been made one after the other.
    """
    timings = [answer.timing for answer in answers if answer.timing is not None]
    if not timings or len(timings) < len(answers):
        return None
    total = sum(timing.total_s for timing in timings)
    counts = [answer.usage.output_tokens for answer in answers if answer.ok]
    tokens = sum(count or 0 for count in counts)
    stated = bool(counts) and None not in counts and total > 0
    return Pace(
        first_byte_s=timings[0].first_byte_s,
        total_s=round(total, 6),
        first_token_s=next((t.first_token_s for t in timings if t.first_token_s is not None), None),
        chunks=timings[0].chunks if len(timings) == 1 else (),
        output_tokens_per_s=round(tokens / total, 3) if stated else None,
    )


def total_s(transcript: Transcript) -> float | None:
    """Time in seconds of all calls; None where one has no time recorded."""
    times = pace(transcript.answers)
    return None if times is None else round(times.total_s, 4)


def time_to_first_token_s(transcript: Transcript) -> float | None:
    """Time in seconds to the first content of the first streamed answer; None where unrecorded."""
    first = next((answer for answer in transcript.answered if answer.stream), None)
    if first is None or first.timing is None or first.timing.first_token_s is None:
        return None
    return round(first.timing.first_token_s, 4)
