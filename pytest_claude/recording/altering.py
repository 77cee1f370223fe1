"""A recorded answer in which the model does otherwise: for a rehearsal, never stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_claude.recording.batches.answers import response
from pytest_claude.recording.entry import Recorded
from pytest_claude.transcript.event_stream import is_event_stream
from pytest_claude.transcript.interaction import Interaction, Response
from pytest_claude.transcript.stream import assemble, read_events

Message = Mapping[str, Any]


@dataclass
class Altering:
    """Alters the answers of one trial.

    Attributes:
        alter: Gives a message of the API that is otherwise, or itself.
        met: Whether it altered one.
    """

    alter: Callable[[Message], Message]
    met: bool = False

    def altered(self, entry: Recorded) -> Recorded:
        """The entry whose answer is otherwise; itself where it is not altered.

        That is so for errors, cut answers, and those that are no message of the Messages API:
        Converse's and Bedrock's streams.
        """
        answer = entry.response
        message = None if entry.judges else _message(answer)
        new = None if message is None else self.alter(message)
        if new is None or new == message:
            return entry
        self.met = True
        headers = {k: v for k, v in answer.headers.items() if k != "content-length"}
        made = response(
            {"type": "succeeded", "message": new}, headers, streams=answer.json() is None
        )
        timing = None if answer.timing is None else replace(answer.timing, chunks=())
        return Recorded.of(Interaction(entry.request, replace(made, timing=timing)))


def _message(answer: Response) -> Message | None:
    """The whole message in an answer; None where it holds no message."""
    if answer.status >= 400 or not answer.complete or is_event_stream(answer.body):
        return None
    value = answer.json()
    if value is None:
        stream = assemble(read_events(answer.body))
        value = stream.message if stream.complete else None
    fits = isinstance(value, dict) and isinstance(value.get("content"), list)
    return value if fits else None
