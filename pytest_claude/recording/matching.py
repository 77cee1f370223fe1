"""Which recorded interaction answers a request, and what differs when none does. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pytest_claude.models.ids import canonical_model, model_of
from pytest_claude.transcript.interaction import Interaction, Request

_CONTEXT_WORDS = 4
_LONGEST_SPAN = 160  # characters shown of each side of a changed span
_CANDIDATES = 20  # recordings looked at for the nearest one


class Index:
    """The recorded interactions by fingerprint, each served once and in recorded order.

    Not locked: the recorder that owns it holds the lock.
    """

    def __init__(self, interactions: Sequence[Interaction]) -> None:
        self.interactions = tuple(interactions)
        self.played: set[int] = set()
        self._waiting: dict[str, deque[int]] = defaultdict(deque)
        for number, interaction in enumerate(self.interactions):
            self._waiting[fingerprint(interaction.request)].append(number)

    def take(self, request: Request) -> Interaction | None:
        """The next unplayed interaction that answers `request`, or None."""
        waiting = self._waiting.get(fingerprint(request))
        if not waiting:
            return None
        number = waiting.popleft()
        self.played.add(number)
        return self.interactions[number]

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers, from 1, of the interactions that were recorded and not played."""
        return tuple(
            number + 1 for number in range(len(self.interactions)) if number not in self.played
        )


def fingerprint(request: Request) -> str:
    """What two requests share when one recording answers both.

    Counts: method, path from `/v1/` on, query, and the canonical JSON body with the model's
    canonical id. Does not count: scheme, host, headers, key order, white space, `1` against `1.0`.
    """
    parts = urlsplit(request.url)
    path = parts.path[parts.path.find("/v1/") :] if "/v1/" in parts.path else parts.path
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    text = json.dumps([request.method, path, query]) + canonical_body(request.body)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def canonical_body(body: bytes) -> str:
    """The body as canonical JSON, or as it is where it is no JSON."""
    try:
        value = json.loads(body, parse_float=_whole_number)
    except ValueError:
        return body.decode("utf-8", "surrogateescape")
    if (model := model_of(value)) is not None:
        value = {**value, "model": canonical_model(model)}
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _whole_number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


@dataclass(frozen=True)
class Change:
    """The first thing in which a request differs from the nearest recording.

    Attributes:
        field: Path of the body field, for example `system` or `messages[2].content[0].text`.
        recorded: The changed span as recorded; None where the field was not there.
        sent: The changed span as sent; None where the field is not there any more.
        word: Number of the first changed word and of all words, for text.
        equal: Top-level fields that are equal.
    """

    field: str
    recorded: str | None
    sent: str | None
    word: tuple[int, int] | None
    equal: tuple[str, ...]


def nearest(request: Request, interactions: Sequence[Interaction]) -> tuple[int, Change] | None:
    """Number (from 1) of the recording nearest to `request`, and what differs.

    Nearest is the one with the most equal top-level fields, the earlier where two are equally
    near. At most 20 recordings are looked at: a miss must be told at once.
    """
    sent = _fields(request)
    best: tuple[int, int, dict[str, Any]] | None = None
    for number, interaction in enumerate(interactions[:_CANDIDATES], start=1):
        recorded = _fields(interaction.request)
        score = _likeness(sent, recorded)
        if best is None or score > best[0]:
            best = (score, number, recorded)
    return None if best is None else (best[1], _change(best[2], sent))


def _likeness(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> int:
    equal = sum(bool(sent[k] == recorded[k]) for k in sent.keys() & recorded.keys())
    ours, theirs = _messages(sent), _messages(recorded)
    same_turns = sum(bool(left == right) for left, right in zip(ours, theirs, strict=False))
    return 4 * equal - abs(len(ours) - len(theirs)) + min(same_turns, 2)


def _messages(fields: Mapping[str, Any]) -> list[Any]:
    messages = fields.get("messages")
    return messages if isinstance(messages, list) else []


def _fields(request: Request) -> dict[str, Any]:
    parts = urlsplit(request.url)
    path = {"method": request.method, "path": parts.path, "query": parts.query}
    try:
        body = json.loads(canonical_body(request.body)) if request.body else {}
    except ValueError:
        body = canonical_body(request.body)
    return path | (body if isinstance(body, dict) else {"body": body})


_FIRST = ("method", "path", "query", "model", "system", "tools", "messages")


def _change(recorded: Mapping[str, Any], sent: Mapping[str, Any]) -> Change:
    keys = sorted(recorded.keys() | sent.keys(), key=lambda key: (_rank(key), key))
    missing = object()
    equal = tuple(k for k in keys if recorded.get(k, missing) == sent.get(k, missing))
    different = [key for key in keys if key not in equal]
    shown = tuple(key for key in equal if key not in ("method", "path", "query"))
    if not different:
        return Change("", None, None, None, shown)
    key = different[0]
    path, old, new = _descend(key, recorded.get(key), sent.get(key))
    if isinstance(old, str) and isinstance(new, str):
        return Change(path, *_changed_words(old, new), shown)
    return Change(path, _json(old), _json(new), None, shown)


def _rank(key: str) -> int:
    return _FIRST.index(key) if key in _FIRST else len(_FIRST)


def _descend(path: str, old: Any, new: Any) -> tuple[str, Any, Any]:
    """The deepest place at which `old` and `new` first differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key) or (key in old) != (key in new):
                return _descend(f"{path}.{key}", old.get(key), new.get(key))
    if isinstance(old, list) and isinstance(new, list):
        for number, (left, right) in enumerate(zip(old, new, strict=False)):
            if left != right:
                return _descend(f"{path}[{number}]", left, right)
        shorter = min(len(old), len(new))
        return (
            f"{path}[{shorter}]",
            old[shorter] if shorter < len(old) else None,
            new[shorter] if shorter < len(new) else None,
        )
    return path, old, new


def _changed_words(old: str, new: str) -> tuple[str, str, tuple[int, int]]:
    before, after = old.split(" "), new.split(" ")
    start = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    back = 0
    while back < min(len(before), len(after)) - start and before[-1 - back] == after[-1 - back]:
        back += 1
    return (
        _span(before, start, len(before) - back),
        _span(after, start, len(after) - back),
        (start + 1, len(before)),
    )


def _span(words: list[str], start: int, end: int) -> str:
    first, last = max(0, start - _CONTEXT_WORDS), end + _CONTEXT_WORDS
    text = " ".join(words[first:last])
    if len(text) > _LONGEST_SPAN:
        text = f"{text[:_LONGEST_SPAN]}… (+{len(text) - _LONGEST_SPAN} characters)"
    return ("… " if first else "") + text + (" …" if last < len(words) else "")


def _json(value: Any) -> str | None:
    if value is None:
        return None
    text = json.dumps(value, ensure_ascii=False)
    cut = len(text) - _LONGEST_SPAN
    return f"{text[:_LONGEST_SPAN]}… (+{cut} characters)" if cut > 0 else text
