"""What forbids a paid call: that its model is known to refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_claude.errors import NotSent, RecordingProblem
from pytest_claude.settings import RunSettings, Swap
from pytest_claude.transcript.interaction import Interaction, Request, Response

if TYPE_CHECKING:
    from pytest_claude.models.findings import Finding
    from pytest_claude.recording.recorder import Veto


def veto(swaps: Sequence[Swap], settings: RunSettings, day: str) -> Veto | None:
    """What forbids a call on the `day`, an ISO date; None where all may be paid.

    In a gate only what a swap sent to another model: the baseline is asked what it was asked.
    """
    if not settings.records or settings.record_refused or (settings.gated and not swaps):
        return None

    def forbids(request: Request) -> RecordingProblem | None:
        from pytest_claude.models.message_request import requests_in
        from pytest_claude.models.preflight import surely_refused

        for message in requests_in(Interaction(request, Response(200)), settings.names):
            target = message.model or ""
            swapped = any(settings.names.same(swap.new, target) for swap in swaps)
            as_it_is = message.direct or message.platform != "anthropic"  # a gateway may alter it
            if swapped or (as_it_is and not settings.gated):
                for finding in surely_refused(message, target, on=day):
                    # A retirement can be put off after this version came out.
                    if swapped or finding.rule != "model-retired":
                        return _not_sent(target, finding)
        return None

    return forbids


def _not_sent(target: str, finding: Finding) -> NotSent:
    # A trial without evidence: its test stays undecided, and the gate goes on with the others.
    message = [("the API", finding.message)] if finding.message else []
    fix = [] if finding.fix is None else [("to mend it", finding.fix)]
    return NotSent(
        f"not sent: {target} refuses it: {finding.seen}",
        [
            ("expected", f"a request that {target} accepts"),
            ("observed", f"{finding.seen} (HTTP {finding.status}, rule {finding.rule})"),
            *message,
            *fix,
            ("to send it", "add --claude-record-refused"),
        ],
        void="not_sent",
    )
