"""Scripted models: functions from a request to a reply."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Request = Mapping[str, Any]


@dataclass(frozen=True)
class Reply:
    """What a persona answers.

    Attributes:
        text: A text block, before the tool calls.
        tools: (name, input) of each tool call.
        cache_read_tokens: Of the prompt, read from the cache.
        thinking: Text of a thinking block; "" for one that is not shown.
        stop_reason: Derived when None.
        status: HTTP status; with `error` for 400 and above.
        error: (type, message) of an error reply.
        delay_s: Before the first byte.
        chunk_delay_s: Between the events of a stream.
        before_event: Called with the number of each event of a stream, from 0, before it is sent.
        cut_after: Close the connection after so many events of a stream.
        error_after: End a stream in an `error` event with `error`, after so many events.
        model: The model that says it answered; None for the one that was asked.
        headers: More response headers.
        ident: Ends the ids of the message; None for one that no other reply has.
    """

    text: str = ""
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()
    thinking: str | None = None
    cache_read_tokens: int = 0
    stop_reason: str | None = None
    status: int = 200
    error: tuple[str, str] = ("api_error", "Internal server error")
    delay_s: float = 0.0
    chunk_delay_s: float = 0.0
    before_event: Callable[[int], object] = lambda number: None
    cut_after: int | None = None
    error_after: int | None = None
    model: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ident: str | None = None


Persona = Callable[[Request, int], Reply]
"""From the request body, and how often the same request was answered before, to the reply."""


def says(text: str, **more: Any) -> Persona:
    """Answers with a text."""
    return lambda request, seen: Reply(text, **more)


asks = says
"""Answers with a question."""


def calls(*tools: tuple[str, dict[str, Any]], text: str = "") -> Persona:
    """Calls tools, together in one reply."""
    return lambda request, seen: Reply(text, tools)


def judges(verdict: str, reason: str = "The reply says so.", **more: Any) -> Persona:
    """Answers a request for a structured verdict; to anything else, that it is a judge."""

    def play(request: Request, seen: int) -> Reply:
        if "output_config" not in request:
            return Reply("I only judge.")
        return Reply(json.dumps({"reason": reason, "verdict": verdict}), **more)

    return play


def reads(kind: str, sentence: str = "", reason: str = "Its words say so.") -> Persona:
    """Reads every reply in a request for readings as `kind`; to anything else, that it reads."""

    def play(request: Request, seen: int) -> Reply:
        text = _text(request["messages"][0]["content"])
        lines = [line for line in text.splitlines() if line.startswith('{"number"')]
        if not lines:
            return Reply("I only read.")
        readings = [
            {"number": json.loads(line)["number"], "reason": reason, "sentence": sentence,
             "kind": kind}
            for line in lines
        ]  # fmt: skip
        return Reply(json.dumps({"readings": readings}))

    return play


def script(*personas: Persona) -> Persona:
    """Plays the k-th persona in the k-th turn of the conversation, the last one from then on."""

    def play(request: Request, seen: int) -> Reply:
        turn = sum(message["role"] == "assistant" for message in request["messages"])
        return personas[min(turn, len(personas) - 1)](request, seen)

    return play


def flaky(usual: Persona, other: Persona, rate: float, seed: str = "") -> Persona:
    """Plays `other` in a share of the trials that is `rate` on average, the same ones always."""

    def play(request: Request, seen: int) -> Reply:
        digest = hashlib.sha256(f"{seed}{seen}".encode()).digest()
        chosen = other if digest[0] / 256 < rate else usual
        return chosen(request, seen)

    return play


def slow(persona: Persona, delay_s: float, chunk_delay_s: float = 0.0) -> Persona:
    """Waits before its first byte, and between the events of a stream."""
    return lambda request, seen: replace(
        persona(request, seen), delay_s=delay_s, chunk_delay_s=chunk_delay_s
    )


def overloaded(times: int, then: Persona) -> Persona:
    """Answers HTTP 529 to the first `times` identical requests."""
    busy = Reply(status=529, error=("overloaded_error", "Overloaded"))
    return lambda request, seen: busy if seen < times else then(request, seen)


def cutting(persona: Persona, after: int) -> Persona:
    """Closes the connection after `after` events of a stream."""
    return lambda request, seen: replace(persona(request, seen), cut_after=after)


def failing(persona: Persona, after: int, kind: str = "overloaded_error") -> Persona:
    """Ends a stream in an `error` event after `after` events."""
    error = kind, "Overloaded"
    return lambda request, seen: replace(persona(request, seen), error_after=after, error=error)


def served_by(model: str, persona: Persona) -> Persona:
    """Answers under the name of another model."""
    return lambda request, seen: replace(persona(request, seen), model=model)


def cached(persona: Persona) -> Persona:
    """Answers every time with the first answer, as a cache between the app and the API does."""
    return lambda request, seen: replace(persona(request, 0), ident="cached")


def by_prompt(rules: Mapping[str, Persona], default: Persona) -> Persona:
    """Plays the first persona whose pattern is found in the first user message."""

    def play(request: Request, seen: int) -> Reply:
        prompt = _text(request["messages"][0]["content"])
        found = next((p for pattern, p in rules.items() if re.search(pattern, prompt)), default)
        return found(request, seen)

    return play


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content)
