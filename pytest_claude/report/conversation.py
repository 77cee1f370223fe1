"""The transcripts of a test as plain JSON, small and whole: what the page unfolds when asked.

Every message is stored once however many requests repeat it; so are system prompts and tool
lists of ordinary size, over all tests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_claude.transcript.model import Answer, Transcript, Usage

Lookup = Callable[[str], Transcript | None]
"""From the path of a cassette, as a trial names it, to its transcript; None where it is gone."""

_LARGEST_BINARY = 200  # characters of base64 kept: nobody reads more
_LARGEST_SHARED = 20_000  # characters: what is shared is unfolded with the first test


@dataclass
class Pool:
    """Values that are stored once, by content; a value is referred to by its number."""

    values: list[Any] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, value: Any) -> int:
        """The number of `value`."""
        key = hashlib.sha256(_text(value).encode("utf-8", "surrogatepass")).hexdigest()
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def conversation(transcript: Transcript, pool: Pool, shared: Pool) -> list[dict[str, Any]]:
    """One entry per call, in the order of sending.

    Each has the number of its conversation, the messages that are new in its request (`new`) and
    all of them (`all`) as numbers in `pool`, and the answer as the API sent it. System prompt and
    tools go to `shared`, which the tests have in common, unless they are large. Signatures,
    images and documents are replaced by their size.
    """
    found = []
    for answer, (home, shown) in zip(transcript.answers, transcript.places, strict=True):
        numbers = [pool.add(_slim(message)) for message in answer.request.messages]
        found.append(
            {
                "n": answer.number,
                "in": home,
                "new": numbers[shown:],
                "all": numbers,
                "ask": _parameters(answer, pool, shared),
                "say": [_slim(block) for block in answer.content],
                **_facts(answer),
            }
        )
    return found


def _parameters(answer: Answer, pool: Pool, shared: Pool) -> dict[str, Any]:
    """The request without its messages; system and tools as `["common" or "own", number]`."""
    body = answer.request.body or {}
    found: dict[str, Any] = {}
    for key, value in body.items():
        if key == "messages":
            continue
        if key in ("system", "tools") and value:
            slim = _slim(value)
            is_large = len(_text(slim)) > _LARGEST_SHARED
            where, home = ("own", pool) if is_large else ("common", shared)
            found[key] = [where, home.add(slim)]
        else:
            found[key] = _slim(value)
    return found


def _facts(answer: Answer) -> dict[str, Any]:
    timing = answer.timing
    facts = {
        "model": answer.served_model or answer.model,
        "status": None if answer.status == 200 else answer.status,
        "stop": answer.stop_reason,
        "use": _usage(answer.usage),
        "s": None if timing is None else round(timing.total_s, 3),
        "first": timing and timing.first_token_s and round(timing.first_token_s, 3),
        "error": answer.error and f"{answer.error.type or 'error'}: {answer.error.message}",
        "cut": not answer.complete or None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _usage(usage: Usage) -> dict[str, int]:
    counts = {
        "in": usage.input_tokens,
        "out": usage.output_tokens,
        "read": usage.cache_read_tokens,
        "write": (usage.cache_write_5m_tokens or 0) + (usage.cache_write_1h_tokens or 0) or None,
        "think": usage.thinking_tokens,
    }
    return {key: value for key, value in counts.items() if value is not None}


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _slim(value: Any, key: str = "") -> Any:
    """A JSON value without what no one reads: signatures, cache marks, encoded files."""
    if isinstance(value, Mapping):
        return {name: _slim(entry, name) for name, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_slim(entry) for entry in value]
    if isinstance(value, str) and key in ("signature", "data") and len(value) > _LARGEST_BINARY:
        return f"… {len(value):,} characters, not kept in this report"
    return value
