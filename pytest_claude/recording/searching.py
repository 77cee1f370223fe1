"""Where in a text secrets may be, found at little cost: in runs of signs, escapes, base64. Pure."""

from __future__ import annotations

import re
from binascii import a2b_base64
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from urllib.parse import unquote_to_bytes

from pytest_claude.recording.secret_shapes import Secret, Shape, by_anchor

# Each secret with a shape is in a run of characters of words and URLs as long as this. Runs are a
# small part of a text in words, and found at a tenth of the cost of looking for all anchors. Where
# a place shows a secret, that may be shorter, and a quotation mark or another sign ends the run.
_WINDOW = b"a" * 16
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"
_DIGITS = b"0123456789"
_IN_RUNS = bytes(
    ord("a") if code in _LETTERS + _LETTERS.upper() + _DIGITS + b"_+/=~.%&?:@-" else ord(" ")
    for code in range(256)
)
_SIGNS = bytes(
    ord("A") if code in _LETTERS.upper() else ord("0") if code in _DIGITS else ord(" ")
    for code in range(256)
)
_OF_BASE64 = _LETTERS + _LETTERS.upper() + _DIGITS + b"+/_-"
_IN_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_LONG_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4096,}")  # an image; no key has so many
_STANDARD = bytes.maketrans(b"-_", b"+/")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")
_SHORTEST_LINE = 60  # characters of base64; 64 and 76 are usual
_LINE_END = rb"[ \t]*(?:\r?\n|(?:\\+r)?\\+n)[ \t]*"  # in JSON it is an escape
_LINES = re.compile(rb"[A-Za-z0-9+/_-]++(?:%b[A-Za-z0-9+/_-]++)+" % _LINE_END)
_BETWEEN_LINES = re.compile(_LINE_END)


@dataclass(frozen=True)
class View:
    """Pieces of a text without their escapes or line ends, with a line end between two.

    All are searched at once: a text may have thousands.

    Attributes:
        data: What they say.
        text: The text.
        pieces: Where each begins and ends in the text.
        left_out: What is left out of a piece.
        kept: Characters in its place.
    """

    data: bytes
    text: bytes
    pieces: Sequence[tuple[int, int]]
    left_out: re.Pattern[bytes]
    kept: int

    @cached_property
    def searched(self) -> Searched:
        """What is looked for in it."""
        return Searched(self.data)

    def secrets(self, found: Iterable[Secret]) -> Iterator[Secret]:
        """Secrets in it, where they are in the text; each ends with its piece."""
        for secret in found:
            places, widths, ends = self._gaps
            end = min(secret.end, ends[bisect_left(ends, secret.start)])
            if end == secret.start:
                continue
            is_whole = end == secret.end
            value = secret.credential.encode("latin-1") if is_whole else b""
            yield replace(
                secret,
                start=self.pieces[0][0] + secret.start + widths[bisect_right(places, secret.start)],
                end=self.pieces[0][0] + end + widths[bisect_left(places, end)],
                credential=value.decode("utf-8", "replace"),
            )

    @cached_property
    def _gaps(self) -> tuple[list[float], list[int], list[int]]:
        """Before which places in `data` the text has more, how much up to each; where pieces end.

        Half a place is within a character.
        """
        places: list[float] = []
        widths, ends, width, origin = [0], [], 0, self.pieces[0][0]
        following = [*(start for start, _ in self.pieces[1:]), self.pieces[-1][1] + 1]
        for (start, end), start_of_next in zip(self.pieces, following, strict=True):
            for gap in self.left_out.finditer(self.text, start, end):
                places.append(gap.start() - origin - width + self.kept / 2)
                width += len(gap[0]) - self.kept
                widths.append(width)
            ends.append(end - origin - width)
            places.append(ends[-1])
            width += start_of_next - end - 1
            widths.append(width)
        return places, widths, ends


class Searched:
    """A text in which secrets may be: what must be looked for in it.

    Args:
        data: The text, with one byte for each character: those beyond ASCII are in no key.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def shapes(self) -> list[Shape]:
        """Those that may be in it."""
        words = b"\n".join(self._words)
        near, far = by_anchor(in_runs=True), by_anchor(in_runs=False)
        found = [shapes for anchor, shapes in near.items() if anchor in words] if words else []
        found += [shapes for anchor, shapes in far.items() if anchor in self.data]
        return list(dict.fromkeys(shape for shapes in found for shape in shapes))

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """Where a secret may be: what has a digit, or more capitals than a word begins with."""
        marks, signs = self.data.translate(_IN_RUNS), self.data.translate(_SIGNS)
        found: list[tuple[int, int]] = []
        end = 0
        while (start := marks.find(_WINDOW, end)) >= 0:
            end = marks.find(b" ", start)
            end = len(marks) if end < 0 else end
            if signs.find(b"0", start, end) >= 0 or signs.count(b"A", start, end) > 2:
                found.append((start, end))
        return found

    @property
    def _words(self) -> Iterator[bytes]:
        for start, end in self.runs:
            word = self.data[start:end]
            yield from _LONG_BASE64.split(word) if len(word) >= 4096 else (word,)

    @cached_property
    def views(self) -> list[View]:
        """What is in it in escapes of a URL, and in base64 of several lines."""
        views = []
        if pieces := [run for run in self.runs if self.data.find(b"%", *run) >= 0]:
            data = b"\n".join([self.data[start:end] for start, end in pieces])
            views = [View(unquote_to_bytes(data), self.data, pieces, _ESCAPE, 1)]
        if pieces := list(self._blocks()):
            blocks = [_BETWEEN_LINES.sub(b"", self.data[start:end]) for start, end in pieces]
            views.append(View(b"\n".join(blocks), self.data, pieces, _BETWEEN_LINES, 0))
        return views

    def _blocks(self) -> Iterator[tuple[int, int]]:
        done = 0
        for start, end in self.runs:
            if start < done or end - start < _SHORTEST_LINE:
                continue
            line = len(self.data[start:end].rstrip(_OF_BASE64))
            if end - start - line < _SHORTEST_LINE:
                continue
            if block := _LINES.match(self.data, start + line):
                done = block.end()
                yield block.span()

    @cached_property
    def decoded(self) -> list[tuple[int, bytes]]:
        """What is in it in base64, each with the place of its first character."""
        found: list[tuple[int, bytes]] = []
        for start, end in self.runs:
            for code in _IN_BASE64.finditer(self.data, start, end):
                if not code[0].islower() and not code[0].isupper():  # a name is no code
                    found += _decoded(code[0], code.start())
        return found


# A request, its URL and its body, is searched for what it shows, then for what is known. No more
# texts are kept: they are long, and hold what is not redacted yet.
@lru_cache(maxsize=2)
def searched(text: str) -> Searched:
    """The same of a text."""
    return Searched(text.encode("ascii", "replace"))


def _decoded(code: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """What `code` may say: its first character need not be the first of a group of four."""
    code = code.translate(_STANDARD)
    for skipped in range(4):
        if len(code) >= 4096 and not a2b_base64(code[skipped : skipped + 64]).isascii():
            continue  # no text
        rest = code[skipped:]
        yield at + skipped, a2b_base64(rest + b"A" * (-len(rest) % 4))
