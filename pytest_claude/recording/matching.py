"""Which recorded interaction answers a request, and what differs when none does. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import (
    Normalize,
    canonical_body,
    canonical_text,
    known,
)
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secrets import REPLACEMENT
from pytest_claude.transcript.interaction import Request

_CONTEXT_WORDS = 4
_LONGEST_SPAN = 160  # characters shown of each side of a changed span
CANDIDATES = 20
"""Recordings looked at for the nearest one: a miss must be reported at once."""


class Index:
    """The recorded interactions by fingerprint, each served once and in recorded order.

    Not locked: the recorder that owns it holds the lock.

    Attributes:
        entries: All that is recorded.
        names: What the project's own names of models stand for.
    """

    def __init__(
        self,
        entries: Sequence[Recorded],
        normalize: Normalize | None = None,
        names: ModelNames = NO_NAMES,
    ) -> None:
        self.entries = tuple(entries)
        self.names = names
        self._normalize = normalize
        self._played: set[int] = set()
        self._shown: set[int] = set()
        self._waiting: dict[str, deque[int]] = defaultdict(deque)
        self._recorded: Counter[str] = Counter()
        for number, entry in enumerate(self.entries):
            self._add(number, entry)

    def take(self, mark: str) -> Recorded | None:
        """The next unplayed interaction that answers a request with this fingerprint, or None."""
        waiting = self._waiting.get(mark)
        if not waiting:
            return None
        number = waiting.popleft()
        self._played.add(number)
        return self.entries[number]

    def show(self, mark: str) -> Recorded | None:
        """The interaction that `take` would give, which stays to be taken."""
        waiting = self._waiting.get(mark)
        if not waiting:
            return None
        self._shown.add(waiting[0])
        return self.entries[waiting[0]]

    def add_shown(self, entry: Recorded) -> None:
        """Add an interaction that was shown; it can be taken like the others."""
        number = len(self.entries)
        self.entries += (entry,)
        self._add(number, entry)
        self._shown.add(number)

    def alike(self, request: Request, redaction: Redaction) -> str | None:
        """The fingerprint of an unplayed interaction whose request differs from `request`, which
        is redacted, in nothing but secrets: recorded with another key, or before it was one.
        """
        sent = self._text(request)
        may_fit = redaction.own is not None or REPLACEMENT in sent
        for number, entry in enumerate(self.entries):
            if number not in self._played and (may_fit or _holds(entry, REPLACEMENT)):
                recorded = self._text(redaction.request(entry.request))
                if _fits(recorded, sent):
                    return self.mark(entry)
        return None

    def _text(self, request: Request) -> str:
        return canonical_text(request, self._normalize, self.names)

    def _add(self, number: int, entry: Recorded) -> None:
        mark = self.mark(entry)
        self._waiting[mark].append(number)
        self._recorded[mark] += 1

    def mark(self, entry: Recorded) -> str:
        """The fingerprint under which an interaction is taken."""
        if self._normalize is None and not _may_ask_by_a_name(entry, self.names):
            return entry.fingerprint
        return known(entry.request, self._normalize, self.names).fingerprint

    @property
    def shown(self) -> tuple[Recorded, ...]:
        """The interactions that were shown and never taken."""
        return tuple(self.entries[number] for number in sorted(self._shown - self._played))

    def matching(self, mark: str) -> int:
        """How many recorded interactions have this fingerprint, played or not."""
        return self._recorded[mark]

    def candidates(self, most: int, *, judges: bool = False) -> list[tuple[int, Request]]:
        """Up to `most` recorded requests of the app with their numbers from 1, those not played
        first; or those of the judge.
        """
        ours = (n for n, entry in enumerate(self.entries) if entry.judges == judges)
        order = sorted(ours, key=lambda number: number in self._played)
        return [(number + 1, self.entries[number].request) for number in order[:most]]

    @property
    def unused(self) -> tuple[int, ...]:
        """Numbers, from 1, of the interactions that were recorded and neither played nor shown."""
        if len(self._played) == len(self.entries):
            return ()
        used = self._played | self._shown
        return tuple(number + 1 for number in range(len(self.entries)) if number not in used)

    @property
    def left(self) -> tuple[Recorded, ...]:
        """The interactions that were recorded and neither played nor shown."""
        return tuple(self.entries[number - 1] for number in self.unused)


def _may_ask_by_a_name(entry: Recorded, names: ModelNames) -> bool:
    """Whether its model may be a name of the project's own, which the stored fingerprint keeps."""
    if entry.ours:
        return names.may_be_in(entry.text)
    request = entry.request
    return names.may_be_in(request.url) or names.may_be_in(request.body.decode("latin-1"))


def _holds(entry: Recorded, text: str) -> bool:
    return text in entry.text if entry.ours else text.encode() in entry.request.body


# What an app sends in the place of a key: none, or another one. A word is no key: where a prompt
# itself says "[redacted]", another one is another question.
_KEY = re.compile(r"(?:None|null)?|(?=\S*[A-Za-z])(?=\S*\d)[^\s\"\\]{8,}")


def _fits(recorded: str, sent: str) -> bool:
    """Whether both texts are the same where the recorded one is not redacted."""
    first, *others = recorded.split(REPLACEMENT)
    if not sent.startswith(first):
        return False
    at = len(first)
    for number, piece in enumerate(others, start=1):
        is_last = number == len(others)
        start = len(sent) - len(piece) if is_last else sent.find(piece, at)
        if start < at or not _KEY.fullmatch(sent, at, start) or not sent.startswith(piece, start):
            return False
        at = start + len(piece)
    return at == len(sent)


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


def nearest(
    request: Request,
    recordings: Sequence[tuple[int, Request]],
    names: ModelNames = NO_NAMES,
) -> tuple[int, Change]:
    """Number of the recording nearest to `request`, and what differs.

    Nearest is the one with the most equal top-level fields, the earlier where two are equally
    near.

    Args:
        request: As it is sent.
        recordings: The recorded requests with their numbers; at least one.
        names: What the project's own names of models stand for.
    """
    sent = _fields(request, names)
    scored = [(number, _fields(candidate, names)) for number, candidate in recordings]
    number, recorded = max(scored, key=lambda pair: (_likeness(sent, pair[1]), -pair[0]))
    return number, _change(recorded, sent)


def _likeness(sent: Mapping[str, Any], recorded: Mapping[str, Any]) -> int:
    equal = sum(bool(sent[k] == recorded[k]) for k in sent.keys() & recorded.keys())
    ours, theirs = _messages(sent), _messages(recorded)
    same_turns = sum(bool(left == right) for left, right in zip(ours, theirs, strict=False))
    return 4 * equal - abs(len(ours) - len(theirs)) + min(same_turns, 2)


def _messages(fields: Mapping[str, Any]) -> list[Any]:
    messages = fields.get("messages")
    return messages if isinstance(messages, list) else []


def _fields(request: Request, names: ModelNames) -> dict[str, Any]:
    parts = urlsplit(request.url)
    path = {"method": request.method, "path": parts.path, "query": parts.query}
    try:
        body = json.loads(canonical_body(request, names)) if request.body else {}
    except ValueError:
        body = canonical_body(request, names)
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
        (min(start + 1, len(before)), len(before)),
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
