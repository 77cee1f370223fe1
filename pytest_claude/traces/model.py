"""What a source of traffic tells, as plain data: calls to a model, and the cases made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Why = Literal[
    "broken", "no call to a model", "another vendor's model", "no content", "failed", "cut",
    "no content (media is not in the export)", "there twice",
]  # fmt: skip
"""Why a record of a source is no call: it can't be read; it is of another kind (a tool, a chain);
another vendor's model was asked; the export holds no request or no reply; the call failed for a
reason that is no behavior of the model; its content was cut; an
attachment is kept elsewhere; the same record is there once more."""


@dataclass(frozen=True)
class LeftOut:
    """A record of a source that no test is made of.

    Attributes:
        why: The reason.
        source: The file, and the line or the number of the record in it.
        detail: What is wrong with a broken one, or which model was asked.
    """

    why: Why
    source: str
    detail: str = ""


@dataclass(frozen=True)
class TracedCall:
    """One call to a model, in the words of the Messages API.

    Attributes:
        body: The body of the request.
        reply: The message that answered, or the body of the API's error.
        source: The file, and the line or the number of the record in it.
        status: HTTP status of the reply.
        trace: What the calls of one run of the app have in common; "" where it is unknown.
        time: When it was made, as a text or a number that sorts within its source.
        betas: The header `anthropic-beta`; "" for none.
        filled: What the source lacks and defaults stand for.
        dropped: Fields of the request in the source that the API does not know, and `thinking`
            where that of earlier turns is left out.
    """

    body: Mapping[str, Any]
    reply: Mapping[str, Any]
    source: str
    status: int = 200
    trace: str = ""
    time: str | float = 0
    betas: str = ""
    filled: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """One request, and where tools ran what the app gave back until the model was done.

    Attributes:
        request: The body of the first request.
        then: For each further request, the messages that the app added to the one before: the
            turn of the model, then the results of its tools.
        replies: The reply of each step, with its HTTP status.
        source: Where the first call is.
        betas: The header `anthropic-beta`; "" for none.
        filled: What the source lacks and defaults stand for.
        dropped: Fields of the request in the source that the API does not know.
    """

    request: Mapping[str, Any]
    then: Sequence[Sequence[Mapping[str, Any]]]
    replies: Sequence[tuple[int, Mapping[str, Any]]]
    source: str = ""
    betas: str = ""
    filled: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    @property
    def bodies(self) -> list[Mapping[str, Any]]:
        """The body of each request."""
        bodies = [self.request]
        for turns in self.then:
            bodies.append({**bodies[-1], "messages": [*bodies[-1]["messages"], *turns]})
        return bodies
