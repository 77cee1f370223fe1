"""What a text shows to be a secret by itself: its shape, or the place where it is. Pure."""

from __future__ import annotations

import json
import re
from binascii import a2b_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from pytest_claude.recording.complexity import is_placeholder, plain

REPLACEMENT = "[redacted]"

_END = r"(?![A-Za-z0-9])"
# No letter or digit is before a key; the letter of an escape, as in `\nAKIA…`, does not count.
_START = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))")
_LINE_END = r"(?:\s|\\+[nr])"  # in JSON a line end is an escape, in JSON within JSON a longer one
_BLANK = rf"{_LINE_END}*+"
PRIVATE_KEY = "a private key"


@dataclass(frozen=True)
class Secret:
    """One secret in a text.

    Attributes:
        kind: What it is, in words.
        start: Where it begins.
        end: Where it ends.
        credential: Its value, where only its place shows that it is one and where it can be told
            from other text: it is a secret elsewhere too.
    """

    kind: str
    start: int
    end: int
    credential: str = ""

    def told(self, text: str) -> str:
        """What it is in `text`, with no more of it than tells one key from another."""
        if self.kind in _TOLD:
            return f"{self.kind} ending in {text[self.end - 4 : self.end]}"
        return self.kind


@dataclass(frozen=True, eq=False)
class Shape:
    """How secrets of one kind are written.

    Attributes:
        kind: What they are, in words.
        anchors: One of these is in each of them, or where they are.
        pattern: A regular expression; the secret is its group, or all of it.
        is_bounded: Whether it does not count within a longer word.
        is_place: Whether it is one for where it is: as text it may be anything.
        whatever: Whether it is one there whatever it is.
    """

    kind: str
    anchors: Sequence[str]
    pattern: str
    is_bounded: bool = True
    is_place: bool = False
    whatever: bool = False

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, once it is needed: most are not."""
        return re.compile(self.pattern)

    def find(self, text: str) -> Iterator[Secret]:
        """The secrets of this shape in `text`."""
        at = 0
        while (key := self.compiled.search(text, at)) is not None:
            if self.is_bounded and not _START.match(text, key.start()):
                at = key.start() + 1
                continue
            at = max(key.end(), key.start() + 1)
            group = key.lastindex or 0
            if (secret := self._judged(key[group], *key.span(group))) is not None:
                yield secret

    def _judged(self, value: str, start: int, end: int) -> Secret | None:
        if not self.is_place:
            return None if is_placeholder(value) else Secret(self.kind, start, end)
        why = plain(value)
        if why and not (self.whatever and value):
            return None
        return Secret(self.kind, start, end, "" if why else value)


@dataclass(frozen=True, eq=False)
class _Fields(Shape):
    """Strings of JSON, in JSON within JSON too, by the names of their keys."""

    def find(self, text: str) -> Iterator[Secret]:
        for colon in self.compiled.finditer(text):
            # In JSON within JSON each quotation mark has 1 backslash before it, then 3, 7, …
            unit = len(colon[1]) + 1
            start, end = colon.end(), colon.start() + 1 - unit
            name = _KEY.search(text, max(0, end - 40), end)
            kind, whatever = _meaning(name[1], text) if name is not None else ("", False)
            end = _end_of_string(text, start, unit) if kind else start
            if kind and not _IS_NO_TOKEN.match(text, start, end):
                value = _unescaped(text[start:end], unit)
                why = plain(value)
                if not why or (whatever and value):
                    yield Secret(kind, start, end, "" if why else value)


_KEY = re.compile(r"\"([A-Za-z_-]+)$")
_FIELDS = {
    # In the API's own schema.
    "authorization_token": ("the token of an MCP server", True),
    "secret_value": ("a secret of a vault", True),
    # As others write them.
    "access_token": ("a token", False),
    "refresh_token": ("a token", False),
    "id_token": ("a token", False),
    "session_token": ("a token", False),
    "secretaccesskey": ("a secret access key", False),
    "secret_access_key": ("a secret access key", False),
    "aws_secret_access_key": ("a secret access key", False),
}
_ENDS = (
    "api_key", "api-key", "apikey", "auth_token", "bearer_token", "passwd", "password",
    "private_key", "_secret",
)  # fmt: skip


def _meaning(name: str, text: str) -> tuple[str, bool]:
    """What the string with this name is, and whether whatever it is; "" if it is not a secret."""
    name = name.lower()
    if name == "token" and "static_bearer" in text:  # how a vault calls the token beside it
        return "a token of a vault", True
    return _FIELDS.get(name) or (("a credential", False) if name.endswith(_ENDS) else ("", False))


def _end_of_string(text: str, start: int, unit: int) -> int:
    for quote in _QUOTE.finditer(text, start):
        level = len(quote[0])
        if level < unit or level // unit % 2:  # it is no part of the value
            return quote.end() - min(level, unit)
    return len(text)


_QUOTE = re.compile(r"\\*\"")
# What we or another recorder have replaced is not a secret; some write the name of a variable.
_IS_NO_TOKEN = re.compile(r"(?i:\W*(?:redacted|filtered|removed)\W*)$|<[^<>]*>$|\*+$|[A-Z_]+$")


def _unescaped(text: str, unit: int) -> str:
    while unit:
        try:
            text = json.loads(f'"{text}"')
        except ValueError:
            return text
        unit //= 2
    return text


# Before a parameter of a URL; & is escaped in HTML and in JSON, all in a URL within a URL.
_SEPARATOR = r"(?:[?&;]|\\u0026|%3[Ff]|%26)"
_PARAMETER = (
    r"(?i:(?![\w.-]*(?:page|next|contin|cursor|sync))"
    r"[\w.-]{0,40}?(?:token|secret|password|passwd|signature|credential)"
    r"|(?:[\w.-]{0,40}?(?:access|account|api|auth|private|subscription)[_-]?)?key|auth|sig|pwd)"
)
# The names of headers that hold keys, as they are written.
_HEADERS = (
    "pi-key", "pi-Key", "PI-KEY", "PI-Key", "uth-key", "uth-Key", "ess-token", "ess-Token",
    "uth-token", "uth-Token", "UTH-TOKEN", "ate-token", "ate-Token", "ATE-TOKEN", "ity-token",
    "ity-Token",
)  # fmt: skip
_URL_ENDS = r"\s\"'`<>\\"

_SHAPES = (
    Shape("an Anthropic key", ("sk-ant-",),
          r"sk-ant-[a-z]+\d\d-[A-Za-z0-9_-]{8,}", is_bounded=False),
    Shape("an Anthropic key", ("sk-ant-",), r"sk-ant-(?![a-z]+\d\d-)[A-Za-z0-9_-]{8,}"),
    Shape("an OpenAI key", ("sk-proj-", "sk-svcacct-", "sk-admin-"),
          r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    Shape("an OpenAI key", ("T3BlbkFJ",),
          r"sk-[A-Za-z0-9_-]{10,}T3BlbkFJ[A-Za-z0-9_-]{10,}"),
    Shape("an OpenRouter key", ("sk-or-v1-",), rf"sk-or-v1-[0-9a-f]{{64}}{_END}"),
    Shape("a Hugging Face token", ("hf_",), rf"hf_[A-Za-z0-9]{{34}}{_END}"),
    Shape("an AWS access key id", ("AKIA", "ASIA"), rf"A[KS]IA[A-Z2-7]{{16}}{_END}"),
    Shape("a GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
          rf"gh[opsur]_[A-Za-z0-9]{{36,}}{_END}"),
    Shape("a GitHub token", ("github_pat_",),
          rf"github_pat_[A-Za-z0-9]{{22}}_\w{{59}}{_END}"),
    # After or before `+` it would be a piece of base64.
    Shape("a Google API key", ("AIza",), r"(?<![+_-])AIza[\w-]{35}(?![\w+-])"),
    Shape("a Slack token", ("xox",), r"xox[abeoprs]-(?:\d+-)+[A-Za-z0-9-]{10,}"),
    Shape("a JSON web token", ("eyJ",),
          r"eyJ[\w-]{10,2000}\.eyJ[\w-]{10,8000}\.[\w-]{20,}"),
    Shape(PRIVATE_KEY, ("PRIVATE KEY-----",),
          rf"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----{_BLANK}"
          rf"(?:(?:Proc-Type|DEK-Info): [^\\\n\"]*+{_LINE_END}++)*+"
          rf"(?:[A-Za-z0-9+/=]{{16,}}+{_BLANK})++"
          rf"(?:[A-Za-z0-9+/=]*{_BLANK}-----END (?:[A-Z]+ )*PRIVATE KEY-----)?",
          is_bounded=False),
    Shape("the secret of an AWS access key", ("AKIA", "ASIA"),
          r"A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])(?s:.){1,200}?"
          r"(?:(?<![A-Za-z0-9/+=_-])|(?<=\\[bfnrt]))"
          r"(?![0-9a-f]{40})([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=_-])",
          is_place=True),
    # A page on the web has names and passwords in examples; a database has them in earnest.
    Shape("the password in a URL", ("://",),
          r"://(?<!http://)(?<!https://)[^\s:/?#@\"'`<>\\]*:"
          rf"(?!\[redacted\])([^/{_URL_ENDS}]{{8,}})@",
          is_bounded=False, is_place=True, whatever=True),
    Shape("the password in a URL", ("://",),
          rf"://[^:/?#@{_URL_ENDS}]*:([^/?#{_URL_ENDS}]{{8,}})@",
          is_bounded=False, is_place=True),
    Shape("the token in a URL", ("://",),
          rf"://([^:/?#@{_URL_ENDS}]{{8,}}):?@",
          is_bounded=False, is_place=True),
    Shape("a credential in the query of a URL",
          ("oken=", "ecret=", "assword=", "asswd=", "ignature=", "redential=", "ey=", "uth=",
           "sig=", "pwd=", "%3D", "%3d"),
          rf"{_SEPARATOR}{_PARAMETER}(?:=|%3[Dd])((?:(?!%26)[^&;#{_URL_ENDS}]){{8,}})",
          is_bounded=False, is_place=True),
    Shape("a credential in a header", ("earer ",),
          r"earer\s+([\w.~+/=:-]{8,})", is_bounded=False, is_place=True),
    Shape("a credential in a header", ("uthorization",),
          r"uthorization\\*[\"']?\s*[:=]\s*\\*[\"']?(?:[Bb]asic\s+|[Tt]oken\s+)?([\w.~+/=:-]{8,})",
          is_bounded=False, is_place=True),
    Shape("a credential in a header", _HEADERS,
          r"-(?i:(?:(?<=api-)|(?<=auth-))key"
          r"|(?:(?<=access-)|(?<=auth-)|(?<=private-)|(?<=security-))token)"
          r"\\*[\"']?\s*[:=]\s*\\*[\"']?([\w.~+/=:-]{8,})",
          is_bounded=False, is_place=True),
    Shape("the value of a variable",
          ("SECRET=", "PASSWORD=", "TOKEN=", "KEY=", "assword=", "asswd="),
          r"=(?:(?<=SECRET=)|(?<=PASSWORD=)|(?<=TOKEN=)|(?<=KEY=)|(?<=assword=)|(?<=asswd=))"
          r"(?:\\*[\"'])?(?![a-z]+://)"
          r"([^\s\"'`<>\\;|&(){}$]{8,})",
          is_bounded=False, is_place=True),
    _Fields("a credential",
            ("_token\"", "_token\\", "_secret\"", "_secret\\", "secret_value", "static_bearer",
             "password\"", "password\\", "passwd\"", "passwd\\", "pi_key\"", "pi_key\\", "pi-key\"",
             "pi-key\\", "piKey\"", "piKey\\", "ccessKey", "ccess_key", "ivate_key\"",
             "ivate_key\\"),
            r"\"\s*:\s*(\\*)\"", is_bounded=False, is_place=True),
)  # fmt: skip


def _public_shapes() -> Iterator[Shape]:
    """The shapes that public lists name, each with the words that must be there first."""
    text = Path(__file__).with_name("secret_shapes.json").read_text("utf-8")
    for kind, anchors, shape in json.loads(text)["shapes"]:
        yield Shape(kind, anchors, rf"(?:{shape}){_END}")


_ALL = (*_SHAPES, *_public_shapes())
_TOLD = {shape.kind for shape in _ALL if not shape.is_place} - {PRIVATE_KEY}

# --- where to look --------------------------------------------------------------------------

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
_IN_NO_RUN = (
    "sk-ant-", "://", "PRIVATE KEY-----", "earer ", "uthorization",
    "SECRET=", "PASSWORD=", "TOKEN=", "KEY=",
    "oken=", "ecret=", "assword=", "asswd=", "ignature=", "redential=", "ey=", "uth=", "sig=",
    "pwd=", *_HEADERS,
)  # fmt: skip


def _by_anchor(*, in_runs: bool) -> dict[bytes, list[Shape]]:
    shapes: dict[bytes, list[Shape]] = {}
    for shape in _ALL:
        for anchor in shape.anchors:
            is_short = anchor in _IN_NO_RUN or isinstance(shape, _Fields)
            if in_runs is not is_short:
                shapes.setdefault(anchor.encode(), []).append(shape)
    return shapes


_NEAR, _FAR = _by_anchor(in_runs=True), _by_anchor(in_runs=False)
_IN_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_LONG_BASE64 = re.compile(rb"[A-Za-z0-9+/]{4096,}")  # an image; no key has so many
_STANDARD = bytes.maketrans(b"-_", b"+/")


class Searched:
    """A text in which secrets may be: what must be looked for in it, found at little cost.

    Args:
        data: The text, with one byte for each character: those beyond ASCII are in no key.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def shapes(self) -> list[Shape]:
        """Those that may be in it."""
        words = b"\n".join(self._words)
        found = [shapes for anchor, shapes in _NEAR.items() if anchor in words] if words else []
        found += [shapes for anchor, shapes in _FAR.items() if anchor in self.data]
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
