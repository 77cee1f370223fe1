"""A trial whose calls are answered by batches: it stops at the first that has no answer yet."""

from __future__ import annotations

import threading
import time

from pytest_claude.clock import elapsed_s
from pytest_claude.errors import SpoiledTrial, WaitsForBatch
from pytest_claude.recording.batches.desk import Post
from pytest_claude.recording.batches.items import Endpoint, Question, identity, why_alone
from pytest_claude.recording.batches.verdicts import NoAnswer
from pytest_claude.recording.call import Call, Calls
from pytest_claude.recording.header_secrets import Headers
from pytest_claude.transcript.interaction import Response
from pytest_claude.transcript.json_values import parsed

_TOGETHER_S = 0.05
"""How long after the last call another one counts as made at the same time."""


class Asking:
    """Asks for the calls of one trial.

    Nothing that the app asks after it has met the end of a call is submitted: all that are under
    way get their answers together, a moment after the last of them began.

    Attributes:
        collects: Whether this is a round: what a batch answers is recorded by the last run.
    """

    def __init__(self, post: Post, owner: str, *, collects: bool, alone: str | None = None) -> None:
        """`owner` names the trial, the same in every run; `alone` says why none of its calls is in
        a batch.
        """
        self.collects = collects
        self._post = post
        self._owner = owner
        self._alone = alone
        self._before = {*threading.enumerate()}
        self._lock = threading.Lock()
        self._last_s = 0.0
        if not collects:
            post.open(owner)

    def ask(
        self, calls: Calls, call: Call, url: str, body: bytes, headers: Headers
    ) -> Response | None:
        """The answer of a batch to `call`; None where it is to be sent by itself.

        Args:
            calls: Of the trial.
            call: One of them, as it is stored.
            url: Where it would go.
            body: What would be sent.
            headers: All that would be sent, credentials too.

        Raises:
            WaitsForBatch: The trial ends here.
            SpoiledTrial: No answer will come.
        """
        with self._lock:
            self._last_s = elapsed_s()
        mark = call.known.fingerprint
        earlier = calls[: next((n for n, each in enumerate(calls) if each is call), len(calls))]
        before = sum(each.known.fingerprint == mark for each in earlier)
        why = self._alone or why_alone(call.request.method, url, parsed(body))
        question = Question.of(
            self._owner, identity(self._owner, mark, before), Endpoint.of(url, headers), body, why
        )
        verdict = self._post.ask(question)
        if isinstance(verdict, Response):
            return verdict
        if verdict == "alone":
            return None
        others = not self._before.issuperset(threading.enumerate())
        while others and (rest_s := self._last_s + _TOGETHER_S - elapsed_s()) > 0:
            time.sleep(rest_s)
        if isinstance(verdict, NoAnswer):
            raise SpoiledTrial(
                f"not recorded: {verdict.why}",
                [
                    ("expected", "the answer of a batch"),
                    ("observed", verdict.why),
                    ("to go on", "run the same command again"),
                ],
                void=verdict.void,
                why=verdict.why,
            )
        raise WaitsForBatch("it waits for the answer of a batch")
