"""Which recorded interaction answers a request. Pure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Sequence
from typing import Any

from pytest_claude.models.ids import NO_NAMES, ModelNames
from pytest_claude.recording.entry import Recorded
from pytest_claude.recording.fingerprint import Normalize, as_text, counted, known, with_betas
from pytest_claude.recording.redaction import Redaction
from pytest_claude.recording.secret_shapes import REPLACEMENT
from pytest_claude.recording.spelling import BETA, betas_in
from pytest_claude.transcript.interaction import Request

_ANY = "*"  # for the betas of a recording that kept no headers
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
        self._texts: dict[int, str] = {}
        for number, entry in enumerate(self.entries):
            self._add(number, entry)

    def take(self, mark: str) -> Recorded | None:
        """The next unplayed interaction that answers a request with this fingerprint, or None."""
        waiting = self._waiting_for(mark)
        if not waiting:
            return None
        number = waiting.popleft()
        self._played.add(number)
        return self.entries[number]

    def next_of_app(self) -> Recorded | None:
        """The next unplayed interaction of the app, whatever was asked; None where none is left."""
        left = (entry for entry in self.left if not entry.judges)
        entry = next(left, None)
        return None if entry is None else self.take(self.mark(entry))

    def show(self, mark: str) -> Recorded | None:
        """The interaction that `take` would give, which stays to be taken."""
        waiting = self._waiting_for(mark)
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
        """The fingerprint of an unplayed interaction whose request is `request`, which is
        redacted, in another spelling, or differs from it in nothing but secrets: recorded with
        another key, or before it was one.
        """
        fields = self.counted(request)
        sent, without_betas = (as_text(part) for part in (fields, {**fields, BETA: ""}))
        may_fit = redaction.own is not None or REPLACEMENT in sent
        for number, entry in enumerate(self.entries):
            if number in self._played:
                continue
            asked = without_betas if self.keeps_no_betas(entry) else sent
            if self._text(number) == asked:
                return self.mark(entry)
            if may_fit or _holds(entry, REPLACEMENT):
                recorded = as_text(self.counted_of(entry, redaction))
                if _fits(recorded, asked):
                    return self.mark(entry)
        return None

    def counted(self, request: Request) -> dict[str, Any]:
        """What counts of a request for this test, by field."""
        return counted(request, self._normalize, self.names)

    def counted_of(self, entry: Recorded, redaction: Redaction | None = None) -> dict[str, Any]:
        """The same of a recorded one, redacted; betas that are not known are an empty text."""
        request = entry.request if redaction is None else redaction.request(entry.request)
        betas = {BETA: ""} if self.keeps_no_betas(entry) else {}
        return self.counted(request) | betas

    @staticmethod
    def keeps_no_betas(entry: Recorded) -> bool:
        """Whether what wrote a recording left out the headers, so that any betas may be meant."""
        return _betas_of(entry) == _ANY

    def _text(self, number: int) -> str:
        if number not in self._texts:
            self._texts[number] = as_text(self.counted_of(self.entries[number]))
        return self._texts[number]

    def _waiting_for(self, mark: str) -> deque[int] | None:
        return self._waiting.get(mark) or self._waiting.get(_for_any_betas(mark))

    def _add(self, number: int, entry: Recorded) -> None:
        mark = self.mark(entry)
        self._waiting[mark].append(number)
        self._recorded[mark] += 1

    def mark(self, entry: Recorded) -> str:
        """The fingerprint under which an interaction is taken."""
        if self._normalize is None and not _may_ask_by_a_name(entry, self.names):
            return with_betas(entry.fingerprint, _betas_of(entry))
        mark = known(entry.request, self._normalize, self.names).fingerprint
        return _for_any_betas(mark) if self.keeps_no_betas(entry) else mark

    @property
    def shown(self) -> tuple[Recorded, ...]:
        """The interactions that were shown and never taken."""
        return tuple(self.entries[number] for number in sorted(self._shown - self._played))

    def matching(self, mark: str) -> int:
        """How many recorded interactions have this fingerprint, played or not."""
        return sum(self._recorded[key] for key in {mark, _for_any_betas(mark)})

    def candidates(self, most: int, *, judges: bool = False) -> list[tuple[int, Recorded]]:
        """Up to `most` interactions of the app with their numbers from 1, those not played first;
        or those of the judge.
        """
        ours = (n for n, entry in enumerate(self.entries) if entry.judges == judges)
        order = sorted(ours, key=lambda number: number in self._played)
        return [(number + 1, self.entries[number]) for number in order[:most]]

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


def _for_any_betas(mark: str) -> str:
    return with_betas(mark.partition(" ")[0], _ANY)


# In the headers of a request as we write them: nothing else has this indentation.
_OWN_BETAS = re.compile(r"\n      anthropic-beta:\n      - (.*)")
_OWN_VERSION = "\n      anthropic-version:\n"


def _betas_of(entry: Recorded) -> str:
    """The betas of a recorded request that count; `_ANY` where its headers were not kept."""
    if not entry.ours:
        headers = entry.request.headers
        return betas_in(headers) if headers.keys() & {BETA, "anthropic-version"} else _ANY
    if (own := _OWN_BETAS.search(entry.text)) is not None:
        return betas_in({BETA: own[1].strip("'\"")})
    return "" if _OWN_VERSION in entry.text else _ANY


def _may_ask_by_a_name(entry: Recorded, names: ModelNames) -> bool:
    """Whether its model may be a name of the project's own, which the stored fingerprint keeps."""
    if entry.ours:
        return names.may_be_in(entry.text)
    request = entry.request
    return names.may_be_in(request.url) or names.may_be_in(request.body.decode("latin-1"))


def _holds(entry: Recorded, text: str) -> bool:
    in_text = entry.ours and entry.store is None
    return text in entry.text if in_text else text.encode() in entry.request.body


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
