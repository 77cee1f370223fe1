"""What differs between two requests, by what counts of them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_claude.recording.references import described
from pytest_claude.recording.spelling import BETA

_CONTEXT_WORDS = 4
_CONTEXT = 40  # characters of context at most, on each side; where there are no blanks, as many
_LONGEST_SPAN = 160  # characters shown of each side of a changed span
_FIRST = ("method", "path", "query", BETA, "model", "system", "tools", "messages")
_ABSENT: Final = object()

Fields = Mapping[str, Any]
"""What counts of a request, as `counted` gives it."""


@dataclass(frozen=True)
class Change:
    """One thing in which a request differs from a recording.

    Attributes:
        field: Path of the field, for example `messages[0].content`.
        recorded: What the recording has, as text; None where it has no such field.
        sent: What was sent, as text; None where the field is not there any more.
        place: Number of the first changed word, or character, and of all, for text.
    """

    field: str
    recorded: str | None
    sent: str | None
    place: str = ""


@dataclass(frozen=True)
class Comparison:
    """What differs between a recorded and a sent request, and what does not.

    Attributes:
        changes: Each difference, in the order of the fields that say most.
        equal: Top-level fields of the body that are equal.
    """

    changes: tuple[Change, ...]
    equal: tuple[str, ...]


def nearest(sent: Fields, recordings: Sequence[tuple[int, Fields]]) -> tuple[int, Comparison]:
    """Number of the recording nearest to `sent`, and what differs.

    Nearest is the one with the most equal top-level fields, the earlier where two are equally
    near.

    Args:
        sent: What counts of the request.
        recordings: What counts of the recorded ones, with their numbers; at least one.
    """
    number, recorded = max(recordings, key=lambda pair: (_likeness(sent, pair[1]), -pair[0]))
    return number, compare(recorded, sent)


def compare(recorded: Fields, sent: Fields) -> Comparison:
    """What differs between a recorded and a sent request."""
    both = recorded.keys() | sent.keys()
    keys = [*filter(both.__contains__, _FIRST), *sorted(both.difference(_FIRST))]
    changes: list[Change] = []
    equal = []
    for key in keys:
        differing = list(_changes(key, recorded.get(key, _ABSENT), sent.get(key, _ABSENT)))
        changes += differing
        if not differing and key not in ("method", "path", "query", BETA):
            equal.append(key)
    return Comparison(tuple(changes), tuple(equal))


def _likeness(sent: Fields, recorded: Fields) -> int:
    equal = sum(bool(sent[k] == recorded[k]) for k in sent.keys() & recorded.keys())
    ours, theirs = _messages(sent), _messages(recorded)
    same_turns = sum(bool(left == right) for left, right in zip(ours, theirs, strict=False))
    return 4 * equal - abs(len(ours) - len(theirs)) + min(same_turns, 2)


def _messages(fields: Fields) -> list[Any]:
    messages = fields.get("messages")
    return messages if isinstance(messages, list) else []


def _changes(path: str, old: Any, new: Any) -> Iterator[Change]:
    """The deepest places at which `old` and `new` differ."""
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            before, after = old.get(key, _ABSENT), new.get(key, _ABSENT)
            # Binary content is told by its type, size and hash.
            was, now = (described(of, key) if before != after else None for of in (old, new))
            if was is not None and now is not None:
                yield Change(f"{path}.{key}", was, now)
            else:
                yield from _changes(f"{path}.{key}", before, after)
    elif isinstance(old, list) and isinstance(new, list):
        for number in range(max(len(old), len(new))):
            pair = (items[number] if number < len(items) else _ABSENT for items in (old, new))
            yield from _changes(f"{path}[{number}]", *pair)
    elif isinstance(old, str) and isinstance(new, str):
        yield Change(path, *_changed_text(old, new))
    else:
        yield Change(path, _json(old), _json(new))


def _changed_text(old: str, new: str) -> tuple[str, str, str]:
    """Both texts round what changed, and where that is: by words, where there are any near."""
    start = _shared(old, new)
    most = min(len(old), len(new)) - start
    back = _shared(old[::-1][:most], new[::-1][:most])
    before, behind = _words_before(old, start), _words_before(old[::-1], back)
    if before is None or behind is None:
        place = f"character {min(start + 1, max(len(old), 1))} of {len(old)}"
        before, after = max(0, start - _CONTEXT), min(back, _CONTEXT)
    else:
        after, words = back - behind, old.count(" ") + 1
        place = f"word {min(old.count(' ', 0, start) + 1, words)} of {words}"
    recorded, sent = (_span(text, before, len(text) - back + after) for text in (old, new))
    return recorded, sent, place


def _shared(left: str, right: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(left), len(right)))


def _words_before(text: str, at: int) -> int | None:
    """Where the words before `at` begin; None where the word at it begins too far away."""
    begins = text.rfind(" ", 0, at) + 1
    if at - begins > _CONTEXT:
        return None
    for _ in range(_CONTEXT_WORDS):
        earlier = text.rfind(" ", 0, max(begins - 1, 0)) + 1
        if begins - earlier > _CONTEXT:
            break
        begins = earlier
    return begins


def _span(text: str, start: int, end: int) -> str:
    shown = text[start:end].strip(" ")
    return ("… " if start else "") + _cut(shown) + (" …" if end < len(text) else "")


def _json(value: Any) -> str | None:
    return None if value is _ABSENT else _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    cut = len(text) - _LONGEST_SPAN
    return f"{text[:_LONGEST_SPAN]}… (+{cut} characters)" if cut > 0 else text
